package cloudwatch

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	smithy "github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/quell-ir/quell"
)

// perRequest keeps to five requests a second, the least that any region allows for FilterLogEvents and
// DescribeMetricFilters. Source: CloudWatch Logs user guide, "CloudWatch Logs quotas".
const perRequest = 200 * time.Millisecond

// A wait doubles from firstWait to lastWait.
const (
	firstWait = time.Second
	lastWait  = 32 * time.Second
)

// pace spaces requests. One goroutine uses it.
type pace struct {
	clock quell.Clock
	next  time.Time
}

func (p *pace) wait(ctx context.Context) error {
	now := p.clock.Now()
	if p.next.After(now) {
		if err := p.clock.Sleep(ctx, p.next.Sub(now)); err != nil {
			return err
		}
		now = p.clock.Now()
	}
	p.next = now.Add(perRequest)
	return ctx.Err()
}

// retry sends one request as often as AWS asks for patience.
func (r Reader) retry(ctx context.Context, p *pace, send func() error) error {
	wait := firstWait
	for try := 1; ; try++ {
		if err := p.wait(ctx); err != nil {
			return err
		}
		err := send()
		if err == nil || !passing(err) || try >= cmp.Or(max(r.Tries, 0), 8) || ctx.Err() != nil {
			return err
		}
		if err := r.Clock.Sleep(ctx, wait); err != nil {
			return err
		}
		wait = min(2*wait, lastWait)
	}
}

// passing says that the same request may succeed later.
func passing(err error) bool {
	var api smithy.APIError
	if errors.As(err, &api) && slices.Contains([]string{"ThrottlingException", "Throttling", "LimitExceededException", "ServiceUnavailableException",
		"RequestLimitExceeded", "TooManyRequestsException"}, api.ErrorCode()) {
		return true
	}
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) && response.Response != nil {
		status := response.HTTPStatusCode()
		return status == http.StatusTooManyRequests || status >= http.StatusInternalServerError && status != http.StatusNotImplemented
	}
	return false
}
