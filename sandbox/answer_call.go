package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const responder = "quell-responder"

// Config makes SDK clients speak to this world with the given credentials. Empty credentials make anonymous calls,
// which S3 alone answers.
func (w *World) Config(c aws.Credentials, region string) aws.Config {
	var provider aws.CredentialsProvider = aws.AnonymousCredentials{}
	if c.AccessKeyID != "" {
		provider = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			// The SDK compares Expires with the machine's clock, not with ours; the world itself refuses what is expired.
			c.CanExpire = false
			return c, nil
		})
	}
	return aws.Config{
		Region:      region,
		Credentials: provider,
		HTTPClient:  closedNetwork{},
		APIOptions:  []func(*middleware.Stack) error{w.intercept},
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				// A back-off would sleep in real time.
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
				o.RateLimiter = ratelimit.None
			})
		},
	}
}

// Admin makes clients of the administrator that seeds the account and responds in it. Its calls are recorded too.
func (w *World) Admin(region string) aws.Config {
	w.mu.Lock()
	key := w.home.users[responder].keys[0]
	w.mu.Unlock()
	return w.Config(aws.Credentials{AccessKeyID: key.id, SecretAccessKey: key.secret}, region)
}

type inputKey struct{}

// intercept adds the two middlewares: one keeps the typed input while it still is one, the other answers in place of
// the network. Where nothing is signed (presigning ends earlier) the stack is left alone and closedNetwork stands guard.
func (w *World) intercept(stack *middleware.Stack) error {
	if _, signed := stack.Finalize.Get("Signing"); !signed {
		return nil
	}
	keep := middleware.InitializeMiddlewareFunc("SandboxInput",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
			middleware.InitializeOutput, middleware.Metadata, error) {
			parameters, err := w.prepare(in.Parameters)
			if err != nil {
				return middleware.InitializeOutput{}, middleware.Metadata{}, err
			}
			in.Parameters = parameters
			return next.HandleInitialize(middleware.WithStackValue(ctx, inputKey{}, parameters), in)
		})
	if err := stack.Initialize.Add(keep, middleware.Before); err != nil {
		return fmt.Errorf("keep input: %w", err)
	}
	answer := middleware.FinalizeMiddlewareFunc("SandboxAnswer", w.finalize)
	if err := stack.Finalize.Insert(answer, "Signing", middleware.After); err != nil {
		return fmt.Errorf("answer after signing: %w", err)
	}
	return nil
}

func (w *World) finalize(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	out middleware.FinalizeOutput, metadata middleware.Metadata, err error,
) {
	request, ok := in.Request.(*smithyhttp.Request)
	if !ok {
		return next.HandleFinalize(ctx, in)
	}
	if err := ctx.Err(); err != nil {
		return out, metadata, &aws.RequestCanceledError{Err: err}
	}
	if request.URL.Query().Has("X-Amz-Signature") {
		// A presigned request carries its caller elsewhere; nothing here may pretend to have judged it.
		return next.HandleFinalize(ctx, in)
	}
	arrived := readSignature(request.Header)
	arrived.service = awsmiddleware.GetServiceID(ctx)
	arrived.operation = awsmiddleware.GetOperationName(ctx)
	arrived.secure = request.URL.Scheme == "https"
	if arrived.region == "" {
		arrived.region = awsmiddleware.GetRegion(ctx)
	}
	result, requestID, err := w.serve(arrived, middleware.GetStackValue(ctx, inputKey{}))
	awsmiddleware.SetRequestIDMetadata(&metadata, requestID)
	if err != nil {
		return out, metadata, asResponse(err, requestID)
	}
	out.Result = result
	return out, metadata, nil
}

// arrival is a request as a service's front door sees it.
type arrival struct {
	service, operation, region string
	accessKey, token           string
	secure                     bool
}

// readSignature takes the caller from the signature the SDK made: Credential=KEY/DATE/REGION/SERVICE/aws4_request.
func readSignature(header http.Header) arrival {
	var a arrival
	a.token = header.Get("X-Amz-Security-Token")
	_, rest, found := strings.Cut(header.Get("Authorization"), "Credential=")
	if !found {
		return a
	}
	scope, _, _ := strings.Cut(rest, ",")
	parts := strings.Split(scope, "/")
	if len(parts) == 5 {
		a.accessKey, a.region = parts[0], parts[2]
	}
	return a
}

// closedNetwork is the end of the world.
type closedNetwork struct{}

// Do refuses every request and says which.
func (closedNetwork) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
	return nil, fmt.Errorf("%s %s: %w", r.Method, r.URL.Redacted(), errNoNetwork)
}

var errNoNetwork = errors.New("the sandbox has no network; this request got past the simulated account")
