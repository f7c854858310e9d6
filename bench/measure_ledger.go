package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/store/keyfile"
	"github.com/quell-ir/quell/store/sqlite"
)

// measureLedger times durable appends and verification on the disk that the scratch folder is on.
func measureLedger(ctx context.Context, o options) ([]row, error) {
	dir := filepath.Join(o.scratch, "ledger")
	signer, key, err := keyfile.LoadOrCreateKey(filepath.Join(dir, "ledger.key"))
	if err != nil {
		return nil, err
	}
	m, err := sqlite.Measure(ctx, filepath.Join(dir, "store"), signer, key, quell.WallClock{}, 1000, 100_000)
	if err != nil {
		return nil, err
	}
	ms := func(d time.Duration) string { return d.Round(time.Millisecond).String() }
	return []row{
		{"1 000 durable appends", fmt.Sprintf("%s (1 000 fsyncs of this disk: %s)", ms(m.Append), ms(m.Sync)), "under 2 s", met(m.Append < 2*time.Second)},
		{"verifying 100 000 records", ms(m.Verify), "under 2 s", met(m.Verify < 2*time.Second)},
	}, nil
}
