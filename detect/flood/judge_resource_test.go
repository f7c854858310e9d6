package flood

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
)

var (
	since  = time.Date(2026, 3, 4, 3, 0, 0, 0, time.UTC)
	window = Window{since, since.Add(3 * time.Hour)}
)

// at are datapoints a minute apart, from a minute of the window on; a negative value is a gap.
func at(minute int, values ...float64) []Point {
	var out []Point
	for i, v := range values {
		if v >= 0 {
			out = append(out, Point{since.Add(time.Duration(minute+i) * time.Minute), v})
		}
	}
	return out
}

func times(n int, value float64) []float64 { return slices.Repeat([]float64{value}, n) }

// before are hours of so many days before, each with so much in it.
func before(days int, value float64) []Point {
	var out []Point
	for d := 1; d <= days; d++ {
		for h := range 4 {
			out = append(out, Point{since.AddDate(0, 0, -d).Add(time.Duration(h) * time.Hour), value})
		}
	}
	return out
}

func of(service Service, minutes, hours map[string][]Point) Resource {
	return Resource{Service: service, ID: "app/shop/a1", Account: "111122223333", Region: "eu-west-1", Minutes: minutes, Hours: hours}
}

func TestJudge(t *testing.T) {
	type points = map[string][]Point
	const day, minute = 60_000.0, 1000.0 // an hour of 60 000 is a minute of 1 000
	for name, test := range map[string]struct {
		resource Resource
		want     []string
		unknown  int
	}{
		"shield": {Resource{Service: Shield, ID: "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/shop/a1", Minutes: points{DDoSDetected: at(5, 0, 1, 1, 0)}},
			[]string{"flood-shield 03:06 high T1498"}, 0},
		"shield twice": {of(Shield, points{DDoSDetected: append(at(5, 1), at(60, 1)...)}, nil), []string{"flood-shield 03:05 high T1498", "flood-shield 04:00 high T1498"}, 0},
		"shield quiet": {of(Shield, points{DDoSDetected: at(5, 0, 0)}, nil), nil, 0},

		"errors":                   {of(Balancer, points{BalancerErrors: at(10, 60, 60, 60), RequestCount: at(10, 1000, 1000, 1000)}, nil), []string{"flood-errors 03:10 high T1499"}, 0},
		"errors in two minutes":    {of(Balancer, points{BalancerErrors: at(10, 60, 60), RequestCount: at(10, 1000, 1000)}, nil), nil, 0},
		"errors in three of five":  {of(Balancer, points{BalancerErrors: at(10, 60, 0, 60, 0, 60), RequestCount: at(10, times(5, 1000)...)}, nil), []string{"flood-errors 03:10 high T1499"}, 0},
		"errors in three of six":   {of(Balancer, points{BalancerErrors: at(10, 60, 0, 60, 0, 0, 60), RequestCount: at(10, times(6, 1000)...)}, nil), nil, 0},
		"errors of few":            {of(Balancer, points{BalancerErrors: at(10, times(9, 100)...), RequestCount: at(10, times(9, 100)...)}, nil), nil, 0},
		"errors and nothing else":  {of(Balancer, points{BalancerErrors: at(10, times(9, 400)...)}, nil), []string{"flood-errors 03:10 high T1499"}, 0},
		"errors exactly at share":  {of(Balancer, points{BalancerErrors: at(10, times(9, 50)...), RequestCount: at(10, times(9, 950)...)}, nil), nil, 0},
		"rate":                     {of(CloudFront, points{ErrorRate: at(10, times(4, 30)...), Requests: at(10, times(4, 1000)...)}, nil), []string{"flood-errors 03:10 high T1499"}, 0},
		"rate of nobody knows":     {of(CloudFront, points{ErrorRate: at(10, times(4, 100)...)}, nil), nil, 0},
		"API":                      {of(APIGateway, points{APIErrors: at(10, times(4, 100)...), APICount: at(10, times(4, 1000)...)}, nil), []string{"flood-errors 03:10 high T1499"}, 0},
		"API without count":        {of(APIGateway, points{APIErrors: at(10, times(4, 100)...)}, nil), nil, 0},
		"traffic":                  {of(Balancer, points{RequestCount: at(10, times(5, 6*minute)...)}, points{RequestCount: before(7, day)}), []string{"flood-traffic 03:10 medium T1499"}, 0},
		"traffic as usual":         {of(Balancer, points{RequestCount: at(10, times(5, 5*minute)...)}, points{RequestCount: before(7, day)}), nil, 0},
		"traffic of a peak":        {of(Balancer, points{RequestCount: at(10, 50*minute)}, points{RequestCount: before(7, day)}), nil, 0},
		"traffic of a small one":   {of(Balancer, points{RequestCount: at(10, times(30, 2999)...)}, points{RequestCount: before(7, 60)}), nil, 0},
		"traffic from nothing":     {of(Balancer, points{RequestCount: at(10, times(5, 6*minute)...)}, points{RequestCount: {{since.AddDate(0, 0, -7), 1}}}), []string{"flood-traffic 03:10 medium T1499"}, 0},
		"traffic of a new one":     {of(Balancer, points{RequestCount: at(10, times(5, 6*minute)...)}, points{RequestCount: before(2, day)}), nil, 1},
		"one odd day":              {of(Balancer, points{RequestCount: at(10, times(5, 6*minute)...)}, points{RequestCount: append(before(7, day), Point{since.AddDate(0, 0, -3), 100 * day})}), []string{"flood-traffic 03:10 medium T1499"}, 0},
		"gaps are unknown for API": {of(APIGateway, points{APICount: at(10, times(5, 6*minute)...)}, points{APICount: before(2, day)}), nil, 1},
		"blocked":                  {of(WebACL, points{BlockedRequests: at(10, times(5, 3100)...)}, points{BlockedRequests: before(7, day)}), []string{"flood-blocked 03:10 medium T1499"}, 0},
		"blocked little":           {of(WebACL, points{BlockedRequests: at(10, times(5, 299)...)}, points{BlockedRequests: before(7, 0)}), nil, 0},
		"health":                   {of(HealthCheck, points{CheckStatus: at(10, 1, 0, 0, 0, 1)}, nil), []string{"flood-health 03:11 medium T1499"}, 0},
		"health with gaps":         {of(HealthCheck, points{CheckStatus: at(10, 0, -1, -1, -1, 0)}, nil), nil, 0},
		"outside the window":       {of(Shield, points{DDoSDetected: append(at(-5, 1), at(180, 1)...)}, nil), nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			findings, unknown := Judge([]Resource{test.resource}, window)
			var got []string
			for _, f := range findings {
				got = append(got, fmt.Sprintf("%s %s %s %s", f.Rule, f.Time.Format("15:04"), f.Severity, strings.Join(f.Techniques, " ")))
			}
			if diff := cmp.Diff(test.want, got); diff != "" || len(unknown) != test.unknown {
				t.Errorf("%s unknown %q", diff, unknown)
			}
		})
	}
}

