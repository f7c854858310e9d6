package hunt

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/source/trail"
)

// Trail judges the event history of every region of an account, as it is read. Nothing is installed or changed.
func (h *Hunter) Trail(ctx context.Context, lookup trail.Lookup, since, until time.Time, regions []string) (Result, error) {
	return h.TrailAgain(ctx, lookup, NewAgain(since), until, regions)
}

// TrailAgain judges what has come to the event history since the look before; records that were judged then are not judged
// again. A region that breaks off is read anew at the next look.
func (h *Hunter) TrailAgain(ctx context.Context, lookup trail.Lookup, again *Again, until time.Time, regions []string) (Result, error) {
	why := ""
	if len(regions) == 0 {
		var err error
		if regions, why, err = lookup.Regions(ctx); err != nil {
			return Result{}, err
		}
	}
	// Event history holds management events only. Source: CloudTrail user guide, Working with CloudTrail event history.
	h.lacks = []string{s3DataEvents}
	coverage, err := h.eachRegion(ctx, lookup, again, until, regions)
	if err != nil {
		return Result{}, err
	}
	if len(coverage.Read) == 0 && len(coverage.Refused) > 0 {
		return Result{}, &quell.Error{
			Code: quell.CodeFailed, What: fmt.Sprintf("no region's event history may be read: %s: %s", coverage.Refused[0].Region, coverage.Refused[0].Why),
			Next: "sign in (aws sso login) if the credentials are no longer good, or allow them cloudtrail:LookupEvents",
		}
	}
	r := h.Result()
	for _, region := range coverage.Read {
		r.Read = append(r.Read, fmt.Sprintf("%s: %d events, complete to %s", region.Name, region.Events, region.Through.UTC().Format(time.RFC3339)))
	}
	missing := r.Blind
	r.Blind = nil
	for _, m := range coverage.Refused {
		r.Blind = append(r.Blind, quell.Clean(m.Region+": refused: "+m.Why))
	}
	for _, m := range coverage.Unavailable {
		r.Blind = append(r.Blind, quell.Clean(m.Region+": not available: "+m.Why))
	}
	if why != "" {
		r.Blind = append(r.Blind, quell.Clean("regions: "+why))
	}
	r.Blind = append(r.Blind, missing...)
	return r, nil
}

// eachRegion reads every region from where its look before ended.
func (h *Hunter) eachRegion(ctx context.Context, lookup trail.Lookup, again *Again, until time.Time, regions []string) (trail.Coverage, error) {
	var all trail.Coverage
	w := h.worker(-1)
	began := h.Clock.Now()
	if !until.IsZero() && until.Before(began) {
		began = until
	}
	for since, regions := range again.byStart(regions) {
		coverage, err := lookup.Each(ctx, trail.Query{Since: since, Until: until, Regions: regions}, func(region string, raw []byte) error {
			if !again.window(region).isFirst(nameOf(raw)) {
				return nil
			}
			origin := "event history of " + region
			stats, err := w.Scan(bytes.NewReader(raw), origin, func(m detect.Match) error { return h.take(m, origin) })
			if err != nil {
				return err
			}
			h.count(origin, stats)
			return nil
		})
		if err != nil {
			return all, err
		}
		all.Read = append(all.Read, coverage.Read...)
		all.Refused = append(all.Refused, coverage.Refused...)
		all.Unavailable = append(all.Unavailable, coverage.Unavailable...)
	}
	for _, region := range all.Read {
		again.window(region.Name).done(began)
	}
	missing := slices.Concat(all.Refused, all.Unavailable)
	for _, m := range missing {
		again.window(m.Region).broken()
	}
	// Groups come in no order; those who read the result want one.
	slices.SortFunc(all.Read, func(a, b trail.Region) int { return cmp.Compare(a.Name, b.Name) })
	for _, list := range [][]trail.Missing{all.Refused, all.Unavailable} {
		slices.SortFunc(list, func(a, b trail.Missing) int { return cmp.Compare(a.Region, b.Region) })
	}
	return all, nil
}
