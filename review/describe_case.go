package review

import (
	"fmt"
	"slices"
	"time"

	"github.com/quell-ir/quell"
)

// Case is what a report is made of.
type Case struct {
	// Incident is as it stands after the last record.
	Incident quell.Incident
	// Records is the whole ledger of the incident, from 0 without gaps.
	Records []quell.Record
	// Timeline and Graph are as package incident reads them; their elements convert one to one.
	Timeline []Moment
	Edges    []Edge
	// Odd names records that were read but not believed.
	Odd []string
	// Now is when the report is written, UTC; due dates are counted from it.
	Now time.Time
}

// Moment is one line of the timeline. Its fields are those of incident.Line, in order, so that one converts to the other.
type Moment struct {
	Time      time.Time `json:"time"`
	Estimated bool      `json:"estimated"`
	Lane      string    `json:"lane"`
	Text      string    `json:"text"`
	Judged    bool      `json:"judged,omitempty"`
	Event     string    `json:"event,omitempty"`
	Record    int64     `json:"record"`
}

// Edge is one relation between two entities, named by kind and id. Its fields are those of incident.Edge, in order.
type Edge struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Verb    string `json:"verb"`
	Finding string `json:"finding,omitempty"`
}

// entry is a record's payload with where the ledger has it.
type entry[T any] struct {
	seq  int64
	at   time.Time
	by   string
	step string
	what T
}

// facts are the records by kind, decoded once, with what several sections ask for.
type facts struct {
	Case
	findings  []entry[quell.Finding]
	scopes    []entry[quell.Scope]
	changes   []entry[quell.Change]
	notes     []entry[quell.Note]
	steps     []entry[quell.PlanStep] // every step ever bound, undo steps included
	bounds    []entry[quell.Bound]
	planned   []entry[quell.Planned]
	decisions []entry[quell.Decision]
	attempts  []entry[quell.Attempt]
	intents   []entry[quell.Intent]
	results   []entry[quell.Result]
	statuses  []entry[quell.StepChange]
	evidence  []entry[quell.Evidence]
	probes    []entry[quell.Probe]
	verdicts  []entry[quell.Verdict]
	undos     []entry[quell.UndoBound]
	closings  []entry[quell.Closing]
	opened    []entry[quell.Incident]
	calls     []sent
	times     moments
}

// sent is one call that left: its intent, and its result where one was recorded.
type sent struct {
	intent entry[quell.Intent]
	result *entry[quell.Result]
	step   quell.PlanStep
}

func gather(c Case) (*facts, error) {
	if len(c.Records) == 0 {
		return nil, &quell.Error{Code: quell.CodeFailed, What: "review an incident without records",
			Next: "see quell incident list for those that have some"}
	}
	f := &facts{Case: c}
	for i, r := range c.Records {
		if r.Seq != int64(i) {
			return nil, &quell.Error{Code: quell.CodeFailed, Next: "run quell ledger verify",
				What: fmt.Sprintf("review %s: record %d stands where %d belongs", c.Incident.ID, r.Seq, i)}
		}
		if err := f.take(r); err != nil {
			return nil, err
		}
	}
	f.pairCalls()
	f.times = f.findMoments()
	return f, nil
}

func (f *facts) take(r quell.Record) error {
	switch r.Kind {
	case quell.RecordOpened:
		return decode(&f.opened, r)
	case quell.RecordFinding:
		return decode(&f.findings, r)
	case quell.RecordScope:
		return decode(&f.scopes, r)
	case quell.RecordChanged:
		return decode(&f.changes, r)
	case quell.RecordNote:
		return decode(&f.notes, r)
	case quell.RecordPlanned:
		return decode(&f.planned, r)
	case quell.RecordDecision:
		return decode(&f.decisions, r)
	case quell.RecordAttempt:
		return decode(&f.attempts, r)
	case quell.RecordIntent:
		return decode(&f.intents, r)
	case quell.RecordResult:
		return decode(&f.results, r)
	case quell.RecordStep:
		return decode(&f.statuses, r)
	case quell.RecordEvidence:
		return decode(&f.evidence, r)
	case quell.RecordProbe:
		return decode(&f.probes, r)
	case quell.RecordVerdict:
		return decode(&f.verdicts, r)
	case quell.RecordClosed:
		return decode(&f.closings, r)
	case quell.RecordBound:
		if err := decode(&f.bounds, r); err != nil {
			return err
		}
		f.bind(r, f.bounds[len(f.bounds)-1].what.Steps)
	case quell.RecordUndo:
		if err := decode(&f.undos, r); err != nil {
			return err
		}
		f.bind(r, f.undos[len(f.undos)-1].what.Steps)
	}
	return nil // runs and waits say nothing that a report needs; kinds unknown here are in Case.Odd
}

func decode[T any](list *[]entry[T], r quell.Record) error {
	what, err := quell.Payload[T](r)
	if err != nil {
		return fmt.Errorf("review: %w", err)
	}
	*list = append(*list, entry[T]{r.Seq, r.Time.UTC(), r.By, r.Step, what})
	return nil
}

func (f *facts) bind(r quell.Record, steps []quell.PlanStep) {
	for _, s := range steps {
		f.steps = append(f.steps, entry[quell.PlanStep]{r.Seq, r.Time.UTC(), r.By, s.ID, s})
	}
}

// pairCalls gives each intent the next result of the same step and key.
func (f *facts) pairCalls() {
	type key struct{ step, key string }
	open := map[key][]int{}
	at := 0
	for _, in := range f.intents {
		for ; at < len(f.results) && f.results[at].seq < in.seq; at++ {
			f.answer(open[key{f.results[at].step, f.results[at].what.Key}], at)
		}
		step, _ := f.step(in.step)
		f.calls = append(f.calls, sent{intent: in, step: step.what})
		k := key{in.step, in.what.Key}
		open[k] = append(open[k], len(f.calls)-1)
	}
	for ; at < len(f.results); at++ {
		f.answer(open[key{f.results[at].step, f.results[at].what.Key}], at)
	}
}

// answer gives a result to the last call still without one: a call tried again after a crash leaves the first in doubt.
func (f *facts) answer(calls []int, result int) {
	for _, i := range slices.Backward(calls) {
		if f.calls[i].result == nil {
			f.calls[i].result = &f.results[result]
			return
		}
	}
}

func (f *facts) step(id string) (entry[quell.PlanStep], bool) {
	for _, s := range f.steps {
		if s.what.ID == id {
			return s, true
		}
	}
	return entry[quell.PlanStep]{}, false
}

// status is the last recorded standing of a step.
func (f *facts) status(id string) (entry[quell.StepChange], bool) {
	for _, s := range slices.Backward(f.statuses) {
		if s.step == id {
			return s, true
		}
	}
	return entry[quell.StepChange]{}, false
}

// scope is the last look at the subject.
func (f *facts) scope() (entry[quell.Scope], bool) {
	if len(f.scopes) == 0 {
		return entry[quell.Scope]{}, false
	}
	return f.scopes[len(f.scopes)-1], true
}

// seqs lists the numbers of records.
func seqs[T any](list []entry[T]) []int64 {
	var out []int64
	for _, e := range list {
		out = append(out, e.seq)
	}
	return out
}
