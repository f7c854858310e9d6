package plan

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/quell-ir/quell"
)

// maxTargets bounds what one step may be bound to. An intruder who makes ten thousand users must not turn one step into
// ten thousand questions; the step that does not fit says so.
const maxTargets = 500

// Options are what Bind needs beside the playbook and the incident.
type Options struct {
	// Actions is what is known of the actions that the playbook names.
	Actions []ActionInfo
	// Mode says who sets a step in motion under the automation level in force. Without it nothing but collecting evidence
	// is automatic.
	Mode func(step quell.Step, action ActionInfo) quell.Mode
	// Bound are the steps bound before. Their targets keep their ids whatever else the incident has come to hold.
	Bound []quell.PlanStep
	// Compiled keeps conditions from one Bind to the next; may be nil.
	Compiled *Compiled
}

// Bind evaluates a playbook's conditions over an incident and returns every step that applies, in the playbook's order
// and each step's targets by kind and id. No step has calls yet. Called again with a richer incident it returns the steps
// known before under their ids, and further ones; the caller keeps what it has by id.
//
// A step that cannot be bound (its condition fails, its target is unknown, it would destroy evidence that no step it
// needs preserves) is returned refused, with why. An error means that the playbook itself is unusable.
func Bind(pb quell.Playbook, incident quell.Incident, scope quell.Scope, opts Options) ([]quell.PlanStep, error) {
	env, err := opts.Compiled.get()
	if err != nil {
		return nil, err
	}
	b := binder{
		conditions: env, facts: buildFacts(incident, scope), actions: actionsByName(opts.Actions), opts: opts,
		names: newStepNames(opts.Bound), bound: map[string][]quell.PlanStep{},
		byID: map[string]quell.PlanStep{},
	}
	var out []quell.PlanStep
	for _, step := range pb.Steps {
		steps, err := b.bind(step)
		if err != nil {
			return nil, fmt.Errorf("bind step %s of playbook %s: %w", step.ID, pb.ID, err)
		}
		b.bound[step.ID] = steps
		for _, s := range steps {
			b.byID[s.ID] = s
		}
		out = append(out, steps...)
	}
	return out, nil
}

// binder holds one call of Bind. Steps are bound in the playbook's order, so that what a step needs is bound before it.
type binder struct {
	conditions conditions
	facts      facts
	actions    map[string]ActionInfo
	opts       Options
	names      stepNames
	bound      map[string][]quell.PlanStep // by the playbook's step
	byID       map[string]quell.PlanStep
}

// bind decides whether a step applies, and to what. Only an unknown action is an error: the playbook was written for
// another version of Quell, and half of it must not run.
func (b *binder) bind(step quell.Step) ([]quell.PlanStep, error) {
	action, known := b.actions[step.Action]
	if step.Action != "" && !known {
		return nil, fmt.Errorf("unknown action %q; `quell actions list` shows those there are", quell.Clean(step.Action))
	}
	applies, err := b.conditions.holds(step.When, b.facts)
	if err != nil {
		return []quell.PlanStep{b.refused(step, action, fmt.Sprintf("its condition cannot be evaluated: %v", err))}, nil
	}
	if !applies {
		return nil, nil
	}
	if step.ForEach == "" {
		target, why := b.target(action)
		if why != "" {
			return []quell.PlanStep{b.refused(step, action, why)}, nil
		}
		s, err := b.step(step, action, step.ID, target)
		return []quell.PlanStep{s}, err
	}
	selected, err := b.conditions.selects(step.ForEach, b.facts)
	if err != nil {
		return []quell.PlanStep{b.refused(step, action, fmt.Sprintf("its targets cannot be found: %v", err))}, nil
	}
	return b.each(step, action, selected)
}

// each binds a step to its targets. What does not fit is told by one refused step beside those that do.
func (b *binder) each(step quell.Step, action ActionInfo, selected []entityFacts) ([]quell.PlanStep, error) {
	targets, strange := b.entities(selected)
	var out []quell.PlanStep
	for i, target := range targets {
		if i == maxTargets {
			strange = fmt.Sprintf("it has %d targets, and the first %d are bound; narrow its for_each or answer the rest by hand", len(targets), maxTargets)
			break
		}
		s, err := b.step(step, action, b.names.take(step.ID, target), target)
		if err != nil {
			return nil, err
		}
		if !action.takes(target.Kind) {
			s.Status, s.WhyNot = quell.StepRefused, wrongKind(action, target)
		}
		out = append(out, s)
	}
	if strange != "" {
		out = append(out, b.refused(step, action, strange))
	}
	return out, nil
}

// entities maps what a for_each selected back to the incident's own entities, each once, by kind and id.
func (b *binder) entities(selected []entityFacts) ([]quell.Entity, string) {
	var out []quell.Entity
	var strange string
	seen := map[string]bool{}
	for _, e := range selected {
		entity, ok := b.entity(e)
		switch {
		case !ok:
			strange = fmt.Sprintf("its for_each yields %s, which is no entity of the incident", quell.Cut(e.key(), 80))
		case !seen[entity.Key()]:
			seen[entity.Key()] = true
			out = append(out, entity)
		}
	}
	slices.SortFunc(out, func(x, y quell.Entity) int {
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.ID, y.ID))
	})
	return out, strange
}

