package ledger_test

import (
	"bytes"
	"context"
	"iter"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/ledger"
)

// forged is a store whose content an intruder with the disk in hand has rewritten.
type forged struct {
	ledger.Store
	heads  func([]ledger.Head) []ledger.Head
	leaves func([]ledger.Leaf) []ledger.Leaf
	hashes func(index int64, h tlog.Hash) tlog.Hash
	gone   int64 // an index whose hash is missing
}

func (f *forged) Heads(ctx context.Context) ([]ledger.Head, error) {
	heads, err := f.Store.Heads(ctx)
	if f.heads != nil {
		heads = f.heads(heads)
	}
	return heads, err
}

func (f *forged) Head(ctx context.Context, tree string) (ledger.Head, error) {
	heads, err := f.Heads(ctx)
	for _, h := range heads {
		if h.Tree == tree {
			return h, err
		}
	}
	return ledger.Head{Tree: tree}, err
}

func (f *forged) Leaves(ctx context.Context, tree string, from, to int64) iter.Seq2[ledger.Leaf, error] {
	return func(yield func(ledger.Leaf, error) bool) {
		var all []ledger.Leaf
		for leaf, err := range f.Store.Leaves(ctx, tree, 0, 1<<62) {
			if err != nil {
				yield(leaf, err)
				return
			}
			all = append(all, leaf)
		}
		if f.leaves != nil && tree == "inc" {
			all = f.leaves(all)
		}
		for _, leaf := range all {
			if leaf.Seq >= from && leaf.Seq < to && !yield(leaf, nil) {
				return
			}
		}
	}
}

func (f *forged) Hashes(ctx context.Context, tree string, indexes []int64) ([]tlog.Hash, error) {
	if f.gone > 0 && tree == "inc" && slices.Contains(indexes, f.gone) {
		return nil, ledger.ErrMissing
	}
	hashes, err := f.Store.Hashes(ctx, tree, indexes)
	if f.hashes != nil && tree == "inc" && err == nil {
		for i := range hashes {
			hashes[i] = f.hashes(indexes[i], hashes[i])
		}
	}
	return hashes, err
}

func TestVerify(t *testing.T) {
	log, _ := filled(t, 100)
	fill(t, log, ledger.System, 3)
	report, err := log.Verify(t.Context())
	check(t, err)
	// One anchor: at record 64.
	if !report.OK || report.Size != 104 || len(report.Trees) != 3 || report.Fingerprint != log.Key().Fingerprint() {
		t.Errorf("the report is %+v", report)
	}
}

