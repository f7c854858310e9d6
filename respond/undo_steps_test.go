package respond_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/approve"
	"github.com/quell-ir/quell/call"
	"github.com/quell-ir/quell/respond"
)

const day = 24 * time.Hour

// TestAnUndoThatWasOnlyLookedAtIsNotSent by the next run.
func TestAnUndoThatWasOnlyLookedAtIsNotSent(t *testing.T) {
	o := newOffice(t, approve.Automatic)
	id := o.open()
	o.respond(id, respond.Options{Apply: true})
	o.sleep(2 * day)
	o.undo(id, respond.UndoOptions{})
	o.wantUser("looked at", 1, types.StatusTypeInactive)
	o.respond(id, respond.Options{Apply: true})
	o.wantUser("a run later", 1, types.StatusTypeInactive)
	o.undo(id, respond.UndoOptions{Apply: true})
	o.wantUser("taken back", 0, types.StatusTypeInactive)
}

// TestWhatWasTakenBack stays so for a run, is done again for somebody who responds again, and then goes back again.
func TestWhatWasTakenBack(t *testing.T) {
	o := newOffice(t, approve.Automatic)
	id := o.open()
	o.respond(id, respond.Options{Apply: true})
	o.sleep(2 * day)
	out := o.undo(id, respond.UndoOptions{Apply: true})
	if out.State != respond.Done || out.Verdict == quell.Held {
		t.Errorf("taken back: %s, %s", out.State, out.Verdict)
	}
	if s := o.state(id); s.Verdict.Verdict == quell.Held || s.Steps["quarantine"].Status != quell.StepUndone {
		t.Errorf("the ledger says %s, quarantine is %s", s.Verdict.Verdict, s.Steps["quarantine"].Status)
	}
	sent := o.calls(id, "iam:PutUserPolicy")
	o.respond(id, respond.Options{Apply: true})
	if n := o.calls(id, "iam:PutUserPolicy"); n != sent {
		t.Errorf("a run did again what a person took back: %d calls", n-sent)
	}
	// Meanwhile somebody gives the user a boundary: it is theirs, and undo must not take it for Quell's.
	boundary := "arn:aws:iam::aws:policy/ReadOnlyAccess"
	_, err := o.iam().PutUserPermissionsBoundary(t.Context(), &iam.PutUserPermissionsBoundaryInput{UserName: &o.victim.User, PermissionsBoundary: &boundary})
	ok(t, err)
	o.sleep(time.Minute)
	o.respond(id, respond.Options{Apply: true, Again: true})
	o.wantUser("responded again", 1, types.StatusTypeInactive)
	o.sleep(2 * day)
	if out := o.undo(id, respond.UndoOptions{Apply: true}); out.State != respond.Done {
		t.Errorf("the second undo ends %s: %+v", out.State, out.Plan.Steps)
	}
	o.wantUser("taken back again", 0, types.StatusTypeInactive)
	got, err := o.iam().GetUser(t.Context(), &iam.GetUserInput{UserName: &o.victim.User})
	ok(t, err)
	if got.User.PermissionsBoundary == nil || aws.ToString(got.User.PermissionsBoundary.PermissionsBoundaryArn) != boundary || len(got.User.Tags) != 0 {
		t.Errorf("what undo left: %+v", got.User)
	}
	// And now it turns out to be a false alarm: the key that was kept inactive since the first containment comes back.
	o.change(id, "standing", string(quell.Dismissed))
	o.undo(id, respond.UndoOptions{Apply: true})
	o.wantUser("dismissed", 0, types.StatusTypeActive)
	sent = o.calls(id, "")
	o.undo(id, respond.UndoOptions{Apply: true})
	if n := o.calls(id, ""); n != sent {
		t.Errorf("undone once more: %d calls", n-sent)
	}
}

