package ledger

import (
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// fold is a Merkle tree reduced to what its next leaf needs: the roots of its complete subtrees, largest first. It
// has one peak per set bit of size, at most 63, so a tree of any length is checked in constant memory.
type fold struct {
	size  int64
	peaks []tlog.Hash
}

// add appends a leaf's hash and returns the hashes that it completes, in the order in which a store keeps them: the
// leaf's own, then each subtree's that it is the last leaf of.
func (f *fold) add(leaf tlog.Hash, out []tlog.Hash) []tlog.Hash {
	out = append(out, leaf)
	h := leaf
	for n := f.size; n&1 == 1; n >>= 1 {
		last := len(f.peaks) - 1
		h = tlog.NodeHash(f.peaks[last], h)
		f.peaks = f.peaks[:last]
		out = append(out, h)
	}
	f.peaks = append(f.peaks, h)
	f.size++
	return out
}

// root is the tree's hash, by RFC 6962 also for no leaves.
func (f *fold) root() (tlog.Hash, error) {
	if len(f.peaks) == 0 {
		return tlog.TreeHash(0, nil)
	}
	h := f.peaks[len(f.peaks)-1]
	for i := len(f.peaks) - 2; i >= 0; i-- {
		h = tlog.NodeHash(f.peaks[i], h)
	}
	return h, nil
}

// clone is a copy that can be advanced without touching f.
func (f *fold) clone() *fold {
	return &fold{size: f.size, peaks: append(make([]tlog.Hash, 0, 64), f.peaks...)}
}

// peakIndexes are the places at which a store keeps the peaks of a tree of the given size.
func peakIndexes(size int64) []int64 {
	var out []int64
	for lo := int64(0); size > 0; {
		level := bits.Len64(uint64(size)) - 1
		out = append(out, tlog.StoredHashIndex(level, lo>>level))
		lo += 1 << level
		size -= 1 << level
	}
	return out
}

// loadFold makes a fold of a tree of the given size from its stored hashes.
func loadFold(size int64, hashes tlog.HashReader) (*fold, error) {
	f := &fold{size: size, peaks: make([]tlog.Hash, 0, 64)}
	if size == 0 {
		return f, nil
	}
	peaks, err := hashes.ReadHashes(peakIndexes(size))
	if err != nil {
		return nil, fmt.Errorf("read the tree's hashes: %w", err)
	}
	f.peaks = append(f.peaks, peaks...)
	return f, nil
}
