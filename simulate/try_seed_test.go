package simulate

import (
	"testing"

	"github.com/quell-ir/quell"
)

// TestTrials lets a few seeded intruders loose; `make bench` runs ten thousand.
func TestTrials(t *testing.T) {
	kit, err := NewKit()
	if err != nil {
		t.Fatal(err)
	}
	held := 0
	for seed := int64(1); seed <= 20; seed++ {
		trial, err := kit.Try(t.Context(), seed)
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
			continue
		}
		if len(trial.FalseHeld) > 0 {
			t.Errorf("seed %d: said held while %d acts went through, the first: %+v", seed, len(trial.FalseHeld), trial.FalseHeld[0])
		}
		for _, what := range trial.UndoLeft {
			t.Errorf("seed %d: undo left %s", seed, what)
		}
		if trial.Verdict.Verdict == quell.Held {
			held++
		}
		t.Logf("seed %d: %s/%s %s kills=%d calls=%d", seed, trial.Verdict.Verdict, trial.Verdict.Proof, trial.Verdict.Why, trial.Kills, trial.Calls)
	}
	if held == 0 {
		t.Error("not one of the trials held")
	}
}
