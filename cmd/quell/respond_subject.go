package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/hunt"
	"github.com/quell-ir/quell/respond"
	"github.com/quell-ir/quell/source"
)

// RespondCmd is `quell respond`.
type RespondCmd struct {
	Subjects []string      `arg:"" name:"subject" help:"A finding file (- for stdin), AKIA..., ARN, user, role, bucket or i-...."`
	Apply    bool          `help:"Carry out what policy makes automatic; without it nothing changes."`
	Wait     time.Duration `help:"How long to stay and watch whether containment holds." default:"90s" env:"QUELL_WAIT"`
	Full     bool          `help:"Show every step and command."`
	alarms   []rung        `kong:"-"` // alarms that name nobody
}

// Run implements the command.
func (c *RespondCmd) Run(ctx context.Context, m *Main) (err error) {
	h, err := m.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	findings, named, err := c.read(ctx, m)
	if err != nil {
		return err
	}
	var ids []string
	if len(findings) > 0 {
		// What was handed in is recorded before AWS is asked anything.
		if ids, err = openIncidents(ctx, m, h, findings); err != nil {
			return err
		}
	}
	rang, err := recordAlarms(ctx, m, h, c.alarms)
	if err != nil {
		return err
	}
	reader, err := m.account(ctx, h)
	if err != nil {
		if all := append(ids, rang...); len(all) > 0 {
			m.say("recorded as incident %s; its plan needs an account", all[0])
		}
		return err
	}
	behind, nobody, err := m.nameAlarms(ctx, h, c.alarms, rang)
	if err != nil {
		return err
	}
	ids = appendNew(ids, behind)
	for _, name := range named {
		entities, err := reader.IdentifyAll(ctx, name)
		if err != nil {
			return err
		}
		more, err := openIncidents(ctx, m, h, []quell.Finding{hunt.Named(name, entities, m.Clock.Now())})
		if err != nil {
			return err
		}
		ids = appendNew(ids, more)
	}
	m.say("%s", h.desk.Credentials)
	return m.respondAll(ctx, h, ids, respond.Options{Apply: c.Apply, Wait: c.Wait, Again: true}, c.Full, nobody...)
}

// read sorts the subjects into findings from files and names.
func (c *RespondCmd) read(ctx context.Context, m *Main) (findings []quell.Finding, named []string, err error) {
	for _, subject := range c.Subjects {
		data, isFile, err := readSubjectFile(m.Stdin, subject)
		if err != nil {
			return nil, nil, err
		}
		if !isFile {
			named = append(named, subject)
			continue
		}
		found, err := source.ReadSubject(subject, data)
		if err != nil {
			return nil, nil, err
		}
		rest, alarms := splitAlarms(found.Findings, data)
		findings, c.alarms = append(findings, rest...), append(c.alarms, alarms...)
		if len(found.Records) == 0 {
			continue
		}
		judged, err := m.judge(ctx, found.Records, subject)
		if err != nil {
			return nil, nil, err
		}
		if len(judged) == 0 && len(found.Findings) == 0 {
			return nil, nil, &quell.Error{
				Code: quell.CodeFailed, What: fmt.Sprintf("%s: no rule finds anything in its %d CloudTrail records", quell.Clean(subject), len(found.Records)),
				Next: "if you know who it is, respond to the key, user or ARN itself",
			}
		}
		findings = append(findings, judged...)
	}
	if len(findings) == 0 && len(named) == 0 && len(c.alarms) == 0 {
		return nil, nil, &quell.Error{Code: quell.CodeFailed, What: "nothing in what was given calls for a response"}
	}
	return findings, named, nil
}

// maxSubjectFile bounds what is read whole; logs go to `quell hunt`.
const maxSubjectFile = 64 << 20

