package detect

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/quell-ir/quell/detect/detecttest"
)

const benchEvents = 20_000

func benchProgram(b testing.TB, n int) *Program {
	b.Helper()
	rules, problems := Parse("generated.yml", []byte(strings.Join(detecttest.Rules(1, n), "---\n")))
	for _, p := range problems {
		b.Fatal(p)
	}
	return mustCompile(b, rules, Options{})
}

func benchCorpus(b testing.TB, events int) []byte {
	b.Helper()
	var out bytes.Buffer
	if err := detecttest.Corpus(1, events, &out); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

func BenchmarkScan(b *testing.B) {
	corpus := benchCorpus(b, benchEvents)
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	if _, err := zip.Write(corpus); err != nil {
		b.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		b.Fatal(err)
	}
	for _, rules := range []int{1, 79, 790} {
		w := benchProgram(b, rules).NewWorker()
		ignore := func(Match) error { return nil }
		report := func(b *testing.B, s Stats) {
			if s.Events != benchEvents || s.BadTotal != 0 {
				b.Fatalf("%+v", s)
			}
			b.SetBytes(int64(len(corpus)))
			b.ReportMetric(float64(benchEvents)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(s.Matches)/benchEvents, "matches/event")
		}
		b.Run(fmt.Sprintf("plain/rules=%d", rules), func(b *testing.B) {
			b.ReportAllocs()
			var s Stats
			for b.Loop() {
				s, _ = w.Scan(bytes.NewReader(corpus), "", ignore)
			}
			report(b, s)
		})
		b.Run(fmt.Sprintf("gzip/rules=%d", rules), func(b *testing.B) {
			b.ReportAllocs()
			var s Stats
			unzip := new(gzip.Reader)
			for b.Loop() {
				if err := unzip.Reset(bytes.NewReader(packed.Bytes())); err != nil {
					b.Fatal(err)
				}
				s, _ = w.Scan(unzip, "", ignore)
			}
			report(b, s)
		})
	}
}

// TestNoAllocationWithoutMatch holds the promise in the package comment.
func TestNoAllocationWithoutMatch(t *testing.T) {
	w := benchProgram(t, 790).NewWorker()
	count := func(events int) float64 {
		corpus := benchCorpus(t, events)
		in := bytes.NewReader(corpus)
		ignore := func(Match) error { return nil }
		return testing.AllocsPerRun(3, func() {
			in.Reset(corpus)
			if s, err := w.Scan(in, "", ignore); err != nil || s.BadTotal > 0 {
				t.Fatal(s, err)
			}
		})
	}
	few, many := count(1000), count(4000)
	if per := (many - few) / 3000; per > 0.001 {
		t.Errorf("%.4f allocations per event (%v for 1000, %v for 4000)", per, few, many)
	}
}
