package review

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/quell-ir/quell"
)

// header says which incident this is and who answered it.
func (f *facts) header() Section {
	s := Section{ID: "header", Title: "Header"}
	t := Table{Caption: "The incident", Columns: []string{"Item", "Value"}}
	opened := seqs(f.opened)
	t.row(opened, "Incident", f.Incident.ID)
	t.row(opened, "Title", f.Incident.Title)
	t.row(opened, "Marking", "TLP:AMBER until a person decides otherwise")
	t.row(opened, "Account", cmp.Or(f.Incident.Account, "not on record"))
	t.row(opened, "Subject", name(f.Incident.Subject))
	t.row(merge(opened, seqs(f.findings), f.changesOf("severity")), "Severity", f.severityHistory())
	t.row(merge(opened, f.changesOf("standing"), seqs(f.closings)), "Standing", string(f.Incident.Standing))
	for _, b := range f.bounds {
		t.row([]int64{b.seq}, "Playbook", strings.TrimSpace(b.what.Playbook+" "+b.what.Version))
	}
	for _, role := range quell.Roles {
		t.row(f.changesOf("assign"), "Role: "+string(role), cmp.Or(f.Incident.People[role], "nobody on record"))
	}
	s.Tables = []Table{t}
	s.say(nil, "This review looks for causes in controls and processes. It blames nobody.")
	for _, odd := range f.Odd {
		s.say(nil, "Read and not believed: %s.", odd)
	}
	return s
}

// changesOf are the records that changed one thing about the incident.
func (f *facts) changesOf(what string) []int64 {
	var out []int64
	for _, c := range f.changes {
		if c.what.What == what {
			out = append(out, c.seq)
		}
	}
	return out
}

// severityHistory shows every step of the way: a severity that was lowered under way is part of the story.
func (f *facts) severityHistory() string {
	var path []string
	if len(f.opened) > 0 {
		path = append(path, f.opened[0].what.Severity.String())
	}
	for _, c := range f.changes {
		if c.what.What == "severity" {
			path = append(path, c.what.To)
		}
	}
	if now := f.Incident.Severity.String(); len(path) == 0 || path[len(path)-1] != now {
		path = append(path, now)
	}
	return strings.Join(path, " → ")
}

// summary tells the whole in a few sentences for those who read nothing else.
func (f *facts) summary() Section {
	s := Section{ID: "summary", Title: "Executive summary"}
	s.say(seqs(f.opened), "%s. The subject is %s.", f.Incident.Title, name(f.Incident.Subject))
	if f.times[0].at.IsZero() {
		s.say(nil, "When it began is not on record.")
	} else {
		s.say(f.times[0].records, "The first act judged hostile is of %s.", stamp(f.times[0].at))
	}
	s.say(seqs(f.findings), "Findings on record: %d.", len(f.findings))
	ok, failed := 0, 0
	var calls []int64
	for _, c := range f.calls {
		calls = append(calls, c.intent.seq)
		if c.result != nil && c.result.what.OK {
			ok++
		} else {
			failed++
		}
	}
	s.say(calls, "Calls sent by Quell: %d; %d succeeded, %d failed or are in doubt.", len(f.calls), ok, failed)
	s.Statements = append(s.Statements, f.over())
	if f.Incident.Standing == quell.Dismissed {
		s.say(f.changesOf("standing"), "A person dismissed the incident as a false alarm.")
	}
	s.say(nil, "Asked for: the decisions under \"Sign-off\", the owners under \"Lessons and actions\".")
	return s
}

// over answers whether it is over, with no more certainty than the last verdict has.
func (f *facts) over() Statement {
	if len(f.verdicts) == 0 {
		return Statement{Text: "Whether it is over is not known: containment has not been judged."}
	}
	v := f.verdicts[len(f.verdicts)-1]
	text := map[quell.VerdictValue]string{
		quell.Held:    "Containment held by the last verdict",
		quell.Leaking: "It is not over: containment leaks by the last verdict",
	}[v.what.Verdict]
	text = cmp.Or(text, "Whether it is over is not known by the last verdict")
	text += fmt.Sprintf(" (proof: %s, seen through %s)", cmp.Or(string(v.what.Proof), "none"), stamp(v.what.SeenThrough))
	if len(v.what.Blind) > 0 {
		text += "; blind: " + strings.Join(v.what.Blind, ", ")
	}
	records := []int64{v.seq}
	// A verdict speaks of the calls before it: what was taken back since, it has not seen.
	for _, c := range f.calls {
		undone := c.intent.what.Undo || c.step.Undo != ""
		if undone && c.result != nil && c.result.what.OK && c.result.seq > v.seq {
			records = append(records, c.result.seq)
		}
	}
	if len(records) > 1 {
		text += "; something was taken back after that verdict"
	}
	return Statement{quell.Clean(text + "."), records}
}

