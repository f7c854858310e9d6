package metrics

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	smithy "github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/internal/moto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Date(2026, 3, 4, 6, 0, 0, 0, time.UTC)

// fakeClock jumps where others sleep.
type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return ctx.Err()
}

// metric makes one with dimensions in pairs.
func metric(namespace, name string, dimensions ...string) types.Metric {
	m := types.Metric{Namespace: &namespace, MetricName: &name}
	for i := 0; i < len(dimensions); i += 2 {
		m.Dimensions = append(m.Dimensions, types.Dimension{Name: &dimensions[i], Value: &dimensions[i+1]})
	}
	return m
}

var wanted = []Wanted{
	{Namespace: "AWS/ApplicationELB", Name: "RequestCount", Stat: "Sum", ID: "LoadBalancer", Compared: true},
	{Namespace: "AWS/WAFV2", Name: "BlockedRequests", Stat: "Sum", ID: "WebACL", Others: []string{"Region"}, All: "Rule"},
	{Namespace: "AWS/CloudFront", Name: "Requests", Stat: "Sum", ID: "DistributionId", Others: []string{"Region"}, Global: true},
}

// account is a fake: metrics by region and name, a page each.
type account struct {
	mu      sync.Mutex
	metrics map[string][]types.Metric
	refuse  map[string]error // by region and operation
	asked   []string
	listed  []string
}

func (a *account) open(region string) api {
	return api{
		list: func(_ context.Context, in *cloudwatch.ListMetricsInput) (*cloudwatch.ListMetricsOutput, error) {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.listed = append(a.listed, fmt.Sprint(region, " ", *in.MetricName, " ", in.RecentlyActive))
			if err := a.refuse[region+" list"]; err != nil {
				return nil, err
			}
			page := 0
			if in.NextToken != nil {
				fmt.Sscan(*in.NextToken, &page)
			}
			out := &cloudwatch.ListMetricsOutput{}
			if all := a.metrics[region]; page < len(all) {
				out.Metrics = all[page : page+1]
				out.NextToken = aws.String(fmt.Sprint(page + 1))
			}
			return out, nil
		},
		get: func(_ context.Context, in *cloudwatch.GetMetricDataInput) (*cloudwatch.GetMetricDataOutput, error) {
			a.mu.Lock()
			defer a.mu.Unlock()
			if err := a.refuse[region+" get"]; err != nil {
				return nil, err
			}
			out := &cloudwatch.GetMetricDataOutput{}
			for _, q := range in.MetricDataQueries {
				a.asked = append(a.asked, fmt.Sprintf("%s %s %d %s", region, *q.MetricStat.Metric.MetricName, *q.MetricStat.Period, *q.MetricStat.Stat))
				out.MetricDataResults = append(out.MetricDataResults, types.MetricDataResult{Id: q.Id, StatusCode: types.StatusCodeComplete,
					Timestamps: []time.Time{*in.StartTime}, Values: []float64{float64(*q.MetricStat.Period)}})
			}
			// Each answer comes in two pages; the second repeats an id that nobody asked for.
			if in.NextToken == nil {
				out.NextToken = aws.String("two")
			} else {
				out.MetricDataResults = []types.MetricDataResult{{Id: aws.String("m999"), Timestamps: []time.Time{now}, Values: []float64{1}}, {Id: aws.String("x")}}
			}
			return out, nil
		},
	}
}

func query(regions ...string) Query {
	return Query{Wanted: wanted, Since: now.Add(-time.Hour), Until: now, Before: 24 * time.Hour, Regions: regions}
}

func TestRead(t *testing.T) {
	a := &account{metrics: map[string][]types.Metric{
		"eu-west-1": {
			metric("AWS/ApplicationELB", "RequestCount", "LoadBalancer", "app/shop/1"),
			metric("AWS/ApplicationELB", "RequestCount", "LoadBalancer", "app/shop/1", "AvailabilityZone", "eu-west-1a"),
			metric("AWS/ApplicationELB", "RequestCount"),
			metric("AWS/WAFV2", "BlockedRequests", "WebACL", "w", "Region", "eu-west-1", "Rule", "ALL"),
			metric("AWS/WAFV2", "BlockedRequests", "WebACL", "w", "Region", "eu-west-1", "Rule", "one"),
			metric("AWS/WAFV2", "BlockedRequests", "WebACL", "w"),
			metric("AWS/CloudFront", "Requests", "DistributionId", "E0", "Region", "Global"),
		},
		"us-east-1": {
			metric("AWS/CloudFront", "Requests", "DistributionId", "E1", "Region", "Global"),
			metric("AWS/ApplicationELB", "RequestCount", "LoadBalancer", "app/other/1"),
		},
	}}
	r := Reader{Clock: &fakeClock{now: now}, open: a.open}
	series, coverage, err := r.Read(t.Context(), query("eu-west-1"))
	if err != nil {
		t.Fatal(err)
	}
	since := now.Add(-time.Hour)
	want := []Series{
		{0, "eu-west-1", "app/shop/1", []Point{{since, 60}}, []Point{{since.Add(-24 * time.Hour), 3600}}},
		{1, "eu-west-1", "w", []Point{{since, 60}}, nil},
		{2, "us-east-1", "E1", []Point{{since, 60}}, nil},
	}
	if diff := cmp.Diff(want, series); diff != "" {
		t.Error(diff)
	}
	// The region that was not asked for is read for what is global alone.
	if diff := cmp.Diff(Coverage{Read: []Region{{"eu-west-1", 2, 3, 0}, {"us-east-1", 1, 1, 0}}}, coverage); diff != "" || coverage.Asked() != 4 {
		t.Error(diff)
	}
	for _, line := range a.listed {
		if !strings.HasSuffix(line, "PT3H") || strings.HasPrefix(line, "eu-west-1 Requests") || strings.HasPrefix(line, "us-east-1 RequestCount") {
			t.Errorf("listed %s", line)
		}
	}
	// A week ago other things lived.
	old := query("eu-west-1")
	old.Since = now.Add(-5 * time.Hour)
	a.listed = nil
	if _, _, err := r.Read(t.Context(), old); err != nil || strings.HasSuffix(a.listed[0], "PT3H") {
		t.Errorf("%v, %v", a.listed, err)
	}
}

