package hunt

import (
	"bytes"
	"testing"

	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/detect/detecttest"
)

// BenchmarkSentinels shows what it costs to know which logs are there: nothing that can be told from noise.
func BenchmarkSentinels(b *testing.B) {
	var corpus bytes.Buffer
	const events = 20_000
	if err := detecttest.Corpus(1, events, &corpus); err != nil {
		b.Fatal(err)
	}
	rules, problems := Load(true)
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	with, err := Compile(rules)
	if err != nil {
		b.Fatal(err)
	}
	without, refused := detect.Compile(withoutOthers(rules, nil), detect.Options{})
	if len(refused) > 0 {
		b.Fatal(refused)
	}
	for name, program := range map[string]*detect.Program{"with": with, "without": without} {
		b.Run(name, func(b *testing.B) {
			h := &Hunter{Program: program}
			w := program.NewWorker()
			for b.Loop() {
				if _, err := w.Scan(bytes.NewReader(corpus.Bytes()), "", func(m detect.Match) error { return h.take(m, "") }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(events*float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
