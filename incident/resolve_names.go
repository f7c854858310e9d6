package incident

import "github.com/quell-ir/quell"

// resolver turns ARNs into stable ids. CloudTrail gives AIDA... for who acts but only a name for who is acted upon, so
// one user turns up under two ids. An ARN that two stable ids have held (a user deleted and made again) is left alone:
// the name alone does not say which of them is meant.
type resolver map[string]string // kind and ARN -> stable id, "" where ambiguous

func newResolver(lists ...[]quell.Entity) resolver {
	r := resolver{}
	for _, list := range lists {
		for _, e := range list {
			if e.ARN == "" || e.ID == "" || e.ID == e.ARN {
				continue
			}
			key := string(e.Kind) + " " + e.ARN
			if have, ok := r[key]; ok && have != e.ID {
				r[key] = ""
				continue
			}
			r[key] = e.ID
		}
	}
	return r
}

// fix returns the entities with their stable ids, as far as they are known. The list that came in stays as it was.
func (r resolver) fix(list []quell.Entity) []quell.Entity {
	out := make([]quell.Entity, 0, len(list))
	for _, e := range list {
		if e.ID == "" {
			e.ID = e.ARN
		}
		if id := r[string(e.Kind)+" "+e.ID]; id != "" {
			e.ARN, e.ID = e.ID, id
		}
		if owner, _ := ownerOf(e); owner != "" {
			for _, kind := range []quell.EntityKind{quell.KindUser, quell.KindRole} {
				if id := r[string(kind)+" "+e.Of]; id != "" {
					e.Of = id
				}
			}
		}
		out = append(out, e)
	}
	return out
}

// reconcile merges, within one list, what turned out to be the same entity.
func reconcile(list []quell.Entity) []quell.Entity {
	return quell.MergeEntities(newResolver(list).fix(list), nil)
}

// resolved returns the findings with the stable ids that any of them knows.
func resolved(findings []quell.Finding, more ...[]quell.Entity) []quell.Finding {
	lists := more
	for _, f := range findings {
		lists = append(lists, f.Entities)
	}
	r := newResolver(lists...)
	out := make([]quell.Finding, len(findings))
	for i, f := range findings {
		f.Entities = r.fix(f.Entities)
		out[i] = f
	}
	return out
}
