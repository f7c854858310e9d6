package local

import (
	"context"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/run"
)

// checks are when, after the last containing call, its steps are looked at again: an intruder who is still in takes a
// deny off before it bites. Source: observed eventual consistency of IAM of about four seconds.
var checks = []time.Duration{5 * time.Second, 15 * time.Second, time.Minute}

// later is how often the trail is asked, and the steps are looked at, after the first checks.
const later = 3 * time.Minute

// Run settles the plan, and then, for as long as wait allows, watches whether containment holds: it puts back what
// vanished, binds the steps that new sightings call for, and judges. It returns early once a step that contains waits for
// a person: without an answer nothing can be said to hold.
func (d *Driver) Run(ctx context.Context, wait time.Duration) error {
	deadline := d.Clock.Now().Add(wait)
	if d.State.Applying {
		// What was done in an earlier run may have been taken off since, whatever was proven then.
		if err := d.recheck(ctx, func(st *run.Step) bool { return !st.Fresh }); err != nil {
			return err
		}
	}
	if err := d.Settle(ctx); err != nil {
		return err
	}
	if d.State.ContainedAt.IsZero() {
		return d.judge(ctx)
	}
	if err := d.probe(ctx); err != nil {
		return err
	}
	for d.State.Applying && d.State.Verdict.Verdict != quell.Held && !d.asks() {
		next := d.nextCheck()
		if next.After(deadline) {
			return nil
		}
		if err := d.sleep(ctx, next.Sub(d.Clock.Now())); err != nil {
			return err
		}
		if err := d.recheck(ctx, func(st *run.Step) bool { return st.Phase == quell.Contain }); err != nil {
			return err
		}
		if err := d.Settle(ctx); err != nil {
			return err
		}
		if d.Clock.Now().Sub(d.State.ContainedAt) < checks[len(checks)-1] {
			continue
		}
		if err := d.probe(ctx); err != nil {
			return err
		}
	}
	return nil
}

// asks says whether a containing step needs a person.
func (d *Driver) asks() bool {
	for _, st := range d.State.Steps {
		if st.Phase == quell.Contain && d.NeedsPerson(st) {
			return true
		}
	}
	return false
}

func (d *Driver) nextCheck() time.Time {
	now := d.Clock.Now()
	for _, after := range checks {
		if at := d.State.ContainedAt.Add(after); at.After(now) {
			return at
		}
	}
	return now.Add(later)
}

// recheck looks at what contains again, and, at a run's beginning, at what looked through a whole account: something may
// have come to light since. A look that finds nothing to do is not worth a record.
func (d *Driver) recheck(ctx context.Context, chosen func(*run.Step) bool) error {
	for _, id := range d.State.Order {
		st := d.State.Steps[id]
		again := st.Phase == quell.Contain && len(st.Sent) > 0 || st.Phase == quell.Eradicate && st.Target.Kind == quell.KindAccount
		if !again || st.Status != quell.StepDone || st.Undo != "" || !chosen(st) {
			continue
		}
		planned, err := d.Actor.Look(ctx, d.Incident(), st, nil, d.State)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			// What cannot be looked at is not known to hold; the probe says so.
			if err := d.record(ctx, quell.RecordProbe, id, quell.Probe{
				What: "look", At: d.Clock.Now(), Note: quell.Cut(err.Error(), 300),
			}); err != nil {
				return err
			}
			continue
		}
		if len(planned.Calls) == 0 {
			continue
		}
		if err := d.record(ctx, quell.RecordPlanned, id, planned); err != nil {
			return err
		}
	}
	return nil
}

// probe asks the trail, settles the steps that it called for, and judges.
func (d *Driver) probe(ctx context.Context) error {
	if d.Watch != nil {
		p, err := d.Watch(ctx, d.State)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			p = quell.Probe{What: run.ProbeTrail, At: d.Clock.Now(), Blind: []string{"cloudtrail"}, Note: quell.Cut(err.Error(), 300)}
		}
		if err := d.record(ctx, quell.RecordProbe, "", p); err != nil {
			return err
		}
		// Watching may have bound steps that what was seen calls for.
		if err := d.Settle(ctx); err != nil {
			return err
		}
	}
	return d.judge(ctx)
}

// Judge appends the verdict where it changed, as after something was taken back.
func (d *Driver) Judge(ctx context.Context) error { return d.judge(ctx) }

func (d *Driver) judge(ctx context.Context) error {
	v := run.Judge(d.State, d.Clock.Now())
	have := d.State.Verdict
	if v.Verdict == have.Verdict && v.Proof == have.Proof && v.SeenThrough.Equal(have.SeenThrough) && v.Why == have.Why {
		return nil
	}
	return d.record(ctx, quell.RecordVerdict, "", v)
}