// TestVerifyTampered names each kind of tampering at places of every class: first, inner, last of a subtree, last of all.
func TestVerifyTampered(t *testing.T) {
	flip := func(seq int64) func([]ledger.Leaf) []ledger.Leaf {
		return func(l []ledger.Leaf) []ledger.Leaf {
			l[seq].Data = bytes.Replace(l[seq].Data, []byte(`"by":"quell"`), []byte(`"by":"quelm"`), 1)
			return l
		}
	}
	rehash := func(seq int64, data []byte) func(int64, tlog.Hash) tlog.Hash {
		return func(index int64, h tlog.Hash) tlog.Hash {
			if index == tlog.StoredHashIndex(0, seq) {
				return tlog.RecordHash(data)
			}
			return h
		}
	}
	_, store := filled(t, 101)
	var leaf37 []byte
	for l, err := range store.Leaves(t.Context(), "inc", 37, 38) {
		check(t, err)
		leaf37 = flip(0)([]ledger.Leaf{l})[0].Data
	}
	oldNote, err := filledCheckpoint(t, 40)
	check(t, err)
	tests := map[string]struct {
		forge *forged
		want  []string
	}{
		"flip first":      {&forged{leaves: flip(0)}, []string{"record 0 of inc", "changed"}},
		"flip inner":      {&forged{leaves: flip(37)}, []string{"record 37 of inc", "changed"}},
		"flip at a peak":  {&forged{leaves: flip(63)}, []string{"record 63 of inc", "changed"}},
		"flip after peak": {&forged{leaves: flip(64)}, []string{"record 64 of inc", "changed"}},
		"flip last":       {&forged{leaves: flip(100)}, []string{"record 100 of inc", "changed"}},
		"drop":            {&forged{leaves: func(l []ledger.Leaf) []ledger.Leaf { return slices.Delete(l, 20, 22) }}, []string{"records 20 to 21 of inc", "missing"}},
		"drop and close":  {&forged{leaves: func(l []ledger.Leaf) []ledger.Leaf { return renumber(slices.Delete(l, 20, 21)) }}, []string{"record 20 of inc", "missing"}},
		"swap":            {&forged{leaves: func(l []ledger.Leaf) []ledger.Leaf { l[3].Data, l[70].Data = l[70].Data, l[3].Data; return l }}, []string{"record 70 of inc", "moved", "place 3"}},
		"swap, other end": {&forged{leaves: func(l []ledger.Leaf) []ledger.Leaf { l[3].Data, l[70].Data = l[70].Data, l[3].Data; return l }}, []string{"record 3 of inc", "moved", "place 70"}},
		"move":            {&forged{leaves: func(l []ledger.Leaf) []ledger.Leaf { return renumber(slices.Insert(l[1:], 50, l[0])) }}, []string{"record 0 of inc", "moved"}},
		"cut off":         {&forged{leaves: func(l []ledger.Leaf) []ledger.Leaf { return l[:90] }}, []string{"records 90 to 100 of inc", "cut off"}},
		"emptied":         {&forged{leaves: func([]ledger.Leaf) []ledger.Leaf { return nil }}, []string{"records 0 to 100 of inc", "cut off"}},
		"doubled":         {&forged{leaves: func(l []ledger.Leaf) []ledger.Leaf { return renumber(slices.Insert(l, 50, l[10])) }}, []string{"record 10 of inc", "second time"}},
		"added": {&forged{leaves: func(l []ledger.Leaf) []ledger.Leaf {
			return append(l, ledger.Leaf{Seq: 101, Data: []byte(`{"seq":101}`)})
		}}, []string{"record 101 of inc", "added"}},
		"garbage":         {&forged{leaves: func(l []ledger.Leaf) []ledger.Leaf { l[9].Data = []byte{0xff}; return l }}, []string{"record 9 of inc", "changed"}},
		"leaf and hash":   {&forged{leaves: flip(37), hashes: rehash(37, leaf37)}, []string{"records 36 to 37 of inc", "together"}},
		"hash alone":      {&forged{hashes: rehash(37, []byte("x"))}, []string{"record 37 of inc", "stored hash"}},
		"upper hash":      {&forged{hashes: func(i int64, h tlog.Hash) tlog.Hash { return flipIf(i == tlog.StoredHashIndex(3, 2), h) }}, []string{"records 16 to 23 of inc", "stored hash"}},
		"hash missing":    {&forged{gone: tlog.StoredHashIndex(0, 50)}, []string{"record 50 of inc", "removed"}},
		"old checkpoint":  {&forged{heads: heads(func(h *ledger.Head) { h.Note, h.Size = oldNote, 40 })}, []string{"records 40 to 100 of inc", "added"}},
		"rolled back":     {&forged{heads: heads(func(h *ledger.Head) { h.Note, h.Size = oldNote, 40 }), leaves: func(l []ledger.Leaf) []ledger.Leaf { return l[:40] }}, []string{"records 40 to 63 of inc", "cut off"}},
		"size alone":      {&forged{heads: heads(func(h *ledger.Head) { h.Size = 100 })}, []string{"record 100 of inc", "its checkpoint 101"}},
		"note forged":     {&forged{heads: heads(func(h *ledger.Head) { h.Note = bytes.Replace(h.Note, []byte("\n101\n"), []byte("\n100\n"), 1) })}, []string{"inc", "signature"}},
		"note of another": {&forged{heads: func(h []ledger.Head) []ledger.Head { h[1].Note = h[0].Note; return h }}, []string{"inc", "another tree's"}},
		"whole tree":      {&forged{heads: func(h []ledger.Head) []ledger.Head { return h[:1] }}, []string{"inc", "whole tree is gone"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.forge.Store = store
			report, err := newLog(t, test.forge).Verify(t.Context())
			check(t, err)
			if name == "old checkpoint" {
				tells(t, report, "record 40 of inc", "added")
				tells(t, report, "record 100 of inc", "added")
				return
			}
			tells(t, report, test.want...)
			if len(report.Problems) > 4 {
				t.Errorf("one change is told as %d problems", len(report.Problems))
			}
		})
	}
}