// TestAYesEndsWithTheUndo: the same calls again need a new one.
func TestAYesEndsWithTheUndo(t *testing.T) {
	o := newOffice(t, approve.ApprovalRequired)
	id := o.open()
	out := o.respond(id, respond.Options{})
	old := ""
	for _, p := range out.Plan.Steps {
		if p.ID == "quarantine" {
			old = p.Digest
		}
	}
	_, err := o.desk().Approve(t.Context(), id, respond.Answer{Digest: old})
	ok(t, err)
	o.respond(id, respond.Options{Apply: true})
	o.wantUser("approved", 1, types.StatusTypeInactive)
	o.undo(id, respond.UndoOptions{Apply: true, Lift: true, Reason: "test"})
	o.wantUser("lifted", 0, types.StatusTypeInactive)
	for range 2 {
		// Neither a run nor the old digest brings it back.
		if _, err := o.desk().Approve(t.Context(), id, respond.Answer{Digest: old}); quell.CodeOf(err) != quell.CodeWaiting {
			t.Errorf("the old digest was taken: %v", err)
		}
		o.respond(id, respond.Options{Apply: true, Again: true})
		o.wantUser("the old yes", 0, types.StatusTypeInactive)
	}
}

// TestAKeySwitchedOnAgainKeepsTheDeny: the deny is then all that holds.
func TestAKeySwitchedOnAgainKeepsTheDeny(t *testing.T) {
	o := newOffice(t, approve.Automatic)
	id := o.open()
	o.respond(id, respond.Options{Apply: true})
	o.sleep(2 * day)
	_, err := o.iam().UpdateAccessKey(t.Context(), &iam.UpdateAccessKeyInput{
		UserName: &o.victim.User, AccessKeyId: &o.victim.Leaked.AccessKeyID, Status: types.StatusTypeActive,
	})
	ok(t, err)
	o.sleep(time.Minute)
	out := o.undo(id, respond.UndoOptions{Apply: true, Step: "quarantine"})
	if out.State != respond.Refused || !strings.Contains(out.Plan.Steps[0].WhyNot, "is \"Active\" again") {
		t.Errorf("%s: %+v", out.State, out.Plan.Steps)
	}
	o.wantUser("undo of a held user with a live key", 1, types.StatusTypeActive)
	// The next run makes the key inactive again, and 36 hours count from then: until then it could make session tokens.
	o.respond(id, respond.Options{Apply: true})
	o.wantUser("contained again", 1, types.StatusTypeInactive)
	o.sleep(35 * time.Hour)
	if out := o.undo(id, respond.UndoOptions{Apply: true, Step: "quarantine"}); out.State != respond.Refused {
		t.Errorf("after 35 hours: %s", out.State)
	}
	o.sleep(2 * time.Hour)
	if out := o.undo(id, respond.UndoOptions{Apply: true, Step: "quarantine"}); out.State != respond.Done {
		t.Errorf("after 37 hours: %s %+v", out.State, out.Plan.Steps)
	}
	o.wantUser("the end", 0, types.StatusTypeInactive)
}

// TestUndoLeavesWhatOthersDid between the containment and the undo.
func TestUndoLeavesWhatOthersDid(t *testing.T) {
	o := newOffice(t, approve.Automatic)
	id := o.open()
	o.respond(id, respond.Options{Apply: true})
	o.sleep(2 * day)
	name, other := "quell-"+id, `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}`
	_, err := o.iam().PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: &o.victim.User, PolicyName: &name, PolicyDocument: &other})
	ok(t, err)
	_, err = o.iam().DeleteAccessKey(t.Context(), &iam.DeleteAccessKeyInput{UserName: &o.victim.User, AccessKeyId: &o.victim.Leaked.AccessKeyID})
	ok(t, err)
	o.sleep(time.Minute)
	o.change(id, "standing", string(quell.Dismissed))
	before := o.calls(id, "iam:UpdateAccessKey")
	out := o.undo(id, respond.UndoOptions{Apply: true, Step: "quarantine", Lift: true, Reason: "test"})
	if n := o.calls(id, "iam:UpdateAccessKey"); n != before {
		t.Errorf("%d attempts to switch on a key that is gone", n-before)
	}
	got, err := o.iam().GetUserPolicy(t.Context(), &iam.GetUserPolicyInput{UserName: &o.victim.User, PolicyName: &name})
	ok(t, err)
	if text, err := call.PolicyText(aws.ToString(got.PolicyDocument)); err != nil || string(text) != other {
		t.Errorf("somebody's policy of our name is now %s, %v", text, err)
	}
	if why := out.Plan.Steps[0].WhyNot; out.State != respond.Refused || !strings.Contains(why, "now it is absent") {
		t.Errorf("%s: %s", out.State, why)
	}
}
