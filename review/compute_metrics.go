package review

import (
	"fmt"
	"slices"
	"time"

	"github.com/quell-ir/quell"
)

// Metric is one measured number with the formula it was computed by. Value is "n/a" and Why says what is missing where
// a moment is not on record.
type Metric struct {
	Name    string `json:"name"`
	Formula string `json:"formula"`
	Value   string `json:"value"`
	// Seconds is the value of a duration; absent for n/a and for shares.
	Seconds *int64  `json:"seconds,omitempty"`
	Target  string  `json:"target,omitempty"`
	Met     string  `json:"met,omitempty"` // met or missed
	Why     string  `json:"why,omitempty"`
	Records []int64 `json:"records"`
}

// interval is a metric between two moments. The second family is that of AWS's incident response playbooks, which
// measure other spans under similar names, so formulas are always shown.
type interval struct {
	name     string
	from, to int
	note     string
}

var intervals = []interval{
	{"MTTD, time to detect", 0, 1, ""},
	{"Dwell time", 0, 5, ""},
	{"MTTA, time to acknowledge", 1, 2, ""},
	{"Time to declare", 1, 3, ""},
	{"MTTC, time to contain", 1, 5, ""},
	{"MTTC from declaration", 3, 5, ""},
	{"MTTE, time to eradicate", 5, 6, ""},
	{"MTTR, time to recover", 1, 7, ""},
	{"Total", 0, 8, ""},
	{"TTD (AWS)", 0, 1, "time to detect"},
	{"TTN (AWS)", 1, 2, "detected to notified; the first act of a person stands for the notice, which is not recorded"},
	{"TTC (AWS)", 2, 4, "notified to deactivated"},
	{"TTR (AWS)", 5, 7, "contained to recovered"},
}

// Targets are proposals, not law: acknowledgement by severity, containment of a leaked key.
var (
	ackTargets = map[quell.Severity]time.Duration{quell.Critical: 15 * time.Minute, quell.High: time.Hour,
		quell.Medium: 4 * time.Hour, quell.Low: 24 * time.Hour}
	keyTarget    = 10 * time.Minute
	detectTarget = time.Hour
)

func (f *facts) metrics() []Metric {
	out := make([]Metric, 0, len(intervals)+5)
	for _, i := range intervals {
		m := f.between(i)
		switch {
		case i.from == 1 && i.to == 2 && i.note == "":
			m.judge(ackTargets[f.Incident.Severity])
		case i.from == 0 && i.to == 1 && i.note == "":
			m.judge(detectTarget)
		case i.from == 1 && i.to == 5 && f.keyLeaked():
			m.judge(keyTarget)
		}
		out = append(out, m)
	}
	return append(out, f.shares()...)
}

func (f *facts) between(i interval) Metric {
	from, to := f.times[i.from], f.times[i.to]
	m := Metric{Name: i.name, Formula: fmt.Sprintf("t%d - t%d", i.to, i.from), Value: "n/a"}
	if i.note != "" {
		m.Formula += ", " + i.note
	}
	for _, end := range []moment{from, to} {
		if end.at.IsZero() {
			m.Why = end.why
			return m
		}
	}
	m.Records = merge(from.records, to.records)
	d := to.at.Sub(from.at)
	if d < 0 {
		m.Why = fmt.Sprintf("t%d is before t%d", i.to, i.from)
		return m
	}
	s := int64(d / time.Second)
	m.Seconds, m.Value = &s, duration(d)
	return m
}

func (m *Metric) judge(target time.Duration) {
	m.Target = "at most " + duration(target)
	if m.Seconds != nil {
		m.Met = "met"
		if time.Duration(*m.Seconds)*time.Second > target {
			m.Met = "missed"
		}
	}
}

// shares are the quality metrics that count records rather than time.
func (f *facts) shares() []Metric {
	var automatic, done, undone, skipped, whole, steps int
	var statuses []int64
	for _, s := range f.steps {
		if s.what.Undo != "" {
			undone++
			continue
		}
		steps++
		status, ok := f.status(s.what.ID)
		if !ok {
			continue
		}
		statuses = append(statuses, status.seq)
		switch status.what.Status {
		case quell.StepDone, quell.StepUndone:
			done++
			if s.what.Mode == quell.Auto {
				automatic++
			}
		case quell.StepSkipped:
			skipped++
		}
	}
	for _, e := range f.evidence {
		if e.what.Complete {
			whole++
		}
	}
	return []Metric{
		share("Automatic actions", "steps done without a person / steps done", automatic, done, statuses),
		share("Steps skipped", "steps a person said no to / steps bound", skipped, steps, statuses),
		share("Steps taken back", "undo steps bound / steps bound", undone, steps, seqs(f.undos)),
		share("Evidence complete", "complete artefacts / artefacts", whole, len(f.evidence), seqs(f.evidence)),
		f.approvalWait(),
	}
}

func share(name, formula string, part, whole int, records []int64) Metric {
	if whole == 0 {
		return Metric{Name: name, Formula: formula, Value: "n/a", Why: "none is on record"}
	}
	return Metric{Name: name, Formula: formula, Value: fmt.Sprintf("%d of %d", part, whole), Records: records}
}

// approvalWait is the longest time that calls lay ready before a person said yes to exactly them.
func (f *facts) approvalWait() Metric {
	m := Metric{Name: "Longest approval wait", Formula: "decision - first plan with its digest", Value: "n/a",
		Why: "no decision answers a recorded plan"}
	longest := time.Duration(-1)
	for _, d := range f.decisions {
		for _, p := range f.planned {
			if p.what.Digest != d.what.Digest || p.seq > d.seq {
				continue
			}
			if wait := d.at.Sub(p.at); wait > longest {
				longest = wait
				s := int64(wait / time.Second)
				m.Seconds, m.Value, m.Why, m.Records = &s, duration(wait), "", []int64{p.seq, d.seq}
			}
			break
		}
	}
	return m
}

func (f *facts) keyLeaked() bool {
	return f.Incident.Exposed || slices.ContainsFunc(f.findings, func(e entry[quell.Finding]) bool { return e.what.Exposed })
}

// duration reads as people say it: 3d 4h, 2h 5m, 4m 10s.
func duration(d time.Duration) string {
	d = d.Round(time.Second)
	day := 24 * time.Hour
	parts := []struct {
		unit time.Duration
		name string
	}{{day, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}}
	out := ""
	shown := 0
	for _, p := range parts {
		if n := d / p.unit; n > 0 && shown < 2 {
			if out != "" {
				out += " "
			}
			out += fmt.Sprintf("%d%s", n, p.name)
			d -= n * p.unit
			shown++
		} else if shown > 0 {
			shown++ // 1d 0h 3m is 1d: a smaller unit after a gap is noise
		}
	}
	if out == "" {
		return "0s"
	}
	return out
}

func merge(lists ...[]int64) []int64 {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(lists...))))
}
