package cloudwatch

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// Filter is a metric filter: the lines of Group that fit Pattern are counted in a metric.
type Filter struct{ Name, Group, Pattern string }

// Filters finds the metric filters that feed a metric. None is no error: the metric may be a service's own. Errors are those
// of Each.
func (r Reader) Filters(ctx context.Context, namespace, metric string) ([]Filter, error) {
	client := cloudwatchlogs.NewFromConfig(r.Config, func(o *cloudwatchlogs.Options) { o.Retryer = aws.NopRetryer{} })
	in := &cloudwatchlogs.DescribeMetricFiltersInput{MetricName: &metric, MetricNamespace: &namespace}
	pace := r.pace()
	var out []Filter
	for {
		var page *cloudwatchlogs.DescribeMetricFiltersOutput
		err := pace.Send(ctx, func() (err error) {
			page, err = client.DescribeMetricFilters(ctx, in)
			return err
		})
		if err != nil {
			return out, refused(ctx, "find the metric filter behind "+namespace+"/"+metric, "logs:DescribeMetricFilters", err)
		}
		for _, f := range page.MetricFilters {
			// What an endpoint gives beside the question would lead to somebody else's lines.
			for _, to := range f.MetricTransformations {
				if aws.ToString(to.MetricName) == metric && aws.ToString(to.MetricNamespace) == namespace {
					out = append(out, Filter{aws.ToString(f.FilterName), aws.ToString(f.LogGroupName), aws.ToString(f.FilterPattern)})
					break
				}
			}
		}
		next := aws.ToString(page.NextToken)
		if next == "" {
			return out, nil
		}
		if next == aws.ToString(in.NextToken) {
			return out, errors.New("find metric filters: the same page is offered again and again")
		}
		in.NextToken = &next
	}
}
