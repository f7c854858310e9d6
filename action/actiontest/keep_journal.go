package actiontest

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/quell-ir/quell"
)

// errKilled stands for the process's end.
var errKilled = errors.New("killed")

// journal keeps records in memory and dies after a given number of them. Whatever was appended before stays.
type journal struct {
	clock   quell.Clock
	records []quell.Record
	dieAt   int // 0 never
}

// Append implements local.Journal.
func (j *journal) Append(_ context.Context, records ...quell.Record) ([]quell.Record, error) {
	var kept []quell.Record
	for _, r := range records {
		if j.dieAt > 0 && len(j.records) >= j.dieAt {
			return kept, errKilled
		}
		r.Seq = int64(len(j.records))
		r.Time = j.clock.Now()
		j.records = append(j.records, r)
		kept = append(kept, r)
	}
	return kept, nil
}

// Ready implements local.Journal. A driver that dies right after writing an intent dies here, before the call leaves.
func (j *journal) Ready(context.Context) error {
	if j.dieAt > 0 && len(j.records) >= j.dieAt {
		return errKilled
	}
	return nil
}

// keeper keeps artefacts in memory.
type keeper map[string][]byte

// Put implements action.Keeper.
func (k keeper) Put(_ context.Context, name, from string, content io.Reader, missing []string) (quell.Evidence, error) {
	data, err := io.ReadAll(content)
	if err != nil {
		return quell.Evidence{}, fmt.Errorf("read artefact %s: %w", name, err)
	}
	k[name] = data
	return quell.Evidence{
		Name: name, SHA256: quell.ShortHash(64, string(data)), Size: int64(len(data)), From: from,
		Complete: len(missing) == 0, Missing: missing,
	}, nil
}
