package detections_test

import (
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
