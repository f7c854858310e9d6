package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/quell-ir/quell/ledger"
)

// Heads implements ledger.Reader.
func (s *Store) Heads(ctx context.Context) ([]ledger.Head, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT name, size, token, note FROM tree WHERE size > 0 ORDER BY name")
	if err != nil {
		return nil, s.explain("read", err)
	}
	defer rows.Close()
	var out []ledger.Head
	for rows.Next() {
		var h ledger.Head
		if err := rows.Scan(&h.Tree, &h.Size, &h.Token, &h.Note); err != nil {
			return nil, s.explain("read", err)
		}
		out = append(out, h)
	}
	return out, s.explain("read", rows.Err())
}

// Head implements ledger.Writer.
func (s *Store) Head(ctx context.Context, tree string) (ledger.Head, error) {
	h := ledger.Head{Tree: tree}
	err := s.read.QueryRowContext(ctx, "SELECT size, token, note FROM tree WHERE name=?", tree).Scan(&h.Size, &h.Token, &h.Note)
	if errors.Is(err, sql.ErrNoRows) {
		return h, nil
	}
	return h, s.explain("read", err)
}

// Leaves implements ledger.Reader, in one statement: it sees the tree as it was when the first leaf was read.
func (s *Store) Leaves(ctx context.Context, tree string, from, to int64) iter.Seq2[ledger.Leaf, error] {
	return func(yield func(ledger.Leaf, error) bool) {
		rows, err := s.read.QueryContext(ctx, `SELECT seq, data FROM leaf
			WHERE tree=(SELECT id FROM tree WHERE name=?) AND seq>=? AND seq<? ORDER BY seq`, tree, from, to)
		if err != nil {
			yield(ledger.Leaf{}, s.explain("read", err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			var leaf ledger.Leaf
			if err := rows.Scan(&leaf.Seq, &leaf.Data); err != nil {
				yield(ledger.Leaf{}, s.explain("read", err))
				return
			}
			if !yield(leaf, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(ledger.Leaf{}, s.explain("read", err))
		}
	}
}

// Hashes implements ledger.Reader. Indexes that follow each other are read as one range.
func (s *Store) Hashes(ctx context.Context, tree string, indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, 0, len(indexes))
	for len(indexes) > 0 {
		run := 1
		for run < len(indexes) && indexes[run] == indexes[run-1]+1 {
			run++
		}
		var err error
		if out, err = s.hashRun(ctx, tree, indexes[0], indexes[run-1], out); err != nil {
			return nil, s.explain("read", err)
		}
		indexes = indexes[run:]
	}
	return out, nil
}

func (s *Store) hashRun(ctx context.Context, tree string, first, last int64, out []tlog.Hash) ([]tlog.Hash, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT idx, hash FROM hash
		WHERE tree=(SELECT id FROM tree WHERE name=?) AND idx BETWEEN ? AND ? ORDER BY idx`, tree, first, last)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	next := first
	var raw sql.RawBytes
	for rows.Next() {
		var index int64
		if err := rows.Scan(&index, &raw); err != nil {
			return nil, err
		}
		// A gap or a hash of another length is tampering or damage; which record it concerns is for Verify to say.
		if index != next || len(raw) != tlog.HashSize {
			break
		}
		out = append(out, tlog.Hash(raw))
		next++
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if next != last+1 {
		return nil, fmt.Errorf("hash %d of %s: %w", next, tree, ledger.ErrMissing)
	}
	return out, nil
}
