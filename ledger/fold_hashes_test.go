package ledger

import (
	"fmt"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// TestFold holds the fold against package tlog's own, slower way to the same hashes.
func TestFold(t *testing.T) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			out[i] = stored[index]
		}
		return out, nil
	})
	f := &fold{}
	for n := range int64(300) {
		want, err := tlog.TreeHash(n, reader)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := f.root(); err != nil || got != want {
			t.Fatalf("the root of %d leaves is %v, want %v (%v)", n, got, want, err)
		}
		loaded, err := loadFold(n, reader)
		if err != nil || !slices.Equal(loaded.peaks, f.peaks) || loaded.size != f.size {
			t.Fatalf("the fold of %d leaves loads as another: %v", n, err)
		}
		leaf := fmt.Appendf(nil, "leaf %d", n)
		hashes, err := tlog.StoredHashes(n, leaf, reader)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.add(tlog.RecordHash(leaf), nil); !slices.Equal(got, hashes) {
			t.Fatalf("leaf %d completes %v, want %v", n, got, hashes)
		}
		stored = append(stored, hashes...)
	}
}

func TestFoldClone(t *testing.T) {
	f := &fold{}
	for i := range 7 {
		f.add(tlog.RecordHash([]byte{byte(i)}), nil)
	}
	before, err := f.root()
	if err != nil {
		t.Fatal(err)
	}
	f.clone().add(tlog.RecordHash([]byte("more")), nil)
	if after, err := f.root(); err != nil || before != after {
		t.Errorf("a clone's leaf changed the original (%v)", err)
	}
}

func TestLongestRising(t *testing.T) {
	tests := map[string]struct{ list, moved []int64 }{
		"empty":      {nil, nil},
		"in order":   {[]int64{1, 2, 5}, nil},
		"swapped":    {[]int64{0, 1, 7, 3, 4, 5, 6, 2, 8}, []int64{7, 2}},
		"moved down": {[]int64{4, 0, 1, 2, 3}, []int64{4}},
		"moved up":   {[]int64{1, 2, 3, 4, 0}, []int64{0}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var moved []int64
			for i, stays := range longestRising(test.list) {
				if !stays {
					moved = append(moved, test.list[i])
				}
			}
			if !slices.Equal(moved, test.moved) {
				t.Errorf("moved %v, want %v", moved, test.moved)
			}
		})
	}
}

// TestLongestRisingHolds: what stays is in order, and nothing that moved would fit in.
func TestLongestRisingHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.Permutation([]int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}).Draw(t, "list")
		last, longest := int64(-1), 0
		for i, stays := range longestRising(list) {
			if !stays {
				continue
			}
			if list[i] <= last {
				t.Fatalf("%v is kept after %v", list[i], last)
			}
			last = list[i]
			longest++
		}
		if want := slowRising(list, -1); longest != want {
			t.Fatalf("%d stay, want %d", longest, want)
		}
	})
}

// slowRising is the length of the longest rising subsequence above floor, by trying all.
func slowRising(list []int64, floor int64) int {
	if len(list) == 0 {
		return 0
	}
	best := slowRising(list[1:], floor)
	if list[0] > floor {
		best = max(best, 1+slowRising(list[1:], list[0]))
	}
	return best
}