// heads changes the head of inc, which stands after the global tree.
func heads(change func(*ledger.Head)) func([]ledger.Head) []ledger.Head {
	return func(h []ledger.Head) []ledger.Head {
		change(&h[1])
		return h
	}
}

func flipIf(flip bool, h tlog.Hash) tlog.Hash {
	if flip {
		h[7] ^= 1
	}
	return h
}

func renumber(l []ledger.Leaf) []ledger.Leaf {
	for i := range l {
		l[i].Seq = int64(i)
	}
	return l
}

// filledCheckpoint is the checkpoint of the first n records: the clock stands and the key is fixed, so that a ledger of n
// records has the same one.
func filledCheckpoint(t *testing.T, n int) ([]byte, error) {
	log, _ := filled(t, n)
	return log.Checkpoint(t.Context(), "inc")
}

func TestVerifyPinned(t *testing.T) {
	log, _ := filled(t, 30)
	later, err := filledCheckpoint(t, 40)
	check(t, err)
	earlier, err := filledCheckpoint(t, 20)
	check(t, err)
	report, err := log.Verify(t.Context(), earlier)
	check(t, err)
	if !report.OK {
		t.Error("a good checkpoint kept elsewhere:", report.Problems)
	}
	report, err = log.Verify(t.Context(), later)
	check(t, err)
	tells(t, report, "records 30 to 39 of inc", "cut off")
	report, err = log.Verify(t.Context(), []byte("nonsense"))
	check(t, err)
	tells(t, report, "checkpoint 1 given")

	// The same incident rewritten with the same key: only what was kept elsewhere tells.
	other := newLog(t, newStore())
	lease, err := other.Acquire(t.Context(), "inc", "ann", 1<<40)
	check(t, err)
	for i := range 30 {
		_, err := other.Append(t.Context(), lease, newRecord(t, "inc", i+1))
		check(t, err)
	}
	report, err = other.Verify(t.Context(), earlier)
	check(t, err)
	tells(t, report, "records 0 to 19 of inc", "not what was signed")
}

func TestVerifyOtherKey(t *testing.T) {
	_, store := filled(t, 3)
	signer, key := testKey(t, 2)
	report, err := ledger.Open(store, signer, key, newClock()).Verify(t.Context())
	check(t, err)
	tells(t, report, "inc", "signature")
}

func TestRecordsDamaged(t *testing.T) {
	tests := map[string]struct {
		leaves func([]ledger.Leaf) []ledger.Leaf
		want   string
	}{
		"gap":     {func(l []ledger.Leaf) []ledger.Leaf { return slices.Delete(l, 4, 5) }, "record 4 of inc is missing"},
		"swapped": {func(l []ledger.Leaf) []ledger.Leaf { l[4].Data = l[5].Data; return l }, "record 4 of inc is another record"},
		"garbage": {func(l []ledger.Leaf) []ledger.Leaf { l[4].Data = []byte("\x1b[2J"); return l }, "record 4 of inc cannot be read"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, store := filled(t, 10)
			_, err := newLog(t, &forged{Store: store, leaves: test.leaves}).Records(t.Context(), "inc", 0)
			if err == nil || !strings.Contains(err.Error(), test.want) || quell.CodeOf(err) != quell.CodeFailed {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
