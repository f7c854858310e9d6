package detect

import (
	"slices"
	"strings"
	"time"
)

// settledHit is a hit whose heads are still packed.
type settledHit struct {
	hit   Hit
	heads []packed
	// parts are the events in it, as long as they are kept.
	parts []*seenEvent
}

// open gives the hit with its heads.
func (s *settledHit) open(heads *packer) Hit {
	hit := s.hit
	hit.Seen = make([]Head, 0, len(s.heads))
	for _, at := range s.heads {
		hit.Seen = append(hit.Seen, heads.unpack(at))
	}
	return hit
}

// room looks for room where as many events are kept as may be, and reports whether there is some. Where hardly any was found
// it does not look again for a while: looking goes through all that is kept.
func (c *Correlator) room() bool {
	if c.rest > 0 {
		c.rest--
		return false
	}
	c.settle()
	if len(c.events) > c.limit-c.limit/8 {
		c.rest = c.limit / 8
	}
	return len(c.events) < c.limit
}

// settle finds what the events kept come to, so that no hit is lost, and lets go of most of them. First goes the older half
// of the time, but for what may still become part of a window. If that is little, all are of one stretch of time: then go
// most events of hits that came true already, for more of the same would not make them truer, and a flood of one kind must
// not push out what is done beside it.
//
// From here on the outcome depends on the order in which events come. Archives are read in the order of their dates, and
// streams come nearly so.
func (c *Correlator) settle() {
	hits := c.join(c.findHits())
	for _, s := range hits {
		c.settled[s.hit.ID] = s
	}
	enough := c.limit - c.limit/4
	c.forget(c.middle().Add(-c.span))
	if len(c.events) > enough {
		for _, s := range hits {
			c.thin(s)
		}
	}
	for _, s := range hits {
		s.parts = nil
	}
	c.shared = interner{}
}

// middle is the time that half of the events kept come before.
func (c *Correlator) middle() time.Time {
	times := make([]time.Time, 0, len(c.events))
	for _, ev := range c.events {
		times = append(times, ev.time)
	}
	slices.SortFunc(times, time.Time.Compare)
	return times[len(times)/2]
}

// thin lets go of the events of a hit but for the latest, by which the hit is recognised if it goes on.
func (c *Correlator) thin(s *settledHit) {
	const recognised = 100
	for _, ev := range s.parts[:max(0, len(s.parts)-recognised)] {
		delete(c.events, ev.id)
	}
}

// join puts hits beside those settled before. One that goes on where a settled one of its rule and group ended is the same.
func (c *Correlator) join(found []*settledHit) []*settledHit {
	var out []*settledHit
	open := map[string][]*settledHit{}
	for _, s := range c.settled {
		key := s.key()
		open[key] = append(open[key], s)
	}
	for _, list := range open {
		slices.SortFunc(list, func(a, b *settledHit) int { return a.hit.First.Compare(b.hit.First) })
	}
	grown := map[string]*settledHit{}
	for _, f := range found {
		known := f.among(open[f.key()])
		if known == nil {
			out = append(out, f)
			continue
		}
		if g := grown[known.hit.ID]; g != nil {
			known = g
		}
		grown[known.hit.ID] = known.grow(f)
	}
	for id, s := range c.settled {
		if g := grown[id]; g != nil {
			s = g
		}
		out = append(out, s)
	}
	return out
}

func (s *settledHit) key() string {
	words := []string{s.hit.Rule.ID}
	if corr := s.hit.Rule.Correlation; corr != nil {
		for _, name := range corr.GroupBy {
			words = append(words, s.hit.Group[name])
		}
	}
	return strings.Join(words, "\x00")
}

// among finds the hit that this one goes on: the last that begins no later, if no more than the rule's span lies between.
func (s *settledHit) among(earlier []*settledHit) *settledHit {
	for _, e := range slices.Backward(earlier) {
		if !e.hit.First.After(s.hit.First) {
			if s.hit.First.Sub(e.hit.Last) <= s.hit.Rule.Correlation.Timespan {
				return e
			}
			return nil
		}
	}
	return nil
}

// grow is the hit with what one adds that was found later. Of events from before its end it cannot be known whether they
// were counted, so that Parts is never too high.
func (s *settledHit) grow(by *settledHit) *settledHit {
	if by.hit.ID == s.hit.ID && by.hit.Parts >= s.hit.Parts {
		return by
	}
	out := &settledHit{hit: s.hit, heads: slices.Clip(s.heads), parts: by.parts}
	out.hit.Events = slices.Clip(s.hit.Events)
	out.hit.Count = max(s.hit.Count, by.hit.Count)
	for _, ev := range by.parts {
		if !ev.time.After(s.hit.Last) {
			continue
		}
		out.hit.Parts++
		out.take(ev)
	}
	if by.hit.Last.After(out.hit.Last) {
		out.hit.Last = by.hit.Last
	}
	return out
}

// take names an event and keeps its head, while there is room.
func (s *settledHit) take(ev *seenEvent) {
	if len(s.hit.Events) < maxNamed {
		s.hit.Events = append(s.hit.Events, ev.id)
	}
	if len(s.heads) < maxSeen {
		s.heads = append(s.heads, ev.head)
	}
}
