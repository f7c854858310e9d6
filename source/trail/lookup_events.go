package trail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source/pace"
	"golang.org/x/sync/errgroup"
)

// Delay is how long CloudTrail may take to show an event, by its documentation; within it silence proves nothing.
const Delay = 15 * time.Minute

// pageSize is the most events LookupEvents gives at once.
const pageSize = 50

// Lookup reads the event history. Config and Clock must be set.
type Lookup struct {
	// Config is the configuration for a region. Its retryer is left aside: waits follow Clock and hold for all regions.
	Config func(region string) aws.Config
	Clock  quell.Clock
	// Workers is how many regions are read at once (default 8), Tries how often a request is made before its region is
	// given up (default 8), Home the region that is asked for the list of regions (default us-east-1).
	Workers, Tries int
	Home           string
	// Tell, where it is set, hears how far the reading is after each page and region, never twice at the same time.
	Tell func(Stand)
}

// Stand is how far a reading is: pages had, and regions done with of those to read, whatever came of them.
type Stand struct{ Pages, Done, Of int }

// Query is what to look for. LookupEvents takes one attribute, or none for everything.
type Query struct {
	// Attribute is AccessKeyId, EventId, EventName, EventSource, ReadOnly, ResourceName, ResourceType or Username.
	Attribute, Value string
	Since, Until     time.Time // zero: as far back as there is, up to now
	Regions          []string
}

// Region is a region that was read to the end. Through is up to when its history is complete: what happened later may
// not be visible yet. Bare counts events that came without their record.
type Region struct {
	Name                string
	Events, Pages, Bare int
	Through             time.Time
}

// Missing is a region that was not read to the end, and why. What was read of it before is among the events.
type Missing struct{ Region, Why string }

// Coverage is what was seen and what was not, each sorted by region. Refused are answers of CloudTrail itself, a missing
// permission or throttling without end; Unavailable are regions where no CloudTrail answered.
type Coverage struct {
	Read                 []Region
	Refused, Unavailable []Missing
}

// Each calls do with every record found, newest first within a region, regions mixed, never twice at the same time. raw
// is the record's JSON and do may keep it.
//
// A region that fails is in the coverage, not an error. The error is the context's, or what do returned; the coverage then
// holds the regions finished before.
func (l Lookup) Each(ctx context.Context, q Query, do func(region string, raw []byte) error) (Coverage, error) {
	var mu sync.Mutex
	var coverage Coverage
	// Callers append to a list or a file; a lock here is one that nobody can forget.
	serial := func(region string, raw []byte) error {
		mu.Lock()
		defer mu.Unlock()
		return do(region, raw)
	}
	hold := &holdOff{clock: l.Clock}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(cmp.Or(max(l.Workers, 0), 8))
	names := slices.Compact(slices.Sorted(slices.Values(q.Regions)))
	stand := Stand{Of: len(names)}
	tell := func(pages, done int) {
		if l.Tell != nil {
			mu.Lock()
			defer mu.Unlock()
			stand.Pages, stand.Done = stand.Pages+pages, stand.Done+done
			l.Tell(stand)
		}
	}
	for _, name := range names {
		group.Go(func() error {
			region, err := l.region(ctx, name, q, hold, func() { tell(1, 0) }, serial)
			tell(0, 1)
			mu.Lock()
			defer mu.Unlock()
			return coverage.add(ctx, region, err)
		})
	}
	err := group.Wait()
	slices.SortFunc(coverage.Read, func(a, b Region) int { return cmp.Compare(a.Name, b.Name) })
	byRegion := func(a, b Missing) int { return cmp.Compare(a.Region, b.Region) }
	slices.SortFunc(coverage.Refused, byRegion)
	slices.SortFunc(coverage.Unavailable, byRegion)
	return coverage, err
}

// stop wraps what ends the reading of all regions.
type stop struct{ error }

func (s stop) Unwrap() error { return s.error }

func (c *Coverage) add(ctx context.Context, r Region, err error) error {
	if err == nil {
		c.Read = append(c.Read, r)
		return nil
	}
	var stopped stop
	if errors.As(err, &stopped) {
		return stopped.error
	}
	if ctx.Err() != nil {
		return fmt.Errorf("look up events in %s: %w", r.Name, ctx.Err())
	}
	why := explain(err)
	// What was read before the break is true but not all, and the reader must know that.
	if r.Pages > 0 {
		why = fmt.Sprintf("after %d pages: %s", r.Pages, why)
	}
	missing := Missing{Region: r.Name, Why: why}
	if judge(err) == absent {
		c.Unavailable = append(c.Unavailable, missing)
	} else {
		c.Refused = append(c.Refused, missing)
	}
	return nil
}

// region reads all pages of one region. It calls turned after each.
func (l Lookup) region(ctx context.Context, name string, q Query, hold *holdOff, turned func(), do func(string, []byte) error) (Region, error) {
	r := Region{Name: name, Through: l.Clock.Now().Add(-Delay)}
	// The start of the reading counts, not its end: pages are a view of that moment.
	if !q.Until.IsZero() && q.Until.Before(r.Through) {
		r.Through = q.Until
	}
	// The client lives as long as this function: kept in a field or an interface it would keep every operation of
	// the service in the program.
	client := cloudtrail.NewFromConfig(l.Config(name), func(o *cloudtrail.Options) { o.Retryer = aws.NopRetryer{} })
	in := lookupInput(q)
	spacing := &pace.Pace{Clock: l.Clock, Every: perRequest}
	for {
		var out *cloudtrail.LookupEventsOutput
		err := l.retry(ctx, spacing, hold, func() (err error) {
			out, err = client.LookupEvents(ctx, in)
			return err
		})
		if err != nil {
			return r, err
		}
		r.Pages++
		turned()
		for _, event := range out.Events {
			if aws.ToString(event.CloudTrailEvent) == "" {
				r.Bare++
				continue
			}
			r.Events++
			if err := do(name, []byte(*event.CloudTrailEvent)); err != nil {
				return r, stop{err}
			}
		}
		next := aws.ToString(out.NextToken)
		if next == "" {
			return r, nil
		}
		// An emulator that ignores the token would keep us here for ever.
		if next == aws.ToString(in.NextToken) {
			return r, errors.New("the same page is offered again and again")
		}
		in.NextToken = &next
	}
}

// lookupInput leaves out what was not asked for: the service refuses empty attributes.
func lookupInput(q Query) *cloudtrail.LookupEventsInput {
	in := &cloudtrail.LookupEventsInput{MaxResults: aws.Int32(pageSize)}
	if q.Attribute != "" {
		in.LookupAttributes = []types.LookupAttribute{{AttributeKey: types.LookupAttributeKey(q.Attribute), AttributeValue: aws.String(q.Value)}}
	}
	if !q.Since.IsZero() {
		in.StartTime = aws.Time(q.Since)
	}
	if !q.Until.IsZero() {
		in.EndTime = aws.Time(q.Until)
	}
	return in
}
