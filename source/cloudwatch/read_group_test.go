package cloudwatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source"
	"github.com/quell-ir/quell/source/pace"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)

// fakeClock jumps where others sleep, and adds up for how long they wanted to.
type fakeClock struct {
	now   time.Time
	slept time.Duration
}

func (c *fakeClock) Now() time.Time { return c.now }

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	c.now, c.slept = c.now.Add(d), c.slept+d
	return ctx.Err()
}

// answer is a status and a body.
type answer struct {
	status int
	body   string
}

// serve answers one request after the other, and notes what was asked.
func serve(t *testing.T, answers ...answer) (Reader, *fakeClock, *[]map[string]any) {
	t.Helper()
	var asked []map[string]any
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in map[string]any
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Errorf("request: %v", err)
		}
		in["op"] = r.Header.Get("X-Amz-Target")[strings.LastIndex(r.Header.Get("X-Amz-Target"), ".")+1:]
		asked = append(asked, in)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if len(answers) == 0 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.WriteHeader(answers[0].status)
		fmt.Fprint(w, answers[0].body)
		answers = answers[1:]
	}))
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	clock := &fakeClock{now: start}
	return Reader{Clock: clock, Config: aws.Config{Region: "eu-west-1", BaseEndpoint: &server.URL, HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", "")}}, clock, &asked
}

func TestEach(t *testing.T) {
	r, clock, asked := serve(t,
		answer{200, `{"events":[{"message":"{\"eventName\":\"A\",\"eventVersion\":\"1\",\"eventID\":\"1\"}","timestamp":1}],"nextToken":"two"}`},
		answer{400, `{"__type":"ThrottlingException","message":"slow down"}`},
		answer{200, `{"events":[],"nextToken":"three"}`},
		answer{200, `{"events":[{"message":"2 111122223333 eni-0a 10.0.0.1 10.0.0.2 1 2 6 1 40 1772420400 1772420460 ACCEPT OK"}]}`},
	)
	var got []string
	q := Query{Group: "trail", Pattern: "{ $.x = 1 }", Since: start.Add(-time.Hour), Until: start.Add(-time.Minute)}
	c, err := r.Each(t.Context(), q, func(_ context.Context, d source.Document) error {
		text, err := io.ReadAll(d.Reader)
		got = append(got, string(d.Kind)+" "+strings.TrimSpace(string(text)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`json {"eventName":"A","eventVersion":"1","eventID":"1"}`,
		"flowlog 2 111122223333 eni-0a 10.0.0.1 10.0.0.2 1 2 6 1 40 1772420400 1772420460 ACCEPT OK"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Coverage{Group: "trail", Pages: 3, Events: 2, Through: q.Until}, c); diff != "" {
		t.Error(diff)
	}
	first := (*asked)[0]
	if first["logGroupName"] != "trail" || first["filterPattern"] != q.Pattern || first["startTime"] != float64(q.Since.UnixMilli()) || (*asked)[3]["nextToken"] != "three" {
		t.Errorf("asked %v", *asked)
	}
	// A second for the throttled request, and a fifth of one between any two.
	if clock.slept < pace.FirstWait+2*perRequest {
		t.Errorf("slept %v", clock.slept)
	}
}

func TestEachFailures(t *testing.T) {
	none := func(context.Context, source.Document) error { return nil }
	for _, c := range []struct{ name, body, says string }{
		{"missing", `{"__type":"ResourceNotFoundException","message":"no"}`, "check the name and the region"},
		{"pattern", `{"__type":"InvalidParameterException","message":"no"}`, "check the filter pattern"},
		{"refused", `{"__type":"AccessDeniedException","message":"no"}`, "allow logs:FilterLogEvents"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, _, asked := serve(t, answer{400, c.body})
			_, err := r.Each(t.Context(), Query{Group: "g"}, none)
			if quell.CodeOf(err) != quell.CodeFailed || !strings.Contains(err.Error(), c.says) || len(*asked) != 1 {
				t.Errorf("%v after %d requests", err, len(*asked))
			}
		})
	}
	r, _, _ := serve(t, answer{200, `{"nextToken":"same"}`}, answer{200, `{"nextToken":"same"}`})
	if _, err := r.Each(t.Context(), Query{Group: "g"}, none); err == nil || !strings.Contains(err.Error(), "again and again") {
		t.Errorf("error %v", err)
	}
	r, _, asked := serve(t)
	r.Tries = 3
	if _, err := r.Each(t.Context(), Query{Group: "arn:aws:logs:eu-west-1:1:log-group:g:*"}, none); err == nil || len(*asked) != 3 {
		t.Errorf("error %v after %d requests", err, len(*asked))
	}
	if got := (*asked)[0]["logGroupIdentifier"]; got != "arn:aws:logs:eu-west-1:1:log-group:g" {
		t.Errorf("asked for %v", got)
	}
	enough := errors.New("enough")
	r, _, _ = serve(t, answer{200, `{"events":[{"message":"{\"eventName\":\"A\",\"eventVersion\":\"1\",\"eventID\":\"1\"}"}]}`})
	if _, err := r.Each(t.Context(), Query{Group: "g"}, func(context.Context, source.Document) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Each(ctx, Query{Group: "g"}, none); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestFilters(t *testing.T) {
	r, _, asked := serve(t,
		answer{200, `{"metricFilters":[{"filterName":"f","logGroupName":"g","filterPattern":"p","metricTransformations":[{"metricName":"M","metricNamespace":"N"}]},
			{"filterName":"other","logGroupName":"h","metricTransformations":[{"metricName":"M","metricNamespace":"Other"}]}],"nextToken":"two"}`},
		answer{200, `{"metricFilters":[{"filterName":"f2","logGroupName":"g2","filterPattern":"","metricTransformations":[{"metricName":"M","metricNamespace":"N"}]}]}`},
	)
	got, err := r.Filters(t.Context(), "N", "M")
	if diff := cmp.Diff([]Filter{{"f", "g", "p"}, {"f2", "g2", ""}}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if in := (*asked)[0]; in["op"] != "DescribeMetricFilters" || in["metricName"] != "M" || in["metricNamespace"] != "N" {
		t.Errorf("asked %v", in)
	}
	r, _, _ = serve(t, answer{400, `{"__type":"AccessDeniedException"}`})
	if _, err := r.Filters(t.Context(), "N", "M"); quell.CodeOf(err) != quell.CodeFailed || !strings.Contains(err.Error(), "logs:DescribeMetricFilters") {
		t.Errorf("error %v", err)
	}
}
