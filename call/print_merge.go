package call

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/quell-ir/quell"
)

// mergeScript is the merge that a person's command does: what the read printed comes in, the whole document goes out.
// Arguments: the empty document, its list, the elements to add, the names to drop, the codes that mean there is none
// yet, the field that names an element, and what to do where nothing is left.
//
// Only an answer that is no document may say that there is none yet, and only as `aws` puts a code, in brackets: a
// policy or a session's name may hold the code's text. In every other case the script fails, its output is empty, and
// the put is refused: nothing is overwritten.
const mergeScript = `import sys,json;a=sys.argv;t=sys.stdin.read();` +
	`none=any("("+c+")" in t for c in json.loads(a[5])) and not t.lstrip().startswith("{");` +
	`d=json.loads(a[1] if none else t);` +
	`l=d.get(a[2],[]);l=l if isinstance(l,list) else [l];gone=json.loads(a[4]);` +
	`d[a[2]]=[e for e in l if not e.get(a[6]) or e.get(a[6]) not in gone]+json.loads(a[3]);` +
	`a[7] and not d[a[2]] and sys.exit("nothing is left of it; delete it instead: "+a[7]);` +
	`print(json.dumps(d))`

// mergeExpression is a shell word that reads the document and prints it merged.
func (c Catalogue) mergeExpression(d *Definition, input json.RawMessage, edit quell.Edit) string {
	doc := d.edit
	read := append([]string{"aws", commandService(doc.Read.Op), kebab(Operation(doc.Read.Op))}, flags(doc.Read.Op, input)...)
	read = append(read, "--query", doc.OutField, "--output", "text", "2>&1")
	instead := ""
	if doc.Delete != nil {
		words := append([]string{"aws", commandService(doc.Delete.Op), kebab(Operation(doc.Delete.Op))}, flags(doc.Delete.Op, input)...)
		instead = strings.Join(words, " ")
	}
	merge := []string{"python3", "-c", shellQuote(mergeScript)}
	for _, argument := range []string{
		doc.Empty, doc.List, listText(edit.Add), listText(append(slices.Clone(edit.Remove), doc.names(edit.Add)...)),
		listText(doc.Absent), doc.Name, instead,
	} {
		merge = append(merge, shellQuote(argument))
	}
	return `"$(` + strings.Join(read, " ") + " | " + strings.Join(merge, " ") + `)"`
}

// listText is a list as JSON on one line of plain ASCII; a nil list is an empty one.
func listText[T any](list []T) string {
	text, err := json.Marshal(list)
	if err != nil || list == nil {
		return "[]"
	}
	return asciiJSON(text)
}
