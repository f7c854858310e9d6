package run

import (
	"testing"
	"time"

	"github.com/quell-ir/quell"
)

// TestAClockThatGoesBackProvesNothing: a probe made before the last containing call counts for nothing after it, however
// late its own clock said it was.
func TestAClockThatGoesBackProvesNothing(t *testing.T) {
	m := newModel(t, map[string]string{"k": ""})
	ok(t, m.bind(m.step("s", quell.Auto, nil, "k")))
	ok(t, m.run(true))
	late := m.now.Add(time.Hour)
	probe := quell.Probe{What: ProbeTrail, At: late, Through: late, Live: true}
	ok(t, m.append(quell.RecordProbe, "", probe))
	if v := Judge(m.state, late); v.Verdict != quell.Held {
		t.Fatalf("%s: %s", v.Verdict, v.Why)
	}
	// Somebody takes it off, the clock is set back, and the step does it again.
	was := m.state.ContainedAt
	m.world["k"] = ""
	m.now = m.now.Add(-30 * time.Minute)
	ok(t, m.append(quell.RecordPlanned, "s", m.look(m.state.Steps["s"])))
	ok(t, m.run(true))
	if v := Judge(m.state, late); v.Verdict != quell.Unknown || m.state.ContainedAt.Before(was) {
		t.Errorf("%s (%s), contained at %s, before %s", v.Verdict, v.Why, m.state.ContainedAt, was)
	}
	ok(t, m.append(quell.RecordProbe, "", probe))
	if v := Judge(m.state, late); v.Verdict != quell.Held {
		t.Errorf("proven anew: %s (%s)", v.Verdict, v.Why)
	}
}

// TestNeedsYes: policy may set much in motion, but never what cannot be taken back, and taking back asks nobody again.
func TestNeedsYes(t *testing.T) {
	reversible, final := quell.Call{Kind: quell.Reversible}, quell.Call{Kind: quell.Irreversible}
	yes, no := func(*Step) bool { return true }, func(*Step) bool { return false }
	for _, test := range []struct {
		name      string
		mode      quell.Mode
		undo      string
		calls     []quell.Call
		automatic func(*Step) bool
		covered   func(*Step) bool
		want      bool
	}{
		{"automatic", quell.Auto, "", []quell.Call{reversible}, nil, no, false},
		{"automatic and final", quell.Auto, "", []quell.Call{reversible, final}, nil, no, true},
		{"automatic, and final where the first way fails", quell.Auto, "", []quell.Call{reversible.Or(final, "Limit")}, nil, no, true},
		{"automatic and final, approved", quell.Auto, "", []quell.Call{final}, nil, yes, false},
		{"bound as automatic, and policy changed", quell.Auto, "", []quell.Call{reversible}, no, no, true},
		{"bound for approval, and policy changed", quell.Approve, "", []quell.Call{reversible}, yes, no, false},
		{"for approval", quell.Approve, "", []quell.Call{reversible}, nil, no, true},
		{"approved", quell.Approve, "", []quell.Call{reversible}, nil, yes, false},
		{"taking back", quell.Approve, "s", []quell.Call{reversible}, no, no, false},
	} {
		st := &Step{PlanStep: quell.PlanStep{Mode: test.mode, Undo: test.undo, Calls: test.calls}}
		if got := NeedsYes(st, Rules{Automatic: test.automatic, Covered: test.covered}); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

// TestPassingGoesOn: a step rests only where it may, though its approval ends on the way.
func TestPassingGoesOn(t *testing.T) {
	stop, end := quell.Call{Kind: quell.Passing}, quell.Call{Kind: quell.Reversible}
	for _, test := range []struct {
		name string
		done []bool
		want bool
	}{{"not begun", []bool{false, false, false}, false}, {"on the way", []bool{true, false, false}, true}, {"arrived", []bool{true, true, false}, false}} {
		st := &Step{PlanStep: quell.PlanStep{Calls: []quell.Call{stop, end, end}}}
		for _, done := range test.done {
			st.Progress = append(st.Progress, Progress{Done: done})
		}
		if got := passing(st); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

// TestMoreToDo: bound again with other parameters, a step that was done plans anew and keeps what it knew; one that was
// bound as it is does not move.
func TestMoreToDo(t *testing.T) {
	m := newModel(t, map[string]string{"k": ""})
	step := m.step("s", quell.Auto, nil, "k")
	ok(t, m.bind(step))
	ok(t, m.run(true))
	sent := len(m.state.Steps["s"].Sent)
	ok(t, m.bind(step))
	if st := m.state.Steps["s"]; st.Status != quell.StepDone {
		t.Errorf("bound as it was, it is %s", st.Status)
	}
	step.With = []byte(`{"after":"2026-03-02T09:00:00Z"}`)
	ok(t, m.bind(step))
	st := m.state.Steps["s"]
	if st.Status != quell.StepPending || st.Fresh || len(st.Sent) != sent || st.Before == nil {
		t.Errorf("bound with more to do: %+v", st)
	}
	if v := Judge(m.state, m.now); v.Verdict == quell.Held {
		t.Error("held with something left to do")
	}
}
