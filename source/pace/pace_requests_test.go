package pace

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	smithy "github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// fakeClock jumps where others sleep.
type fakeClock struct {
	now   time.Time
	slept time.Duration
}

func (c *fakeClock) Now() time.Time { return c.now }

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	c.now, c.slept = c.now.Add(d), c.slept+d
	return ctx.Err()
}

func TestSend(t *testing.T) {
	throttled, refused := error(&smithy.GenericAPIError{Code: "Throttling"}), error(&smithy.GenericAPIError{Code: "AccessDenied"})
	for name, test := range map[string]struct {
		answers []error
		tries   int
		want    error
		slept   time.Duration
	}{
		"at once":      {[]error{nil}, 0, nil, 0},
		"after two":    {[]error{throttled, throttled, nil}, 0, nil, 3 * time.Second},
		"never":        {[]error{throttled, throttled, throttled}, 3, throttled, 3 * time.Second},
		"refused":      {[]error{refused}, 0, refused, 0},
		"first passes": {[]error{throttled, refused}, 0, refused, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			clock := &fakeClock{now: time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)}
			p := &Pace{Clock: clock, Every: 100 * time.Millisecond, Tries: test.tries}
			sent := 0
			err := p.Send(t.Context(), func() error { sent++; return test.answers[sent-1] })
			if !errors.Is(err, test.want) || sent != len(test.answers) || clock.slept != test.slept {
				t.Errorf("%v after %d requests and %v", err, sent, clock.slept)
			}
		})
	}
}

func TestSendSpaces(t *testing.T) {
	clock := &fakeClock{}
	p := &Pace{Clock: clock, Every: 200 * time.Millisecond}
	for range 6 {
		if err := p.Send(t.Context(), func() error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if clock.slept != time.Second {
		t.Errorf("six requests spread over %v", clock.slept)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Send(ctx, func() error { t.Error("sent"); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestPassing(t *testing.T) {
	status := func(code int) error {
		return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: code}}, Err: errors.New("x")}
	}
	for code, want := range map[int]bool{429: true, 500: true, 503: true, 501: false, 400: false, 403: false} {
		if Passing(status(code)) != want {
			t.Errorf("%d passes: %t", code, !want)
		}
	}
	if Passing(errors.New("no network")) {
		t.Error("what never left does not pass by itself")
	}
}
