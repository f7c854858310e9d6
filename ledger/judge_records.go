package ledger

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// judgeRecords names the records that are not as signed, when it is known that some are not.
func (t *trial) judgeRecords(roots map[int64]tlog.Hash) []Problem {
	size := t.expectedSize()
	home := make(map[tlog.Hash]int64, size)
	for n := range size {
		if h := t.leafHash(n); h != (tlog.Hash{}) {
			home[h] = n
		}
	}
	m := t.matchEntries(home, size)
	problems := m.problems
	problems = append(problems, t.nameMoved(m)...)
	problems = append(problems, t.nameAbsent(m, size)...)
	if t.signed != nil {
		problems = append(problems, t.nameForged(m, size, roots)...)
	}
	return problems
}

// expectedSize is how many records there should be: as signed, or else as many as were found.
func (t *trial) expectedSize() int64 {
	if t.signed != nil {
		return t.signed.Size
	}
	return int64(len(t.entries))
}

// leafHash is the stored hash of record n, zero where there is none.
func (t *trial) leafHash(n int64) tlog.Hash {
	if i := tlog.StoredHashIndex(0, n); i < int64(len(t.stored)) {
		return t.stored[i]
	}
	return tlog.Hash{}
}

// What became of a record number.
const (
	absent = iota
	intact
	changed
)

// match is the assignment of what was found to the numbers it should have.
type match struct {
	fate     []uint8 // by number
	order    []int64 // numbers of the intact ones in the order they were found
	places   []int64 // where each of these stands
	problems []Problem
}

// matchEntries finds each entry's number by its hash. What has no known hash was changed; it is taken for the record it
// claims to be, or the one whose place it stands at, and is an addition if that one is there besides.
func (t *trial) matchEntries(home map[tlog.Hash]int64, size int64) *match {
	m := &match{fate: make([]uint8, size)}
	// Strangers wait until all others have their numbers: a forged record may claim the number of a true one.
	var strangers []entry
	for _, e := range t.entries {
		n, known := home[e.hash]
		switch {
		case !known:
			strangers = append(strangers, e)
		case m.fate[n] == intact:
			m.problems = append(m.problems, Problem{Tree: t.tree, Seq: n,
				What: fmt.Sprintf("stands a second time, at place %d", e.place)})
		default:
			m.fate[n] = intact
			m.order = append(m.order, n)
			m.places = append(m.places, e.place)
		}
	}
	for _, e := range strangers {
		n := e.claims
		if n < 0 || n >= size || m.fate[n] != absent {
			n = e.place
		}
		if n >= size || m.fate[n] != absent {
			m.problems = append(m.problems, Problem{Tree: t.tree, Seq: e.place, What: "was added: it is not covered by the signed checkpoint"})
			continue
		}
		m.fate[n] = changed
		m.problems = append(m.problems, Problem{Tree: t.tree, Seq: n, What: "was changed"})
	}
	return m
}

// nameMoved names the fewest records whose removal puts the rest in order.
func (t *trial) nameMoved(m *match) []Problem {
	var out []Problem
	stays := longestRising(m.order)
	for i := 0; i < len(stays); i++ {
		if stays[i] {
			continue
		}
		first := i
		// A block that was moved as one is told as one.
		for i+1 < len(stays) && !stays[i+1] && m.order[i+1] == m.order[i]+1 && m.places[i+1] == m.places[i]+1 {
			i++
		}
		out = append(out, Problem{Tree: t.tree, Seq: m.order[first], Last: m.order[i],
			What: fmt.Sprintf("moved: found at place %d", m.places[first])})
	}
	return out
}

// nameAbsent names the runs of records that are not there.
func (t *trial) nameAbsent(m *match, size int64) []Problem {
	var out []Problem
	for n := int64(0); n < size; n++ {
		if m.fate[n] != absent {
			continue
		}
		first := n
		for n+1 < size && m.fate[n+1] == absent {
			n++
		}
		what := "missing"
		if n == size-1 {
			what = fmt.Sprintf("missing: the ledger was cut off, a signed checkpoint covers %d records", size)
		}
		out = append(out, Problem{Tree: t.tree, Seq: first, Last: n, What: what})
	}
	return out
}

// nameForged names the narrowest runs of records whose stored hashes the signed root doesn't prove although records and
// hashes agree: they were changed together.
func (t *trial) nameForged(m *match, size int64, roots map[int64]tlog.Hash) []Problem {
	var out []Problem
	for _, r := range t.unproven(size) {
		named := false
		for n := r[0]; n <= r[1]; n++ {
			named = named || m.fate[n] != intact
		}
		if named {
			// A record in it is already said to be bad.
			continue
		}
		first, last := max(r[0], t.lastGood(roots, r[1]+1)), r[1]
		for _, c := range t.earlier {
			if c.Size > first && c.Size <= last && roots[c.Size] != c.Root {
				last = c.Size - 1
			}
		}
		out = append(out, Problem{Tree: t.tree, Seq: first, Last: last,
			What: "at least one was changed together with the stored hashes: the signed root does not cover what is there"})
	}
	return out
}
