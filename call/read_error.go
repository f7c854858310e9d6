package call

import (
	"context"
	"errors"
	"net"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// Codes that Quell gives where the service gave none.
const (
	// CodeNotAvailable: an answer came that is not the service's own, as from an emulator that does not know the call.
	// It is never a refusal.
	CodeNotAvailable = "NotAvailable"
	// CodeNoAnswer: the call may or may not have been carried out.
	CodeNoAnswer = "NoAnswer"
	// CodeInput: the input never left.
	CodeInput = "InvalidInput"
)

// Code returns the service's error code; "" for nil.
func Code(err error) string {
	if err == nil {
		return ""
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		if api.ErrorCode() == "UnknownError" {
			return CodeNotAvailable
		}
		return api.ErrorCode()
	}
	var response *awshttp.ResponseError
	if errors.As(err, &response) && response.HTTPStatusCode() >= 400 {
		return CodeNotAvailable
	}
	var netErr net.Error
	if errors.As(err, &netErr) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return CodeNoAnswer
	}
	var validation smithy.InvalidParamsError
	if errors.As(err, &validation) {
		return CodeInput
	}
	return CodeNoAnswer
}

// Denied says whether a code is a refusal for want of permission.
func Denied(code string) bool {
	switch code {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedAccess", "AuthorizationError":
		return true
	}
	return false
}

// Expired says whether a code means that the credentials at hand are no longer good.
func Expired(code string) bool {
	switch code {
	case "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException",
		"InvalidAccessKeyId", "TokenRefreshRequired", "SignatureDoesNotMatch":
		return true
	}
	return false
}

// Throttled says whether a code asks the caller to come back later.
func Throttled(code string) bool {
	switch code {
	case "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException", "SlowDown",
		"ProvisionedThroughputExceededException", "ServiceUnavailable", "InternalFailure", "ServiceFailure",
		"InternalError", "InternalServiceError", "ConcurrentModification", "ConcurrentModificationException":
		return true
	}
	return false
}

func requestIDOf(err error) string {
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		return response.ServiceRequestID()
	}
	return ""
}
