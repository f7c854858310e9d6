package iam

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/action/actiontest"
)

// seedRogue makes a user on whom one of everything hangs, quarantined.
func seedRogue(t *testing.T, a actiontest.Account) quell.Entity {
	target := makeUser(t, a, "alice")
	target.Part = quell.PartMade
	user := aws.String("alice")
	makeKey(t, a, "alice")
	makeKey(t, a, "alice")
	makeLogin(t, a, "alice")
	makeDevice(t, a, "alice", "burner")
	makeServiceCredential(t, a, "alice", "codecommit.amazonaws.com")
	makeSSHKey(t, a, "alice")
	makeCertificate(t, a, "alice")
	putInline(t, a, "alice", "backdoor", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	putInline(t, a, "alice", action.MadeName("q-0123456789"), denyDocument)
	for _, arn := range []string{"arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/AWSDenyAll"} {
		sure[*iam.AttachUserPolicyOutput](t)(client(a).AttachUserPolicy(t.Context(), &iam.AttachUserPolicyInput{UserName: user, PolicyArn: &arn}))
	}
	group := aws.String("admins")
	sure[*iam.CreateGroupOutput](t)(client(a).CreateGroup(t.Context(), &iam.CreateGroupInput{GroupName: group}))
	sure[*iam.AddUserToGroupOutput](t)(client(a).AddUserToGroup(t.Context(), &iam.AddUserToGroupInput{GroupName: group, UserName: user}))
	sure[*iam.PutUserPermissionsBoundaryOutput](t)(client(a).PutUserPermissionsBoundary(t.Context(),
		&iam.PutUserPermissionsBoundaryInput{UserName: user, PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")}))
	return target
}

func TestDeleteRogueUser(t *testing.T) {
	gone := func(t *testing.T, a actiontest.Account, _ quell.Entity) {
		if _, err := client(a).GetUser(t.Context(), &iam.GetUserInput{UserName: aws.String("alice")}); !missing(err) {
			t.Errorf("the user is still there: %v", err)
		}
		out := sure[*iam.ListVirtualMFADevicesOutput](t)(client(a).ListVirtualMFADevices(t.Context(), &iam.ListVirtualMFADevicesInput{}))
		for _, d := range out.VirtualMFADevices {
			if strings.HasSuffix(aws.ToString(d.SerialNumber), "/burner") {
				t.Error("the user's virtual MFA device is left behind")
			}
		}
	}
	contractInSandbox(t, noServiceCredentials, actiontest.Case{
		Name: "with one of everything", Action: DeleteRogueUser, Seed: seedRogue, Irreversible: true, Check: gone,
		Secrets: []string{seededPassword},
	})
	contractInSandbox(t, noServiceCredentials, actiontest.Case{
		Name: "bare", Action: DeleteRogueUser, Irreversible: true, Check: gone,
		Seed: func(t *testing.T, a actiontest.Account) quell.Entity {
			target := makeUser(t, a, "alice")
			target.Part = quell.PartMade
			return target
		},
	})
}

func TestRogueOrder(t *testing.T) {
	a := inSandbox(t)
	target := seedRogue(t, a)
	out := newBench(a, DeleteRogueUser, target, quell.Incident{Entities: []quell.Entity{target}}).plan(t)
	for _, c := range out.Calls {
		if c.Kind != quell.Irreversible || c.Undo != nil {
			t.Errorf("%s is %s; a step that deletes a user must not promise to take anything back", c.Op, c.Kind)
		}
	}
	ops := opsOf(out.Calls)
	n := len(ops)
	// The three last are the two denies and the user: nothing may act in between.
	if ops[n-1] != "iam:DeleteUser" || ops[n-2] != "iam:DeleteUserPolicy" || ops[n-3] != "iam:DetachUserPolicy" {
		t.Errorf("the denies must go right before the user: %v", ops)
	}
	if !strings.Contains(string(out.Calls[n-2].Input), action.MadeName("q-0123456789")) || !strings.Contains(string(out.Calls[n-3].Input), "AWSDenyAll") {
		t.Errorf("other policies go last: %s, %s", out.Calls[n-3].Input, out.Calls[n-2].Input)
	}
	if off, gone := slices.Index(ops, "iam:DeactivateMFADevice"), slices.Index(ops, "iam:DeleteVirtualMFADevice"); off < 0 || gone < off {
		t.Errorf("a virtual device is deleted after it is deactivated: %v", ops)
	}
	if slices.Contains(ops, "iam:DeleteUserPermissionsBoundary") {
		t.Error("the boundary may hold to the end")
	}
}

func TestRogueRefusals(t *testing.T) {
	for _, tc := range []struct {
		name     string
		incident func(a actiontest.Account, target quell.Entity) quell.Incident
		denied   bool
		want     string
	}{
		{"seen being made", func(_ actiontest.Account, target quell.Entity) quell.Incident {
			target.Part = quell.PartMade
			return quell.Incident{Entities: []quell.Entity{target}}
		}, false, ""},
		{"only seen acting", func(_ actiontest.Account, target quell.Entity) quell.Incident {
			target.Part = quell.PartActor
			return quell.Incident{Entities: []quell.Entity{target}}
		}, true, "nothing shows that the intruder made"},
		{"another of that name was made", func(_ actiontest.Account, target quell.Entity) quell.Incident {
			other := target
			other.ID, other.Part = "AIDAOTHEROTHEROTHEROT", quell.PartMade
			return quell.Incident{Entities: []quell.Entity{other}}
		}, true, "nothing shows"},
		{"made by name, long before", func(a actiontest.Account, target quell.Entity) quell.Incident {
			target.ID, target.Part = target.ARN, quell.PartMade
			return quell.Incident{Entities: []quell.Entity{target}, Since: a.Clock.Now().Add(time.Hour)}
		}, true, "nothing shows"},
		{"made by name, since", func(a actiontest.Account, target quell.Entity) quell.Incident {
			target.ID, target.Part = target.ARN, quell.PartMade
			return quell.Incident{Entities: []quell.Entity{target}, Since: a.Clock.Now().Add(-time.Hour)}
		}, false, ""},
		{"made since, nobody saw it, not quarantined", func(a actiontest.Account, _ quell.Entity) quell.Incident {
			return quell.Incident{Since: a.Clock.Now().Add(-time.Hour)}
		}, false, "quarantine it first"},
		{"made since, nobody saw it, quarantined", func(a actiontest.Account, _ quell.Entity) quell.Incident {
			return quell.Incident{Since: a.Clock.Now().Add(-time.Hour)}
		}, true, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := inSandbox(t)
			target := makeUser(t, a, "alice")
			makeKey(t, a, "alice")
			if tc.denied {
				putInline(t, a, "alice", action.MadeName("q-0123456789"), denyDocument)
			}
			out := newBench(a, DeleteRogueUser, target, tc.incident(a, target)).plan(t)
			if tc.want == "" && out.Refused != "" || !strings.Contains(out.Refused, tc.want) {
				t.Errorf("refused %q, want %q", out.Refused, tc.want)
			}
			if (out.Refused == "") != (len(out.Calls) > 0) {
				t.Errorf("refused %q with calls %v", out.Refused, opsOf(out.Calls))
			}
		})
	}
}

// A loose device that somebody else took into use meanwhile is theirs.
func TestLooseDeviceOfAnother(t *testing.T) {
	a := inSandbox(t)
	target := makeUser(t, a, "alice")
	target.Part = quell.PartMade
	serial := makeDevice(t, a, "alice", "burner")
	b := newBench(a, DeleteRogueUser, target, quell.Incident{Entities: []quell.Entity{target}})
	b.plan(t)
	sure[*iam.DeactivateMFADeviceOutput](t)(client(a).DeactivateMFADevice(t.Context(),
		&iam.DeactivateMFADeviceInput{UserName: aws.String("alice"), SerialNumber: &serial}))
	makeUser(t, a, "bob")
	sure[*iam.EnableMFADeviceOutput](t)(client(a).EnableMFADevice(t.Context(), &iam.EnableMFADeviceInput{
		UserName: aws.String("bob"), SerialNumber: &serial, AuthenticationCode1: aws.String("123456"), AuthenticationCode2: aws.String("654321"),
	}))
	if ops := opsOf(b.plan(t).Calls); slices.Contains(ops, "iam:DeleteVirtualMFADevice") {
		t.Errorf("bob's device would be deleted: %v", ops)
	}
}

// A plan cut short between deactivating a virtual device and deleting it must not forget the device.
func TestLooseDeviceIsRemembered(t *testing.T) {
	a := inSandbox(t)
	target := makeUser(t, a, "alice")
	target.Part = quell.PartMade
	serial := makeDevice(t, a, "alice", "burner")
	b := newBench(a, DeleteRogueUser, target, quell.Incident{Entities: []quell.Entity{target}})
	b.plan(t)
	sure[*iam.DeactivateMFADeviceOutput](t)(client(a).DeactivateMFADevice(t.Context(),
		&iam.DeactivateMFADeviceInput{UserName: aws.String("alice"), SerialNumber: &serial}))
	if diff := cmp.Diff([]string{"iam:DeleteVirtualMFADevice", "iam:DeleteUser"}, opsOf(b.plan(t).Calls)); diff != "" {
		t.Error(diff)
	}
	// Even with the user gone already.
	sure[*iam.DeleteUserOutput](t)(client(a).DeleteUser(t.Context(), &iam.DeleteUserInput{UserName: aws.String("alice")}))
	if diff := cmp.Diff([]string{"iam:DeleteVirtualMFADevice"}, opsOf(b.plan(t).Calls)); diff != "" {
		t.Error(diff)
	}
	if out := b.apply(t); !out.Settled {
		t.Errorf("not settled: %v", opsOf(out.Calls))
	}
}
