package detections_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/detections"
)

// loadRules parses every file of the package and demands one rule per file.
func loadRules(t testing.TB) []*detect.Rule {
	t.Helper()
	files, err := fs.Glob(detections.FS, "*/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no rules found: %v", err)
	}
	var rules []*detect.Rule
	for _, path := range files {
		data, err := fs.ReadFile(detections.FS, path)
		if err != nil {
			t.Fatal(err)
		}
		found, problems := detect.Parse(path, data)
		for _, p := range problems {
			t.Errorf("%v", p)
		}
		if len(found) != 1 {
			t.Errorf("%s holds %d rules, want one per file", path, len(found))
			continue
		}
		rules = append(rules, found[0])
	}
	return rules
}

// compileRules makes one program of all rules and demands that none is refused.
func compileRules(t testing.TB, rules []*detect.Rule) *detect.Program {
	t.Helper()
	program, problems := detect.Compile(rules, detect.Options{})
	for _, p := range problems {
		t.Errorf("%v", p)
	}
	if t.Failed() {
		t.FailNow()
	}
	return program
}

// example is one entry of a rule's examples: a record, or a record repeated while one of its fields changes.
type example struct {
	record map[string]any
	repeat int
	vary   string
}

// examplesOf reads the records under matching or benign.
func examplesOf(r *detect.Rule, kind string) ([]example, error) {
	all, ok := r.Custom["examples"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s: examples are missing", r.Path)
	}
	list, ok := all[kind].([]any)
	if !ok || len(list) == 0 {
		return nil, fmt.Errorf("%s: examples.%s is missing", r.Path, kind)
	}
	var out []example
	for i, entry := range list {
		record, ok := entry.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%s: examples.%s[%d] is no record", r.Path, kind, i)
		}
		e := example{record: record, repeat: 1, vary: "eventID"}
		if n, ok := record["repeat"].(float64); ok {
			inner, ok := record["record"].(map[string]any)
			vary, named := record["vary"].(string)
			if !ok || !named {
				return nil, fmt.Errorf("%s: examples.%s[%d] repeats without record and vary", r.Path, kind, i)
			}
			e = example{record: inner, repeat: int(n), vary: vary}
		}
		out = append(out, e)
	}
	return out, nil
}

// set puts value at a dotted path of a record and returns a copy along that path; the original stays as it was.
func set(record map[string]any, path, value string) map[string]any {
	out := make(map[string]any, len(record))
	for k, v := range record {
		out[k] = v
	}
	head, rest, nested := strings.Cut(path, ".")
	if !nested {
		if _, list := out[head].([]any); list {
			out[head] = []any{value}
			return out
		}
		out[head] = value
		return out
	}
	inner, _ := out[head].(map[string]any)
	out[head] = set(inner, rest, value)
	return out
}
