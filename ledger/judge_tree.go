package ledger

import (
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// entry is one record as it was found: the hash of its bytes, the place it stands at, and the number it says it has (-1
// where it says none).
type entry struct {
	hash   tlog.Hash
	place  int64
	claims int64
}

// trial is everything that is known of one tree when it is judged.
type trial struct {
	tree    string
	entries []entry
	// stored are the tree hashes kept beside the records; zero where one is missing.
	stored []tlog.Hash
	// signed is the checkpoint that counts; nil where its signature is bad, which its reader reports.
	signed *Checkpoint
	// earlier are further signed checkpoints of this tree.
	earlier []Checkpoint
}

// judge compares what was found with what was signed. The root decides whether anything is wrong; then the stored hashes,
// as far as the signed root proves them, tell which record it is.
func (t *trial) judge() []Problem {
	roots, all, err := t.computeRoots()
	if err != nil {
		return []Problem{{Tree: t.tree, Seq: -1, What: err.Error()}}
	}
	n := int64(len(t.entries))
	if t.signed != nil && t.signed.Size == n && roots[n] == t.signed.Root {
		return append(t.judgeHashes(all), t.judgeEarlier(roots)...)
	}
	problems := t.judgeRecords(roots)
	for _, p := range t.judgeEarlier(roots) {
		// An earlier checkpoint adds something only where no record under it was named yet.
		if !slices.ContainsFunc(problems, func(named Problem) bool { return named.Seq >= 0 && named.Seq <= p.Last }) {
			problems = append(problems, p)
		}
	}
	if len(problems) == 0 && t.signed != nil {
		problems = append(problems, Problem{Tree: t.tree, Seq: -1, What: "the records do not lead to the signed root"})
	}
	return problems
}

// computeRoots folds the entries: the root at each size that a checkpoint speaks of, and all tree hashes.
func (t *trial) computeRoots() (map[int64]tlog.Hash, []tlog.Hash, error) {
	n := int64(len(t.entries))
	want := map[int64]bool{n: true}
	for _, c := range t.earlier {
		want[c.Size] = true
	}
	roots := make(map[int64]tlog.Hash, len(want))
	all := make([]tlog.Hash, 0, tlog.StoredHashCount(n))
	f := &fold{}
	for i := int64(0); ; i++ {
		// A checkpoint larger than the tree gets no root here; judgeEarlier tells it from a wrong one by its size.
		if want[i] {
			root, err := f.root()
			if err != nil {
				return nil, nil, fmt.Errorf("compute the root: %w", err)
			}
			roots[i] = root
		}
		if i == n {
			return roots, all, nil
		}
		all = f.add(t.entries[i].hash, all)
	}
}

// judgeHashes compares the stored hashes with those of proven records.
func (t *trial) judgeHashes(all []tlog.Hash) []Problem {
	var out []Problem
	for i, h := range all {
		if i < len(t.stored) && t.stored[i] == h {
			continue
		}
		level, at := tlog.SplitStoredHashIndex(int64(i))
		what := "the record is as signed, but its stored hash was changed or removed"
		if level > 0 {
			what = fmt.Sprintf("the records are as signed, but the stored hash over them (level %d) was changed or removed", level)
		}
		out = append(out, Problem{Tree: t.tree, Seq: at << level, Last: (at+1)<<level - 1, What: what})
	}
	if len(t.stored) > len(all) {
		out = append(out, Problem{Tree: t.tree, Seq: -1, What: "there are more stored hashes than records"})
	}
	return out
}

// judgeEarlier holds the records against the earlier checkpoints.
func (t *trial) judgeEarlier(roots map[int64]tlog.Hash) []Problem {
	var out []Problem
	n := int64(len(t.entries))
	for _, c := range t.earlier {
		switch {
		case c.Size > n:
			out = append(out, Problem{Tree: t.tree, Seq: n, Last: c.Size - 1,
				What: fmt.Sprintf("cut off: a signed checkpoint proves that there were %d records", c.Size)})
		case roots[c.Size] != c.Root && c.Size > 0:
			from := t.lastGood(roots, c.Size)
			out = append(out, Problem{Tree: t.tree, Seq: from, Last: c.Size - 1,
				What: fmt.Sprintf("at least one is not what was signed when there were %d records", c.Size)})
		}
	}
	return out
}

// lastGood is the size of the largest checkpoint below the given one that the records lead to.
func (t *trial) lastGood(roots map[int64]tlog.Hash, below int64) int64 {
	good := int64(0)
	for _, c := range t.earlier {
		if c.Size < below && c.Size > good && roots[c.Size] == c.Root {
			good = c.Size
		}
	}
	return good
}
