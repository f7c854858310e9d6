package trail

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	smithy "github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/quell-ir/quell"
)

// sense is what an error means for going on.
type sense int

const (
	final  sense = iota // CloudTrail said no, and will again
	again               // it asked for patience, or failed in itself
	absent              // whoever answered was not CloudTrail, or nobody did
)

// throttleCodes are the error codes by which AWS services ask for fewer requests.
var throttleCodes = []string{"ThrottlingException", "Throttling", "ThrottledException", "TooManyRequestsException", "RequestLimitExceeded",
	"RequestThrottled", "RequestThrottledException", "SlowDown", "EC2ThrottledException", "PriorRequestNotComplete"}

// strangerCodes are given by emulators and proxies, and by the SDK itself for an error body that names no code.
var strangerCodes = []string{"UnknownOperationException", "UnknownError", "InvalidAction", "NotImplemented", "NotImplementedException"}

// judge tells CloudTrail's own answers from those of something else at its address: a page in HTML with status 404
// means that there is no event history here, and to call that a refusal would send people looking for a permission.
func judge(err error) sense {
	var api smithy.APIError
	status := statusOf(err)
	switch {
	case isPage(err) && (status == http.StatusInternalServerError || status == http.StatusNotFound):
		// CloudTrail answers in JSON, its failures too: a page is an emulator's that has no such call.
		return absent
	case errors.As(err, &api) && slices.Contains(throttleCodes, api.ErrorCode()):
		return again
		// Any other code is the service's own word: a refusal, unless it failed in itself.
	case errors.As(err, &api) && !slices.Contains(strangerCodes, api.ErrorCode()):
		if status >= http.StatusInternalServerError && status != http.StatusNotImplemented {
			return again
		}
		return final
		// Gateways answer without a code, but with a status that asks for patience.
	case status == http.StatusTooManyRequests,
		status >= http.StatusInternalServerError && status != http.StatusNotImplemented:
		return again
	}
	var credentials *smithy.OperationError
	if status == 0 && errors.As(err, &credentials) && !unreachable(err) {
		return final // it never left: no credentials, no such endpoint
	}
	return absent
}

// unreachable says that the request was sent and nobody answered, which may pass.
func unreachable(err error) bool {
	var send *smithyhttp.RequestSendError
	return errors.As(err, &send)
}

// isPage says that the answer was HTML.
func isPage(err error) bool {
	var response *smithyhttp.ResponseError
	return errors.As(err, &response) && response.Response != nil &&
		strings.HasPrefix(response.Response.Header.Get("Content-Type"), "text/html")
}

// statusOf is 0 where no answer came at all.
func statusOf(err error) int {
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) && response.Response != nil {
		return response.HTTPStatusCode()
	}
	return 0
}

func explain(err error) string { return explainFrom("CloudTrail", err) }

// explainFrom is the reason in one line, without the SDK's recital of operation and request.
func explainFrom(service string, err error) string {
	var api smithy.APIError
	switch {
	case judge(err) == absent && unreachable(err):
		return "not available here: nobody answers at its address: " + quell.Cut(err.Error(), 200)
	case judge(err) == absent:
		return "not available here: what answered is not " + service
	case errors.As(err, &api):
		return quell.Cut(api.ErrorCode()+": "+api.ErrorMessage(), 300)
	}
	return quell.Cut(err.Error(), 300)
}
