package run

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
)

func sentAt(c quell.Call, after time.Duration) SentCall {
	return SentCall{Call: c, At: begin.Add(after)}
}

// inverseOf names the inverses planned, for tables: the key and the value it gets back.
func inverseOf(calls []quell.Call) []string {
	var out []string
	for _, c := range calls {
		var in setInput
		_ = json.Unmarshal(c.Input, &in)
		out = append(out, c.Op+" "+in.Key+"="+in.Value)
	}
	return out
}

func TestPlanUndo(t *testing.T) {
	set := func(key, was string) quell.Call {
		return setCall("m:Set", key, "quell").UndoneBy(setCall("m:Set", key, was)).Touching("/" + key)
	}
	deny := set("a", "").KeepingOut("alice", 3600)
	const before, after = `{"a":"","b":"1"}`, `{"a":"quell","b":"quell"}`
	edit := func(sid string) quell.Call {
		c := quell.Call{Op: "s3:PutBucketPolicy", Input: json.RawMessage(`{"Bucket":"b"}`)}
		inverse := c
		inverse.Edit = &quell.Edit{Remove: []string{sid}}
		c.Edit = &quell.Edit{Add: []json.RawMessage{json.RawMessage(`{"Sid":"` + sid + `"}`)}}
		return c.UndoneBy(inverse).Touching("/a")
	}
	for _, test := range []struct {
		name    string
		in      UndoInput
		calls   []string
		refused []string
		kept    int
	}{
		{"nothing was sent", UndoInput{}, nil, nil, 0},
		{"the last done goes first", UndoInput{Now: json.RawMessage(after), Sent: []SentCall{sentAt(set("a", ""), 0), sentAt(set("b", "1"), 1)}},
			[]string{"m:Set b=1", "m:Set a="}, nil, 0},
		{"sent again, taken back once", UndoInput{Now: json.RawMessage(after), Sent: []SentCall{sentAt(set("a", ""), 0), sentAt(set("a", ""), 1)}},
			[]string{"m:Set a="}, nil, 0},
		{"back already", UndoInput{Now: json.RawMessage(`{"b":"quell"}`), Sent: []SentCall{sentAt(set("a", ""), 0), sentAt(set("b", "1"), 1)}},
			[]string{"m:Set b=1"}, nil, 0},
		{"drifted: three values", UndoInput{Now: json.RawMessage(`{"a":"quell","b":"theirs"}`), Sent: []SentCall{sentAt(set("a", ""), 0), sentAt(set("b", "1"), 1)}},
			[]string{"m:Set a="}, []string{`m:Set: /b was "1", Quell made it "quell", now it is "theirs"`}, 0},
		{"gone meanwhile", UndoInput{Now: json.RawMessage(`{"a":"quell"}`), Sent: []SentCall{sentAt(set("b", "1"), 1)}},
			nil, []string{`now it is absent`}, 0},
		{"irreversible and passing have no inverse of their own", UndoInput{Now: json.RawMessage(after),
			Sent: []SentCall{sentAt(set("a", "").AsIrreversible(), 0), sentAt(set("a", "").AsPassing(), 0)}}, nil, nil, 0},
		{"kept stays", UndoInput{Now: json.RawMessage(after), Sent: []SentCall{sentAt(set("a", "").AsKept(), 0)}}, nil, nil, 1},
		{"kept is given back after a false alarm", UndoInput{Now: json.RawMessage(after), Dismissed: true,
			Sent: []SentCall{sentAt(set("a", "").AsKept(), 0)}}, []string{"m:Set a="}, nil, 0},
		{"a deny stays while sessions may live", UndoInput{Now: json.RawMessage(after), At: begin.Add(time.Hour - 1), Sent: []SentCall{sentAt(deny, 0)}},
			nil, []string{"alice may still hold sessions until 2026-03-02T10:00:00Z"}, 0},
		{"and goes when they must have ended", UndoInput{Now: json.RawMessage(after), At: begin.Add(time.Hour), Sent: []SentCall{sentAt(deny, 0)}},
			[]string{"m:Set a="}, nil, 0},
		{"counted from when it was put back", UndoInput{Now: json.RawMessage(after), At: begin.Add(time.Hour), Sent: []SentCall{sentAt(deny, 0), sentAt(deny, time.Minute)}},
			nil, []string{"until 2026-03-02T10:01:00Z"}, 0},
		{"lifted on demand", UndoInput{Now: json.RawMessage(after), At: begin, Lift: true, Sent: []SentCall{sentAt(deny, 0)}}, []string{"m:Set a="}, nil, 0},
		{"a dismissed alarm does not lift a deny", UndoInput{Now: json.RawMessage(after), At: begin, Dismissed: true, Sent: []SentCall{sentAt(deny, 0)}},
			nil, []string{"alice"}, 0},
		{"two edits of one document", UndoInput{Now: json.RawMessage(after), Sent: []SentCall{sentAt(edit("One"), 0), sentAt(edit("Two"), 1)}},
			[]string{"s3:PutBucketPolicy =", "s3:PutBucketPolicy ="}, nil, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.in.Before, test.in.After = json.RawMessage(before), json.RawMessage(after)
			plan, err := PlanUndo(test.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.calls, inverseOf(plan.Calls)); diff != "" {
				t.Error(diff)
			}
			if len(plan.Kept) != test.kept || len(plan.Refused) != len(test.refused) {
				t.Fatalf("kept %q, refused %q", plan.Kept, plan.Refused)
			}
			for i, want := range test.refused {
				if !strings.Contains(plan.Refused[i], want) {
					t.Errorf("refused %q, want %q", plan.Refused[i], want)
				}
			}
		})
	}
	if _, err := PlanUndo(UndoInput{Before: json.RawMessage(`{`)}); err == nil {
		t.Error("a broken state was compared")
	}
}

