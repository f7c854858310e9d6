package sandbox

import (
	"encoding/json"
	"slices"
	"time"
)

const defaultTrail = "account-trail"

// archiveBucket is where trails of a well-kept account write: a bucket in a log archive account, out of reach from here.
func archiveBucket(account string) string { return "log-archive-" + account }

// history keeps every record of the home account, and when each can be seen.
type history struct {
	pending   []*kept // not yet seen, sorted by time of delivery
	seen      []*kept // in order of delivery, event history and trail alike
	delivered []*kept // those of seen that a trail carried
}

type kept struct {
	record *trailRecord
	at     time.Time // when CloudTrail shows it
	made   time.Time
	// carried says that a trail was logging this kind of event when it was made; history alone needs no trail.
	carried bool
	target  target
	user    string
	key     string
	raw     json.RawMessage
}

// add keeps a record of a call that acted in the home account.
func (h *history) add(w *World, c *call, r *trailRecord) {
	lag := draw(w.lag, w.opt.TrailLagMin, w.opt.TrailLagMax)
	if c.account != w.home {
		return
	}
	k := &kept{
		record: r, made: c.now, at: c.now.Add(lag), target: c.target, key: c.arrival.accessKey,
		carried: c.account.carries(r, c.target), user: r.UserIdentity.UserName,
	}
	if k.user == "" && c.caller.session != nil {
		k.user = c.caller.session.name
	}
	i, _ := slices.BinarySearchFunc(h.pending, k.at, func(other *kept, at time.Time) int {
		// After its equals: records with the same delay keep their order.
		if other.at.After(at) {
			return 1
		}
		return -1
	})
	h.pending = slices.Insert(h.pending, i, k)
}

// settle moves what has become visible by now.
func (h *history) settle(now time.Time) {
	n := 0
	for n < len(h.pending) && !h.pending[n].at.After(now) {
		k := h.pending[n]
		h.seen = append(h.seen, k)
		if k.carried {
			h.delivered = append(h.delivered, k)
		}
		n++
	}
	h.pending = h.pending[n:]
}

func (h *history) deliveredBy(now time.Time) []*kept {
	h.settle(now)
	return h.delivered
}

// newest returns the management events of a region's event history, newest first.
func (h *history) newest(now time.Time, region string) []*kept {
	h.settle(now)
	var out []*kept
	for _, k := range h.seen {
		if k.record.AWSRegion == region && k.record.ManagementEvent {
			out = append(out, k)
		}
	}
	slices.SortStableFunc(out, func(a, b *kept) int { return b.made.Compare(a.made) })
	return out
}

// carries says whether any trail logs such a record.
func (a *account) carries(r *trailRecord, t target) bool {
	for _, tr := range a.trails {
		if tr.logging && (tr.multiRegion || tr.region == r.AWSRegion) && tr.selects(r, t) {
			return true
		}
	}
	return false
}
