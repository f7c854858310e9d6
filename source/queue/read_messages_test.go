package queue

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source"
)

// sns wraps a text as SNS sends it.
func sns(t *testing.T, text string) string {
	t.Helper()
	out, err := json.Marshal(map[string]string{"Type": "Notification", "Message": text})
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// drain reads a queue until nothing is in it any more.
func drain(t *testing.T, q Queue) (texts map[string]string, asides []Aside, report Report) {
	t.Helper()
	texts = map[string]string{}
	q.Drain = true
	report, err := q.Messages(t.Context(), func(_ context.Context, d source.Document) error {
		text, err := io.ReadAll(d.Reader)
		texts[d.Origin] = string(d.Kind) + " " + string(text)
		return err
	}, func(_ context.Context, a Aside) error {
		asides = append(asides, a)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts, asides, report
}

func TestMessages(t *testing.T) {
	const notice = `{"Records":[{"eventSource":"aws:s3","s3":{"bucket":{"name":"logs"},"object":{"key":"a+b%3D.json"}}}]}`
	bodies := []string{
		notice, sns(t, strings.ReplaceAll(notice, "a+b%3D.json", "c.json")),
		`{"source":"aws.s3","detail-type":"Object Created","detail":{"bucket":{"name":"logs"},"object":{"key":"d e.json"}}}`,
		sns(t, `{"s3Bucket":"logs","s3ObjectKey":["c.json","d e.json"]}`),
		`{"detail-type":"AWS API Call via CloudTrail","detail":{"eventName":"X"}}`, sns(t, `{"eventName":"Y","eventTime":"2026-03-04T05:06:07Z"}`),
		`{"Service":"Amazon S3","Event":"s3:TestEvent"}`,
		"hello", strings.ReplaceAll(notice, "a+b%3D", "gone"), strings.ReplaceAll(notice, "a+b%3D", "denied"), strings.ReplaceAll(notice, "logs", "elsewhere"),
		strings.ReplaceAll(notice, "a+b%3D", "%zz"), strings.ReplaceAll(notice, "a+b%3D.json", ""), strings.ReplaceAll(notice, "a+b%3D", "breaks"), " ",
		strings.ReplaceAll(notice, "a+b%3D", "text"),
	}
	f, cfg := start(t, bodies, map[string]string{"logs/a b=.json": "[1]", "logs/c.json": "[2]", "logs/d e.json": "[3]", "logs/breaks.json": "[4, 5, 6", "logs/text.json": "prose"})
	texts, asides, report := drain(t, Queue{Config: cfg, URL: cfg2url(cfg.BaseEndpoint), Clock: stepClock{}, Buckets: []string{"logs"}})
	want := map[string]string{
		"s3://logs/a b=.json": "json [1]", "s3://logs/c.json": "json [2]", "s3://logs/d e.json": "json [3]", "s3://logs/breaks.json": "json [4, 5, 6",
		"sqs:m4": "json " + bodies[4], "sqs:m5": `json {"eventName":"Y","eventTime":"2026-03-04T05:06:07Z"}`,
	}
	if diff := cmp.Diff(want, texts); diff != "" {
		t.Error(diff)
	}
	slices.SortFunc(asides, func(a, b Aside) int { return strings.Compare(a.ID, b.ID) })
	var why []string
	for _, a := range asides {
		why = append(why, a.ID+" "+a.Why)
	}
	for i, begins := range []string{
		"m10 bucket elsewhere is none of those", "m11 a notice of S3 whose key cannot be decoded", "m12 a notice of an object without its bucket or key",
		"m13 read s3://logs/breaks.json: unexpected EOF", "m14 an empty message", `m15 s3://logs/text.json: not JSON: begins with "prose"`,
		`m7 sqs:m7: not a log: begins with "hello"`, "m8 get s3://logs/gone.json: NoSuchKey", "m9 get s3://logs/denied.json:",
	} {
		if i >= len(why) || !strings.HasPrefix(why[i], begins) {
			t.Errorf("set aside %q, want %s", why[min(i, len(why)-1)], begins)
		}
	}
	// What may pass was tried five times, what cannot but once.
	for _, a := range asides {
		if tries := map[bool]int{true: 5, false: 1}[a.ID == "m9" || a.ID == "m13"]; a.Received != tries {
			t.Errorf("%s after %d times, want %d", a.ID, a.Received, tries)
		}
	}
	if report.Nothing != 1 || f.deletes > 9 {
		t.Errorf("%+v in %d deletions", report, f.deletes)
	}
	if report.Deleted != len(bodies) || len(f.deleted) != len(bodies) || report.Aside != 9 || report.Left != 8 || report.Objects != 5 {
		t.Errorf("%+v, deleted %v", report, f.deleted)
	}
}

// TestMessagesKeptUntilRecorded: what is not recorded, or whose reason is not, stays in the queue.
func TestMessagesKeptUntilRecorded(t *testing.T) {
	f, cfg := start(t, []string{`{"eventName":"Y"}`, "hello"}, nil)
	q := Queue{Config: cfg, URL: cfg2url(cfg.BaseEndpoint), Clock: stepClock{}, Drain: true}
	_, err := q.Messages(t.Context(), func(context.Context, source.Document) error { return errEnough }, nil)
	if !errors.Is(err, errEnough) || len(f.deleted) != 0 {
		t.Errorf("error %v, deleted %v", err, f.deleted)
	}
	_, err = q.Messages(t.Context(), func(context.Context, source.Document) error { return nil }, func(context.Context, Aside) error { return errEnough })
	if !errors.Is(err, errEnough) || !slices.Equal(f.deleted, []string{"m0"}) {
		t.Errorf("error %v, deleted %v", err, f.deleted)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = q.Messages(ctx, nil, func(ctx context.Context, _ Aside) error { cancel(); return ctx.Err() })
	if !errors.Is(err, context.Canceled) || len(f.deleted) != 1 {
		t.Errorf("error %v, deleted %v", err, f.deleted)
	}
	q.URL = "http://127.0.0.1:1/queue"
	q.Config.BaseEndpoint = &q.URL
	if _, err := q.Messages(t.Context(), nil, nil); quell.CodeOf(err) != quell.CodeFailed || !strings.Contains(err.Error(), "sqs:ReceiveMessage") {
		t.Errorf("error %v", err)
	}
}

// TestMessagesHeld: while one is worked on, it, those that wait and those that are not deleted yet stay invisible.
func TestMessagesHeld(t *testing.T) {
	f, cfg := start(t, []string{`{"eventName":"A"}`, `{"eventName":"B"}`, `{"eventName":"C"}`}, nil)
	clock := stepClock{step: make(chan struct{})}
	q := Queue{Config: cfg, URL: cfg2url(cfg.BaseEndpoint), Clock: clock, Drain: true}
	n := 0
	report, err := q.Messages(t.Context(), func(context.Context, source.Document) error {
		if n++; n == 2 {
			clock.step <- struct{}{}
			got := []string{<-f.renewed, <-f.renewed, <-f.renewed}
			slices.Sort(got)
			if !slices.Equal(got, []string{"m0", "m1", "m2"}) {
				t.Errorf("renewed %v", got)
			}
		}
		return nil
	}, nil)
	if err != nil || report.Deleted != 3 || report.Late != 0 || len(f.renewed) != 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

// TestMessagesDeletedInParts: what SQS cannot delete for now is asked for again, and what it never can is counted.
func TestMessagesDeletedInParts(t *testing.T) {
	bodies := slices.Repeat([]string{`{"eventName":"A"}`}, 12)
	f, cfg := start(t, bodies, nil)
	f.fails = map[string]int{"m1": 2, "m3": 100, "m4": -1}
	n := 0
	q := Queue{Config: cfg, URL: cfg2url(cfg.BaseEndpoint), Clock: briefClock{}, Drain: true}
	ctx, cancel := context.WithCancel(t.Context())
	report, err := q.Messages(ctx, func(context.Context, source.Document) error {
		if n++; n == 13 { // m10: the second receive began with those that came again
			cancel()
		}
		return ctx.Err()
	}, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	// m3 and m4 cannot go, twice.
	if report.Again != 4 || report.Deleted != 8 || slices.Contains(f.deleted, "m3") || !slices.Contains(f.deleted, "m1") {
		t.Errorf("%+v, deleted %v", report, f.deleted)
	}
}

// TestMessagesDeletedThoughInterrupted: what is recorded is deleted although the reading was interrupted after it.
func TestMessagesDeletedThoughInterrupted(t *testing.T) {
	f, cfg := start(t, []string{`{"eventName":"A"}`, `{"eventName":"B"}`, `{"eventName":"C"}`}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	report, err := Queue{Config: cfg, URL: cfg2url(cfg.BaseEndpoint), Clock: stepClock{}}.Messages(ctx, func(context.Context, source.Document) error {
		if n++; n == 2 {
			cancel()
		}
		return ctx.Err()
	}, nil)
	if !errors.Is(err, context.Canceled) || !slices.Equal(f.deleted, []string{"m0"}) || report.Deleted != 1 {
		t.Errorf("%v, %+v, deleted %v", err, report, f.deleted)
	}
}

// TestMessagesGoOn: a queue that fails for a while once it has answered is told and asked again; one that never answered is
// an error.
func TestMessagesGoOn(t *testing.T) {
	f, cfg := start(t, slices.Repeat([]string{`{"eventName":"A"}`}, 11), nil)
	f.down = 5
	ctx, cancel := context.WithCancel(t.Context())
	n, told := 0, 0
	q := Queue{Config: cfg, URL: cfg2url(cfg.BaseEndpoint), Clock: briefClock{}, Tell: func(err error) {
		if told++; quell.CodeOf(err) != quell.CodeFailed {
			t.Errorf("told %v", err)
		}
	}}
	report, err := q.Messages(ctx, func(context.Context, source.Document) error {
		if n++; n == 11 {
			cancel()
		}
		return nil
	}, nil)
	if !errors.Is(err, context.Canceled) || told != 5 || report.Messages != 11 || report.Deleted != 11 {
		t.Errorf("%v, told %d times, %+v", err, told, report)
	}
}

// TestReadNotice: what a message tells of, in every form that S3's notices come in.
func TestReadNotice(t *testing.T) {
	record := func(name, key, version string) string {
		return `{"eventVersion":"2.1","eventSource":"aws:s3","eventName":"` + name + `","s3":{"bucket":{"name":"logs"},"object":{"key":"` + key + `","versionId":"` + version + `"}}}`
	}
	bridge := func(kind string) string {
		return `{"version":"0","detail-type":"` + kind + `","source":"aws.s3","detail":{"bucket":{"name":"logs"},"object":{"key":"a+b%2B c","version-id":"v2"}}}`
	}
	for name, tt := range map[string]struct {
		body string
		want []object
	}{
		"encoded":           {`{"Records":[` + record("ObjectCreated:Put", "a+b%2Bc%20%C3%A4%3D", "v1") + `]}`, []object{{"logs", "a b+c ä=", "v1"}}},
		"by SNS":            {sns(t, `{"Records":[`+record("ObjectCreated:Copy", "k", "")+`]}`), []object{{"logs", "k", ""}}},
		"by two topics":     {sns(t, sns(t, `{"Records":[`+record("ObjectCreated:Put", "k", "")+`]}`)), []object{{"logs", "k", ""}}},
		"from cold storage": {`{"Records":[` + record("ObjectRestore:Completed", "k", "") + `]}`, []object{{"logs", "k", ""}}},
		"deleted":           {`{"Records":[` + record("ObjectRemoved:Delete", "k", "") + `]}`, nil},
		"one of two":        {`{"Records":[` + record("ObjectRemoved:Delete", "k", "") + `,` + record("ObjectCreated:Put", "l", "") + `]}`, []object{{"logs", "l", ""}}},
		"bridge":            {bridge("Object Created"), []object{{"logs", "a+b%2B c", "v2"}}},
		"bridge, restored":  {bridge("Object Restore Completed"), []object{{"logs", "a+b%2B c", "v2"}}},
		"bridge, deleted":   {bridge("Object Deleted"), nil},
		"bridge, by SNS":    {sns(t, bridge("Object Tags Added")), nil},
		"test":              {`{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-03-04T05:06:07Z","Bucket":"logs"}`, nil},
		"test by SNS":       {sns(t, `{"Service":"Amazon S3","Event":"s3:TestEvent"}`), nil},
		"CloudTrail's own":  {`{"s3Bucket":"logs","s3ObjectKey":["a+b","c"]}`, []object{{"logs", "a+b", ""}, {"logs", "c", ""}}},
	} {
		got, inline, err := readNotice([]byte(tt.body))
		if err != nil || inline != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, %q, %v", name, got, inline, err)
		}
	}
}

// TestVersion: the version that a notice names is the one that is read.
func TestVersion(t *testing.T) {
	f, cfg := start(t, []string{`{"Records":[{"eventSource":"aws:s3","s3":{"bucket":{"name":"logs"},"object":{"key":"a.json","versionId":"v 1"}}}]}`}, map[string]string{"logs/a.json": "[1]"})
	drain(t, Queue{Config: cfg, URL: cfg2url(cfg.BaseEndpoint), Clock: stepClock{}})
	if !slices.Equal(f.versions, []string{"v 1"}) {
		t.Errorf("versions %q", f.versions)
	}
}

// cfg2url is the queue's URL at the fake.
func cfg2url(endpoint *string) string { return *endpoint + "/111122223333/findings" }

func FuzzReadNotice(f *testing.F) {
	f.Add([]byte(`{"Records":[{"eventSource":"aws:s3","s3":{"bucket":{"name":"b"},"object":{"key":"k%20"}}}]}`))
	f.Add([]byte(`{"Type":"Notification","Message":"{\"s3Bucket\":\"b\",\"s3ObjectKey\":[\"k\"]}"}`))
	f.Add([]byte(`{"source":"aws.s3","detail-type":"Object Created","detail":{"bucket":[]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		objects, inline, err := readNotice(body)
		if err != nil && (objects != nil || inline != nil) || objects != nil && inline != nil || len(objects) > maxObjects {
			t.Errorf("%v, %q, %v", objects, inline, err)
		}
		for _, o := range objects {
			if o.bucket == "" || o.key == "" {
				t.Errorf("%+v", o)
			}
		}
	})
}
