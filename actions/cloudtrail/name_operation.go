package cloudtrail

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
)

// named makes requests tell their service and operation from the first middleware on. The clients of CloudTrail and EC2
// note both further down, below the guard that lets declared operations through alone; unnamed, everything is stopped there.
// The names are the SDK's own, so that the guard judges the call that is really made.
func named(cfg aws.Config) aws.Config {
	cfg = cfg.Copy()
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("QuellNamed",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
				middleware.InitializeOutput, middleware.Metadata, error,
			) {
				if awsmiddleware.GetOperationName(ctx) == "" {
					ctx = awsmiddleware.SetServiceID(ctx, middleware.GetServiceID(ctx))
					ctx = awsmiddleware.SetOperationName(ctx, middleware.GetOperationName(ctx))
				}
				return next.HandleInitialize(ctx, in)
			}), middleware.Before)
	})
	return cfg
}
