package action

import (
	"fmt"
	"slices"
	"strings"
)

// Describe writes an action's page of docs/actions, and what `quell actions show` prints, as Markdown.
func Describe(a *Action) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n", a.Name, a.Doc.What)
	fmt.Fprintf(&b, "| | |\n|---|---|\n| phase | %s |\n| target | %s |\n", a.Phase, a.Target)
	switch {
	case a.Collects:
		b.WriteString("| kind | collects evidence, changes nothing |\n")
	case a.Irreversible:
		b.WriteString("| kind | cannot be taken back; needs approval by digest |\n")
	default:
		b.WriteString("| kind | can be taken back |\n")
	}
	section := func(title, text string) {
		if text != "" {
			fmt.Fprintf(&b, "\n## %s\n%s\n", title, text)
		}
	}
	section("Why", a.Doc.Why)
	section("What breaks", a.Doc.Breaks)
	section("Undo", a.Doc.Undo)
	for _, pointer := range sortedKeys(a.Leaves) {
		fmt.Fprintf(&b, "\nUndo leaves `%s`: %s.\n", pointer, a.Leaves[pointer])
	}
	list := func(title string, items []string) {
		if len(items) > 0 {
			fmt.Fprintf(&b, "\n## %s\n- %s\n", title, strings.Join(items, "\n- "))
		}
	}
	list("Traps", a.Doc.Traps)
	list("Destroys", a.Destroys)
	list("Preserves", a.Preserves)
	list("Permissions", a.Permissions())
	list("D3FEND", a.Doc.D3FEND)
	list("Sources", a.Doc.Source)
	return b.String()
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
