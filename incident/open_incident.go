package incident

import (
	"cmp"
	"slices"
	"time"

	"github.com/quell-ir/quell"
)

// Open makes the incident that a cluster of findings starts. Its id is "q-" and ten hex digits of the subject's key and
// the earliest finding's id, so that the same findings open the same incident on every machine. A cluster must hold
// at least one finding; now is when it is opened, UTC.
func Open(c Cluster, now time.Time) quell.Incident {
	findings := resolved(distinct(c.Findings))
	subject := chooseSubject(findings)
	out := quell.Incident{
		ID:       "q-" + quell.ShortHash(10, subject.Key(), findings[0].ID),
		Phase:    quell.Detect,
		Standing: quell.Open,
		Subject:  subject,
		Account:  cmp.Or(subject.Account, mostCommonAccount(findings)),
		Opened:   now.UTC(),
		Title:    titleOf(findings, subject),
		Severity: rate(findings),
	}
	for _, f := range findings {
		out = take(out, f)
	}
	return out
}

// Join adds a finding to an incident: its entities, its times, and its severity where that is higher. A finding that
// the incident has already changes nothing, so a person's lower severity is not undone by the same facts again.
func Join(in quell.Incident, f quell.Finding) quell.Incident {
	if slices.Contains(in.Findings, f.ID) {
		return in
	}
	in = take(in, f)
	in.Severity = max(in.Severity, f.Severity)
	return in
}

// take merges what every finding brings, except severity, which is judged over all of them. Nothing of in is shared
// with the result, because callers keep the incident as it was.
func take(in quell.Incident, f quell.Finding) quell.Incident {
	in.Findings = union(in.Findings, []string{f.ID})
	in.Entities = reconcile(quell.MergeEntities(in.Entities, f.Entities))
	in.Exposed = in.Exposed || f.Exposed
	first, last := span(f)
	if !first.IsZero() && (in.Since.IsZero() || first.Before(in.Since)) {
		in.Since = first
	}
	if last.After(in.LastSeen) {
		in.LastSeen = last
	}
	return in
}

// span is the first and last event time that a finding judged, in UTC.
func span(f quell.Finding) (first, last time.Time) {
	first, last = f.Time.UTC(), f.Time.UTC()
	for _, e := range f.Seen {
		at := e.Time.UTC()
		if at.IsZero() {
			continue
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	return first, last
}

func mostCommonAccount(findings []quell.Finding) string {
	count := map[string]int{}
	best := ""
	for _, f := range findings {
		if f.Account == "" {
			continue
		}
		count[f.Account]++
		if n := count[f.Account] - count[best]; n > 0 || best == "" || (n == 0 && f.Account < best) {
			best = f.Account
		}
	}
	return best
}
