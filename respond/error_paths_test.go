package respond_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/approve"
	"github.com/quell-ir/quell/call"
	"github.com/quell-ir/quell/respond"
)

// failing answers an operation with an error code while says is true.
func failing(code string, says func(op string) bool) func(aws.Config, []quell.Call) (aws.Config, error) {
	return func(cfg aws.Config, _ []quell.Call) (aws.Config, error) {
		cfg = cfg.Copy()
		cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error {
			return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Failing", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
				middleware.InitializeOutput, middleware.Metadata, error,
			) {
				if says(call.OpName(ctx)) {
					return middleware.InitializeOutput{}, middleware.Metadata{}, &smithy.GenericAPIError{Code: code, Message: "no"}
				}
				return next.HandleInitialize(ctx, in)
			}), middleware.After)
		})
		return cfg, nil
	}
}

// TestATokenExpiresInTheMiddle: the run says so and what to do; signed in again, the next one goes on and sends nothing twice.
func TestATokenExpiresInTheMiddle(t *testing.T) {
	o := newOffice(t, approve.Automatic)
	id := o.open()
	expired := false
	d := with(o.desk(), failing("ExpiredToken", func(op string) bool {
		expired = expired || op == "iam:UpdateAccessKey"
		return expired
	}))
	out, _ := d.Respond(t.Context(), id, respond.Options{Apply: true})
	var why string
	for _, p := range out.Plan.Steps {
		if p.ID == "quarantine" {
			why = p.WhyNot
		}
	}
	if out.State != respond.Failed || out.Verdict == quell.Held || !strings.Contains(why, "sign in again") {
		t.Errorf("%s, %s: %q", out.State, out.Verdict, why)
	}
	o.wantUser("cut off", 1, types.StatusTypeActive)
	o.respond(id, respond.Options{Apply: true})
	o.wantUser("signed in again", 1, types.StatusTypeInactive)
	if n := o.calls(id, "iam:PutUserPolicy"); n != 1 {
		t.Errorf("%d denies", n)
	}
	o.sleep(2 * day)
	if out := o.undo(id, respond.UndoOptions{Apply: true}); out.State != respond.Done {
		t.Errorf("undo ends %s", out.State)
	}
	o.wantUser("taken back", 0, types.StatusTypeInactive)
}

// TestOneCallIsDenied: the others of the step are done, the step says which was not, and undo takes back what was.
func TestOneCallIsDenied(t *testing.T) {
	o := newOffice(t, approve.Automatic)
	id := o.open()
	d := with(o.desk(), failing("AccessDenied", func(op string) bool { return op == "iam:TagUser" }))
	out, err := d.Respond(t.Context(), id, respond.Options{Apply: true, Wait: time.Hour})
	ok(t, err)
	if out.State != respond.Failed || out.Verdict == quell.Held || status(out, "quarantine") != quell.StepFailed {
		t.Errorf("%s, %s, quarantine is %s", out.State, out.Verdict, status(out, "quarantine"))
	}
	o.wantUser("the rest is done", 1, types.StatusTypeInactive)
	o.sleep(2 * day)
	if out := o.undo(id, respond.UndoOptions{Apply: true}); out.State != respond.Done {
		t.Errorf("undo ends %s: %+v", out.State, out.Plan.Steps)
	}
	o.wantUser("taken back", 0, types.StatusTypeInactive)
}

// TestAStormOfThrottling ends: tries are bounded, and time passes between them.
func TestAStormOfThrottling(t *testing.T) {
	o := newOffice(t, approve.Automatic)
	id := o.open()
	began := o.world.Clock().Now()
	d := with(o.desk(), failing("Throttling", func(op string) bool { return strings.HasPrefix(op, "iam:Put") || strings.HasPrefix(op, "iam:Update") }))
	out, err := d.Respond(t.Context(), id, respond.Options{Apply: true})
	ok(t, err)
	if n := o.calls(id, ""); out.State != respond.Failed || n > 100 {
		t.Errorf("%s after %d calls", out.State, n)
	}
	if took := o.world.Clock().Now().Sub(began); took < 30*time.Second {
		t.Errorf("a storm was answered within %s", took)
	}
	o.respond(id, respond.Options{Apply: true})
	o.wantUser("after the storm", 1, types.StatusTypeInactive)
}

// TestADismissedIncidentIsNotContained though its steps were bound as automatic before.
func TestADismissedIncidentIsNotContained(t *testing.T) {
	o := newOffice(t, approve.Automatic)
	id := o.open()
	o.respond(id, respond.Options{})
	o.change(id, "standing", string(quell.Dismissed))
	o.respond(id, respond.Options{Apply: true, Again: true})
	o.wantUser("dismissed", 0, types.StatusTypeActive)
}

// TestAnApprovalEndsInTheMiddle of a long run: what vanishes afterwards is not put back without a new yes.
func TestAnApprovalEndsInTheMiddle(t *testing.T) {
	o := newOffice(t, approve.ApprovalRequired)
	id := o.open()
	o.respond(id, respond.Options{})
	d := o.desk()
	d.People.Expiry = 10 * time.Second
	_, err := d.Approve(t.Context(), id, respond.Answer{All: true})
	ok(t, err)
	o.sleep(11 * time.Second)
	out := o.respond(id, respond.Options{Apply: true})
	o.wantUser("the yes has ended", 0, types.StatusTypeActive)
	if out.State != respond.Waiting {
		t.Errorf("%s", out.State)
	}
}
