package call

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
)

// Only returns a configuration through which nothing but the named operations can leave. Looks and collections run
// behind it, so that a mistake in one cannot change an account.
func Only(cfg aws.Config, ops ...string) aws.Config {
	cfg = cfg.Copy()
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("QuellOnly",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
				middleware.InitializeOutput, middleware.Metadata, error,
			) {
				if op := OpName(ctx); !slices.Contains(ops, op) {
					return middleware.InitializeOutput{}, middleware.Metadata{},
						fmt.Errorf("%w: %s is not among the operations declared here (%s)", errNeverLeft, op, strings.Join(ops, ", "))
				}
				return next.HandleInitialize(ctx, in)
			}), middleware.Before)
	})
	return cfg
}

// OpName is service:Operation of the SDK call whose context this is.
func OpName(ctx context.Context) string {
	// Some clients name the operation below the guard by way of the SDK, all of them above it by way of smithy.
	service := cmp.Or(awsmiddleware.GetServiceID(ctx), middleware.GetServiceID(ctx))
	operation := cmp.Or(awsmiddleware.GetOperationName(ctx), middleware.GetOperationName(ctx))
	return ServicePrefix(service) + ":" + operation
}

// ServicePrefix turns the SDK's service id into the prefix that IAM and the CloudTrail event source use.
func ServicePrefix(serviceID string) string {
	return strings.ReplaceAll(strings.ToLower(serviceID), " ", "")
}
