package hunt

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/detect/detecttest"
	"github.com/quell-ir/quell/detect/people"
)

// BenchmarkPeople shows what lists cost: of a large organisation, with hundreds of leavers, none of whom is in the logs.
func BenchmarkPeople(b *testing.B) {
	var corpus bytes.Buffer
	const events = 20_000
	if err := detecttest.Corpus(1, events, &corpus); err != nil {
		b.Fatal(err)
	}
	rules, problems := Load(true)
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	large := &People{Places: twoCities{}, Lists: people.Lists{BreakGlass: []string{"BreakGlass*", "arn:aws:iam::*:role/ops/Emergency"}}}
	for i := range 2_000 {
		large.Accounts = append(large.Accounts, fmt.Sprintf("9%011d", i))
	}
	for i := range 500 {
		large.Leavers = append(large.Leavers, people.Leaver{Who: fmt.Sprintf("gone%d@example.org", i), Since: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)})
	}
	lists := *large
	lists.Places = nil // sign-ins are many times as frequent in this corpus as in life, and each is read whole
	for name, who := range map[string]*People{"none": nil, "lists": &lists, "lists and places": large} {
		b.Run(name, func(b *testing.B) {
			begin := time.Now()
			program, err := CompileFor(rules, who)
			if err != nil {
				b.Fatal(err)
			}
			compile := time.Since(begin)
			h := &Hunter{Program: program, People: who}
			w := program.NewWorker()
			b.ResetTimer()
			for b.Loop() {
				if _, err := w.Scan(bytes.NewReader(corpus.Bytes()), "", func(m detect.Match) error { return h.take(m, "") }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(events*float64(b.N)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(compile.Milliseconds()), "ms/compile")
		})
	}
}
