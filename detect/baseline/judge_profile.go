package baseline

import (
	"maps"
	"math"
	"slices"

	"github.com/quell-ir/quell"
)

// What must be known of a principal before anything of it can be called new.
const (
	learning = 14 * daySeconds // from its first event on
	lookBack = 90              // days that are compared with
	minDays  = 5               // days at work among them
	// A dimension in which new values turn up on more than one day in steady is no habit. The estimate is Good and
	// Turing's: the chance that the next day brings something new is the share of days that were the only one of a value.
	steady = 10
	// covered is on how many of those days anything at all of the account must have been seen, before a silence is taken for
	// one: logs that were not read are silent too.
	covered = 45
)

// signal is one thing that is unlike what was learnt.
type signal struct {
	kind   kind
	dim    Dimension
	value  string
	head   *head
	weight weight // the most that was done there within a day
	idle   int    // days of silence
	count  int64  // of a volume, and the most of any day before
	most   int64
}

// Judge gives the findings that the events come to against what was learnt before, sorted by time. What the events
// themselves teach counts too: a hunt through two months judges the second by the first. prior may be nil.
func (c *Collector) Judge(prior *Book) []quell.Finding {
	if prior == nil {
		prior = &Book{}
	}
	cover, others := c.cover(prior), c.gatherPeers(prior)
	var out []quell.Finding
	for id, s := range c.seen {
		out = append(out, c.judge(id, s, prior, cover[id.Account], others)...)
	}
	slices.SortFunc(out, byTime)
	return out
}

// judge gives one principal's findings.
func (c *Collector) judge(id ID, s *seen, prior *Book, cover Days, others peers) (out []quell.Finding) {
	j := judge{id: id, seen: s, prior: prior.Profile(id), cover: cover, peers: others, locate: c.Locate}
	if j.prior == nil {
		j.prior = &Profile{} // no values, no days
	}
	for _, group := range gather(j.signals()) {
		if f, ok := rate(id, s.name, group); ok {
			out = append(out, f)
		}
	}
	return out
}

// cover is on which days anything was seen, by account.
func (c *Collector) cover(prior *Book) map[string]Days {
	out := map[string]Days{}
	join := func(account string, d Days) {
		have := out[account]
		have.Join(d)
		out[account] = have
	}
	for id, s := range c.seen {
		join(id.Account, s.self.days)
	}
	for _, p := range prior.Profiles() {
		join(p.Account, p.Days)
	}
	return out
}

// judge holds one principal's events against its profile.
type judge struct {
	id    ID
	seen  *seen
	prior *Profile
	cover Days
	peers peers
	// locate is the Collector's.
	locate func(address string) (owner, country string)
}

// signals are all that is unlike what was learnt, in no order: gather sorts them.
func (j *judge) signals() []signal {
	var out []signal
	for i, sp := range j.seen.self.spells {
		if idle := j.asleep(&j.seen.self, i, j.prior.Mark); idle > 0 {
			out = append(out, signal{kind: awakened, value: j.id.Principal, head: sp.heads[reads], weight: sp.within(), idle: idle})
		}
	}
	for dim, values := range j.seen.values {
		for value, sg := range values {
			known := j.prior.Values[dim][value] // the zero Mark where it is not known
			for i, sp := range sg.spells {
				s := signal{kind: kindOf(dim), dim: dim, value: value, head: sp.heads[reads], weight: sp.within()}
				if dim == Key {
					s.idle = j.asleep(sg, i, known)
					if s.idle > 0 {
						out = append(out, s)
					}
				} else if j.isNew(dim, value, sg, i, known) && !j.ownerTells(dim, s.head) {
					out = append(out, s)
				}
			}
		}
	}
	return append(out, j.volumes()...)
}

// within is the most that was done in the first day of a spell. Later it was no new thing any more.
func (s spell) within() weight {
	w := reads
	for level, h := range s.heads {
		if h != nil && h.at < s.first+daySeconds {
			w = weight(level)
		}
	}
	return w
}

// before is when the thing was last seen before its spell i, and whether it was.
func before(s *sighting, i int, known Mark) (int64, bool) {
	last, ok := int64(0), false
	if i > 0 {
		last, ok = s.spells[i-1].last, true
	}
	if !known.Last.IsZero() && known.First.Unix() <= s.spells[i].last {
		last, ok = max(last, known.Last.Unix()), true
	}
	return last, ok
}

