package main

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
)

// severityCount is how many findings a severity has.
type severityCount struct {
	Severity quell.Severity
	Count    int
}

// countSeverities leaves out the severities that nothing has, the worst first.
func countSeverities(findings []quell.Finding) []severityCount {
	var out []severityCount
	for s := quell.Critical; s >= quell.Low; s-- {
		n := 0
		for _, f := range findings {
			if f.Severity == s {
				n++
			}
		}
		if n > 0 {
			out = append(out, severityCount{s, n})
		}
	}
	return out
}

// countPlaces leaves out findings that name none: not every log says where it was written.
func countPlaces(findings []quell.Finding) (accounts, regions int) {
	inAccounts, inRegions := map[string]bool{}, map[string]bool{}
	for _, f := range findings {
		if f.Account != "" {
			inAccounts[f.Account] = true
		}
		if f.Region != "" {
			inRegions[f.Region] = true
		}
	}
	return len(inAccounts), len(inRegions)
}

// seenSpan is when something was first and last seen, and how often and how badly.
type seenSpan struct {
	Severity    quell.Severity
	Count       int
	First, Last time.Time
}

// see takes the times of a finding's events in too: a correlation's own is when it began.
func (s *seenSpan) see(f quell.Finding) {
	s.Count++
	s.Severity = max(s.Severity, f.Severity)
	s.at(f.Time)
	for _, e := range f.Seen {
		s.at(e.Time)
	}
}

// at takes a time in. A record without one must not make everything begin in the year 1.
func (s *seenSpan) at(t time.Time) {
	if t.IsZero() {
		return
	}
	if s.First.IsZero() || t.Before(s.First) {
		s.First = t
	}
	if t.After(s.Last) {
		s.Last = t
	}
}

// compare puts the worst first, and of those the busiest: it is what a person should look at.
func (s seenSpan) compare(o seenSpan) int {
	return cmp.Or(cmp.Compare(o.Severity, s.Severity), cmp.Compare(o.Count, s.Count))
}

// ruleCount is a rule and what it found.
type ruleCount struct {
	seenSpan
	Rule, Title, Why string
}

// countRules sorts by severity, then by how much a rule found.
func countRules(findings []quell.Finding) []ruleCount {
	byRule := map[string]*ruleCount{}
	for _, f := range findings {
		c := byRule[f.Rule]
		if c == nil {
			c = &ruleCount{Rule: f.Rule, Title: f.Title, Why: f.Why}
			byRule[f.Rule] = c
		}
		c.see(f)
	}
	var out []ruleCount
	for _, c := range byRule {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b ruleCount) int { return cmp.Or(a.compare(b.seenSpan), strings.Compare(a.Rule, b.Rule)) })
	return out
}

// entityCount is an entity and the findings that it takes part in.
type entityCount struct {
	seenSpan
	Kind, ID, Name string
	Parts          []string
}

// countEntities sorts by severity, then by the number of findings.
func countEntities(findings []quell.Finding) []entityCount {
	byKey := map[string]*entityCount{}
	for _, f := range findings {
		counted := map[string]bool{} // in several parts it is in the finding once
		for _, e := range f.Entities {
			c := byKey[e.Key()]
			if c == nil {
				c = &entityCount{Kind: string(e.Kind), ID: e.ID}
				byKey[e.Key()] = c
			}
			// Not every record tells the name; the id is what counts as one.
			c.Name = cmp.Or(c.Name, e.Name)
			if part := string(e.Part); part != "" && !slices.Contains(c.Parts, part) {
				c.Parts = append(c.Parts, part)
			}
			if !counted[e.Key()] {
				counted[e.Key()] = true
				c.see(f)
			}
		}
	}
	var out []entityCount
	for _, c := range byKey {
		slices.Sort(c.Parts)
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b entityCount) int {
		return cmp.Or(a.compare(b.seenSpan), strings.Compare(a.Kind, b.Kind), strings.Compare(a.ID, b.ID))
	})
	return out
}

// worstFirst is the order in which findings are kept where not all can be listed. It keeps the order of time within a severity.
func worstFirst(findings []quell.Finding) []quell.Finding {
	out := slices.Clone(findings)
	slices.SortStableFunc(out, func(a, b quell.Finding) int { return cmp.Compare(b.Severity, a.Severity) })
	return out
}
