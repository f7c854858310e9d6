package local

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/act"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/call"
	"github.com/quell-ir/quell/run"
)

// Journal is the incident's ledger as a driver needs it. Append is durable when it returns, and fails where the driver
// no longer holds the incident's lease.
type Journal interface {
	Append(ctx context.Context, records ...quell.Record) ([]quell.Record, error)
	// Ready says that the lease is good for longer than one call may take, extending it where it must. It is asked right
	// before each send, and again and again while the driver waits, so that nobody takes over an incident that is worked on.
	Ready(ctx context.Context) error
}

// Driver drives one incident.
type Driver struct {
	Journal Journal
	Actor   *act.Actor
	// Covers says whether people's decisions answer for the calls of a step at a time.
	Covers func(st *run.Step, now time.Time) bool
	// Automatic says whether policy sets a step in motion by itself now; nil goes by the mode it was bound with.
	Automatic func(st *run.Step) bool
	Clock     quell.Clock
	Evidence  action.Keeper
	// Stop is asked before each call; an error stops all sending.
	Stop func() error
	// Budget is how many targets a run may change; 0 is no limit.
	Budget int
	// Spent counts the targets that every incident, this one included, changed in the last hour; PerHour is how many that
	// may be, 0 no limit. It is asked right before a target is touched for the first time.
	Spent   func(ctx context.Context) (map[string]bool, error)
	PerHour int
	// By is who runs this, for the records.
	By string
	// Watch reads the trail for what the contained principals did, and binds steps that this calls for; nil where there
	// is no trail.
	Watch func(ctx context.Context, s *run.State) (quell.Probe, error)
	// Tell hears of each record as it becomes durable.
	Tell func(quell.Record)

	State    *run.State
	Incident func() quell.Incident
}

// Append makes records durable and folds them.
func (d *Driver) Append(ctx context.Context, records ...quell.Record) error {
	kept, err := d.Journal.Append(ctx, records...)
	for _, r := range kept {
		if applyErr := d.State.Apply(r); applyErr != nil {
			return errors.Join(err, applyErr)
		}
		if d.Tell != nil {
			d.Tell(r)
		}
	}
	return err
}

func (d *Driver) record(ctx context.Context, kind quell.RecordKind, step string, payload any) error {
	r, err := quell.NewRecord(d.State.Incident, kind, d.By, step, payload)
	if err != nil {
		return err
	}
	return d.Append(ctx, r)
}

// Start begins a run.
func (d *Driver) Start(ctx context.Context, started quell.RunStarted) error {
	return d.record(ctx, quell.RecordRun, "", started)
}

// Settle carries out commands until none can move without a person or time. Steps that take others back are left alone:
// an undo that was looked at, or cut off, goes on only where it is asked for by name.
func (d *Driver) Settle(ctx context.Context) error {
	return d.SettleSome(ctx, func(st *run.Step) bool { return st.Undo == "" })
}

// SettleUndo settles the steps that take others back.
func (d *Driver) SettleUndo(ctx context.Context) error {
	return d.SettleSome(ctx, func(st *run.Step) bool { return st.Undo != "" })
}

// SettleSome settles only the steps chosen.
func (d *Driver) SettleSome(ctx context.Context, chosen func(*run.Step) bool) error {
	rules := d.rules()
	for {
		var command *run.Command
		for _, c := range run.Next(d.State, rules) {
			if c.Do != run.DoAsk && chosen(d.State.Steps[c.Step]) {
				command = &c
				break
			}
		}
		if command == nil {
			return nil
		}
		if err := d.carryOut(ctx, *command); err != nil {
			return err
		}
	}
}

func (d *Driver) rules() run.Rules {
	rules := d.Actor.Rules(d.covered)
	rules.Automatic = d.Automatic
	return rules
}

func (d *Driver) covered(st *run.Step) bool {
	return d.Covers != nil && d.Covers(st, d.Clock.Now())
}

// NeedsPerson says whether a step has calls to send and nobody's yes to them.
func (d *Driver) NeedsPerson(st *run.Step) bool {
	switch st.Status {
	case quell.StepPending, quell.StepRunning, quell.StepReady, quell.StepWaiting:
	default:
		return false
	}
	return st.Mode != quell.Manual && len(st.Calls) > 0 && st.Refusal == "" && run.NeedsYes(st, d.rules())
}

// leaseShare is how long the driver sleeps before it sees to its lease again.
const leaseShare = 20 * time.Second

// sleep waits, holding on to the incident.
func (d *Driver) sleep(ctx context.Context, pause time.Duration) error {
	for pause > leaseShare {
		if err := d.Clock.Sleep(ctx, leaseShare); err != nil {
			return err
		}
		if err := d.Journal.Ready(ctx); err != nil {
			return fmt.Errorf("keep the incident while waiting: %w", err)
		}
		pause -= leaseShare
	}
	return d.Clock.Sleep(ctx, pause)
}

