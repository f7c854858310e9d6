package respond

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/approve"
	"github.com/quell-ir/quell/plan"
	"github.com/quell-ir/quell/run"
	"github.com/quell-ir/quell/source/scope"
)

// Options say how far a response may go.
type Options struct {
	// Apply carries out what policy and decisions allow.
	Apply bool
	// Wait is how long to stay and watch.
	Wait time.Duration
	// Again binds steps anew that were taken back: somebody named the subject again, after an undo. Without it, as when a
	// run goes on, what a person took back stays taken back. The calls are planned afresh and need a yes of their own.
	Again bool
}

// Respond continues an incident: it finds out the scope, binds the plan, shows or carries it out, and judges whether
// containment holds. When applying, what contains goes first and the rest of the scope is read afterwards.
func (d *Desk) Respond(ctx context.Context, id string, o Options) (out Outcome, err error) {
	s, err := d.open(ctx, id)
	if err != nil {
		return Outcome{}, err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	if s.view.Incident.Standing == quell.Ended {
		return s.outcome(nil), &quell.Error{
			Code: quell.CodeRefused, What: "incident " + id + " is closed", Next: "respond to what is new; it opens its own incident",
		}
	}
	if !o.Apply {
		if err := s.learn(ctx); err != nil {
			return s.outcome(nil), err
		}
	}
	if err := s.bind(ctx); err != nil {
		return s.outcome(nil), err
	}
	if o.Again {
		if err := s.bindAgain(ctx); err != nil {
			return s.outcome(nil), err
		}
	}
	started := quell.RunStarted{Apply: o.Apply, Credentials: d.Credentials}
	if err := s.driver.Start(ctx, started); err != nil {
		return s.outcome(nil), err
	}
	if !o.Apply {
		if err := s.driver.Run(ctx, 0); err != nil {
			return s.outcome(nil), err
		}
		out := s.outcome(nil)
		d.judgePermissions(ctx, &out)
		return out, nil
	}
	err = s.apply(ctx, o.Wait)
	return s.outcome(nil), err
}

func (s *session) apply(ctx context.Context, wait time.Duration) error {
	contains := func(st *run.Step) bool { return st.Phase == quell.Contain }
	if err := s.driver.SettleSome(ctx, contains); err != nil {
		return err
	}
	if err := s.learn(ctx); err != nil {
		return err
	}
	if err := s.bind(ctx); err != nil {
		return err
	}
	return s.driver.Run(ctx, wait)
}

// lookBack is how long before the first known hostile act the subject's doings are read, for who else uses it.
const lookBack = 24 * time.Hour

// learn reads what the incident's principals did and records it as the scope.
func (s *session) learn(ctx context.Context) error {
	in := s.view.Incident
	now := s.desk.Clock.Now()
	if s.desk.Trail == nil {
		return nil
	}
	since := now.Add(-lookBack)
	if !in.Since.IsZero() && in.Since.Add(-lookBack).Before(since) {
		since = in.Since.Add(-lookBack)
	}
	sighting, err := s.desk.Trail(ctx, principals(in), since)
	if err != nil {
		return fmt.Errorf("read what %s did: %w", cmp.Or(in.Subject.Name, in.Subject.ID), err)
	}
	found := attribute(in, s.view.FindingList(), sighting, scope.Scope(in.Subject, sighting, now))
	if have, ok := s.view.Scope(); ok && sameScope(have, found) {
		return nil
	}
	return s.recordScope(ctx, found)
}

// bind chooses the playbook once, and binds every step that is not bound yet.
func (s *session) bind(ctx context.Context) error {
	in := s.view.Incident
	found, _ := s.view.Scope()
	book, ok := s.book(in, found)
	if !ok {
		return &quell.Error{
			Code: quell.CodeFailed, What: fmt.Sprintf("no playbook answers incident %s (%s)", in.ID, in.Title),
			Next: "see `quell playbooks list`; run single actions by hand, or write a playbook for this kind",
		}
	}
	steps, err := plan.Bind(book, in, found, plan.Options{Actions: s.desk.infos(), Mode: s.mode, Bound: s.boundSteps(), Compiled: s.desk.Compiled})
	if err != nil {
		return fmt.Errorf("bind playbook %s: %w", book.ID, err)
	}
	steps = slices.DeleteFunc(steps, func(p quell.PlanStep) bool {
		// A step known already is told again only where it has more to wait for.
		have := s.driver.State.Steps[p.ID]
		return have != nil && slices.Equal(have.Needs, p.Needs)
	})
	if len(steps) == 0 {
		return nil
	}
	return s.record(ctx, quell.RecordBound, quell.Bound{Playbook: book.ID, Version: book.Version, Steps: steps})
}

// bindAgain binds every step that was taken back, unless the incident turned out to be a false alarm.
func (s *session) bindAgain(ctx context.Context) error {
	if s.view.Incident.Standing == quell.Dismissed {
		return nil
	}
	var steps []quell.PlanStep
	for _, id := range s.driver.State.Order {
		if st := s.driver.State.Steps[id]; st.Undo == "" && st.Status == quell.StepUndone {
			steps = append(steps, st.PlanStep)
		}
	}
	if len(steps) == 0 {
		return nil
	}
	for i := range steps {
		// How it went the last time is no part of what is bound.
		steps[i].Status, steps[i].WhyNot, steps[i].Digest = quell.StepPending, "", ""
		steps[i].Calls, steps[i].Breaks, steps[i].CLI = nil, nil, nil
	}
	return s.record(ctx, quell.RecordBound, quell.Bound{Playbook: s.driver.State.Playbook, Steps: steps})
}

func (s *session) book(in quell.Incident, found quell.Scope) (quell.Playbook, bool) {
	if bound := s.driver.State.Playbook; bound != "" {
		i := slices.IndexFunc(s.desk.Books, func(b quell.Playbook) bool { return b.ID == bound })
		if i >= 0 {
			return s.desk.Books[i], true
		}
	}
	return plan.Choose(in, found, s.desk.Books, s.desk.Compiled)
}

func (s *session) mode(step quell.Step, a plan.ActionInfo) quell.Mode {
	return approve.Mode(s.desk.People.Level, step, a.Phase, a.Collects, a.Irreversible, s.view.Incident)
}

func (s *session) boundSteps() []quell.PlanStep {
	var out []quell.PlanStep
	for _, id := range s.driver.State.Order {
		if st := s.driver.State.Steps[id]; st.Undo == "" {
			out = append(out, st.PlanStep)
		}
	}
	return out
}
