package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/call"
	"github.com/quell-ir/quell/incident"
	"github.com/quell-ir/quell/ledger"
	"github.com/quell-ir/quell/respond"
)

// printOutcome answers, in its first twelve lines, what a person at three in the morning asks; then the changes.
func printOutcome(w io.Writer, out respond.Outcome, full bool) {
	in := out.View.Incident
	line := func(label, format string, args ...any) {
		fmt.Fprintf(w, "%-13s %s\n", label, quell.Cut(fmt.Sprintf(format, args...), 200))
	}
	line("Incident", "%s  %s  %s", in.ID, in.Severity, in.Standing)
	line("What", "%s", in.Title)
	line("Who", "%s", subjectLine(in))
	line("Since", "%s", sinceLine(in, out.Scope, actSeen(out.View.FindingList())))
	line("Breaks", "%s", breaksLine(out))
	line("Verdict", "%s", verdictLine(out))
	line("Next", "%s", nextStep(out))
	for _, l := range answerLines(out) {
		line(l[0], "%s", l[1])
	}
	line("Not seen", "%s", blindLine(out))
	fmt.Fprintln(w)
	printChanges(w, out, full)
}

func subjectLine(in quell.Incident) string {
	name := cmp.Or(in.Subject.ARN, in.Subject.Name, in.Subject.ID, "unknown")
	account := cmp.Or(in.Account, in.Subject.Account)
	if account == "" {
		return fmt.Sprintf("%s %s", in.Subject.Kind, name)
	}
	return fmt.Sprintf("%s %s in account %s", in.Subject.Kind, name, account)
}

func sinceLine(in quell.Incident, scope *quell.Scope, seen bool) string {
	since, last := in.Since, in.LastSeen
	if !seen {
		since, last = time.Time{}, time.Time{} // nobody saw an act; the times are those of being named
	}
	active := "unknown whether still active"
	if scope != nil {
		if !scope.Since.IsZero() {
			since = scope.Since
		}
		if scope.LastSeen.After(last) {
			last = scope.LastSeen
		}
		if scope.Events > 0 || len(scope.Read) > 0 {
			active = "no act seen in the last 15 minutes"
			if scope.StillActive {
				active = "STILL ACTIVE"
			}
		}
	}
	return fmt.Sprintf("%s, last seen %s, %s", when(since), when(last), active)
}

// actSeen says whether a finding is about an act, and not only a person's word.
func actSeen(findings []quell.Finding) bool {
	return slices.ContainsFunc(findings, func(f quell.Finding) bool { return f.Source != "operator" })
}

