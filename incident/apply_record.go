package incident

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/quell-ir/quell"
)

// Apply adds the next record to the view. A record of another incident, out of its place, or with a payload that its
// kind does not have is an error that names it, and leaves the view as it was.
func (v *View) Apply(r quell.Record) error {
	if r.Seq != v.next {
		return &quell.Error{Code: quell.CodeFailed, Next: "run quell ledger verify",
			What: fmt.Sprintf("read the ledger of %s: record %d stands where %d belongs", r.Incident, r.Seq, v.next)}
	}
	if v.next > 0 && r.Incident != v.Incident.ID {
		return &quell.Error{Code: quell.CodeFailed, Next: "run quell ledger verify",
			What: fmt.Sprintf("read the ledger of %s: record %d belongs to %s", v.Incident.ID, r.Seq, r.Incident)}
	}
	if v.next == 0 && r.Kind != quell.RecordOpened {
		return &quell.Error{Code: quell.CodeFailed, Next: "run quell ledger verify",
			What: fmt.Sprintf("read the ledger of %s: it starts with %s, not with the opening", r.Incident, r.Kind)}
	}
	if err := v.apply(r); err != nil {
		return err
	}
	v.next++
	return nil
}

func (v *View) apply(r quell.Record) error {
	switch r.Kind {
	case quell.RecordOpened:
		return v.applyOpened(r)
	case quell.RecordFinding:
		return v.applyFinding(r)
	case quell.RecordScope:
		return keep(&v.Scopes, r, v.applyScope)
	case quell.RecordChanged:
		return keep(&v.Changes, r, func(c quell.Change) { v.applyChange(r, c) })
	case quell.RecordNote:
		return keep(&v.Notes, r, nil)
	case quell.RecordBound:
		return keep(&v.Bounds, r, func(b quell.Bound) {
			v.Incident.Playbook = cmp.Or(v.Incident.Playbook, b.Playbook)
		})
	case quell.RecordPlanned:
		return keep(&v.Planned, r, nil)
	case quell.RecordDecision:
		return keep(&v.Decisions, r, nil)
	case quell.RecordAttempt:
		return keep(&v.Attempts, r, nil)
	case quell.RecordIntent:
		return keep(&v.Intents, r, func(quell.Intent) { v.advance(r.Step) })
	case quell.RecordResult:
		return keep(&v.Results, r, nil)
	case quell.RecordWaited:
		return keep(&v.Waits, r, nil)
	case quell.RecordStep:
		return keep(&v.Statuses, r, nil)
	case quell.RecordEvidence:
		return keep(&v.Evidence, r, nil)
	case quell.RecordProbe:
		return keep(&v.Probes, r, nil)
	case quell.RecordVerdict:
		return keep(&v.Verdicts, r, nil)
	case quell.RecordRun:
		return keep(&v.Runs, r, nil)
	case quell.RecordUndo:
		return keep(&v.Undos, r, nil)
	case quell.RecordClosed:
		return v.applyClosed(r)
	}
	v.odd(r, "its kind %q is unknown to this version of Quell and was not read", r.Kind)
	return nil
}

// keep decodes a record and appends it, then lets then see it.
func keep[T any](list *[]Entry[T], r quell.Record, then func(T)) error {
	what, err := quell.Payload[T](r)
	if err != nil {
		return err
	}
	*list = append(*list, Entry[T]{r.Seq, r.Time.UTC(), r.By, r.Step, what})
	if then != nil {
		then(what)
	}
	return nil
}

// applyOpened starts the view. A second opening cannot replace the first: whoever may append could else rewrite it.
func (v *View) applyOpened(r quell.Record) error {
	in, err := quell.Payload[quell.Incident](r)
	if err != nil {
		return err
	}
	if v.next > 0 {
		v.odd(r, "the incident was opened already")
		return nil
	}
	v.Opened = Entry[quell.Incident]{r.Seq, r.Time.UTC(), r.By, r.Step, in}
	v.Incident = in
	// The record says which incident this is; a payload that says otherwise is a forgery or a slip.
	if in.ID != r.Incident {
		v.odd(r, "it opens %q in the ledger of %s", in.ID, r.Incident)
		v.Incident.ID = r.Incident
	}
	v.Incident.Standing = cmp.Or(in.Standing, quell.Open)
	v.Incident.Phase = cmp.Or(in.Phase, quell.Detect)
	if in.Opened.IsZero() {
		v.Incident.Opened = v.Opened.Time
	}
	v.Incident.People = maps.Clone(in.People)
	return nil
}

