package iam

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action/actiontest"
	"github.com/quell-ir/quell/call"
)

func keyTarget(a actiontest.Account, key *types.AccessKey) quell.Entity {
	return quell.Entity{Kind: quell.KindAccessKey, ID: aws.ToString(key.AccessKeyId), Account: a.ID}
}

func TestDeactivateAccessKey(t *testing.T) {
	seed := func(t *testing.T, a actiontest.Account) quell.Entity {
		makeUser(t, a, "alice")
		makeKey(t, a, "alice")
		return keyTarget(a, makeKey(t, a, "alice"))
	}
	contract(t, actiontest.Case{
		Name: "false alarm", Action: DeactivateAccessKey, Seed: seed, Dismissed: true,
		Check: func(t *testing.T, a actiontest.Account, target quell.Entity) {
			if got := statusOf(t, a, "alice", target.ID); got != types.StatusTypeInactive {
				t.Errorf("the key is %s", got)
			}
		},
	})
}

func statusOf(t *testing.T, a actiontest.Account, user, key string) types.StatusType {
	t.Helper()
	out := sure[*iam.ListAccessKeysOutput](t)(client(a).ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: &user}))
	for _, k := range out.AccessKeyMetadata {
		if aws.ToString(k.AccessKeyId) == key {
			return k.Status
		}
	}
	return ""
}

func setKey(t *testing.T, a actiontest.Account, key string, status types.StatusType) {
	t.Helper()
	sure[*iam.UpdateAccessKeyOutput](t)(client(a).UpdateAccessKey(t.Context(),
		&iam.UpdateAccessKeyInput{UserName: aws.String("alice"), AccessKeyId: &key, Status: status}))
}

func TestKeyStatusFlips(t *testing.T) {
	a := inSandbox(t)
	makeUser(t, a, "alice")
	target := keyTarget(a, makeKey(t, a, "alice"))
	b := newBench(a, DeactivateAccessKey, target, quell.Incident{})
	b.apply(t)
	setKey(t, a, target.ID, types.StatusTypeActive) // the intruder
	out := b.plan(t)
	if len(out.Calls) != 1 || out.Calls[0].Kind != quell.Kept || out.Calls[0].Undo == nil {
		t.Fatalf("a key made active again is to be deactivated again: %+v", out.Calls)
	}
	if out := b.apply(t); !out.Settled {
		t.Error("not settled after the second time")
	}

	// One that was inactive when first seen has nothing to go back to.
	setKey(t, a, target.ID, types.StatusTypeInactive)
	second := newBench(a, DeactivateAccessKey, target, quell.Incident{})
	if out := second.plan(t); !out.Settled || len(out.Calls) > 0 {
		t.Fatalf("an inactive key needs nothing: %v", opsOf(out.Calls))
	}
	setKey(t, a, target.ID, types.StatusTypeActive)
	if out := second.plan(t); len(out.Calls) != 1 || out.Calls[0].Undo != nil {
		t.Errorf("undo would make a key active that was inactive at first: %+v", out.Calls)
	}
}

func TestKeysThatCannotBeDeactivated(t *testing.T) {
	a := inSandbox(t)
	temporary := quell.Entity{Kind: quell.KindAccessKey, ID: "ASIAQWERTYUIOPASDFGH", Account: a.ID}
	if out := newBench(a, DeactivateAccessKey, temporary, quell.Incident{}).plan(t); !strings.Contains(out.Refused, "temporary key") {
		t.Errorf("a temporary key: refused %q", out.Refused)
	}
	alice := makeUser(t, a, "alice")
	key := keyTarget(a, makeKey(t, a, "alice"))
	sure[*iam.DeleteAccessKeyOutput](t)(client(a).DeleteAccessKey(t.Context(),
		&iam.DeleteAccessKeyInput{UserName: aws.String("alice"), AccessKeyId: &key.ID}))
	// IAM refuses to speak of a key that is gone. That is no proof of anything by itself...
	b := newBench(a, DeactivateAccessKey, key, quell.Incident{Entities: []quell.Entity{alice}})
	if _, err := b.action.Look(t.Context(), a.Config("us-east-1"), b.in); call.Code(err) != "AccessDenied" {
		t.Errorf("a key nobody knows: %v", err)
	}
	// ...but where its user is known, that user's list of keys is.
	b.in.Target.Of = alice.ID
	if out := b.plan(t); !out.Settled || out.Refused != "" {
		t.Errorf("a deleted key needs nothing: %v %s", opsOf(out.Calls), out.Refused)
	}
}
