package scope

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/quell-ir/quell"
)

// sighting sums a reading up.
func (h *reading) sighting() Sighting {
	s := Sighting{Watermarks: map[string]time.Time{}}
	s.Events = slices.SortedFunc(maps.Values(h.events), func(a, b quell.Event) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID))
	})
	for _, found := range h.found {
		s.Principals = append(s.Principals, found.Entity)
	}
	// A region is read to the end only if every question was answered there.
	for _, region := range slices.Sorted(maps.Keys(h.through)) {
		if h.blind[region] != "" {
			continue
		}
		s.Read = append(s.Read, "cloudtrail "+region)
		s.Watermarks[region] = h.through[region]
		if s.Through.IsZero() || h.through[region].Before(s.Through) {
			s.Through = h.through[region]
		}
	}
	s.Blind = h.blindness()
	if h.full {
		// Pages come newest first and regions at the same time: what is missing lies anywhere.
		s.Through, s.Read, s.Watermarks = time.Time{}, nil, nil
	}
	return s
}

func (h *reading) blindness() []string {
	// The event history never holds them, whatever trails the account has.
	out := []string{"s3-data"}
	// One line where nothing of CloudTrail answers: seventeen equal ones would hide the others.
	if h.gone {
		out = append(out, "cloudtrail: not available at this endpoint")
	}
	for _, region := range slices.Sorted(maps.Keys(h.blind)) {
		out = append(out, region+": "+h.blind[region])
	}
	out = append(out, slices.Sorted(maps.Keys(h.notes))...)
	if h.cut > 0 {
		out = append(out, fmt.Sprintf("%d principals made by those seen were not followed: at most %d, %d steps deep", h.cut, maxPrincipals, maxDepth))
	}
	if h.full {
		out = append(out, fmt.Sprintf("more than %d events: the rest was not read", maxEvents))
	}
	return out
}
