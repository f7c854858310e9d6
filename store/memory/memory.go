// Package memory keeps a ledger in memory: for tests, for the demo and for simulations, whose records nobody needs
// afterwards.
//
// What comes in and goes out is ledger.Store. What is promised is all that package store/storetest asks for, except that
// nothing outlives the process. Read package store/sqlite next for the store that people run.
package memory

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/quell-ir/quell/ledger"
)

// Store is a ledger.Store in memory. The zero value is not usable; New makes one.
type Store struct {
	mu    sync.Mutex
	trees map[string]*tree
}

type tree struct {
	leaves [][]byte
	hashes []tlog.Hash
	note   []byte
	lease  ledger.Holding
}

// New makes an empty store.
func New() *Store { return &Store{trees: make(map[string]*tree)} }

// at returns the tree, made if need be. The caller holds the lock.
func (s *Store) at(name string) *tree {
	t := s.trees[name]
	if t == nil {
		t = &tree{}
		s.trees[name] = t
	}
	return t
}

// Heads implements ledger.Reader.
func (s *Store) Heads(ctx context.Context) ([]ledger.Head, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []ledger.Head
	for name, t := range s.trees {
		if len(t.leaves) > 0 {
			out = append(out, t.head(name))
		}
	}
	slices.SortFunc(out, func(a, b ledger.Head) int { return bytes.Compare([]byte(a.Tree), []byte(b.Tree)) })
	return out, ctx.Err()
}

func (t *tree) head(name string) ledger.Head {
	return ledger.Head{Tree: name, Size: int64(len(t.leaves)), Token: t.lease.Token, Note: slices.Clone(t.note)}
}

// Head implements ledger.Writer.
func (s *Store) Head(ctx context.Context, name string) (ledger.Head, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.trees[name]; t != nil {
		return t.head(name), ctx.Err()
	}
	return ledger.Head{Tree: name}, ctx.Err()
}

// Leaves implements ledger.Reader. It yields what was there when it was called: leaves never change.
func (s *Store) Leaves(ctx context.Context, name string, from, to int64) iter.Seq2[ledger.Leaf, error] {
	return func(yield func(ledger.Leaf, error) bool) {
		s.mu.Lock()
		var leaves [][]byte
		if t := s.trees[name]; t != nil {
			leaves = t.leaves
		}
		s.mu.Unlock()
		for seq := max(from, 0); seq < min(to, int64(len(leaves))); seq++ {
			if err := ctx.Err(); err != nil {
				yield(ledger.Leaf{}, err)
				return
			}
			if !yield(ledger.Leaf{Seq: seq, Data: slices.Clone(leaves[seq])}, nil) {
				return
			}
		}
	}
}

// Hashes implements ledger.Reader.
func (s *Store) Hashes(ctx context.Context, name string, indexes []int64) ([]tlog.Hash, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.trees[name]
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if t == nil || index < 0 || index >= int64(len(t.hashes)) {
			return nil, fmt.Errorf("hash %d of %s: %w", index, name, ledger.ErrMissing)
		}
		out[i] = t.hashes[index]
	}
	return out, ctx.Err()
}

// Append implements ledger.Writer.
func (s *Store) Append(ctx context.Context, w ledger.Write) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.at(w.Tree)
	if t.lease.Token != w.Token {
		return fmt.Errorf("append with token %d, the newest is %d: %w", w.Token, t.lease.Token, ledger.ErrFenced)
	}
	if size := int64(len(t.leaves)); size != w.Size {
		return fmt.Errorf("append at %d, the tree has %d records: %w", w.Size, size, ledger.ErrConflict)
	}
	for _, leaf := range w.Leaves {
		t.leaves = append(t.leaves, slices.Clone(leaf))
	}
	t.hashes = append(t.hashes, w.Hashes...)
	t.note = slices.Clone(w.Note)
	return nil
}

// Take implements ledger.Leaser.
func (s *Store) Take(ctx context.Context, name, owner string, now, until time.Time) (ledger.Holding, error) {
	if err := ctx.Err(); err != nil {
		return ledger.Holding{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.at(name)
	if t.lease.Until.After(now) {
		return ledger.Holding{}, &ledger.HeldError{Tree: name, Owner: t.lease.Owner, Token: t.lease.Token, Until: t.lease.Until}
	}
	t.lease = ledger.Holding{Tree: name, Owner: owner, Token: t.lease.Token + 1, Until: until, Before: t.lease.Owner}
	return t.lease, nil
}

// Extend implements ledger.Leaser.
func (s *Store) Extend(ctx context.Context, h ledger.Holding) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.at(h.Tree)
	if t.lease.Token != h.Token {
		return fmt.Errorf("extend token %d, the newest is %d: %w", h.Token, t.lease.Token, ledger.ErrFenced)
	}
	t.lease.Until = h.Until
	return nil
}
