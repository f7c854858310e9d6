package baseline

import "slices"

// gap is how long something must not have been seen to count as new again.
const gap = 90 * daySeconds

const daySeconds = 24 * 60 * 60

// spell is a stretch of time in which something was seen without a gap, with its first event, its first changing one and its
// first empowering one.
type spell struct {
	first, last int64
	heads       [empowers + 1]*head
}

// sighting is when a value was seen in the events at hand. It is made of the times alone, so it comes out the same
// whatever the order in which they are added.
type sighting struct {
	days   Days
	spells []spell // by time
}

// add notes an event. make is called only where the event is the first of its kind.
func (s *sighting) add(e mention, w weight, make func() *head) {
	at := e.at
	s.days.Add(dayOf(at))
	i := s.spell(at)
	sp := &s.spells[i]
	for level := reads; level <= w; level++ {
		if e.before(sp.heads[level]) {
			sp.heads[level] = make()
		}
	}
}

// spell finds the spell of a time, made or widened if need be. A time between two spells may make one of them.
func (s *sighting) spell(at int64) int {
	for i := range s.spells {
		sp := &s.spells[i]
		if at < sp.first-gap {
			s.spells = slices.Insert(s.spells, i, spell{first: at, last: at})
			return i
		}
		if at > sp.last+gap {
			continue
		}
		sp.first, sp.last = min(sp.first, at), max(sp.last, at)
		if i+1 < len(s.spells) && s.spells[i+1].first-sp.last <= gap {
			sp.swallow(s.spells[i+1])
			s.spells = slices.Delete(s.spells, i+1, i+2)
		}
		return i
	}
	s.spells = append(s.spells, spell{first: at, last: at})
	return len(s.spells) - 1
}

// swallow takes in a spell that turned out to be the same one.
func (s *spell) swallow(o spell) {
	s.first, s.last = min(s.first, o.first), max(s.last, o.last)
	for i, h := range o.heads {
		if h != nil && h.before(s.heads[i]) {
			s.heads[i] = h
		}
	}
}

func (s *sighting) first() int64 { return s.spells[0].first }
func (s *sighting) last() int64  { return s.spells[len(s.spells)-1].last }
