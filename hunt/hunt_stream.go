package hunt

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/source"
)

// Record keeps findings before what they were made of is let go: a queue's message, a position in a file.
type Record func(ctx context.Context, fresh []quell.Finding) error

// Document judges one document; sources that hand documents over call it.
func (h *Hunter) Document(ctx context.Context, d source.Document) error { return h.document(ctx, d) }

// Fresh gives the findings made since it was called last, and what correlations and the baseline have come to since. Each comes
// once; where later events make one of the baseline worse, a graver one follows it.
func (h *Hunter) Fresh() []quell.Finding {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.settleTwins()
	out := append([]quell.Finding{}, h.findings[h.told:]...)
	h.told = len(h.findings)
	if h.seen == nil {
		h.seen = map[string]bool{}
	}
	for _, hit := range h.freshHits() {
		f := FoundTogether(hit)
		if h.bursts.isNew(hit, h.known(f.ID)) {
			h.seen[f.ID] = true
			out = append(out, f)
		}
	}
	for _, f := range h.circle.fresh() {
		if !h.known(f.ID) {
			h.seen[f.ID] = true
			out = append(out, f)
		}
	}
	out = append(out, h.Habits.fresh()...)
	sortFindings(out)
	return out
}

// freshHits are those of all correlations if some record has matched since it was called last. To find them means to go
// through all matches kept, and most looks at a stream bring none.
func (h *Hunter) freshHits() []detect.Hit {
	if !h.stirred {
		return nil
	}
	h.stirred = false
	return h.hits()
}

// stir has the next look at a stream ask all correlations.
func (h *Hunter) stir() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stirred = true
}

// through is the time that a stream has come to: that of the latest event that a correlation keeps, and never the future. Logs
// of last month that are fed into a stream a few at a time must correlate like those of today.
func (h *Hunter) through() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	now, latest := h.Clock.Now(), time.Time{}
	for _, c := range h.correlators() {
		if at := c.Latest(); at.After(latest) {
			latest = at
		}
	}
	if latest.IsZero() || latest.After(now) {
		return now
	}
	return latest
}

// known says whether a finding was made before.
func (h *Hunter) known(id string) bool { return h.seen[id] || h.before[id] }

// maxSeen is how many ids of findings a stream remembers in each of two generations.
const maxSeen = 200_000

// Forget lets go of what a stream without end needs no more: findings told, and events from before the time less the longest
// span of a correlation. Whatever was skipped is returned, for it is told once too.
func (h *Hunter) Forget(through time.Time) []source.Skipped {
	h.mu.Lock()
	defer h.mu.Unlock()
	skipped := h.skipped
	h.findings, h.told, h.skipped = slices.Clone(h.findings[h.told:]), 0, nil
	if len(h.seen) > maxSeen {
		h.before, h.seen = h.seen, map[string]bool{}
	}
	h.Habits.forget()
	// All matches are looked through for old ones: not at every look.
	if through.Sub(h.forgot).Abs() < time.Minute {
		return skipped
	}
	h.forgot = through
	span := time.Duration(0)
	if h.correlator != nil {
		span = longestSpan(h.Program)
		h.correlator.Forget(through.Add(-span - late))
	}
	for _, judges := range h.Kinds {
		for _, j := range judges {
			span = max(span, j.span)
			j.correlator.Forget(through.Add(-j.span - late))
		}
	}
	h.circle.forget(through.Add(-2 * late))
	h.bursts.forget(through.Add(-span - 2*late))
	return skipped
}

// bursts are the times of hits that were told, by rule and group. A burst that goes on for days loses its first events to
// Forget, and gets another id by it; it is the same burst all the same.
type bursts map[string][]stretch

type stretch struct{ first, last time.Time }

// isNew says whether a hit is no part of one told before, and notes it. One known by its id is none, but it may have grown.
func (b *bursts) isNew(hit detect.Hit, known bool) bool {
	if *b == nil {
		*b = bursts{}
	}
	key := hit.Rule.ID
	for _, name := range slices.Sorted(maps.Keys(hit.Group)) {
		key += "\x00" + name + "\x00" + hit.Group[name]
	}
	for i, s := range (*b)[key] {
		// Hits of one rule and group never overlap, but that they may end and begin within the same second.
		if hit.First.Before(s.last) && s.first.Before(hit.Last) {
			if hit.Last.After(s.last) {
				(*b)[key][i].last = hit.Last
			}
			return false
		}
	}
	if !known {
		(*b)[key] = append((*b)[key], stretch{hit.First, hit.Last})
	}
	return !known
}

// forget drops what ended before a time: its events were let go long ago.
func (b bursts) forget(before time.Time) {
	for key, list := range b {
		list = slices.DeleteFunc(list, func(s stretch) bool { return s.last.Before(before) })
		if b[key] = list; len(list) == 0 {
			delete(b, key)
		}
	}
}

// streamed is what a stream came to in numbers, and what it could not see. Its findings were told.
func (h *Hunter) streamed() Result {
	h.mu.Lock()
	defer h.mu.Unlock()
	return Result{Events: h.events, Skipped: []source.Skipped{}, Findings: []quell.Finding{}, Incidents: []quell.Incident{},
		Blind: append(h.Habits.unseen(), h.unheard()...)}
}

// unheard says what correlations could not take, so that a count too low is known to be one.
func (h *Hunter) unheard() []string {
	var out []string
	say := func(c *detect.Correlator) {
		if d := c.Dropped(); d.Full > 0 {
			out = append(out, "correlations: too many events at once, later ones were not counted")
		} else if d.Untimed > 0 {
			out = append(out, "correlations: events without a time were not counted")
		}
	}
	if h.correlator != nil {
		say(h.correlator)
	}
	for _, judges := range h.Kinds {
		for _, j := range judges {
			say(j.correlator)
		}
	}
	return out
}
