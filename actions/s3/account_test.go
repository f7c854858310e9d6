package s3

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/action/actiontest"
	"github.com/quell-ir/quell/call"
	"github.com/quell-ir/quell/sandbox"
)

const incidentID = "q-0123456789"

// open makes a fresh simulated account and keeps the world, for tests that need other callers than the responder.
func open() (*sandbox.World, actiontest.Account) {
	world := sandbox.New(sandbox.Options{Seed: 1})
	return world, actiontest.Account{
		Config: world.Admin, Clock: world.Clock(), ID: world.Account(), Delay: 10 * time.Second,
		Respond: "arn:aws:iam::" + world.Account() + ":user/quell-responder",
	}
}

func inSandbox(t *testing.T) actiontest.Account { return actiontest.Sandbox(t) }

// sure returns a value whose making must not fail; seeds are made of it.
func sure[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// makeBucket makes a bucket without a public access block and returns it as a target that knows no region.
func makeBucket(t *testing.T, a actiontest.Account, name, region string) quell.Entity {
	t.Helper()
	in := &s3.CreateBucketInput{Bucket: &name}
	if region != "us-east-1" {
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(region)}
	}
	client := s3.NewFromConfig(a.Config(region))
	sure[*s3.CreateBucketOutput](t)(client.CreateBucket(t.Context(), in))
	sure[*s3.DeletePublicAccessBlockOutput](t)(client.DeletePublicAccessBlock(t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: &name}))
	return quell.Entity{Kind: quell.KindBucket, ID: name, ARN: "arn:aws:s3:::" + name, Account: a.ID}
}

func putPolicy(t *testing.T, a actiontest.Account, name, region, document string) {
	t.Helper()
	sure[*s3.PutBucketPolicyOutput](t)(s3.NewFromConfig(a.Config(region)).PutBucketPolicy(t.Context(),
		&s3.PutBucketPolicyInput{Bucket: &name, Policy: &document}))
}

func readPolicy(t *testing.T, a actiontest.Account, name, region string) string {
	t.Helper()
	out, err := s3.NewFromConfig(a.Config(region)).GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: &name})
	if call.Code(err) == "NoSuchBucketPolicy" {
		return ""
	}
	return aws.ToString(sure[*s3.GetBucketPolicyOutput](t)(out, err).Policy)
}

func tagBucket(t *testing.T, a actiontest.Account, name, region, value string) {
	t.Helper()
	sure[*s3.PutBucketTaggingOutput](t)(s3.NewFromConfig(a.Config(region)).PutBucketTagging(t.Context(), &s3.PutBucketTaggingInput{
		Bucket: &name, Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String(action.TagKey), Value: &value}}},
	}))
}

func inputFor(a actiontest.Account, target quell.Entity) action.Input {
	return action.Input{
		Target: target, Clock: a.Clock, Settings: action.Settings{Responders: []string{a.Respond}},
		Incident: quell.Incident{ID: incidentID, Account: a.ID, Opened: a.Clock.Now()},
	}
}

func planOf(t *testing.T, a actiontest.Account, act *action.Action, in action.Input) action.Outcome {
	t.Helper()
	state := sure[json.RawMessage](t)(act.Look(t.Context(), a.Config("us-east-1"), in))
	return sure[action.Outcome](t)(act.Plan(in, state))
}

// following runs do once, right after the first answered call of an operation: what a hurried neighbour does.
func following(cfg aws.Config, op string, do func()) aws.Config {
	cfg = cfg.Copy()
	done := false
	cfg.APIOptions = append([]func(*middleware.Stack) error{func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Following",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
				middleware.InitializeOutput, middleware.Metadata, error,
			) {
				out, metadata, err := next.HandleInitialize(ctx, in)
				if call.OpName(ctx) == op && !done {
					done = true
					do()
				}
				return out, metadata, err
			}), middleware.After)
	}}, cfg.APIOptions...)
	return cfg
}

// answering gives an operation's answer without asking the account.
func answering(cfg aws.Config, op string, result any) aws.Config {
	cfg = cfg.Copy()
	cfg.APIOptions = append([]func(*middleware.Stack) error{func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Answering "+op,
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
				middleware.InitializeOutput, middleware.Metadata, error,
			) {
				if call.OpName(ctx) == op {
					return middleware.InitializeOutput{Result: result}, middleware.Metadata{}, nil
				}
				return next.HandleInitialize(ctx, in)
			}), middleware.After)
	}}, cfg.APIOptions...)
	return cfg
}