func TestReadManyMetrics(t *testing.T) {
	a := &account{metrics: map[string][]types.Metric{}}
	for i := range maxQueries + 1 {
		a.metrics["us-east-1"] = append(a.metrics["us-east-1"], metric("AWS/CloudFront", "Requests", "DistributionId", fmt.Sprint("E", i)))
	}
	series, coverage, err := Reader{Clock: &fakeClock{now: now}, open: a.open}.Read(t.Context(), query("us-east-1"))
	if err != nil || len(series) != maxQueries+1 || coverage.Asked() != maxQueries+1 {
		t.Fatalf("%d series, %+v, %v", len(series), coverage, err)
	}
	for _, s := range series {
		if len(s.Minutes) != 1 {
			t.Fatalf("%s has %d points", s.ID, len(s.Minutes))
		}
	}
}

func TestReadRefused(t *testing.T) {
	denied := &smithy.GenericAPIError{Code: "AccessDenied", Message: "not allowed"}
	elb := []types.Metric{metric("AWS/ApplicationELB", "RequestCount", "LoadBalancer", "app/shop/1")}
	a := &account{metrics: map[string][]types.Metric{"eu-west-1": elb, "eu-west-2": elb},
		refuse: map[string]error{"eu-west-1 list": denied, "eu-west-2 get": denied, "eu-west-3 list": &smithy.GenericAPIError{Code: "Throttling"}}}
	series, coverage, err := Reader{Clock: &fakeClock{now: now}, Tries: 2, open: a.open}.Read(t.Context(), query("eu-west-1", "eu-west-2", "eu-west-3", "us-east-1"))
	if err != nil || len(series) != 1 {
		t.Fatalf("%+v, %v", series, err)
	}
	want := []Missing{
		{"eu-west-1", "list AWS/ApplicationELB RequestCount: AccessDenied: not allowed"},
		{"eu-west-2", "get 1 metrics: AccessDenied: not allowed"},
		{"eu-west-3", "list AWS/ApplicationELB RequestCount: Throttling: no reason given; list AWS/WAFV2 BlockedRequests: Throttling: no reason given"},
	}
	if diff := cmp.Diff(want, coverage.Missing); diff != "" {
		t.Error(diff)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := (Reader{Clock: &fakeClock{now: now}, open: a.open}).Read(ctx, query("eu-west-1")); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestOverTheWire reads metrics that were put into the emulator: the fake above knows only what we know.
func TestOverTheWire(t *testing.T) {
	server := moto.Start(t)
	server.Reset(t)
	cfg := server.Config("us-east-1")
	// CloudWatch keeps minutes for days, an emulator for as long as it runs: the time is the present.
	at := quell.WallClock{}.Now().Truncate(time.Minute).Add(-10 * time.Minute)
	client := cloudwatch.NewFromConfig(cfg, plainProtocol)
	for _, zone := range []string{"", "us-east-1a"} {
		dimensions := []types.Dimension{{Name: aws.String("LoadBalancer"), Value: aws.String("app/shop/1")}}
		if zone != "" {
			dimensions = append(dimensions, types.Dimension{Name: aws.String("AvailabilityZone"), Value: &zone})
		}
		_, err := client.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("Quell/Test"), MetricData: []types.MetricDatum{
			{MetricName: aws.String("RequestCount"), Timestamp: &at, Value: aws.Float64(41), Dimensions: dimensions},
			{MetricName: aws.String("RequestCount"), Timestamp: &at, Value: aws.Float64(1), Dimensions: dimensions},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	r := Reader{Clock: quell.WallClock{}, Config: func(region string) aws.Config { return server.Config(region) }}
	series, coverage, err := r.Read(t.Context(), Query{
		Wanted: []Wanted{{Namespace: "Quell/Test", Name: "RequestCount", Stat: "Sum", ID: "LoadBalancer", Compared: true}},
		Since:  at.Add(-time.Hour), Until: at.Add(time.Hour), Before: 24 * time.Hour, Regions: []string{"us-east-1"},
	})
	if err != nil || len(coverage.Missing) > 0 || len(series) != 1 {
		t.Fatalf("%+v, %+v, %v", series, coverage, err)
	}
	if diff := cmp.Diff([]Point{{at, 42}}, series[0].Minutes); diff != "" || series[0].ID != "app/shop/1" || coverage.Asked() != 2 {
		t.Errorf("%s in %+v", diff, series)
	}
}
