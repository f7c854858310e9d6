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
	pending   []*kept            // not yet seen, sorted by time of delivery
	managed   map[string][]*kept // event history: management events by region, newest first
	delivered []*kept            // those that a trail carried, in order of delivery
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
		h.show(k)
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

// newest returns the management events of a region's event history, newest first, as they became visible where two were
// made in the same instant.
func (h *history) newest(now time.Time, region string) []*kept {
	h.settle(now)
	return slices.Clone(h.managed[region])
}

// show puts a management event in its place in its region's history.
func (h *history) show(k *kept) {
	if !k.record.ManagementEvent {
		return
	}
	if h.managed == nil {
		h.managed = map[string][]*kept{}
	}
	list := h.managed[k.record.AWSRegion]
	i, _ := slices.BinarySearchFunc(list, k.made, func(other *kept, made time.Time) int {
		if other.made.Before(made) {
			return 1
		}
		return -1
	})
	h.managed[k.record.AWSRegion] = slices.Insert(list, i, k)
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
