package hunt

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source"
)

// ticker is a script whose clock goes on by a step at each sleep.
type ticker struct {
	script
	now  time.Time
	step time.Duration
}

func (c *ticker) Now() time.Time { return c.now }

func (c *ticker) Sleep(ctx context.Context, d time.Duration) error {
	c.now = c.now.Add(c.step)
	return c.script.Sleep(ctx, d)
}

// followed runs steps between looks at a folder, and gives the events told after each look and what was not read.
func followSteps(t testing.TB, dir string, step time.Duration, steps ...func()) (told [][]string, skipped []string) {
	t.Helper()
	h := hunterOf(t, strings.Split(rules, "---")[0])
	h.Clock = &ticker{script{steps}, start, step}
	_, err := h.Follow(context.Background(), &Follower{Paths: []string{dir}, Tell: func(s source.Skipped) { skipped = append(skipped, filepath.Base(s.Path)+": "+s.Why) },
		Record: func(_ context.Context, fresh []quell.Finding) error {
			var ids []string
			for _, f := range fresh {
				ids = append(ids, f.Events...)
			}
			slices.Sort(ids)
			told = append(told, ids)
			return nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	return told, skipped
}

func hunterOf(t testing.TB, text string) *Hunter {
	t.Helper()
	found, problems := Load(false, fsOf(text))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	program, err := Compile(found)
	if err != nil {
		t.Fatal(err)
	}
	return &Hunter{Program: program, Clock: quell.WallClock{}}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func lines(ids ...string) string {
	var out strings.Builder
	for _, id := range ids {
		out.WriteString(made(id) + "\n")
	}
	return out.String()
}

// TestFollowRotation: whatever way a log is rotated, and however much the new one holds by the next look, each record is told
// once and none is lost.
func TestFollowRotation(t *testing.T) {
	for name, rotate := range map[string]func(log string){
		"renamed": func(log string) {
			must(t, os.Rename(log, log+".1"))
			must(t, os.WriteFile(log, []byte(lines("n1", "n2", "n3", "n4")), 0o600))
		},
		"renamed to an earlier name": func(log string) {
			must(t, os.Rename(log, filepath.Join(filepath.Dir(log), "a-old")))
			must(t, os.WriteFile(log, []byte(lines("n1", "n2", "n3", "n4")), 0o600))
		},
		"copied and cut": func(log string) {
			text, err := os.ReadFile(log)
			must(t, err)
			must(t, os.WriteFile(log+".1", text, 0o600))
			must(t, os.WriteFile(log, []byte(lines("n1")), 0o600))
		},
		"cut and longer than before": func(log string) {
			text, err := os.ReadFile(log)
			must(t, err)
			must(t, os.WriteFile(log+".1", text, 0o600))
			must(t, os.WriteFile(log, []byte(lines("n1", "n2", "n3", "n4")), 0o600))
		},
		"moved away and packed": func(log string) {
			text, err := os.ReadFile(log)
			must(t, err)
			must(t, os.WriteFile(log+".1.gz", []byte(zipped(t, string(text))), 0o600))
			must(t, os.Remove(log))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			log := filepath.Join(dir, "b.jsonl")
			must(t, os.WriteFile(log, []byte(lines("o1", "o2")), 0o600))
			told, skipped := followSteps(t, dir, time.Second,
				func() { appendTo(t, log, lines("o3")); rotate(log) },
				func() {},
				func() { appendTo(t, log, lines("n9")) }, func() {})
			all := slices.Concat(told...)
			slices.Sort(all)
			if got := slices.Compact(slices.Clone(all)); len(got) != len(all) {
				t.Errorf("told twice: %v", told)
			}
			for _, id := range []string{"o1", "o2", "o3", "n9"} {
				if !slices.Contains(all, id) {
					t.Errorf("%s is lost: %v", id, told)
				}
			}
			if strings.Contains(name, "longer") && !slices.Contains(all, "n1") || len(skipped) > 0 {
				t.Errorf("told %v, skipped %v", told, skipped)
			}
		})
	}
}

// TestFollowLastLine: a writer that stops in the middle of a record costs nothing when it goes on, and is told meanwhile.
func TestFollowLastLine(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "a.jsonl")
	must(t, os.WriteFile(log, []byte(lines("l1")+made("l2")[:50]), 0o600))
	wait := func() {}
	told, skipped := followSteps(t, dir, 20*time.Second, wait, wait, wait, wait, wait,
		func() { appendTo(t, log, made("l2")[50:]) }, wait, // no end, but a whole value
		func() { appendTo(t, log, "\n"+lines("l3")) }, wait)
	if diff := cmp.Diff([][]string{{"l1"}, {"l2"}, {"l3"}}, told); diff != "" {
		t.Error(diff)
	}
	if len(skipped) != 1 || !strings.Contains(skipped[0], "breaks off at byte") {
		t.Errorf("skipped %v", skipped)
	}
}

// TestFollowLastText: a line of text that may have been cut anywhere is read once the file has been still for a minute.
func TestFollowLastText(t *testing.T) {
	path := filepath.Join(t.TempDir(), "flows.log")
	line := func(port int) string {
		return fmt.Sprintf("2 111122223333 eni-0a 10.0.0.1 10.0.0.2 1 %d 6 1 40 1772420400 1772420460 REJECT OK", port)
	}
	must(t, os.WriteFile(path, []byte(line(1)+"\n"+line(22)[:70]), 0o600))
	h := kindHunter(t, "title: refused\nid: r1\nlogsource: {product: aws, service: vpcflow}\nlevel: high\ndetection: {s: {action: REJECT}, condition: s}\n")
	h.Clock = &ticker{script{[]func(){func() {}, func() {}, func() { appendTo(t, path, line(22)[70:]) }, func() {}, func() {}, func() {}, func() {}}}, start, 25 * time.Second}
	found := 0
	r, err := h.Follow(t.Context(), &Follower{Paths: []string{path}, Tell: func(s source.Skipped) { t.Errorf("not read: %+v", s) },
		Record: func(_ context.Context, fresh []quell.Finding) error { found += len(fresh); return nil }})
	if err != nil || found != 2 || r.Events != 2 {
		t.Errorf("%d found, %+v, %v", found, r, err)
	}
}

// TestFollowOdd: links are followed without going round, a file of two names is read once, pipes are left alone, and what
// cannot be read is told once however often it is looked at.
func TestFollowOdd(t *testing.T) {
	dir, away := t.TempDir(), t.TempDir()
	must(t, os.WriteFile(filepath.Join(away, "real.jsonl"), []byte(lines("r1")), 0o600))
	must(t, os.Symlink(away, filepath.Join(dir, "linked")))
	must(t, os.Symlink(dir, filepath.Join(away, "back")))
	must(t, os.Symlink(filepath.Join(dir, "none"), filepath.Join(dir, "dangling")))
	must(t, os.Link(filepath.Join(away, "real.jsonl"), filepath.Join(dir, "again.jsonl")))
	must(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "prose.txt"), []byte("hello\n"), 0o600))
	wait := func() {}
	told, skipped := followSteps(t, dir, time.Second, wait, wait, wait)
	if diff := cmp.Diff([][]string{{"r1"}}, told); diff != "" {
		t.Error(diff)
	}
	slices.Sort(skipped)
	if len(skipped) != 3 || !strings.HasPrefix(skipped[0], "dangling: ") || !strings.HasPrefix(skipped[1], "pipe: not a regular file") || !strings.HasPrefix(skipped[2], "prose.txt: ") {
		t.Errorf("skipped %q", skipped)
	}
}

