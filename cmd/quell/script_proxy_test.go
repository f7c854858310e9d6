package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// gate stands before an emulator: it hears the name of every operation and may answer in its place.
type gate struct {
	next *httputil.ReverseProxy
	// answer says whether it wrote the answer itself.
	answer func(w http.ResponseWriter, r *http.Request, op string, n int64) bool
	calls  atomic.Int64
}

func newGate(endpoint string, answer func(w http.ResponseWriter, r *http.Request, op string, n int64) bool) (*gate, error) {
	target, err := url.Parse(endpoint)
	if err != nil {
		return nil, err
	}
	return &gate{answer: answer, next: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		// The signature covers the host, by which S3's buckets are told apart.
		r.Out.Host = r.In.Host
	}}}, nil
}

// ServeHTTP implements http.Handler.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	if g.answer(w, r, opOf(r, body), g.calls.Add(1)) {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	g.next.ServeHTTP(w, r)
}

// opOf names the operation: the query protocol has it in the form, JSON protocols in a header, REST in method and path.
func opOf(r *http.Request, body []byte) string {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		return target[strings.LastIndex(target, ".")+1:]
	}
	if form, err := url.ParseQuery(string(body)); err == nil && form.Get("Action") != "" {
		return form.Get("Action")
	}
	return r.Method + " " + r.URL.Path
}

// refuse writes an error as the caller's protocol has it: JSON or query.
func refuse(w http.ResponseWriter, r *http.Request, code, message string) {
	if r.Header.Get("X-Amz-Target") != "" {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"__type":%q,"message":%q}`, code, message)
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(http.StatusForbidden)
	fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>r-1</RequestId></ErrorResponse>`, code, message)
}

// proxy puts a gate before the emulator that answers an error to one operation, or to all (*), until the script ends:
// `proxy UpdateAccessKey AccessDenied`. `proxy off` takes it away. Each error that it gave is in the log.
func proxy(ts *testscript.TestScript, _ bool, args []string) {
	if args[0] == "off" {
		ts.Setenv("AWS_ENDPOINT_URL", ts.Getenv("ENDPOINT"))
		return
	}
	g, err := newGate(ts.Getenv("ENDPOINT"), func(w http.ResponseWriter, r *http.Request, op string, _ int64) bool {
		if args[0] != "*" && args[0] != op {
			return false
		}
		refuse(w, r, args[1], "User: arn:aws:iam::123456789012:user/responder is not authorized")
		return true
	})
	ts.Check(err)
	server := httptest.NewServer(g)
	ts.Defer(server.Close)
	ts.Setenv("AWS_ENDPOINT_URL", server.URL)
}

// flip turns one byte of a file: `flip FILE TEXT` the first of a text's last occurrence, `flip FILE` the file's middle.
func flip(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	data, err := os.ReadFile(path)
	ts.Check(err)
	at := len(data) / 2
	if len(args) > 1 {
		if at = bytes.LastIndex(data, []byte(args[1])); at < 0 {
			ts.Fatalf("%s does not hold %q", args[0], args[1])
		}
	}
	data[at] ^= 0x01
	ts.Check(os.WriteFile(path, data, 0o600))
}

// refill fills a file's <NAMES>: those of bytes that no script may hold, and of the script's variables.
func refill(ts *testscript.TestScript, _ bool, args []string) {
	for _, file := range args {
		text := placeholder.ReplaceAllStringFunc(ts.ReadFile(file), func(name string) string {
			switch name = strings.Trim(name, "<>"); name {
			case "ESC":
				return "\x1b"
			case "BEL":
				return "\x07"
			case "RLO":
				return "\u202e"
			case "CSI":
				return "\u009b"
			}
			return ts.Getenv(name)
		})
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(text), 0o600))
	}
}

var placeholder = regexp.MustCompile(`<[A-Z0-9]+>`)

func TestOpOf(t *testing.T) {
	tests := []struct{ method, path, target, body, want string }{
		{"POST", "/", "", "Action=GetUser&Version=2010-05-08", "GetUser"},
		{"POST", "/", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents", "{}", "LookupEvents"},
		{"GET", "/bucket", "", "", "GET /bucket"},
	}
	for _, tt := range tests {
		r := httptest.NewRequest(tt.method, tt.path, nil)
		if tt.target != "" {
			r.Header.Set("X-Amz-Target", tt.target)
		}
		if got := opOf(r, []byte(tt.body)); got != tt.want {
			t.Errorf("%s %s: %q, want %q", tt.method, tt.path, got, tt.want)
		}
	}
}
