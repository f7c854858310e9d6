package detect

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quell-ir/quell"
)

// Correlator gathers matches and finds what they add up to. It goes by the times in the events, so the outcome does not
// depend on the order in which they come, and an event that arrives twice (two trails, one file read again) counts once.
// It is safe for several goroutines.
type Correlator struct {
	prog *Program
	feed map[*Rule]bool // rules that some correlation refers to

	mu      sync.Mutex
	in      *reader
	fields  []string // paths kept of each event
	events  map[string]*seenEvent
	settled map[string]*settledHit
	heads   packer
	shared  interner
	spare   []values
	span    time.Duration // the longest of the correlations
	limit   int
	rest    int // how many events to drop before room is looked for again
	dropped Dropped
	latest  time.Time // of all events kept so far
}

// Dropped counts matches that correlations could not take, so that nothing is lost silently.
type Dropped struct {
	// Full are those beyond the limit (from there on the outcome depends on what came first); Untimed had no eventTime that can be read.
	Full, Untimed int64
}

// Hit is a correlation that came true.
type Hit struct {
	// ID is the same for the same rule, group and first event, however often it is found.
	ID    string
	Rule  *Rule
	Group map[string]string // group-by name to value
	First time.Time
	Last  time.Time
	// Count is what the condition judged: events, distinct values, or distinct rules.
	Count int64
	// Events are the ids of the events that take part, in order of time, the first maxNamed of them; Seen are the heads of
	// the first maxSeen as given to Add. Parts says how many take part.
	Events []string
	Seen   []Head
	Parts  int
}

// Who reads a finding wants to know how many, whom and what; ten thousand lines alike tell nobody more.
const (
	maxNamed = 1000
	maxSeen  = 200
)

// DefaultKept is how many events a Correlator keeps unless told otherwise: some hundred megabytes at worst.
const DefaultKept = 150_000

// NewCorrelator makes a correlator that keeps at most limit events, DefaultKept where limit is 0.
func (p *Program) NewCorrelator(limit int) *Correlator {
	if limit <= 0 {
		limit = DefaultKept
	}
	c := &Correlator{prog: p, limit: limit, feed: map[*Rule]bool{}, events: map[string]*seenEvent{},
		settled: map[string]*settledHit{}, shared: interner{}}
	tree := newFieldTree()
	keep := func(path string) {
		if !slices.Contains(c.fields, path) {
			c.fields = append(c.fields, path)
			tree.add(path)
		}
	}
	tree.add("eventID")
	tree.add("eventTime")
	for _, r := range p.corr {
		c.span = max(c.span, r.Correlation.Timespan)
		for _, name := range r.Correlation.Rules {
			c.feed[p.refer[name]] = true
		}
		for _, name := range r.Correlation.GroupBy {
			if fields := r.Correlation.Aliases[name]; fields != nil {
				for _, path := range fields {
					keep(path)
				}
				continue
			}
			keep(name)
		}
		if r.Correlation.Field != "" {
			keep(r.Correlation.Field)
		}
	}
	tree.freeze()
	c.in = newReader(tree)
	return c
}

