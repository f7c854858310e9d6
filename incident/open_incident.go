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
	return take(out, findings...)
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

// take merges what findings bring, except severity, which is judged over all of them. Nothing of in is shared with the
// result, because callers keep the incident as it was. All at once: somebody who makes ten thousand users makes as many
// findings of one incident, and each merge goes through all that is there.
func take(in quell.Incident, findings ...quell.Finding) quell.Incident {
	var ids []string
	var entities []quell.Entity
	for _, f := range findings {
		ids, entities = append(ids, f.ID), append(entities, f.Entities...)
		in.Exposed = in.Exposed || f.Exposed
		first, last := span(f)
		if !first.IsZero() && (in.Since.IsZero() || first.Before(in.Since)) {
			in.Since = first
		}
		if last.After(in.LastSeen) {
			in.LastSeen = last
		}
	}
	// Most records of findings tell what the opening told already.
	if !slices.ContainsFunc(ids, func(id string) bool { return !hasSorted(in.Findings, id) }) && knowsAll(in.Entities, entities) {
		return in
	}
	in.Findings = union(in.Findings, ids)
	in.Entities = reconcile(quell.MergeEntities(in.Entities, entities))
	return in
}

func hasSorted(list []string, item string) bool {
	_, ok := slices.BinarySearch(list, item)
	return ok
}

// knowsAll says whether merging more entities into a list that was merged would change nothing.
func knowsAll(list, more []quell.Entity) bool {
	adds := func(have, new string) bool { return have == "" && new != "" }
	return !slices.ContainsFunc(more, func(e quell.Entity) bool {
		at, ok := slices.BinarySearchFunc(list, e, func(x, y quell.Entity) int {
			return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.ID, y.ID), cmp.Compare(x.Part, y.Part))
		})
		if !ok {
			return true
		}
		have := list[at]
		return adds(have.Name, e.Name) || adds(have.ARN, e.ARN) || adds(have.Account, e.Account) || adds(have.Region, e.Region) || adds(have.Of, e.Of)
	})
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
