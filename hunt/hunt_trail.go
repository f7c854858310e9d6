package hunt

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/source/trail"
)

// Trail judges the event history of every region of an account, as it is read. Nothing is installed or changed.
func (h *Hunter) Trail(ctx context.Context, lookup trail.Lookup, since, until time.Time, regions []string) (Result, error) {
	why := ""
	if len(regions) == 0 {
		var err error
		if regions, why, err = lookup.Regions(ctx); err != nil {
			return Result{}, err
		}
	}
	w := h.worker(-1)
	coverage, err := lookup.Each(ctx, trail.Query{Since: since, Until: until, Regions: regions}, func(region string, raw []byte) error {
		origin := "event history of " + region
		stats, err := w.Scan(bytes.NewReader(raw), origin, func(m detect.Match) error { return h.take(m, origin) })
		if err != nil {
			return err
		}
		h.count(origin, stats)
		return nil
	})
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
	for _, m := range coverage.Refused {
		r.Blind = append(r.Blind, quell.Clean(m.Region+": refused: "+m.Why))
	}
	for _, m := range coverage.Unavailable {
		r.Blind = append(r.Blind, quell.Clean(m.Region+": not available: "+m.Why))
	}
	if why != "" {
		r.Blind = append(r.Blind, quell.Clean("regions: "+why))
	}
	// Event history holds management events only. Source: CloudTrail user guide, Working with CloudTrail event history.
	r.Blind = append(r.Blind, "s3-data: event history holds no data events, so object reads are invisible")
	return r, nil
}
