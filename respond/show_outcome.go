package respond

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/act"
	"github.com/quell-ir/quell/incident"
	"github.com/quell-ir/quell/run"
)

// State says in a word where a plan stands.
type State string

// The states of a plan. Scripts depend on them.
const (
	Planned State = "planned"
	Waiting State = "waiting"
	Running State = "running"
	Done    State = "done"
	Refused State = "refused"
	Failed  State = "failed"
)

// Outcome is what a response, a run or an undo came to. Its JSON is a promise to scripts.
type Outcome struct {
	Incident    string             `json:"incident"`
	State       State              `json:"state"`
	Verdict     quell.VerdictValue `json:"verdict"`
	Proof       quell.Proof        `json:"proof"`
	SeenThrough string             `json:"seen_through"`
	Blind       []string           `json:"blind"`
	Plan        quell.Plan         `json:"plan"`

	Title    string         `json:"title"`
	Severity quell.Severity `json:"severity"`
	Why      string         `json:"why"`
	KnownBy  string         `json:"known_by,omitempty"`
	Scope    *quell.Scope   `json:"scope,omitempty"`
	// Attempts are approvals that came to nothing in this call.
	Attempts []quell.Attempt `json:"attempts,omitempty"`
	View     *incident.View  `json:"-"`
	Run      *run.State      `json:"-"`
}

// Show reads an incident's outcome from the ledger without touching anything.
func (d *Desk) Show(ctx context.Context, id string) (Outcome, error) {
	records, err := d.Log.Records(ctx, id, 0)
	if err != nil {
		return Outcome{}, fmt.Errorf("read incident %s: %w", id, err)
	}
	if len(records) == 0 {
		return Outcome{}, unknown(id)
	}
	s := &session{desk: d}
	if err := s.read(records); err != nil {
		return Outcome{}, err
	}
	return s.outcome(nil), nil
}

// outcome sums a session up. only narrows the plan to some steps, as for undo.
func (s *session) outcome(only func(*run.Step) bool) Outcome {
	st := s.driver.State
	in := s.view.Incident
	v := run.Judge(st, s.desk.Clock.Now())
	out := Outcome{
		Incident: in.ID, Verdict: v.Verdict, Proof: v.Proof, Blind: union(v.Blind, in.Blind), Why: v.Why,
		Title: in.Title, Severity: in.Severity, View: &s.view, Run: st,
	}
	if st.ContainedAt.IsZero() {
		out.Verdict, out.Why = "", ""
	}
	if !v.SeenThrough.IsZero() {
		out.SeenThrough = v.SeenThrough.UTC().Format(time.RFC3339)
	}
	if !v.KnownBy.IsZero() {
		out.KnownBy = v.KnownBy.UTC().Format(time.RFC3339)
	}
	if found, ok := wholeScope(&s.view); ok {
		out.Scope = &found
		out.Blind = union(out.Blind, found.Blind)
	}
	if only == nil {
		only = func(st *run.Step) bool { return st.Undo == "" }
	}
	out.Plan.Playbook = st.Playbook
	out.Plan.Steps = []quell.PlanStep{}
	var shown []*run.Step
	for _, id := range st.Order {
		if step := st.Steps[id]; only(step) {
			shown = append(shown, step)
			out.Plan.Steps = append(out.Plan.Steps, s.show(step))
		}
	}
	for _, step := range shown {
		out.Blind = union(out.Blind, step.Unseen)
	}
	if digest, err := act.PlanDigest(out.Plan.Steps); err == nil {
		out.Plan.Digest = digest
	}
	out.State = s.state(shown, out.Plan.Steps)
	return out
}

// show completes a step for people and scripts: its present mode and standing, what it reads, its commands.
func (s *session) show(st *run.Step) quell.PlanStep {
	p := st.PlanStep
	if s.automatic(p) {
		p.Mode = quell.Auto
	}
	if a, ok := s.desk.Actions.Find(p.Action); ok {
		p.Reads = a.Reads
		p.Irreversible = p.Irreversible || a.Irreversible
	}
	if len(p.Calls) == 0 && len(st.Sent) > 0 {
		// Nothing is left to do; what was done is what people and scripts look for.
		p.Calls, p.Digest = st.Asked, st.AskedDigest
	}
	if p.Digest == "" {
		p.Digest, _ = act.StepDigest(p, p.Calls)
	}
	p.CLI = s.driver.Actor.Commands(p.Calls)
	switch {
	case p.Status == quell.StepPending && p.Mode == quell.Manual:
		p.Status = quell.StepManual
	case s.driver.NeedsPerson(st) && !s.automatic(p) && p.Mode != quell.Manual:
		p.Status = quell.StepWaiting
	case p.Status == quell.StepPending && st.Fresh && len(p.Calls) > 0:
		p.Status = quell.StepReady
	}
	if p.WhyNot == "" && p.Undo != "" {
		p.WhyNot = strings.Join(notTakenBack(p.Breaks), "; ")
	}
	p.Calls = orEmpty(p.Calls)
	p.Breaks = orEmpty(p.Breaks)
	p.Reads = orEmpty(p.Reads)
	p.CLI = orEmpty(p.CLI)
	return p
}

// notTakenBack are the parts of an undo that stay, with the reason, which a preview must say too.
func notTakenBack(breaks []string) []string {
	var out []string
	for _, b := range breaks {
		if why, stays := strings.CutPrefix(b, "not taken back: "); stays {
			out = append(out, why)
		}
	}
	return out
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// automatic says whether policy sets a step in motion by itself now: confirming an incident can make it so, dismissing it
// or lowering the level ends it, whatever the step was bound as. A step that no playbook at hand knows waits for a person.
func (s *session) automatic(p quell.PlanStep) bool {
	if p.Mode == quell.Manual || p.Undo != "" {
		return false
	}
	book, ok := s.book(s.view.Incident, quell.Scope{})
	if !ok {
		return false
	}
	for _, step := range book.Steps {
		if step.ID != p.ID && (len(p.ID) <= len(step.ID) || p.ID[:len(step.ID)+1] != step.ID+".") {
			continue
		}
		for _, info := range s.desk.infos() {
			if info.Name == p.Action && p.Action == step.Action && s.mode(step, info) == quell.Auto {
				return true
			}
		}
	}
	return false
}

// state sums the steps up. What failed weighs most, for containment is then not what the plan says.
func (s *session) state(steps []*run.Step, shown []quell.PlanStep) State {
	has := func(status quell.StepStatus) bool {
		return slices.ContainsFunc(shown, func(p quell.PlanStep) bool { return p.Status == status })
	}
	undo := slices.ContainsFunc(steps, func(st *run.Step) bool { return st.Undo != "" })
	// A plan without what contains is no plan; one that lacks, say, the sweep for want of a permission still is.
	gap := slices.ContainsFunc(shown, func(p quell.PlanStep) bool {
		return p.Status == quell.StepFailed && (p.Phase == quell.Contain || s.driver.State.Applying || undo)
	})
	switch {
	case gap, has(quell.StepRefused) && !undo && s.driver.State.Applying:
		return Failed
	case has(quell.StepRefused) && undo:
		return Refused
	case !s.driver.State.Applying:
		return Planned
	case has(quell.StepWaiting):
		return Waiting
	case has(quell.StepRunning):
		return Running
	case has(quell.StepReady), has(quell.StepPending):
		return Planned
	}
	return Done
}
