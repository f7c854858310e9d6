package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/simulate"
)

// measureTrials lets seeded intruders loose in weather drawn from the seed, and holds what Quell claimed against what
// was true.
func measureTrials(ctx context.Context, o options) ([]row, error) {
	var mu sync.Mutex
	verdicts := map[quell.VerdictValue]int{}
	falseHeld, undoLeft, kills, calls := 0, 0, 0, 0
	done := 0
	started := time.Now()
	kit, err := simulate.NewKit()
	if err != nil {
		return nil, err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for n := range int64(o.trials) {
		group.Go(func() error {
			seed := o.first + n
			t, err := kit.Try(ctx, seed)
			if err != nil {
				return fmt.Errorf("seed %d: %w", seed, err)
			}
			mu.Lock()
			defer mu.Unlock()
			done++
			verdicts[t.Verdict.Verdict]++
			kills += t.Kills
			calls += t.Calls
			if len(t.FalseHeld) > 0 {
				falseHeld++
				fmt.Fprintf(os.Stderr, "seed %d: false held: %+v\n", t.Seed, t.FalseHeld[0])
			}
			if len(t.UndoLeft) > 0 {
				undoLeft++
				fmt.Fprintf(os.Stderr, "seed %d: undo left: %v\n", t.Seed, t.UndoLeft)
			}
			if done%500 == 0 {
				fmt.Fprintf(os.Stderr, "%d of %d trials, %s\n", done, o.trials, time.Since(started).Round(time.Second))
			}
			return nil
		})
	}
	err = group.Wait()
	what := fmt.Sprintf("%d seeded intruders, %d kills, %d calls", done, kills, calls)
	return []row{
		{what + ": false held", fmt.Sprint(falseHeld), "0", met(falseHeld == 0 && err == nil)},
		{"undo not exact", fmt.Sprint(undoLeft), "0", met(undoLeft == 0 && err == nil)},
		{"verdicts", fmt.Sprintf("held %d, unknown %d, leaking %d", verdicts[quell.Held], verdicts[quell.Unknown], verdicts[quell.Leaking]), "-", "-"},
	}, err
}
