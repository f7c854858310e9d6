package plan

import (
	"fmt"
	"slices"

	"github.com/quell-ir/quell"
)

// Check holds a playbook against the actions there are. It finds unknown actions, a for_each that yields what the action
// can't work on, and steps that destroy evidence without needing the step that preserves it. The needs of needs do not
// count: a step between whose condition does not hold would break the chain. Problems name the playbook, not a line.
func Check(pb quell.Playbook, actions []ActionInfo) []Problem {
	env, err := newConditions()
	if err != nil {
		return []Problem{{pb.ID, 0, err.Error()}}
	}
	c := checker{pb: pb, actions: actionsByName(actions), conditions: env}
	for i, step := range pb.Steps {
		if step.Action == "" {
			continue
		}
		action, ok := c.actions[step.Action]
		if !ok {
			c.add(step, "unknown action %q; `quell actions list` shows those there are", step.Action)
			continue
		}
		c.kinds(step, action)
		c.evidence(pb.Steps[:i], step, action)
	}
	return c.problems
}

// checker collects what is wrong between one playbook and the actions.
type checker struct {
	pb         quell.Playbook
	actions    map[string]ActionInfo
	conditions conditions
	problems   []Problem
}

// kinds holds what a for_each yields against what the action works on.
func (c *checker) kinds(step quell.Step, action ActionInfo) {
	if step.ForEach == "" || action.Target == "" {
		return
	}
	ast, err := c.conditions.compile(step.ForEach, entitiesType)
	if err != nil {
		c.add(step, "for_each: %v", err)
		return
	}
	kinds, ok := kindsOf(ast.NativeRep().Expr())
	if !ok {
		c.add(step, "for_each does not show which kinds it yields; build it of pick, behind, filter, except, + and ?:")
		return
	}
	for _, kind := range kinds {
		if !action.takes(kind) {
			c.add(step, "for_each yields %s entities, and %s works on %s", kind, action.Name, action.Target)
		}
	}
}

// evidence looks among the steps before, since needs go backwards only.
func (c *checker) evidence(before []quell.Step, step quell.Step, action ActionInfo) {
	for _, kind := range action.Destroys {
		var preservers []string
		for _, b := range before {
			if slices.Contains(c.actions[b.Action].Preserves, kind) {
				preservers = append(preservers, b.ID)
			}
		}
		switch {
		case len(preservers) == 0:
			c.add(step, "destroys evidence (%s) that no earlier step preserves", kind)
		case !slices.ContainsFunc(preservers, func(id string) bool { return slices.Contains(step.Needs, id) }):
			c.add(step, "destroys evidence (%s) without needing the step that preserves it: %v", kind, preservers)
		}
	}
}

func (c *checker) add(step quell.Step, format string, args ...any) {
	why := fmt.Sprintf("step %s: ", step.ID) + fmt.Sprintf(format, args...)
	c.problems = append(c.problems, Problem{c.pb.ID, 0, quell.Clean(why)})
}

// destroys is Check's rule on bound steps, where it can be told for each target: Check sees that the step that preserves
// is needed, and only here is seen whether it applies to this target too.
func (b *binder) destroys(s quell.PlanStep, action ActionInfo) string {
	for _, kind := range action.Destroys {
		preserved := slices.ContainsFunc(s.Needs, func(id string) bool {
			other := b.byID[id]
			return other.Status != quell.StepRefused && slices.Contains(b.actions[other.Action].Preserves, kind) &&
				(other.Target.Key() == s.Target.Key() || other.Target.Kind != s.Target.Kind)
		})
		if !preserved {
			return fmt.Sprintf("it destroys evidence (%s) of %s that no step before it preserves", kind, quell.Cut(s.Target.Key(), 80))
		}
	}
	return ""
}

func wrongKind(action ActionInfo, target quell.Entity) string {
	return fmt.Sprintf("%s works on a %s, not on %s", action.Name, action.Target, quell.Cut(target.Key(), 80))
}
