package scope

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source/trail"
)

// atOnce is how many regions are asked at the same time.
const atOnce = 8

// Live says whether the trail shows, in every region that can be read, a LookupEvents call of our own that is younger than
// since. Such calls are made by each Trail; where they show, others of that age do too, and silence means something. With
// no region to read it is false.
func (r Reader) Live(ctx context.Context, since time.Time) (bool, error) {
	me, err := r.whoAmI(ctx)
	if err != nil {
		return false, err
	}
	g, err := r.survey(ctx)
	if err != nil {
		return false, err
	}
	var shown, silent atomic.Int32
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, region := range g.regions {
		group.Go(func() error {
			// Region by region, so that each stops at its first hit: our own calls are many.
			query := trail.Query{Attribute: "EventName", Value: "LookupEvents", Since: since, Regions: []string{region}}
			coverage, err := g.lookup.Each(ctx, query, func(_ string, raw []byte) error {
				e, err := quell.ReadCloudTrail(raw)
				if err == nil && e.Time.After(since) && e.Source == "cloudtrail.amazonaws.com" && me.did(e) {
					return errFound
				}
				return nil // somebody else's, or unreadable: neither proves anything
			})
			switch {
			case errors.Is(err, errFound):
				shown.Add(1)
			case err != nil:
				return fmt.Errorf("look for our own calls in %s: %w", region, err)
			case len(coverage.Read) > 0:
				silent.Add(1)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return false, err
	}
	return shown.Load() > 0 && silent.Load() == 0, nil
}

// did says whether an event is ours. A role's sessions count whatever their name: credentials are renewed on the way.
func (me self) did(e quell.Event) bool {
	role, _, isSession := strings.Cut(me.id, ":")
	switch {
	case me.key != "" && e.Actor.AccessKey == me.key:
		return true
	case me.id != "" && e.Actor.Principal == me.id:
		return true
	}
	return isSession && strings.HasPrefix(role, "AROA") && e.Actor.IssuerID == role
}
