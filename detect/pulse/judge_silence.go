package pulse

import (
	"slices"
	"sync"
	"time"
)

// Judge listens to one pipeline. It is safe for several goroutines.
type Judge struct {
	span   time.Duration
	canary bool

	mu     sync.Mutex
	start  time.Time
	life   time.Time            // when a sign of life was read last; start before the first
	lately time.Time            // when the call was made whose record that was
	never  bool                 // there has been none yet
	sent   map[string]time.Time // calls made whose records have not come
	delays []time.Duration      // of the last ones heard
	next   int                  // of delays, where the next goes
	silent bool                 // and told so
	gap    time.Duration        // of the silence that ended
	back   bool                 // it ended, and nobody was told yet
}

const (
	// skew is how far the clock of this machine and that of AWS may be apart. A signature is refused beyond as much.
	// Source: IAM user guide, Troubleshoot signed requests for AWS APIs.
	skew = 5 * time.Minute
	// maxSent bounds the calls waited for, of which there are three in a span; the oldest are given up.
	maxSent = 1000
	// maxDelays is of how many records the delay is told.
	maxDelays = 256
)

// New makes a judge of a pipeline that counts as silent when no sign of life has come for a span. With canary only the records
// of own calls are one; without, any record is.
func New(span time.Duration, canary bool, start time.Time) *Judge {
	return &Judge{span: span, canary: canary, start: start, life: start, never: true, sent: map[string]time.Time{}}
}

// Sent notes an own call. It must be told before the call is made: its record may come at once.
func (j *Judge) Sent(name string, at time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for len(j.sent) >= maxSent {
		oldest := name
		for other, when := range j.sent {
			if oldest == name || when.Before(j.sent[oldest]) {
				oldest = other
			}
		}
		delete(j.sent, oldest)
	}
	j.sent[name] = at
}

// Failed takes a call back that could not be made.
func (j *Judge) Failed(name string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.sent, name)
}

// Heard notes that the record of an own call was read now, and says how long it took. It is false for a name that no call
// waits under, and for one whose call was made at another time: somebody else's, or one played again.
func (j *Judge) Heard(name string, happened, now time.Time) (delay time.Duration, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	at, waits := j.sent[name]
	if !waits || happened.Sub(at).Abs() > skew {
		return 0, false
	}
	delete(j.sent, name)
	delay = max(now.Sub(at), 0)
	if len(j.delays) < maxDelays {
		j.delays = append(j.delays, delay)
	} else {
		j.delays[j.next] = delay
	}
	j.next = (j.next + 1) % maxDelays
	if at.After(j.lately) {
		j.lately = at
	}
	j.alive(now)
	return delay, true
}

// Any notes that some record was read now. Where own calls are made it means nothing: an intruder may leave everything on but
// the region he is in, or feed in records of old.
func (j *Judge) Any(now time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.canary {
		j.alive(now)
	}
}

func (j *Judge) alive(now time.Time) {
	if j.silent {
		j.gap, j.back, j.silent = now.Sub(j.life), true, false
	}
	j.life, j.never = now, false
}

// News is what a look at the pipeline tells. At most one of Silent and Back is true.
type News struct {
	// Silent: nothing has come since Since, the last sign of life; or ever, since the hunt began.
	Silent, Never bool
	Since         time.Time
	// Back: it is heard again after Gap.
	Back bool
	Gap  time.Duration
}

// Look tells a change, once.
func (j *Judge) Look(now time.Time) News {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.back:
		j.back = false
		return News{Back: true, Gap: j.gap}
	case !j.silent && now.Sub(j.life) >= j.span && (!j.canary || j.overdue(now)):
		j.silent = true
		return News{Silent: true, Never: j.never, Since: j.life}
	}
	return News{}
}

// overdue says whether a call made after the last one heard has been waited for as long as the span. Without one, silence
// would only mean that no call could be made.
func (j *Judge) overdue(now time.Time) bool {
	for _, at := range j.sent {
		if at.After(j.lately) && now.Sub(at) >= j.span {
			return true
		}
	}
	return false
}

// Delay is how long the records of own calls were on their way lately: half of them no longer than half, none longer than
// worst. Both are zero before the first.
func (j *Judge) Delay() (half, worst time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.delays) == 0 {
		return 0, 0
	}
	sorted := slices.Sorted(slices.Values(j.delays))
	return sorted[(len(sorted)-1)/2], sorted[len(sorted)-1]
}
