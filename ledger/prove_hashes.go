package ledger

import (
	"math/bits"
	"sort"

	"golang.org/x/mod/sumdb/tlog"
)

// unproven returns the runs of leaves, first and last, whose stored hashes do not hang under the signed root. A node is
// proven when its parent is and its sibling and it hash to the parent; so a forged leaf condemns only the smallest
// subtree that it doesn't fit into.
func (t *trial) unproven(size int64) [][2]int64 {
	if size == 0 {
		return nil
	}
	f, err := loadFold(size, tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			out[i] = t.storedAt(index)
		}
		return out, nil
	}))
	if err != nil {
		return [][2]int64{{0, size - 1}}
	}
	if root, err := f.root(); err != nil || root != t.signed.Root {
		return [][2]int64{{0, size - 1}}
	}
	var out [][2]int64
	for lo := int64(0); size > 0; {
		level := bits.Len64(uint64(size)) - 1
		out = t.descend(level, lo>>level, out)
		lo += 1 << level
		size -= 1 << level
	}
	return out
}

// descend checks the subtree under a proven node.
func (t *trial) descend(level int, n int64, out [][2]int64) [][2]int64 {
	if level == 0 {
		return out
	}
	left := t.storedAt(tlog.StoredHashIndex(level-1, 2*n))
	right := t.storedAt(tlog.StoredHashIndex(level-1, 2*n+1))
	if tlog.NodeHash(left, right) != t.storedAt(tlog.StoredHashIndex(level, n)) {
		return append(out, [2]int64{n << level, (n+1)<<level - 1})
	}
	return t.descend(level-1, 2*n+1, t.descend(level-1, 2*n, out))
}

func (t *trial) storedAt(index int64) tlog.Hash {
	if index < int64(len(t.stored)) {
		return t.stored[index]
	}
	return tlog.Hash{}
}

// longestRising says which elements belong to a longest strictly rising subsequence.
func longestRising(list []int64) []bool {
	tails := make([]int, 0, len(list)) // by length, the index of the smallest last element
	before := make([]int, len(list))
	for i, v := range list {
		at := sort.Search(len(tails), func(k int) bool { return list[tails[k]] >= v })
		before[i] = -1
		if at > 0 {
			before[i] = tails[at-1]
		}
		if at == len(tails) {
			tails = append(tails, i)
		} else {
			tails[at] = i
		}
	}
	out := make([]bool, len(list))
	if len(tails) == 0 {
		return out
	}
	for i := tails[len(tails)-1]; i >= 0; i = before[i] {
		out[i] = true
	}
	return out
}
