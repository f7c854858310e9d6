package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// hashBatch is how many hashes are read at once.
const hashBatch = 1 << 14

// Verify recomputes every tree of the store from its records and holds it against the checkpoint signed with its last
// append, against the earlier ones in the global tree, and against pinned ones, which are signed checkpoints that were kept
// elsewhere. It needs about 200 bytes of memory per record of the largest tree. The error is for a store that cannot be read;
// what was tampered with is in the report.
func (l *Log) Verify(ctx context.Context, pinned ...[]byte) (Report, error) {
	r := &Report{Fingerprint: l.key.Fingerprint()}
	// The checkpoints first: others may append while we read, and a checkpoint may be older than its tree, not newer.
	earlier, err := l.earlier(ctx, r, pinned)
	if err != nil {
		return Report{}, fmt.Errorf("verify the ledger: %w", err)
	}
	heads, err := l.store.Heads(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("verify the ledger: %w", err)
	}
	for _, head := range heads {
		if err := l.verifyTree(ctx, r, head, earlier[head.Tree]); err != nil {
			return Report{}, fmt.Errorf("verify %s: %w", head.Tree, err)
		}
		delete(earlier, head.Tree)
	}
	for _, tree := range sortedKeys(earlier) {
		most := int64(0)
		for _, c := range earlier[tree] {
			most = max(most, c.Size)
		}
		r.add(Problem{Tree: tree, Seq: 0, Last: most - 1, What: fmt.Sprintf("the whole tree is gone; it had at least %d records", most)})
	}
	return r.close(), nil
}

// earlier collects the checkpoints other than the heads' by tree, and reports those whose signature is bad.
func (l *Log) earlier(ctx context.Context, r *Report, pinned [][]byte) (map[string][]Checkpoint, error) {
	anchors, err := l.anchors(ctx, "")
	if err != nil {
		return nil, err
	}
	out := make(map[string][]Checkpoint)
	for _, tree := range sortedKeys(anchors) {
		for _, a := range anchors[tree] {
			c, err := OpenCheckpoint([]byte(a.Note), l.key)
			if err != nil || c.Origin != origin(l.key.Name(), tree) || c.Size != a.Size {
				r.add(Problem{Tree: Global, Seq: -1, Name: tree, What: fmt.Sprintf("a kept checkpoint of size %d is not signed by this key", a.Size)})
				continue
			}
			out[tree] = append(out[tree], c)
		}
	}
	for i, signed := range pinned {
		c, err := OpenCheckpoint(signed, l.key)
		if err != nil || c.Origin != origin(l.key.Name(), c.Tree()) {
			r.file(fmt.Sprintf("checkpoint %d given", i+1), "is not a checkpoint signed by this key")
			continue
		}
		out[c.Tree()] = append(out[c.Tree()], c)
	}
	return out, nil
}

func (l *Log) verifyTree(ctx context.Context, r *Report, head Head, earlier []Checkpoint) error {
	t := &trial{tree: head.Tree, earlier: earlier}
	signed, err := OpenCheckpoint(head.Note, l.key)
	switch {
	case err != nil:
		r.add(Problem{Tree: head.Tree, Seq: -1, What: err.Error()})
	case signed.Origin != origin(l.key.Name(), head.Tree):
		r.add(Problem{Tree: head.Tree, Seq: -1, What: "its checkpoint is another tree's"})
	default:
		t.signed = &signed
	}
	if t.signed != nil && signed.Size != head.Size {
		r.add(Problem{Tree: head.Tree, Seq: min(signed.Size, head.Size),
			What: fmt.Sprintf("the store says that the tree has %d records and its checkpoint %d", head.Size, signed.Size)})
	}
	misfiled, err := l.readEntries(ctx, t, head)
	if err != nil {
		return err
	}
	if t.stored, err = l.readHashes(ctx, head.Tree, tlog.StoredHashCount(min(t.expectedSize(), int64(len(t.entries))+hashBatch))); err != nil {
		return err
	}
	problems := t.judge()
	if len(problems) == 0 {
		// Signed as it stands, and yet under a wrong number: only a faulty writer does that, and it must not pass.
		problems = misfiled
	}
	r.add(problems...)
	r.Size += int64(len(t.entries))
	root := ""
	if t.signed != nil {
		root = t.signed.Root.String()
	}
	r.Trees = append(r.Trees, TreeSize{Tree: head.Tree, Size: int64(len(t.entries)), Root: root})
	return nil
}

// readEntries hashes the tree's records. It returns the first whose content says that it is another record.
func (l *Log) readEntries(ctx context.Context, t *trial, head Head) (misfiled []Problem, err error) {
	read := func(from, to int64) error {
		for leaf, err := range l.store.Leaves(ctx, head.Tree, from, to) {
			if err != nil {
				return err
			}
			claims, of := claim(leaf.Data)
			t.entries = append(t.entries, entry{hash: tlog.RecordHash(leaf.Data), place: leaf.Seq, claims: claims})
			if len(misfiled) == 0 && (claims != leaf.Seq || of != head.Tree) {
				misfiled = append(misfiled, Problem{Tree: head.Tree, Seq: leaf.Seq, What: "its content is that of another record"})
			}
		}
		return nil
	}
	if err := read(0, head.Size); err != nil {
		return nil, err
	}
	// Records past the end are an addition, unless the tree grew while we read.
	now, err := l.store.Head(ctx, head.Tree)
	if err != nil {
		return nil, err
	}
	if now.Size == head.Size {
		err = read(head.Size, maxSeq)
		// It may have grown between the two reads as well; then what we saw past the end was honest.
		if again, err := l.store.Head(ctx, head.Tree); err == nil && again.Size != head.Size {
			t.entries = t.entries[:min(head.Size, int64(len(t.entries)))]
		}
	}
	return misfiled, err
}

// readHashes reads a tree's first count hashes. One that is missing is zero.
func (l *Log) readHashes(ctx context.Context, tree string, count int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, 0, count)
	for from := int64(0); from < count; from += hashBatch {
		indexes := make([]int64, 0, hashBatch)
		for i := from; i < min(count, from+hashBatch); i++ {
			indexes = append(indexes, i)
		}
		hashes, err := l.store.Hashes(ctx, tree, indexes)
		if errors.Is(err, ErrMissing) {
			hashes, err = l.readEach(ctx, tree, indexes)
		}
		if err != nil {
			return nil, fmt.Errorf("read the tree's hashes: %w", err)
		}
		out = append(out, hashes...)
	}
	return out, nil
}

func (l *Log) readEach(ctx context.Context, tree string, indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		hashes, err := l.store.Hashes(ctx, tree, []int64{index})
		if errors.Is(err, ErrMissing) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out[i] = hashes[0]
	}
	return out, nil
}

// claim is the number and the incident that a leaf says it has; -1 where it cannot be read.
func claim(leaf []byte) (seq int64, incident string) {
	var head struct {
		Seq      *int64 `json:"seq"`
		Incident string `json:"incident"`
	}
	if err := json.Unmarshal(leaf, &head); err != nil || head.Seq == nil {
		return -1, ""
	}
	return *head.Seq, head.Incident
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