// applyFinding merges a finding into the incident, and what a second telling adds into the first.
func (v *View) applyFinding(r quell.Record) error {
	f, err := quell.Payload[quell.Finding](r)
	if err != nil {
		return err
	}
	entry := Entry[quell.Finding]{r.Seq, r.Time.UTC(), r.By, r.Step, f}
	at := slices.IndexFunc(v.Findings, func(have Entry[quell.Finding]) bool { return have.What.ID == f.ID })
	if at >= 0 {
		// The first record stays the one that raised the alert; what the later telling adds is merged into it.
		v.Findings[at].What = mergeTellings([]quell.Finding{v.Findings[at].What, f})
		v.Incident = take(v.Incident, f)
		return nil
	}
	v.Findings = append(v.Findings, entry)
	if slices.Contains(v.Incident.Findings, f.ID) { // named at the opening: rated there over all of them
		v.Incident = take(v.Incident, f)
		return nil
	}
	v.Incident = Join(v.Incident, f)
	return nil
}

// applyScope takes over what was found around the subject.
func (v *View) applyScope(s quell.Scope) {
	v.Incident.Entities = reconcile(quell.MergeEntities(v.Incident.Entities, s.Entities))
	v.Incident.Account = cmp.Or(v.Incident.Account, s.Account)
	// Blind spots add up: what one look could not see, another look elsewhere does not reveal.
	v.Incident.Blind = union(v.Incident.Blind, s.Blind)
	if v.Incident.Phase == quell.Detect {
		v.Incident.Phase = quell.Analyse
	}
}

// applyChange does what a change says, unless the state machine forbids it: the record stays either way.
func (v *View) applyChange(r quell.Record, c quell.Change) {
	if c.What == ChangeSeverity {
		c.From = v.Incident.Severity.String()
	}
	if err := Next(v.Incident.Standing, c); err != nil && !errors.Is(err, ErrSame) {
		v.odd(r, "not applied: %v", err)
		return
	}
	switch c.What {
	case ChangeStanding:
		v.Incident.Standing = quell.Standing(c.To)
	case ChangeSeverity:
		_ = v.Incident.Severity.UnmarshalText([]byte(c.To)) // Next has parsed it
	case ChangePhase:
		v.Incident.Phase = quell.Phase(c.To)
	case ChangeMerge:
		v.Incident.MergedInto = c.To
	case ChangeAssign:
		role, person, _ := Assignment(c) // Next has parsed it
		people := maps.Clone(v.Incident.People)
		if people == nil {
			people = map[quell.Role]string{}
		}
		people[role] = person
		if person == "" {
			delete(people, role)
		}
		v.Incident.People = people
	}
}

// advance moves the phase on when a step of a later phase starts. It never moves back: evidence may be collected, and
// a deny put back, in any phase.
func (v *View) advance(step string) {
	order := []quell.Phase{quell.Detect, quell.Analyse, quell.Isolate, quell.Contain, quell.Eradicate, quell.Recover}
	s, ok := v.Step(step)
	if ok && slices.Index(order, s.Phase) > slices.Index(order, v.Incident.Phase) && slices.Contains(order, v.Incident.Phase) {
		v.Incident.Phase = s.Phase
	}
}

// applyClosed seals the view. Records may follow (an undo, late evidence), but no change of standing is applied.
func (v *View) applyClosed(r quell.Record) error {
	c, err := quell.Payload[quell.Closing](r)
	if err != nil {
		return err
	}
	if v.Closing != nil {
		v.odd(r, "the incident was closed already by record %d", v.Closing.Seq)
		return nil
	}
	v.Closing = &Entry[quell.Closing]{r.Seq, r.Time.UTC(), r.By, r.Step, c}
	v.Incident.Phase = quell.Closed
	// A dismissed incident stays known as a false alarm after its ledger is sealed.
	if v.Incident.Standing != quell.Dismissed {
		v.Incident.Standing = quell.Ended
	}
	return nil
}