func (d *Driver) carryOut(ctx context.Context, c run.Command) error {
	st := d.State.Steps[c.Step]
	switch c.Do {
	case run.DoLook:
		return d.look(ctx, st)
	case run.DoSend:
		return d.send(ctx, st, c)
	case run.DoCollect:
		return d.collect(ctx, st)
	case run.DoDoubt:
		if err := d.sleep(ctx, c.Pause); err != nil {
			return err
		}
		return d.record(ctx, quell.RecordResult, st.ID, quell.Result{
			Key: st.Open.Key, Code: run.CodeInDoubt,
			Message: "Quell stopped before the answer came; the next look shows whether it took effect",
		})
	case run.DoWait:
		if err := d.sleep(ctx, c.Pause); err != nil {
			return err
		}
		return d.record(ctx, quell.RecordWaited, st.ID, quell.Waited{For: c.Pause.String()})
	case run.DoSet:
		return d.record(ctx, quell.RecordStep, st.ID, quell.StepChange{Status: c.Status, Why: c.Why})
	}
	return fmt.Errorf("no way to carry out %q", c.Do)
}

// lookTries bounds how often a throttled look is repeated.
const lookTries = 4

// look appends what was seen; where the look fails the step fails with it, and the steps beside it go on.
func (d *Driver) look(ctx context.Context, st *run.Step) error {
	var planned quell.Planned
	var err error
	for try := range lookTries {
		planned, err = d.Actor.Look(ctx, d.Incident(), st, d.State.Steps[st.Undo], d.State)
		code := call.Code(err)
		if err == nil || !call.Throttled(code) && code != call.CodeNoAnswer || ctx.Err() != nil {
			break
		}
		if err := d.sleep(ctx, time.Second<<try); err != nil {
			return err
		}
	}
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return d.record(ctx, quell.RecordStep, st.ID, quell.StepChange{Status: quell.StepFailed, Why: lookFailure(err)})
	}
	return d.record(ctx, quell.RecordPlanned, st.ID, planned)
}

func lookFailure(err error) string {
	why := quell.Cut(err.Error(), 500)
	switch code := call.Code(err); {
	case call.Denied(code):
		return why + "; give the reader this permission (see `quell doctor`)"
	case call.Expired(code):
		return why + "; the credentials at hand are no longer good, sign in again"
	}
	return why
}

func (d *Driver) send(ctx context.Context, st *run.Step, c run.Command) error {
	if d.Stop != nil {
		if err := d.Stop(); err != nil {
			return d.record(ctx, quell.RecordStep, st.ID, quell.StepChange{Status: quell.StepRefused, Why: err.Error()})
		}
	}
	why, err := d.overBudget(ctx, st)
	if err != nil {
		return err
	}
	if why != "" {
		return d.record(ctx, quell.RecordStep, st.ID, quell.StepChange{Status: quell.StepRefused, Why: why})
	}
	if c.Try > 1 {
		if err := d.sleep(ctx, time.Second<<min(c.Try, 5)/2); err != nil {
			return err
		}
	}
	prepared, err := d.Actor.Prepare(st, c)
	if err != nil {
		return d.record(ctx, quell.RecordStep, st.ID, quell.StepChange{Status: quell.StepFailed, Why: err.Error()})
	}
	if err := act.CheckNoSecret(prepared.Intent.Input); err != nil {
		return d.record(ctx, quell.RecordStep, st.ID, quell.StepChange{Status: quell.StepRefused, Why: err.Error()})
	}
	if err := d.record(ctx, quell.RecordIntent, st.ID, prepared.Intent); err != nil {
		return err
	}
	if err := d.Journal.Ready(ctx); err != nil {
		return fmt.Errorf("before sending %s: %w", prepared.Intent.Op, err)
	}
	result := d.Actor.Send(ctx, st, prepared)
	// What became of a call is kept even when the person who started this has gone.
	return d.record(context.WithoutCancel(ctx), quell.RecordResult, st.ID, result)
}

// overBudget refuses the first call on a new target once as many targets as allowed were changed in this incident, or
// by all incidents within the hour: a mistaken rule opens many incidents, each small.
func (d *Driver) overBudget(ctx context.Context, st *run.Step) (string, error) {
	if st.Undo != "" {
		return "", nil
	}
	changed := map[string]bool{}
	for _, other := range d.State.Steps {
		if len(other.Sent) > 0 && other.Undo == "" {
			changed[other.Target.Key()] = true
		}
	}
	if changed[st.Target.Key()] {
		return "", nil
	}
	if d.Budget > 0 && len(changed) >= d.Budget {
		return fmt.Sprintf("%d resources were changed already and the blast budget allows no more; raise --budget to go on",
			len(changed)), nil
	}
	if d.PerHour <= 0 || d.Spent == nil {
		return "", nil
	}
	spent, err := d.Spent(ctx)
	if err != nil {
		return "", fmt.Errorf("count what was changed in the last hour: %w", err)
	}
	if spent[st.Target.Key()] || len(spent) < d.PerHour {
		return "", nil
	}
	return fmt.Sprintf("%d resources were changed in the last hour by all incidents together and the blast budget allows no more; wait, or raise --budget-per-hour to go on",
		len(spent)), nil
}

func (d *Driver) collect(ctx context.Context, st *run.Step) error {
	if err := d.record(ctx, quell.RecordStep, st.ID, quell.StepChange{Status: quell.StepRunning}); err != nil {
		return err
	}
	sink := &sink{driver: d, step: st.ID}
	if err := d.Actor.Collect(ctx, d.Incident(), st, sink); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return d.record(ctx, quell.RecordStep, st.ID, quell.StepChange{Status: quell.StepFailed, Why: lookFailure(err)})
	}
	return d.record(ctx, quell.RecordStep, st.ID, quell.StepChange{Status: quell.StepDone})
}
