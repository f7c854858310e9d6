package hunt

import (
	"context"
	"fmt"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect/flood"
	"github.com/quell-ir/quell/source/metrics"
)

// Metrics reads CloudWatch's metrics of what faces the internet, and judges them for denial of service. account is the one
// that the credentials are of; why says what could not be learnt about the regions.
func (h *Hunter) Metrics(ctx context.Context, reader metrics.Reader, since, until time.Time, regions []string, account, why string) (Result, error) {
	wanted := flood.Metrics()
	q := metrics.Query{Since: since.Truncate(flood.Step), Until: until.Truncate(flood.Step), Before: flood.Before, Regions: regions}
	for _, w := range wanted {
		q.Wanted = append(q.Wanted, metrics.Wanted{Namespace: w.Namespace, Name: w.Name, Stat: w.Stat, ID: w.ID, All: w.All, Others: w.Others,
			Global: w.Global, Compared: w.Compared})
	}
	series, coverage, err := reader.Read(ctx, q)
	if err != nil {
		return Result{}, err
	}
	if len(series) == 0 && len(coverage.Missing) == len(coverage.Read) && len(coverage.Missing) > 0 {
		return Result{}, &quell.Error{
			Code: quell.CodeFailed, What: fmt.Sprintf("no region's metrics may be read: %s: %s", coverage.Missing[0].Region, coverage.Missing[0].Why),
			Next: "sign in (aws sso login) if the credentials are no longer good, or allow them cloudwatch:ListMetrics and cloudwatch:GetMetricData",
		}
	}
	findings, unknown := flood.Judge(resourcesOf(wanted, series, account), flood.Window{Since: q.Since, Until: q.Until})
	for _, f := range findings {
		h.add(slimFinding(f))
	}
	points := 0
	for _, s := range series {
		points += len(s.Minutes) + len(s.Hours)
	}
	h.mu.Lock()
	h.events += int64(points)
	h.mu.Unlock()
	r := h.Result()
	// No log was read, so that none is missing.
	r.Read, r.Blind, r.BlindRules = metricsRead(coverage, q), nil, nil
	if why != "" {
		r.Blind = append(r.Blind, quell.Clean("regions: "+why))
	}
	for _, m := range coverage.Missing {
		r.Blind = append(r.Blind, quell.Clean(m.Region+": "+m.Why))
	}
	for _, region := range coverage.Read {
		if region.Partial > 0 {
			r.Blind = append(r.Blind, fmt.Sprintf("%s: CloudWatch gave %d metrics in part only", region.Name, region.Partial))
		}
	}
	r.Blind = append(r.Blind, unknown...)
	return r, nil
}

// metricsRead says what was read, region by region, and what AWS bills for it.
func metricsRead(c metrics.Coverage, q metrics.Query) []string {
	var out []string
	for _, region := range c.Read {
		out = append(out, fmt.Sprintf("%s: %d metrics, complete to %s", region.Name, region.Found, q.Until.UTC().Format(time.RFC3339)))
	}
	return append(out, fmt.Sprintf("%d metrics were asked for by GetMetricData, which AWS bills by their number", c.Asked()))
}

// resourcesOf gathers the series of each resource.
func resourcesOf(wanted []flood.Metric, series []metrics.Series, account string) []flood.Resource {
	type key struct {
		service    flood.Service
		region, id string
	}
	at := map[key]int{}
	var out []flood.Resource
	for _, s := range series {
		w := wanted[s.Wanted]
		k := key{w.Service, s.Region, s.ID}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, flood.Resource{Service: w.Service, ID: s.ID, Account: account, Region: s.Region, Minutes: map[string][]flood.Point{}, Hours: map[string][]flood.Point{}})
		}
		out[i].Minutes[w.Name] = appendPoints(out[i].Minutes[w.Name], s.Minutes)
		out[i].Hours[w.Name] = appendPoints(out[i].Hours[w.Name], s.Hours)
	}
	return out
}

func appendPoints(to []flood.Point, from []metrics.Point) []flood.Point {
	for _, p := range from {
		to = append(to, flood.Point(p))
	}
	return to
}
