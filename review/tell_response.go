package review

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/quell-ir/quell"
)

// response is every action: its calls, who approved it, how it was set going, what came of it, and its undo state.
func (f *facts) response() Section {
	s := Section{ID: "response", Title: "Response ledger"}
	steps := Table{Caption: "Steps", Columns: []string{"Step", "Action", "Target", "Mode", "Answered by", "Standing", "Undo", "Deviation"},
		Empty: "No playbook was bound."}
	for _, e := range f.steps {
		status, ok := f.status(e.what.ID)
		standing := "not on record"
		records := []int64{e.seq}
		if ok {
			standing = strings.TrimSuffix(string(status.what.Status)+": "+status.what.Why, ": ")
			records = append(records, status.seq)
		}
		answered, seq := f.answers(e.what.ID)
		deviation := ""
		switch {
		case status.what.Status == quell.StepSkipped:
			deviation = "skipped"
		case status.what.Status == quell.StepFailed || status.what.Status == quell.StepRefused:
			deviation = "did not go as planned"
		}
		undo, undoSeq := f.undoState(e.what)
		steps.row(merge(records, seq, undoSeq), e.what.ID, cmp.Or(e.what.Action, "by a person"), name(e.what.Target), string(e.what.Mode),
			answered, standing, undo, deviation).Mark = deviation != ""
	}
	calls := Table{Caption: "Calls", Columns: []string{"Sent", "Call", "Step", "Try", "Outcome", "Request id", "Lost neighbours"},
		Empty: "No call was sent."}
	for _, c := range f.calls {
		outcome, request, lost := "in doubt: no result is on record", "", ""
		records := []int64{c.intent.seq}
		if c.result != nil {
			records = append(records, c.result.seq)
			request, lost = c.result.what.RequestID, strings.Join(c.result.what.Lost, ", ")
			outcome = "done"
			if !c.result.what.OK {
				outcome = "failed: " + strings.TrimSuffix(cmp.Or(c.result.what.Code, "no code")+": "+c.result.what.Message, ": ")
			}
		}
		if c.intent.what.Undo {
			outcome = "undo " + outcome
		}
		calls.row(records, stamp(c.intent.at), c.intent.what.Op, c.intent.step, fmt.Sprint(c.intent.what.Try), outcome, request, lost).
			Mark = outcome != "done" && outcome != "undo done"
	}
	s.Tables = []Table{steps, calls}
	return s
}

// answers tells every decision on a step, and attempts that came to nothing.
func (f *facts) answers(step string) (string, []int64) {
	var out []string
	var records []int64
	for _, d := range f.decisions {
		if cmp.Or(d.what.Step, d.step) != step {
			continue
		}
		answer := "no"
		if d.what.Yes {
			answer = "yes"
		}
		out = append(out, fmt.Sprintf("%s as %s: %s", d.what.Person, d.what.As, answer))
		records = append(records, d.seq)
	}
	for _, a := range f.attempts {
		if a.step == step {
			out = append(out, fmt.Sprintf("%s as %s: not counted, %s", a.by, a.what.As, a.what.Why))
			records = append(records, a.seq)
		}
	}
	return listed(out, "nobody"), records
}

func (f *facts) undoState(step quell.PlanStep) (string, []int64) {
	if step.Undo != "" {
		return "takes back " + step.Undo, nil
	}
	for _, s := range f.steps {
		if s.what.Undo != step.ID || step.ID == "" {
			continue
		}
		status, ok := f.status(s.what.ID)
		if !ok {
			return "being taken back", []int64{s.seq}
		}
		if status.what.Status == quell.StepDone {
			return "taken back", []int64{s.seq, status.seq}
		}
		return "undo is " + string(status.what.Status), []int64{s.seq, status.seq}
	}
	for _, c := range f.calls {
		if c.intent.step == step.ID && c.result != nil && c.result.what.OK {
			return "in place", []int64{c.result.seq}
		}
	}
	return "no call succeeded", nil
}

