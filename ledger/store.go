package ledger

import (
	"context"
	"errors"
	"iter"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// What a caller can branch on. Stores return these wrapped.
var (
	// ErrConflict says that the tree no longer ends where the writer believed.
	ErrConflict = errors.New("the ledger moved")
	// ErrFenced says that a newer lease was given out; its holder alone may write.
	ErrFenced = errors.New("the lease was taken over")
	// ErrHeld says that somebody else holds the lease; the error is a *HeldError.
	ErrHeld = errors.New("the lease is held")
	// ErrExpired says that a lease's deadline is too near or past.
	ErrExpired = errors.New("the lease has run out")
	// ErrMissing says that a store lacks a hash or tree it should have.
	ErrMissing = errors.New("not in the store")
)

// Head is where a tree ends: the number of its records, the newest fencing token given out for it, and the checkpoint
// that was signed with its last append.
type Head struct {
	Tree  string
	Size  int64
	Token int64
	Note  []byte
}

// Leaf is one record's canonical bytes and its place.
type Leaf struct {
	Seq  int64
	Data []byte
}

// Write is one append: the leaves that follow place Size, the tree hashes that they complete in the order of
// tlog.StoredHashIndex, and the checkpoint over the result.
type Write struct {
	Tree   string
	Size   int64
	Token  int64
	Leaves [][]byte
	Hashes []tlog.Hash
	Note   []byte
}

// Holding is a lease as the store keeps it. Before is who held it last, empty for nobody.
type Holding struct {
	Tree   string
	Owner  string
	Token  int64
	Until  time.Time
	Before string
}

// Reader reads trees. A tree that nobody wrote to has size 0 and no leaves.
type Reader interface {
	// Heads lists the trees that have records, by name.
	Heads(ctx context.Context) ([]Head, error)
	// Leaves yields the leaves from <= seq < to that are there, in rising order. It fills no gaps and ends after an error.
	Leaves(ctx context.Context, tree string, from, to int64) iter.Seq2[Leaf, error]
	// Hashes returns the stored hashes of the given indexes, in their order; ErrMissing where one is not there.
	Hashes(ctx context.Context, tree string, indexes []int64) ([]tlog.Hash, error)
}

// Writer appends. Append is one transaction, durable when it returns nil; ErrFenced where Token isn't the newest,
// ErrConflict where the tree's size isn't Size.
type Writer interface {
	Head(ctx context.Context, tree string) (Head, error)
	Append(ctx context.Context, w Write) error
}

// Leaser gives out leases. Tokens of a tree only rise, and a tree never leased has token 0.
type Leaser interface {
	// Take gives the tree to owner until the deadline where no lease is live at now; else it returns a *HeldError.
	Take(ctx context.Context, tree, owner string, now, until time.Time) (Holding, error)
	// Extend moves the deadline of the lease with h's token to h.Until; a time in the past frees it. ErrFenced where
	// the token isn't the newest.
	Extend(ctx context.Context, h Holding) error
}

// Store is what a ledger needs of a database. It keeps bytes and judges nothing.
type Store interface {
	Reader
	Writer
	Leaser
}

// HeldError says who holds a lease and until when.
type HeldError struct {
	Tree  string
	Owner string
	Token int64
	Until time.Time
}

// Error implements error.
func (e *HeldError) Error() string {
	return e.Tree + " is held by " + e.Owner + " until " + e.Until.UTC().Format(time.RFC3339)
}

// Is makes errors.Is(err, ErrHeld) true.
func (e *HeldError) Is(target error) bool { return target == ErrHeld }