// TestFollowForgetsFiles: files that are gone are not remembered for ever.
func TestFollowForgetsFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.jsonl")
	must(t, os.WriteFile(path, []byte(lines("a1")), 0o600))
	h := hunterOf(t, strings.Split(rules, "---")[0])
	f := &Follower{Paths: []string{dir}}
	for i := range unseenLooks + 2 {
		if _, err := h.look(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			must(t, os.Remove(path))
		}
	}
	if len(f.files) != 0 {
		t.Errorf("%d files are remembered", len(f.files))
	}
}

// TestFollowAnyWriter: however a log's bytes come in pieces, and whenever it is rotated, each record is told once.
func TestFollowAnyWriter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp("", "follow")
		if err != nil {
			rt.Fatal(err)
		}
		defer os.RemoveAll(dir)
		log := filepath.Join(dir, "m.jsonl")
		var want []string
		text := ""
		for i := range rapid.IntRange(1, 12).Draw(rt, "records") {
			want = append(want, fmt.Sprintf("e%02d", i))
			text += made(want[i]) + "\n"
		}
		var steps []func()
		for rest, n := text, 0; rest != ""; n++ {
			piece := rest[:rapid.IntRange(1, len(rest)).Draw(rt, "piece")]
			rest = rest[len(piece):]
			steps = append(steps, func() { appendTo(t, log, piece) })
			// A log is rotated between two records, not within one.
			if strings.HasSuffix(piece, "\n") && rapid.Bool().Draw(rt, "rotate") {
				steps = append(steps, func() { must(t, os.Rename(log, fmt.Sprintf("%s.%d", log, n))) })
			}
			if rapid.Bool().Draw(rt, "pause") {
				steps = append(steps, func() {}, func() {})
			}
		}
		told, _ := followSteps(t, dir, time.Duration(rapid.IntRange(1, 90).Draw(rt, "seconds"))*time.Second, append(steps, func() {}, func() {})...)
		got := slices.Concat(told...)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			rt.Fatalf("told %v of %v", got, want)
		}
	})
}