func TestFindingTells(t *testing.T) {
	r := of(Balancer, map[string][]Point{RequestCount: at(10, 6000, 9000, 41_000, 6000)}, map[string][]Point{RequestCount: before(7, 60_000)})
	findings, _ := Judge([]Resource{r}, window)
	if len(findings) != 1 {
		t.Fatal(findings)
	}
	f := findings[0]
	want := "Up to 41000 requests a minute, at 2026-03-04T03:12Z: 41 times the median of this hour on the days before, 1000; from 2026-03-04T03:10Z to 2026-03-04T03:14Z. Playbook: ddos."
	if f.Why != want || f.Account != "111122223333" || f.Region != "eu-west-1" || f.Title != "Far more requests than usual: app/shop/a1" {
		t.Errorf("%+v", f)
	}
	entity := quell.Entity{Kind: quell.KindResource, ID: "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/shop/a1", Name: "app/shop/a1",
		ARN: "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/shop/a1", Account: "111122223333", Region: "eu-west-1", Part: quell.PartTarget}
	if diff := cmp.Diff([]quell.Entity{entity}, f.Entities); diff != "" {
		t.Error(diff)
	}
	// An hour later the same burst has the same id.
	later, _ := Judge([]Resource{r}, Window{since, since.Add(4 * time.Hour)})
	if later[0].ID != f.ID {
		t.Error("another id for the same burst")
	}
}

func TestEntities(t *testing.T) {
	for want, r := range map[string]Resource{
		"arn:aws:cloudfront::1:distribution/E1":                             {Service: CloudFront, ID: "E1", Account: "1", Region: "us-east-1"},
		"arn:aws:route53:::healthcheck/h":                                   {Service: HealthCheck, ID: "h", Region: "us-east-1"},
		"web ACL/eu-west-1/shop":                                            {Service: WebACL, ID: "shop", Account: "1", Region: "eu-west-1"},
		"load balancer/eu-west-1/app/x/1":                                   {Service: Balancer, ID: "app/x/1", Region: "eu-west-1"},
		"arn:aws-cn:elasticloadbalancing:cn-north-1:1:loadbalancer/app/x/1": {Service: Balancer, ID: "app/x/1", Account: "1", Region: "cn-north-1"},
		"shield/us-east-1/odd":                                              {Service: Shield, ID: "odd", Region: "us-east-1"},
	} {
		if got := (&judge{r: r}).entity(); got.ID != want || got.Part != quell.PartTarget {
			t.Errorf("%+v, want %s", got, want)
		}
	}
}

// TestOrderDoesNotMatter: shuffled and repeated datapoints give the same findings, and a quiet service none.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.Float64Range(0, 20_000)
		requests := at(0, rapid.SliceOfN(value, 0, 40).Draw(t, "requests")...)
		failed := at(0, rapid.SliceOfN(rapid.Float64Range(0, 2000), 0, 40).Draw(t, "failed")...)
		hours := before(rapid.IntRange(0, 7).Draw(t, "days"), rapid.Float64Range(0, 100_000).Draw(t, "usual"))
		one := of(Balancer, map[string][]Point{RequestCount: requests, BalancerErrors: failed}, map[string][]Point{RequestCount: hours})
		other := of(Balancer, map[string][]Point{RequestCount: rapid.Permutation(append(slices.Clone(requests), requests...)).Draw(t, "mixed"),
			BalancerErrors: rapid.Permutation(failed).Draw(t, "mixed errors")}, map[string][]Point{RequestCount: rapid.Permutation(hours).Draw(t, "mixed hours")})
		a, unknownA := Judge([]Resource{one}, window)
		b, unknownB := Judge([]Resource{other}, window)
		if diff := cmp.Diff(a, b) + cmp.Diff(unknownA, unknownB); diff != "" {
			t.Fatal(diff)
		}
		for _, p := range slices.Concat(requests, failed) {
			if p.Value >= leastTraffic {
				return
			}
		}
		for _, f := range a {
			if f.Rule == ruleTraffic {
				t.Fatalf("%s of less than %v a minute", f.Why, leastTraffic)
			}
		}
	})
}
