package plan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/quell-ir/quell"
)

// entityFacts, incidentFacts and scopeFacts are what conditions see. They are structs, not maps, so that CEL's checker
// refuses a misspelt field when the playbook is read.
type entityFacts struct {
	Kind    string `cel:"kind"`
	ID      string `cel:"id"`
	Name    string `cel:"name"`
	ARN     string `cel:"arn"`
	Account string `cel:"account"`
	Region  string `cel:"region"`
	Part    string `cel:"part"`
	Of      string `cel:"of"`
}

type incidentFacts struct {
	ID       string        `cel:"id"`
	Title    string        `cel:"title"`
	Severity string        `cel:"severity"`
	Standing string        `cel:"standing"`
	Exposed  bool          `cel:"exposed"`
	Account  string        `cel:"account"`
	Subject  entityFacts   `cel:"subject"`
	Entities []entityFacts `cel:"entities"`
	Blind    []string      `cel:"blind"`

	// picked remembers what pick gave. A condition asks again for every entity it looks at, and an intruder decides how
	// many there are.
	picked map[[2]string][]entityFacts
}

type scopeFacts struct {
	StillActive bool          `cel:"still_active"`
	Events      int64         `cel:"events"`
	UsedBy      []string      `cel:"used_by"`
	Entities    []entityFacts `cel:"entities"`
	Blind       []string      `cel:"blind"`
}

// facts are an incident and its scope, with each thing known by one id.
type facts struct {
	incident incidentFacts
	scope    scopeFacts
	// known holds, by key, every entity that a step may be bound to: a condition selects, it never invents.
	known map[string]quell.Entity
}

// buildFacts joins what the findings and the scope tell, so that conditions need not know which of them told it.
func buildFacts(incident quell.Incident, scope quell.Scope) facts {
	all := append(append(slices.Clone(incident.Entities), scope.Entities...), incident.Subject)
	ids := stableIDs(all)
	entities := quell.MergeEntities(ids.apply(incident.Entities), ids.apply(scope.Entities))
	subject := ids.one(incident.Subject)
	account := cmp.Or(incident.Account, scope.Account, subject.Account)

	f := facts{known: map[string]quell.Entity{}}
	for _, e := range append(slices.Clone(entities), subject) {
		if e.ID != "" {
			f.known[e.Key()] = fillEntity(f.known[e.Key()], e)
		}
	}
	// The subject may be known better from its mentions in findings than from the incident's own line.
	subject = fillEntity(subject, f.known[subject.Key()])
	f.incident = incidentFacts{
		ID: incident.ID, Title: incident.Title, Severity: incident.Severity.String(), Standing: string(incident.Standing),
		Exposed: incident.Exposed, Account: account, Subject: factsOf(subject), Entities: factsOfAll(entities),
		Blind: incident.Blind, picked: map[[2]string][]entityFacts{},
	}
	f.scope = scopeFacts{
		StillActive: scope.StillActive, Events: int64(scope.Events), UsedBy: scope.UsedBy,
		Entities: factsOfAll(ids.apply(scope.Entities)), Blind: scope.Blind,
	}
	if account != "" {
		e := quell.Entity{Kind: quell.KindAccount, ID: account, Account: account}
		f.known[e.Key()] = fillEntity(f.known[e.Key()], e)
	}
	return f
}

// fillEntity completes a by b where a says nothing.
func fillEntity(a, b quell.Entity) quell.Entity {
	a.Kind, a.ID = cmp.Or(a.Kind, b.Kind), cmp.Or(a.ID, b.ID)
	a.Name, a.ARN = cmp.Or(a.Name, b.Name), cmp.Or(a.ARN, b.ARN)
	a.Account, a.Region = cmp.Or(a.Account, b.Account), cmp.Or(a.Region, b.Region)
	a.Part, a.Of = cmp.Or(a.Part, b.Part), cmp.Or(a.Of, b.Of)
	return a
}

// idTable maps "kind ARN" and ARN to the stable id: one record tells a user's AIDA, the next only the ARN, and a key
// made for it says "of" the ARN. Without this the intruder's user would be quarantined twice and its key taken for
// somebody else's.
type idTable map[string]string

// stableIDs reads the table off the entities that have both an id and an ARN.
func stableIDs(entities []quell.Entity) idTable {
	t := idTable{}
	for _, e := range entities {
		if e.ARN == "" || e.ID == "" || e.ID == e.ARN {
			continue
		}
		for _, key := range []string{string(e.Kind) + " " + e.ARN, e.ARN} {
			// A name used again has two ids for one ARN; the smaller one, whatever the order of the mentions.
			if have, ok := t[key]; !ok || e.ID < have {
				t[key] = e.ID
			}
		}
	}
	return t
}

// one gives an entity known by its ARN its stable id, and what it is of too.
func (t idTable) one(e quell.Entity) quell.Entity {
	if e.ID == "" || strings.HasPrefix(e.ID, "arn:") {
		arn := cmp.Or(e.ID, e.ARN)
		e.ARN = cmp.Or(e.ARN, arn)
		e.ID = cmp.Or(t[string(e.Kind)+" "+arn], e.ID, arn)
	}
	if strings.HasPrefix(e.Of, "arn:") {
		e.Of = cmp.Or(t[e.Of], e.Of)
	}
	return e
}

func (t idTable) apply(list []quell.Entity) []quell.Entity {
	out := make([]quell.Entity, 0, len(list))
	for _, e := range list {
		out = append(out, t.one(e))
	}
	return out
}

func factsOf(e quell.Entity) entityFacts {
	return entityFacts{
		Kind: string(e.Kind), ID: e.ID, Name: e.Name, ARN: e.ARN, Account: e.Account, Region: e.Region,
		Part: string(e.Part), Of: e.Of,
	}
}

func factsOfAll(list []quell.Entity) []entityFacts {
	out := make([]entityFacts, 0, len(list))
	for _, e := range list {
		out = append(out, factsOf(e))
	}
	return out
}

func (e entityFacts) key() string { return e.Kind + "/" + e.ID }
