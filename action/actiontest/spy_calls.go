package actiontest

import (
	"context"
	"reflect"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"

	"github.com/quell-ir/quell/call"
)

// spy hears which operations leave through a configuration, and may hand lists back in reverse.
type spy struct {
	mu      sync.Mutex
	ops     map[string]int
	reverse bool
}

func (s *spy) on(cfg aws.Config) aws.Config {
	cfg = cfg.Copy()
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Spy",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
				middleware.InitializeOutput, middleware.Metadata, error,
			) {
				s.mu.Lock()
				if s.ops == nil {
					s.ops = map[string]int{}
				}
				s.ops[call.OpName(ctx)]++
				s.mu.Unlock()
				out, metadata, err := next.HandleInitialize(ctx, in)
				if err == nil && s.reverse {
					reverseLists(reflect.ValueOf(out.Result), 0)
				}
				return out, metadata, err
			}), middleware.After)
	})
	return cfg
}

// reverseLists turns every list of structures inside a response around: AWS promises no order.
func reverseLists(v reflect.Value, depth int) {
	if depth > 12 {
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			reverseLists(v.Elem(), depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && v.Type().Field(i).Name != "ResultMetadata" {
				reverseLists(v.Field(i), depth+1)
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 || !v.CanSet() {
			return
		}
		swap := reflect.Swapper(v.Interface())
		for i, j := 0, v.Len()-1; i < j; i, j = i+1, j-1 {
			swap(i, j)
		}
		for i := range v.Len() {
			reverseLists(v.Index(i), depth+1)
		}
	}
}
