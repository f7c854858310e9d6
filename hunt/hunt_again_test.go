package hunt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"pgregory.net/rapid"

	"github.com/quell-ir/quell/source/cloudwatch"
	"github.com/quell-ir/quell/source/trail"
)

// delivery is a record and when it can be read.
type delivery struct {
	id, region      string
	happened, there time.Time
}

// calm is a clock that a test sets; nobody waits by it.
type calm struct{ now time.Time }

func (c *calm) Now() time.Time { return c.now }

func (c *calm) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// account answers for the event history and a log group, as of its clock.
type account struct {
	clock   *calm
	records []delivery
	broken  map[string]bool // regions that refuse
	page    int             // records a page; the page after the first of a region that is broken is refused
}

func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	region := strings.Split(r.Header.Get("Authorization"), "/")[2]
	var in struct {
		NextToken          string
		StartTime, EndTime float64
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	_, _ = io.Copy(io.Discard, r.Body) // else the connection may be closed
	lines := strings.HasSuffix(r.Header.Get("X-Amz-Target"), "FilterLogEvents")
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	var all []map[string]any
	for _, d := range a.records {
		// The history is asked by the time of the event, a log group by that of the line.
		at, since := d.happened.Unix(), int64(in.StartTime)
		if lines {
			at, since = d.there.UnixMilli(), int64(in.StartTime)
		}
		if d.region != region || d.there.After(a.clock.now) || at < since {
			continue
		}
		text := record(d.id, "CreateUser", "eve", d.happened, "")
		all = append(all, map[string]any{"CloudTrailEvent": text, "message": text, "timestamp": at, "eventId": "line-" + d.id})
	}
	from := 0
	_, _ = fmt.Sscan(in.NextToken, &from) // no token: from the first
	if a.broken[region] && (from > 0 || len(all) <= a.page) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type":"AccessDeniedException","message":"no"}`)
		return
	}
	out := map[string]any{}
	if from+a.page < len(all) {
		out["NextToken"], out["nextToken"] = fmt.Sprint(from+a.page), fmt.Sprint(from+a.page)
	}
	out["Events"] = all[from:min(from+a.page, len(all))]
	out["events"] = out["Events"]
	_ = json.NewEncoder(w).Encode(out)
}

func newAccount(t *testing.T) (*account, aws.Config) {
	t.Helper()
	a := &account{clock: &calm{now: start}, broken: map[string]bool{}, page: 2}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return a, aws.Config{Region: "eu-west-1", BaseEndpoint: &server.URL, HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", "")}
}

// TestAgain: however late records come, and whichever region is refused meanwhile, each is judged once. Two events that every
// look reads again are never three for a correlation.
func TestAgain(t *testing.T) {
	a, cfg := newAccount(t)
	regions := []string{"eu-west-1", "us-east-1"}
	rapid.Check(t, func(rt *rapid.T) {
		a.clock.now, a.records = start, nil
		groups := rapid.Bool().Draw(rt, "log group")
		for i := range rapid.IntRange(0, 12).Draw(rt, "records") {
			// Two in five minutes, the rest further apart, so that three never come together.
			happened := start.Add(time.Duration(i/2*11+i%2) * time.Minute)
			late := time.Duration(rapid.IntRange(0, 15).Draw(rt, "late")) * time.Minute
			a.records = append(a.records, delivery{fmt.Sprintf("e%02d", i), rapid.SampledFrom(regions).Draw(rt, "region"), happened, happened.Add(late)})
		}
		h := hunterOf(t, rules)
		h.Clock = a.clock
		again := NewAgain(start.Add(-time.Hour))
		var told []string
		look := func() (err error) {
			if groups {
				for _, region := range regions {
					reader := cloudwatch.Reader{Config: cfg.Copy(), Clock: a.clock}
					reader.Config.Region = region
					_, failure := h.GroupAgain(t.Context(), reader, again, cloudwatch.Query{Group: "trail"})
					err = errors.Join(err, failure)
				}
			} else {
				_, err = h.TrailAgain(t.Context(), trail.Lookup{Clock: a.clock, Home: regions[0], Config: func(region string) aws.Config {
					c := cfg.Copy()
					c.Region = region
					return c
				}}, again, time.Time{}, regions)
			}
			for _, f := range h.Fresh() {
				told = append(told, f.Events...)
			}
			h.Forget(a.clock.now)
			return err
		}
		for range 12 {
			a.broken = map[string]bool{}
			if rapid.IntRange(0, 3).Draw(rt, "broken") == 0 {
				a.broken[rapid.SampledFrom(regions).Draw(rt, "broken region")] = true
			}
			_ = look() // what fails, for this or another reason, the next look makes up for
			a.clock.now = a.clock.now.Add(time.Duration(rapid.IntRange(1, 40).Draw(rt, "minutes")) * time.Minute)
		}
		a.broken, a.clock.now = map[string]bool{}, a.clock.now.Add(2*time.Hour)
		for tries := 0; ; tries++ {
			if err := look(); err == nil {
				break
			} else if tries == 5 {
				rt.Fatal(err)
			}
		}
		slices.Sort(told)
		var want []string
		for _, d := range a.records {
			want = append(want, d.id)
		}
		if !slices.Equal(told, want) || h.events != int64(len(want)) {
			rt.Fatalf("told %v of %v, %d events", told, want, h.events)
		}
		for _, w := range again.windows {
			if len(w.before) > len(a.records) || len(w.now) != 0 {
				rt.Fatalf("%d and %d ids are kept", len(w.before), len(w.now))
			}
		}
	})
}

// TestAgainForgets: of a look's records those in the overlap alone are remembered.
func TestAgainForgets(t *testing.T) {
	w := NewAgain(start).window("r")
	for i := range 120 {
		if at := start.Add(time.Duration(i) * time.Minute); !w.isFirst(fmt.Sprint(i), at) || w.isFirst(fmt.Sprint(i), at) {
			t.Fatalf("record %d", i)
		}
	}
	w.isFirst("undated", time.Time{})
	w.done(start.Add(119 * time.Minute))
	if len(w.before) != 32 || !w.since.Equal(start.Add(89*time.Minute)) || w.isFirst("100", start.Add(100*time.Minute)) || w.isFirst("undated", time.Time{}) {
		t.Errorf("%d remembered, next since %v", len(w.before), w.since)
	}
	for raw, want := range map[string]string{`{"eventID":"a","eventTime":"2026-03-02T03:00:00Z"}`: "a", `{"eventID":7}`: `{"eventID":7}`, `{"eventID":"a","eventTime":"soon"}`: `{"eventID":"a","eventTime":"soon"}`, "{": "{"} {
		if got, _ := nameOf([]byte(raw)); got != want {
			t.Errorf("%s: %s", raw, got)
		}
	}
}
