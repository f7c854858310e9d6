package baseline_test

import (
	"testing"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect/baseline"
	"github.com/quell-ir/quell/detect/detecttest"
)

// maxNoise is the share of the goal (20 findings at medium or higher per million events) that the baseline may take.
const maxNoise = 5

// TestOrdinaryMonthIsQuiet learns two weeks of ordinary work and judges the rest of the month by them.
func TestOrdinaryMonthIsQuiet(t *testing.T) {
	if testing.Short() {
		t.Skip("a month of work takes some seconds")
	}
	c := &baseline.Collector{}
	events, judged := 0, 0
	month := detecttest.Month{Seed: 1, Events: 200_000}
	err := month.Each(func(raw []byte) error {
		e, err := quell.ReadCloudTrail(raw)
		if err != nil {
			return err
		}
		events++
		if e.Time.Day() > 14 {
			judged++
		}
		c.Add(&e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	loud, count := 0, map[string]int{}
	for _, f := range c.Judge(nil) {
		count[f.Severity.String()+" "+f.Title]++
		if f.Severity >= quell.Medium {
			loud++
		}
		if count[f.Severity.String()+" "+f.Title] <= 2 {
			t.Log(f.Severity, f.Time.Format("01-02"), f.Why)
		}
	}
	for k, n := range count {
		t.Logf("%4d %s", n, k)
	}
	t.Logf("%d principals; %d findings at medium or higher in %d events judged: %.1f per million", c.Book().Len(), loud, judged,
		float64(loud)*1e6/float64(judged))
	if loud*1_000_000 > maxNoise*judged {
		t.Errorf("more than %d findings at medium or higher per million events", maxNoise)
	}
}
