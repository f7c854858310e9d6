package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/ledger"
)

// Measured are the times of a ledger on one disk.
type Measured struct {
	Appends int           // durable appends of one record each
	Append  time.Duration // all of them
	Syncs   int           // plain writes of 4 KiB, each followed by an fsync, on the same disk
	Sync    time.Duration // all of them: what no durable append can be faster than
	Records int           // records verified
	Verify  time.Duration
}

// Measure makes a ledger of its own in dir, which must be empty or absent, and measures it: appends single durable appends,
// as many fsyncs beside them, then the verification of records records. It leaves the files to the caller.
func Measure(ctx context.Context, dir string, signer note.Signer, key *ledger.PublicKey, clock quell.Clock, appends, records int) (Measured, error) {
	m := Measured{Appends: appends, Syncs: appends}
	s, err := Open(ctx, filepath.Join(dir, "measure.db"))
	if err != nil {
		return m, err
	}
	log := ledger.Open(s, signer, key, clock)
	err = m.run(ctx, log, clock, records)
	if err == nil {
		m.Sync, err = measureSync(filepath.Join(dir, "measure.sync"), clock, m.Syncs)
	}
	if err = errors.Join(err, s.Close()); err != nil {
		return m, fmt.Errorf("measure the ledger: %w", err)
	}
	return m, nil
}

func (m *Measured) run(ctx context.Context, log *ledger.Log, clock quell.Clock, records int) error {
	const tree = "measure"
	lease, err := log.Acquire(ctx, tree, "measure", time.Hour)
	if err != nil {
		return err
	}
	// As large as the intent of a call that changes a policy.
	data, err := json.Marshal(quell.Intent{Key: "0123456789abcdef", Op: "iam:PutUserPolicy", Try: 1,
		Input: json.RawMessage(`{"PolicyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"*\",` +
			`\"Resource\":\"*\"}]}","PolicyName":"quell-deny-0123456789ab","UserName":"build"}`)})
	if err != nil {
		return err
	}
	r := quell.Record{Incident: tree, Kind: quell.RecordIntent, By: "quell", Step: "contain", Data: data}
	start := clock.Now()
	for range m.Appends {
		if _, err := log.Append(ctx, lease, r); err != nil {
			return err
		}
	}
	m.Append = clock.Now().Sub(start)

	batch := make([]quell.Record, 0, 1000)
	for written := m.Appends; written < records; written += len(batch) {
		batch = batch[:0]
		for range min(cap(batch), records-written) {
			batch = append(batch, r)
		}
		if _, err := log.Append(ctx, lease, batch...); err != nil {
			return err
		}
	}
	start = clock.Now()
	report, err := log.Verify(ctx)
	if err != nil {
		return err
	}
	m.Verify, m.Records = clock.Now().Sub(start), int(report.Size)
	if !report.OK {
		return fmt.Errorf("verify what was just written: %v", report.Problems)
	}
	return nil
}

func measureSync(path string, clock quell.Clock, times int) (took time.Duration, err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	page := make([]byte, 4096)
	start := clock.Now()
	for range times {
		if _, err := file.Write(page); err != nil {
			return 0, err
		}
		if err := file.Sync(); err != nil {
			return 0, err
		}
	}
	return clock.Now().Sub(start), nil
}
