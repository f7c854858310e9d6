package incident

import (
	"cmp"
	"slices"

	"github.com/quell-ir/quell"
)

// Graph is who did what to what.
type Graph struct {
	Nodes []quell.Entity `json:"nodes"` // sorted by key, without parts
	Edges []Edge         `json:"edges"`
}

// Edge is one relation. From and To are keys of nodes.
type Edge struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Verb is made, used, read, acted on, owns or ran as.
	Verb string `json:"verb"`
	// Finding is the id of the first finding that shows the relation; empty where the scope shows it.
	Finding string `json:"finding,omitempty"`
}

// BuildGraph draws findings, and the entities that scoping found around the subject, as one graph. The same input in
// any order gives the same graph.
func BuildGraph(subject quell.Entity, findings []quell.Finding, scoped []quell.Entity) Graph {
	b := graphBuilder{nodes: map[string]quell.Entity{}, edges: map[[3]string]string{}}
	for _, f := range resolved(distinct(findings), scoped) {
		b.add(f.Entities, f.ID)
	}
	var seen [][]quell.Entity
	for _, f := range findings {
		seen = append(seen, f.Entities)
	}
	scoped = newResolver(append(seen, scoped)...).fix(scoped)
	if subject.ID != "" {
		subject.Part = quell.PartActor
		b.add(append(slices.Clone(scoped), subject), "")
	} else {
		b.add(scoped, "")
	}
	var out Graph
	for _, n := range b.nodes {
		out.Nodes = append(out.Nodes, n)
	}
	slices.SortFunc(out.Nodes, func(x, y quell.Entity) int { return cmp.Compare(x.Key(), y.Key()) })
	for e, finding := range b.edges {
		out.Edges = append(out.Edges, Edge{From: e[0], To: e[1], Verb: e[2], Finding: finding})
	}
	slices.SortFunc(out.Edges, func(x, y Edge) int {
		return cmp.Or(cmp.Compare(x.From, y.From), cmp.Compare(x.To, y.To), cmp.Compare(x.Verb, y.Verb))
	})
	return out
}

type graphBuilder struct {
	nodes map[string]quell.Entity
	edges map[[3]string]string // from, to, verb -> finding
}

func (b *graphBuilder) add(entities []quell.Entity, finding string) {
	var actor quell.Entity
	for _, e := range entities {
		if e.ID == "" || e.Kind == quell.KindAccount {
			continue // everything lies in an account; an edge to it tells nothing
		}
		b.node(e)
		better := cmp.Or(cmp.Compare(durability(e.Kind), durability(actor.Kind)), cmp.Compare(e.Key(), actor.Key())) < 0
		if e.Part == quell.PartActor && (actor.ID == "" || better) {
			actor = e
		}
	}
	for _, e := range entities {
		if e.ID == "" || e.Kind == quell.KindAccount {
			continue
		}
		if owner, c := ownerOf(e); owner != "" {
			if _, ok := b.nodes[owner]; ok {
				verb := "owns"
				if c == origin {
					verb = "ran as"
				}
				b.edge(owner, e.Key(), verb, finding)
			}
		}
		verb := verbOf(e.Part)
		if verb != "" && actor.ID != "" && e.Key() != actor.Key() {
			b.edge(actor.Key(), e.Key(), verb, finding)
		}
	}
}

func verbOf(p quell.Part) string {
	switch p {
	case quell.PartMade, quell.PartUsed, quell.PartRead:
		return string(p)
	case quell.PartTarget:
		return "acted on"
	}
	return ""
}

func (b *graphBuilder) node(e quell.Entity) {
	e.Part = ""
	if have, ok := b.nodes[e.Key()]; ok {
		e = quell.MergeEntities([]quell.Entity{have}, []quell.Entity{e})[0]
	}
	b.nodes[e.Key()] = e
}

// edge keeps the first finding that shows a relation; findings come in event order, the scope last.
func (b *graphBuilder) edge(from, to, verb, finding string) {
	if _, ok := b.edges[[3]string{from, to, verb}]; !ok {
		b.edges[[3]string{from, to, verb}] = finding
	}
}
