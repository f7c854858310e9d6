package hunt

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect/baseline"
)

// watchHabits is a hunter that compares with nothing learnt before.
func watchHabits(t *testing.T, clock quell.Clock) *Hunter {
	t.Helper()
	every, err := WithEveryRecord(nil)
	must(t, err)
	program, err := Compile(every)
	must(t, err)
	return &Hunter{Program: program, Clock: clock, Habits: Compare(clock, &baseline.Book{})}
}

// worked is a record of a program's daily work, and stolen one of its key elsewhere.
func worked(day int) string {
	return strings.Replace(record(fmt.Sprint("w", day), "PutUserPolicy", "bot", start.Add(time.Duration(day)*24*time.Hour), ""), "203.0.113.9", "198.51.100.7", 1)
}

func stolen(day, n int, name string) string {
	text := record(fmt.Sprint("s", n), name, "bot", start.Add(time.Duration(day)*24*time.Hour+time.Duration(n)*time.Minute), "")
	return strings.Replace(text, "aws-cli/2", "curl/8", 1)
}

// TestFollowBaseline: what the baseline comes to is told while a file grows, once, and again where it has become worse, also
// days after the clock went past what is kept.
func TestFollowBaseline(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.jsonl")
	var text strings.Builder
	for day := range 30 {
		text.WriteString(worked(day) + "\n")
	}
	must(t, os.WriteFile(path, []byte(text.String()), 0o600))
	add := func(line string) func() { return func() { appendTo(t, path, line+"\n") } }
	clock := &ticker{now: start.Add(30 * 24 * time.Hour), step: time.Hour}
	leap := func() { clock.now = clock.now.Add(5 * 24 * time.Hour) }
	clock.steps = []func(){
		add(worked(30)), add(stolen(30, 1, "ListUsers")), add(stolen(30, 2, "CreateUser")), add(stolen(30, 3, "AttachUserPolicy")), func() {}, add(stolen(30, 4, "AttachUserPolicy")),
		add(worked(31)), leap, add(worked(32)), leap, add(strings.ReplaceAll(stolen(40, 9, "CreateUser"), "203.0.113.9", "192.0.2.77")),
	}
	h := watchHabits(t, clock)
	var told []string
	r, err := h.Follow(t.Context(), &Follower{Paths: []string{path}, Record: func(_ context.Context, fresh []quell.Finding) error {
		for _, f := range fresh {
			told = append(told, fmt.Sprintf("%s %s of %d", f.Severity, f.Events[0], len(f.Events)))
		}
		return nil
	}})
	if err != nil || r.Events != 38 || len(r.Blind) != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	if want := []string{"medium s1 of 1", "high s1 of 2", "medium s9 of 1"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	if !h.Habits.own || h.Habits.known.Len() != 1 {
		t.Error("nothing was moved to what is known")
	}
}

// TestEndlessBurst: a burst that goes on for days, and loses its first events, is one burst; the next one is another.
func TestEndlessBurst(t *testing.T) {
	h := hunterOf(t, rules)
	told := 0
	minute := 0
	see := func(minutes int) {
		for range minutes {
			at := start.Add(time.Duration(minute) * time.Minute)
			line := json.RawMessage(record(fmt.Sprint("b", minute), "CreateUser", "eve", at, ""))
			must(t, h.Records([]json.RawMessage{line}, "a stream"))
			minute++
			if minute%30 != 0 {
				continue
			}
			for _, f := range h.Fresh() {
				if f.Severity == quell.Critical {
					told++
				}
			}
			h.Forget(at)
		}
	}
	see(60 * 24 * 3)
	if told != 1 {
		t.Errorf("one burst of three days was told %d times", told)
	}
	minute += 60
	see(60)
	if told != 2 {
		t.Errorf("after the second burst %d were told", told)
	}
	if n := len(h.bursts); n != 1 {
		t.Errorf("%d groups are remembered", n)
	}
}

// TestFollowOldLogs: logs of long ago that come to a stream piece by piece correlate like those of today.
func TestFollowOldLogs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.jsonl")
	clock := &ticker{now: start.Add(365 * 24 * time.Hour), step: 5 * time.Minute}
	for i := range 3 {
		clock.steps = append(clock.steps, func() { appendTo(t, path, made(fmt.Sprint("e", i))+"\n") })
	}
	appendTo(t, path, record("r", "ListUsers", "eve", start, "")+"\n")
	h := hunterOf(t, rules)
	h.Clock = clock
	var told []string
	_, err := h.Follow(t.Context(), &Follower{Paths: []string{path}, Record: func(_ context.Context, fresh []quell.Finding) error {
		for _, f := range fresh {
			told = append(told, f.Severity.String())
		}
		return nil
	}})
	slices.Sort(told)
	if err != nil || !slices.Equal(told, []string{"critical", "high", "high", "high"}) {
		t.Errorf("told %v, %v", told, err)
	}
	// A record of the future must not make the stream forget today.
	must(t, h.Records([]json.RawMessage{json.RawMessage(record("f", "CreateUser", "eve", clock.now.Add(999*time.Hour), ""))}, "forged"))
	if got := h.through(); !got.Equal(clock.now) {
		t.Errorf("through %v", got)
	}
}
