package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"
	"golang.org/x/sync/errgroup"

	"github.com/quell-ir/quell/ledger"
)

// Run runs the suite. open gives a new, empty store for each test and cleans up by itself.
func Run(t *testing.T, open func(t *testing.T) ledger.Store) {
	tests := map[string]func(*testing.T, ledger.Store){
		"empty":          testEmpty,
		"round trip":     testRoundTrip,
		"ranges":         testRanges,
		"conditions":     testConditions,
		"all or nothing": testAllOrNothing,
		"leases":         testLeases,
		"one of many":    testOneOfMany,
		"cancelled":      testCancelled,
		"break off":      testBreakOff,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// write makes an append of n leaves after the first size ones. Hashes need not be a true tree's here, only as many.
func write(tree string, size, token int64, n int) ledger.Write {
	w := ledger.Write{Tree: tree, Size: size, Token: token, Note: fmt.Appendf(nil, "note at %d\x00", size+int64(n))}
	for i := range int64(n) {
		w.Leaves = append(w.Leaves, fmt.Appendf(nil, `{"tree":"%s","n":%d}`, tree, size+i))
	}
	for i := tlog.StoredHashCount(size); i < tlog.StoredHashCount(size+int64(n)); i++ {
		w.Hashes = append(w.Hashes, hashAt(tree, i))
	}
	return w
}

func hashAt(tree string, index int64) tlog.Hash {
	return tlog.RecordHash(fmt.Appendf(nil, "%s %d", tree, index))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func leaves(t *testing.T, s ledger.Store, tree string, from, to int64) []ledger.Leaf {
	t.Helper()
	var out []ledger.Leaf
	for leaf, err := range s.Leaves(t.Context(), tree, from, to) {
		must(t, err)
		out = append(out, leaf)
	}
	return out
}

func testEmpty(t *testing.T, s ledger.Store) {
	heads, err := s.Heads(t.Context())
	must(t, err)
	head, err := s.Head(t.Context(), "nobody")
	must(t, err)
	if len(heads) != 0 || head.Size != 0 || head.Token != 0 || head.Tree != "nobody" {
		t.Errorf("an empty store has heads %v and the head %+v", heads, head)
	}
	if got := leaves(t, s, "nobody", 0, 10); len(got) != 0 {
		t.Errorf("an empty store has leaves: %v", got)
	}
	if _, err := s.Hashes(t.Context(), "nobody", []int64{0}); !errors.Is(err, ledger.ErrMissing) {
		t.Errorf("a hash of an empty tree: %v, want ErrMissing", err)
	}
}

func testRoundTrip(t *testing.T, s ledger.Store) {
	// Names in an order other than that of writing, and one that would break a careless query.
	for _, tree := range []string{"b", "a'--", "a"} {
		must(t, s.Append(t.Context(), write(tree, 0, 0, 5)))
		must(t, s.Append(t.Context(), write(tree, 5, 0, 2)))
	}
	heads, err := s.Heads(t.Context())
	must(t, err)
	want := []ledger.Head{}
	for _, tree := range []string{"a", "a'--", "b"} {
		want = append(want, ledger.Head{Tree: tree, Size: 7, Note: []byte("note at 7\x00")})
	}
	if diff := cmp.Diff(want, heads); diff != "" {
		t.Error("heads:", diff)
	}
	var wantLeaves []ledger.Leaf
	for i, data := range write("a", 0, 0, 7).Leaves {
		wantLeaves = append(wantLeaves, ledger.Leaf{Seq: int64(i), Data: data})
	}
	if diff := cmp.Diff(wantLeaves, leaves(t, s, "a", 0, 1<<62)); diff != "" {
		t.Error("leaves:", diff)
	}
}

func testRanges(t *testing.T, s ledger.Store) {
	must(t, s.Append(t.Context(), write("a", 0, 0, 100)))
	for _, r := range [][3]int64{{0, 0, 0}, {0, 1, 1}, {99, 200, 1}, {100, 200, 0}, {40, 60, 20}, {60, 40, 0}} {
		got := leaves(t, s, "a", r[0], r[1])
		if int64(len(got)) != r[2] || len(got) > 0 && got[0].Seq != r[0] {
			t.Errorf("leaves %d to %d: got %d of them", r[0], r[1], len(got))
		}
	}
	for _, indexes := range [][]int64{{0}, {5, 6, 7}, {7, 3}, {1, 2, 9, 10, 4}, {196, 3, 3}} {
		got, err := s.Hashes(t.Context(), "a", indexes)
		must(t, err)
		for i, index := range indexes {
			if got[i] != hashAt("a", index) {
				t.Errorf("hash %d of %v is another", i, indexes)
			}
		}
	}
	if _, err := s.Hashes(t.Context(), "a", []int64{3, tlog.StoredHashCount(100)}); !errors.Is(err, ledger.ErrMissing) {
		t.Errorf("a hash past the end: %v, want ErrMissing", err)
	}
}

func testConditions(t *testing.T, s ledger.Store) {
	must(t, s.Append(t.Context(), write("a", 0, 0, 3)))
	for _, size := range []int64{0, 2, 4} {
		if err := s.Append(t.Context(), write("a", size, 0, 1)); !errors.Is(err, ledger.ErrConflict) {
			t.Errorf("append at %d of 3: %v, want ErrConflict", size, err)
		}
	}
	if err := s.Append(t.Context(), write("a", 3, 1, 1)); !errors.Is(err, ledger.ErrFenced) {
		t.Errorf("append with a token never given: %v, want ErrFenced", err)
	}
	if got := leaves(t, s, "a", 0, 10); len(got) != 3 {
		t.Errorf("refused appends left %d leaves, want 3", len(got))
	}
}

// testAllOrNothing asks that an append that fails leaves nothing, and that the tree goes on where it was.
func testAllOrNothing(t *testing.T, s ledger.Store) {
	must(t, s.Append(t.Context(), write("a", 0, 0, 3)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Append(ctx, write("a", 3, 0, 1000)); err == nil {
		t.Fatal("an append with a cancelled context went through")
	}
	must(t, s.Append(t.Context(), write("a", 3, 0, 1)))
	if got := leaves(t, s, "a", 0, 1<<62); len(got) != 4 {
		t.Errorf("there are %d leaves, want 4", len(got))
	}
}

func testLeases(t *testing.T, s ledger.Store) {
	ctx, now := t.Context(), time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	first, err := s.Take(ctx, "a", "ann", now, now.Add(time.Minute))
	must(t, err)
	if first.Token != 1 || first.Before != "" || !first.Until.Equal(now.Add(time.Minute)) {
		t.Errorf("the first lease is %+v", first)
	}
	var held *ledger.HeldError
	_, err = s.Take(ctx, "a", "bob", now.Add(59*time.Second), now.Add(time.Hour))
	if !errors.As(err, &held) || !errors.Is(err, ledger.ErrHeld) || held.Owner != "ann" || !held.Until.Equal(first.Until) {
		t.Errorf("a lease that is held: %v", err)
	}
	if heads, err := s.Heads(ctx); err != nil || len(heads) != 0 {
		t.Errorf("a lease alone makes a tree: %v, %v", heads, err)
	}
	second, err := s.Take(ctx, "a", "bob", first.Until, now.Add(time.Hour))
	must(t, err)
	if second.Token != 2 || second.Before != "ann" {
		t.Errorf("the second lease is %+v", second)
	}
	if err := s.Append(ctx, write("a", 0, first.Token, 1)); !errors.Is(err, ledger.ErrFenced) {
		t.Errorf("append by the former holder: %v, want ErrFenced", err)
	}
	if err := s.Extend(ctx, first); !errors.Is(err, ledger.ErrFenced) {
		t.Errorf("extend by the former holder: %v, want ErrFenced", err)
	}
	must(t, s.Append(ctx, write("a", 0, second.Token, 1)))
	second.Until = time.Time{}
	must(t, s.Extend(ctx, second))
	third, err := s.Take(ctx, "a", "ann", now, now.Add(time.Minute))
	must(t, err)
	head, err := s.Head(ctx, "a")
	must(t, err)
	if third.Token != 3 || third.Before != "bob" || head.Token != 3 || head.Size != 1 {
		t.Errorf("after a release the lease is %+v and the head %+v", third, head)
	}
}

// testOneOfMany lets many take and write at once: exactly one may.
func testOneOfMany(t *testing.T, s ledger.Store) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	took, wrote := make(chan string, 20), make(chan int, 20)
	group, ctx := errgroup.WithContext(t.Context())
	for i := range 20 {
		group.Go(func() error {
			owner := fmt.Sprintf("owner %d", i)
			if _, err := s.Take(ctx, "leased", owner, now, now.Add(time.Minute)); err == nil {
				took <- owner
			} else if !errors.Is(err, ledger.ErrHeld) {
				return err
			}
			if err := s.Append(ctx, write("free", 0, 0, i+1)); err == nil {
				wrote <- i + 1
			} else if !errors.Is(err, ledger.ErrConflict) {
				return err
			}
			return nil
		})
	}
	must(t, group.Wait())
	if len(took) != 1 || len(wrote) != 1 {
		t.Fatalf("%d took the lease and %d wrote at 0, want one each", len(took), len(wrote))
	}
	if n := <-wrote; len(leaves(t, s, "free", 0, 100)) != n {
		t.Errorf("the tree has other leaves than the %d that went through", n)
	}
}

func testCancelled(t *testing.T, s ledger.Store) {
	must(t, s.Append(t.Context(), write("a", 0, 0, 10)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range s.Leaves(ctx, "a", 0, 10) {
		if err == nil {
			t.Fatal("leaves were read with a cancelled context")
		}
	}
	if _, err := s.Take(ctx, "a", "ann", time.Unix(1, 0), time.Unix(2, 0)); err == nil {
		t.Error("a lease was given with a cancelled context")
	}
}

// testBreakOff stops reading in the middle and writes in the middle of reading: neither may hang or fail.
func testBreakOff(t *testing.T, s ledger.Store) {
	must(t, s.Append(t.Context(), write("a", 0, 0, 10)))
	for range 20 {
		for leaf, err := range s.Leaves(t.Context(), "a", 0, 10) {
			must(t, err)
			if leaf.Seq == 3 {
				break
			}
		}
	}
	size := int64(10)
	for _, err := range s.Leaves(t.Context(), "a", 0, 10) {
		must(t, err)
		must(t, s.Append(t.Context(), write("a", size, 0, 1)))
		size++
	}
	if got := leaves(t, s, "a", 0, 100); int64(len(got)) != size {
		t.Errorf("there are %d leaves, want %d", len(got), size)
	}
}
