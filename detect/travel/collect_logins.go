package travel

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
)

// maxLogins bounds what a Judge keeps: a year of sign-ins of a company of some hundred people, in some dozen megabytes.
const maxLogins = 100_000

// Judge gathers sign-ins and finds journeys that nobody can make. It is not safe for several goroutines.
type Judge struct {
	places  Locator
	trusted func(netip.Addr) bool
	most    int

	people  map[string]map[string]login // by person and event id
	kept    int
	full    int64
	skipped map[string]map[string]bool // why, and the ids of the sign-ins left out for it
	left    int                        // entries in skipped
}

// login is a sign-in at a known place.
type login struct {
	id    string
	at    time.Time
	addr  netip.Addr
	place Place
	head  quell.Event
}

// New makes a judge. Addresses for which trusted says yes are left out; it may be nil. most is how many sign-ins to keep, 0
// for as many as fit into some dozen megabytes.
func New(places Locator, trusted func(netip.Addr) bool, most int) *Judge {
	if trusted == nil {
		trusted = func(netip.Addr) bool { return false }
	}
	return &Judge{places: places, trusted: trusted, most: cmp.Or(most, maxLogins), people: map[string]map[string]login{},
		skipped: map[string]map[string]bool{}}
}

// Add takes in a sign-in that Rule matched.
func (j *Judge) Add(e quell.Event) {
	who := whoOf(&e)
	addr, err := netip.ParseAddr(e.SourceIP)
	if err != nil || who == "" {
		return // an AWS service in place of an address, which signs nobody in; or nobody in particular
	}
	// One address has one form, or a person would travel from an address to itself.
	addr = addr.Unmap().WithZone("")
	// These are how work is done, and are passed over without a word; what is skipped below could have told something.
	if !routed(addr) || j.trusted(addr) {
		return
	}
	place, found := j.places.Locate(addr)
	switch name := wandering(place.Network); {
	case !found || !place.Known:
		j.skip("at addresses of unknown place", e.ID)
		return
	case name != "":
		j.skip(fmt.Sprintf("from %s, AS%d", name, place.Network), e.ID)
		return
	}
	// A sign-in is known by its id alone: two trails deliver each twice.
	mine := j.people[who]
	if _, twice := mine[e.ID]; twice {
		return
	}
	if j.kept >= j.most {
		j.full++
		return
	}
	if mine == nil {
		mine = map[string]login{}
		j.people[who] = mine
	}
	e.Raw = nil // the head is enough for a finding, and the record is most of the memory
	mine[e.ID] = login{id: e.ID, at: e.Time, addr: addr, place: place, head: e}
	j.kept++
}

// skip counts a sign-in that is not judged, once however often it comes.
func (j *Judge) skip(why, id string) {
	// Attackers choose how many sign-ins fail to be placed, so that this too has an end.
	if j.left >= j.most {
		return // counted enough for anybody to notice
	}
	if j.skipped[why] == nil {
		j.skipped[why] = map[string]bool{}
	}
	if !j.skipped[why][id] {
		j.skipped[why][id] = true
		j.left++
	}
}

// Unseen tells in one sentence each what was not judged: most first, at most a few, and the rest in one number.
func (j *Judge) Unseen() []string {
	reasons := slices.SortedFunc(maps.Keys(j.skipped), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(j.skipped[b]), len(j.skipped[a])), strings.Compare(a, b))
	})
	// The first few reasons are the ones to act on: another ASN file, a network to trust.
	var words []string
	total, told := 0, 0
	for i, why := range reasons {
		n := len(j.skipped[why])
		if total += n; i < 3 {
			words = append(words, fmt.Sprintf("%d %s", n, why))
			told += n
		}
	}
	if total > told {
		words = append(words, fmt.Sprintf("%d others", total-told))
	}
	var out []string
	if total > 0 {
		out = append(out, "impossible travel: sign-ins not judged: "+strings.Join(words, "; "))
	}
	if j.full > 0 {
		out = append(out, fmt.Sprintf("impossible travel: %d sign-ins found no room and were not judged", j.full))
	}
	return out
}

// Forget drops sign-ins before a time.
func (j *Judge) Forget(before time.Time) {
	// The newest of somebody is forgotten like the rest: by then no aeroplane could still be on its way.
	for who, mine := range j.people {
		for id, l := range mine {
			if l.at.Before(before) {
				delete(mine, id)
				j.kept--
			}
		}
		if len(mine) == 0 {
			delete(j.people, who)
		}
	}
	// What was told once need not be known for ever.
	if j.left >= j.most {
		j.skipped, j.left = map[string]map[string]bool{}, 0
	}
}
