package run

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/quell-ir/quell"
)

// State is what the records of one incident say about its plan.
type State struct {
	Incident string
	Standing quell.Standing
	Playbook string
	// Applying is whether the run that began last may change anything.
	Applying bool
	// Runs counts runs; a step looked at in an earlier run is looked at again before anything is sent.
	Runs  int
	Order []string
	Steps map[string]*Step
	// ContainedAt is when the last containing call took effect.
	ContainedAt time.Time
	Probes      []quell.Probe
	// Proving is the index of the first probe made after the last containing call. Earlier ones prove nothing about it,
	// whatever their clock said.
	Proving   int
	Verdict   quell.Verdict
	Reapplied int
	Lift      bool
	Closed    bool
	// Merged says that another incident took this one over.
	Merged   bool
	evidence map[string]bool
}

// HasEvidence says whether a step has kept an artefact of that name.
func (s *State) HasEvidence(step, name string) bool { return s.evidence[step+"\x00"+name] }

// Step is one plan step as the records left it.
type Step struct {
	quell.PlanStep
	// Before is the first state ever seen; State the latest; After the latest one seen when calls had been sent.
	Before, State, After json.RawMessage
	Round                int
	// Fresh says that State was seen in this run and no call was sent since.
	Fresh    bool
	Settled  bool
	Refusal  string
	Progress []Progress // one per call of the latest plan
	Sent     []SentCall // every call that took effect or may have, in order of completion
	Open     *OpenIntent
	// Waited says that the pause after sending is over.
	Waited    bool
	Decisions []quell.Decision
	Outputs   json.RawMessage
	Unseen    []string
	// Asked are the calls of the latest plan that had any, with its digest: what was done, once nothing is left to do.
	Asked       []quell.Call
	AskedDigest string
	// LastError is the latest refusal or failure of a call.
	LastError *quell.Result
	LastOp    string
}

// Progress is how far one call of the latest plan has come.
type Progress struct {
	Done  bool
	Tries int
	Way   int
	Code  string // of the last failure
}

// SentCall is a call that took effect, filled as it was sent.
type SentCall struct {
	Call quell.Call
	At   time.Time
	// Doubtful: the answer never came.
	Doubtful bool
	// Before is the step's first state when this was sent: a step that was taken back and done again has a later one.
	Before json.RawMessage
}

// OpenIntent is a call that was written down and may have left.
type OpenIntent struct {
	quell.Intent
	At time.Time
}

// NewState is the state before the first record.
func NewState() *State {
	return &State{Steps: map[string]*Step{}, Standing: quell.Open, evidence: map[string]bool{}}
}

