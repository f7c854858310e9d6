package otherlogs_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/detections/otherlogs"
	"github.com/quell-ir/quell/hunt"
	"github.com/quell-ir/quell/source"
)

func loadRules(t *testing.T) []*detect.Rule {
	t.Helper()
	rules, problems := hunt.LoadWhole(false, otherlogs.FS)
	if len(problems) > 0 || len(rules) < 12 {
		t.Fatal(len(rules), problems)
	}
	return rules
}

// TestExamples reads each example as a line of its log, found out and read as in a hunt.
func TestExamples(t *testing.T) {
	report := hunt.TestRules(t.Context(), loadRules(t), nil)
	for _, f := range report.Failures {
		t.Errorf("%s:%d: %s", f.Rule, f.Line, f.Why)
	}
}

// TestFindings: what the rules find in their examples says when and where it was, and of whom.
func TestFindings(t *testing.T) {
	rules := loadRules(t)
	program, err := hunt.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	// Without the correlations even what only feeds them speaks.
	kinds, err := hunt.CompileKinds(slices.DeleteFunc(slices.Clone(rules), func(r *detect.Rule) bool { return r.Correlation != nil }), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		all, _ := r.Custom["examples"].(map[string]any)
		list, _ := all["matching"].([]any)
		for _, entry := range list {
			line, ok := entry.(string)
			if !ok {
				continue // a correlation's, repeated
			}
			h := &hunt.Hunter{Program: program, Kinds: kinds, Clock: quell.WallClock{}}
			result, err := h.Files(t.Context(), []string{"-"}, source.Options{Stdin: strings.NewReader(line + "\n")})
			if err != nil || len(result.Findings) == 0 {
				t.Fatalf("%s: %v, %+v", r.Path, err, result)
			}
			for _, f := range result.Findings {
				if day := time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC); f.Time.Truncate(time.Second) != day || len(f.Events) == 0 || len(f.Entities) == 0 {
					t.Errorf("finding %+v", f)
				}
			}
		}
	}
}

// TestComplete holds the rules to what people need to read them.
func TestComplete(t *testing.T) {
	rules := loadRules(t)
	quiet := map[string]bool{}
	for _, r := range rules {
		if r.Correlation != nil {
			for _, name := range r.Correlation.Rules {
				quiet[name] = true
			}
		}
	}
	for _, r := range rules {
		name := strings.NewReplacer("/", "-", "_", "-", ".yml", "").Replace(r.Path)
		reason, _ := r.Custom["level_reason"].(string)
		data, _ := r.Custom["data_needed"].(string)
		if r.Name != name || len(r.Title) > 80 || len(r.Description) < 40 || len(r.FalsePositives) == 0 || reason == "" || !slices.Contains(hunt.DataNames(), data) || len(r.Techniques) == 0 {
			t.Errorf("%s: name %q, want %q; level_reason %q, data_needed %q, %v", r.Path, r.Name, name, reason, data, r.Techniques)
		}
		if book, given := r.Custom["playbook"].(string); given && !slices.Contains(hunt.PlaybookNames(), book) {
			t.Errorf("%s: playbook %q is none of %q", r.Path, book, hunt.PlaybookNames())
		}
		if quiet[r.Name] != (r.Level == quell.Low) {
			t.Errorf("%s: level %v, only counted: %v", r.Path, r.Level, quiet[r.Name])
		}
	}
}
