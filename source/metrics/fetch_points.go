package metrics

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// maxQueries is the most that one GetMetricData takes, maxPoints the most datapoints it gives in a page. Source: CloudWatch API
// reference, GetMetricData.
const (
	maxQueries = 500
	maxPoints  = 100_800
)

// fetch asks for the datapoints of all metrics found: minutes of the time asked for, and hours of the days before for those
// that are compared.
func (r *regionReader) fetch(ctx context.Context) error {
	var compared []found
	for _, f := range r.metrics {
		if r.q.Wanted[r.series[f.series].Wanted].Compared {
			compared = append(compared, f)
		}
	}
	minutes := func(s *Series) *[]Point { return &s.Minutes }
	if err := r.points(ctx, r.metrics, r.q.Since, r.q.Until, time.Minute, minutes); err != nil {
		return err
	}
	if r.q.Before <= 0 {
		return nil
	}
	return r.points(ctx, compared, r.q.Since.Add(-r.q.Before).Truncate(time.Hour), r.q.Until.Truncate(time.Hour), time.Hour, func(s *Series) *[]Point { return &s.Hours })
}

// points asks for one period of metrics, in requests of as many as one takes.
func (r *regionReader) points(ctx context.Context, list []found, since, until time.Time, period time.Duration, to func(*Series) *[]Point) error {
	for len(list) > 0 {
		n := min(len(list), maxQueries)
		if err := r.request(ctx, list[:n], since, until, period, to); err != nil {
			return fmt.Errorf("get %d metrics: %w", n, reason(err))
		}
		list = list[n:]
	}
	return nil
}

func (r *regionReader) request(ctx context.Context, list []found, since, until time.Time, period time.Duration, to func(*Series) *[]Point) error {
	in := &cloudwatch.GetMetricDataInput{StartTime: &since, EndTime: &until, MaxDatapoints: aws.Int32(maxPoints), ScanBy: types.ScanByTimestampAscending}
	for i, f := range list {
		in.MetricDataQueries = append(in.MetricDataQueries, types.MetricDataQuery{
			Id: aws.String("m" + strconv.Itoa(i)),
			MetricStat: &types.MetricStat{Metric: &types.Metric{Namespace: f.metric.Namespace, MetricName: f.metric.MetricName, Dimensions: f.metric.Dimensions},
				Period: aws.Int32(int32(period / time.Second)), Stat: aws.String(r.q.Wanted[r.series[f.series].Wanted].Stat)},
		})
	}
	r.asked += len(list)
	last := map[string]types.StatusCode{}
	for {
		var out *cloudwatch.GetMetricDataOutput
		err := r.pace.Send(ctx, func() (err error) {
			out, err = r.api.get(ctx, in)
			return err
		})
		if err != nil {
			return err
		}
		for _, result := range out.MetricDataResults {
			// Ids are ours: an answer of another, or one that names none of the metrics asked for, is nobody's.
			i, err := strconv.Atoi(trimID(aws.ToString(result.Id)))
			if err != nil || i < 0 || i >= len(list) {
				continue
			}
			last[aws.ToString(result.Id)] = result.StatusCode
			into := to(&r.series[list[i].series])
			for k := range min(len(result.Timestamps), len(result.Values)) {
				*into = append(*into, Point{result.Timestamps[k].UTC(), result.Values[k]})
			}
		}
		next := aws.ToString(out.NextToken)
		if next == "" {
			break
		}
		if next == aws.ToString(in.NextToken) {
			return again("the datapoints")
		}
		in.NextToken = &next
	}
	for _, status := range last {
		if status != types.StatusCodeComplete && status != "" {
			r.partial++
		}
	}
	return nil
}

// trimID takes the letter off an id; they must begin with one.
func trimID(id string) string {
	if len(id) > 1 && id[0] == 'm' {
		return id[1:]
	}
	return ""
}
