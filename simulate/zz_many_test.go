package simulate

import (
	"os"
	"strconv"
	"testing"

	"github.com/quell-ir/quell"
)

func TestMany(t *testing.T) {
	kit, err := NewKit()
	if err != nil { t.Fatal(err) }
	from, _ := strconv.Atoi(os.Getenv("FROM")); to, _ := strconv.Atoi(os.Getenv("TO"))
	count := map[quell.VerdictValue]int{}
	for seed := int64(from); seed < int64(to); seed++ {
		trial, err := kit.Try(t.Context(), seed)
		if err != nil { t.Errorf("seed %d: %v", seed, err); continue }
		count[trial.Verdict.Verdict]++
		if len(trial.FalseHeld) > 0 { a := trial.FalseHeld[0]; t.Errorf("seed %d: FALSE HELD %d acts, first %s %s %s through %s", seed, len(trial.FalseHeld), a.Op, a.ARN, a.Time, trial.Verdict.SeenThrough) }
		for _, u := range trial.UndoLeft { t.Errorf("seed %d: undo left %s", seed, u) }
		if trial.Verdict.Verdict != quell.Held { t.Logf("seed %d: %s %s", seed, trial.Verdict.Verdict, trial.Verdict.Why) }
	}
	t.Log(count)
}
