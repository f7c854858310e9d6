package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/respond"
	"github.com/quell-ir/quell/sandbox"
)

// teller tells the story as it happens, in the account's own time.
type teller struct {
	w     io.Writer
	clock *sandbox.Clock
	pause time.Duration
	last  string
	again int
	roads map[string]string
	// made and verdictTold are what was told last, so that the story tells news only.
	made, verdictTold string
}

func (t *teller) say(who, format string, args ...any) {
	text := quell.Cut(fmt.Sprintf(format, args...), 150)
	if text == t.last {
		t.again++
		return
	}
	if t.again > 0 {
		fmt.Fprintf(t.w, "%27s(and %d times more)\n", "", t.again)
	}
	t.last, t.again = text, 0
	fmt.Fprintf(t.w, "  %s  %-9s %s\n", t.clock.Now().Format("15:04:05"), who, text)
	if t.pause > 0 {
		time.Sleep(t.pause)
	}
}

// firstCall is when the first call of the response took effect.
func firstCall(out respond.Outcome) time.Time {
	var first time.Time
	for _, st := range out.Run.Steps {
		for _, sent := range st.Sent {
			if first.IsZero() || sent.At.Before(first) {
				first = sent.At
			}
		}
	}
	return first
}

func (t *teller) title(text string) { fmt.Fprintf(t.w, "\n%s\n", text) }

// intruder tells each kind of attempt when its outcome changes; the intruder itself tries every few seconds.
func (t *teller) intruder(_ time.Time, what string, err error) {
	outcome := "goes through"
	if err != nil {
		outcome = "refused"
	}
	if t.roads == nil {
		t.roads = map[string]string{}
	}
	have, known := t.roads[what]
	t.roads[what] = outcome
	if strings.HasPrefix(what, "tries") && known && have == outcome {
		return
	}
	if err != nil {
		what += ": REFUSED"
	}
	t.say("intruder", "%s", what)
}

// record tells what Quell does, as it becomes durable.
func (t *teller) record(r quell.Record) {
	switch r.Kind {
	case quell.RecordOpened:
		if in, err := quell.Payload[quell.Incident](r); err == nil {
			t.say("QUELL", "opens incident %s: %s", in.ID, in.Title)
		}
	case quell.RecordIntent:
		if i, err := quell.Payload[quell.Intent](r); err == nil {
			t.say("QUELL", "calls %s %s", i.Op, scalars(i.Input))
		}
	case quell.RecordResult:
		if x, err := quell.Payload[quell.Result](r); err == nil && !x.OK {
			t.say("QUELL", "  refused: %s", x.Code)
		}
	case quell.RecordScope:
		if s, err := quell.Payload[quell.Scope](r); err == nil {
			if things := made(s.Entities); things != t.made {
				t.made = things
				t.say("QUELL", "knows %d acts; made by the intruder: %s", s.Events, things)
			}
		}
	case quell.RecordEvidence:
		if e, err := quell.Payload[quell.Evidence](r); err == nil {
			if strings.HasSuffix(e.Name, "manifest.json") {
				t.say("QUELL", "keeps evidence; its manifest %s has sha256 %s…", e.Name, e.SHA256[:12])
			}
		}
	case quell.RecordVerdict:
		if v, err := quell.Payload[quell.Verdict](r); err == nil {
			if word := string(v.Verdict) + v.Why; word != t.verdictTold {
				t.verdictTold = word
				t.say("QUELL", "verdict %s: %s", v.Verdict, v.Why)
			}
		}
	}
}

func made(entities []quell.Entity) string {
	var names []string
	for _, e := range entities {
		if e.Part == quell.PartMade && (e.Kind == quell.KindUser || e.Kind == quell.KindRole || e.Kind == quell.KindFederated) {
			names = append(names, targetName(e))
		}
	}
	return strings.Join(names, ", ")
}

// scalars are the short words of an input, for a line of the story.
func scalars(input json.RawMessage) string {
	var fields map[string]any
	if json.Unmarshal(input, &fields) != nil {
		return ""
	}
	var words []string
	for _, name := range []string{"UserName", "RoleName", "AccessKeyId", "PolicyName", "Status", "Bucket", "SecretId"} {
		if s, ok := fields[name].(string); ok {
			words = append(words, quell.Cut(s, 40))
		}
	}
	return strings.Join(words, " ")
}

func (t *teller) plan(out respond.Outcome) {
	t.title("What Quell proposes:")
	printOutcome(t.w, out, false)
	fmt.Fprintln(t.w)
}

func (t *teller) verdict(out respond.Outcome) {
	t.title(fmt.Sprintf("%s (%s): %s", strings.ToUpper(string(out.Verdict)), out.Proof, out.Why))
}

func (t *teller) undo(out respond.Outcome) {
	t.title("What would take it back (quell undo):")
	for _, p := range out.Plan.Steps {
		fmt.Fprintf(t.w, "  %-34s %d calls\n", quell.Cut(p.ID, 34), len(p.Calls))
		for _, b := range p.Breaks {
			fmt.Fprintf(t.w, "      %s\n", quell.Cut(b, 200))
		}
	}
}

// table ends the story with the times side by side.
func (t *teller) table(naive, full act) {
	fmt.Fprintf(t.w, "\n%-36s %-22s %s\n", "", naive.Name, full.Name)
	row := func(label, a, b string) { fmt.Fprintf(t.w, "%-36s %-22s %s\n", label, a, b) }
	for _, step := range []string{"detected", "first containing call", "last containing call", "verdict known"} {
		row("attack to "+step, naive.Times[step].Sub(naive.started).Round(time.Second).String(), full.Times[step].Sub(full.started).Round(time.Second).String())
	}
	row("intruder's acts through afterwards", fmt.Sprint(naive.Through), fmt.Sprint(full.Through))
	row("intruder's acts refused", fmt.Sprint(naive.Refused), fmt.Sprint(full.Refused))
	row("verdict", strings.ToUpper(string(naive.Verdict)), strings.ToUpper(string(full.Verdict))+", "+string(full.Proof))
	fmt.Fprintf(t.w, "\nreport  %s\nledger  %s\n        verify it: quell ledger verify %s\n", full.Report, full.Bundle, full.Bundle)
}
