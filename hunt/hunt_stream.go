package hunt

import (
	"context"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/source"
)

// Record keeps findings before what they were made of is let go: a queue's message, a position in a file.
type Record func(ctx context.Context, fresh []quell.Finding) error

// Document judges one document; sources that hand documents over call it.
func (h *Hunter) Document(ctx context.Context, d source.Document) error { return h.document(ctx, d) }

// Fresh gives the findings made since it was called last, and what correlations have come to since.
func (h *Hunter) Fresh() []quell.Finding {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := append([]quell.Finding{}, h.findings[h.told:]...)
	h.told = len(h.findings)
	if h.seen == nil {
		h.seen = map[string]bool{}
	}
	for _, f := range h.correlated() {
		// A hit that grows keeps its id, and is told once.
		if !h.known(f.ID) {
			h.seen[f.ID] = true
			out = append(out, f)
		}
	}
	sortFindings(out)
	return out
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
	h.findings, h.told, h.skipped = h.findings[h.told:], 0, nil
	if len(h.seen) > maxSeen {
		h.before, h.seen = h.seen, map[string]bool{}
	}
	// Late records come hours after their time: a day more is kept.
	const late = 24 * time.Hour
	if h.correlator != nil {
		h.correlator.Forget(through.Add(-longestSpan(h.Program) - late))
	}
	for _, judges := range h.Kinds {
		for _, j := range judges {
			j.correlator.Forget(through.Add(-j.span - late))
		}
	}
	return skipped
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
