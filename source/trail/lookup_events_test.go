package trail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"
	"github.com/quell-ir/quell"
	"go.uber.org/goleak"
)

var start = time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeClock jumps where others sleep, and adds up for how long they wanted to.
type fakeClock struct {
	mu    sync.Mutex
	now   time.Time
	slept time.Duration
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.slept = c.now.Add(d), c.slept+d
	return ctx.Err()
}

// request is what the server below tells a test about one request.
type request struct {
	region, token, attribute, target string
	body                             map[string]any
}

// serve answers every region at one address; the region is read from the signature.
func serve(t *testing.T, answer func(w http.ResponseWriter, r request)) (Lookup, *fakeClock) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read request: %v", err)
		}
		in := request{target: r.Header.Get("X-Amz-Target")}
		if scope := strings.Split(r.Header.Get("Authorization"), "/"); len(scope) > 3 {
			in.region = scope[2]
		}
		if strings.HasPrefix(string(text), "{") {
			if err := json.Unmarshal(text, &in.body); err != nil {
				t.Errorf("request body %q: %v", text, err)
			}
			in.token, _ = in.body["NextToken"].(string)
		}
		answer(w, in)
	}))
	t.Cleanup(server.Close)
	clock := &fakeClock{now: start}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	config := func(region string) aws.Config {
		return aws.Config{
			Region: region, BaseEndpoint: aws.String(server.URL), HTTPClient: &http.Client{Transport: transport},
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: "AKIATEST", SecretAccessKey: "test"}, nil
			}),
		}
	}
	return Lookup{Config: config, Clock: clock}, clock
}

