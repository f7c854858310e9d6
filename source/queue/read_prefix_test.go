package queue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source"
)

// tree is a bucket of one file a day in three regions, and things that are no logs.
func bucket() map[string]string {
	objects := map[string]string{"logs/AWSLogs/": "", "logs/AWSLogs/readme.txt": "prose", "logs/other/x.json": "[]"}
	for _, region := range []string{"ap-south-1", "eu-west-1", "us-east-1"} {
		for day := 1; day <= 28; day++ {
			objects[fmt.Sprintf("logs/AWSLogs/111122223333/CloudTrail/%s/2026/03/%02d/a.json", region, day)] = `{"Records":[]}`
		}
	}
	return objects
}

func readPrefix(t *testing.T, p Prefix) (origins, marks []string, report PrefixReport) {
	t.Helper()
	var mu sync.Mutex
	report, err := p.Read(t.Context(), func(_ context.Context, d source.Document) error {
		_, err := io.Copy(io.Discard, d.Reader)
		mu.Lock()
		defer mu.Unlock()
		origins = append(origins, d.Origin)
		return err
	}, func(after string) error {
		marks = append(marks, after)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(origins)
	return origins, marks, report
}

func TestPrefix(t *testing.T) {
	f, cfg := start(t, nil, bucket())
	f.page = 3
	p := Prefix{Config: cfg, Bucket: "logs", Key: "AWSLogs/", Options: source.Options{
		Regions: []string{"eu-west-1"}, Since: time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC), Until: time.Date(2026, 3, 12, 0, 0, 0, 0, time.UTC), Workers: 2}}
	origins, marks, report := readPrefix(t, p)
	var want []string
	for day := 10; day <= 13; day++ {
		want = append(want, fmt.Sprintf("s3://logs/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/%d/a.json", day))
	}
	if !slices.Equal(origins, want) {
		t.Errorf("read %v", origins)
	}
	// 87 keys in pages of three are 29 listings; what is not wanted is jumped over.
	if report.Pages > 7 || len(report.Skipped) != 1 || !strings.HasSuffix(report.Skipped[0].Why, `begins with "prose"`) {
		t.Errorf("%+v, listed after %q", report, f.listed)
	}
	// From any mark on the rest is read, and nothing before.
	for i, mark := range marks {
		p.After = mark
		again, _, _ := readPrefix(t, p)
		for _, origin := range again {
			if strings.TrimPrefix(origin, "s3://logs/") <= mark {
				t.Errorf("from mark %d %s is read again", i, origin)
			}
		}
		if len(again) > 0 && !slices.Equal(again, want[len(want)-len(again):]) {
			t.Errorf("from mark %d: %v", i, again)
		}
	}
}

func TestPrefixFailures(t *testing.T) {
	_, cfg := start(t, nil, map[string]string{"logs/denied.json": "", "logs/z.json": "[]", "logs/breaks.json": "[1, 2, 3"})
	p := Prefix{Config: cfg, Bucket: "logs"}
	origins, _, report := readPrefix(t, p)
	if len(origins) != 2 || len(report.Skipped) != 2 || !strings.Contains(report.Skipped[0].Why, "unexpected EOF") || !strings.Contains(report.Skipped[1].Why, "AccessDenied") {
		t.Errorf("read %v, %+v", origins, report)
	}
	// No mark is told for a page that is not recorded.
	_, err := p.Read(t.Context(), func(context.Context, source.Document) error { return errEnough }, func(after string) error {
		t.Errorf("mark %s", after)
		return nil
	})
	if !errors.Is(err, errEnough) {
		t.Errorf("error %v", err)
	}
	none := func(context.Context, source.Document) error { return nil }
	if _, err := p.Read(t.Context(), none, func(string) error { return errEnough }); !errors.Is(err, errEnough) {
		t.Errorf("error %v", err)
	}
	nowhere := "http://127.0.0.1:1"
	p.Config.BaseEndpoint = &nowhere
	if _, err := p.Read(t.Context(), none, nil); quell.CodeOf(err) != quell.CodeFailed {
		t.Errorf("error %v", err)
	}
}
