package actiontest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/act"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/run"
	"github.com/quell-ir/quell/run/local"
)

// Account is where a case runs: a sandbox world, or an emulator.
type Account struct {
	Config  func(region string) aws.Config
	Clock   quell.Clock
	ID      string
	Respond string // ARN of the identity that responds
	// Delay lets writes take hold before the next step of the test, where the account has such delays.
	Delay time.Duration
	// Kills is after how many of its records a case is killed, evenly spread; 0 is after each.
	Kills int
}

// Case seeds an account and names what to act on.
type Case struct {
	Name   string
	Action *action.Action
	// Seed prepares the account and returns the target.
	Seed func(t *testing.T, a Account) quell.Entity
	With any
	// Incident is completed with an id, the account and the target.
	Incident quell.Incident
	// Lift takes denies off at undo though sessions may live; Dismissed makes undo give back what was kept.
	Dismissed bool
	// Secrets must not turn up in any record.
	Secrets []string
	// Irreversible cases end after the step is done.
	Irreversible bool
	// Check looks at the account once the step is done.
	Check func(t *testing.T, a Account, target quell.Entity)
}

// incidentID is the incident of every case.
const incidentID = "q-0123456789"

// stepID is the step of every case.
const stepID = "step"

// Contract runs a case in fresh accounts: once through, once with every list reversed, and once killed after each record.
func Contract(t *testing.T, open func(t *testing.T) Account, c Case) {
	t.Helper()
	t.Run(c.Name, func(t *testing.T) {
		whole := begin(t, open(t), c, false)
		whole.apply(t, 0)
		whole.checkDone(t)
		whole.checkDeclared(t)
		if c.Check != nil {
			c.Check(t, whole.account, whole.target)
		}
		records := len(whole.journal.records)
		end := whole.look(t)
		if !c.Irreversible && !whole.action.Collects {
			whole.undo(t)
		}
		whole.checkSecrets(t)

		t.Run("lists reversed", func(t *testing.T) {
			k := begin(t, open(t), c, false)
			straight := k.preview(t)
			k.spy.reverse = true
			if reversed := k.preview(t); straight != reversed {
				t.Errorf("the plan depends on the order of lists: digest %s, reversed %s", straight, reversed)
			}
		})
		t.Run("killed after each record", func(t *testing.T) {
			step := 1
			if kills := whole.account.Kills; kills > 0 {
				step = max(1, (records-1)/kills)
			}
			for n := 1; n < records; n += step {
				k := begin(t, open(t), c, false)
				k.apply(t, n)
				k.apply(t, 0)
				k.checkDone(t)
				if got := k.look(t); !whole.action.Collects && !sameEnd(whole.action, got, end) {
					t.Errorf("killed after record %d the end differs:\n%s", n, cmp.Diff(tree(end), tree(got)))
				}
			}
		})
	})
}

type trial struct {
	Case
	account   Account
	target    quell.Entity
	action    *action.Action
	catalogue *action.Catalogue
	journal   *journal
	keeper    keeper
	spy       *spy
	incident  quell.Incident
	secrets   []string
}

func begin(t *testing.T, account Account, c Case, reverse bool) *trial {
	t.Helper()
	catalogue, err := action.NewCatalogue(c.Action)
	if err != nil {
		t.Fatal(err)
	}
	k := &trial{
		Case: c, account: account, action: c.Action, catalogue: catalogue, journal: &journal{clock: account.Clock},
		keeper: keeper{}, spy: &spy{reverse: reverse},
	}
	k.target = c.Seed(t, account)
	if k.target.Account == "" {
		k.target.Account = account.ID
	}
	if account.Delay > 0 {
		if err := account.Clock.Sleep(t.Context(), account.Delay); err != nil {
			t.Fatal(err)
		}
	}
	k.incident = c.Incident
	k.incident.ID, k.incident.Account = incidentID, account.ID
	if k.incident.Subject.ID == "" {
		k.incident.Subject = k.target
	}
	if k.incident.Opened.IsZero() {
		k.incident.Opened = account.Clock.Now()
	}
	k.incident.Entities = quell.MergeEntities(k.incident.Entities, []quell.Entity{k.target})
	return k
}

