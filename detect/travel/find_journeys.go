package travel

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
)

// FindingRule is the rule that findings name.
const FindingRule = "quell-impossible-travel"

// What an airliner does, door to door at best, and below which distance places of addresses are too vague to mean a journey.
// Source: the thresholds that detections for this are published with; 900 km/h is common to them.
const (
	maxSpeed    = 900.0 // km/h
	minDistance = 500.0 // km
)

// Findings are the journeys that nobody can make, in order of time. Each sign-in is held against the same person's next one:
// what lies between them is the shortest time there is. A pair of places is one finding a day, however often somebody
// who is in two places goes back and forth.
func (j *Judge) Findings() []quell.Finding {
	var out []quell.Finding
	for _, who := range slices.Sorted(maps.Keys(j.people)) {
		list := slices.SortedFunc(maps.Values(j.people[who]), func(a, b login) int {
			return cmp.Or(a.at.Compare(b.at), strings.Compare(a.id, b.id))
		})
		told := map[string]bool{}
		for i := 1; i < len(list); i++ {
			from, to := list[i-1], list[i]
			// Multiplied and not divided: two sign-ins of one second have no speed, but no time for a journey either.
			km := sure(from.place, to.place)
			if km < minDistance || km <= maxSpeed*to.at.Sub(from.at).Hours() {
				continue
			}
			// Either way round is the same pair.
			ends := []string{from.place.String(), to.place.String()}
			slices.Sort(ends)
			once := strings.Join(append(ends, to.at.UTC().Format(time.DateOnly)), "\x00")
			if !told[once] {
				told[once] = true
				out = append(out, journey(who, from, to))
			}
		}
	}
	slices.SortFunc(out, func(a, b quell.Finding) int { return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.ID, b.ID)) })
	return out
}

// journey makes the finding of two sign-ins. It is dated by the second, which made it one.
func journey(who string, from, to login) quell.Finding {
	span := to.at.Sub(from.at)
	// A second between two continents makes numbers that mean nothing; they are cut where a line would burst.
	speed := "at the same time"
	if span > 0 {
		speed = fmt.Sprintf("%.0f km/h", min(sure(from.place, to.place)/span.Hours(), 9_999_999))
	}
	f := quell.Finding{
		ID: "f-" + quell.ShortHash(16, FindingRule, who, from.id, to.id), Rule: FindingRule, Title: "Signed in from two places too far apart",
		Severity: quell.High, Techniques: []string{"T1078.004"}, Time: to.at, Account: to.head.Account, Region: to.head.Region,
		Events: []string{from.id, to.id}, Source: "quell", Entities: []quell.Entity{}, Seen: []quell.Event{from.head, to.head},
		Why: quell.Cut(fmt.Sprintf("%s signed in from %s (%s) and %s later from %s (%s): %.0f km, of which %.0f are sure, %s.", who,
			from.place, from.addr, span, to.place, to.addr, Distance(from.place, to.place), sure(from.place, to.place), speed), 400),
	}
	// Both sign-ins are the same principal's; which of them is the intruder is for a person to say.
	f.Entities = quell.MergeEntities(from.head.Resources, to.head.Resources)
	return f
}
