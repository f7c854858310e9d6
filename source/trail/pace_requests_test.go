package trail

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	smithy "github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/quell-ir/quell/source/pace"
)

func TestHoldOffIsShared(t *testing.T) {
	clock := &fakeClock{now: start}
	hold := &holdOff{clock: clock}
	// Three regions run into the same wall: one wait, not three doublings.
	for range 3 {
		hold.throttled()
	}
	if err := hold.pass(t.Context()); err != nil || clock.slept != pace.FirstWait {
		t.Fatalf("waited %v, %v", clock.slept, err)
	}
	if err := hold.pass(t.Context()); err != nil || clock.slept != pace.FirstWait {
		t.Fatalf("a second region waited again: %v, %v", clock.slept, err)
	}
	for range 9 {
		hold.throttled()
		if err := hold.pass(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if hold.wait != pace.LastWait {
		t.Errorf("waits grew to %v", hold.wait)
	}
	hold.succeeded()
	hold.throttled()
	if hold.wait != pace.FirstWait {
		t.Errorf("after a success the wait is %v", hold.wait)
	}
	hold.succeeded() // of a request that left before the collision
	if hold.wait != pace.FirstWait {
		t.Errorf("an old success ended the wait")
	}
}

func TestPace(t *testing.T) {
	clock := &fakeClock{now: start}
	p := &pace.Pace{Clock: clock, Every: perRequest}
	for range 3 {
		if err := p.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if clock.slept != 2*perRequest {
		t.Errorf("waited %v", clock.slept)
	}
	if err := clock.Sleep(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	before := clock.slept
	for range 2 {
		if err := p.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if clock.slept-before != perRequest {
		t.Errorf("after a pause two requests took %v", clock.slept-before)
	}
}

func TestJudge(t *testing.T) {
	answered := func(status int, err error) error {
		return &smithy.OperationError{ServiceID: "CloudTrail", Err: &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: err}}
	}
	code := func(code string) error { return &smithy.GenericAPIError{Code: code} }
	for _, test := range []struct {
		err  error
		want sense
	}{
		{answered(400, code("ThrottlingException")), again},
		{answered(503, code("ServiceUnavailable")), again},
		{answered(500, errors.New("no body")), again},
		{answered(429, code("UnknownError")), again},
		{answered(400, code("AccessDeniedException")), final},
		{answered(403, code("ExpiredTokenException")), final},
		{answered(501, code("NotImplemented")), absent},
		{answered(404, code("UnknownError")), absent},
		{answered(404, &smithy.DeserializationError{Err: errors.New("invalid character '<'")}), absent},
		{answered(200, &smithy.DeserializationError{Err: errors.New("invalid character '<'")}), absent},
		{&smithy.OperationError{Err: &smithyhttp.RequestSendError{Err: errors.New("connection refused")}}, absent},
		{&smithy.OperationError{Err: errors.New("get credentials: none")}, final},
	} {
		if got := judge(test.err); got != test.want {
			t.Errorf("%v is %d, want %d", fmt.Sprint(test.err), got, test.want)
		}
		if explain(test.err) == "" {
			t.Errorf("%v has no explanation", test.err)
		}
	}
}
