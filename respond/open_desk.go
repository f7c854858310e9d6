package respond

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/act"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/approve"
	"github.com/quell-ir/quell/incident"
	"github.com/quell-ir/quell/ledger"
	"github.com/quell-ir/quell/plan"
	"github.com/quell-ir/quell/run"
	"github.com/quell-ir/quell/run/local"
	"github.com/quell-ir/quell/source/scope"
)

// Desk is what a responder has at hand.
type Desk struct {
	Log      *ledger.Log
	Evidence action.Keeper
	Actions  *action.Catalogue
	Books    []quell.Playbook
	People   approve.Policy
	Settings action.Settings
	// Budget is how many resources one incident may change; 0 is no limit.
	Budget int
	// BudgetPerHour is how many resources all incidents together may change within an hour; 0 is no limit.
	BudgetPerHour int
	Clock         quell.Clock
	// Config gives the credentials for a region of an account; calls are those about to be sent, nil for reading.
	Config func(ctx context.Context, account, region string, calls []quell.Call) (aws.Config, error)
	// Trail tells what principals did since a time; nil where no account is at hand.
	Trail func(ctx context.Context, principals []quell.Entity, since time.Time) (scope.Sighting, error)
	// Live says whether the trail shows Quell's own acts after a time, in every region read.
	Live func(ctx context.Context, since time.Time) (bool, error)
	// Simulate asks policy evaluation what a principal may do; nil where nobody can be asked. Self is the ARN of the
	// identity that acts.
	Simulate func(ctx context.Context, arn string, actions []string) (scope.Judgements, string)
	Self     string
	// Secret makes and keeps a secret under a reference.
	Secret func(reference string) (string, error)
	// Stop is asked before every call that changes something.
	Stop func() error
	// Dead says whether the process of that name is known to have ended; nil where nobody can know.
	Dead func(owner string) bool
	// By is the person at the keyboard, Owner this process; Credentials says with whose power it acts.
	By, Owner, Credentials string
	// Tell hears of every record.
	Tell func(quell.Record)

	// Compiled keeps the playbooks' conditions ready; may be nil.
	Compiled *plan.Compiled

	folded folded
}

// leaseTime is how long an incident stays with a process that went silent. It exceeds the time-out of one call.
const leaseTime = time.Minute

// callMargin is what must be left of the lease when a call is sent: its time-out and a little more.
const callMargin = 35 * time.Second

// session is one incident held by this process.
type session struct {
	desk   *Desk
	lease  *ledger.Lease
	view   incident.View
	driver *local.Driver
}

// open takes the incident's lease and reads its records.
func (d *Desk) open(ctx context.Context, id string) (*session, error) {
	if size, err := d.Log.Size(ctx, id); err != nil || size == 0 {
		return nil, cmp.Or(err, unknown(id))
	}
	lease, err := d.acquire(ctx, id)
	if err != nil {
		return nil, err
	}
	s := &session{desk: d, lease: lease}
	records, err := d.Log.Records(ctx, id, 0)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read incident %s: %w", id, err), lease.Release(ctx))
	}
	if err := s.read(records); err != nil {
		return nil, errors.Join(err, lease.Release(ctx))
	}
	if to := s.view.Incident.MergedInto; to != "" {
		return nil, errors.Join(&quell.Error{
			Code: quell.CodeRefused, What: fmt.Sprintf("incident %s was merged into %s", id, to), Next: "go on with that one",
		}, lease.Release(ctx))
	}
	return s, nil
}

func unknown(id string) error {
	return &quell.Error{
		Code: quell.CodeUsage, What: fmt.Sprintf("there is no incident %q here", quell.Cut(id, 60)),
		Next: "see `quell incident list`, and whether --home names the right folder",
	}
}

