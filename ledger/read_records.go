package ledger

import (
	"context"
	"fmt"
	"iter"
	"math"

	"github.com/quell-ir/quell"
)

// maxSeq reads a tree to its end.
const maxSeq = math.MaxInt64

// Records returns an incident's records from number from to the end; none for an incident that is not known. They are as
// the store gives them: Verify, and not every read, proves them. A gap is an error.
func (l *Log) Records(ctx context.Context, incident string, from int64) ([]quell.Record, error) {
	var out []quell.Record
	for r, err := range l.Each(ctx, incident, from) {
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// Each yields the same records one by one, for ledgers that shouldn't be held in memory whole. It ends after an error.
func (l *Log) Each(ctx context.Context, incident string, from int64) iter.Seq2[quell.Record, error] {
	return func(yield func(quell.Record, error) bool) {
		next := max(from, 0)
		for leaf, err := range l.store.Leaves(ctx, incident, next, maxSeq) {
			r := quell.Record{}
			switch {
			case err != nil:
				err = fmt.Errorf("read records of %s: %w", quell.Cut(incident, 40), err)
			case leaf.Seq != next:
				err = damaged(incident, next, "is missing", nil)
			default:
				if r, err = decodeLeaf(leaf.Data); err != nil {
					err = damaged(incident, next, "cannot be read", err)
				} else if r.Seq != next || r.Incident != incident {
					err = damaged(incident, next, "is another record", nil)
				}
			}
			if !yield(r, err) || err != nil {
				return
			}
			next++
		}
	}
}

func damaged(incident string, seq int64, what string, err error) error {
	return &quell.Error{
		Code: quell.CodeFailed,
		What: fmt.Sprintf("record %d of %s %s", seq, quell.Cut(incident, 40), what),
		Next: "run `quell ledger verify` to see what else was changed, and restore the store from an export or a backup",
		Err:  err,
	}
}