// asleep is how many days of silence end with spell i; 0 where there was none, or it cannot be known.
func (j *judge) asleep(s *sighting, i int, known Mark) int {
	last, ok := before(s, i, known)
	at := s.spells[i].first
	day := dayOf(at)
	if !ok || at-last <= gap || j.cover.Count(Days{}, day-lookBack, day) < covered {
		return 0
	}
	return int((at - last) / daySeconds)
}

// isNew says whether spell i of a value is the principal's first in the days compared with, and new values are rare enough
// for it to matter.
func (j *judge) isNew(dim Dimension, value string, s *sighting, i int, known Mark) bool {
	at := s.spells[i].first
	if at < j.first()+learning || at < j.firstOf(dim)+learning && (dim == Owner || dim == Country) || j.peers.know(dim, j.id, j.seen.name, value, at) {
		return false
	}
	// Somebody back after months is compared with the time before, not with the silence.
	since, end := at, dayOf(at)
	if last, back := j.returned(at); back {
		since, end = last, dayOf(last)+1
	}
	if !known.Last.IsZero() && known.Last.Unix() >= since-gap || i > 0 && s.spells[i-1].last >= since-gap {
		return false
	}
	days := j.seen.self.days.Count(j.prior.Days, end-lookBack, end)
	return days >= minDays && j.once(dim, end)*steady <= days
}

// ownerTells says whether a network needs no word of its own: whose it is is known, and has been of this principal for long
// enough for a new owner to show. Carriers and clouds have a thousand networks.
func (j *judge) ownerTells(dim Dimension, h *head) bool {
	if dim != Network || j.locate == nil {
		return false
	}
	owner, _ := j.locate(h.ip)
	return owner != "" && h.at >= j.firstOf(Owner)+learning
}

// firstOf is when the principal was first seen with any value of a dimension. Owners and countries are known only since
// somebody gave a file of them: what was learnt before says nothing of them.
func (j *judge) firstOf(dim Dimension) int64 {
	at := int64(math.MaxInt64 - learning)
	for _, mark := range j.prior.Values[dim] {
		at = min(at, mark.First.Unix())
	}
	for _, sg := range j.seen.values[dim] {
		at = min(at, sg.first())
	}
	return at
}

// first is when the principal was first seen at all, from which learning counts.
func (j *judge) first() int64 {
	if j.prior.First.IsZero() {
		return j.seen.self.first()
	}
	return min(j.seen.self.first(), j.prior.First.Unix())
}

// returned gives the end of the principal's last stretch of work, if the one that holds the time came after a silence.
func (j *judge) returned(at int64) (last int64, back bool) {
	for i, sp := range j.seen.self.spells {
		if at < sp.first || at > sp.last {
			continue
		}
		last, ok := before(&j.seen.self, i, j.prior.Mark)
		return last, ok && sp.first-last > gap && at-sp.first < gap
	}
	return 0, false
}

// once is how many values of a dimension were seen on one day only, in the days compared with.
func (j *judge) once(dim Dimension, end int32) int {
	n := 0
	for value, sg := range j.seen.values[dim] {
		if sg.days.Count(j.prior.Values[dim][value].Days, end-lookBack, end) == 1 {
			n++
		}
	}
	for value, mark := range j.prior.Values[dim] {
		if j.seen.values[dim][value] == nil && mark.Days.Count(Days{}, end-lookBack, end) == 1 {
			n++
		}
	}
	return n
}

// A day reads too much if it reads more than any ordinary day could and several times the most of the days before.
const (
	volumeFloor = 1000
	volumeTimes = 3
)

// volumes are the days that read too much. A day is held against earlier ones only: what comes later cannot excuse it, and a
// second day of the same size is no news.
func (j *judge) volumes() []signal {
	var out []signal
	for call, days := range j.seen.volumes {
		counts := maps.Clone(j.prior.Volumes[call])
		if counts == nil {
			counts = map[int32]int64{}
		}
		for day, v := range days {
			counts[day] = max(counts[day], v.tally.count())
		}
		for day, v := range days {
			n, most := v.tally.count(), int64(0)
			// The sum over a day is known only at its end, but its first event tells who read and from where.
			if n <= volumeFloor || v.head.at < j.first()+learning {
				continue
			}
			for d, was := range counts {
				if d < day && d >= day-lookBack {
					most = max(most, was)
				}
			}
			if n > volumeTimes*most {
				out = append(out, signal{kind: bulk, value: call, head: v.head, weight: reads, count: n, most: most})
			}
		}
	}
	return out
}
