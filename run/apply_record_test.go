package run

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
)

// TestALostAnswerIsKnownToUndo: the call was carried out and its answer lost; looking shows it done. It contains, and
// it can be taken back.
func TestALostAnswerIsKnownToUndo(t *testing.T) {
	m := newModel(t, map[string]string{"k": "was"})
	m.fault = func(string, string) string { return "lost" }
	ok(t, m.bind(m.step("s", quell.Auto, nil, "k")))
	ok(t, m.run(true))
	st := m.state.Steps["s"]
	if st.Status != quell.StepDone || len(st.Sent) != 1 || !st.Sent[0].Doubtful || !m.state.ContainedAt.Equal(st.Sent[0].At) {
		t.Fatalf("%s, sent %+v, contained at %s", st.Status, st.Sent, m.state.ContainedAt)
	}
	m.fault = nil
	ok(t, m.append(quell.RecordUndo, "", quell.UndoBound{Steps: UndoSteps(m.state, "")}))
	ok(t, m.run(true))
	if m.world["k"] != "was" || st.Status != quell.StepUndone {
		t.Errorf("k is %q, step %s", m.world["k"], st.Status)
	}
}

// TestBeforeIsTheFirstLook whatever Quell and others do later.
func TestBeforeIsTheFirstLook(t *testing.T) {
	m := newModel(t, map[string]string{"k": "first"})
	ok(t, m.bind(m.step("s", quell.Auto, nil, "k")))
	ok(t, m.run(false))
	m.world["k"] = "second"
	ok(t, m.run(true))
	m.world["k"] = "third"
	st := m.state.Steps["s"]
	ok(t, m.append(quell.RecordPlanned, "s", m.look(st)))
	ok(t, m.settle())
	if string(st.Before) != `{"k":"first"}` || string(st.After) != `{"k":"quell"}` || len(st.Sent) != 2 || m.state.Reapplied != 1 {
		t.Errorf("before %s, after %s, %d sent, re-applied %d", st.Before, st.After, len(st.Sent), m.state.Reapplied)
	}
	if st.Status != quell.StepDone || m.world["k"] != "quell" {
		t.Errorf("%s, k is %q", st.Status, m.world["k"])
	}
}

func TestApply(t *testing.T) {
	s := NewState()
	add := func(kind quell.RecordKind, step string, payload any) error {
		r, err := quell.NewRecord("q-1", kind, "t", step, payload)
		ok(t, err)
		return s.Apply(r)
	}
	ok(t, add(quell.RecordOpened, "", quell.Incident{Standing: quell.Confirmed}))
	ok(t, add(quell.RecordBound, "", quell.Bound{Playbook: "p", Steps: []quell.PlanStep{{ID: "s", Action: "set"}, {ID: "t", Action: "set"}}}))
	ok(t, add(quell.RecordBound, "", quell.Bound{Playbook: "p", Steps: []quell.PlanStep{{ID: "s", Action: "other", Needs: []string{"t"}}}}))
	ok(t, add(quell.RecordDecision, "", quell.Decision{Step: "s", Yes: true}))
	ok(t, add(quell.RecordDecision, "", quell.Decision{Step: "unknown", Yes: true}))
	ok(t, add(quell.RecordEvidence, "s", quell.Evidence{Name: "a.json"}))
	ok(t, add(quell.RecordChanged, "", quell.Change{What: "severity", To: "high"}))
	ok(t, add(quell.RecordNote, "", quell.Note{Text: "hello"}))
	ok(t, add(quell.RecordProbe, "", quell.Probe{What: "trail"}))
	ok(t, add(quell.RecordVerdict, "", quell.Verdict{Verdict: quell.Leaking}))
	if s.Incident != "q-1" || s.Standing != quell.Confirmed || s.Playbook != "p" || len(s.Order) != 2 || s.Verdict.Verdict != quell.Leaking || len(s.Probes) != 1 {
		t.Errorf("state %+v", s)
	}
	if st := s.Steps["s"]; st.Action != "set" || len(st.Decisions) != 1 || len(st.Needs) != 1 {
		t.Errorf("a step bound twice: %+v", st)
	}
	if !s.HasEvidence("s", "a.json") || s.HasEvidence("t", "a.json") || s.HasEvidence("sa", ".json") {
		t.Error("evidence is kept by step and name")
	}
	ok(t, add(quell.RecordChanged, "", quell.Change{What: "standing", To: string(quell.Dismissed)}))
	ok(t, add(quell.RecordClosed, "", quell.Closing{}))
	if s.Standing != quell.Dismissed || !s.Closed {
		t.Errorf("standing %s, closed %v", s.Standing, s.Closed)
	}
	if plan := s.Plan(); plan.Playbook != "p" || len(plan.Steps) != 2 || plan.Steps[0].ID != "s" {
		t.Errorf("plan %+v", plan)
	}
	for _, kind := range []quell.RecordKind{quell.RecordPlanned, quell.RecordIntent, quell.RecordResult, quell.RecordWaited, quell.RecordStep} {
		if err := add(kind, "nobody", struct{}{}); err == nil || !strings.Contains(err.Error(), `"nobody"`) {
			t.Errorf("%s of an unknown step: %v", kind, err)
		}
	}
	if _, err := Replay([]quell.Record{{Kind: quell.RecordBound, Data: json.RawMessage(`{"steps":3}`)}}); err == nil {
		t.Error("a broken record was folded")
	}
	ok(t, add(quell.RecordResult, "s", quell.Result{OK: true})) // without an intent it changes nothing
	if len(s.Steps["s"].Sent) != 0 {
		t.Error("a result without an intent counts as sent")
	}
}

func TestCloneIsIndependent(t *testing.T) {
	m := newModel(t, map[string]string{"k": ""})
	ok(t, m.bind(m.step("s", quell.Auto, nil, "k")))
	ok(t, m.run(false))
	one, want := m.state.Clone(), m.state.Clone()
	ok(t, m.run(true))
	if diff := cmp.Diff(want, one, cmp.AllowUnexported(State{})); diff != "" {
		t.Errorf("the clone followed the original: %s", diff)
	}
	two := m.state.Clone()
	two.Order[0], two.Steps["s"].Sent[0].Doubtful, two.evidence["x"] = "other", true, true
	if m.state.Order[0] != "s" || m.state.Steps["s"].Sent[0].Doubtful || m.state.evidence["x"] {
		t.Error("the original followed the clone")
	}
}
