package scope

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source/trail"
)

// Bounds of what a scope carries: it is a ledger record, and people read it.
const (
	maxTimeline = 500
	maxEntities = 2000
	maxNamed    = 20 // entities per event of the timeline
	maxText     = 256
)

// Scope makes of a sighting what a response starts from.
//
// Since is the first act in the window read, whoever's it was: an intruder with somebody's key cannot be told from its
// owner by the trail alone, and too early is the safe side. LastSeen is the last. StillActive says that it lies within 15
// minutes of the end of what is known complete, or of now where nothing is: what is younger is not visible yet.
// Events counts them all, refused ones too; Timeline holds at most 500, acts that change something before reads.
func Scope(subject quell.Entity, s Sighting, now time.Time) quell.Scope {
	out := quell.Scope{
		Subject: subject, Account: subject.Account, Events: len(s.Events),
		Read: slices.Clone(s.Read), Blind: slices.Clone(s.Blind), UsedBy: usedBy(s.Events, now),
	}
	for _, e := range s.Events {
		out.Account = cmp.Or(out.Account, e.Actor.Account)
	}
	if n := len(s.Events); n > 0 {
		out.Since, out.LastSeen = s.Events[0].Time, s.Events[n-1].Time
		known := now
		if !s.Through.IsZero() && s.Through.Before(now) {
			known = s.Through
		}
		out.StillActive = !out.LastSeen.Before(known.Add(-trail.Delay))
	}
	var left int
	if out.Timeline, left = timeline(s.Events); left > 0 {
		out.Blind = append(out.Blind, fmt.Sprintf("timeline: %d of %d events left out", left, len(s.Events)))
	}
	if out.Entities, left = entities(s); left > 0 {
		out.Blind = append(out.Blind, fmt.Sprintf("entities: %d left out", left))
	}
	for region, through := range s.Watermarks {
		if out.Watermarks == nil {
			out.Watermarks = map[string]string{}
		}
		out.Watermarks["cloudtrail "+region] = through.UTC().Format(time.RFC3339)
	}
	return out
}

// timeline picks what tells the story and says how many events it leaves out.
func timeline(events []quell.Event) (picked []quell.Event, left int) {
	picked = slices.Clone(events)
	if len(picked) > maxTimeline {
		// Of the same rank the later ones stay: the beginning is in Since, the end is what must be answered.
		slices.SortStableFunc(picked, func(a, b quell.Event) int {
			return cmp.Or(rank(a)-rank(b), b.Time.Compare(a.Time))
		})
		left = len(picked) - maxTimeline
		picked = picked[:maxTimeline]
		slices.SortFunc(picked, func(a, b quell.Event) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID)) })
	}
	for i := range picked {
		picked[i] = clean(picked[i])
	}
	return picked, left
}

// rank puts changes before attempts at them before reads.
func rank(e quell.Event) int {
	makes := slices.ContainsFunc(e.Resources, func(r quell.Entity) bool { return r.Part == quell.PartMade })
	switch {
	case makes || !e.ReadOnly && e.Succeeded(): // AssumeRole is recorded as a read, and yet makes a session
		return 0
	case !e.ReadOnly:
		return 1
	}
	return 2
}

// clean makes a head fit to be kept and shown: whoever acts chooses names, session names and user agents.
func clean(e quell.Event) quell.Event {
	e.Raw = nil
	for _, text := range []*string{
		&e.ID, &e.Source, &e.Name, &e.Account, &e.Region, &e.SourceIP, &e.UserAgent, &e.ErrorCode, &e.Origin, &e.Actor.Type, &e.Actor.Principal,
		&e.Actor.ARN, &e.Actor.Name, &e.Actor.Account, &e.Actor.AccessKey, &e.Actor.IssuerType, &e.Actor.IssuerID, &e.Actor.IssuerARN,
		&e.Actor.SourceIdentity, &e.Actor.InvokedBy,
	} {
		*text = quell.Cut(*text, maxText)
	}
	e.Resources = slices.Clone(e.Resources[:min(len(e.Resources), maxNamed)])
	return e
}
