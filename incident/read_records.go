package incident

import (
	"fmt"
	"slices"
	"time"

	"github.com/quell-ir/quell"
)

// Entry is the payload of one record with where and when the ledger has it and who caused it.
type Entry[T any] struct {
	Seq  int64
	Time time.Time // when it was recorded, UTC
	By   string
	Step string
	What T
}

// View is all that the ledger tells about one incident. Lists are in ledger order. A View is read, never written to:
// it shares memory with the records it came from. Copy it with care: Apply on one copy may be seen through another.
type View struct {
	// Incident is as it stands after the last record. Its findings and entities are those of all findings and scopes.
	Incident quell.Incident

	Opened    Entry[quell.Incident]
	Findings  []Entry[quell.Finding] // each id once, the last telling
	Scopes    []Entry[quell.Scope]
	Changes   []Entry[quell.Change]
	Notes     []Entry[quell.Note]
	Bounds    []Entry[quell.Bound]
	Planned   []Entry[quell.Planned]
	Decisions []Entry[quell.Decision]
	Attempts  []Entry[quell.Attempt]
	Intents   []Entry[quell.Intent]
	Results   []Entry[quell.Result]
	Waits     []Entry[quell.Waited]
	Statuses  []Entry[quell.StepChange]
	Evidence  []Entry[quell.Evidence]
	Probes    []Entry[quell.Probe]
	Verdicts  []Entry[quell.Verdict]
	Runs      []Entry[quell.RunStarted]
	Undos     []Entry[quell.UndoBound]
	Closing   *Entry[quell.Closing]

	// Odd names what was read but not believed: kinds of records that a newer version wrote, changes that the state
	// machine forbids. People are told of each.
	Odd []string

	next int64 // the number the next record must have
}

// Read rebuilds a view from an incident's records, from 0 without gaps.
func Read(records []quell.Record) (View, error) {
	var v View
	if len(records) == 0 {
		return v, &quell.Error{Code: quell.CodeFailed, What: "the incident has no records",
			Next: "see quell incident list for those that exist"}
	}
	for _, r := range records {
		if err := v.Apply(r); err != nil {
			return v, err
		}
	}
	return v, nil
}

// Size is the number of records read.
func (v *View) Size() int64 { return v.next }

// Scope is the last word on what the subject did, or false where nobody has looked yet.
func (v *View) Scope() (quell.Scope, bool) {
	if len(v.Scopes) == 0 {
		return quell.Scope{}, false
	}
	return v.Scopes[len(v.Scopes)-1].What, true
}

// Verdict is the last verdict, or false where containment has not been judged.
func (v *View) Verdict() (quell.Verdict, bool) {
	if len(v.Verdicts) == 0 {
		return quell.Verdict{}, false
	}
	return v.Verdicts[len(v.Verdicts)-1].What, true
}

// Step finds a step as it was bound, to respond or to undo.
func (v *View) Step(id string) (quell.PlanStep, bool) {
	for _, b := range v.Bounds {
		if at := slices.IndexFunc(b.What.Steps, func(s quell.PlanStep) bool { return s.ID == id }); at >= 0 {
			return b.What.Steps[at], true
		}
	}
	for _, u := range v.Undos {
		if at := slices.IndexFunc(u.What.Steps, func(s quell.PlanStep) bool { return s.ID == id }); at >= 0 {
			return u.What.Steps[at], true
		}
	}
	return quell.PlanStep{}, false
}

func (v *View) odd(r quell.Record, format string, args ...any) {
	v.Odd = append(v.Odd, quell.Clean(fmt.Sprintf("record %d: ", r.Seq)+fmt.Sprintf(format, args...)))
}

// FindingList is the findings without their records, as Open, Group and Graph take them.
func (v *View) FindingList() []quell.Finding {
	out := make([]quell.Finding, 0, len(v.Findings))
	for _, f := range v.Findings {
		out = append(out, f.What)
	}
	return out
}
