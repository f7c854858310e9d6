package ledger

import (
	"fmt"

	"github.com/quell-ir/quell"
)

// maxProblems bounds a report: a store that was overwritten whole has one problem, not a million.
const maxProblems = 1000

// Report is what verification found.
type Report struct {
	OK bool `json:"ok"`
	// Incident is the bundle's incident; empty for a store.
	Incident string `json:"incident,omitempty"`
	// Size counts records: of the bundle, or of all trees of the store. Root is the bundle's root hash in base64.
	Size int64  `json:"size"`
	Root string `json:"root,omitempty"`
	// Fingerprint is of the key that everything was verified with. Whoever replaces a bundle's records and its key
	// together is caught only by a reader who knows the fingerprint: Pinned says whether that was asked for.
	Fingerprint string `json:"fingerprint"`
	Pinned      bool   `json:"pinned"`
	// Evidence counts the artefacts whose content was checked.
	Evidence int `json:"evidence,omitempty"`
	// Repacked says that another program packed the bundle's files anew; they are proven all the same.
	Repacked bool       `json:"repacked,omitempty"`
	Trees    []TreeSize `json:"trees,omitempty"`
	Problems []Problem  `json:"problems"`
	// Unlisted counts the problems beyond those listed.
	Unlisted int `json:"unlisted,omitempty"`
}

// TreeSize is one verified tree of a store.
type TreeSize struct {
	Tree string `json:"tree"`
	Size int64  `json:"size"`
	Root string `json:"root"`
}

// Problem is one thing that is not as it was written.
type Problem struct {
	Tree string `json:"tree,omitempty"`
	// Seq is the record's number, -1 where the problem is with no record. Last is greater for a run of records, all of them
	// or, where What says so, at least one.
	Seq  int64  `json:"seq"`
	Last int64  `json:"last"`
	What string `json:"what"`
	// Name is the file or artefact, where it is one.
	Name string `json:"name,omitempty"`
}

// String tells the problem in one line, safe to print.
func (p Problem) String() string {
	where := ""
	switch {
	case p.Seq >= 0 && p.Last > p.Seq:
		where = fmt.Sprintf("records %d to %d", p.Seq, p.Last)
	case p.Seq >= 0:
		where = fmt.Sprintf("record %d", p.Seq)
	}
	if p.Tree != "" {
		if where != "" {
			where += " of "
		}
		where += p.Tree
	}
	if p.Name != "" {
		if where != "" {
			where += ", "
		}
		where += p.Name
	}
	return quell.Clean(where + ": " + p.What)
}

// First is the problem with the lowest record number, or the first one where none is about a record.
func (r Report) First() (Problem, bool) {
	if len(r.Problems) == 0 {
		return Problem{}, false
	}
	first := r.Problems[0]
	for _, p := range r.Problems[1:] {
		if p.Seq >= 0 && (first.Seq < 0 || p.Seq < first.Seq) && p.Tree == first.Tree {
			first = p
		}
	}
	return first, true
}

func (r *Report) add(p ...Problem) {
	for _, p := range p {
		if len(r.Problems) >= maxProblems {
			r.Unlisted++
			continue
		}
		p.Last = max(p.Last, p.Seq)
		r.Problems = append(r.Problems, p)
	}
}

// file adds a problem that is with a file and no record.
func (r *Report) file(name, format string, args ...any) {
	r.add(Problem{Seq: -1, Name: name, What: fmt.Sprintf(format, args...)})
}

func (r *Report) close() Report {
	r.OK = len(r.Problems) == 0
	if r.Problems == nil {
		r.Problems = []Problem{}
	}
	return *r
}
