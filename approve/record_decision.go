package approve

import (
	"cmp"
	"slices"
	"time"

	"github.com/quell-ir/quell"
)

// Decide makes the decision that the ledger keeps, for the calls of the step as it was shown. Whether the person may is
// for May to say first.
func (p Policy) Decide(step quell.PlanStep, person string, as quell.Role, yes bool, reason string, now time.Time) quell.Decision {
	return quell.Decision{
		Step: step.ID, Digest: step.Digest, Yes: yes, Person: person, As: as, Reason: reason,
		Expires: now.Add(cmp.Or(p.Expiry, DefaultExpiry)).UTC(), Calls: slices.Clone(step.Calls),
	}
}

// Answer is a waiting step and a role in which it may be answered.
type Answer struct {
	Step quell.PlanStep
	As   quell.Role
}

// Answerable lists what a standing yes (--yes) answers for somebody who holds these roles: the steps that wait for a person
// and take one of the roles, in the plan's order. Irreversible steps are never among them; each needs its own digest.
func Answerable(steps []quell.PlanStep, roles []quell.Role) []Answer {
	var out []Answer
	for _, step := range steps {
		if step.Status != quell.StepWaiting || step.Mode != quell.Approve || irreversible(step) {
			continue
		}
		wanted := step.Roles
		if len(wanted) == 0 {
			wanted = []quell.Role{quell.IncidentManager}
		}
		if i := slices.IndexFunc(wanted, func(r quell.Role) bool { return slices.Contains(roles, r) }); i >= 0 {
			out = append(out, Answer{step, wanted[i]})
		}
	}
	return out
}
