package run

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
)

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ops lists what was tried, in order.
func ops(m *model) []string {
	var out []string
	for _, r := range m.records {
		if r.Kind == quell.RecordIntent {
			i, err := quell.Payload[quell.Intent](r)
			if err == nil {
				out = append(out, i.Op)
			}
		}
	}
	return out
}

func TestAlternatives(t *testing.T) {
	for _, test := range []struct {
		name   string
		faults map[string]string
		want   []string
		status quell.StepStatus
	}{
		{"the first will do", nil, []string{"m:Set"}, quell.StepDone},
		{"the second", map[string]string{"m:Set": "Limit"}, []string{"m:Set", "m:SetOther"}, quell.StepDone},
		{"the third", map[string]string{"m:Set": "Limit", "m:SetOther": "OtherLimit"}, []string{"m:Set", "m:SetOther", "m:SetLast"}, quell.StepDone},
		{"none is left", map[string]string{"m:Set": "Limit", "m:SetOther": "OtherLimit", "m:SetLast": "Limit"},
			[]string{"m:Set", "m:SetOther", "m:SetLast"}, quell.StepFailed},
		{"another refusal selects none", map[string]string{"m:Set": "Denied"}, []string{"m:Set"}, quell.StepFailed},
		{"throttled for ever", map[string]string{"m:Set": "Throttling"}, strings.Fields(strings.Repeat("m:Set ", (MaxRounds)*maxTries)), quell.StepFailed},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newModel(t, map[string]string{"k": ""})
			m.fault = func(op, _ string) string { return test.faults[op] }
			ok(t, m.bind(m.step("s", quell.Auto, nil, "k")))
			ok(t, m.run(true))
			st := m.state.Steps["s"]
			if diff := cmp.Diff(test.want, ops(m)); diff != "" || st.Status != test.status {
				t.Errorf("%s (%s): %s", st.Status, st.WhyNot, diff)
			}
			if st.Status == quell.StepFailed && !strings.Contains(st.WhyNot, "m:Set") {
				t.Errorf("%q does not name the operation", st.WhyNot)
			}
		})
	}
}

func TestMaxRounds(t *testing.T) {
	m := newModel(t, map[string]string{"k": ""})
	m.after = func(k string) { m.world[k] = "theirs" }
	ok(t, m.bind(m.step("s", quell.Auto, nil, "k")))
	ok(t, m.run(true))
	st := m.state.Steps["s"]
	if st.Status != quell.StepFailed || m.sends != MaxRounds || !strings.Contains(st.WhyNot, "somebody takes it back") {
		t.Errorf("%s after %d calls: %s", st.Status, m.sends, st.WhyNot)
	}
	ok(t, m.run(true))
	if m.sends != 2*MaxRounds {
		t.Errorf("a new run gets a new chance: %d calls", m.sends)
	}
}

// TestNeedsHoldBackOnlyWhatNeeds: b waits for a person, c needs b, d needs nothing, e needs d.
func TestNeedsHoldBackOnlyWhatNeeds(t *testing.T) {
	m := newModel(t, nil)
	yes := false
	m.yes = func(*Step) bool { return yes }
	ok(t, m.bind(
		m.step("b", quell.Approve, nil, "kb"), m.step("c", quell.Auto, []string{"b"}, "kc"), m.step("d", quell.Auto, nil, "kd"),
		m.step("e", quell.Auto, []string{"d", "no such step"}, "ke"), m.step("f", quell.Manual, nil, "kf"), m.step("g", quell.Auto, []string{"f"}, "kg"),
	))
	ok(t, m.run(true))
	want := map[string]quell.StepStatus{
		"b": quell.StepPending, "c": quell.StepPending, "d": quell.StepDone, "e": quell.StepDone, "f": quell.StepPending, "g": quell.StepPending,
	}
	if diff := cmp.Diff(want, statuses(m.state)); diff != "" {
		t.Error(diff)
	}
	if commands := Next(m.state, m.rules()); len(commands) != 1 || commands[0].Do != DoAsk || commands[0].Step != "b" {
		t.Errorf("left to do: %+v", commands)
	}
	yes = true
	ok(t, m.settle())
	want["b"], want["c"] = quell.StepDone, quell.StepDone
	if diff := cmp.Diff(want, statuses(m.state)); diff != "" {
		t.Error(diff)
	}
	ok(t, m.append(quell.RecordStep, "f", quell.StepChange{Status: quell.StepSkipped}))
	ok(t, m.settle())
	if m.state.Steps["g"].Status != quell.StepDone {
		t.Errorf("what a person skipped holds back: %s", m.state.Steps["g"].Status)
	}
}