// BenchmarkLook is a look at ten thousand files in which nothing is new.
func BenchmarkLook(b *testing.B) {
	dir := b.TempDir()
	for i := range 10_000 {
		sub := filepath.Join(dir, fmt.Sprint(i/100))
		must(b, os.MkdirAll(sub, 0o700))
		must(b, os.WriteFile(filepath.Join(sub, fmt.Sprint(i, ".jsonl")), []byte(lines("a")), 0o600))
	}
	h := hunterOf(b, strings.Split(rules, "---")[0])
	f := &Follower{Paths: []string{dir}}
	for range 2 {
		_, err := h.look(b.Context(), f)
		must(b, err)
	}
	for b.Loop() {
		n, err := h.look(b.Context(), f)
		must(b, err)
		if n > 0 {
			b.Fatalf("%d files are new", n)
		}
	}
}

// FuzzHear: whatever passes for a record of an own call, only the word of one is heard.
func FuzzHear(f *testing.F) {
	f.Add(`{"userAgent":"aws-sdk-go-v2 app/quell-canary-ABC m/E","awsRegion":"eu-west-1","eventTime":"2026-03-02T03:00:00Z"}`)
	f.Add(`{"userAgent":"quell-canary-","awsRegion":"eu-west-1","eventTime":"2026-03-02T03:00:00Z"}`)
	f.Add(`{"userAgent":"[quell-canary-quell-canary-WORD]","awsRegion":"eu-west-1","eventTime":7}`)
	f.Fuzz(func(t *testing.T, raw string) {
		heard := false
		b := &Heartbeat{Span: time.Minute, Regions: []string{"eu-west-1"}, Clock: &calm{start},
			Call:  func(context.Context, string, string) error { return nil },
			Debug: func(string, ...any) { heard = true }}
		b.Watch(&Hunter{})
		b.judges["eu-west-1"].Sent("WORD-THAT-NOBODY-KNOWS", start)
		b.hear([]byte(raw))
		if heard && !strings.Contains(raw, "WORD-THAT-NOBODY-KNOWS") && !strings.Contains(raw, `\u`) {
			t.Errorf("heard in %q", raw)
		}
	})
}
