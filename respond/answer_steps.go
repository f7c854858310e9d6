package respond

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/approve"
	"github.com/quell-ir/quell/run"
)

// Answer is a person's yes or no.
type Answer struct {
	// Digest is a step's or the plan's; empty with All for every waiting step that is not irreversible.
	Digest string
	All    bool
	// As is the role to answer in; empty takes the first that fits.
	As     quell.Role
	No     bool
	Reason string
}

// Approve looks again at the steps a person answers for. Where their calls are still among those behind the digest it
// records the decision; where the world moved it records the attempt and shows the digest that holds now.
func (d *Desk) Approve(ctx context.Context, id string, a Answer) (out Outcome, err error) {
	s, err := d.open(ctx, id)
	if err != nil {
		return Outcome{}, err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	before := s.outcome(nil)
	answered, err := s.answered(before, a)
	if err != nil {
		return before, err
	}
	if answered == nil {
		attempt := quell.Attempt{Digest: a.Digest, As: a.As, Why: "no step and no plan of this incident has that digest now", Now: before.Plan.Digest}
		if err := s.record(ctx, quell.RecordAttempt, attempt); err != nil {
			return before, err
		}
		out = s.outcome(nil)
		out.Attempts = []quell.Attempt{attempt}
		return out, waiting(attempt)
	}
	for _, step := range answered {
		if err := d.People.May(d.By, step.As, s.view.Incident, step.Step); err != nil {
			attempt := quell.Attempt{Digest: a.Digest, As: step.As, Why: err.Error()}
			return before, errors.Join(err, s.recordAttempt(ctx, step.Step.ID, attempt))
		}
	}
	if err := s.driver.Start(ctx, quell.RunStarted{Credentials: d.Credentials}); err != nil {
		return before, err
	}
	chosen := func(st *run.Step) bool {
		return slices.ContainsFunc(answered, func(x approve.Answer) bool { return x.Step.ID == st.ID })
	}
	if err := s.driver.SettleSome(ctx, chosen); err != nil {
		return before, err
	}
	attempts, err := s.decide(ctx, answered, a)
	if err != nil {
		return s.outcome(nil), err
	}
	out = s.outcome(nil)
	out.Attempts = attempts
	if len(attempts) > 0 {
		return out, waiting(attempts[0])
	}
	return out, nil
}

func waiting(a quell.Attempt) error {
	return &quell.Error{
		Code: quell.CodeWaiting, What: "no decision was recorded: " + a.Why,
		Next: "read the plan as it is now and approve its digest",
	}
}

// answered finds the steps an answer is about; nil where the digest is nobody's.
func (s *session) answered(before Outcome, a Answer) ([]approve.Answer, error) {
	roles := s.desk.People.Roles(s.desk.By)
	if a.As != "" {
		roles = []quell.Role{a.As}
	}
	if a.Digest == "" {
		if !a.All {
			return nil, &quell.Error{Code: quell.CodeUsage, What: "an approval needs a digest", Next: "give --digest, or --yes for every waiting step"}
		}
		steps := approve.Answerable(before.Plan.Steps, roles)
		if len(steps) == 0 {
			return nil, &quell.Error{
				Code: quell.CodeWaiting, What: "no step waits that --yes could answer for in your roles",
				Next: "irreversible steps need --digest; see `quell incident show`",
			}
		}
		return steps, nil
	}
	var out []approve.Answer
	for _, p := range before.Plan.Steps {
		if p.Digest != a.Digest && before.Plan.Digest != a.Digest {
			continue
		}
		if over(p.Status) || p.Status != quell.StepWaiting && p.Digest != a.Digest {
			continue
		}
		as, ok := roleFor(p, roles)
		if !ok && p.Digest != a.Digest {
			continue // the plan's other steps wait for other roles
		}
		out = append(out, approve.Answer{Step: p, As: as})
	}
	return out, nil
}

// over says that a step has come to an end, so that there is nothing to answer: its digest tells what was done.
func over(status quell.StepStatus) bool {
	switch status {
	case quell.StepDone, quell.StepUndone, quell.StepSkipped, quell.StepManual, quell.StepRefused:
		return true
	}
	return false
}

// roleFor picks the role to answer in. A role the step does not take is returned all the same, for the refusal.
func roleFor(p quell.PlanStep, roles []quell.Role) (quell.Role, bool) {
	wanted := p.Roles
	if len(wanted) == 0 {
		wanted = []quell.Role{quell.IncidentManager}
	}
	for _, r := range wanted {
		if slices.Contains(roles, r) {
			return r, true
		}
	}
	if len(roles) > 0 {
		return roles[0], false
	}
	return wanted[0], false
}

// decide records a decision for each step whose calls are still those the person saw.
func (s *session) decide(ctx context.Context, answered []approve.Answer, a Answer) ([]quell.Attempt, error) {
	var attempts []quell.Attempt
	now := s.desk.Clock.Now()
	for _, x := range answered {
		st := s.driver.State.Steps[x.Step.ID]
		d := s.desk.People.Decide(x.Step, s.desk.By, x.As, !a.No, a.Reason, now)
		if !a.No && !approve.Covered([]quell.Decision{withPerson(d)}, st.Calls, now) {
			attempt := quell.Attempt{
				Digest: x.Step.Digest, As: x.As, Now: st.Digest,
				Why: fmt.Sprintf("step %s changed since that digest was shown: its calls are others now", st.ID),
			}
			attempts = append(attempts, attempt)
			if err := s.recordAttempt(ctx, st.ID, attempt); err != nil {
				return attempts, err
			}
			continue
		}
		r, err := quell.NewRecord(s.lease.Incident(), quell.RecordDecision, s.desk.By, st.ID, d)
		if err != nil {
			return attempts, err
		}
		if err := s.driver.Append(ctx, r); err != nil {
			return attempts, err
		}
		if a.No {
			if err := s.setStep(ctx, st.ID, quell.StepSkipped, "a person said no: "+a.Reason); err != nil {
				return attempts, err
			}
		}
	}
	return attempts, nil
}

// withPerson gives a decision a name where nobody is configured, so that it can be held against calls.
func withPerson(d quell.Decision) quell.Decision {
	if d.Person == "" {
		d.Person = "operator"
	}
	return d
}

func (s *session) recordAttempt(ctx context.Context, step string, a quell.Attempt) error {
	r, err := quell.NewRecord(s.lease.Incident(), quell.RecordAttempt, s.desk.By, step, a)
	if err != nil {
		return err
	}
	return s.driver.Append(ctx, r)
}

func (s *session) setStep(ctx context.Context, step string, status quell.StepStatus, why string) error {
	r, err := quell.NewRecord(s.lease.Incident(), quell.RecordStep, s.desk.By, step, quell.StepChange{Status: status, Why: why})
	if err != nil {
		return err
	}
	return s.driver.Append(ctx, r)
}
