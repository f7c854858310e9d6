package detections_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/hunt"
)

var updateDocs = flag.Bool("update", false, "write docs/detections.md anew from the tables")

// covered is one thing that has to be seen, and what sees it: rules that report, or, in words, what else does.
type covered struct {
	what  string
	rules []string
	by    string
}

// part is a table of docs/detections.md.
type part struct {
	title, lead string
	rows        []covered
}

// see and other make rows; also is what the rules alone do not say.
func see(what, rules string, also ...string) covered {
	return covered{what, strings.Fields(rules), strings.Join(also, " ")}
}
func other(what, by string) covered { return covered{what: what, by: by} }

func coverage() []part {
	return slices.Concat(triggerTables(), thresholdTables(), alarmTables())
}

// TestNothingIsLostFromTheTable keeps every promise of the tables: the rule is there, it reports (a low one only feeds others),
// and it matches its own examples. Whoever renames or drops a rule hears here what is not seen any more.
func TestNothingIsLostFromTheTable(t *testing.T) {
	rules, problems := hunt.LoadWhole(true)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	byName := map[string]*detect.Rule{}
	for _, r := range rules {
		byName[r.Name] = r
	}
	var named []*detect.Rule
	for _, p := range coverage() {
		for _, row := range p.rows {
			if len(row.rules) == 0 && len(row.by) < 15 {
				t.Errorf("%s: nothing sees %q, and no word why", p.title, row.what)
			}
			for _, name := range row.rules {
				r := byName[name]
				switch {
				case r == nil:
					t.Errorf("%s: %q is to be seen by %s, which is not there", p.title, row.what, name)
				case r.Level < quell.Medium:
					t.Errorf("%s: %q is to be seen by %s, which reports nothing by itself", p.title, row.what, name)
				case !slices.Contains(named, r):
					named = append(named, r)
				}
			}
		}
	}
	if len(named) < 120 {
		t.Errorf("the tables name %d rules, want most of them", len(named))
	}
	for _, f := range hunt.TestRules(t.Context(), named, rules).Failures {
		t.Errorf("%s:%d: %s", f.Rule, f.Line, f.Why)
	}
}

// TestDocumentIsTheTable: docs/detections.md is written from the tables (go test ./detections -run Document -update).
func TestDocumentIsTheTable(t *testing.T) {
	path := filepath.Join("..", "docs", "detections.md")
	want := render(coverage())
	if *updateDocs {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s is not what the tables say (%v): go test ./detections -run Document -update", path, err)
	}
}

func render(parts []part) string {
	var b strings.Builder
	b.WriteString("# What is seen, and by what\n\nEvery trigger of a playbook, every threshold and every pattern of the CIS benchmark, and the rule that sees it. " +
		"A test holds this page: each rule named here exists, reports at medium or higher, and matches its own examples. " +
		"`quell rules show NAME` tells why a rule matters and what is benign about it. What is seen otherwise, or not at all, says so.\n")
	for _, p := range parts {
		fmt.Fprintf(&b, "\n## %s\n\n", p.title)
		if p.lead != "" {
			fmt.Fprintf(&b, "%s\n\n", p.lead)
		}
		b.WriteString("| what | seen by |\n|---|---|\n")
		for _, row := range p.rows {
			var by []string
			for _, name := range row.rules {
				by = append(by, "`"+name+"`")
			}
			cell := strings.Join(by, ", ")
			if row.by != "" {
				if cell != "" {
					cell += "; "
				}
				cell += row.by
			}
			fmt.Fprintf(&b, "| %s | %s |\n", row.what, cell)
		}
	}
	return b.String()
}
