package incident

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/quell-ir/quell"
)

// Cluster is findings that belong together, sorted by event time, then id.
type Cluster struct {
	Findings []quell.Finding
	// Known is the incident that the findings belong to already or join; empty where a new one is to be opened.
	Known string
	// Over says that Known is closed or dismissed and that nothing here is new: there is nothing to open or to join.
	Over bool
	// Also are other open incidents that share entities. Merging two running responses is a person's choice.
	Also []string
	// Refers are closed or dismissed incidents that share entities: what is new is told apart, and points back.
	Refers []string
}

// Group says which findings belong together. Two findings do when they share an entity in a way that counts (see
// class) and lie within the window of one another, or when others connect them.
//
// A finding that is part of a known incident stays there. A finding that shares entities with an open incident joins
// it, however long that has been running; of several, the one opened first. Closed and dismissed incidents are
// never reopened. Neither the order of findings nor that of known changes the result.
func Group(findings []quell.Finding, known []quell.Incident, o Options) []Cluster {
	list := distinct(findings)
	sets := newSets(len(list))
	ties := make([]map[string]map[class]bool, len(list))
	mentions := map[string][]mention{}
	var told [][]quell.Entity
	for _, k := range known {
		told = append(told, k.Entities)
	}
	for i, f := range resolved(list, told...) {
		ties[i] = links(f.Entities, f.Severity, f.Account, o)
		for key, in := range ties[i] {
			for c := range in {
				mentions[key] = append(mentions[key], mention{i, c, f.Time})
			}
		}
	}
	for _, m := range mentions {
		connect(m, o.window(), sets)
	}
	components := map[int][]int{}
	for i := range list {
		root := sets.find(i)
		components[root] = append(components[root], i)
	}
	book := newBook(known, list, o)
	byKnown := map[string]*Cluster{}
	var out []*Cluster
	for _, root := range slices.Sorted(maps.Keys(components)) {
		for _, c := range book.assign(components[root], list, ties) {
			have := byKnown[c.Known]
			if c.Known == "" || have == nil {
				cluster := &c
				out = append(out, cluster)
				if c.Known != "" {
					byKnown[c.Known] = cluster
				}
				continue
			}
			have.Findings = append(have.Findings, c.Findings...)
			have.Also = union(have.Also, c.Also)
			have.Refers = union(have.Refers, c.Refers)
		}
	}
	return finish(out)
}

// mention is one finding's naming of a key.
type mention struct {
	finding int
	class   class
	at      time.Time
}

// connect joins what the mentions of one key tie together. Tying each mention to its nearest neighbour of each class
// on both sides connects exactly what comparing every pair would, in linear time: an attacker who produces a million
// findings about one key must not make it quadratic.
func connect(list []mention, window time.Duration, sets *sets) {
	slices.SortFunc(list, func(a, b mention) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.finding, b.finding), cmp.Compare(a.class, b.class))
	})
	sweep := func(order func(yield func(int, mention) bool)) {
		var last [classes]*mention
		for i := range order {
			m := &list[i]
			for c := range classes {
				if near := last[c]; near != nil && joins[m.class][c] && m.at.Sub(near.at).Abs() <= window {
					sets.join(m.finding, near.finding)
				}
			}
			last[m.class] = m
		}
	}
	sweep(slices.All(list))
	sweep(slices.Backward(list))
}

func finish(list []*Cluster) []Cluster {
	out := make([]Cluster, 0, len(list))
	for _, c := range list {
		slices.SortFunc(c.Findings, byTime)
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b Cluster) int { return byTime(a.Findings[0], b.Findings[0]) })
	return out
}

func byTime(a, b quell.Finding) int {
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID))
}

func union(a, b []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(a, b))))
}

// sets is a disjoint-set forest over findings. The smaller index is the root, so that roots do not depend on order.
type sets struct{ parent []int }

func newSets(n int) *sets {
	s := &sets{parent: make([]int, n)}
	for i := range s.parent {
		s.parent[i] = i
	}
	return s
}

func (s *sets) find(i int) int {
	for s.parent[i] != i {
		s.parent[i] = s.parent[s.parent[i]]
		i = s.parent[i]
	}
	return i
}

func (s *sets) join(i, j int) {
	a, b := s.find(i), s.find(j)
	s.parent[max(a, b)] = min(a, b)
}
