package scope

import (
	"cmp"
	"slices"

	"github.com/quell-ir/quell"
)

// entities are those that took part, made ones first when there are too many, and how many are left out. Mere mentions
// stay away: listing an account's roles makes none of them part of an incident.
func entities(s Sighting) (out []quell.Entity, left int) {
	var all []quell.Entity
	for _, e := range s.Events {
		var of []quell.Entity
		for _, r := range e.Resources {
			if matters(r, e) {
				of = append(of, r)
			}
		}
		all = append(all, of...)
		// Merging now and then keeps an event history of fifty thousand repetitions small.
		if len(all) > 4*maxEntities {
			all = quell.MergeEntities(all, nil)
		}
	}
	all = quell.MergeEntities(all, nil)
	if len(all) <= maxEntities {
		return all, 0
	}
	slices.SortStableFunc(all, func(a, b quell.Entity) int { return cmp.Compare(weight(a), weight(b)) })
	left = len(all) - maxEntities
	return quell.MergeEntities(all[:maxEntities], nil), left
}

// matters says whether an event's mention of an entity belongs into the scope.
func matters(r quell.Entity, e quell.Event) bool {
	switch r.Part {
	case quell.PartMade, quell.PartUsed:
		return true
	case quell.PartActor:
		return r.Kind != quell.KindResource
	case quell.PartRead:
		return r.Kind == quell.KindBucket || r.Kind == quell.KindSecret
	}
	// Reads that were refused name a target too; nothing happened to it.
	return !e.ReadOnly || r.Kind == quell.KindBucket || r.Kind == quell.KindSecret || e.Name == "AssumeRole"
}

func weight(e quell.Entity) int {
	return slices.Index([]quell.Part{quell.PartMade, quell.PartActor, quell.PartUsed, quell.PartRead, quell.PartTarget}, e.Part)
}
