package review

import (
	"fmt"
	"time"

	"github.com/quell-ir/quell"
)

// moments are the nine times that metrics are made of. Index 0 is t0.
type moments [9]moment

// moment is a time with its basis. A zero time is not on record, and why says so.
type moment struct {
	at      time.Time
	records []int64
	why     string
}

var momentNames = [9]string{"first malicious act", "alert raised", "acknowledged by a person", "declared an incident",
	"first containment action", "contained, verified", "eradicated", "recovered", "closed"}

// findMoments reads each time from the first record that shows it. None is derived from another.
func (f *facts) findMoments() moments {
	m := moments{
		{why: "no finding tells when it happened"}, {why: "no finding is on record"}, {why: "no act of a person is on record"},
		{why: "nobody confirmed the incident"}, {why: "no containment call succeeded"},
		{why: "containment was never judged held, or leaked afterwards"}, {}, {}, {why: "the incident is not closed"},
	}
	for _, e := range f.findings {
		m[1].earliest(e.at, e.seq)
		m[0].earliest(e.what.Time.UTC(), e.seq)
		for _, seen := range e.what.Seen {
			m[0].earliest(seen.Time.UTC(), e.seq)
		}
	}
	for _, e := range f.changes {
		m[2].human(e.at, e.seq, e.by)
		if e.what.What == "standing" && e.what.To == string(quell.Confirmed) {
			m[3].earliest(e.at, e.seq)
		}
	}
	for _, e := range f.notes {
		m[2].human(e.at, e.seq, e.by)
	}
	// An attempt to approve that was turned away is no answer: it may be the intruder's.
	for _, e := range f.decisions {
		m[2].human(e.at, e.seq, e.what.Person)
	}
	for _, c := range f.calls {
		contains := c.step.Phase == quell.Contain || c.step.Phase == quell.Isolate
		if contains && c.step.Undo == "" && !c.intent.what.Undo && c.result != nil && c.result.what.OK {
			m[4].earliest(c.result.at, c.result.seq)
		}
	}
	for _, v := range f.verdicts {
		switch v.what.Verdict {
		case quell.Held:
			m[5].earliest(v.at, v.seq)
		case quell.Leaking: // what was held before did not last
			m[5] = moment{why: m[5].why}
			m[5].why = "containment was never judged held, or leaked afterwards"
		}
	}
	m[6] = f.phaseDone(quell.Eradicate)
	m[7] = f.phaseDone(quell.Recover)
	for _, c := range f.closings {
		m[8].earliest(c.at, c.seq)
	}
	return m
}

func (m *moment) earliest(at time.Time, seq int64) {
	if at.IsZero() || (!m.at.IsZero() && !at.Before(m.at)) {
		return
	}
	m.at, m.records = at, []int64{seq}
}

func (m *moment) human(at time.Time, seq int64, by string) {
	if by != "" && by != "quell" {
		m.earliest(at, seq)
	}
}

// phaseDone is when the last step of a phase was done, provided all of them are.
func (f *facts) phaseDone(phase quell.Phase) moment {
	var m moment
	steps := 0
	for _, s := range f.steps {
		if s.what.Phase != phase || s.what.Undo != "" {
			continue
		}
		steps++
		status, ok := f.status(s.what.ID)
		if !ok || status.what.Status != quell.StepDone {
			return moment{why: fmt.Sprintf("step %s of the phase %s is not done", quell.Clean(s.what.ID), phase)}
		}
		m.records = append(m.records, status.seq)
		if status.at.After(m.at) {
			m.at = status.at
		}
	}
	if steps == 0 {
		m.why = fmt.Sprintf("no step of the phase %s is on record", phase)
	}
	return m
}
