package call

import (
	"errors"
	"net/http"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// IsPage says that an HTML page came instead of the service's answer, as emulators give it for a call they lack. Asking
// again does not help. Gateways that ask for patience answer with other statuses.
func IsPage(err error) bool {
	var response *awshttp.ResponseError
	if !errors.As(err, &response) || response.Response == nil {
		return false
	}
	status := response.HTTPStatusCode()
	return (status == http.StatusInternalServerError || status == http.StatusNotFound) &&
		strings.HasPrefix(response.Response.Header.Get("Content-Type"), "text/html")
}
