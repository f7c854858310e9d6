package iam

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/action/actiontest"
	"github.com/quell-ir/quell/call"
	"github.com/quell-ir/quell/sandbox"
)

func TestQuarantineRole(t *testing.T) {
	contract(t, actiontest.Case{Name: "a role", Action: QuarantineRole, Seed: func(t *testing.T, a actiontest.Account) quell.Entity {
		return makeRole(t, a, &iam.CreateRoleInput{RoleName: aws.String("backdoor")})
	}})
}

// TestQuarantinedRoleGivesNothing: neither to the session there is nor to the next one.
func TestQuarantinedRoleGivesNothing(t *testing.T) {
	world := sandbox.New(sandbox.Options{Seed: 1})
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::999999999999:root"},"Action":"sts:AssumeRole"}]}`
	arn := world.AddRole("backdoor", trust, "AdministratorAccess")
	outsider := world.AddOutsider("999999999999", "mallory")
	works := func() bool {
		out := sure[*sts.AssumeRoleOutput](t)(sts.NewFromConfig(world.Config(outsider, "us-east-1")).AssumeRole(t.Context(),
			&sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: aws.String("x1")}))
		_, err := iam.NewFromConfig(world.Config(aws.Credentials{
			AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: *out.Credentials.SessionToken,
		}, "us-east-1")).ListUsers(t.Context(), &iam.ListUsersInput{})
		if err != nil && !call.Denied(call.Code(err)) {
			t.Fatal(err)
		}
		return err == nil
	}
	if !works() {
		t.Fatal("the backdoor is no way in to begin with")
	}
	in := action.In[quarantineRoleParams, quarantineRoleState]{
		Target: quell.Entity{Kind: quell.KindRole, Name: "backdoor", ARN: arn}, Incident: quell.Incident{ID: "q-1"},
	}
	cfg := world.Admin("us-east-1")
	now, err := lookQuarantineRole(t.Context(), cfg, in)
	if err != nil || !now.Trusted["AWS: arn:aws:iam::999999999999:root"] {
		t.Fatalf("%+v, %v", now, err)
	}
	sweep := action.In[sweepParams, sweepState]{Target: in.Target, Incident: in.Incident}
	if _, err := (call.Catalogue{"iam:PutRolePolicy": putRolePolicy.Definition}).Send(t.Context(), cfg, planRole(sweep, "backdoor", sweptRole{ARN: arn})[0]); err != nil {
		t.Fatal(err)
	}
	if err := world.Clock().Sleep(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if works() {
		t.Error("a new session works")
	}
}

func TestQuarantineRoleKeepsOff(t *testing.T) {
	for _, tc := range []struct{ name, role, id, held, why string }{
		{"service-linked", "AWSServiceRoleForX", "", "", "service-linked"}, {"Identity Center", "AWSReservedSSO_A_0123456789abcdef", "", "", "Identity Center"},
		{"another incident's", "b", "", "q-2", "another responder"}, {"made again", "b", "AROA2EXAMPLEEXAMPLE02", "", "made again"},
		{"nobody's", "b", "AROA1EXAMPLEEXAMPLE01", "", ""}, {"ours", "b", "", "q-1", ""},
	} {
		in := action.In[quarantineRoleParams, quarantineRoleState]{
			Target:   quell.Entity{Kind: quell.KindRole, ID: "AROA1EXAMPLEEXAMPLE01", Name: tc.role, ARN: fmt.Sprintf("arn:aws:iam::1:role/%s", tc.role)},
			Incident: quell.Incident{ID: "q-1"},
		}
		now := quarantineRoleState{Exists: true, RoleID: tc.id, HeldBy: tc.held}
		why := refuseRevoke(action.In[revokeParams, revokeState]{Target: in.Target, Incident: in.Incident}, revokeState{RoleID: now.RoleID, HeldBy: now.HeldBy})
		if tc.why == "" != (why == "") || !strings.Contains(why, tc.why) {
			t.Errorf("%s: %q", tc.name, why)
		}
	}
}