// readSubjectFile reads a subject that is a file. What looks like a path and is not there is an error, not a name.
func readSubjectFile(stdin io.Reader, subject string) (data []byte, isFile bool, err error) {
	if subject == "-" {
		data, err = io.ReadAll(io.LimitReader(stdin, maxSubjectFile+1))
		return data, true, err
	}
	info, err := os.Stat(subject)
	if err != nil {
		if looksLikePath(subject) {
			return nil, true, &quell.Error{Code: quell.CodeUsage, What: "read " + subject, Err: err, Next: "give a finding file that exists, or an identifier"}
		}
		return nil, false, nil
	}
	if info.IsDir() {
		return nil, true, &quell.Error{Code: quell.CodeUsage, What: subject + " is a folder", Next: "hunt through it first: quell hunt " + subject}
	}
	if info.Size() > maxSubjectFile {
		return nil, true, &quell.Error{Code: quell.CodeUsage, What: fmt.Sprintf("%s has %d bytes", subject, info.Size()), Next: "hunt through it first: quell hunt " + subject}
	}
	data, err = os.ReadFile(subject)
	return data, true, err
}

func looksLikePath(s string) bool {
	for _, suffix := range []string{".json", ".jsonl", ".gz", ".zst", ".txt", ".log"} {
		if len(s) > len(suffix) && s[len(s)-len(suffix):] == suffix {
			return true
		}
	}
	return s[0] == '.' || s[0] == '/' && len(s) > 1
}

func openIncidents(ctx context.Context, m *Main, h *home, findings []quell.Finding) ([]string, error) {
	opened, err := h.desk.Open(ctx, findings)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, o := range opened {
		ids = appendNew(ids, []string{o.ID})
		for _, other := range o.Also {
			m.say("incident %s shares entities with %s; `quell incident merge %s %s` joins them", o.ID, other, other, o.ID)
		}
	}
	return ids, nil
}

func appendNew(ids, more []string) []string {
	for _, id := range more {
		known := false
		for _, have := range ids {
			known = known || have == id
		}
		if !known {
			ids = append(ids, id)
		}
	}
	return ids
}

// respondAll continues each incident and prints the outcome: one as itself, several in a list. Others, of which there is
// nothing to continue, are printed with them.
func (m *Main) respondAll(ctx context.Context, h *home, ids []string, o respond.Options, full bool, others ...respond.Outcome) error {
	outcomes := others
	var failures []error
	for _, id := range ids {
		out, err := h.desk.Respond(ctx, id, o)
		if out.Incident != "" {
			outcomes = append(outcomes, out)
		}
		if err != nil {
			failures = append(failures, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	if len(outcomes) == 0 {
		return errors.Join(failures...)
	}
	return m.show(outcomes, len(ids)+len(others) > 1, full, failures)
}

// show prints outcomes and gives the exit status that the worst of them asks for.
func (m *Main) show(outcomes []respond.Outcome, many, full bool, failures []error) error {
	if m.cli.JSON {
		var value any = outcomes[0]
		if many {
			value = map[string]any{"incidents": outcomes}
		}
		if err := m.printJSON(value); err != nil {
			return err
		}
	} else {
		for _, out := range outcomes {
			printOutcome(m.Stdout, out, full)
		}
	}
	if err := errors.Join(failures...); err != nil {
		return err
	}
	worst := exit(exitOK)
	for _, out := range outcomes {
		if s := statusOf(out); rank(s) > rank(worst) {
			worst = s
		}
	}
	if worst == exitOK {
		return nil
	}
	return worst
}

// statusOf is the exit status that an outcome asks for.
func statusOf(out respond.Outcome) exit {
	switch {
	case out.Verdict == quell.Leaking:
		return exitLeaking
	case out.State == respond.Failed:
		return exitFailed
	case out.State == respond.Refused:
		return exitRefused
	case out.State == respond.Waiting:
		return exitWaiting
	}
	return exitOK
}

// rank orders statuses by how badly they need attention.
func rank(e exit) int {
	order := map[exit]int{exitOK: 0, exitWaiting: 1, exitRefused: 2, exitFailed: 3, exitLeaking: 4}
	return order[e]
}