func (k *trial) driver(t *testing.T) *local.Driver {
	t.Helper()
	state, err := run.Replay(k.journal.records)
	if err != nil {
		t.Fatal(err)
	}
	state.Incident = incidentID
	return &local.Driver{
		Journal: k.journal,
		// Somebody said yes, which what cannot be taken back needs in every mode.
		Covers: func(*run.Step, time.Time) bool { return true },
		Actor: &act.Actor{
			Actions: k.catalogue, Clock: k.account.Clock,
			Settings: action.Settings{Responders: []string{k.account.Respond}},
			Config: func(_ context.Context, _, region string, calls []quell.Call) (aws.Config, error) {
				if region == "" {
					region = "us-east-1"
				}
				cfg := k.spy.on(k.account.Config(region))
				if calls != nil {
					cfg = act.WithoutRetries(cfg)
				}
				return cfg, nil
			},
			Secret: func(reference string) (string, error) {
				secret := "S3cret!" + reference
				k.secrets = append(k.secrets, secret)
				return secret, nil
			},
		},
		Clock: k.account.Clock, Evidence: k.keeper, By: "tester", State: state,
		Incident: func() quell.Incident { return k.incident },
	}
}

// apply runs the step to its end, or until the journal dies after n records.
func (k *trial) apply(t *testing.T, dieAt int) {
	t.Helper()
	k.journal.dieAt = dieAt
	d := k.driver(t)
	err := func() error {
		if len(d.State.Order) == 0 {
			with, err := json.Marshal(k.With)
			if err != nil {
				t.Fatal(err)
			}
			if k.With == nil {
				with = nil
			}
			step := quell.PlanStep{ID: stepID, Action: k.action.Name, Phase: k.action.Phase, Mode: quell.Auto, Target: k.target, With: with}
			r, err := quell.NewRecord(incidentID, quell.RecordBound, "tester", "", quell.Bound{Steps: []quell.PlanStep{step}})
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Append(t.Context(), r); err != nil {
				return err
			}
		}
		if err := d.Start(t.Context(), quell.RunStarted{Apply: true}); err != nil {
			return err
		}
		return d.Settle(t.Context())
	}()
	switch {
	case dieAt > 0 && err != nil && !errors.Is(err, errKilled):
		t.Fatalf("killed after %d records: %v", dieAt, err)
	case dieAt == 0 && err != nil:
		t.Fatal(err)
	}
}

// preview looks and plans without changing anything, and proves that nothing was written.
func (k *trial) preview(t *testing.T) string {
	t.Helper()
	if k.action.Collects {
		return ""
	}
	st := &run.Step{PlanStep: quell.PlanStep{ID: stepID, Action: k.action.Name, Target: k.target, With: k.with(t)}}
	planned, err := k.driver(t).Actor.Look(t.Context(), k.incident, st, nil, run.NewState())
	if err != nil {
		t.Fatal(err)
	}
	return planned.Digest
}

func (k *trial) with(t *testing.T) json.RawMessage {
	t.Helper()
	if k.With == nil {
		return nil
	}
	with, err := json.Marshal(k.With)
	if err != nil {
		t.Fatal(err)
	}
	return with
}

