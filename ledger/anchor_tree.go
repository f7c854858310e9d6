package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/quell-ir/quell"
)

// RecordAnchor is the kind of the global tree's records; their data is an Anchor.
const RecordAnchor quell.RecordKind = "ledger.checkpoint"

// Anchor is a tree's checkpoint kept in the global tree.
type Anchor struct {
	Tree string `json:"tree"`
	Size int64  `json:"size"`
	// Note is the signed checkpoint, whole.
	Note string `json:"note"`
}

// anchorTries bounds how often we retry after another process anchored at the same moment. Each failed try means that
// another succeeded, so that this many failures in a row mean something else.
const anchorTries = 64

// anchor appends a tree's newest checkpoint to the global tree. The global tree has no lease, so writers meet there; whoever
// comes second reads anew where it ends.
func (l *Log) anchor(ctx context.Context, tree string) error {
	head, err := l.store.Head(ctx, tree)
	if err != nil {
		return fmt.Errorf("anchor %s: %w", tree, err)
	}
	if head.Size == 0 {
		return nil
	}
	data, err := quell.NewRecord(Global, RecordAnchor, "quell", "",
		Anchor{Tree: tree, Size: head.Size, Note: string(head.Note)})
	if err != nil {
		return fmt.Errorf("anchor %s: %w", tree, err)
	}
	for range anchorTries {
		err = l.appendGlobal(ctx, data)
		if !errors.Is(err, ErrConflict) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("anchor %s: %w", tree, err)
	}
	return nil
}

func (l *Log) appendGlobal(ctx context.Context, r quell.Record) error {
	head, err := l.store.Head(ctx, Global)
	if err != nil {
		return fmt.Errorf("read the global head: %w", err)
	}
	f, err := loadFold(head.Size, l.hashes(ctx, Global))
	if err != nil {
		return err
	}
	r.Seq, r.Time = f.size, l.clock.Now().UTC().Round(0)
	leaf, err := encodeLeaf(r)
	if err != nil {
		return err
	}
	w := Write{Tree: Global, Size: f.size, Leaves: [][]byte{leaf}}
	w.Hashes = f.add(tlog.RecordHash(leaf), nil)
	if w.Note, err = l.sign(Global, f); err != nil {
		return err
	}
	return l.store.Append(ctx, w)
}

// anchors reads the global tree's checkpoints, of one tree or (with "") of all, each tree's in the order they were made.
func (l *Log) anchors(ctx context.Context, tree string) (map[string][]Anchor, error) {
	out := make(map[string][]Anchor)
	quoted := []byte(`"tree":"` + tree)
	for leaf, err := range l.store.Leaves(ctx, Global, 0, maxSeq) {
		if err != nil {
			return nil, fmt.Errorf("read the global tree: %w", err)
		}
		if !bytes.Contains(leaf.Data, quoted) {
			continue
		}
		// A leaf that cannot be decoded was tampered with; Verify says so when it judges the global tree itself.
		r, err := decodeLeaf(leaf.Data)
		if err != nil {
			continue
		}
		a, err := quell.Payload[Anchor](r)
		if err != nil || tree != "" && a.Tree != tree {
			continue
		}
		out[a.Tree] = append(out[a.Tree], a)
	}
	return out, nil
}