func statuses(s *State) map[string]quell.StepStatus {
	out := map[string]quell.StepStatus{}
	for id, st := range s.Steps {
		out[id] = st.Status
	}
	return out
}

// TestPreviewChangesNothing: a run that does not apply looks, and no more; not even at an open intent.
func TestPreviewChangesNothing(t *testing.T) {
	m := newModel(t, nil)
	ok(t, m.bind(m.step("s", quell.Auto, nil, "k"), m.step("done", quell.Auto, nil)))
	ok(t, m.run(false))
	if m.sends != 0 || m.state.Steps["s"].Status != quell.StepPending || len(m.state.Steps["s"].Calls) != 1 || m.state.Steps["done"].Status != quell.StepPending {
		t.Errorf("%d calls left, %v", m.sends, statuses(m.state))
	}
	m.state.Steps["s"].Open = &OpenIntent{}
	if commands := Next(m.state, m.rules()); len(commands) != 0 {
		t.Errorf("an open intent is doubted in a preview: %+v", commands)
	}
	m.state.Closed = true
	if Next(m.state, m.rules()) != nil {
		t.Error("a closed incident goes on")
	}
}

// TestStepsBesideAFailure go on, and a refusal by a guard stops its own step only.
func TestStepsBesideAFailure(t *testing.T) {
	m := newModel(t, nil)
	m.fault = func(_, key string) string { return map[string]string{"bad": "Denied"}[key] }
	ok(t, m.bind(m.step("a", quell.Auto, nil, "bad"), m.step("b", quell.Auto, nil, "good"), m.step("c", quell.Auto, []string{"a"}, "x")))
	ok(t, m.run(true))
	want := map[string]quell.StepStatus{"a": quell.StepFailed, "b": quell.StepDone, "c": quell.StepPending}
	if diff := cmp.Diff(want, statuses(m.state)); diff != "" {
		t.Error(diff)
	}
	m.fault = nil
	ok(t, m.run(true))
	if m.state.Steps["c"].Status != quell.StepDone {
		t.Errorf("a new run does not mend it: %v", statuses(m.state))
	}
}

func TestCollectingAndRefusing(t *testing.T) {
	s := NewState()
	rules := newModel(t, nil).rules()
	rules.Collects = func(a string) bool { return a == "collect" }
	s.Applying = true
	s.bind([]quell.PlanStep{
		{ID: "c", Action: "collect", Mode: quell.Auto}, {ID: "m", Mode: quell.Manual, Text: "phone them"},
		{ID: "r", Action: "set", Status: quell.StepRefused}, {ID: "g", Action: "set", Mode: quell.Auto},
	})
	s.Steps["g"].Fresh, s.Steps["g"].Refusal = true, "protected"
	want := []Command{{Do: DoCollect, Step: "c"}, {Do: DoSet, Step: "g", Status: quell.StepRefused, Why: "protected"}}
	if diff := cmp.Diff(want, Next(s, rules)); diff != "" {
		t.Error(diff)
	}
	if s.Steps["m"].Status != quell.StepManual {
		t.Errorf("a step for a person is %s", s.Steps["m"].Status)
	}
	s.Applying = false
	if commands := Next(s, rules); len(commands) != 1 {
		t.Errorf("a preview collects: %+v", commands)
	}
}

// TestWhatNeedsIsLookedAtAgain once what it needs is done: its first look saw the account before.
func TestWhatNeedsIsLookedAtAgain(t *testing.T) {
	m := newModel(t, map[string]string{"shared": "was"})
	ok(t, m.bind(m.step("second", quell.Auto, []string{"first"}, "shared"), m.step("first", quell.Auto, nil, "shared")))
	ok(t, m.run(true))
	if m.sends != 1 || m.state.Steps["second"].Status != quell.StepDone {
		t.Errorf("%d calls left: the second step sent what it had planned before the first was done", m.sends)
	}
}