// entity finds what a condition selected: an entity of the incident, or one that the subject leads to.
func (b *binder) entity(e entityFacts) (quell.Entity, bool) {
	if known, ok := b.facts.known[e.key()]; ok {
		known.Part = quell.Part(e.Part)
		return known, true
	}
	for _, behind := range b.facts.incident.behind(e.Kind) {
		if behind == e {
			return quell.Entity{Kind: quell.EntityKind(e.Kind), ID: e.ID, Name: e.Name, ARN: e.ARN, Account: e.Account,
				Region: e.Region, Part: quell.Part(e.Part), Of: e.Of}, true
		}
	}
	return quell.Entity{}, false
}

// target is the subject, seen as the kind of thing that the action works on: a leaked key's user, a session's role.
func (b *binder) target(action ActionInfo) (quell.Entity, string) {
	subject := b.facts.incident.Subject
	if action.Target == "" || string(action.Target) == subject.Kind {
		if e, ok := b.entity(subject); ok {
			return e, ""
		}
		return quell.Entity{}, "the incident has no subject yet"
	}
	for _, e := range b.facts.incident.behind(string(action.Target)) {
		if entity, ok := b.entity(e); ok {
			return entity, ""
		}
	}
	return quell.Entity{}, fmt.Sprintf("it works on a %s, and none is known behind the subject %s; name it by `quell respond`",
		action.Target, quell.Cut(subject.key(), 80))
}

// step makes the plan step of one target.
func (b *binder) step(step quell.Step, action ActionInfo, id string, target quell.Entity) (quell.PlanStep, error) {
	s := quell.PlanStep{
		ID: id, Action: step.Action, Title: step.Title, Phase: action.Phase, Mode: b.mode(step, action),
		Roles: step.Roles, Target: target, Status: quell.StepPending, Irreversible: action.Irreversible,
		Breaks: []string{}, Reads: []string{}, Calls: []quell.Call{}, CLI: []string{}, Text: step.Text, Needs: b.needs(step, target),
	}
	if len(s.Roles) == 0 {
		s.Roles = []quell.Role{quell.IncidentManager}
	}
	if step.ForEach != "" {
		s.Title += ": " + quell.Cut(cmp.Or(target.Name, target.ID), 48)
	}
	if step.Action == "" {
		// A person does it, outside AWS: there is nothing to look at and nothing to wait for.
		s.Phase, _ = textPhase(step)
		s.Status = quell.StepManual
		return s, nil
	}
	if err := b.with(&s, step); err != nil {
		return s, err
	}
	if why := b.destroys(s, action); why != "" {
		s.Status, s.WhyNot = quell.StepRefused, why
	}
	return s, nil
}

// mode asks the level in force. Without one the careful answer is built in here too, lest a caller that forgets to say
// the level runs everything.
func (b *binder) mode(step quell.Step, action ActionInfo) quell.Mode {
	switch {
	case step.Action == "" || step.Mode == quell.Manual:
		return quell.Manual
	case b.opts.Mode != nil:
		return b.opts.Mode(step, action)
	case step.Mode == quell.Auto && action.Collects && !action.Irreversible:
		return quell.Auto
	}
	return quell.Approve
}

// with sets the step's parameters as canonical JSON. A reference to a step that is bound per target means the one of the
// same target.
func (b *binder) with(s *quell.PlanStep, step quell.Step) error {
	if len(step.With) == 0 {
		return nil
	}
	with, err := quell.Canonical(step.With)
	if err != nil {
		return fmt.Errorf("parameters: %w", err)
	}
	s.With = json.RawMessage(referencePattern.ReplaceAllStringFunc(string(with), func(whole string) string {
		m := referencePattern.FindStringSubmatch(whole)
		for _, other := range b.bound[m[1]] {
			if other.ID != m[1] && other.Target.Key() == s.Target.Key() {
				return "${steps." + other.ID + "." + m[2] + "}"
			}
		}
		return whole
	}))
	if len(findReferences(s.With)) > 0 {
		s.Status = quell.StepUnbound
	}
	return nil
}

// needs expands to the plan steps of each step needed: the one of the same target where there is one, else all. So one
// user's deletion waits for that user's snapshot only. A step that does not apply leaves nothing to wait for.
func (b *binder) needs(step quell.Step, target quell.Entity) []string {
	var out []string
	for _, need := range step.Needs {
		steps := b.bound[need]
		same := slices.IndexFunc(steps, func(s quell.PlanStep) bool { return s.ID != need && s.Target.Key() == target.Key() })
		if same >= 0 {
			steps = steps[same : same+1]
		}
		for _, s := range steps {
			out = append(out, s.ID)
		}
	}
	return out
}

// refused shows a step that could not be bound, so that nothing is left out in silence.
func (b *binder) refused(step quell.Step, action ActionInfo, why string) quell.PlanStep {
	s, err := b.step(step, action, step.ID, quell.Entity{})
	if err != nil {
		why += "; " + err.Error()
	}
	s.Title = step.Title
	s.Status, s.WhyNot = quell.StepRefused, quell.Clean(why)
	return s
}
