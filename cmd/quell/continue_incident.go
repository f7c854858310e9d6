package main

import (
	"context"
	"time"

	"github.com/quell-ir/quell/respond"
)

// RunCmd is `quell run`.
type RunCmd struct {
	Incident string        `arg:"" help:"The incident's id."`
	Apply    bool          `help:"Carry out what policy and approvals allow; without it nothing changes."`
	Wait     time.Duration `help:"How long to stay and watch whether containment holds." default:"90s" env:"QUELL_WAIT"`
	Watch    bool          `help:"Stay until the verdict is known."`
	Full     bool          `help:"Show every step and command."`
}

// watchTime is longer than any verdict takes.
const watchTime = 2 * time.Hour

// Run implements the command.
func (c *RunCmd) Run(ctx context.Context, m *Main) error {
	return m.withIncident(ctx, c.Incident, func(h *home) error {
		wait := c.Wait
		if c.Watch {
			wait = watchTime
		}
		return m.respondAll(ctx, h, []string{c.Incident}, respond.Options{Apply: c.Apply, Wait: wait}, c.Full)
	})
}

// withIncident opens the state folder and the account around a piece of work on an incident that exists.
func (m *Main) withIncident(ctx context.Context, id string, work func(*home) error) error {
	return m.withHome(ctx, func(h *home) error {
		if _, err := h.desk.Show(ctx, id); err != nil {
			return err
		}
		if _, err := m.account(ctx, h); err != nil {
			return err
		}
		m.say("%s", h.desk.Credentials)
		return work(h)
	})
}

// UndoCmd is `quell undo`.
type UndoCmd struct {
	Incident string `arg:"" help:"The incident's id."`
	Step     string `help:"Take back one step only."`
	Apply    bool   `help:"Carry the inverses out; without it nothing changes."`
	LiftDeny bool   `name:"lift-deny" help:"Take a deny off although sessions may still live; needs --reason."`
	Reason   string `help:"Why, for the record."`
	Full     bool   `help:"Show every step and command."`
	// Wait is accepted for symmetry with run: nothing about an undo has to be watched.
	Wait time.Duration `help:"How long to stay for effects to show." default:"90s" env:"QUELL_WAIT"`
}

// Run implements the command.
func (c *UndoCmd) Run(ctx context.Context, m *Main) error {
	return m.withIncident(ctx, c.Incident, func(h *home) error {
		out, err := h.desk.Undo(ctx, c.Incident, respond.UndoOptions{Step: c.Step, Apply: c.Apply, Lift: c.LiftDeny, Reason: c.Reason})
		if out.Incident == "" {
			return err
		}
		var failures []error
		if err != nil {
			failures = append(failures, err)
		}
		return m.show([]respond.Outcome{out}, false, c.Full, failures)
	})
}
