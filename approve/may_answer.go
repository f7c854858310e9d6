package approve

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quell-ir/quell"
)

// May says whether a person may answer for a step in a role; nil is yes. The person is what Identify gave, the name of one
// of the policy's people, or, without people, whatever the local operator is called. The error is a quell.Error with
// CodeRefused that says what to do.
func (p Policy) May(person string, as quell.Role, incident quell.Incident, step quell.PlanStep) error {
	refuse := func(next, format string, args ...any) error {
		return &quell.Error{Code: quell.CodeRefused, What: fmt.Sprintf(format, args...), Next: next}
	}
	if !slices.Contains(quell.Roles, as) {
		return refuse(fmt.Sprintf("take one of %v", quell.Roles), "there is no role %q", as)
	}
	identities := []string{person}
	if len(p.People) > 0 {
		known, ok := p.find(person)
		if !ok {
			return refuse("add the person with their ARN to `people` in quell.yaml, or let one of those listed there answer",
				"%s is not one of the people who may answer", quell.Cut(person, 120))
		}
		identities = append(identities, known.Name)
		identities = append(identities, known.identities()...)
		if !slices.Contains(known.Roles, as) {
			return refuse(fmt.Sprintf("take one of the roles held, %v, or ask somebody who is %s", known.Roles, as),
				"%s does not hold the role %s", quell.Cut(known.Name, 120), as)
		}
	}
	roles := step.Roles
	if len(roles) == 0 {
		roles = []quell.Role{quell.IncidentManager}
	}
	if !slices.Contains(roles, as) {
		return refuse(fmt.Sprintf("answer as one of %v", roles), "the role %s may not answer for step %s", as, quell.Cut(step.ID, 80))
	}
	for _, id := range identities {
		if who, is := subjectOf(incident, id); is {
			return refuse("let somebody answer who is not part of the incident",
				"%s is %s of incident %s", quell.Cut(id, 120), who, quell.Cut(incident.ID, 40))
		}
	}
	return nil
}

// Roles are those that a person holds: every role for the local operator, none for a stranger.
func (p Policy) Roles(person string) []quell.Role {
	if len(p.People) == 0 {
		return slices.Clone(quell.Roles)
	}
	known, _ := p.find(person)
	return slices.Clone(known.Roles)
}

// find looks a person up by an identity, or by name where it is no identity: an ARN must never match a mere name.
func (p Policy) find(person string) (Person, bool) {
	id, isIdentity := identityOf(person)
	for _, known := range p.People {
		if isIdentity && slices.ContainsFunc(known.identities(), func(k string) bool { return samePerson(k, id) }) ||
			!isIdentity && person != "" && !strings.HasPrefix(person, "arn:") && known.Name == person {
			return known, true
		}
	}
	return Person{}, false
}

// subjectOf says whether somebody is the incident's subject, what stands behind it, or what the intruder made. It errs
// towards yes: a source identity of the subject's name counts, although it might be a namesake.
func subjectOf(incident quell.Incident, person string) (string, bool) {
	suspects := []quell.Entity{incident.Subject}
	for _, e := range incident.Entities {
		if e.Part == quell.PartMade || incident.Subject.Of != "" && (e.ID == incident.Subject.Of || e.ARN == incident.Subject.Of) {
			suspects = append(suspects, e)
		}
	}
	for i, e := range suspects {
		if isEntity(incident, e, person) {
			if i == 0 {
				return "the subject", true
			}
			return "among the suspects", true
		}
	}
	// The subject's owner may be known by its id alone.
	if of := incident.Subject.Of; of != "" && (person == of || sameARN(of, person)) {
		return "behind the subject", true
	}
	return "", false
}

// isEntity compares by id and ARN, and by name where the account is the same: names are unique in an account only.
func isEntity(incident quell.Incident, e quell.Entity, person string) bool {
	if person == "" || e.ID == "" && e.ARN == "" {
		return false
	}
	if person == e.ID || sameARN(e.ARN, person) || sameARN(e.ID, person) {
		return true
	}
	account := e.Account
	if account == "" {
		account = incident.Account
	}
	if p, ok := parsePrincipal(person); ok {
		return p.account == account && sameName(p, e)
	}
	for _, prefix := range []string{identityCenter, sourceIdentity} {
		if name, ok := strings.CutPrefix(person, prefix); ok {
			return e.Name != "" && strings.EqualFold(name, e.Name) &&
				(e.Kind == quell.KindUser || e.Kind == quell.KindSession || e.Kind == quell.KindFederated)
		}
	}
	// A plain name is the local operator's on this machine, or a listed person's: no AWS identity to compare with.
	return false
}

// sameName compares a principal with an entity of the same account, by what their ARNs have in common.
func sameName(p principal, e quell.Entity) bool {
	switch e.Kind {
	case quell.KindRoot:
		return p.kind == "root"
	case quell.KindUser:
		return p.kind == "user" && e.Name != "" && strings.EqualFold(p.name, e.Name)
	case quell.KindRole:
		// Every session of a suspected role, whatever it calls itself.
		return e.Name != "" && (strings.EqualFold(p.role, e.Name) || p.kind == "role" && strings.EqualFold(p.name, e.Name))
	case quell.KindSession:
		return p.kind == "assumed-role" && strings.HasSuffix(strings.ToLower(e.ARN), "/"+strings.ToLower(p.role+"/"+p.name))
	case quell.KindFederated:
		return p.kind == "federated-user" && strings.EqualFold(p.name, e.Name)
	}
	return false
}

// sameARN compares two ARNs; a mere name is never one.
func sameARN(a, b string) bool { return strings.HasPrefix(a, "arn:") && strings.EqualFold(a, b) }