// containment judges the containment itself: whether it held, on what proof, and what it cost.
func (f *facts) containment() Section {
	s := Section{ID: "containment", Title: "Quality of containment"}
	t := Table{Caption: "Verdicts", Columns: []string{"Given", "Verdict", "Proof", "Seen through", "Blind", "Why"},
		Empty: "Containment has not been judged."}
	for _, v := range f.verdicts {
		t.row([]int64{v.seq}, stamp(v.at), string(v.what.Verdict), cmp.Or(string(v.what.Proof), "none"), stamp(v.what.SeenThrough),
			listed(v.what.Blind, "none named"), v.what.Why).Mark = v.what.Verdict == quell.Leaking
	}
	probes := Table{Caption: "Probes", Columns: []string{"Made", "Of", "Trail complete to", "Trail proven live", "Successes after containment", "Refusals", "Note"},
		Empty: "No probe was made."}
	for _, p := range f.probes {
		probes.row([]int64{p.seq}, stamp(p.what.At), p.what.What, stamp(p.what.Through), yesNo(p.what.Live),
			fmt.Sprint(max(p.what.Allowed, len(p.what.Successes))), fmt.Sprint(max(p.what.Denied, len(p.what.Refusals))), p.what.Note).
			Mark = len(p.what.Successes) > 0
	}
	breaks := Table{Caption: "Collateral: who used it and may have been cut off", Columns: []string{"Step", "What breaks"},
		Empty: "No plan names anything that breaks. That is no proof that nothing did."}
	seen := map[string]bool{}
	for _, p := range f.planned {
		for _, b := range p.what.Breaks {
			if !seen[p.step+"\x00"+b] {
				seen[p.step+"\x00"+b] = true
				breaks.row([]int64{p.seq}, p.step, b)
			}
		}
	}
	s.Tables = []Table{t, probes, breaks, f.reapplied()}
	s.Statements = []Statement{f.over()}
	return s
}

// reapplied lists calls that succeeded once and were planned and made again. Calls are only planned where the account
// lacks what they bring about, so something took it away in between, perhaps the intruder.
func (f *facts) reapplied() Table {
	t := Table{Caption: "Made again after it had succeeded", Columns: []string{"Call", "Step", "Made first", "Made again"},
		Empty: "No call had to be made twice."}
	type what struct {
		step, op, input, edit string
		of                    int
	}
	first := map[what]sent{}
	for _, c := range f.calls {
		if c.result == nil || !c.result.what.OK || c.intent.what.Undo {
			continue
		}
		in := c.intent.what
		k := what{c.intent.step, in.Op, string(in.Input), editText(in.Edit), in.Of}
		before, ok := first[k]
		if !ok {
			first[k] = c
			continue
		}
		t.row([]int64{before.result.seq, c.result.seq}, c.intent.what.Op, c.intent.step, stamp(before.result.at), stamp(c.result.at)).Mark = true
	}
	return t
}

// editText tells edits of one document apart. An edit that JSON cannot hold was never recorded.
func editText(e *quell.Edit) string {
	text, err := json.Marshal(e)
	if err != nil {
		return ""
	}
	return string(text)
}

// recovery lists the steps that remove the cause and bring things back; their absence is said as loudly.
func (f *facts) recovery() Section {
	s := Section{ID: "recovery", Title: "Recovery"}
	t := Table{Caption: "Steps that eradicate or recover", Columns: []string{"Step", "Phase", "Target", "Standing"},
		Empty: "No step of eradication or recovery is on record. Until one is, the cause may still be there."}
	for _, e := range f.steps {
		if (e.what.Phase != quell.Eradicate && e.what.Phase != quell.Recover) || e.what.Undo != "" {
			continue
		}
		status, ok := f.status(e.what.ID)
		records := []int64{e.seq}
		if ok {
			records = append(records, status.seq)
		}
		t.row(records, e.what.ID, string(e.what.Phase), name(e.what.Target), cmp.Or(string(status.what.Status), "not on record"))
	}
	s.Tables = []Table{t}
	s.say(nil, "Restore points, residual risk and the watch period: for people to fill in.")
	return s
}
