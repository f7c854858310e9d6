package iam

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/action/actiontest"
	"github.com/quell-ir/quell/call"
)

// inSandbox opens a fresh simulated account, for tests that are no contract.
func inSandbox(t *testing.T) actiontest.Account { return actiontest.Sandbox(t) }

// contract holds a case to the contract in the sandbox and over the wire. Its seed is made of SDK calls alone, and of such
// as an emulator knows.
func contract(t *testing.T, c actiontest.Case) {
	t.Helper()
	actiontest.Contracts(t, c, "")
}

// contractInSandbox is for cases that need what only the sandbox models; why says what that is.
func contractInSandbox(t *testing.T, why string, c actiontest.Case) {
	t.Helper()
	actiontest.Contracts(t, c, why)
}

// Why cases run in the sandbox only. moto 5.2.1 answers these calls with an HTTP 500, or accepts what AWS refuses.
const (
	noServiceCredentials = "moto knows no service-specific credentials"
	noQuotas             = "moto has no quota on inline policies and cannot set a user's boundary"
)

// sure returns a value whose making must not fail; seeds are made of it.
func sure[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func client(a actiontest.Account) *iam.Client { return iam.NewFromConfig(a.Config("us-east-1")) }

// makeUser makes a user and returns it as a target.
func makeUser(t *testing.T, a actiontest.Account, name string, tags ...types.Tag) quell.Entity {
	t.Helper()
	out := sure[*iam.CreateUserOutput](t)(client(a).CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name, Tags: tags}))
	return quell.Entity{
		Kind: quell.KindUser, ID: aws.ToString(out.User.UserId), Name: name, ARN: aws.ToString(out.User.Arn), Account: a.ID,
	}
}

func makeKey(t *testing.T, a actiontest.Account, user string) *types.AccessKey {
	t.Helper()
	out := sure[*iam.CreateAccessKeyOutput](t)(client(a).CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: &user}))
	return out.AccessKey
}

const trustOfEC2 = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}`

func makeRole(t *testing.T, a actiontest.Account, in *iam.CreateRoleInput) quell.Entity {
	t.Helper()
	if in.AssumeRolePolicyDocument == nil {
		in.AssumeRolePolicyDocument = aws.String(trustOfEC2)
	}
	out := sure[*iam.CreateRoleOutput](t)(client(a).CreateRole(t.Context(), in))
	return quell.Entity{
		Kind: quell.KindRole, ID: aws.ToString(out.Role.RoleId), Name: *in.RoleName, ARN: aws.ToString(out.Role.Arn), Account: a.ID,
	}
}

func putInline(t *testing.T, a actiontest.Account, user, name, document string) {
	t.Helper()
	sure[*iam.PutUserPolicyOutput](t)(client(a).PutUserPolicy(t.Context(),
		&iam.PutUserPolicyInput{UserName: &user, PolicyName: &name, PolicyDocument: &document}))
}

// bench drives an action by hand where a test must do something between two looks.
type bench struct {
	account actiontest.Account
	action  *action.Action
	in      action.Input
	ops     []string // what was sent
}

func newBench(a actiontest.Account, act *action.Action, target quell.Entity, incident quell.Incident) *bench {
	incident.ID, incident.Account = "q-0123456789", a.ID
	if incident.Opened.IsZero() {
		incident.Opened = a.Clock.Now()
	}
	return &bench{account: a, action: act, in: action.Input{Target: target, Incident: incident, Clock: a.Clock}}
}

func (b *bench) plan(t *testing.T) action.Outcome {
	t.Helper()
	state := sure[json.RawMessage](t)(b.action.Look(t.Context(), b.account.Config("us-east-1"), b.in))
	if b.in.Before == nil {
		b.in.Before = state
	}
	return sure[action.Outcome](t)(b.action.Plan(b.in, state))
}

// apply sends what is planned, with its alternatives, and returns what is planned after.
func (b *bench) apply(t *testing.T) action.Outcome {
	t.Helper()
	catalogue := sure[*action.Catalogue](t)(action.NewCatalogue(b.action))
	for _, c := range b.plan(t).Calls {
		var err error
		for n := 0; n <= len(c.Else); n++ {
			way, _ := c.Way(n)
			send, _, fillErr := call.Fill(way, b.account.Clock.Now(), "token", func() (string, error) { return "Aa1!aaaaaaaaaaaaaaaaaaaaaaaaaaaa", nil })
			if fillErr != nil {
				t.Fatal(fillErr)
			}
			b.ops = append(b.ops, send.Op)
			if _, err = catalogue.Calls.Send(t.Context(), b.account.Config("us-east-1"), send); err == nil || !slices.Contains(c.ElseOn, call.Code(err)) {
				break
			}
		}
		if err != nil {
			t.Fatalf("send %s: %v", c.Op, err)
		}
	}
	return b.plan(t)
}

func opsOf(calls []quell.Call) []string {
	out := make([]string, 0, len(calls))
	for _, c := range calls {
		out = append(out, c.Op)
	}
	return out
}

// sleep lets the simulated account's time pass.
func sleep(t *testing.T, a actiontest.Account, d time.Duration) {
	t.Helper()
	if err := a.Clock.Sleep(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}
