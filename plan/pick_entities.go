package plan

import (
	"cmp"
	"strings"

	"github.com/quell-ir/quell"
)

// pick returns each entity of a kind that plays a part, once.
func (i incidentFacts) pick(kind, part string) []entityFacts {
	handle := [2]string{kind, part}
	if out, ok := i.picked[handle]; ok {
		return out
	}
	seen := map[string]bool{}
	out := []entityFacts{}
	for _, e := range i.Entities {
		if e.Kind == kind && (part == "" || e.Part == part) && !seen[e.key()] {
			seen[e.key()] = true
			out = append(out, e)
		}
	}
	if i.picked != nil {
		i.picked[handle] = out
	}
	return out
}

// behind sees the subject as another kind of thing, following what it is "of": a key's or federated user's user, a
// session's role. Every principal is in its account. The steps are at most three: key, session, role.
func (i incidentFacts) behind(kind string) []entityFacts {
	if kind == string(quell.KindAccount) {
		if i.Account == "" {
			return []entityFacts{}
		}
		return []entityFacts{{Kind: kind, ID: i.Account, Account: i.Account}}
	}
	at := i.Subject
	for range 3 {
		if at.Kind == kind {
			return []entityFacts{at}
		}
		if at.Of == "" {
			break
		}
		at = i.owner(at)
	}
	if at.Kind == kind {
		return []entityFacts{at}
	}
	return []entityFacts{}
}

// owner finds what an entity is of. Where no finding mentions the owner, its id still says what it is.
func (i incidentFacts) owner(e entityFacts) entityFacts {
	for _, o := range i.Entities {
		if o.ID == e.Of && o.Kind != string(quell.KindResource) {
			return o
		}
	}
	switch {
	case strings.HasPrefix(e.Of, "arn:"):
		return factsOf(quell.EntityOfARN(e.Of))
	case strings.HasPrefix(e.Of, "AIDA"):
		return entityFacts{Kind: string(quell.KindUser), ID: e.Of, Account: cmp.Or(e.Account, i.Account)}
	case strings.HasPrefix(e.Of, "AROA"):
		role, _, session := strings.Cut(e.Of, ":")
		if session {
			return entityFacts{Kind: string(quell.KindSession), ID: e.Of, Of: role, Account: cmp.Or(e.Account, i.Account)}
		}
		return entityFacts{Kind: string(quell.KindRole), ID: e.Of, Account: cmp.Or(e.Account, i.Account)}
	}
	return entityFacts{}
}

// belongs says whether e is of one of the owners, by their id or their ARN.
func (e entityFacts) belongs(owners []entityFacts) bool {
	if e.Of == "" {
		return false
	}
	for _, o := range owners {
		if e.Of == o.ID || o.ARN != "" && e.Of == o.ARN {
			return true
		}
	}
	return false
}

// except leaves out of a list what another holds.
func except(list, without []entityFacts) []entityFacts {
	drop := make(map[string]bool, len(without))
	for _, e := range without {
		drop[e.key()] = true
	}
	out := []entityFacts{}
	for _, e := range list {
		if !drop[e.key()] {
			out = append(out, e)
		}
	}
	return out
}
