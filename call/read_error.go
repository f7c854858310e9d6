package call

import (
	"context"
	"errors"
	"net"
	"net/http"

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

// errNeverLeft marks errors of Quell's own that came before anything was sent.
var errNeverLeft = errors.New("the call was not sent")

// errUnread marks the failure of reading a document back: the write before it was accepted.
var errUnread = errors.New("the write was accepted, and reading it back failed")

// Code returns the service's error code; "" for nil.
func Code(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, errNeverLeft):
		return CodeInput
	case errors.Is(err, errUnread):
		return CodeNoAnswer
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		switch code := api.ErrorCode(); code {
		case "UnknownError":
			return foreign(err)
		case "BadGateway", "GatewayTimeout": // the S3 client makes a code of the status where there is none
			return CodeNoAnswer
		default:
			return code
		}
	}
	var response *awshttp.ResponseError
	if errors.As(err, &response) && response.HTTPStatusCode() >= 400 {
		return foreign(err)
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

// foreign classes an answer that is not the service's own. A gateway's says nothing of what became of the call behind it.
func foreign(err error) string {
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		switch response.HTTPStatusCode() {
		case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return CodeNoAnswer
		}
	}
	return CodeNotAvailable
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
