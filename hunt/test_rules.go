package hunt

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/quell-ir/quell/detect"
)

// RuleReport says how rules fare against their own examples. Its JSON is a promise to scripts.
type RuleReport struct {
	Rules    int           `json:"rules"`
	Examples int           `json:"examples"`
	Failures []RuleFailure `json:"failures"`
}

// RuleFailure is one example that did not come out as the rule says. Rule is the rule's file, Line where it begins.
type RuleFailure struct {
	Rule string `json:"rule"`
	Line int    `json:"line"`
	Why  string `json:"why"`
}

// The two kinds of examples.
const (
	matchingExamples = "matching"
	benignExamples   = "benign"
)

// TestRules judges each rule's `examples` as a hunt would judge them. A rule on single records must match every one under
// matching and none under benign; a correlation must come true over the matching ones together, and not over the benign
// ones. A rule without examples of both kinds fails, but for correlations that only feed others. Correlations find the
// rules that they name among the rules and those beside them, which are not tested themselves.
func TestRules(ctx context.Context, rules, beside []*detect.Rule) RuleReport {
	report := RuleReport{Rules: len(rules), Failures: []RuleFailure{}}
	for _, p := range Check(rules, beside).Rejected {
		report.Failures = append(report.Failures, RuleFailure{p.Path, p.Line, p.Why})
	}
	all := join(rules, beside)
	judge := newExampleJudge(all)
	silent := feeding(all)
	for _, r := range rules {
		for _, kind := range []string{matchingExamples, benignExamples} {
			list := examplesOf(r, kind)
			report.Examples += len(list)
			switch {
			case len(list) > 0:
			case r.Correlation != nil && silent[r]:
				continue // seen through the examples of the correlation it feeds
			default:
				report.Failures = append(report.Failures, RuleFailure{r.Path, r.Line, "has no " + kind + " example"})
				continue
			}
			for _, why := range judge.judge(ctx, r, kind, list) {
				report.Failures = append(report.Failures, RuleFailure{r.Path, r.Line, why})
			}
		}
	}
	slices.SortStableFunc(report.Failures, func(a, b RuleFailure) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Line, b.Line))
	})
	return report
}

func examplesOf(r *detect.Rule, kind string) []any {
	all, _ := r.Custom["examples"].(map[string]any)
	list, _ := all[kind].([]any)
	return list
}

// judge holds the examples of one kind against a rule, and says of each what is wrong.
func (j *exampleJudge) judge(ctx context.Context, r *detect.Rule, kind string, list []any) (failures []string) {
	p, err := j.programFor(r)
	if err != nil {
		return []string{kind + " examples: " + err.Error()}
	}
	if p == nil {
		return nil // Check has said why
	}
	want := kind == matchingExamples
	var stretch [][]byte
	for i, entry := range list {
		lines, err := expandExample(entry, i+1, p.trail && r.Correlation != nil)
		if err != nil {
			failures = append(failures, fmt.Sprintf("%s example %d: %v", kind, i+1, err))
			continue
		}
		if r.Correlation != nil {
			if stretch = append(stretch, lines...); len(stretch) > maxStretch {
				return append(failures, fmt.Sprintf("%s examples: more than %d records", kind, maxStretch))
			}
			continue
		}
		for _, line := range lines {
			if got, err := p.found(ctx, r, [][]byte{line}); err != nil {
				failures = append(failures, fmt.Sprintf("%s example %d: %v", kind, i+1, err))
			} else if got != want {
				failures = append(failures, fmt.Sprintf("%s example %d: matched %v", kind, i+1, got))
			}
		}
	}
	if len(stretch) == 0 || len(failures) > 0 { // half a stretch proves nothing
		return failures
	}
	if got, err := p.found(ctx, r, stretch); err != nil {
		failures = append(failures, fmt.Sprintf("%s examples: %v", kind, err))
	} else if got != want {
		failures = append(failures, fmt.Sprintf("%s examples: came true %v", kind, got))
	}
	return failures
}
