package hunt

import (
	"encoding/json"
	"hash/maphash"
	"sync"
	"time"
)

// Overlap is how far each look at a live source goes back behind the one before: records arrive late, by a quarter of an
// hour in the event history. Source: CloudTrail user guide, Working with CloudTrail event history.
const Overlap = 30 * time.Minute

// Again keeps what is needed to look at the same place again and again, region by region: from when on the next look reads,
// and which records the look before held already. A region that could not be read to its end is read from the same time
// again, and the others go on.
type Again struct {
	since   time.Time
	mu      sync.Mutex
	windows map[string]*window
}

// NewAgain begins with all that happened since a time.
func NewAgain(since time.Time) *Again { return &Again{since: since} }

// window is one region's.
type window struct {
	since       time.Time
	seed        maphash.Seed
	mu          sync.Mutex
	before, now map[uint64]int64 // hashes of ids, with the times of the records
}

// maxRemembered bounds the ids kept of a look. What is beyond is judged again at the next one: its findings are told once
// all the same.
const maxRemembered = 1_000_000

func (a *Again) window(region string) *window {
	a.mu.Lock()
	defer a.mu.Unlock()
	w := a.windows[region]
	if w == nil {
		if a.windows == nil {
			a.windows = map[string]*window{}
		}
		// The seed is ours alone: nobody can choose ids that hide each other.
		w = &window{since: a.since, seed: maphash.MakeSeed(), before: map[uint64]int64{}, now: map[uint64]int64{}}
		a.windows[region] = w
	}
	return w
}

// byStart groups regions by from when on they are read next.
func (a *Again) byStart(regions []string) map[time.Time][]string {
	out := map[time.Time][]string{}
	for _, region := range regions {
		since := a.window(region).since
		out[since] = append(out[since], region)
	}
	return out
}

// isFirst says whether a record was not there at the look before, nor at this one.
func (w *window) isFirst(id string, at time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := maphash.String(w.seed, id)
	_, again := w.before[key]
	if _, twice := w.now[key]; twice {
		again = true
	}
	if len(w.now) < maxRemembered {
		w.now[key] = at.Unix()
	}
	return !again
}

// done ends a look that was begun at a time and read all: the next one needs to know what lies in the overlap.
func (w *window) done(began time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.since = began.Add(-Overlap)
	w.before, w.now = w.now, map[uint64]int64{}
	for key, at := range w.before {
		if at < w.since.Unix() && at > 0 { // of one without a time nobody knows how long it comes again
			delete(w.before, key)
		}
	}
}

// broken ends a look that did not read all: it will be read again from the same time.
func (w *window) broken() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key, at := range w.now {
		w.before[key] = at
	}
	w.now = map[uint64]int64{}
}

// nameOf reads a record's id and time. Without an id it goes by its text: the same record is written the same again.
func nameOf(raw []byte) (string, time.Time) {
	var head struct {
		EventID   string    `json:"eventID"`
		EventTime time.Time `json:"eventTime"`
	}
	// What cannot be read is named by its text, and the judging says what is wrong with it.
	if err := json.Unmarshal(raw, &head); err != nil || head.EventID == "" {
		return string(raw), head.EventTime
	}
	return head.EventID, head.EventTime
}
