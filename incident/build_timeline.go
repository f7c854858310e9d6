package incident

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
)

// The lanes of a timeline.
const (
	LaneAttacker  = "attacker"
	LaneDetector  = "detector"
	LaneResponder = "responder"
)

// Line is one moment of an incident.
type Line struct {
	Time time.Time `json:"time"` // UTC; zero where nobody knows
	// Estimated is true where no record was made at that moment: a verdict told the time, not an event.
	Estimated bool   `json:"estimated"`
	Lane      string `json:"lane"`
	Text      string `json:"text"` // cleaned, one line
	// Judged says, for the attacker's lane, that a finding calls the act hostile. Otherwise it is known only to be
	// the subject's, which its owner may have done.
	Judged bool `json:"judged,omitempty"`
	// Event is the source's id of the event behind the line, where there is one.
	Event string `json:"event,omitempty"`
	// Record is the number of the ledger record that the line was read from.
	Record int64 `json:"record"`
}

// Timeline lays what happened, what was noticed and what was done side by side, in UTC order. An event that several
// records tell is one line, with the first record that calls it hostile.
func Timeline(v View) []Line {
	t := timeline{events: map[string]int{}}
	for _, f := range v.Findings {
		t.addFinding(f)
	}
	for _, s := range v.Scopes {
		for _, e := range s.What.Timeline {
			t.addEvent(e, false, s.Seq)
		}
		t.add(s.Time, LaneResponder, s.Seq, "scope of %s: %s, %d entities, still active: %v", Name(s.What.Subject),
			count(s.What.Events, "event"), len(s.What.Entities), s.What.StillActive)
	}
	for _, p := range v.Probes {
		for _, e := range slices.Concat(p.What.Successes, p.What.Refusals) {
			t.addEvent(e, false, p.Seq)
		}
		t.add(p.Time, LaneDetector, p.Seq, "probe of the %s: %d successes, %d refusals%s", p.What.What, len(p.What.Successes),
			max(p.What.Denied, len(p.What.Refusals)), dash(p.What.Note))
	}
	t.addResponse(v)
	slices.SortStableFunc(t.lines, func(a, b Line) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Lane, b.Lane), cmp.Compare(a.Record, b.Record), cmp.Compare(a.Text, b.Text))
	})
	return t.lines
}

type timeline struct {
	lines  []Line
	events map[string]int // event id -> place in lines
}

func (t *timeline) add(at time.Time, lane string, seq int64, format string, args ...any) {
	t.lines = append(t.lines, Line{Time: at.UTC(), Lane: lane, Record: seq, Text: quell.Clean(fmt.Sprintf(format, args...))})
}

func (t *timeline) addEvent(e quell.Event, judged bool, seq int64) {
	if at, ok := t.events[e.ID]; ok && e.ID != "" {
		if judged && !t.lines[at].Judged {
			t.lines[at].Judged, t.lines[at].Record = true, seq
		}
		return
	}
	t.events[e.ID] = len(t.lines)
	t.lines = append(t.lines, Line{Time: e.Time.UTC(), Estimated: e.Time.IsZero(), Lane: LaneAttacker, Judged: judged,
		Text: describe(e), Event: quell.Clean(e.ID), Record: seq})
}

func (t *timeline) addFinding(f Entry[quell.Finding]) {
	for _, e := range f.What.Seen {
		t.addEvent(e, true, f.Seq)
	}
	if len(f.What.Seen) == 0 {
		// Services tell of an act without its event; the time is theirs.
		line := Line{Time: f.What.Time.UTC(), Estimated: true, Lane: LaneAttacker, Judged: true, Record: f.Seq,
			Text: quell.Clean("activity behind: " + f.What.Title)}
		if len(f.What.Events) > 0 {
			line.Event = quell.Clean(f.What.Events[0])
		}
		t.lines = append(t.lines, line)
	}
	t.add(f.Time, LaneDetector, f.Seq, "%s finding by %s: %s (rule %s)", f.What.Severity, cmp.Or(f.What.Source, "quell"), f.What.Title, f.What.Rule)
}

// describe tells an event in a line: what, by whom, from where, with which outcome, on what.
func describe(e quell.Event) string {
	var b strings.Builder
	service, _, _ := strings.Cut(e.Source, ".")
	fmt.Fprintf(&b, "%s:%s by %s", service, e.Name, cmp.Or(e.Actor.Name, e.Actor.ARN, e.Actor.Principal, "somebody unnamed"))
	if e.SourceIP != "" {
		b.WriteString(" from " + e.SourceIP)
	}
	if e.Region != "" {
		b.WriteString(" in " + e.Region)
	}
	if e.ErrorCode != "" {
		b.WriteString(", refused: " + e.ErrorCode)
	}
	for i, r := range e.Resources {
		if i == 3 {
			fmt.Fprintf(&b, " and %d more", len(e.Resources)-i)
			break
		}
		b.WriteString([]string{" on ", ", ", ", "}[i] + Name(r))
	}
	return quell.Clean(b.String())
}

// count writes a number with its noun, because people read these lines aloud in calls.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// dash leads a remark, where there is one.
func dash(s string) string {
	if s == "" {
		return ""
	}
	return ": " + s
}
