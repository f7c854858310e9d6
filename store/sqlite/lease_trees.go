package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/quell-ir/quell/ledger"
)

// Take implements ledger.Leaser.
func (s *Store) Take(ctx context.Context, tree, owner string, now, until time.Time) (ledger.Holding, error) {
	var out ledger.Holding
	err := s.transact(ctx, func(tx *sql.Tx) error {
		row, err := readTree(ctx, tx, tree)
		if err != nil {
			return err
		}
		if row.held.Until.After(now) {
			return &ledger.HeldError{Tree: tree, Owner: row.held.Owner, Token: row.held.Token, Until: row.held.Until}
		}
		out = ledger.Holding{Tree: tree, Owner: owner, Token: row.held.Token + 1, Until: until, Before: row.held.Owner}
		_, err = tx.ExecContext(ctx, "UPDATE tree SET token=?, owner=?, until=? WHERE id=?", out.Token, owner, toNanos(until), row.id)
		return err
	})
	if err != nil {
		return ledger.Holding{}, s.explain("lease", err)
	}
	return out, nil
}

// Extend implements ledger.Leaser.
func (s *Store) Extend(ctx context.Context, h ledger.Holding) error {
	err := s.transact(ctx, func(tx *sql.Tx) error {
		row, err := readTree(ctx, tx, h.Tree)
		if err != nil {
			return err
		}
		if row.held.Token != h.Token {
			return fmt.Errorf("extend token %d, the newest is %d: %w", h.Token, row.held.Token, ledger.ErrFenced)
		}
		_, err = tx.ExecContext(ctx, "UPDATE tree SET until=? WHERE id=?", toNanos(h.Until), row.id)
		return err
	})
	return s.explain("lease", err)
}