func when(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

func breaksLine(out respond.Outcome) string {
	if out.Scope != nil && len(out.Scope.UsedBy) > 0 {
		return "used in the last day by " + strings.Join(out.Scope.UsedBy, "; ")
	}
	for _, p := range out.Plan.Steps {
		if p.Phase == quell.Contain && len(p.Breaks) > 0 {
			return strings.Join(p.Breaks, "; ")
		}
	}
	return "nothing known to use it"
}

func verdictLine(out respond.Outcome) string {
	switch {
	case out.Verdict == "":
		return "not contained"
	case out.Verdict == quell.Unknown && out.KnownBy != "":
		return fmt.Sprintf("contained, proving until %s: %s", out.KnownBy, out.Why)
	}
	return fmt.Sprintf("%s (%s): %s", strings.ToUpper(string(out.Verdict)), cmp.Or(string(out.Proof), "no proof"), out.Why)
}

// nextStep is the one thing recommended now.
func nextStep(out respond.Outcome) string {
	for _, p := range out.Plan.Steps {
		if p.Status == quell.StepFailed || p.Status == quell.StepRefused {
			return fmt.Sprintf("step %s %s: %s", p.ID, p.Status, p.WhyNot)
		}
	}
	for _, p := range out.Plan.Steps {
		switch p.Status {
		case quell.StepWaiting, quell.StepReady:
			return fmt.Sprintf("%s: %s on %s (%d calls)", p.ID, cmp.Or(p.Title, p.Action), targetName(p.Target), len(p.Calls))
		}
	}
	for _, p := range out.Plan.Steps {
		if p.Status == quell.StepManual {
			return fmt.Sprintf("%s: by hand: %s", p.ID, cmp.Or(p.Text, p.Title))
		}
	}
	if strings.HasPrefix(out.Why, unnamed) {
		return "find out who it is, then: quell respond KEY, USER or ARN; " + out.Why
	}
	return "nothing is left to do; `quell review " + out.Incident + "` writes the report"
}

// answerLines are the commands that say yes and that take it back.
func answerLines(out respond.Outcome) [][2]string {
	waits, ready, sent := false, false, false
	for _, p := range out.Plan.Steps {
		waits = waits || p.Status == quell.StepWaiting
		ready = ready || p.Status == quell.StepReady
	}
	for _, st := range out.Run.Steps {
		sent = sent || len(st.Sent) > 0
	}
	var lines [][2]string
	if waits {
		lines = append(lines, [2]string{"Say yes", fmt.Sprintf("quell approve %s --digest %s && quell run %s --apply", out.Incident, out.Plan.Digest, out.Incident)})
	} else if ready {
		lines = append(lines, [2]string{"Do it", fmt.Sprintf("quell run %s --apply", out.Incident)})
	}
	if sent || waits || ready {
		lines = append(lines, [2]string{"Take it back", fmt.Sprintf("quell undo %s", out.Incident)})
	}
	return lines
}

func blindLine(out respond.Outcome) string {
	if len(out.Blind) == 0 {
		if out.Scope == nil {
			return "the trail was not read"
		}
		return "every source asked answered"
	}
	return strings.Join(out.Blind, "; ")
}

func targetName(e quell.Entity) string {
	if e.ID == "" && e.Name == "" {
		return "-"
	}
	return incident.Name(e)
}

// printChanges lists what will be done, or was, one line per call.
func printChanges(w io.Writer, out respond.Outcome, full bool) {
	changes, reversible, kept, forever := 0, 0, 0, 0
	for _, p := range out.Plan.Steps {
		if len(p.Calls) == 0 && !full {
			continue
		}
		fmt.Fprintf(w, "%s  %s [%s, %s] on %s\n", p.ID, cmp.Or(p.Title, p.Action), p.Mode, p.Status, quell.Cut(targetName(p.Target), 60))
		if p.WhyNot != "" {
			fmt.Fprintf(w, "    ! %s\n", quell.Cut(p.WhyNot, 300))
		}
		if len(p.Missing) > 0 {
			fmt.Fprintf(w, "    ! not permitted to us: %s\n", quell.Cut(strings.Join(p.Missing, ", "), 200))
		}
		for i, c := range p.Calls {
			changes++
			switch c.Kind {
			case quell.Reversible, quell.Passing:
				reversible++
			case quell.Kept:
				kept++
			default:
				forever++
			}
			fmt.Fprintf(w, "    %s\n", quell.Cut(call.Summary(c), 160))
			if full && i < len(p.CLI) {
				fmt.Fprintf(w, "        %s\n", quell.Clean(p.CLI[i]))
			}
		}
		if !full {
			continue
		}
		for _, b := range p.Breaks {
			fmt.Fprintf(w, "    breaks: %s\n", quell.Cut(b, 200))
		}
		if p.Text != "" {
			fmt.Fprintf(w, "    by hand: %s\n", quell.Clean(p.Text))
		}
		fmt.Fprintf(w, "    digest: %s\n", p.Digest)
	}
	fmt.Fprintf(w, "Plan: %d changes, %d reversible, %d kept, %d irreversible; digest %s\n", changes, reversible, kept, forever, out.Plan.Digest)
}

// printVerified says what verification found; a problem makes the status 1.
func (m *Main) printVerified(r ledger.Report) error {
	if m.cli.JSON {
		if err := m.printJSON(r); err != nil {
			return err
		}
	} else {
		for _, p := range r.Problems {
			fmt.Fprintln(m.Stdout, p)
		}
		state := "verified"
		if !r.OK {
			state = "NOT AS IT WAS WRITTEN"
		}
		fmt.Fprintf(m.Stdout, "%s: %d records, %d artefacts, key %s\n", state, r.Size, r.Evidence, r.Fingerprint)
		if !r.Pinned {
			fmt.Fprintln(m.Stdout, "the key came with the data: compare its fingerprint with one known from elsewhere, or give --key")
		}
	}
	if !r.OK {
		return exit(exitFailed)
	}
	return nil
}
