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
	byRule  map[*Rule]map[string]*seenEvent
	limit   int
	dropped Dropped
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
	// Events are the ids of all events that take part, in order of time; Seen are their heads as given to Add.
	Events []string
	Seen   []*quell.Event
}

// seenEvent is what is kept of an event, or of a hit that feeds another correlation.
type seenEvent struct {
	id     string
	time   time.Time
	last   time.Time // of a hit; else equal to time
	head   *quell.Event
	values map[string][]string // by path, sorted
	parts  []*seenEvent        // of a hit: its events
}

// DefaultKept is how many events a Correlator keeps unless told otherwise: some hundreds of megabytes at worst.
const DefaultKept = 500_000

// NewCorrelator makes a correlator that keeps at most limit events, DefaultKept where limit is 0.
func (p *Program) NewCorrelator(limit int) *Correlator {
	if limit <= 0 {
		limit = DefaultKept
	}
	c := &Correlator{prog: p, limit: limit, feed: map[*Rule]bool{}, events: map[string]*seenEvent{},
		byRule: map[*Rule]map[string]*seenEvent{}}
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

// Add takes a match; those of rules that no correlation refers to are ignored. It copies what it needs of m.Raw and keeps
// head, which may be nil, for the hits. The error is a record that cannot be read, which Scan does not hand out.
func (c *Correlator) Add(m Match, head *quell.Event) error {
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
		switch {
		case err != nil:
			c.dropped.Untimed++
			return nil
		case len(c.events) >= c.limit:
			c.dropped.Full++
			return nil
		}
		ev = &seenEvent{id: id, time: at, last: at, head: head, values: map[string][]string{}}
		for _, path := range c.fields {
			if texts := r.texts(path); len(texts) > 0 {
				ev.values[path] = texts
			}
		}
		c.events[id] = ev
	}
	if c.byRule[m.Rule] == nil {
		c.byRule[m.Rule] = map[string]*seenEvent{}
	}
	c.byRule[m.Rule][id] = ev
	return nil
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

// Dropped tells what could not be taken so far.
func (c *Correlator) Dropped() Dropped {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dropped
}

// Forget drops events before a time. A stream calls it with the time that it has seen through, less the longest timespan.
func (c *Correlator) Forget(before time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, ev := range c.events {
		if ev.time.Before(before) {
			delete(c.events, id)
			for _, of := range c.byRule {
				delete(of, id)
			}
		}
	}
}

// Hits returns all correlations that hold over the events kept, sorted by time, rule and id. It may be called again after
// more matches: a hit that has grown keeps its ID. Hits of rules that are Quiet are included only in those they feed.
func (c *Correlator) Hits() []Hit {
	c.mu.Lock()
	defer c.mu.Unlock()
	byRule := map[*Rule][]*seenEvent{}
	for rule, events := range c.byRule {
		for _, ev := range events {
			byRule[rule] = append(byRule[rule], ev)
		}
	}
	var out []Hit
	for _, rule := range c.prog.corr { // each after those it refers to
		for _, h := range c.evaluate(rule, byRule) {
			hit, ev := h.finish(rule, c.fields)
			byRule[rule] = append(byRule[rule], ev)
			if !c.prog.quiet[rule] {
				out = append(out, hit)
			}
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