func (d *Desk) acquire(ctx context.Context, id string) (*ledger.Lease, error) {
	lease, err := d.Log.Acquire(ctx, id, d.Owner, leaseTime)
	if err != nil {
		var held *ledger.HeldError
		if errors.As(err, &held) {
			if d.Dead != nil && d.Dead(held.Owner) {
				if err := d.Log.Depose(ctx, held); err != nil {
					return nil, err
				}
				return d.Log.Acquire(ctx, id, d.Owner, leaseTime)
			}
			return nil, &quell.Error{
				Code: quell.CodeRefused, What: "another process is at work on incident " + id, Err: err,
				Next: "wait until it ends; after a crash its hold ends by itself within a minute",
			}
		}
		return nil, err
	}
	return lease, nil
}

func (s *session) close(ctx context.Context) error {
	return s.lease.Release(context.WithoutCancel(ctx))
}

func (s *session) read(records []quell.Record) error {
	state, err := run.Replay(records)
	if err != nil {
		return err
	}
	if len(records) > 0 {
		if s.view, err = incident.Read(records); err != nil {
			return err
		}
	}
	s.driver = &local.Driver{
		Journal: journal{s}, Clock: s.desk.Clock, Evidence: s.desk.Evidence, Stop: s.desk.Stop, Budget: s.desk.Budget,
		Spent: s.desk.spent, PerHour: s.desk.BudgetPerHour, By: s.desk.By, State: state, Incident: func() quell.Incident { return s.view.Incident },
		Actor: &act.Actor{
			Actions: s.desk.Actions, Settings: s.desk.Settings, Clock: s.desk.Clock, Config: s.desk.sendConfig, Secret: s.desk.Secret,
			Holds: s.holds,
		},
		Automatic: func(st *run.Step) bool { return s.automatic(st.PlanStep) },
		Covers: func(st *run.Step, now time.Time) bool {
			return s.desk.People.Covered(s.view.Incident, st.PlanStep, st.Decisions, st.Calls, now)
		},
	}
	if s.desk.Trail != nil {
		s.driver.Watch = s.watch
	}
	return nil
}

// sendConfig makes sure that what is sent is sent once: the decider counts tries, and each has its intent.
func (d *Desk) sendConfig(ctx context.Context, account, region string, calls []quell.Call) (aws.Config, error) {
	cfg, err := d.Config(ctx, account, region, calls)
	if err != nil || calls == nil {
		return cfg, err
	}
	return act.WithoutRetries(cfg), nil
}

// journal appends under the session's lease and keeps the view in step.
type journal struct{ s *session }

// Append implements local.Journal.
func (j journal) Append(ctx context.Context, records ...quell.Record) ([]quell.Record, error) {
	kept, err := j.s.desk.Log.Append(ctx, j.s.lease, records...)
	for _, r := range kept {
		if viewErr := j.s.view.Apply(r); viewErr != nil {
			return kept, errors.Join(err, viewErr)
		}
		if j.s.desk.Tell != nil {
			j.s.desk.Tell(r)
		}
	}
	return kept, err
}

// Ready implements local.Journal. The store is asked each time: a machine that was asleep believes in a lease that ran out
// meanwhile, and only the store knows that somebody else has it.
func (j journal) Ready(ctx context.Context) error {
	if err := j.s.lease.Renew(ctx, leaseTime); err != nil {
		return &quell.Error{
			Code: quell.CodeRefused, What: "the hold on incident " + j.s.lease.Incident() + " was lost; nothing more was sent", Err: err,
			Next: "see what the other process did with `quell incident show " + j.s.lease.Incident() + "`, then `quell run` goes on",
		}
	}
	return j.s.lease.Valid(callMargin)
}

func (s *session) record(ctx context.Context, kind quell.RecordKind, payload any) error {
	r, err := quell.NewRecord(s.lease.Incident(), kind, s.desk.By, "", payload)
	if err != nil {
		return err
	}
	return s.driver.Append(ctx, r)
}

// infos is what planning needs to know of the actions.
func (d *Desk) infos() []plan.ActionInfo {
	var out []plan.ActionInfo
	for _, a := range d.Actions.All() {
		out = append(out, plan.ActionInfo{
			Name: a.Name, Target: a.Target, Phase: a.Phase, Destroys: a.Destroys, Preserves: a.Preserves,
			Irreversible: a.Irreversible, Collects: a.Collects,
		})
	}
	return out
}
