package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/approve"
	"github.com/quell-ir/quell/evidence"
	"github.com/quell-ir/quell/hunt"
	"github.com/quell-ir/quell/ledger"
	"github.com/quell-ir/quell/respond"
	"github.com/quell-ir/quell/sandbox"
	"github.com/quell-ir/quell/simulate"
	"github.com/quell-ir/quell/source/scope"
	"github.com/quell-ir/quell/store/keyfile"
	"github.com/quell-ir/quell/store/sqlite"
)

// errFirst ends a response at its first containing call.
var errFirst = errors.New("the first call is about to leave")

// measureRespond times `respond AKIA...` up to the first containing call in a sandbox account, where AWS takes no wall
// time: all of it is Quell's own, the durable ledger included.
func measureRespond(ctx context.Context, o options) ([]row, error) {
	var times []time.Duration
	calls := 0
	for n := range 21 {
		took, asked, err := respondOnce(ctx, filepath.Join(o.scratch, fmt.Sprintf("respond-%d", n)), int64(n))
		if err != nil {
			return nil, err
		}
		times = append(times, took)
		calls = asked
	}
	slices.Sort(times)
	median := times[len(times)/2]
	return []row{
		{"respond AKIA... to the first containing call, own time (median of 21)", median.Round(100 * time.Microsecond).String(), "under 50 ms", met(median < 50*time.Millisecond)},
		{"AWS calls before it", fmt.Sprint(calls), "the fewest that know enough", "-"},
	}, nil
}

func respondOnce(ctx context.Context, dir string, seed int64) (took time.Duration, calls int, err error) {
	w := sandbox.New(sandbox.Options{Seed: seed})
	victim := simulate.NewVictim(w)
	signer, key, err := keyfile.LoadOrCreateKey(filepath.Join(dir, "ledger.key"))
	if err != nil {
		return 0, 0, err
	}
	store, err := sqlite.Open(ctx, filepath.Join(dir, "ledger.db"))
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	// A program that is started for the response reads actions and playbooks in that time too.
	started := time.Now()
	kit, err := simulate.NewKit()
	if err != nil {
		return 0, 0, err
	}
	folder, err := evidence.Open(filepath.Join(dir, "evidence"))
	if err != nil {
		return 0, 0, err
	}
	desk := kit.Desk(w, ledger.Open(store, signer, key, w.Clock()), folder, approve.Automatic)
	var first time.Time
	desk.Tell = func(r quell.Record) {
		if r.Kind == quell.RecordIntent && first.IsZero() {
			first, calls = time.Now(), len(w.Truth())
		}
	}
	desk.Stop = func() error {
		if !first.IsZero() {
			return errFirst
		}
		return nil
	}
	reader := scope.Reader{Config: simulate.ReaderConfig(w), Clock: w.Clock(), Home: "us-east-1"}
	entities, err := reader.IdentifyAll(ctx, victim.Leaked.AccessKeyID)
	if err != nil {
		return 0, 0, err
	}
	opened, err := desk.Open(ctx, []quell.Finding{hunt.Named(victim.Leaked.AccessKeyID, entities, w.Clock().Now())})
	if err != nil {
		return 0, 0, err
	}
	if _, err := desk.Respond(ctx, opened[0].ID, respond.Options{Apply: true}); err != nil {
		return 0, 0, err
	}
	if first.IsZero() {
		return 0, 0, errors.New("no containing call was made")
	}
	return first.Sub(started), calls, nil
}
