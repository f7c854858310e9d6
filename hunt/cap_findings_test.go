package hunt

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
)

// The same findings are kept whatever the order they come in: the worst, then the earliest. All others are counted.
func TestTrimKeepsTheWorst(t *testing.T) {
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	var all []quell.Finding
	for i := range 1000 {
		f := quell.Finding{ID: fmt.Sprintf("f-%04d", i), Rule: "noisy", Severity: quell.Medium, Time: start.Add(time.Duration(i) * time.Second)}
		if i%100 == 99 {
			f.Rule, f.Severity = "grave", quell.Critical
		}
		all = append(all, f)
	}
	var want []string
	for i := 99; i < 1000; i += 100 {
		want = append(want, all[i].ID)
	}
	for i := range 40 {
		want = append(want, all[i].ID)
	}
	slices.Sort(want)
	for seed := range uint64(5) {
		h := &Hunter{Most: 50, Clock: quell.WallClock{}}
		shuffled := slices.Clone(all)
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for _, f := range shuffled {
			h.add(f)
			if len(h.findings) > 2*h.Most {
				t.Fatalf("%d findings held", len(h.findings))
			}
		}
		r := h.Result()
		var got []string
		for _, f := range r.Findings {
			got = append(got, f.ID)
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("seed %d: %s", seed, diff)
		}
		if diff := cmp.Diff([]LeftOut{{Rule: "noisy", Severity: quell.Medium, Findings: 950}}, r.LeftOut); diff != "" {
			t.Errorf("seed %d: %s", seed, diff)
		}
		if len(r.Blind) == 0 {
			t.Error("nobody is told that findings are missing")
		}
	}
}

func TestNoCapKeepsAll(t *testing.T) {
	h := &Hunter{Clock: quell.WallClock{}}
	for i := range 3000 {
		h.add(quell.Finding{ID: fmt.Sprint(i)})
	}
	if r := h.Result(); len(r.Findings) != 3000 || len(r.LeftOut) != 0 {
		t.Errorf("%d findings, %v left out", len(r.Findings), r.LeftOut)
	}
}