// TestInversesAreCallsToo: each carries where it goes, what it touches, and the call it takes back.
func TestInversesAreCallsToo(t *testing.T) {
	c := quell.Call{Op: "iam:AttachUserPolicy", Account: "1", Region: "r", Input: json.RawMessage(`{"a":1}`)}.
		UndoneBy(quell.Call{Op: "iam:DetachUserPolicy", Input: json.RawMessage(`{"a":2}`)}).
		ThenUndoneBy(quell.Call{Op: "iam:DeletePolicy", Input: json.RawMessage(`{"a":3}`)}).Touching("/x")
	plan, err := PlanUndo(UndoInput{Before: json.RawMessage(`{}`), After: json.RawMessage(`{"x":1}`), Now: json.RawMessage(`{"x":1}`), Sent: []SentCall{{Call: c}}})
	ok(t, err)
	want := []quell.Call{
		{Op: "iam:DetachUserPolicy", Kind: quell.Reversible, Account: "1", Region: "r", Input: json.RawMessage(`{"a":2}`), Touches: []string{"/x"},
			Undo: &quell.Inverse{Op: c.Op, Input: c.Input}},
		{Op: "iam:DeletePolicy", Kind: quell.Passing, Account: "1", Region: "r", Input: json.RawMessage(`{"a":3}`), Touches: []string{"/x"}},
	}
	if diff := cmp.Diff(want, plan.Calls); diff != "" {
		t.Error(diff)
	}
}

// TestAbsentIsSpelledManyWays: a state may say "not there" by null, "", false, or nothing at all.
func TestAbsentIsSpelledManyWays(t *testing.T) {
	for _, now := range []string{`{}`, `{"a":null}`, `{"a":""}`, `{"a":false}`, `{"a":{}}`, `{"a":[]}`} {
		drift, back := compare([]string{"/a"}, map[string]any{}, map[string]any{"a": "quell"}, mustTree(t, now))
		if drift != "" || !back {
			t.Errorf("%s: drift %q, back %v", now, drift, back)
		}
	}
	if _, back := compare(nil, nil, nil, nil); back {
		t.Error("a call that touches nothing known counts as taken back")
	}
}

func mustTree(t *testing.T, text string) any {
	t.Helper()
	v, err := tree(json.RawMessage(text))
	ok(t, err)
	return v
}

func TestUndoSteps(t *testing.T) {
	s := NewState()
	add := func(id string, status quell.StepStatus, sent ...time.Duration) {
		st := &Step{PlanStep: quell.PlanStep{ID: id, Action: "set", Title: id, Mode: quell.Auto, Status: status}}
		for _, at := range sent {
			st.Sent = append(st.Sent, sentAt(quell.Call{}, at))
		}
		s.Steps[id] = st
		s.Order = append(s.Order, id)
	}
	add("first", quell.StepDone, 1, 9)
	add("second", quell.StepDone, 5)
	add("nothing sent", quell.StepDone)
	add("same instant a", quell.StepFailed, 7)
	add("same instant b", quell.StepDone, 7)
	add("undone", quell.StepUndone, 8)
	add("undo.second", quell.StepDone, 20)
	s.Steps["undo.second"].Undo = "second"
	var got []string
	for _, p := range UndoSteps(s, "") {
		got = append(got, p.ID)
		if p.ID != UndoOf+p.Undo || p.Mode != quell.Approve || p.Phase != quell.Recover {
			t.Errorf("%+v", p)
		}
	}
	if diff := cmp.Diff([]string{"undo.first", "undo.same instant b", "undo.same instant a", "undo.second"}, got); diff != "" {
		t.Error(diff)
	}
	if only := UndoSteps(s, "second"); len(only) != 1 || only[0].Undo != "second" {
		t.Errorf("only one: %+v", only)
	}
	if none := UndoSteps(s, "nobody"); len(none) != 0 {
		t.Errorf("an unknown step: %+v", none)
	}
}

// TestADenyIsLiftedLater drives an undo through the model: refused before its time, done after.
func TestADenyIsLiftedLater(t *testing.T) {
	m := newModel(t, map[string]string{"k": "was"})
	m.lift = time.Hour
	ok(t, m.bind(m.step("s", quell.Auto, nil, "k")))
	ok(t, m.run(true))
	ok(t, m.append(quell.RecordUndo, "", quell.UndoBound{Steps: UndoSteps(m.state, "")}))
	ok(t, m.run(true))
	if st := m.state.Steps["undo.s"]; st.Status != quell.StepRefused || m.world["k"] != "quell" {
		t.Fatalf("%s (%s), k is %q", st.Status, st.WhyNot, m.world["k"])
	}
	m.now = m.now.Add(time.Hour)
	ok(t, m.run(true))
	if st := m.state.Steps["undo.s"]; st.Status != quell.StepDone || m.world["k"] != "was" {
		t.Errorf("%s (%s), k is %q", st.Status, st.WhyNot, m.world["k"])
	}
}
