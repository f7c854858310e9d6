package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/quell-ir/quell/ledger"
)

// Append implements ledger.Writer: conditions, leaves, hashes and head in one transaction.
func (s *Store) Append(ctx context.Context, w ledger.Write) error {
	err := s.transact(ctx, func(tx *sql.Tx) error {
		row, err := readTree(ctx, tx, w.Tree)
		if err != nil {
			return err
		}
		if row.held.Token != w.Token {
			return fmt.Errorf("append with token %d, the newest is %d: %w", w.Token, row.held.Token, ledger.ErrFenced)
		}
		if row.head.Size != w.Size {
			return fmt.Errorf("append at %d, the tree has %d records: %w", w.Size, row.head.Size, ledger.ErrConflict)
		}
		if err := insertAll(ctx, tx, row.id, w); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE tree SET size=?, note=? WHERE id=?", w.Size+int64(len(w.Leaves)), w.Note, row.id)
		return err
	})
	return s.explain("append to", err)
}

// insertAll writes the leaves and, after the hashes that are there, the new ones. That the primary keys are taken already
// would mean a size that lies; the insert then fails and with it the transaction.
func insertAll(ctx context.Context, tx *sql.Tx, id int64, w ledger.Write) error {
	leaf, err := tx.PrepareContext(ctx, "INSERT INTO leaf (tree, seq, data) VALUES (?, ?, ?)")
	if err != nil {
		return err
	}
	defer leaf.Close()
	for i, data := range w.Leaves {
		if _, err := leaf.ExecContext(ctx, id, w.Size+int64(i), data); err != nil {
			return err
		}
	}
	hash, err := tx.PrepareContext(ctx, "INSERT INTO hash (tree, idx, hash) VALUES (?, ?, ?)")
	if err != nil {
		return err
	}
	defer hash.Close()
	first := tlog.StoredHashCount(w.Size)
	for i, h := range w.Hashes {
		if _, err := hash.ExecContext(ctx, id, first+int64(i), h[:]); err != nil {
			return err
		}
	}
	return nil
}

// treeRow is a row of the table of trees.
type treeRow struct {
	id   int64
	head ledger.Head
	held ledger.Holding
}

// readTree reads a tree's row, made if need be.
func readTree(ctx context.Context, tx *sql.Tx, name string) (treeRow, error) {
	const query = "SELECT id, size, token, owner, until FROM tree WHERE name=?"
	row := treeRow{head: ledger.Head{Tree: name}, held: ledger.Holding{Tree: name}}
	var until int64
	scan := func() error {
		return tx.QueryRowContext(ctx, query, name).Scan(&row.id, &row.head.Size, &row.held.Token, &row.held.Owner, &until)
	}
	err := scan()
	if errors.Is(err, sql.ErrNoRows) {
		if _, err = tx.ExecContext(ctx, "INSERT INTO tree (name) VALUES (?)", name); err == nil {
			err = scan()
		}
	}
	row.held.Until = fromNanos(until)
	return row, err
}

// transact runs do in a transaction that has the write lock from its start.
func (s *Store) transact(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	// The lock is ours from BEGIN IMMEDIATE on: what do reads is still true when it writes.
	if err := do(tx); err != nil {
		// A failed rollback leaves nothing behind either; the first error is the one that tells.
		_ = tx.Rollback()
		return err
	}
	return tx.Commit()
}

// fromNanos and toNanos keep a deadline as a number, so that comparing needs no parsing; the zero time is 0 and not the
// year 1, which nanoseconds cannot reach.
func fromNanos(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

func toNanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}
