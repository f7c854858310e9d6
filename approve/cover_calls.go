package approve

import (
	"cmp"
	"strings"
	"time"

	"github.com/quell-ir/quell"
)

// Covered says whether one person's yes covers the calls now. The decisions are one step's, in the order of the ledger.
// It knows of no quorum and no incident; Policy.Covered does.
func Covered(decisions []quell.Decision, calls []quell.Call, now time.Time) bool {
	return len(yesSayers(decisions, calls, now)) > 0
}

// Covered says whether a step's calls may be sent: enough different people said yes to them, each may still answer for the
// step, and the incident is neither closed nor dismissed. Decisions on other steps are left aside.
func (p Policy) Covered(incident quell.Incident, step quell.PlanStep, decisions []quell.Decision, calls []quell.Call, now time.Time) bool {
	if ended(incident) {
		return false
	}
	var own []quell.Decision
	for _, d := range decisions {
		// A yes whose giver has lost the role since, or turned out to be the subject, no longer counts. A no does.
		if d.Step == step.ID && (!d.Yes || p.May(d.Person, d.As, incident, step) == nil) {
			own = append(own, d)
		}
	}
	people := map[string]bool{}
	for _, person := range yesSayers(own, calls, now) {
		people[p.canonical(person)] = true
	}
	needed := step
	needed.Calls = append(append([]quell.Call(nil), step.Calls...), calls...)
	return len(people) >= p.Needed(needed)
}

// canonical is one name for one person, under whichever identity the yes was given.
func (p Policy) canonical(person string) string {
	known, _ := p.find(person)
	return strings.ToLower(cmp.Or(known.Name, person))
}

// yesSayers are those whose yes covers the calls: given after the latest no, not expired, to these calls.
func yesSayers(decisions []quell.Decision, calls []quell.Call, now time.Time) []string {
	wanted, err := digests(calls)
	if err != nil {
		return nil // what cannot be written down canonically was approved by nobody
	}
	var people []string
	for _, d := range decisions {
		switch {
		case !d.Yes:
			people = nil
		case d.Person == "" || !d.Expires.IsZero() && !now.Before(d.Expires):
		default:
			if approved, err := digests(d.Calls); err == nil && isSubsequence(wanted, approved) {
				people = append(people, d.Person)
			}
		}
	}
	return people
}

// digests names each call by its whole content: inverse, alternatives and deny included, because all of it was approved.
func digests(calls []quell.Call) ([]string, error) {
	out := make([]string, len(calls))
	for i, c := range calls {
		var err error
		if out[i], err = quell.Digest(c); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// isSubsequence says whether all of part occurs in whole, in order. Each approved call is used up once: a call that was
// approved once is not approved twice.
func isSubsequence(part, whole []string) bool {
	for _, w := range whole {
		if len(part) > 0 && part[0] == w {
			part = part[1:]
		}
	}
	return len(part) == 0
}
