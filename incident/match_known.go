package incident

import (
	"cmp"
	"slices"

	"github.com/quell-ir/quell"
)

// book is the incidents already known, oldest first, ready to be asked what belongs to them.
type book struct {
	list    []knownIncident
	finding map[string]int // finding id -> place in list
	options Options
}

// knownIncident is what ties findings to an incident. An incident that was merged away lends its ties to the one that
// took it over.
type knownIncident struct {
	quell.Incident
	ties map[string]map[class]bool
}

// over includes dismissed incidents: a false alarm told again is no reason to respond.
func (k knownIncident) over() bool {
	return k.Standing == quell.Ended || k.Standing == quell.Dismissed || k.Phase == quell.Closed
}

func newBook(known []quell.Incident, findings []quell.Finding, o Options) *book {
	b := &book{finding: map[string]int{}, options: o}
	byID := map[string]quell.Incident{}
	var told [][]quell.Entity
	for _, k := range known {
		byID[k.ID] = k
		told = append(told, k.Entities)
	}
	for _, f := range findings {
		told = append(told, f.Entities)
	}
	names := newResolver(told...)
	for _, k := range byID {
		entities := slices.Clone(k.Entities)
		if k.Subject.ID != "" {
			subject := k.Subject
			subject.Part = quell.PartActor
			entities = append(entities, subject)
		}
		heir := followMerge(k, byID)
		heir.Findings, heir.Since, heir.LastSeen = k.Findings, k.Since, k.LastSeen
		b.list = append(b.list, knownIncident{heir, links(names.fix(entities), k.Severity, k.Account, o)})
	}
	slices.SortFunc(b.list, func(x, y knownIncident) int {
		return cmp.Or(x.Opened.Compare(y.Opened), cmp.Compare(x.ID, y.ID), x.Since.Compare(y.Since))
	})
	for i, k := range b.list {
		for _, id := range k.Findings {
			// An open incident has the stronger claim on a finding than one that is over.
			if have, ok := b.finding[id]; !ok || (b.list[have].over() && !k.over()) {
				b.finding[id] = i
			}
		}
	}
	return b
}

// followMerge gives the incident that answers for k now. A chain that runs in a circle ends where it started.
func followMerge(k quell.Incident, byID map[string]quell.Incident) quell.Incident {
	seen := map[string]bool{}
	for at := k; ; {
		next, ok := byID[at.MergedInto]
		if at.MergedInto == "" || !ok {
			return at
		}
		if seen[at.ID] {
			return k
		}
		seen[at.ID] = true
		at = next
	}
}

// assign splits one component of connected findings: each finding an incident already has stays with it, the rest
// joins the oldest open incident it touches, or becomes a cluster of its own.
func (b *book) assign(component []int, list []quell.Finding, ties []map[string]map[class]bool) []Cluster {
	clusters := map[string]*Cluster{}
	var order []string
	put := func(id string, over bool, f quell.Finding) {
		if clusters[id] == nil {
			clusters[id] = &Cluster{Known: id, Over: over}
			order = append(order, id)
		}
		clusters[id].Findings = append(clusters[id].Findings, f)
	}
	var open, over []string
	touch := func(k knownIncident) {
		if k.over() {
			over = append(over, k.ID)
		} else if !slices.Contains(open, k.ID) {
			open = append(open, k.ID)
		}
	}
	var fresh []int
	owned := map[int]bool{}
	for _, i := range component {
		if at, ok := b.finding[list[i].ID]; ok {
			put(b.list[at].ID, b.list[at].over(), list[i])
			owned[at] = true
			continue
		}
		fresh = append(fresh, i)
	}
	for at, k := range b.list {
		if owned[at] || slices.ContainsFunc(fresh, func(i int) bool { return b.shares(k, list[i], ties[i]) }) {
			touch(k)
		}
	}
	home := ""
	if len(open) > 0 {
		home = open[0]
	}
	for _, i := range fresh {
		put(home, false, list[i])
	}
	out := make([]Cluster, 0, len(order))
	for _, id := range order {
		c := clusters[id]
		c.Also = without(open, id)
		c.Refers = without(over, id)
		out = append(out, *c)
	}
	return out
}

// shares says whether a finding is tied to an incident. Entities tie at any time while the incident runs, because
// intruders pause; an address is lent out again by its provider, so it ties within the window only.
func (b *book) shares(k knownIncident, f quell.Finding, ties map[string]map[class]bool) bool {
	for key, in := range ties {
		for c := range in {
			for have := range k.ties[key] {
				if !joins[c][have] {
					continue
				}
				if c != address || b.near(k, f) {
					return true
				}
			}
		}
	}
	return false
}

// near says whether a finding lies within the window of what is known of an incident.
func (b *book) near(k knownIncident, f quell.Finding) bool {
	w := b.options.window()
	return !f.Time.Before(k.Since.Add(-w)) && !f.Time.After(k.LastSeen.Add(w))
}

func without(list []string, id string) []string {
	var out []string
	for _, s := range union(list, nil) {
		if s != id {
			out = append(out, s)
		}
	}
	return out
}
