package main

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestProgressLine(t *testing.T) {
	files := standing{bytes: 1_200_000_000, total: 2_900_000_000, files: 23, totalFiles: 57, events: 1_820_000, findings: 12, done: -1, of: -1, pages: -1}
	pipe := unknown()
	pipe.bytes, pipe.files, pipe.events = 52_000, 0, 31
	regions := unknown()
	regions.done, regions.of, regions.pages, regions.events = 3, 17, 41, 2050
	whole := files
	whole.bytes, whole.files = whole.total, whole.totalFiles
	for _, test := range []struct {
		name    string
		at      standing
		elapsed time.Duration
		columns int
		want    string
	}{
		{"all of it", files, 10 * time.Second, 120,
			"[=========               ]   41%  1.2 GB of 2.9 GB  182k events/s  12 findings  23 of 57 files  14s left"},
		{"eighty columns", files, 10 * time.Second, 80, " 41%  1.2 GB of 2.9 GB  182k events/s  12 findings  23 of 57 files  14s left"},
		{"sixty", files, 10 * time.Second, 60, "[====      ]   41%  1.2 GB of 2.9 GB  12 findings  14s left"},
		{"forty", files, 10 * time.Second, 40, " 41%  1.2 GB of 2.9 GB  14s left"},
		{"ten", files, 10 * time.Second, 10, " 41%"},
		{"three", files, 10 * time.Second, 3, ""},
		{"none", files, 10 * time.Second, 0, ""},
		{"too early to tell", files, time.Second, 80, "[===     ]   41%  1.2 GB of 2.9 GB  1820k events/s  12 findings  23 of 57 files"},
		{"all is read", whole, 20 * time.Second, 70, "100%  2.9 GB of 2.9 GB  91k events/s  12 findings  putting together"},
		{"a pipe has no end", pipe, 10 * time.Second, 80, "52.0 kB  3 events/s  0 findings  0 files"},
		{"regions", regions, 10 * time.Second, 80, "[====                    ]  3 of 17 regions  205 events/s  0 findings  41 pages"},
		{"nothing yet", unknown(), 0, 80, "0 events  0 findings"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := progressLine(test.at, test.elapsed, test.columns)
			if len(got) >= max(test.columns, 1) {
				t.Errorf("%d columns in a terminal of %d: %q", len(got), test.columns, got)
			}
			if got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// TestProgressLineNeverWraps tries every width and wild numbers.
func TestProgressLineNeverWraps(t *testing.T) {
	for columns := range 200 {
		for _, n := range []int64{-1, 0, 1, 999, 1 << 20, 1 << 40, 1<<63 - 1} {
			s := standing{bytes: n, total: max(n, 1), files: n, totalFiles: n, events: max(n, 0), findings: max(n, 0), done: n, of: n, pages: n}
			for _, elapsed := range []time.Duration{0, time.Second, 3 * time.Second, 1000 * time.Hour} {
				if got := progressLine(s, elapsed, columns); len(got) >= max(columns, 1) {
					t.Fatalf("%d columns in %d: %q", len(got), columns, got)
				}
			}
		}
	}
}

func TestTimeLeft(t *testing.T) {
	for _, test := range []struct {
		bytes, total int64
		elapsed      time.Duration
		want         string
	}{
		{50, 100, 10 * time.Second, "10s left"}, {1, 100, 10 * time.Second, "16m30s left"}, {1, 1000, time.Minute, "16h39m left"},
		{1, 1 << 40, time.Minute, ""}, {0, 100, time.Minute, ""}, {100, 100, time.Minute, ""}, {50, 100, time.Second, ""},
	} {
		if got := timeLeft(test.bytes, test.total, test.elapsed); got != test.want {
			t.Errorf("%d of %d after %s: %q, want %q", test.bytes, test.total, test.elapsed, got, test.want)
		}
	}
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 99_499: "99.5 kB", 100_000: "100 kB", 999_600: "1.0 MB", 1 << 40: "1.1 TB"} {
		if got := byteSize(n); got != want {
			t.Errorf("%d bytes are %q, want %q", n, got, want)
		}
	}
}

// terminal draws what is written on it as a terminal would, as far as progress asks of one.
type terminal struct {
	mu     sync.Mutex
	lines  []string
	wrote  bytes.Buffer
	drawn  chan struct{}
	failed string
}

func (s *terminal) Write(b []byte) (int, error) {
	s.mu.Lock()
	s.wrote.Write(b)
	if len(s.lines) == 0 {
		s.lines = []string{""}
	}
	for text := string(b); text != ""; {
		last := &s.lines[len(s.lines)-1]
		switch {
		case strings.HasPrefix(text, wipe):
			*last, text = "", text[len(wipe):]
		case text[0] == '\n':
			s.lines, text = append(s.lines, ""), text[1:]
		case strings.HasPrefix(text, "\r\n"): // a terminal's driver makes one of the other
			s.lines, text = append(s.lines, ""), text[2:]
		case text[0] < ' ':
			s.failed, text = fmt.Sprintf("%q", text), ""
		default:
			*last, text = *last+text[:1], text[1:]
		}
	}
	s.mu.Unlock()
	if s.drawn != nil {
		s.drawn <- struct{}{}
	}
	return len(b), nil
}

// TestMeterLeavesNoTrace draws, lets others speak meanwhile, and ends: what they said is there, and nothing of the line.
func TestMeterLeavesNoTrace(t *testing.T) {
	screen := &terminal{drawn: make(chan struct{}, 16)}
	p := &meter{out: screen, columns: func() int { return 80 }}
	ticks := make(chan time.Time)
	n := 0
	end := p.run(ticks, func(int) string { n++; return fmt.Sprintf("drawn %d", n/2) })
	fmt.Fprintln(p, "before the first tick")
	<-screen.drawn
	for range 4 {
		ticks <- time.Time{}
	}
	// 0, 1, 1 and 2: what has not changed is not drawn again.
	for range 3 {
		<-screen.drawn
	}
	screen.mu.Lock()
	if got := screen.lines[len(screen.lines)-1]; got != "drawn 2" {
		t.Errorf("the line shows %q", got)
	}
	screen.mu.Unlock()
	fmt.Fprintln(p, "said meanwhile")
	end()
	if got, want := strings.Join(screen.lines, "|"), "before the first tick|said meanwhile|"; got != want || screen.failed != "" {
		t.Errorf("the screen shows %q, want %q; %s", got, want, screen.failed)
	}
	if !strings.Contains(screen.wrote.String(), wipe+"said meanwhile\ndrawn 2") {
		t.Errorf("the line was not drawn anew below what was said: %q", screen.wrote.String())
	}
}
