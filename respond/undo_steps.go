package respond

import (
	"context"
	"errors"
	"fmt"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/run"
)

// UndoOptions say what is taken back.
type UndoOptions struct {
	Step   string // one step's id; empty for all
	Apply  bool
	Lift   bool // take denies off though sessions may live
	Reason string
}

// Undo plans the inverses of what was done, last done first, and with Apply sends them. What is kept stays, unless the
// incident was dismissed as a false alarm.
func (d *Desk) Undo(ctx context.Context, id string, o UndoOptions) (out Outcome, err error) {
	if o.Lift && o.Reason == "" {
		return Outcome{}, &quell.Error{Code: quell.CodeUsage, What: "lifting a deny over live sessions needs a reason", Next: "add --reason TEXT"}
	}
	s, err := d.open(ctx, id)
	if err != nil {
		return Outcome{}, err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	if o.Step != "" && s.driver.State.Steps[o.Step] == nil {
		return Outcome{}, &quell.Error{
			Code: quell.CodeUsage, What: fmt.Sprintf("incident %s has no step %q", id, quell.Cut(o.Step, 60)),
			Next: "see `quell incident show " + id + "`",
		}
	}
	steps := run.UndoSteps(s.driver.State, o.Step)
	ids := map[string]bool{}
	for _, p := range steps {
		ids[p.ID] = true
	}
	mine := func(st *run.Step) bool { return ids[st.ID] }
	if len(steps) > 0 {
		bound := quell.UndoBound{Steps: steps, Lift: o.Lift, Reason: o.Reason}
		if err := s.record(ctx, quell.RecordUndo, bound); err != nil {
			return s.outcome(mine), err
		}
	}
	if err := s.driver.Start(ctx, quell.RunStarted{Apply: o.Apply, Credentials: d.Credentials}); err != nil {
		return s.outcome(mine), err
	}
	if err := s.driver.SettleSome(ctx, mine); err != nil {
		return s.outcome(mine), err
	}
	if o.Apply && len(steps) > 0 {
		// What was proven while it was contained is not true of what is left.
		err = s.driver.Judge(ctx)
	}
	return s.outcome(mine), err
}
