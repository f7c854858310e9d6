package baseline_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect/baseline"
)

// drawEvents makes a year's events of a few principals, of every shape that matters, some delivered twice.
func drawEvents(t *rapid.T) []quell.Event {
	n := rapid.IntRange(1, 120).Draw(t, "events")
	var out []quell.Event
	for i := range n {
		day := rapid.IntRange(0, 300).Draw(t, "day")
		out = append(out, act(day, float64(i)/10, func(e *quell.Event) {
			who := rapid.IntRange(0, 2).Draw(t, "who")
			e.Actor.Principal, e.Actor.Name = fmt.Sprintf("AIDAEXAMPLE%010d", who), fmt.Sprint("user", who)
			e.SourceIP = rapid.SampledFrom([]string{"198.51.100.7", "203.0.113.1", "10.0.0.1", "sts.amazonaws.com"}).Draw(t, "ip")
			e.Region = rapid.SampledFrom([]string{"eu-west-1", "us-east-1"}).Draw(t, "region")
			e.UserAgent = rapid.SampledFrom([]string{"aws-cli/2", "Boto3/1"}).Draw(t, "agent")
			e.Source = rapid.SampledFrom([]string{"s3.amazonaws.com", "iam.amazonaws.com"}).Draw(t, "service")
			e.Name = rapid.SampledFrom([]string{"GetObject", "CreateUser", "PutObject"}).Draw(t, "name")
			e.ReadOnly = e.Name == "GetObject"
		}))
	}
	for range rapid.IntRange(0, 10).Draw(t, "again") {
		out = append(out, out[rapid.IntRange(0, n-1).Draw(t, "which")])
	}
	return out
}

func write(t rapid.TB, b *baseline.Book) string {
	t.Helper()
	var text bytes.Buffer
	if err := b.Write(&text); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// TestOrderDoesNotMatter: neither what is learnt nor what is found depends on the order of events, on a file that comes
// twice, or on how the learning was cut into hunts.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := drawEvents(t)
		a, b := collect(events), collect(append(rapid.Permutation(events).Draw(t, "order"), events[0]))
		if x, y := write(t, a.Book()), write(t, b.Book()); x != y {
			t.Fatalf("books differ:\n%s\n%s", x, y)
		}
		if diff := cmp.Diff(a.Judge(nil), b.Judge(nil)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestJoiningIsOrderless: whole days learnt in parts, in any order and twice, give the same book.
func TestJoiningIsOrderless(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := drawEvents(t)
		parts := map[bool][]quell.Event{}
		cut := start.AddDate(0, 0, rapid.IntRange(0, 300).Draw(t, "cut")).Truncate(24 * time.Hour)
		for _, e := range events {
			parts[e.Time.Before(cut)] = append(parts[e.Time.Before(cut)], e)
		}
		early, late := collect(parts[true]).Book(), collect(parts[false]).Book()
		var x, y baseline.Book
		for _, b := range []*baseline.Book{early, late, early} {
			x.Join(b)
		}
		for _, b := range []*baseline.Book{late, early} {
			y.Join(b)
		}
		whole := write(t, collect(events).Book())
		if got := write(t, &x); got != whole {
			t.Fatalf("early first:\n%s\n%s", got, whole)
		}
		if got := write(t, &y); got != whole {
			t.Fatalf("late first:\n%s\n%s", got, whole)
		}
		again, err := baseline.Read(strings.NewReader(whole))
		if err != nil {
			t.Fatal(err)
		}
		if got := write(t, again); got != whole {
			t.Fatalf("read again:\n%s\n%s", got, whole)
		}
	})
}

func TestReadRefuses(t *testing.T) {
	head := `{"format":"quell-baseline","version":1}` + "\n"
	line := `{"account":"111122223333","principal":"AIDA1","first":"2026-01-01T00:00:00Z","last":"2026-01-02T00:00:00Z","days":"320:1","values":{}}`
	if b, err := baseline.Read(strings.NewReader(head + line)); err != nil || b.Len() != 1 {
		t.Fatalf("a good one is refused: %v", err)
	}
	if b, err := baseline.Read(strings.NewReader("")); err != nil || b.Len() != 0 {
		t.Fatalf("nothing is no empty book: %v", err)
	}
	for text, want := range map[string]string{
		"{}": "line 1: this is no baseline", "PK\x03\x04": "line 1",
		`{"format":"quell-baseline","version":9}`: "its version is 9",
		head + "{": "line 2",
		head + `{"principal":"x","account":"../x"}`:                                     "without an account",
		head + strings.Replace(line, "2026-01-02", "2025-01-02", 1):                     "times that cannot be",
		head + strings.Replace(line, "320:1", "320:zz", 1):                              "no set of days",
		head + strings.Replace(line, "320:1", "9999999:1", 1):                           "no set of days",
		head + strings.Replace(line, "AIDA1", `\u001b[31m`, 1):                          "a name that cannot be",
		head + strings.Replace(line, `"values":{}`, `"values":{"moon":{}}`, 1):          `dimension "moon"`,
		head + strings.Replace(line, `{}`, `{},"volumes":{"s3:GetObject":{"1":-1}}`, 1): "a volume",
		head + strings.Repeat(" ", 5<<20):                                               "too long",
	} {
		_, err := baseline.Read(strings.NewReader(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80q: %v, want %q", text, err, want)
		}
	}
}

// FuzzRead: whatever is read can be written, and read again the same.
func FuzzRead(f *testing.F) {
	var good bytes.Buffer
	if err := collect(routine(0, 20)).Book().Write(&good); err != nil {
		f.Fatal(err)
	}
	f.Add(good.Bytes())
	f.Add([]byte(`{"format":"quell-baseline","version":1}` + "\n" + `{"principal":"x","first":"2026-01-01T00:00:00Z","last":"2026-01-01T00:00:00Z","days":"1:2"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := baseline.Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		first := write(t, b)
		again, err := baseline.Read(strings.NewReader(first))
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, first)
		}
		if second := write(t, again); second != first {
			t.Fatalf("%s\n%s", first, second)
		}
		collect(routine(0, 3)).Judge(b)
	})
}

// TestRoomIsBounded: an intruder who changes his address with every call makes the profile no larger, and is counted.
func TestRoomIsBounded(t *testing.T) {
	c := &baseline.Collector{}
	for i := range 3000 {
		e := act(i%30, float64(i)/1000, from(fmt.Sprintf("%d.%d.0.1", 11+i/250, i%250)))
		c.Add(&e)
	}
	p := c.Book().Profiles()[0]
	if n := len(p.Values[baseline.Network]); n > 256 {
		t.Errorf("%d networks are kept", n)
	}
	if p.Dropped == 0 {
		t.Error("what was dropped is not counted")
	}
	if p.Sum() == nil || p.Days.Total() < 30 {
		t.Errorf("profile %+v", p)
	}
}

func TestFindAndRemove(t *testing.T) {
	b := collect(append(routine(0, 2), others(0, 2)...)).Book()
	if got := b.Find("deploy"); len(got) != 1 || got[0].Principal != "AIDAEXAMPLEDEPLOYBOT1" {
		t.Fatalf("found %v", got)
	}
	if got := b.Find("AIDAEXAMPLESOMEONE22"); len(got) != 1 {
		t.Fatalf("found %v", got)
	}
	b.Remove(b.Find("deploy")[0].ID())
	if b.Len() != 1 || len(b.Find("deploy")) != 0 {
		t.Error("it was not forgotten")
	}
}
