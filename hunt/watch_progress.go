package hunt

import "sync/atomic"

// live are numbers that are right at any moment, while Result's are right at the end of a file.
type live struct{ events, findings atomic.Int64 }

// Progress says how many records were judged so far, and how many findings were made of single ones: what correlations and
// habits come to is known at the end. It may be called from any goroutine while the hunt is on.
func (h *Hunter) Progress() (events, findings int64) {
	return h.live.events.Load(), h.live.findings.Load()
}
