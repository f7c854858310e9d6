package hunt

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/detect/baseline"
	"github.com/quell-ir/quell/detect/travel"
)

// everyRecord is the rule through which a baseline sees records. It is in a program only where one is asked for: reading
// the head of each record costs many times what the rules cost.
const everyRecord = "quell-every-record"

const everyRecordRule = `title: Every record
id: ` + everyRecord + `
logsource: {product: aws, service: cloudtrail}
level: informational
detection:
  any:
    eventName|exists: true
  condition: any
`

// Habits collect what principals do in the records that a Hunter judges, to learn it or to hold it against what was learnt.
type Habits struct {
	mu        sync.Mutex
	collector baseline.Collector
	known     *baseline.Book // nil while learning
	own       bool           // known was copied, for a stream to add to
	forgot    time.Time      // up to when a stream let go of what is old
	latest    time.Time      // of all records
	clock     quell.Clock
	unread    int64
	why       string
}

// Learn makes habits that only learn.
func Learn(clock quell.Clock) *Habits { return newHabits(clock) }

// Compare makes habits that are held against what is known.
func Compare(clock quell.Clock, known *baseline.Book) *Habits {
	h := newHabits(clock)
	h.known = known
	return h
}

func newHabits(clock quell.Clock) *Habits { return &Habits{clock: clock} }

// By has habits tell networks by their owners and countries too. It must be called before anything is read.
func (h *Habits) By(places travel.Locator) {
	h.collector.Locate = func(address string) (owner, country string) {
		addr, err := netip.ParseAddr(address)
		if err != nil {
			return "", "" // a service's name
		}
		place, ok := places.Locate(addr.Unmap().WithZone(""))
		if ok && place.Network != 0 {
			owner = strings.TrimSpace(fmt.Sprintf("AS%d %s", place.Network, place.Owner))
		}
		return owner, place.Country
	}
}

// WithEveryRecord adds to rules the one that Habits need.
func WithEveryRecord(rules []*detect.Rule) ([]*detect.Rule, error) {
	every, problems := detect.Parse(everyRecord, []byte(everyRecordRule))
	if len(problems) > 0 {
		return nil, problems[0]
	}
	return append(rules[:len(rules):len(rules)], every...), nil
}

// observe takes in a record. One that says too little is counted; if a rule matches it, it is named there too.
func (h *Habits) observe(raw []byte, origin string) {
	e, err := eventOf(raw, origin)
	e.Raw = nil
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil {
		h.unread++
		// Of several reasons the first in the alphabet: workers come in any order.
		if why := err.Error(); h.why == "" || why < h.why {
			h.why = why
		}
		return
	}
	// No time is believed that is later than a day ahead of the clock, which in a stream goes on.
	now := h.clock.Now()
	h.collector.Until = now.Add(24 * time.Hour)
	h.collector.Add(&e)
	if e.Time.After(h.latest) && !e.Time.After(now) {
		h.latest = e.Time
	}
}

// Book is what was learnt from the records so far.
func (h *Habits) Book() *baseline.Book {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.collector.Book()
}

// findings are what differs from what is known; none while learning.
func (h *Habits) findings() []quell.Finding {
	if h == nil || h.known == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.collector.Judge(h.known)
}

// fresh are what differs in the records since it was called last; none while learning.
func (h *Habits) fresh() []quell.Finding {
	if h == nil || h.known == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.collector.Fresh(h.known)
}

// late is how long a stream keeps records in mind that may still become part of something: CloudTrail delivers some hours
// after their time, and a day is what signals are gathered over.
const late = 24 * time.Hour

// forget moves what a stream saw days before its latest record to what is known. It goes through all principals, so once an
// hour of the records is enough.
func (h *Habits) forget() {
	if h == nil || h.known == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.latest.Before(h.forgot.Add(time.Hour)) {
		return
	}
	h.forgot = h.latest
	if !h.own {
		// What was given belongs to the caller, and it must not learn from being compared with.
		known := &baseline.Book{}
		known.Join(h.known)
		h.known, h.own = known, true
	}
	h.collector.Forget(h.known, h.latest.Add(-2*late))
}

// unseen tells in sentences what the baseline could not take in.
func (h *Habits) unseen() []string {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	stats := h.collector.Stats()
	if h.unread > 0 {
		out = append(out, fmt.Sprintf("baseline: %d records could not be read, such as: %s", h.unread, quell.Cut(h.why, 200)))
	}
	if stats.Undated > 0 {
		out = append(out, fmt.Sprintf("baseline: %d events at times that cannot be were left out", stats.Undated))
	}
	if stats.Crowded > 0 {
		out = append(out, fmt.Sprintf("baseline: %d events of further principals found no room", stats.Crowded))
	}
	return out
}