// Add takes a match; those of rules that no correlation refers to are ignored. The hits that it takes part in show head, or
// m.Raw where head is nil; both are copied. The error is a record that cannot be read, which Scan does not hand out.
func (c *Correlator) Add(m Match, head []byte) error {
	if !c.feed[m.Rule] {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.in
	r.buf, r.n = append(append(r.buf[:0], m.Raw...), 0, 0, 0, 0, 0, 0, 0, 0), len(m.Raw)
	if r.n == 0 || r.buf[0] != '{' {
		return fmt.Errorf("correlate a match of %s: its record is no JSON object", m.Rule.ID)
	}
	if _, out, why := r.read(0, false); out != complete {
		return fmt.Errorf("correlate a match of %s: its record cannot be read: %s", m.Rule.ID, why)
	}
	id := strings.Join(r.texts("eventID"), " ")
	if id == "" {
		id = quell.ShortHash(32, string(m.Raw))
	}
	ev := c.events[id]
	if ev == nil {
		at, err := time.Parse(time.RFC3339, strings.Join(r.texts("eventTime"), " "))
		if err != nil {
			c.dropped.Untimed++
			return nil
		}
		if len(c.events) >= c.limit && !c.room() {
			c.dropped.Full++
			return nil
		}
		if head == nil {
			head = m.Raw
		}
		ev = c.keep(id, at, c.heads.pack(head, m.Origin))
	} else if m.Origin < ev.head.origin {
		ev.head.origin = m.Origin // of two places always the same one is named, whichever was read first
	}
	if !slices.Contains(ev.fits, m.Rule) {
		ev.fits = append(ev.fits, m.Rule)
	}
	return nil
}

// keep makes what is kept of the record at hand.
func (c *Correlator) keep(id string, at time.Time, head packed) *seenEvent {
	ev := &seenEvent{id: id, time: at, last: at, head: head}
	if at.After(c.latest) {
		c.latest = at
	}
	c.spare = c.spare[:0]
	for i, path := range c.fields {
		if texts := c.in.texts(path); len(texts) > 0 {
			c.spare = append(c.spare, values{i, c.shared.list(texts)})
		}
	}
	ev.values = append(make([]values, 0, len(c.spare)), c.spare...)
	c.events[id] = ev
	return ev
}

// texts returns the distinct texts of the scalars at a path, sorted.
func (r *reader) texts(path string) []string {
	f := r.slots[r.tree.slots[path]]
	if f.gen != r.gen {
		return nil
	}
	var out []string
	for v := f.first; v >= 0; v = r.vals[v].next {
		if kind := r.vals[v].kind; kind != valueNull && kind != valueObject {
			out = append(out, string(r.text(v)))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Latest is the time of the latest event that was kept, zero before the first. An event's time is what its record says, which
// may be in the future.
func (c *Correlator) Latest() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.latest
}

// Dropped tells what could not be taken so far.
func (c *Correlator) Dropped() Dropped {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dropped
}

// Forget drops events before a time, and hits that ended before it. A stream calls it with the time that it has seen
// through, less the longest timespan.
func (c *Correlator) Forget(before time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(before)
	for id, s := range c.settled {
		if s.hit.Last.Before(before) {
			delete(c.settled, id)
		}
	}
}

func (c *Correlator) forget(before time.Time) {
	for id, ev := range c.events {
		if ev.time.Before(before) {
			delete(c.events, id)
		}
	}
}

// Hits returns all correlations that hold over the events kept, and those settled before, sorted by time, rule and id. It
// may be called again after more matches: a hit that has grown keeps its ID. Hits of rules that are Quiet are included only
// in those they feed.
func (c *Correlator) Hits() []Hit {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []Hit
	for _, s := range c.join(c.findHits()) {
		if !c.prog.quiet[s.hit.Rule] {
			out = append(out, s.open(&c.heads))
		}
	}
	slices.SortFunc(out, func(a, b Hit) int {
		if n := a.First.Compare(b.First); n != 0 {
			return n
		}
		if n := strings.Compare(a.Rule.ID, b.Rule.ID); n != 0 {
			return n
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out
}

// findHits evaluates all correlations over the events kept, each after those it refers to.
func (c *Correlator) findHits() []*settledHit {
	byRule := map[*Rule][]*seenEvent{}
	for _, ev := range c.events {
		for _, rule := range ev.fits {
			byRule[rule] = append(byRule[rule], ev)
		}
	}
	var out []*settledHit
	for _, rule := range c.prog.corr {
		for _, f := range c.evaluate(rule, byRule) {
			hit, ev := f.finish(rule, c.fields)
			byRule[rule] = append(byRule[rule], ev)
			out = append(out, hit)
		}
	}
	return out
}
