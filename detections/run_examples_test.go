package detections_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
)

// Every matching example of a rule on single records must be matched by it (other rules may match too), no benign one.
func TestExamplesOfSingleRules(t *testing.T) {
	rules := loadRules(t)
	worker := compileRules(t, rules).NewWorker()
	for _, r := range rules {
		if r.Correlation != nil {
			continue
		}
		for kind, want := range map[string]bool{"matching": true, "benign": false} {
			t.Run(r.Path+"/"+kind, func(t *testing.T) {
				list, err := examplesOf(r, kind)
				if err != nil {
					t.Fatal(err)
				}
				for i, e := range list {
					raw, err := json.Marshal(e.record)
					if err != nil {
						t.Fatal(err)
					}
					if got := slices.Contains(worker.One(raw), r); got != want {
						t.Errorf("example %d: matched %v, want %v\n%s", i, got, want, raw)
					}
				}
			})
		}
	}
}

// Examples of a correlation count as one stretch of time: the matching ones together come true, the benign ones do not.
func TestExamplesOfCorrelations(t *testing.T) {
	rules := loadRules(t)
	program := compileRules(t, rules)
	for _, r := range program.Correlations() {
		if program.Quiet(r) {
			continue // seen through the examples of the correlation it feeds
		}
		for kind, want := range map[string]bool{"matching": true, "benign": false} {
			t.Run(r.Path+"/"+kind, func(t *testing.T) {
				list, err := examplesOf(r, kind)
				if err != nil {
					t.Fatal(err)
				}
				if got := comesTrue(t, program, r, list); got != want {
					t.Errorf("came true %v, want %v", got, want)
				}
			})
		}
	}
}

// comesTrue feeds the examples to a correlator. Repeated records get ids of their own and stay at their time.
func comesTrue(t *testing.T, program *detect.Program, r *detect.Rule, list []example) bool {
	t.Helper()
	correlator := program.NewCorrelator(0)
	worker := program.NewWorker()
	for i, e := range list {
		for n := range e.repeat {
			record := set(e.record, "eventID", fmt.Sprintf("%d-%d", i, n))
			if e.repeat > 1 {
				record = set(record, e.vary, fmt.Sprintf("value-%d", n))
			}
			raw, err := json.Marshal(record)
			if err != nil {
				t.Fatal(err)
			}
			for _, hit := range worker.One(raw) {
				add(t, correlator, hit, raw)
			}
		}
	}
	return slices.ContainsFunc(correlator.Hits(), func(h detect.Hit) bool { return h.Rule == r })
}

func add(t *testing.T, c *detect.Correlator, r *detect.Rule, raw []byte) {
	t.Helper()
	var head struct {
		EventID   string    `json:"eventID"`
		EventTime time.Time `json:"eventTime"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		t.Fatal(err)
	}
	if err := c.Add(detect.Match{Rule: r, Raw: raw}, &quell.Event{ID: head.EventID, Time: head.EventTime}); err != nil {
		t.Fatal(err)
	}
}
