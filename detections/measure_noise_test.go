package detections_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/detect/detecttest"
)

// maxNoise is how many findings at medium or higher a million events of ordinary work may bring. More, and people stop
// reading them. What detecttest.Month takes for ordinary is written at that type.
const maxNoise = 20

func TestOrdinaryWorkIsQuiet(t *testing.T) {
	if testing.Short() {
		t.Skip("a month of work takes some seconds")
	}
	program := compileRules(t, loadRules(t))
	worker, correlator := program.NewWorker(), program.NewCorrelator(0)
	total, events, loud := map[string]int{}, 0, 0
	report := func(r *detect.Rule) {
		total[r.Level.String()+" "+r.Name]++
		if r.Level >= quell.Medium {
			loud++
		}
	}
	err := detecttest.Month{Seed: 1}.Each(func(raw []byte) error {
		events++
		for _, r := range worker.One(raw) {
			if !program.Quiet(r) {
				report(r)
			}
			add(t, correlator, r, raw)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, hit := range correlator.Hits() {
		report(hit.Rule)
	}
	for _, name := range slices.Sorted(maps.Keys(total)) {
		t.Logf("%4d %s", total[name], name)
	}
	t.Logf("%d findings at medium or higher in %d events", loud, events)
	if loud*1_000_000 > maxNoise*events {
		t.Errorf("more than %d findings per million events", maxNoise)
	}
}
