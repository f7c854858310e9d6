package baseline

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
)

// Collector takes in the events of a hunt and keeps, for each principal, what it did and when for the first time. It is not
// for use by several goroutines at once. The zero value is ready.
type Collector struct {
	// Until is the latest time believed, where it is set: one record dated years ahead would push a whole year of days
	// out of the profiles.
	Until time.Time
	// Locate, where it is set, tells whose network an address is in and in which country, "" where that is not known.
	Locate func(address string) (owner, country string)

	seen   map[ID]*seen
	stats  Stats
	stream *stream // nil before Fresh
}

// Stats say what became of the events.
type Stats struct {
	Events int64 `json:"events"` // taken in
	// Undated are events at impossible times; Crowded those that found no more room for their principal.
	Undated int64 `json:"undated,omitempty"`
	Crowded int64 `json:"crowded,omitempty"`
}

// Stats are the counts so far.
func (c *Collector) Stats() Stats { return c.stats }

// seen is one principal in the events at hand.
type seen struct {
	name, kind string
	self       sighting
	values     map[Dimension]map[string]*sighting
	volumes    map[string]map[int32]*volume
	dropped    int64
}

// volume is how much one call read on one day, with the first of that day's events.
type volume struct {
	tally
	head *head
}

// Add takes in one event. Calls that failed, and those of AWS itself, say nothing about habits.
func (c *Collector) Add(e *quell.Event) {
	if !e.Succeeded() {
		return
	}
	who, ok := principalOf(e)
	if !ok {
		return
	}
	// CloudTrail began in November 2013: https://aws.amazon.com/about-aws/whats-new/2013/11/13/announcing-aws-cloudtrail/
	if e.Time.Year() < 2013 || e.Time.Year() >= 2300 || !c.Until.IsZero() && e.Time.After(c.Until) {
		c.stats.Undated++
		return
	}
	s := c.profile(e, who)
	if s == nil {
		c.stats.Crowded++
		return
	}
	c.stats.Events++
	s.name, s.kind = max(s.name, shared(who.Name)), max(s.kind, string(who.Kind))
	s.note(e, c.Locate)
}

// profile finds what is known of a principal in the account whose trail tells: another account's principal, who reads a shared
// bucket, has habits there of its own. It is nil where there is no room for one more.
func (c *Collector) profile(e *quell.Event, who quell.Entity) *seen {
	account := cmp.Or(e.Account, who.Account)
	if !accountID.MatchString(account) {
		account = ""
	}
	id := ID{account, who.ID}
	s := c.seen[id]
	if s == nil && len(c.seen) < maxProfiles {
		if c.seen == nil {
			c.seen = map[ID]*seen{}
		}
		s = &seen{values: map[Dimension]map[string]*sighting{}, volumes: map[string]map[int32]*volume{}}
		c.seen[id] = s
	}
	if s != nil && c.stream != nil {
		c.stream.changed[id] = true
	}
	return s
}

// note files an event under each of its values.
func (s *seen) note(e *quell.Event, locate func(string) (owner, country string)) {
	at, service := mention{e.Time.Unix(), e.ID, e.Origin}, serviceOf(*e)
	w := weigh(service, e.Name, e.ReadOnly)
	var made *head
	make := func() *head {
		if made == nil {
			made = newHead(e) // one for all dimensions
		}
		return made
	}
	s.self.add(at, w, make)
	put := func(dim Dimension, value string) {
		if sg := s.value(dim, value); sg != nil {
			sg.add(at, w, make)
		}
	}
	put(Service, service)
	if isRegional(service) {
		put(Region, quell.Cut(e.Region, maxName))
	}
	// What a service does in somebody's name comes from the service's own address and program.
	if e.Actor.InvokedBy == "" {
		put(Network, network(e.SourceIP))
		if locate != nil {
			owner, country := locate(e.SourceIP)
			put(Owner, quell.Cut(owner, maxName))
			put(Country, quell.Cut(country, maxName))
		}
		put(Program, family(e.UserAgent))
	}
	call := service + ":" + quell.Cut(e.Name, maxName)
	if w > reads {
		put(Call, call)
	}
	if strings.HasPrefix(e.Actor.AccessKey, "AKIA") {
		put(Key, quell.Cut(e.Actor.AccessKey, maxName))
	}
	if counted(service, e.Name) {
		s.count(call, at, make)
	}
}

// value finds a value's sighting, nil where there is no value, or no room: four times what is kept of one, for what comes
// first in a hunt need not be what stays.
func (s *seen) value(dim Dimension, value string) *sighting {
	if value == "" {
		return nil
	}
	values := s.values[dim]
	if values == nil {
		values = map[string]*sighting{}
		s.values[dim] = values
	}
	sg := values[value]
	if sg == nil {
		if len(values) >= 4*maxValues {
			s.dropped++
			return nil
		}
		sg = &sighting{}
		values[shared(value)] = sg
	}
	return sg
}

// count adds an event to its day's volume.
func (s *seen) count(call string, at mention, make func() *head) {
	days := s.volumes[call]
	if days == nil {
		days = map[int32]*volume{}
		s.volumes[shared(call)] = days
	}
	v := days[dayOf(at.at)]
	if v == nil {
		if len(days) >= 4*maxVolumeDays {
			s.dropped++
			return
		}
		v = &volume{}
		days[dayOf(at.at)] = v
	}
	v.add(at.id)
	if at.before(v.head) {
		v.head = make()
	}
}

// isRegional says whether the region in a service's records is one that somebody chose.
func isRegional(service string) bool { return !slices.Contains(globals[:], service) }

// Book is what the events taught so far.
func (c *Collector) Book() *Book {
	b := &Book{}
	for id, s := range c.seen {
		p := s.profile(id)
		for dim, values := range s.values {
			p.Values[dim] = map[string]Mark{}
			for value, sg := range values {
				p.Values[dim][value] = sg.mark()
			}
		}
		for call, days := range s.volumes {
			p.Volumes[call] = map[int32]int64{}
			for day, v := range days {
				p.Volumes[call][day] = v.tally.count()
			}
		}
		b.put(p)
	}
	return b
}

// profile is a principal's without its values.
func (s *seen) profile(id ID) *Profile {
	return &Profile{Account: id.Account, Principal: id.Principal, Name: s.name, Kind: s.kind, Mark: s.self.mark(), Dropped: s.dropped,
		Values: map[Dimension]map[string]Mark{}, Volumes: map[string]map[int32]int64{}}
}

// mark is a sighting as it is kept: without the events, of which only the hunt at hand can make findings.
func (s *sighting) mark() Mark {
	return Mark{First: time.Unix(s.first(), 0).UTC(), Last: time.Unix(s.last(), 0).UTC(), Days: s.days}
}
