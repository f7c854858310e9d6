package baseline

import (
	"cmp"
	"slices"
	"time"

	"github.com/quell-ir/quell"
)

// stream is what a Collector keeps of a hunt without end: who acted since the last look, and what has been told.
type stream struct {
	changed map[ID]bool
	cover   map[string]Days
	peers   peers
	// told are the findings given, by each of their events, before those of the generation before: together they reach
	// back further than anything that may still be found again.
	told, before map[string]telling
}

// telling is as what a finding was given.
type telling struct {
	id       string
	severity quell.Severity
}

// maxTellings is how many events of findings each of the two generations holds.
const maxTellings = 100_000

// Fresh gives what the events since the last call have come to, each finding once, and where more events have made it worse a
// graver one, with an id of its own: whoever recorded the first must not take it for the same. It looks at those principals alone that have acted since. prior may be nil; it must be
// the same each time, but for what Forget adds to it.
func (c *Collector) Fresh(prior *Book) []quell.Finding {
	if prior == nil {
		prior = &Book{}
	}
	if c.stream == nil {
		c.stream = &stream{changed: map[ID]bool{}, told: map[string]telling{}}
		for id := range c.seen {
			c.stream.changed[id] = true
		}
	}
	c.refresh(prior)
	var out []quell.Finding
	for id := range c.stream.changed {
		s := c.seen[id]
		if s == nil {
			continue
		}
		for _, f := range c.judge(id, s, prior, c.stream.cover[id.Account], c.stream.peers) {
			if f, ok := c.stream.tell(f); ok {
				out = append(out, f)
			}
		}
	}
	clear(c.stream.changed)
	slices.SortFunc(out, byTime)
	return out
}

func byTime(a, b quell.Finding) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID)) }

// refresh brings what is known of all principals together up to date. To go through all of them each time would cost more
// than the events do.
func (c *Collector) refresh(prior *Book) {
	st := c.stream
	if st.peers == nil {
		st.cover, st.peers = c.cover(prior), c.gatherPeers(prior)
		return
	}
	for id := range st.changed {
		s := c.seen[id]
		if s == nil {
			continue
		}
		days := st.cover[id.Account]
		days.Join(s.self.days)
		st.cover[id.Account] = days
		st.peers.gather(id, s)
	}
}

// tell says whether a finding is news. One that shares an event with an earlier one is the same, grown or seen from a
// later or an earlier first event, and is news only where it is graver.
func (st *stream) tell(f quell.Finding) (quell.Finding, bool) {
	key := func(event string) string { return f.Account + "\x00" + event }
	worst, again := telling{}, false
	for _, event := range f.Events {
		for _, told := range []map[string]telling{st.told, st.before} {
			if t, ok := told[key(event)]; ok && (!again || t.severity > worst.severity) {
				worst, again = t, true
			}
		}
	}
	news := !again || f.Severity > worst.severity
	if again && news {
		f.ID = "f-" + quell.ShortHash(16, worst.id, f.Severity.String())
	}
	if news {
		worst = telling{f.ID, f.Severity}
	}
	if len(st.told) >= maxTellings {
		st.before, st.told = st.told, map[string]telling{}
	}
	for _, event := range f.Events {
		st.told[key(event)] = worst // what joins a finding belongs to it
	}
	return f, news
}

// Forget moves what was last seen before a time from the events to what was learnt: the judgement stays the same, but that
// no finding is made of it any more. So memory is bounded by the limits of a Book, however long a stream lasts. prior is
// changed.
func (c *Collector) Forget(prior *Book, before time.Time) {
	at := before.Unix()
	for id, s := range c.seen {
		if c.stream != nil && c.stream.changed[id] {
			continue // nobody has asked yet what it came to
		}
		p, some := s.take(id, at)
		switch {
		case s.self.last() < at:
			delete(c.seen, id)
		case !some:
			continue
		default:
			// The principal's own spells stay: a silence that ended must not be bridged by what is moved.
			p.Mark = Mark{First: p.First, Last: p.First}
			if have := prior.Profile(id); have != nil {
				p.Mark = have.Mark
			}
		}
		prior.put(p)
	}
	prior.limit()
	if c.stream != nil {
		c.stream.peers, c.stream.cover = nil, nil
	}
}

// take cuts the values and days that ended before a time out of what was seen, and says whether there were some.
func (s *seen) take(id ID, before int64) (p *Profile, some bool) {
	p = s.profile(id)
	for dim, values := range s.values {
		kept := map[string]Mark{}
		for value, sg := range values {
			if sg.last() < before {
				kept[value] = sg.mark()
				delete(values, value)
			}
		}
		p.Values[dim], some = kept, some || len(kept) > 0
		if len(values) == 0 {
			delete(s.values, dim)
		}
	}
	for call, days := range s.volumes {
		kept := map[int32]int64{}
		for day, v := range days {
			if day < dayOf(before) {
				kept[day] = v.tally.count()
				delete(days, day)
			}
		}
		p.Volumes[call], some = kept, some || len(kept) > 0
		if len(days) == 0 {
			delete(s.volumes, call)
		}
	}
	return p, some
}
