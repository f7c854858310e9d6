package detecttest

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"
)

// Month describes a stretch of ordinary work in an organisation: nobody in it means harm, so every finding is noise or a
// weakness that its owners chose to live with. The zero value of each field takes the default.
//
// What is assumed, so that a number measured on it can be judged:
//   - An account makes a thousand recorded events a day. Real ones make five to fifty times that, and the surplus is almost
//     all machines repeating themselves. So findings per million come out too high here, not too low.
//   - Machines (services, workloads, scanners, pipelines) make 94 % of events, around the clock. People make the rest,
//     nine of ten in office hours from Monday to Friday. The shares stand beside each duty in the list_*.go files.
//   - What people and pipelines do rarely (a role with AdministratorAccess, a bucket made public on purpose, a login as
//     root) is given as a number per month and hundred accounts, whatever the number of events: see list_rare_work.go.
//   - People come by single sign-on. A few IAM users are left: programs with keys, and old hands in some accounts.
type Month struct {
	Seed     int64
	Accounts int       // default 100
	Days     int       // default 30
	Events   int       // default 1000 per account and day
	Start    time.Time // default 2026-03-01, a Sunday
}

func (m Month) filled() Month {
	if m.Accounts <= 0 {
		m.Accounts = 100
	}
	if m.Days <= 0 {
		m.Days = 30
	}
	if m.Events <= 0 {
		m.Events = 1000 * m.Days * m.Accounts
	}
	if m.Start.IsZero() {
		m.Start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	}
	return m
}

// Each calls emit with every record in turn, as compact JSON that is good until emit returns. Times rise but for the
// steps of one task, which may overlap with others as they do in real trails. The error is emit's.
func (m Month) Each(emit func(record []byte) error) error {
	m = m.filled()
	w := newWorld(m)
	// Rare work has its day; the rest of the month is filled by weight.
	rare := w.schedule()
	fill := newMix(ordinaryWork())
	span := time.Duration(m.Days) * 24 * time.Hour
	for n := 0; n < m.Events; {
		w.now = m.Start.Add(time.Duration(float64(span) * float64(n) / float64(m.Events)))
		var next *duty
		if len(rare) > 0 && !rare[0].at.After(w.now) {
			next, rare = rare[0].duty, rare[1:]
		} else {
			next = fill.draw(w.rnd, officeHour(w.now))
		}
		did, err := w.do(next, m.Events-n, emit)
		if err != nil {
			return err
		}
		n += did
	}
	return nil
}

// Write writes the month as one {"Records":[...]}.
func (m Month) Write(out io.Writer) error {
	b := bufio.NewWriterSize(out, 1<<16)
	lead := `{"Records":[`
	err := m.Each(func(record []byte) error {
		b.WriteString(lead) // a failed write shows at Flush
		lead = ","
		_, err := b.Write(record)
		return err
	})
	if err == nil {
		b.WriteString("]}")
		err = b.Flush()
	}
	if err != nil {
		return fmt.Errorf("write a month of work: %w", err)
	}
	return nil
}

// WriteGzip writes the same compressed, as AWS delivers it. The bytes depend on the seed and on Go's compressor.
func (m Month) WriteGzip(out io.Writer) error {
	z, err := gzip.NewWriterLevel(out, gzip.BestSpeed)
	if err != nil {
		return fmt.Errorf("compress a month of work: %w", err)
	}
	if err := m.Write(z); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("compress a month of work: %w", err)
	}
	return nil
}

// appointment is a rare duty with its time.
type appointment struct {
	at   time.Time
	duty *duty
}

// schedule spreads the rare duties over the stretch. A rate that gives a fraction is rounded up or down by chance.
func (w *world) schedule() []appointment {
	var out []appointment
	span := int64(w.month.Days) * int64(24*time.Hour)
	list := rareWork()
	for i := range list {
		rate := list[i].monthly * float64(w.month.Days) / 30 * float64(w.month.Accounts) / 100
		count := int(rate)
		if w.rnd.Float64() < rate-float64(count) {
			count++
		}
		for range count {
			at := w.month.Start.Add(time.Duration(w.rnd.Int64N(span)))
			// People work late now and then; a try in twenty may stay where it fell.
			for tries := 0; list[i].by.human() && !officeHour(at) && tries < 100 && w.rnd.IntN(20) > 0; tries++ {
				at = w.month.Start.Add(time.Duration(w.rnd.Int64N(span)))
			}
			out = append(out, appointment{at, &list[i]})
		}
	}
	slices.SortStableFunc(out, func(a, b appointment) int { return a.at.Compare(b.at) })
	return out
}

func officeHour(t time.Time) bool {
	return t.Weekday() != time.Saturday && t.Weekday() != time.Sunday && t.Hour() >= 7 && t.Hour() < 18
}

// mix draws duties by weight, with one table for office hours and one for the rest.
type mix struct {
	duties []duty
	sums   [2][]float64
}

func newMix(duties []duty) *mix {
	m := &mix{duties: duties}
	for office := range 2 {
		sum := 0.0
		for _, d := range duties {
			weight := d.weight
			if d.by.human() {
				// Office hours are a third of the week and hold nine tenths of what people do.
				weight *= [2]float64{0.15, 2.75}[office]
			}
			sum += weight / float64(len(d.calls))
			m.sums[office] = append(m.sums[office], sum)
		}
	}
	return m
}

func (m *mix) draw(rnd *rand.Rand, office bool) *duty {
	sums := m.sums[0]
	if office {
		sums = m.sums[1]
	}
	i, _ := slices.BinarySearch(sums, rnd.Float64()*sums[len(sums)-1])
	return &m.duties[min(i, len(m.duties)-1)]
}
