package detections_test

import (
	"testing"

	"github.com/quell-ir/quell/hunt"
)

// Every matching example of a rule must be matched by it (other rules may match too), no benign one; those of a correlation
// count as one stretch of time.
func TestExamples(t *testing.T) {
	rules := loadRules(t)
	report := hunt.TestRules(t.Context(), rules, nil)
	for _, f := range report.Failures {
		t.Errorf("%s:%d: %s", f.Rule, f.Line, f.Why)
	}
	if report.Examples < 2*len(rules)-20 {
		t.Errorf("%d examples of %d rules were judged", report.Examples, len(rules))
	}
}