// Replay folds all records of an incident.
func Replay(records []quell.Record) (*State, error) {
	s := NewState()
	for _, r := range records {
		if err := s.Apply(r); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Apply folds one record. Kinds that do not concern the plan pass by.
func (s *State) Apply(r quell.Record) error {
	s.Incident = r.Incident
	switch r.Kind {
	case quell.RecordBound:
		return with(r, func(b quell.Bound) { s.Playbook = b.Playbook; s.bind(b.Steps) })
	case quell.RecordUndo:
		return with(r, func(u quell.UndoBound) { s.Lift = u.Lift; s.bind(u.Steps) })
	case quell.RecordRun:
		return with(r, s.startRun)
	case quell.RecordPlanned:
		return s.onStep(r, func(st *Step) error { return with(r, func(p quell.Planned) { s.planned(st, p) }) })
	case quell.RecordDecision:
		return with(r, func(d quell.Decision) {
			if st := s.Steps[d.Step]; st != nil {
				st.Decisions = append(st.Decisions, d)
			}
		})
	case quell.RecordIntent:
		return s.onStep(r, func(st *Step) error { return with(r, func(i quell.Intent) { intended(st, i, r.Time) }) })
	case quell.RecordResult:
		return s.onStep(r, func(st *Step) error { return with(r, func(x quell.Result) { s.resulted(st, x, r.Time) }) })
	case quell.RecordWaited:
		return s.onStep(r, func(st *Step) error { st.Waited, st.Fresh = true, false; return nil })
	case quell.RecordStep:
		return s.onStep(r, func(st *Step) error { return with(r, func(c quell.StepChange) { s.changed(st, c) }) })
	case quell.RecordProbe:
		return with(r, func(p quell.Probe) { s.Probes = append(s.Probes, p) })
	case quell.RecordVerdict:
		return with(r, func(v quell.Verdict) { s.Verdict = v })
	case quell.RecordChanged:
		return with(r, func(c quell.Change) {
			switch c.What {
			case "standing":
				s.Standing = quell.Standing(c.To)
			case "merge":
				s.Merged = true
			}
		})
	case quell.RecordOpened:
		return with(r, func(i quell.Incident) {
			if i.Standing != "" {
				s.Standing = i.Standing
			}
		})
	case quell.RecordEvidence:
		return with(r, func(e quell.Evidence) { s.evidence[r.Step+"\x00"+e.Name] = true })
	case quell.RecordClosed:
		s.Closed = true
	}
	return nil
}

func with[T any](r quell.Record, use func(T)) error {
	v, err := quell.Payload[T](r)
	if err != nil {
		return err
	}
	use(v)
	return nil
}

func (s *State) onStep(r quell.Record, use func(*Step) error) error {
	st := s.Steps[r.Step]
	if st == nil {
		return fmt.Errorf("%s record %d of %s names step %q, which no plan holds", r.Kind, r.Seq, r.Incident, r.Step)
	}
	return use(st)
}

func (s *State) bind(steps []quell.PlanStep) {
	for _, p := range steps {
		if have := s.Steps[p.ID]; have != nil {
			have.Needs = p.Needs // a later sighting may give it more to wait for, or more to do
			if p.Undo == "" && len(p.With) > 0 && !bytes.Equal(p.With, have.With) {
				have.With, have.Fresh = p.With, false
				if have.Status == quell.StepDone {
					have.Status = quell.StepPending
				}
			}
			if p.Undo != "" && have.Undo == p.Undo {
				// Asked for again, they go in the order of this asking.
				s.Order = append(slices.DeleteFunc(s.Order, func(id string) bool { return id == p.ID }), p.ID)
			}
			s.rebind(have)
			continue
		}
		switch {
		case p.Status == quell.StepRefused:
		case p.Mode == quell.Manual && p.Action == "":
			p.Status = quell.StepManual
		default:
			p.Status = quell.StepPending
		}
		s.Steps[p.ID] = &Step{PlanStep: p}
		s.Order = append(s.Order, p.ID)
	}
}

// rebind begins a step anew that had come to its end: one that was taken back is looked at as if for the first time, and
// an undo that is asked for again plans again. What was kept stays known, so that a false alarm can still give it back.
func (s *State) rebind(st *Step) {
	switch {
	case st.Undo != "" && st.Status == quell.StepDone:
	case st.Undo == "" && st.Status == quell.StepUndone:
		st.Before, st.State, st.After = nil, nil, nil
		st.Calls, st.Progress, st.Decisions, st.Digest = nil, nil, nil, ""
		st.Sent = slices.DeleteFunc(slices.Clone(st.Sent), func(c SentCall) bool { return c.Call.Kind != quell.Kept })
	default:
		return
	}
	st.Status, st.WhyNot = quell.StepPending, ""
	st.Fresh, st.Waited, st.Settled, st.Refusal, st.Round = false, false, false, "", 0
}

// startRun makes every step be looked at afresh; what failed or was refused gets a new chance.
func (s *State) startRun(r quell.RunStarted) {
	s.Applying = r.Apply
	s.Runs++
	for _, st := range s.Steps {
		st.Fresh = false
		st.Round = 0
		st.Waited = false
		st.LastError = nil
		switch st.Status {
		case quell.StepFailed, quell.StepRefused, quell.StepReady, quell.StepWaiting, quell.StepRunning:
			if st.Action == "" {
				continue
			}
			st.Status = quell.StepPending
			st.WhyNot = ""
		}
	}
}

func (s *State) planned(st *Step, p quell.Planned) {
	if st.Before == nil {
		st.Before = p.State
		if p.Before != nil {
			// Another incident came first: what is there now is its doing, not what undo must go back to.
			st.Before = p.Before
		}
	}
	st.State = p.State
	if len(st.Sent) > 0 && (len(p.Calls) == 0 || st.After == nil || st.Status == quell.StepRunning) {
		// What Quell left is seen when nothing is left to do, or, where it gives up, last; a look of a later run may show
		// what others made of it.
		st.After = p.State
	}
	if st.Status == quell.StepDone && len(p.Calls) > 0 && s.Applying {
		st.Status = quell.StepRunning
		s.Reapplied++
	}
	if len(p.Calls) > 0 {
		st.Asked, st.AskedDigest = p.Calls, p.Digest
	}
	st.Round = p.Round
	st.Calls = p.Calls
	st.Digest = p.Digest
	st.Settled = p.Settled
	st.Refusal = p.Refused
	st.Breaks, st.Unseen = p.Breaks, p.Unseen
	st.Irreversible = slices.ContainsFunc(p.Calls, func(c quell.Call) bool { return c.Kind == quell.Irreversible })
	if p.Outputs != nil {
		st.Outputs = p.Outputs
	}
	st.Progress = make([]Progress, len(p.Calls))
	st.Fresh = true
}

func intended(st *Step, i quell.Intent, at time.Time) {
	st.Open = &OpenIntent{Intent: i, At: at}
	st.Status = quell.StepRunning
	st.Waited = false
	if i.Of < len(st.Progress) {
		p := &st.Progress[i.Of]
		p.Tries++
		p.Way = i.Way
	}
}

func (s *State) resulted(st *Step, x quell.Result, at time.Time) {
	open := st.Open
	st.Open = nil
	if open == nil || open.Of >= len(st.Calls) {
		return
	}
	p := &st.Progress[open.Of]
	planned, _ := st.Calls[open.Of].Way(open.Way)
	planned.Input, planned.Edit = open.Input, open.Edit
	if x.OK || doubtful(x.Code) {
		st.Sent = append(st.Sent, SentCall{Call: planned, At: at, Doubtful: !x.OK, Before: st.Before})
	}
	if x.OK {
		p.Done = true
		p.Code = ""
		if contains(st, planned) {
			s.contained(at)
		}
		return
	}
	p.Code = x.Code
	st.LastError = &x
	st.LastOp = planned.Op
}

// contains says whether a call shuts somebody out: all that a containing step does, and a deny wherever it stands, as in a
// sweep that found another way in.
func contains(st *Step, c quell.Call) bool {
	return st.Undo == "" && (st.Phase == quell.Contain || c.Denies != nil)
}

// contained moves the moment of containment. It never goes back, though a clock may: what was proven before the last
// containing call was proven without it.
func (s *State) contained(at time.Time) {
	if at.After(s.ContainedAt) {
		s.ContainedAt = at
	}
	s.Proving = len(s.Probes)
}

// Codes after which nobody knows whether the call was carried out. Undo must know of such a call.
const (
	// CodeInDoubt is the code of a call that was on its way when the run died.
	CodeInDoubt = "InDoubt"
	// CodeNoAnswer is the code of a call whose answer was lost; package call gives it.
	CodeNoAnswer = "NoAnswer"
	// CodeNotApplied is the code of an edit that was accepted and could not be seen when read back.
	CodeNotApplied = "NotApplied"
)

func doubtful(code string) bool {
	return code == CodeInDoubt || code == CodeNoAnswer || code == CodeNotApplied
}

func (s *State) changed(st *Step, c quell.StepChange) {
	st.Status = c.Status
	st.WhyNot = c.Why
	st.Round, st.LastError = 0, nil
	if c.Status == quell.StepDone {
		// A call whose answer was lost contains from here on: looking again showed its effect.
		for _, sent := range st.Sent {
			if contains(st, sent.Call) && sent.At.After(s.ContainedAt) {
				s.contained(sent.At)
			}
		}
	}
	if c.Status == quell.StepDone || c.Status == quell.StepSkipped {
		// What was seen before a step that others need came to its end is out of date for those others.
		for _, other := range s.Steps {
			if slices.Contains(other.Needs, st.ID) {
				other.Fresh = false
			}
		}
	}
	if of := s.Steps[st.Undo]; c.Status == quell.StepDone && of != nil && (len(st.Sent) > 0 || ownsNothing(of)) {
		of.Status = quell.StepUndone
		// The yes was to doing it, and somebody has said since that it be taken back.
		of.Decisions = nil
		s.release()
	}
}

// release forgets when containment took hold once nothing that contains is in place any more.
func (s *State) release() {
	for _, st := range s.Steps {
		if st.Phase == quell.Contain && st.Undo == "" && st.Status != quell.StepUndone && len(st.Sent) > 0 {
			return
		}
	}
	s.ContainedAt = time.Time{}
	s.Verdict = quell.Verdict{}
}

// ownsNothing says that a step which an undo found with nothing to take back did more than what is kept: others took it
// back before.
func ownsNothing(of *Step) bool {
	return slices.ContainsFunc(of.Sent, func(c SentCall) bool { return c.Call.Kind == quell.Reversible && c.Call.Undo != nil })
}

// Plan is the state as users see it.
func (s *State) Plan() quell.Plan {
	p := quell.Plan{Playbook: s.Playbook}
	for _, id := range s.Order {
		p.Steps = append(p.Steps, s.Steps[id].PlanStep)
	}
	return p
}

// Clone copies the state so that both can go on independently.
func (s *State) Clone() *State {
	c := *s
	c.Order = slices.Clone(s.Order)
	c.Probes = slices.Clone(s.Probes)
	c.Steps = maps.Clone(s.Steps)
	c.evidence = maps.Clone(s.evidence)
	for id, st := range c.Steps {
		copied := *st
		copied.Progress = slices.Clone(st.Progress)
		copied.Sent = slices.Clone(st.Sent)
		copied.Decisions = slices.Clone(st.Decisions)
		c.Steps[id] = &copied
	}
	return &c
}
