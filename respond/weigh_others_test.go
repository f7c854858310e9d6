package respond_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/approve"
	"github.com/quell-ir/quell/respond"
	"github.com/quell-ir/quell/simulate"
)

// naive is a desk whose playbook only switches the key off: an action that leaves no tag on what it holds.
func (o *office) naive() *respond.Desk {
	d := o.desk()
	d.Books = []quell.Playbook{simulate.Naive()}
	return d
}

// openedAgain records what somebody else did to the leaked key: to have a thing in common makes no one incident of two.
func (o *office) openedAgain(n int) string {
	o.t.Helper()
	f := simulate.Told(o.victim, o.world.Clock().Now())
	f.ID = fmt.Sprint("told-", n)
	f.Entities[1].Part = quell.PartTarget
	f.Entities[1].Of = ""
	f.Entities[0] = quell.Entity{
		Kind: quell.KindUser, ID: fmt.Sprint("AIDAEXAMPLEEXAMPLE00", n), Name: fmt.Sprint("actor-", n), Account: o.world.Account(), Part: quell.PartActor,
	}
	opened, err := o.naive().Open(o.t.Context(), []quell.Finding{f})
	ok(o.t, err)
	return opened[0].ID
}

// TestTwoIncidentsHoldOneKey: the second goes back to what the first found, and goes first.
func TestTwoIncidentsHoldOneKey(t *testing.T) {
	o := newOffice(t, approve.Automatic)
	run := func(id string) {
		t.Helper()
		_, err := o.naive().Respond(t.Context(), id, respond.Options{Apply: true})
		ok(t, err)
	}
	undo := func(id string) respond.Outcome {
		t.Helper()
		out, err := o.naive().Undo(t.Context(), id, respond.UndoOptions{Apply: true})
		ok(t, err)
		return out
	}
	activate := func() {
		t.Helper()
		_, err := o.iam().UpdateAccessKey(t.Context(), &iam.UpdateAccessKeyInput{
			UserName: &o.victim.User, AccessKeyId: aws.String(o.victim.Leaked.AccessKeyID), Status: types.StatusTypeActive,
		})
		ok(t, err)
		o.sleep(time.Minute)
	}
	first := o.openedAgain(1)
	run(first)
	second := o.openedAgain(2)
	if first == second {
		t.Fatal("one incident for both")
	}
	// The second finds the key inactive, sees it switched on again, and switches it off.
	_, err := o.naive().Respond(t.Context(), second, respond.Options{})
	ok(t, err)
	activate()
	run(second)
	o.wantUser("held twice", 0, types.StatusTypeInactive)
	for _, st := range o.state(second).Steps {
		if !strings.Contains(string(st.Before), "Active") || strings.Contains(string(st.Before), "Inactive") {
			t.Errorf("the second would go back to %s, the first's doing", st.Before)
		}
	}
	o.change(first, "standing", string(quell.Dismissed))
	if out := undo(first); out.State != respond.Refused || !strings.Contains(out.Plan.Steps[0].WhyNot, second) {
		t.Errorf("the first was taken back under the second: %s %+v", out.State, out.Plan.Steps)
	}
	o.wantUser("the second relies on it", 0, types.StatusTypeInactive)
	o.change(second, "standing", string(quell.Dismissed))
	undo(first)
	o.wantUser("nobody relies on it", 0, types.StatusTypeActive)
}

// TestTheLaterLeavesItToTheEarlier: what both did is taken back by who did it first.
func TestTheLaterLeavesItToTheEarlier(t *testing.T) {
	o := newOffice(t, approve.Automatic)
	first := o.openedAgain(1)
	_, err := o.naive().Respond(t.Context(), first, respond.Options{Apply: true})
	ok(t, err)
	second := o.openedAgain(2)
	_, err = o.iam().UpdateAccessKey(t.Context(), &iam.UpdateAccessKeyInput{
		UserName: &o.victim.User, AccessKeyId: aws.String(o.victim.Leaked.AccessKeyID), Status: types.StatusTypeActive,
	})
	ok(t, err)
	o.sleep(time.Minute)
	_, err = o.naive().Respond(t.Context(), second, respond.Options{Apply: true})
	ok(t, err)
	o.change(second, "standing", string(quell.Dismissed))
	out, err := o.naive().Undo(t.Context(), second, respond.UndoOptions{Apply: true})
	ok(t, err)
	if len(out.Plan.Steps) == 0 || !strings.Contains(fmt.Sprint(out.Plan.Steps[0].Breaks), first) {
		t.Errorf("%s %+v", out.State, out.Plan.Steps)
	}
	o.wantUser("the first still holds it", 0, types.StatusTypeInactive)
}

// TestBudgetPerHour counts all incidents together, and only the last hour.
func TestBudgetPerHour(t *testing.T) {
	o := newOffice(t, approve.Automatic)
	respondTo := func(n int, user string, creds aws.Credentials) (string, respond.Outcome) {
		t.Helper()
		v := o.victim
		v.User, v.Leaked = user, creds
		f := simulate.Told(v, o.world.Clock().Now())
		d := o.naive()
		d.BudgetPerHour = 2
		opened, err := d.Open(t.Context(), []quell.Finding{f})
		ok(t, err)
		out, err := d.Respond(t.Context(), opened[0].ID, respond.Options{Apply: true})
		ok(t, err)
		return opened[0].ID, out
	}
	var last string
	for n := range 3 {
		user := fmt.Sprint("worker-", n)
		id, out := respondTo(n, user, o.world.AddUser(user, "ReadOnlyAccess"))
		want := quell.StepDone
		if n == 2 {
			want = quell.StepRefused
		}
		if got := out.Plan.Steps[0]; got.Status != want || want == quell.StepRefused && !strings.Contains(got.WhyNot, "--budget-per-hour") {
			t.Errorf("%s: %s (%s)", user, got.Status, got.WhyNot)
		}
		last = id
	}
	o.sleep(time.Hour)
	d := o.naive()
	d.BudgetPerHour = 2
	out, err := d.Respond(t.Context(), last, respond.Options{Apply: true})
	if ok(t, err); out.Plan.Steps[0].Status != quell.StepDone {
		t.Errorf("an hour later: %+v", out.Plan.Steps[0])
	}
}
