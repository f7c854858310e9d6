package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// prepare makes an input repeatable before the SDK touches it; the caller's own value stays as it was.
//
// An upload's body is taken into memory, because the middlewares that hash and frame it leave no plain body behind. An
// idempotency token the caller left out is drawn from the world's seed, where the SDK would draw it from the machine's
// randomness: histories stay reproducible, and a retry carries the same token as it does on AWS.
func (w *World) prepare(in any) (any, error) {
	switch typed := in.(type) {
	case *s3.PutObjectInput:
		if typed.Body == nil {
			return in, nil
		}
		data, err := io.ReadAll(io.LimitReader(typed.Body, mostBody+1))
		if err != nil {
			return nil, fmt.Errorf("read object body: %w", err)
		}
		if len(data) > mostBody {
			return nil, errors.New("object is larger than the sandbox keeps (16 MiB): upload less")
		}
		copied := *typed
		copied.Body = bytes.NewReader(data)
		return &copied, nil
	case *sm.CreateSecretInput:
		copied := *typed
		copied.ClientRequestToken = w.token(typed.ClientRequestToken)
		return &copied, nil
	case *sm.PutSecretValueInput:
		copied := *typed
		copied.ClientRequestToken = w.token(typed.ClientRequestToken)
		return &copied, nil
	case *sm.RotateSecretInput:
		copied := *typed
		copied.ClientRequestToken = w.token(typed.ClientRequestToken)
		return &copied, nil
	}
	return in, nil
}

func (w *World) token(given *string) *string {
	if given != nil {
		return given
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return aws.String(newUUID(w.ids))
}
