package hunt

import (
	"cmp"
	"slices"
	"strings"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
)

// Coverage says what a set of rules can see, and what it needs to see it.
type Coverage struct {
	// Rules are those that report; Feeding those that only feed correlations.
	Rules   int              `json:"rules"`
	Feeding int              `json:"feeding"`
	Tactics []TacticCoverage `json:"tactics"`
	Stratus []ThreatCoverage `json:"stratus"`
	// Playbooks are the responses that findings ask for, with the rules that trigger them.
	Playbooks []PlaybookCoverage `json:"playbooks"`
	// Needs are the logs; without one, its rules are blind.
	Needs []DataCoverage `json:"needs"`
}

// TacticCoverage is a column of the ATT&CK matrix.
type TacticCoverage struct {
	Tactic     string           `json:"tactic"`
	Techniques []ThreatCoverage `json:"techniques"`
}

// ThreatCoverage is a technique, an attack or a playbook with the rules that see it, highest severity first.
type ThreatCoverage struct {
	ID       string         `json:"id"`
	Name     string         `json:"name,omitempty"`
	Severity quell.Severity `json:"severity"` // the highest of the rules; meaningless where there is none
	Rules    []RuleCoverage `json:"rules"`
	// BlindWithout are the logs each of which all rules here need.
	BlindWithout []string `json:"blind_without"`
}

// PlaybookCoverage is a playbook with the rules that ask for it.
type PlaybookCoverage struct {
	ThreatCoverage
	// Written is false for a playbook that is planned, or that nobody knows: findings name it, and nothing answers yet.
	Written bool `json:"written"`
}

// RuleCoverage is a rule as the matrix shows it.
type RuleCoverage struct {
	Name       string         `json:"name"`
	Severity   quell.Severity `json:"severity"`
	DataNeeded string         `json:"data_needed"`
}

// DataCoverage is a kind of log with the rules that read it.
type DataCoverage struct {
	Data  string   `json:"data"`
	Rules []string `json:"rules"`
}

// Cover lays the rules out by ATT&CK, by Stratus Red Team's techniques, by playbook and by the logs they need. The books are
// those that there are.
func Cover(rules []*detect.Rule, written []quell.Playbook) Coverage {
	silent, find := feeding(rules), finder(rules)
	c := Coverage{Feeding: len(silent)}
	cells := map[string]map[string][]RuleCoverage{} // tactic, technique
	books, byName, needs := map[string][]RuleCoverage{}, map[string]RuleCoverage{}, map[string][]string{}
	known := techniques()
	for _, r := range rules {
		if silent[r] {
			continue
		}
		c.Rules++
		view := RuleCoverage{Name: cmp.Or(r.Name, r.ID), Severity: r.Level, DataNeeded: needed(r, find)}
		byName[view.Name] = view
		needs[view.DataNeeded] = append(needs[view.DataNeeded], view.Name)
		if book, ok := r.Custom["playbook"].(string); ok {
			books[book] = append(books[book], view)
		}
		for _, technique := range r.Techniques {
			for _, tactic := range tacticsOf(r, known[technique]) {
				if cells[tactic] == nil {
					cells[tactic] = map[string][]RuleCoverage{}
				}
				cells[tactic][technique] = append(cells[tactic][technique], view)
			}
		}
	}
	for _, tactic := range append(tacticOrder(), otherTactic) {
		if len(cells[tactic]) == 0 && tactic == otherTactic {
			continue
		}
		column := TacticCoverage{Tactic: tactic, Techniques: threats(cells[tactic])}
		for i := range column.Techniques {
			column.Techniques[i].Name = known[column.Techniques[i].ID].name
		}
		c.Tactics = append(c.Tactics, column)
	}
	for _, s := range stratus() {
		var seen []RuleCoverage
		for _, name := range s.rules {
			if r, ok := byName[name]; ok {
				seen = append(seen, r)
			}
		}
		c.Stratus = append(c.Stratus, threat(s.id, seen))
	}
	c.Playbooks = coverPlaybooks(books, written)
	c.Needs = []DataCoverage{}
	for data, names := range needs {
		slices.Sort(names)
		c.Needs = append(c.Needs, DataCoverage{data, names})
	}
	slices.SortFunc(c.Needs, func(a, b DataCoverage) int { return cmp.Compare(a.Data, b.Data) })
	return c
}

// otherTactic holds techniques whose tactic neither the table nor a tag tells.
const otherTactic = "other"

// tacticsOf are the tactics of a technique that the rule is tagged with; where they do not meet, the technique's own, and
// for an unknown technique the rule's.
func tacticsOf(r *detect.Rule, known attack) []string {
	var tagged, both []string
	for _, tag := range r.Tags {
		tactic := strings.ReplaceAll(strings.TrimPrefix(strings.ToLower(tag), "attack."), "_", "-")
		if !slices.Contains(tacticOrder(), tactic) {
			continue
		}
		tagged = append(tagged, tactic)
		if slices.Contains(known.tactics, tactic) {
			both = append(both, tactic)
		}
	}
	for _, list := range [][]string{both, known.tactics, tagged} {
		if len(list) > 0 {
			return slices.Compact(slices.Sorted(slices.Values(list)))
		}
	}
	return []string{otherTactic}
}

// feeding are the rules that report only through correlations: all that some refer to and none lets speak.
func feeding(rules []*detect.Rule) map[*detect.Rule]bool {
	quiet, loud := map[string]bool{}, map[string]bool{}
	for _, r := range rules {
		if r.Correlation == nil {
			continue
		}
		for _, name := range r.Correlation.Rules {
			quiet[name] = true
			loud[name] = loud[name] || r.Correlation.Generate
		}
	}
	out := map[*detect.Rule]bool{}
	for _, r := range rules {
		if (quiet[r.ID] || quiet[r.Name]) && !loud[r.ID] && !loud[r.Name] {
			out[r] = true
		}
	}
	return out
}

func threats(rules map[string][]RuleCoverage) []ThreatCoverage {
	out := make([]ThreatCoverage, 0, len(rules))
	for id, list := range rules {
		out = append(out, threat(id, list))
	}
	slices.SortFunc(out, func(a, b ThreatCoverage) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func threat(id string, rules []RuleCoverage) ThreatCoverage {
	t := ThreatCoverage{ID: id, Rules: orEmpty(slices.Clone(rules)), BlindWithout: []string{}}
	slices.SortFunc(t.Rules, func(a, b RuleCoverage) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Name, b.Name))
	})
	if len(t.Rules) == 0 {
		return t
	}
	t.Severity = t.Rules[0].Severity
	first := t.Rules[0].DataNeeded
	if !slices.ContainsFunc(t.Rules, func(r RuleCoverage) bool { return r.DataNeeded != first }) {
		t.BlindWithout = append(t.BlindWithout, first)
	}
	return t
}
