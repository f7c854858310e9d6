package metrics

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"
	"golang.org/x/sync/errgroup"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source/pace"
)

// Wanted is one metric to read of every resource that has it.
type Wanted struct {
	Namespace, Name, Stat string
	// ID is the dimension that names the resource; Others may stand beside it, and All must, with the value ALL. Metrics with
	// any other dimension are parts of a total, or another view of it.
	ID, All string
	Others  []string
	// Global metrics are in us-east-1 alone.
	Global bool
	// Compared metrics are read for the days before as well.
	Compared bool
}

// Point is a datapoint; At is where its period begins.
type Point struct {
	At    time.Time
	Value float64
}

// Series are the datapoints of one metric of one resource. Wanted is its number in the query.
type Series struct {
	Wanted         int
	Region, ID     string
	Minutes, Hours []Point
}

// Query says what to read: minutes from Since to Until, and hours from Before ahead of Since.
type Query struct {
	Wanted       []Wanted
	Since, Until time.Time
	Before       time.Duration
	Regions      []string
}

// Region is what became of a region. Found are metrics that fit, Asked the queries made for them, which AWS bills: a
// metric that is compared is asked for twice. Partial are those of which CloudWatch said that there is more to come.
type Region struct {
	Name                  string
	Found, Asked, Partial int
}

// Missing is a region that was not read to the end, and why.
type Missing struct{ Region, Why string }

// Coverage is what was read, sorted by region.
type Coverage struct {
	Read    []Region
	Missing []Missing
}

// Asked is how many metrics were asked for in all.
func (c Coverage) Asked() (n int) {
	for _, r := range c.Read {
		n += r.Asked
	}
	return n
}

// Reader reads metrics. Config and Clock must be set.
type Reader struct {
	Config func(region string) aws.Config
	Clock  quell.Clock
	// Workers is how many regions are read at once (default 8), Tries how often a request is made (default 8).
	Workers, Tries int

	open func(region string) api // nil: CloudWatch's
}

// api are the two calls made, as functions: a client in a field would keep every operation of the service in the program.
type api struct {
	list func(context.Context, *cloudwatch.ListMetricsInput) (*cloudwatch.ListMetricsOutput, error)
	get  func(context.Context, *cloudwatch.GetMetricDataInput) (*cloudwatch.GetMetricDataOutput, error)
}

// perRequest keeps to ten requests a second; ListMetrics allows 25, GetMetricData 50. Source: CloudWatch user guide, "CloudWatch
// service quotas".
const perRequest = 100 * time.Millisecond

// home is where global services publish.
const home = "us-east-1"

// maxMetrics bounds what is asked for in a region, in cost as in memory; more are named in the coverage.
const maxMetrics = 5000

// Read reads all regions. One that fails is in the coverage, not an error. The error is the context's.
func (r Reader) Read(ctx context.Context, q Query) ([]Series, Coverage, error) {
	var mu sync.Mutex
	var all []Series
	var coverage Coverage
	regions := slices.Clone(q.Regions)
	if slices.ContainsFunc(q.Wanted, func(w Wanted) bool { return w.Global }) && len(regions) > 0 {
		regions = append(regions, home)
	}
	slices.Sort(regions)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(cmp.Or(max(r.Workers, 0), 8))
	for _, name := range slices.Compact(regions) {
		group.Go(func() error {
			one := regionReader{r: r, q: q, name: name, only: !slices.Contains(q.Regions, name)}
			err := one.read(ctx)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, one.series...)
			coverage.Read = append(coverage.Read, Region{name, len(one.series), one.asked, one.partial})
			if err != nil {
				coverage.Missing = append(coverage.Missing, Missing{name, quell.Cut(plain(err), 300)})
			}
			return nil
		})
	}
	err := group.Wait()
	slices.SortFunc(all, func(a, b Series) int {
		return cmp.Or(cmp.Compare(a.Region, b.Region), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Wanted, b.Wanted))
	})
	slices.SortFunc(coverage.Read, func(a, b Region) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(coverage.Missing, func(a, b Missing) int { return cmp.Compare(a.Region, b.Region) })
	return all, coverage, err
}

// regionReader reads one region.
type regionReader struct {
	r              Reader
	q              Query
	name           string
	only           bool // the region is read for its global metrics alone
	api            api
	pace           *pace.Pace
	series         []Series
	metrics        []found
	asked, partial int
}

func (r *regionReader) read(ctx context.Context) error {
	open := r.r.open
	if open == nil {
		open = r.r.connect
	}
	r.api = open(r.name)
	r.pace = &pace.Pace{Clock: r.r.Clock, Every: perRequest, Tries: r.r.Tries}
	listed := r.find(ctx)
	// What was found before a list broke off is judged all the same.
	return errors.Join(listed, r.fetch(ctx))
}

// connect makes a client that lives as long as the region is read.
func (r Reader) connect(region string) api {
	client := cloudwatch.NewFromConfig(r.Config(region), plainProtocol)
	return api{
		list: func(ctx context.Context, in *cloudwatch.ListMetricsInput) (*cloudwatch.ListMetricsOutput, error) {
			return client.ListMetrics(ctx, in)
		},
		get: func(ctx context.Context, in *cloudwatch.GetMetricDataInput) (*cloudwatch.GetMetricDataOutput, error) {
			return client.GetMetricData(ctx, in)
		},
	}
}

// plainProtocol has a client speak CloudWatch's older protocol, which the service and everything that stands in for it know; and
// leaves waiting to package pace.
func plainProtocol(o *cloudwatch.Options) {
	o.Protocol = awsquery.New(schemas.GraniteServiceVersion20100801)
	o.Retryer = aws.NopRetryer{}
}

// plain is an error in one line.
func plain(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// again is the error of a list that does not end.
func again(what string) error {
	return fmt.Errorf("%s: the same page is offered again and again", what)
}
