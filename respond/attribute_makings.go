package respond

import (
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source/scope"
)

// established is how long an address must have been the subject's before it counts as its owner's.
const established = 6 * time.Hour

// attribute tells what an intruder made from what the credential's owner made. The scope is read from a day before the
// first hostile act, so that people see who else uses the credential; a user that the owner made in that day must not be
// quarantined for it. A thing is the intruder's if it was made at or after the first act that a rule or a service called
// hostile, or from an address that the subject has not long been working from. Everything else is a suspect, which a
// person decides about.
func attribute(in quell.Incident, findings []quell.Finding, seen scope.Sighting, found quell.Scope) quell.Scope {
	since := hostileSince(findings)
	first := map[string]time.Time{}
	last := map[string]time.Time{}
	for _, e := range seen.Events {
		if first[e.SourceIP].IsZero() || e.Time.Before(first[e.SourceIP]) {
			first[e.SourceIP] = e.Time
		}
		if e.Time.After(last[e.SourceIP]) {
			last[e.SourceIP] = e.Time
		}
	}
	hostile := map[string]bool{}
	for _, e := range seen.Events {
		known := last[e.SourceIP].Sub(first[e.SourceIP]) >= established
		if !since.IsZero() && !e.Time.Before(since) || !known {
			for _, r := range e.Resources {
				if r.Part == quell.PartMade {
					hostile[r.Key()] = true
				}
			}
		}
	}
	// What a finding or an earlier look has called the intruder's stays so.
	for _, e := range in.Entities {
		if e.Part == quell.PartMade {
			hostile[e.Key()] = true
		}
	}
	entities := make([]quell.Entity, 0, len(found.Entities))
	for _, e := range found.Entities {
		if e.Part == quell.PartMade && !hostile[e.Key()] {
			e.Part = quell.PartSuspect
		}
		entities = append(entities, e)
	}
	found.Entities = quell.MergeEntities(entities, nil)
	return found
}

// hostileSince is the time of the first act that a rule or a service called hostile; zero where only a person's word
// stands.
func hostileSince(findings []quell.Finding) time.Time {
	var since time.Time
	for _, f := range findings {
		if f.Source != "operator" && !f.Time.IsZero() && (since.IsZero() || f.Time.Before(since)) {
			since = f.Time
		}
	}
	return since
}
