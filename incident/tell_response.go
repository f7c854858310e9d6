package incident

import (
	"cmp"

	"github.com/quell-ir/quell"
)

// addResponse writes the responder's lane, and the verdicts into the detector's.
func (t *timeline) addResponse(v View) {
	t.add(v.Opened.Time, LaneResponder, v.Opened.Seq, "incident opened by %s: %s (%s)", v.Opened.By, v.Opened.What.Title, v.Opened.What.Severity)
	for _, c := range v.Changes {
		t.add(c.Time, LaneResponder, c.Seq, "%s changed by %s to %s%s", c.What.What, c.By, c.What.To, dash(c.What.Reason))
	}
	for _, n := range v.Notes {
		t.add(n.Time, LaneResponder, n.Seq, "note by %s: %s", n.By, n.What.Text)
	}
	for _, b := range v.Bounds {
		t.add(b.Time, LaneResponder, b.Seq, "playbook %s %s bound: %s", b.What.Playbook, b.What.Version, count(len(b.What.Steps), "step"))
	}
	for _, p := range v.Planned {
		t.add(p.Time, LaneResponder, p.Seq, "step %s looked at: %s", p.Step, plannedText(p.What))
	}
	for _, d := range v.Decisions {
		answer := "no"
		if d.What.Yes {
			answer = "yes"
		}
		t.add(d.Time, LaneResponder, d.Seq, "%s said %s to step %s as %s%s", d.What.Person, answer, cmp.Or(d.What.Step, d.Step), d.What.As, dash(d.What.Reason))
	}
	for _, a := range v.Attempts {
		t.add(a.Time, LaneResponder, a.Seq, "approval by %s as %s came to nothing: %s", a.By, a.What.As, a.What.Why)
	}
	for _, r := range v.Runs {
		how := "looking only"
		if r.What.Apply {
			how = "to apply"
		}
		t.add(r.Time, LaneResponder, r.Seq, "run started by %s, %s%s", r.By, how, dash(r.What.Credentials))
	}
	t.addCalls(v)
	for _, w := range v.Waits {
		t.add(w.Time, LaneResponder, w.Seq, "step %s has waited for %s", w.Step, w.What.For)
	}
	for _, s := range v.Statuses {
		t.add(s.Time, LaneResponder, s.Seq, "step %s is %s%s", s.Step, s.What.Status, dash(s.What.Why))
	}
	for _, e := range v.Evidence {
		whole := ""
		if !e.What.Complete {
			whole = ", not complete"
		}
		t.add(e.Time, LaneResponder, e.Seq, "evidence kept: %s, %s%s", e.What.Name, count(int(e.What.Size), "byte"), whole)
	}
	for _, u := range v.Undos {
		t.add(u.Time, LaneResponder, u.Seq, "undo of %s bound by %s%s", count(len(u.What.Steps), "step"), u.By, dash(u.What.Reason))
	}
	for _, d := range v.Verdicts {
		t.add(d.Time, LaneDetector, d.Seq, "verdict %s (proof: %s)%s", d.What.Verdict, cmp.Or(string(d.What.Proof), "none"), dash(d.What.Why))
	}
	if c := v.Closing; c != nil {
		t.add(c.Time, LaneResponder, c.Seq, "incident closed by %s%s", c.By, dash(c.What.Reason))
	}
}

// addCalls tells each call once, at its result. A call whose result never came is told at its intent, as in doubt.
func (t *timeline) addCalls(v View) {
	type sent struct {
		step, key string
	}
	open := map[sent]Entry[quell.Intent]{}
	next := 0
	for _, i := range v.Intents {
		for ; next < len(v.Results) && v.Results[next].Seq < i.Seq; next++ {
			t.addResult(v.Results[next], open[sent{v.Results[next].Step, v.Results[next].What.Key}])
			delete(open, sent{v.Results[next].Step, v.Results[next].What.Key})
		}
		open[sent{i.Step, i.What.Key}] = i
	}
	for _, r := range v.Results[next:] {
		t.addResult(r, open[sent{r.Step, r.What.Key}])
		delete(open, sent{r.Step, r.What.Key})
	}
	for _, i := range open {
		t.add(i.Time, LaneResponder, i.Seq, "%s sent in step %s; whether it took effect is not recorded", i.What.Op, i.Step)
	}
}

func (t *timeline) addResult(r Entry[quell.Result], i Entry[quell.Intent]) {
	outcome := "done"
	if !r.What.OK {
		outcome = "failed: " + cmp.Or(r.What.Code, "no code") + dash(r.What.Message)
	}
	if i.What.Undo {
		outcome = "undo " + outcome
	}
	t.add(r.Time, LaneResponder, r.Seq, "%s in step %s %s", cmp.Or(i.What.Op, "call "+r.What.Key), r.Step, outcome)
}

// plannedText says what a look came to. A guard's refusal outweighs the calls it refused.
func plannedText(p quell.Planned) string {
	switch {
	case p.Refused != "":
		return "refused: " + p.Refused
	case len(p.Calls) > 0:
		return count(len(p.Calls), "call") + " to make"
	case p.Settled:
		return "nothing left to do"
	}
	return "nothing to do now, not settled yet"
}