func page(w http.ResponseWriter, next string, records ...string) {
	var events []map[string]any
	for _, record := range records {
		events = append(events, map[string]any{"EventId": "x", "CloudTrailEvent": record})
	}
	out := map[string]any{"Events": events}
	if next != "" {
		out["NextToken"] = next
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(out)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"__type":%q,"message":"because"}`, code)
}

func TestEachReadsEveryPageOfEveryRegion(t *testing.T) {
	var mu sync.Mutex
	var attributes []any
	l, _ := serve(t, func(w http.ResponseWriter, r request) {
		mu.Lock()
		attributes = append(attributes, r.body["LookupAttributes"])
		mu.Unlock()
		switch {
		case r.region == "eu-west-1" && r.token == "":
			page(w, "two", `{"n":1}`, `{"n":2}`)
		case r.region == "eu-west-1" && r.token == "two":
			page(w, "three", "")
		case r.region == "eu-west-1":
			page(w, "", `{"n":3}`)
		case r.region == "us-east-1":
			page(w, "")
		case r.region == "eu-west-3":
			refuse(w, 400, "AccessDeniedException")
		case r.region == "eu-south-1" && r.token == "":
			page(w, "two", `{"n":4}`)
		case r.region == "eu-south-1":
			refuse(w, 400, "ExpiredTokenException")
		case r.region == "me-south-1":
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(404)
			fmt.Fprint(w, "<html><body>not found</body></html>")
		case r.region == "ap-east-1":
			refuse(w, 404, "UnknownOperationException")
		}
	})
	var stands []Stand
	l.Tell = func(s Stand) { stands = append(stands, s) }
	got := map[string]int{}
	q := Query{Attribute: "AccessKeyId", Value: "AKIA1", Since: start.Add(-time.Hour), Regions: []string{"eu-west-1", "us-east-1", "eu-west-3", "me-south-1", "ap-east-1", "eu-south-1", "us-east-1"}}
	coverage, err := l.Each(t.Context(), q, func(region string, raw []byte) error {
		got[region+" "+string(raw)]++ // serial by contract: the race detector would tell
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{`eu-west-1 {"n":1}`: 1, `eu-west-1 {"n":2}`: 1, `eu-west-1 {"n":3}`: 1, `eu-south-1 {"n":4}`: 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for i := range coverage.Read {
		if through := coverage.Read[i].Through; through.Before(start.Add(-Delay)) || through.After(start.Add(time.Minute)) {
			t.Errorf("%s read through %v", coverage.Read[i].Name, through)
		}
		coverage.Read[i].Through = time.Time{}
	}
	wantCoverage := Coverage{
		Read: []Region{{Name: "eu-west-1", Events: 3, Pages: 3, Bare: 1}, {Name: "us-east-1", Pages: 1}},
		Refused: []Missing{
			{"eu-south-1", "after 1 pages: ExpiredTokenException: because"},
			{"eu-west-3", "AccessDeniedException: because"},
		},
		Unavailable: []Missing{
			{"ap-east-1", "not available here: what answered is not CloudTrail"},
			{"me-south-1", "not available here: what answered is not CloudTrail"},
		},
	}
	if diff := cmp.Diff(wantCoverage, coverage); diff != "" {
		t.Error(diff)
	}
	if last := stands[len(stands)-1]; last != (Stand{Pages: 5, Done: 6, Of: 6}) || stands[0].Done+stands[0].Pages != 1 {
		t.Errorf("told %+v", stands)
	}
	wantAttributes := []any{map[string]any{"AttributeKey": "AccessKeyId", "AttributeValue": "AKIA1"}}
	if diff := cmp.Diff(any(wantAttributes), attributes[0]); diff != "" {
		t.Error(diff)
	}
}

func TestEachKeepsToTheRate(t *testing.T) {
	pages := 0
	l, clock := serve(t, func(w http.ResponseWriter, r request) {
		if pages++; pages < 11 {
			page(w, fmt.Sprint(pages), `{}`)
			return
		}
		page(w, "")
	})
	if _, err := l.Each(t.Context(), Query{Regions: []string{"eu-west-1"}}, func(string, []byte) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if clock.slept != 10*perRequest {
		t.Errorf("11 requests spread over %v, want %v", clock.slept, 10*perRequest)
	}
}

func TestEachBacksOff(t *testing.T) {
	t.Run("and goes on", func(t *testing.T) {
		asked := 0
		l, clock := serve(t, func(w http.ResponseWriter, r request) {
			switch asked++; asked {
			case 1, 2:
				refuse(w, 400, "ThrottlingException")
			case 3:
				refuse(w, 500, "InternalFailure")
			case 4:
				w.WriteHeader(503) // a gateway, without a body
			default:
				page(w, "", `{}`)
			}
		})
		coverage, err := l.Each(t.Context(), Query{Regions: []string{"eu-west-1"}}, func(string, []byte) error { return nil })
		if err != nil || len(coverage.Read) != 1 || coverage.Read[0].Events != 1 {
			t.Fatalf("coverage %+v, %v", coverage, err)
		}
		if want := (1 + 2 + 4 + 8) * time.Second; clock.slept != want {
			t.Errorf("waited %v, want %v", clock.slept, want)
		}
	})
	t.Run("and gives up", func(t *testing.T) {
		l, _ := serve(t, func(w http.ResponseWriter, r request) { refuse(w, 400, "ThrottlingException") })
		l.Tries = 3
		coverage, err := l.Each(t.Context(), Query{Regions: []string{"eu-west-1"}}, func(string, []byte) error { return nil })
		if err != nil || len(coverage.Refused) != 1 || !strings.HasPrefix(coverage.Refused[0].Why, "ThrottlingException") {
			t.Errorf("coverage %+v, %v", coverage, err)
		}
	})
}

func TestEachStops(t *testing.T) {
	l, _ := serve(t, func(w http.ResponseWriter, r request) { page(w, "", `{}`) })
	enough := errors.New("enough")
	if _, err := l.Each(t.Context(), Query{Regions: []string{"eu-west-1", "eu-west-2"}}, func(string, []byte) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("error %v, want the callback's", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Each(ctx, Query{Regions: []string{"eu-west-1"}}, func(string, []byte) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
	loop, _ := serve(t, func(w http.ResponseWriter, r request) { page(w, "same", `{}`) })
	coverage, err := loop.Each(t.Context(), Query{Regions: []string{"eu-west-1"}}, func(string, []byte) error { return nil })
	if err != nil || len(coverage.Refused)+len(coverage.Unavailable) != 1 {
		t.Errorf("a page that names itself as the next: %+v, %v", coverage, err)
	}
}

func TestUnreachable(t *testing.T) {
	l, _ := serve(t, func(http.ResponseWriter, request) {})
	inner := l.Config
	l.Tries = 2
	l.Config = func(region string) aws.Config {
		config := inner(region)
		config.BaseEndpoint = aws.String("http://127.0.0.1:1")
		return config
	}
	coverage, err := l.Each(t.Context(), Query{Regions: []string{"eu-west-1"}}, func(string, []byte) error { return nil })
	if err != nil || len(coverage.Unavailable) != 1 || !strings.Contains(coverage.Unavailable[0].Why, "nobody answers") {
		t.Errorf("coverage %+v, %v", coverage, err)
	}
	noKeys := inner
	l.Config = func(region string) aws.Config {
		config := noKeys(region)
		config.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, errors.New("no credentials found")
		})
		return config
	}
	coverage, err = l.Each(t.Context(), Query{Regions: []string{"eu-west-1"}}, func(string, []byte) error { return nil })
	if err != nil || len(coverage.Refused) != 1 || !strings.Contains(coverage.Refused[0].Why, "no credentials found") {
		t.Errorf("coverage %+v, %v", coverage, err)
	}
}

func TestRegions(t *testing.T) {
	l, _ := serve(t, func(w http.ResponseWriter, r request) {
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprint(w, `<DescribeRegionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><regionInfo>
			<item><regionName>us-east-1</regionName></item><item><regionName>af-south-1</regionName></item></regionInfo></DescribeRegionsResponse>`)
	})
	regions, why, err := l.Regions(t.Context())
	if diff := cmp.Diff([]string{"af-south-1", "us-east-1"}, regions); diff != "" || why != "" || err != nil {
		t.Errorf("%s why %q, %v", diff, why, err)
	}
	denied, _ := serve(t, func(w http.ResponseWriter, r request) {
		w.WriteHeader(403)
		fmt.Fprint(w, `<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>`)
	})
	regions, why, err = denied.Regions(t.Context())
	if len(regions) != len(alwaysOn) || !strings.Contains(why, "UnauthorizedOperation: no") || err != nil {
		t.Errorf("%d regions, why %q, %v", len(regions), why, err)
	}
}

var _ quell.Clock = (*fakeClock)(nil)
