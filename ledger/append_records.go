package ledger

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/quell-ir/quell"
)

// Append adds records to the lease's tree, in one transaction: all of them or none. It sets Seq and Time and returns the
// records as Records will give them. When it returns nil they are on disk.
//
// ErrConflict says that the tree was written to by another; ErrFenced that the lease was taken over. After an error
// the lease reads anew where the tree ends, so that the caller can look at what is there and go on. A lease whose time is
// over can still append while nobody took it: a result that came late must not be lost.
func (l *Log) Append(ctx context.Context, lease *Lease, recs ...quell.Record) ([]quell.Record, error) {
	if l.signer == nil {
		return nil, errReadOnly
	}
	if len(recs) == 0 {
		return nil, nil
	}
	lease.mu.Lock()
	out, anchored, err := l.append(ctx, lease, recs)
	if err != nil {
		lease.tree = nil
	}
	lease.mu.Unlock()
	if err != nil {
		if errors.Is(err, ErrFenced) {
			err = takenOver(lease.held.Tree, err)
		}
		return nil, fmt.Errorf("append to %s: %w", lease.held.Tree, err)
	}
	if anchored {
		if err := l.anchor(ctx, lease.held.Tree); err != nil {
			// The records are durable all the same, and the caller must know them to go on.
			return out, err
		}
	}
	return out, nil
}

func (l *Log) append(ctx context.Context, lease *Lease, recs []quell.Record) (out []quell.Record, anchored bool, err error) {
	tree := lease.held.Tree
	if lease.tree == nil {
		head, err := l.store.Head(ctx, tree)
		if err != nil {
			return nil, false, fmt.Errorf("read the head: %w", err)
		}
		if lease.tree, err = loadFold(head.Size, l.hashes(ctx, tree)); err != nil {
			return nil, false, err
		}
	}
	// Work on a copy: until the store has said yes, the lease must not believe that the tree grew.
	next := lease.tree.clone()
	w := Write{Tree: tree, Size: next.size, Token: lease.held.Token}
	now := l.clock.Now().UTC()
	for _, r := range recs {
		if r.Incident != tree {
			return nil, false, fmt.Errorf("a %s record belongs to %q and not to this lease", r.Kind, quell.Cut(r.Incident, 40))
		}
		// The clock's monotonic part and its zone are no part of a record.
		r.Seq, r.Time = next.size, now.Round(0)
		leaf, err := encodeLeaf(r)
		if err != nil {
			return nil, false, err
		}
		// What is returned is what a reader will see, not what the caller passed.
		kept, err := decodeLeaf(leaf)
		if err != nil {
			return nil, false, err
		}
		w.Leaves = append(w.Leaves, leaf)
		w.Hashes = next.add(tlog.RecordHash(leaf), w.Hashes)
		out = append(out, kept)
		anchored = anchored || r.Kind == quell.RecordClosed || next.size%anchorEvery == 0
	}
	if w.Note, err = l.sign(tree, next); err != nil {
		return nil, false, err
	}
	if err := l.store.Append(ctx, w); err != nil {
		return nil, false, err
	}
	lease.tree = next
	return out, anchored, nil
}

// sign makes the checkpoint of a tree that ends as f does.
func (l *Log) sign(tree string, f *fold) ([]byte, error) {
	root, err := f.root()
	if err != nil {
		return nil, fmt.Errorf("compute the root of %s: %w", tree, err)
	}
	return signCheckpoint(Checkpoint{Origin: origin(l.signer.Name(), tree), Size: f.size, Root: root}, l.signer)
}
