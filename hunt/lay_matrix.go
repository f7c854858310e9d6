package hunt

import (
	"cmp"
	"slices"
	"strings"

	"github.com/quell-ir/quell"
)

// TacticSeen is a column of the ATT&CK matrix with the techniques that findings speak of. A technique that serves several
// tactics stands in each of their columns, as it does in ATT&CK's own matrix.
type TacticSeen struct {
	Tactic
	Techniques []TechniqueSeen
}

// TechniqueSeen counts the findings of a technique, its sub-techniques' among them: each once, however many of them it names.
type TechniqueSeen struct {
	ID, Name string
	Count    int
	Severity quell.Severity // the worst
	Subs     []TechniqueSeen
}

// LayMatrix lays findings out as ATT&CK's matrix: all its columns, and one more for techniques that it does not have.
func LayMatrix(findings []quell.Finding) []TacticSeen {
	names := Names()
	seen := map[string]*TechniqueSeen{} // parents and subs by id
	for _, f := range findings {
		// A rule may name a technique and two of its sub-techniques: it is one finding of the parent.
		counted := map[string]bool{}
		for _, id := range f.Techniques {
			t := names(id)
			for _, id := range []string{t.Parent, t.ID} {
				if id == "" || counted[id] {
					continue
				}
				counted[id] = true
				if seen[id] == nil {
					seen[id] = &TechniqueSeen{ID: id, Name: names(id).Name}
				}
				seen[id].Count++
				seen[id].Severity = max(seen[id].Severity, f.Severity)
			}
		}
	}
	return columns(seen, names)
}

// columns puts techniques under the tactics that they serve. What a column does not hold is not made: cells are few.
func columns(seen map[string]*TechniqueSeen, names func(string) Technique) []TacticSeen {
	cells := map[string]map[string]TechniqueSeen{} // tactic, parent
	// A parent stands in each column where one of its own does, with the counts that it has everywhere.
	cell := func(tactic, parent string) TechniqueSeen {
		if cells[tactic] == nil {
			cells[tactic] = map[string]TechniqueSeen{}
		}
		if c, ok := cells[tactic][parent]; ok {
			return c
		}
		return *seen[parent]
	}
	for id := range seen {
		t := names(id)
		// Of an id that is not in ATT&CK nobody knows the tactic. It is shown, in a column by itself.
		tactics := t.Tactics
		if len(tactics) == 0 {
			tactics = []Tactic{{Name: otherTactic}}
		}
		for _, tactic := range tactics {
			c := cell(tactic.Name, cmp.Or(t.Parent, id))
			if t.Parent != "" {
				c.Subs = append(c.Subs, *seen[id])
			}
			cells[tactic.Name][c.ID] = c
		}
	}
	out := make([]TacticSeen, 0, 15)
	for _, tactic := range append(Tactics(), Tactic{Name: otherTactic, Title: "Not in ATT&CK"}) {
		if tactic.Name == otherTactic && len(cells[otherTactic]) == 0 {
			continue
		}
		column := TacticSeen{Tactic: tactic, Techniques: []TechniqueSeen{}}
		for _, c := range cells[tactic.Name] {
			slices.SortFunc(c.Subs, func(a, b TechniqueSeen) int { return strings.Compare(a.ID, b.ID) })
			column.Techniques = append(column.Techniques, c)
		}
		slices.SortFunc(column.Techniques, func(a, b TechniqueSeen) int { return strings.Compare(a.ID, b.ID) })
		out = append(out, column)
	}
	return out
}
