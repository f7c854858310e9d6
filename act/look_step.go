package act

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/run"
)

// Actor acts on accounts.
type Actor struct {
	Actions  *action.Catalogue
	Settings action.Settings
	Clock    quell.Clock
	// Config gives the credentials for a region of an account; the calls are those about to be sent, nil for reading.
	Config func(ctx context.Context, account, region string, calls []quell.Call) (aws.Config, error)
	// Holds says which other open incidents did the same to the same target; nil where there are none to ask.
	Holds func(ctx context.Context, st *run.Step) (Holds, error)
	// Secret makes a secret, keeps it where only the operator can read it, and returns it. The reference is recorded.
	Secret func(reference string) (string, error)
}

// Holds is what other open incidents did with the same action to the same target.
type Holds struct {
	// Before is what the first of them found.
	Before json.RawMessage
	// Earlier maps the digest of each inverse of theirs to the incident, for those that came before this one; Later are
	// those that came after and rely on what this one did.
	Earlier map[string]string
	Later   []string
}

// Look reads the step's target and plans what is left. For a step that takes another back, of is that other step as the
// records left it.
func (a *Actor) Look(ctx context.Context, incident quell.Incident, st, of *run.Step, state *run.State) (quell.Planned, error) {
	act, err := a.find(st.Action)
	if err != nil {
		return quell.Planned{}, err
	}
	if why := a.protected(st.Target); why != "" && st.Undo == "" {
		return quell.Planned{State: json.RawMessage("null"), Refused: why, Digest: st.Digest}, nil
	}
	cfg, err := a.Config(ctx, st.Target.Account, st.Target.Region, nil)
	if err != nil {
		return quell.Planned{}, fmt.Errorf("credentials for %s: %w", st.Target.Account, err)
	}
	var holds Holds
	if a.Holds != nil && (st.Undo != "" || st.Before == nil) {
		subject := st
		if st.Undo != "" {
			subject = of
		}
		if holds, err = a.Holds(ctx, subject); err != nil {
			return quell.Planned{}, fmt.Errorf("see what other incidents did to %s %s: %w", st.Target.Kind, nameOf(st.Target), err)
		}
	}
	in := a.input(incident, st)
	if st.Undo == "" && st.Before == nil {
		in.Before = holds.Before
	}
	seen, err := act.Look(ctx, cfg, in)
	if err != nil {
		return quell.Planned{}, fmt.Errorf("look at %s %s for %s: %w", st.Target.Kind, nameOf(st.Target), act.Name, err)
	}
	planned := quell.Planned{Round: st.Round, State: seen}
	if slices.ContainsFunc(st.Progress, func(p run.Progress) bool { return p.Tries > 0 }) {
		planned.Round++
	}
	if st.Undo != "" {
		err = a.planUndo(&planned, holds, of, state)
	} else {
		if st.Before == nil {
			planned.Before = holds.Before
		}
		err = a.planAction(&planned, act, in)
	}
	if err != nil {
		return quell.Planned{}, err
	}
	planned.Digest, err = StepDigest(st.PlanStep, planned.Calls)
	return planned, err
}

func (a *Actor) planAction(planned *quell.Planned, act *action.Action, in action.Input) error {
	out, err := act.Plan(in, planned.State)
	if err != nil {
		return err
	}
	planned.Calls, planned.Settled, planned.Breaks = out.Calls, out.Settled, out.Breaks
	planned.Refused, planned.Outputs, planned.Unseen = out.Refused, out.Outputs, out.Unseen
	return nil
}

// planUndo plans the inverses. What may go is sent even where a part is refused; the refusal stands once the rest is
// done.
func (a *Actor) planUndo(planned *quell.Planned, holds Holds, of *run.Step, state *run.State) error {
	if len(holds.Later) > 0 {
		planned.Refused = fmt.Sprintf("incident %s relies on this for the same target; undo, dismiss or close that one first, or merge the two",
			strings.Join(holds.Later, ", "))
		return nil
	}
	undo, err := run.PlanUndo(run.UndoInput{
		Before: of.Before, After: of.After, Now: planned.State, Sent: of.Sent, At: a.Clock.Now(),
		Dismissed: state.Standing == quell.Dismissed, Lift: state.Lift, Shared: holds.Earlier,
	})
	if err != nil {
		return fmt.Errorf("plan undo of %s: %w", of.ID, err)
	}
	planned.Calls = undo.Calls
	planned.Breaks = undo.Kept
	for _, why := range undo.Refused {
		planned.Breaks = append(planned.Breaks, "not taken back: "+why)
	}
	if len(undo.Calls) == 0 && len(undo.Refused) > 0 {
		planned.Refused = strings.Join(undo.Refused, "; ")
	}
	planned.Settled = len(undo.Calls) == 0
	return nil
}

func (a *Actor) find(name string) (*action.Action, error) {
	act, ok := a.Actions.Find(name)
	if !ok {
		return nil, &quell.Error{
			Code: quell.CodeUsage, What: fmt.Sprintf("no action is called %q", name),
			Next: "see `quell actions list`",
		}
	}
	return act, nil
}

func (a *Actor) input(incident quell.Incident, st *run.Step) action.Input {
	return action.Input{
		Target: st.Target, With: st.With, Incident: incident, Settings: a.Settings, Before: st.Before, Clock: a.Clock,
	}
}

// protected says why a target may not be touched.
func (a *Actor) protected(target quell.Entity) string {
	for _, p := range a.Settings.Protected {
		if slices.Contains([]string{target.ID, target.ARN, target.Name, target.Account}, p) {
			return fmt.Sprintf("%s is protected by the setting %q; take it off the list to go on", nameOf(target), p)
		}
	}
	for _, r := range a.Settings.Responders {
		if target.ARN != "" && target.ARN == r {
			return fmt.Sprintf("%s is the identity Quell itself acts with; answer with another one", nameOf(target))
		}
	}
	return ""
}

func nameOf(e quell.Entity) string {
	for _, s := range []string{e.Name, e.ARN, e.ID} {
		if s != "" {
			return s
		}
	}
	return string(e.Kind)
}

// StepDigest is what an approval of a step answers for: the step, its action, its target and its calls, unfilled.
func StepDigest(st quell.PlanStep, calls []quell.Call) (string, error) {
	return quell.Digest(map[string]any{
		"id": st.ID, "action": st.Action, "kind": st.Target.Kind, "target": st.Target.ID, "with": st.With, "calls": calls,
	})
}

// PlanDigest covers the list of the steps' digests.
func PlanDigest(steps []quell.PlanStep) (string, error) {
	digests := make([]string, 0, len(steps))
	for _, st := range steps {
		digests = append(digests, st.Digest)
	}
	return quell.Digest(digests)
}

// Commands prints a step's calls for a person.
func (a *Actor) Commands(calls []quell.Call) []string {
	out := []string{}
	for _, c := range calls {
		out = append(out, a.Actions.Calls.Commands(c)...)
	}
	return out
}
