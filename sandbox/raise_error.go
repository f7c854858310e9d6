package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// apiError is an error code without a type of its own in the SDK.
func apiError(code, format string, args ...any) error {
	return &smithy.GenericAPIError{Code: code, Message: fmt.Sprintf(format, args...), Fault: smithy.FaultClient}
}

func noSuchEntity(format string, args ...any) error {
	return &iamtypes.NoSuchEntityException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func alreadyExists(format string, args ...any) error {
	return &iamtypes.EntityAlreadyExistsException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func limitExceeded(format string, args ...any) error {
	return &iamtypes.LimitExceededException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func deleteConflict(format string, args ...any) error {
	return &iamtypes.DeleteConflictException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func invalidInput(format string, args ...any) error {
	return &iamtypes.InvalidInputException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func validation(format string, args ...any) error {
	return apiError("ValidationError", format, args...)
}

// errLost stands for an answer that never came; the call itself was carried out.
var errLost = errors.New("read response: i/o timeout (the sandbox lost the answer)")

// errorCode is the code a client sees, "" for nil.
func errorCode(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	if err != nil {
		return "InternalError"
	}
	return ""
}

// recordedCode is the code CloudTrail writes, which is not always the one on the wire: IAM's NoSuchEntity is recorded
// as NoSuchEntityException, every service's refusal as AccessDenied, EC2's with a prefix.
func recordedCode(service string, err error) string {
	code := errorCode(err)
	switch {
	case code == "AccessDeniedException":
		return "AccessDenied"
	case service == "EC2" && code != "":
		return "Client." + code
	case service != "IAM":
		return code
	}
	switch code {
	case "NoSuchEntity", "EntityAlreadyExists", "LimitExceeded", "DeleteConflict", "MalformedPolicyDocument",
		"InvalidInput", "UnmodifiableEntity", "ConcurrentModification", "PolicyNotAttachable":
		return code + "Exception"
	}
	return code
}

// asResponse dresses an error as the SDK does after a real answer: retryers and callers look at the HTTP status.
func asResponse(err error, requestID string) error {
	if errors.Is(err, errLost) {
		return &smithyhttp.RequestSendError{Err: err}
	}
	return &awshttp.ResponseError{
		RequestID: requestID,
		ResponseError: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: statusOf(errorCode(err)), Header: http.Header{}}},
			Err:      err,
		},
	}
}

func statusOf(code string) int {
	switch {
	case code == "InternalFailure" || code == "InternalError":
		return http.StatusInternalServerError
	case code == "Throttling" || code == "SlowDown":
		return http.StatusServiceUnavailable
	case code == "PermanentRedirect":
		return http.StatusMovedPermanently
	case strings.HasPrefix(code, "AccessDenied"), strings.HasPrefix(code, "InvalidClientToken"), code == "Forbidden",
		strings.HasPrefix(code, "ExpiredToken"), code == "InvalidAccessKeyId", code == "UnauthorizedOperation":
		return http.StatusForbidden
	case strings.HasPrefix(code, "NoSuch"), code == "NotFound":
		return http.StatusNotFound
	case code == "EntityAlreadyExists", code == "DeleteConflict", code == "LimitExceeded", strings.HasPrefix(code, "Bucket"):
		return http.StatusConflict
	}
	return http.StatusBadRequest
}
