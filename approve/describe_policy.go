package approve

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
)

// DefaultExpiry is how long a yes is good for where the policy says nothing.
const DefaultExpiry = 24 * time.Hour

// IrreversibleQuorum is the key of Policy.Quorum for what cannot be taken back; the other keys are phases.
const IrreversibleQuorum = "irreversible"

// Policy says who may answer for what. The zero value is a single operator who holds every role.
type Policy struct {
	People []Person `json:"people,omitempty" yaml:"people"`
	// Level defaults to ApprovalRequired.
	Level Level `json:"level,omitempty" yaml:"level"`
	// Quorum is how many different people must say yes, by phase or "irreversible"; 1 where nothing is said. Where both
	// apply the larger counts.
	Quorum map[string]int `json:"quorum,omitempty" yaml:"quorum"`
	// Expiry of a yes; DefaultExpiry where zero.
	Expiry time.Duration `json:"expiry,omitempty" yaml:"expiry"`
	// Escalation is what happens when nobody answers, in order of time. A step never starts because of it.
	Escalation []Escalation `json:"escalation,omitempty" yaml:"escalation"`
}

// Person holds roles under one or several AWS identities.
type Person struct {
	Name string `json:"name" yaml:"name"`
	// ARNs are IAM user ARNs, session ARNs of Identity Center roles, "identity-center/NAME" or "source-identity/NAME".
	ARNs  []string     `json:"arns" yaml:"arns"`
	Roles []quell.Role `json:"roles" yaml:"roles"`
}

// Escalation names whom a step that waits goes to next.
type Escalation struct {
	After time.Duration `json:"after" yaml:"after"`
	To    quell.Role    `json:"to" yaml:"to"`
}

// Overdue returns the escalations that are due for a step waiting since an instant, the earliest first. Without any in
// the policy it is the incident manager after ten minutes.
func (p Policy) Overdue(since, now time.Time) []Escalation {
	plan := slices.Clone(p.Escalation)
	if len(plan) == 0 {
		plan = []Escalation{{After: 10 * time.Minute, To: quell.IncidentManager}}
	}
	slices.SortStableFunc(plan, func(a, b Escalation) int { return int(max(-1, min(1, a.After-b.After))) })
	return slices.DeleteFunc(plan, func(e Escalation) bool { return now.Before(since.Add(e.After)) })
}

// Needed is how many different people must say yes to a step.
func (p Policy) Needed(step quell.PlanStep) int {
	n := max(1, p.Quorum[string(step.Phase)])
	if irreversible(step) {
		n = max(n, p.Quorum[IrreversibleQuorum])
	}
	return n
}

// Validate finds what would make the policy mean something other than it says, all of it at once.
func (p Policy) Validate() error {
	var found []error
	add := func(format string, args ...any) { found = append(found, fmt.Errorf(format, args...)) }
	if _, err := ParseLevel(string(p.Level)); err != nil {
		found = append(found, err)
	}
	owner := map[string]string{}
	for _, person := range p.People {
		if person.Name == "" || len(person.ARNs) == 0 || len(person.Roles) == 0 {
			add("person %q needs a name, at least one ARN and at least one role", person.Name)
		}
		for _, key := range append([]string{person.Name}, person.identities()...) {
			key = strings.ToLower(key)
			if other, taken := owner[key]; taken && key != "" {
				add("%q stands for both %q and %q; two people must not be one", key, other, person.Name)
			}
			owner[key] = person.Name
		}
		for _, arn := range person.ARNs {
			if _, ok := identityOf(arn); !ok {
				add("%q of %q names no person; take an IAM user, an Identity Center user or a source identity", arn, person.Name)
			}
		}
		for _, role := range person.Roles {
			if !slices.Contains(quell.Roles, role) {
				add("unknown role %q of %q; take one of %v", role, person.Name, quell.Roles)
			}
		}
	}
	for key, n := range p.Quorum {
		if n < 1 || n > max(1, len(p.People)) {
			add("quorum of %d for %q cannot be met by %d people", n, key, len(p.People))
		}
	}
	for _, e := range p.Escalation {
		if e.After <= 0 || !slices.Contains(quell.Roles, e.To) {
			add("escalation after %s to %q needs a time and a known role", e.After, e.To)
		}
	}
	if p.Expiry < 0 {
		add("expiry %s is negative", p.Expiry)
	}
	if len(found) == 0 {
		return nil
	}
	return &quell.Error{Code: quell.CodeUsage, What: "the approval policy cannot be used", Next: "correct quell.yaml", Err: errors.Join(found...)}
}

// identities are the canonical names under which the person acts.
func (p Person) identities() []string {
	var out []string
	for _, arn := range p.ARNs {
		if id, ok := identityOf(arn); ok && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// identityOf is the canonical name of what a policy, or a caller, calls a person.
func identityOf(name string) (string, bool) {
	for _, prefix := range []string{identityCenter, sourceIdentity} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return name, rest != ""
		}
	}
	return Identify(name, "")
}

// irreversible says that a step, or one of its calls or their alternatives, cannot be taken back.
func irreversible(step quell.PlanStep) bool {
	return step.Irreversible || slices.ContainsFunc(step.Calls, func(c quell.Call) bool {
		return c.Kind == quell.Irreversible || slices.ContainsFunc(c.Else, func(e quell.Call) bool { return e.Kind == quell.Irreversible })
	})
}
