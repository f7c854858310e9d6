package hunt

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/quell-ir/quell/detect"
)

// RuleReport says how rules fare against their own examples.
type RuleReport struct {
	Rules    int           `json:"rules"`
	Examples int           `json:"examples"`
	Failures []RuleFailure `json:"failures"`
}

// RuleFailure is one example that did not come out as the rule says.
type RuleFailure struct {
	Rule string `json:"rule"`
	Why  string `json:"why"`
}

// TestRules judges each rule's `examples`: every record under matching must match it, none under benign may. A rule on
// single records without a matching and a benign example fails.
func TestRules(rules []*detect.Rule) RuleReport {
	report := RuleReport{Rules: len(rules), Failures: []RuleFailure{}}
	program, problems := detect.Compile(rules, detect.Options{})
	for _, p := range problems {
		report.Failures = append(report.Failures, RuleFailure{p.Path, p.Why})
	}
	if program == nil {
		return report
	}
	w := program.NewWorker()
	for _, r := range rules {
		if r.Correlation != nil {
			continue
		}
		examples, _ := r.Custom["examples"].(map[string]any)
		for kind, want := range map[string]bool{"matching": true, "benign": false} {
			list, _ := examples[kind].([]any)
			if len(list) == 0 {
				report.Failures = append(report.Failures, RuleFailure{r.Path, "has no " + kind + " example"})
			}
			for i, example := range list {
				report.Examples++
				raw, err := json.Marshal(example)
				if err != nil {
					report.Failures = append(report.Failures, RuleFailure{r.Path, fmt.Sprintf("%s example %d: %v", kind, i+1, err)})
					continue
				}
				if got := slices.Contains(w.One(raw), r); got != want {
					report.Failures = append(report.Failures, RuleFailure{r.Path, fmt.Sprintf("%s example %d: matched %v", kind, i+1, got)})
				}
			}
		}
	}
	slices.SortFunc(report.Failures, func(a, b RuleFailure) int {
		if a.Rule != b.Rule {
			return map[bool]int{true: -1, false: 1}[a.Rule < b.Rule]
		}
		return map[bool]int{true: -1, false: 1}[a.Why < b.Why]
	})
	return report
}
