package plan

import (
	"cmp"
	"slices"

	"github.com/quell-ir/quell"
)

// Choose takes the playbook that answers the incident: of those whose `when` holds, the one of the lowest Rank, then the
// smallest id. A playbook whose condition fails to evaluate does not answer; the next one may. False means that none
// answers, and a person must choose. Who chooses for many incidents gives compiled, which may be nil.
func Choose(incident quell.Incident, scope quell.Scope, books []quell.Playbook, compiled *Compiled) (quell.Playbook, bool) {
	env, err := compiled.get()
	if err != nil {
		return quell.Playbook{}, false
	}
	ordered := slices.Clone(books)
	slices.SortStableFunc(ordered, func(a, b quell.Playbook) int {
		return cmp.Or(cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.ID, b.ID))
	})
	f := buildFacts(incident, scope)
	for _, pb := range ordered {
		if pb.When == "" {
			continue
		}
		if ok, err := env.holds(pb.When, f); err == nil && ok {
			return pb, true
		}
	}
	return quell.Playbook{}, false
}
