// Package pace keeps requests to AWS at a rate that it allows, and waits where it asks for patience.
//
// What comes in: a clock, the time between two requests, and a function that sends one. What goes out: that function's
// last error. What is promised: no request before its time; a wait that doubles up to half a minute; an end after as
// many tries as were asked for, or with the context. Package source/trail has a back-off of its own, which all regions
// share, and waits by Wait alone. Read package source/cloudwatch next for who uses this.
package pace

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

// A wait doubles from FirstWait to LastWait.
const (
	FirstWait = time.Second
	LastWait  = 32 * time.Second
)

// Pace spaces requests by Every. One goroutine uses it.
type Pace struct {
	Clock quell.Clock
	Every time.Duration
	// Tries is how often one request is sent where AWS asks for patience (default 8).
	Tries int
	next  time.Time
}

// Wait returns when the next request may be sent.
func (p *Pace) Wait(ctx context.Context) error {
	now := p.Clock.Now()
	if p.next.After(now) {
		if err := p.Clock.Sleep(ctx, p.next.Sub(now)); err != nil {
			return err
		}
		now = p.Clock.Now()
	}
	// From the moment of this request, not of the planned one: no burst follows a long pause.
	p.next = now.Add(p.Every)
	return ctx.Err()
}

// Send sends one request as often as AWS asks for patience. The error is the last one of send, or the context's.
func (p *Pace) Send(ctx context.Context, send func() error) error {
	wait := FirstWait
	for try := 1; ; try++ {
		if err := p.Wait(ctx); err != nil {
			return err
		}
		err := send()
		if err == nil || !Passing(err) || try >= cmp.Or(max(p.Tries, 0), 8) || ctx.Err() != nil {
			return err
		}
		if err := p.Clock.Sleep(ctx, wait); err != nil {
			return err
		}
		wait = min(2*wait, LastWait)
	}
}

// Passing says that the same request may succeed later.
func Passing(err error) bool {
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