func (k *trial) look(t *testing.T) json.RawMessage {
	t.Helper()
	if k.action.Collects {
		return nil
	}
	cfg := k.account.Config("us-east-1")
	if k.target.Region != "" {
		cfg = k.account.Config(k.target.Region)
	}
	state, err := k.action.Look(t.Context(), cfg, action.Input{
		Target: k.target, With: k.with(t), Incident: k.incident, Clock: k.account.Clock,
		Settings: action.Settings{Responders: []string{k.account.Respond}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func (k *trial) checkDone(t *testing.T) {
	t.Helper()
	state, err := run.Replay(k.journal.records)
	if err != nil {
		t.Fatal(err)
	}
	st := state.Steps[stepID]
	if st == nil || st.Status != quell.StepDone {
		t.Fatalf("the step is not done: %s", story(k.journal.records))
	}
	if k.action.Collects && len(k.keeper) == 0 {
		t.Error("nothing was collected")
	}
}

// checkDeclared holds what was called against what the action says it calls.
func (k *trial) checkDeclared(t *testing.T) {
	t.Helper()
	declared := map[string]bool{}
	for _, r := range k.action.Reads {
		declared[r] = true
	}
	for op := range k.catalogue.Calls {
		declared[op] = true
	}
	for _, r := range k.journal.records {
		if p, err := quell.Payload[quell.Planned](r); r.Kind == quell.RecordPlanned && err == nil && !k.action.Irreversible {
			for _, c := range p.Calls {
				if c.Kind == quell.Irreversible {
					t.Errorf("%s cannot be taken back, and the action does not declare Irreversible", c.Op)
				}
			}
		}
	}
	for op := range k.spy.ops {
		if !declared[op] {
			t.Errorf("%s was called and is not declared", op)
		}
	}
}

// undo takes the step back and holds the state against the first look.
func (k *trial) undo(t *testing.T) {
	t.Helper()
	d := k.driver(t)
	first := d.State.Steps[stepID].Before
	if k.Dismissed {
		k.must(t, d, quell.RecordChanged, quell.Change{What: "standing", To: string(quell.Dismissed)})
	}
	k.must(t, d, quell.RecordUndo, quell.UndoBound{Steps: run.UndoSteps(d.State, ""), Lift: true})
	if err := d.Start(t.Context(), quell.RunStarted{Apply: true}); err != nil {
		t.Fatal(err)
	}
	if err := d.SettleUndo(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, id := range d.State.Order {
		if st := d.State.Steps[id]; st.Undo != "" && st.Status != quell.StepDone {
			t.Fatalf("undo ended %s (%s): %s", st.Status, st.WhyNot, story(k.journal.records))
		}
	}
	if got := k.look(t); !sameState(k.action, first, got) {
		t.Errorf("undo did not restore the first state:\n%s", cmp.Diff(tree(first), tree(got)))
	}
}

func (k *trial) must(t *testing.T, d *local.Driver, kind quell.RecordKind, payload any) {
	t.Helper()
	r, err := quell.NewRecord(incidentID, kind, "tester", "", payload)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Append(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

func (k *trial) checkSecrets(t *testing.T) {
	t.Helper()
	all, err := json.Marshal(k.journal.records)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range append(slices.Clone(k.Secrets), k.secrets...) {
		if bytes.Contains(all, []byte(secret)) {
			t.Errorf("the secret %q is in the ledger", secret)
		}
		for name, artefact := range k.keeper {
			if bytes.Contains(artefact, []byte(secret)) {
				t.Errorf("the secret %q is in the artefact %s", secret, name)
			}
		}
	}
}

// sameState compares two states without what is volatile and what undo may leave.
func sameState(a *action.Action, x, y json.RawMessage) bool {
	return cmp.Equal(strip(a, x), strip(a, y))
}

func strip(a *action.Action, raw json.RawMessage) any {
	v := tree(raw)
	pointers := append(slices.Clone(a.Volatile), slices.Collect(maps.Keys(a.Leaves))...)
	for _, p := range pointers {
		parts := strings.Split(strings.TrimPrefix(p, "/"), "/")
		node := v
		for _, part := range parts[:len(parts)-1] {
			m, _ := node.(map[string]any)
			node = m[part]
		}
		if m, ok := node.(map[string]any); ok {
			delete(m, parts[len(parts)-1])
		}
	}
	return v
}

func tree(raw json.RawMessage) any {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return nil
	}
	return v
}

// story prints records for a failing test.
func story(records []quell.Record) string {
	var b strings.Builder
	for _, r := range records {
		fmt.Fprintf(&b, "\n%3d %s %-14s %s", r.Seq, r.Time.Format("15:04:05"), r.Kind, quell.Cut(string(r.Data), 400))
	}
	return b.String()
}