// impact says what was touched as far as the ledger shows; the rest is asked of people rather than guessed.
func (f *facts) impact() Section {
	s := Section{ID: "impact", Title: "Impact"}
	t := Table{Caption: "Touched resources", Columns: []string{"Entity", "How"}, Empty: "No finding or scope names a touched resource."}
	type touched struct {
		entity quell.Entity
		part   quell.Part
	}
	behind := map[touched][]int64{}
	var order []touched
	note := func(list []quell.Entity, seq int64) {
		for _, e := range list {
			if e.Part != quell.PartRead && e.Part != quell.PartTarget && e.Part != quell.PartMade {
				continue
			}
			k := touched{quell.Entity{Kind: e.Kind, ID: e.ID, Name: e.Name}, e.Part}
			if behind[k] == nil {
				order = append(order, k)
			}
			behind[k] = merge(behind[k], []int64{seq})
		}
	}
	for _, e := range f.findings {
		note(e.what.Entities, e.seq)
	}
	for _, e := range f.scopes {
		note(e.what.Entities, e.seq)
	}
	for _, k := range order {
		t.row(behind[k], name(k.entity), map[quell.Part]string{quell.PartRead: "read", quell.PartMade: "made",
			quell.PartTarget: "acted on"}[k.part])
	}
	s.Tables = []Table{t}
	s.say(nil, "Services and minutes lost: not on record; for people to fill in.")
	s.say(nil, "Personal or customer records: the ledger holds no data classification; a bucket or secret listed as read above is suspected, not confirmed.")
	s.say(nil, "Money (cloud bill, hours, contracts): not on record.")
	if scope, ok := f.scope(); ok && len(scope.what.Blind) > 0 {
		s.say([]int64{scope.seq}, "Impact that these could have shown is unknown: %s.", strings.Join(scope.what.Blind, ", "))
	}
	return s
}

// timeline shows the three lanes in one table. The confirmation is marked, for clocks may be held to start there.
func (f *facts) timeline() Section {
	s := Section{ID: "timeline", Title: "Timeline"}
	t := Table{Caption: "All times UTC. Estimated: told by a verdict, not by an event.",
		Columns: []string{"Time", "Lane", "What", "Time is", "Event"}, Empty: "Nothing is on record."}
	for _, m := range f.Timeline {
		is := "observed"
		if m.Estimated {
			is = "estimated"
		}
		text := m.Text
		if m.Lane == "attacker" && !m.Judged {
			text += " (the subject's act, not judged hostile)"
		}
		row := t.row([]int64{m.Record}, stamp(m.Time), m.Lane, text, is, m.Event)
		row.Mark = slices.Contains(f.times[3].records, m.Record) // confirmation: where clocks may be held to start
	}
	s.Tables = []Table{t}
	return s
}

// metricSection shows the moments before the measures, so that each measure can be checked by hand.
func metricSection(metrics []Metric, times moments) Section {
	s := Section{ID: "metrics", Title: "Metrics"}
	at := Table{Caption: "The moments", Columns: []string{"Moment", "Meaning", "Time (UTC)", "If missing, why"}}
	for i, m := range times {
		why := ""
		if m.at.IsZero() {
			why = m.why
		}
		at.row(m.records, fmt.Sprintf("t%d", i), momentNames[i], stamp(m.at), why)
	}
	t := Table{Caption: "The measures", Columns: []string{"Measure", "Formula", "Value", "Target", "Met", "If n/a, why"}}
	for _, m := range metrics {
		t.row(m.Records, m.Name, m.Formula, m.Value, m.Target, m.Met, m.Why).Mark = m.Met == "missed"
	}
	s.Tables = []Table{at, t}
	return s
}

// detection says what fired and how late, and which sources could not have fired.
func (f *facts) detection() Section {
	s := Section{ID: "detection", Title: "Detection"}
	t := Table{Caption: "What fired", Columns: []string{"Rule", "Verdict by", "Severity", "Title", "Happened", "Noticed", "After"},
		Empty: "Nothing fired: the incident was opened without a finding."}
	for _, e := range f.findings {
		after := "n/a"
		if d := e.at.Sub(e.what.Time); !e.what.Time.IsZero() && d >= 0 {
			after = duration(d)
		}
		t.row([]int64{e.seq}, e.what.Rule, cmp.Or(e.what.Source, "quell"), e.what.Severity.String(), e.what.Title,
			stamp(e.what.Time), stamp(e.at), after)
	}
	blind := Table{Caption: "Sources that could not see", Columns: []string{"Source", "Said by"}, Empty: "No blind source is on record."}
	for _, e := range f.scopes {
		for _, b := range e.what.Blind {
			blind.row([]int64{e.seq}, b, "scope")
		}
	}
	for _, e := range f.verdicts {
		for _, b := range e.what.Blind {
			blind.row([]int64{e.seq}, b, "verdict")
		}
	}
	s.Tables = []Table{t, blind}
	if scope, ok := f.scope(); ok {
		s.say([]int64{scope.seq}, "Read to the end: %s.", listed(scope.what.Read, "nothing"))
	}
	return s
}
