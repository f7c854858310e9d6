package incident

import (
	"cmp"
	"slices"

	"github.com/quell-ir/quell"
)

// standIn is a principal that may be what the incident is about, with what speaks for it.
type standIn struct {
	entity quell.Entity
	acts   int
	first  int // place of its first finding in event order
}

// chooseSubject says whom the incident is about: the principal that acted, as durable as it is known (root over user
// over session over key), with the most events, then the earliest. A federated session stands for the user whose
// credentials it came from. Principals that another actor made or changed first are its tools, not the origin. Without
// any actor it is the principal that findings name, then the resource, then the account. Findings are in event order.
func chooseSubject(findings []quell.Finding) quell.Entity {
	actors := collect(findings, func(f quell.Finding) []quell.Entity { return actorsOf(f.Entities) })
	if origins := withoutTools(actors, findings); len(origins) > 0 {
		actors = origins
	}
	if len(actors) > 0 {
		return best(actors)
	}
	named := collect(findings, func(f quell.Finding) []quell.Entity {
		var out []quell.Entity
		for _, e := range f.Entities {
			if e.Kind == quell.KindIP || e.Kind == quell.KindService || e.Part == quell.PartRead || e.ID == "" {
				continue
			}
			out = append(out, durable(e, f.Entities))
		}
		return out
	})
	if len(named) > 0 {
		return best(named)
	}
	account := mostCommonAccount(findings)
	if account == "" {
		return quell.Entity{}
	}
	return quell.Entity{Kind: quell.KindAccount, ID: account, Account: account}
}

// actorsOf gives the principals that acted, each as the most durable one it stands for.
func actorsOf(entities []quell.Entity) []quell.Entity {
	var out []quell.Entity
	for _, e := range entities {
		if e.Part == quell.PartActor && isPrincipal(e.Kind) && e.ID != "" {
			out = append(out, durable(e, entities))
		}
	}
	return out
}

// durable replaces a key or federated session by the user it is of. A role's session stays: the role is shared.
func durable(e quell.Entity, all []quell.Entity) quell.Entity {
	if e.Kind != quell.KindAccessKey && e.Kind != quell.KindFederated {
		e.Part = ""
		return e
	}
	owner, _ := ownerOf(e)
	for _, o := range all {
		if owner != "" && o.Key() == owner && o.ID != e.ID {
			return durable(o, nil)
		}
	}
	if key, _ := ownerOf(e); key != "" && key == "user/"+e.Of {
		return quell.Entity{Kind: quell.KindUser, ID: e.Of, Account: e.Account}
	}
	e.Part = ""
	return e
}

func collect(findings []quell.Finding, of func(quell.Finding) []quell.Entity) []standIn {
	at := map[string]int{}
	var out []standIn
	for i, f := range findings {
		counted := map[string]bool{}
		for _, e := range of(f) {
			key := e.Key()
			if _, ok := at[key]; !ok {
				at[key] = len(out)
				out = append(out, standIn{entity: e, first: i})
			}
			s := &out[at[key]]
			merged := quell.MergeEntities([]quell.Entity{s.entity}, []quell.Entity{e})
			s.entity = merged[0]
			if !counted[key] { // a user and their key in one finding are one act
				counted[key] = true
				s.acts += max(1, len(f.Events))
			}
		}
	}
	return out
}

// withoutTools drops each candidate that somebody else made or acted upon before, or when, it first acted.
func withoutTools(list []standIn, findings []quell.Finding) []standIn {
	since := toolsSince(findings)
	return slices.DeleteFunc(slices.Clone(list), func(s standIn) bool {
		at, ok := since[s.entity.Key()]
		return ok && at <= s.first
	})
}

// toolsSince gives, by key, the first finding in which a principal was made or changed by somebody else. One pass over all:
// an incident may have thousands of findings and as many actors.
func toolsSince(findings []quell.Finding) map[string]int {
	since := map[string]int{}
	for i, f := range findings {
		actors := map[string]bool{}
		for _, a := range actorsOf(f.Entities) {
			actors[a.Key()] = true
		}
		if len(actors) == 0 {
			continue
		}
		for _, e := range f.Entities {
			if e.Part != quell.PartMade && e.Part != quell.PartTarget {
				continue
			}
			owner, _ := ownerOf(e)
			for _, key := range []string{e.Key(), owner} {
				if _, known := since[key]; key != "" && !known && !actors[key] {
					since[key] = i
				}
			}
		}
	}
	return since
}

func best(list []standIn) quell.Entity {
	return slices.MinFunc(list, func(a, b standIn) int {
		return cmp.Or(cmp.Compare(durability(a.entity.Kind), durability(b.entity.Kind)), cmp.Compare(b.acts, a.acts),
			cmp.Compare(a.first, b.first), cmp.Compare(a.entity.Key(), b.entity.Key()))
	}).entity
}

// durability orders kinds from what a response must deal with first down to the account, which is about nobody.
func durability(k quell.EntityKind) int {
	order := []quell.EntityKind{quell.KindRoot, quell.KindUser, quell.KindSession, quell.KindRole, quell.KindFederated,
		quell.KindAccessKey, quell.KindInstance, quell.KindBucket, quell.KindSecret, quell.KindPolicy, quell.KindGroup,
		quell.KindResource, quell.KindAccount}
	if i := slices.Index(order, k); i >= 0 {
		return i
	}
	return len(order)
}
