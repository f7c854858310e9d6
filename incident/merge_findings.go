package incident

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/quell-ir/quell"
)

// distinct returns the findings sorted by event time and id, each id once. Two tellings of one finding (a rule run over
// overlapping files, GuardDuty's hourly update) are merged rather than chosen between, so nothing either knew is lost.
func distinct(findings []quell.Finding) []quell.Finding {
	byID := make(map[string][]quell.Finding, len(findings))
	for _, f := range findings {
		f.Time = eventTime(f)
		if f.ID == "" {
			f.ID = "f-" + quell.ShortHash(16, append([]string{f.Rule, f.Time.UTC().Format(time.RFC3339Nano)}, f.Events...)...)
		}
		byID[f.ID] = append(byID[f.ID], f)
	}
	out := make([]quell.Finding, 0, len(byID))
	for _, same := range byID {
		out = append(out, mergeTellings(same))
	}
	slices.SortFunc(out, byTime)
	return out
}

// eventTime is when the thing happened: a verdict without a time takes that of its earliest event.
func eventTime(f quell.Finding) time.Time {
	t := f.Time
	if !t.IsZero() {
		return t
	}
	for _, e := range f.Seen {
		if !e.Time.IsZero() && (t.IsZero() || e.Time.Before(t)) {
			t = e.Time
		}
	}
	return t
}

func mergeTellings(same []quell.Finding) quell.Finding {
	if len(same) == 1 {
		return same[0]
	}
	// Where two tellings contradict each other the first wins, so their order must not be that of arrival.
	slices.SortFunc(same, func(a, b quell.Finding) int { return bytes.Compare(encoded(a), encoded(b)) })
	out := same[0]
	for _, f := range same[1:] {
		out.Severity = max(out.Severity, f.Severity)
		out.Exposed = out.Exposed || f.Exposed
		out.Entities = quell.MergeEntities(out.Entities, f.Entities)
		out.Events = union(out.Events, f.Events)
		out.Techniques = union(out.Techniques, f.Techniques)
		out.Seen = mergeEvents(out.Seen, f.Seen)
		out.Account = cmp.Or(out.Account, f.Account)
		out.Region = cmp.Or(out.Region, f.Region)
		out.Title = cmp.Or(out.Title, f.Title)
		out.Why = cmp.Or(out.Why, f.Why)
		if !f.Time.IsZero() && (out.Time.IsZero() || f.Time.Before(out.Time)) {
			out.Time = f.Time
		}
	}
	return out
}

// encoded is only an order; a finding that JSON cannot hold (a year past 9999) sorts first.
func encoded(f quell.Finding) []byte {
	data, err := json.Marshal(f)
	if err != nil {
		return nil
	}
	return data
}

func mergeEvents(a, b []quell.Event) []quell.Event {
	out := slices.Clone(a)
	for _, e := range b {
		if !slices.ContainsFunc(out, func(have quell.Event) bool { return have.ID == e.ID }) {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(x, y quell.Event) int { return cmp.Or(x.Time.Compare(y.Time), cmp.Compare(x.ID, y.ID)) })
	return out
}
