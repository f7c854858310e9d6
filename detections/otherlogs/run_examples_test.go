package otherlogs_test

import (
	"fmt"
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

// examplesOf writes out a rule's examples: lines as the log has them, or one repeated with a rising number.
func examplesOf(t *testing.T, r *detect.Rule, kind string) []string {
	t.Helper()
	all, _ := r.Custom["examples"].(map[string]any)
	list, _ := all[kind].([]any)
	var out []string
	for _, entry := range list {
		switch e := entry.(type) {
		case string:
			out = append(out, e)
		case map[string]any:
			line, _ := e["line"].(string)
			repeat, _ := e["repeat"].(float64)
			from, _ := e["from"].(float64)
			for i := range int(repeat) {
				out = append(out, strings.ReplaceAll(line, "%d", fmt.Sprint(int(from)+i)))
			}
		}
	}
	if len(out) == 0 {
		t.Fatalf("%s has no %s example", r.Path, kind)
	}
	return out
}

// judge hunts through lines as through a file, by all rules.
func judge(t *testing.T, rules []*detect.Rule, text string) hunt.Result {
	t.Helper()
	program, err := hunt.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	kinds, err := hunt.CompileKinds(rules)
	if err != nil {
		t.Fatal(err)
	}
	h := &hunt.Hunter{Program: program, Kinds: kinds, Clock: quell.WallClock{}}
	result, err := h.Files(t.Context(), []string{"-"}, source.Options{Stdin: strings.NewReader(text)})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Skipped) > 0 || result.Events == 0 {
		t.Errorf("%d events, skipped %+v", result.Events, result.Skipped)
	}
	return result
}

func TestExamples(t *testing.T) {
	rules, problems := hunt.LoadWhole(false, otherlogs.FS)
	if len(problems) > 0 || len(rules) < 12 {
		t.Fatal(len(rules), problems)
	}
	for _, r := range rules {
		// What only feeds a correlation reports nothing by itself: judged without the correlations it speaks.
		among := rules
		if r.Correlation == nil {
			among = slices.DeleteFunc(slices.Clone(rules), func(x *detect.Rule) bool { return x.Correlation != nil })
		}
		for _, kind := range []string{"matching", "benign"} {
			t.Run(r.Path+"/"+kind, func(t *testing.T) {
				texts := examplesOf(t, r, kind)
				if r.Correlation != nil {
					texts = []string{strings.Join(texts, "\n")}
				}
				for _, text := range texts {
					result := judge(t, among, text+"\n")
					found := slices.ContainsFunc(result.Findings, func(f quell.Finding) bool { return f.Rule == r.ID })
					if found != (kind == "matching") {
						t.Errorf("found %v in %.200s", found, text)
					}
					for _, f := range result.Findings {
						if day := time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC); f.Time.Truncate(time.Second) != day || len(f.Events) == 0 || len(f.Entities) == 0 {
							t.Errorf("finding %+v", f)
						}
					}
				}
			})
		}
	}
}

// TestComplete holds the rules to what people need to read them.
func TestComplete(t *testing.T) {
	rules, _ := hunt.LoadWhole(false, otherlogs.FS)
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
		if r.Name != name || len(r.Title) > 80 || len(r.Description) < 40 || len(r.FalsePositives) == 0 || reason == "" || data == "" || len(r.Techniques) == 0 {
			t.Errorf("%s: name %q, want %q; level_reason %q, data_needed %q, %v", r.Path, r.Name, name, reason, data, r.Techniques)
		}
		if quiet[r.Name] != (r.Level == quell.Low) {
			t.Errorf("%s: level %v, only counted: %v", r.Path, r.Level, quiet[r.Name])
		}
	}
}
