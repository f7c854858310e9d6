package metrics

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	smithy "github.com/aws/smithy-go"
)

// found is a metric that fits, and the number of its series.
type found struct {
	metric types.Metric
	series int
}

// recent is how far back ListMetrics looks if it is asked to leave out metrics that lie still.
const recent = 3 * time.Hour

// find lists the metrics that there are, a list for each name wanted.
func (r *regionReader) find(ctx context.Context) error {
	var failed []error
	for n, w := range r.q.Wanted {
		if w.Global && r.name != home || !w.Global && r.only {
			continue
		}
		if err := r.list(ctx, n, w); err != nil {
			failed = append(failed, fmt.Errorf("list %s %s: %w", w.Namespace, w.Name, reason(err)))
			if ctx.Err() != nil || final(err) {
				break // the next would be refused as well
			}
		}
	}
	return errors.Join(failed...)
}

func (r *regionReader) list(ctx context.Context, n int, w Wanted) error {
	in := &cloudwatch.ListMetricsInput{Namespace: aws.String(w.Namespace), MetricName: aws.String(w.Name)}
	// A resource that was deleted last week has metrics for a fortnight; to ask for them costs money.
	if r.r.Clock.Now().Sub(r.q.Since) <= recent {
		in.RecentlyActive = types.RecentlyActivePt3h
	}
	for {
		var out *cloudwatch.ListMetricsOutput
		err := r.pace.Send(ctx, func() (err error) {
			out, err = r.api.list(ctx, in)
			return err
		})
		if err != nil {
			return err
		}
		for _, m := range out.Metrics {
			id, ok := w.fits(m)
			switch {
			case !ok:
			case len(r.metrics) >= maxMetrics:
				return fmt.Errorf("more than %d metrics: the rest were not read", maxMetrics)
			default:
				r.metrics = append(r.metrics, found{m, len(r.series)})
				r.series = append(r.series, Series{Wanted: n, Region: r.name, ID: id})
			}
		}
		next := aws.ToString(out.NextToken)
		if next == "" {
			return nil
		}
		if next == aws.ToString(in.NextToken) {
			return again("the list")
		}
		in.NextToken = &next
	}
}

// fits says whether a metric is the total that is wanted, and of which resource.
func (w Wanted) fits(m types.Metric) (id string, ok bool) {
	if aws.ToString(m.Namespace) != w.Namespace || aws.ToString(m.MetricName) != w.Name {
		return "", false // an endpoint that gives more than it was asked for
	}
	all := w.All == ""
	for _, d := range m.Dimensions {
		switch name, value := aws.ToString(d.Name), aws.ToString(d.Value); {
		case name == w.ID:
			id = value
		case name == w.All && name != "":
			all = value == "ALL"
			if !all {
				return "", false
			}
		case !slices.Contains(w.Others, name):
			return "", false
		}
	}
	return id, all && id != ""
}

// final says that CloudWatch refused, and will refuse whatever else is asked.
func final(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && slices.Contains([]string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "ExpiredToken",
		"ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"}, api.ErrorCode())
}

// reason leaves the SDK's recital of operation and request out.
func reason(err error) error {
	var api smithy.APIError
	if errors.As(err, &api) {
		return fmt.Errorf("%s: %s", api.ErrorCode(), cmp.Or(api.ErrorMessage(), "no reason given"))
	}
	return err
}
