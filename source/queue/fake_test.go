package queue

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake answers the calls of SQS and S3 that this package makes. A message comes again as long as it is not deleted, each
// time it is asked for: time is of no account here.
type fake struct {
	mu       sync.Mutex
	bodies   map[string]string // by id
	order    []string
	received map[string]int
	deleted  []string
	renewed  chan string
	objects  map[string]string
	page     int
	listed   []string // the keys that listings began after
	gets     []string
	versions []string
	fails    map[string]int // how often a message cannot be deleted; below zero: it is the sender's fault
	deletes  int            // calls
	down     int            // receives that fail, once something was deleted
}

func start(t *testing.T, bodies []string, objects map[string]string) (*fake, aws.Config) {
	t.Helper()
	f := &fake{bodies: map[string]string{}, received: map[string]int{}, objects: objects, renewed: make(chan string, 100), page: 1000}
	for i, body := range bodies {
		id := fmt.Sprintf("m%d", i)
		f.bodies[id], f.order = body, append(f.order, id)
	}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return f, aws.Config{
		Region: "eu-west-1", BaseEndpoint: &server.URL, HTTPClient: &http.Client{Transport: transport}, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", ""),
	}
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		f.queue(w, r, strings.TrimPrefix(target, "AmazonSQS."))
		return
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if key == "" {
		f.list(w, r)
		return
	}
	f.gets = append(f.gets, key)
	if v := r.URL.Query().Get("versionId"); v != "" {
		f.versions = append(f.versions, v)
	}
	text, ok := f.objects[bucket+"/"+key]
	switch {
	case key == "denied.json":
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<Error><Code>AccessDenied</Code><Message>no</Message></Error>`)
	case !ok:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>`)
	default:
		if key == "breaks.json" { // more promised than sent: the connection breaks off
			w.Header().Set("Content-Length", strconv.Itoa(len(text)+100))
		}
		fmt.Fprint(w, text)
	}
}

func (f *fake) queue(w http.ResponseWriter, r *http.Request, operation string) {
	var in struct {
		ReceiptHandle string
		Entries       []struct{ ID, ReceiptHandle string }
	}
	_ = json.NewDecoder(r.Body).Decode(&in) // a body that is none has no handle
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	switch {
	case operation == "ReceiveMessage" && f.down > 0 && len(f.deleted) > 0:
		f.down--
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type":"AccessDeniedException","message":"for now"}`)
	case operation == "ReceiveMessage":
		messages := []map[string]any{}
		for _, id := range f.order {
			if !slices.Contains(f.deleted, id) && len(messages) < 10 && f.received[id] < 7 {
				f.received[id]++
				messages = append(messages, map[string]any{"MessageId": id, "ReceiptHandle": id, "Body": f.bodies[id],
					"Attributes": map[string]string{"ApproximateReceiveCount": strconv.Itoa(f.received[id])}})
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"Messages": messages})
	case operation == "DeleteMessageBatch":
		f.deletes++
		out := map[string][]map[string]any{"Successful": {}, "Failed": {}}
		for _, e := range in.Entries {
			if n := f.fails[e.ReceiptHandle]; n != 0 {
				f.fails[e.ReceiptHandle] = max(n-1, min(n, -1))
				out["Failed"] = append(out["Failed"], map[string]any{"Id": e.ID, "Code": "InternalError", "SenderFault": n < 0})
				continue
			}
			f.deleted = append(f.deleted, e.ReceiptHandle)
			out["Successful"] = append(out["Successful"], map[string]any{"Id": e.ID})
		}
		_ = json.NewEncoder(w).Encode(out)
	case operation == "ChangeMessageVisibility":
		f.renewed <- in.ReceiptHandle
		fmt.Fprint(w, "{}")
	}
}

func (f *fake) list(w http.ResponseWriter, r *http.Request) {
	type content struct{ Key string }
	var out struct {
		XMLName     xml.Name `xml:"ListBucketResult"`
		IsTruncated bool
		Contents    []content
	}
	bucket, after := strings.Trim(r.URL.Path, "/")+"/", r.URL.Query().Get("start-after")
	f.listed = append(f.listed, after)
	var keys []string
	for name := range f.objects {
		if key, ok := strings.CutPrefix(name, bucket); ok && strings.HasPrefix(key, r.URL.Query().Get("prefix")) && key > after {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	out.IsTruncated = len(keys) > f.page
	for _, key := range keys[:min(len(keys), f.page)] {
		out.Contents = append(out.Contents, content{key})
	}
	_ = xml.NewEncoder(w).Encode(out)
}

// stepClock sleeps until the test lets it.
type stepClock struct{ step chan struct{} }

func (stepClock) Now() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) }

func (c stepClock) Sleep(ctx context.Context, _ time.Duration) error {
	select {
	case <-c.step:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// briefClock is done with short sleeps at once, and never with long ones.
type briefClock struct{ stepClock }

func (c briefClock) Sleep(ctx context.Context, d time.Duration) error {
	if d < time.Minute {
		return ctx.Err()
	}
	return c.stepClock.Sleep(ctx, d)
}

var errEnough = errors.New("enough")
