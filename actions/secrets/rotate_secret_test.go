package secrets

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/action/actiontest"
	"github.com/quell-ir/quell/call"
	"github.com/quell-ir/quell/sandbox"
)

const (
	function = "arn:aws:lambda:eu-west-1:123456789012:function:rotate"
	value    = "hunter2-the-old-value"
)

func inSandbox(*testing.T) actiontest.Account {
	world := sandbox.New(sandbox.Options{Seed: 1})
	return actiontest.Account{
		Config: world.Admin, Clock: world.Clock(), ID: world.Account(), Delay: 10 * time.Second,
		Respond: "arn:aws:iam::" + world.Account() + ":user/quell-responder",
	}
}

func sure[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// makeSecret makes a secret in eu-west-1, with a rotation function where rotates is set.
func makeSecret(t *testing.T, a actiontest.Account, rotates bool, tags ...types.Tag) quell.Entity {
	t.Helper()
	client := secretsmanager.NewFromConfig(a.Config("eu-west-1"))
	out := sure[*secretsmanager.CreateSecretOutput](t)(client.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String("prod/db"), SecretString: aws.String(value), Tags: tags,
	}))
	if rotates {
		sure[*secretsmanager.RotateSecretOutput](t)(client.RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{
			SecretId: out.ARN, RotationLambdaARN: aws.String(function), RotateImmediately: aws.Bool(false),
		}))
	}
	return quell.Entity{Kind: quell.KindSecret, ID: *out.ARN, ARN: *out.ARN, Name: "prod/db", Account: a.ID}
}

func readValue(t *testing.T, a actiontest.Account, target quell.Entity) string {
	t.Helper()
	out := sure[*secretsmanager.GetSecretValueOutput](t)(secretsmanager.NewFromConfig(a.Config("eu-west-1")).GetSecretValue(t.Context(),
		&secretsmanager.GetSecretValueInput{SecretId: &target.ID}))
	return aws.ToString(out.SecretString)
}

func inputFor(a actiontest.Account, target quell.Entity) action.Input {
	return action.Input{Target: target, Clock: a.Clock, Incident: quell.Incident{ID: "q-0123456789", Opened: a.Clock.Now()}}
}

func planOf(t *testing.T, a actiontest.Account, in action.Input) action.Outcome {
	t.Helper()
	// The look is given another region on purpose: the secret's ARN says where it is.
	state := sure[json.RawMessage](t)(Rotate.Look(t.Context(), a.Config("us-east-1"), in))
	return sure[action.Outcome](t)(Rotate.Plan(in, state))
}

func TestRotate(t *testing.T) {
	actiontest.Contracts(t, actiontest.Case{
		Name: "by a function", Action: Rotate, Secrets: []string{value},
		Seed: func(t *testing.T, a actiontest.Account) quell.Entity { return makeSecret(t, a, true) },
		Check: func(t *testing.T, a actiontest.Account, target quell.Entity) {
			if got := readValue(t, a, target); got == value {
				t.Error("readers still get the old value")
			}
		},
	}, "moto calls no rotation function: the value stays, and no stage moves")
}

func TestRotateWithoutAFunction(t *testing.T) {
	a := inSandbox(t)
	target := makeSecret(t, a, false)
	if err := a.Clock.Sleep(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	in := inputFor(a, target)
	out := planOf(t, a, in)
	if !strings.Contains(out.Refused, "put-secret-value --secret-id "+target.ID+" --region eu-west-1") || len(out.Calls) > 0 {
		t.Errorf("refused %q, %d calls", out.Refused, len(out.Calls))
	}
	// What the refusal asks for settles the step.
	sure[*secretsmanager.PutSecretValueOutput](t)(secretsmanager.NewFromConfig(a.Config("eu-west-1")).PutSecretValue(t.Context(),
		&secretsmanager.PutSecretValueInput{SecretId: &target.ID, SecretString: aws.String("new")}))
	if out := planOf(t, a, in); !out.Settled || out.Refused != "" {
		t.Errorf("changed by hand: settled %v, refused %q", out.Settled, out.Refused)
	}
}

func TestRotateTellsWhoElseIsLetIn(t *testing.T) {
	a := inSandbox(t)
	target := makeSecret(t, a, true)
	sure[*secretsmanager.PutResourcePolicyOutput](t)(secretsmanager.NewFromConfig(a.Config("eu-west-1")).PutResourcePolicy(t.Context(),
		&secretsmanager.PutResourcePolicyInput{SecretId: &target.ID, ResourcePolicy: aws.String(
			`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::999988887777:root"},"Action":"secretsmanager:GetSecretValue","Resource":"*"}}`)}))
	if err := a.Clock.Sleep(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	out := planOf(t, a, inputFor(a, target))
	if !slices.ContainsFunc(out.Breaks, func(line string) bool { return strings.Contains(line, "AWS: arn:aws:iam::999988887777:root in") }) {
		t.Errorf("breaks %q", out.Breaks)
	}
}

func TestRotateKeepsOff(t *testing.T) {
	a := inSandbox(t)
	held := makeSecret(t, a, true, types.Tag{Key: aws.String(action.TagKey), Value: aws.String("q-other")})
	if out := planOf(t, a, inputFor(a, held)); !strings.Contains(out.Refused, "another responder holds") {
		t.Errorf("refused %q", out.Refused)
	}
	gone := quell.Entity{Kind: quell.KindSecret, ID: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:gone-AbCdEf"}
	if out := planOf(t, a, inputFor(a, gone)); !out.Settled {
		t.Errorf("a secret that is gone is not settled: %+v", out)
	}
}

func TestRotationStates(t *testing.T) {
	in := action.Input{
		Target:   quell.Entity{Kind: quell.KindSecret, ID: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf"},
		Incident: quell.Incident{ID: "q-0123456789"},
	}
	base := rotateState{Exists: true, Region: "eu-west-1", Rotation: "lambda", Current: "v1", PolicyKnown: "yes"}
	for _, tc := range []struct {
		name    string
		change  func(s *rotateState)
		calls   int
		settled bool
		refused string
	}{
		{"to be rotated", func(*rotateState) {}, 1, false, ""},
		{"managed by its service", func(s *rotateState) { s.Rotation = "managed" }, 1, false, ""},
		{"rotated", func(s *rotateState) { s.Renewed = true }, 0, true, ""},
		{"under way", func(s *rotateState) { s.Pending, s.Waiting = "v2", true }, 0, false, ""},
		{"rotated, and again under way", func(s *rotateState) { s.Renewed, s.Pending, s.Waiting = true, "v3", true }, 0, false, ""},
		{"an old one is stuck", func(s *rotateState) { s.Pending = "v0" }, 0, false, "off version v0"},
		{"rotated beside an old one that is stuck", func(s *rotateState) { s.Pending, s.Renewed = "v0", true }, 0, true, ""},
		{"a copy", func(s *rotateState) { s.Primary = "us-east-1" }, 0, false, "the original in us-east-1"},
		{"going", func(s *rotateState) { s.Deleted = "2026-03-09T00:00:00Z" }, 0, false, "scheduled for deletion"},
		{"no way", func(s *rotateState) { s.Rotation = "" }, 0, false, "no rotation is configured"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := base
			tc.change(&s)
			out := sure[action.Outcome](t)(Rotate.Plan(in, sure[[]byte](t)(json.Marshal(s))))
			if len(out.Calls) != tc.calls || out.Settled != tc.settled || (out.Refused == "") != (tc.refused == "") ||
				!strings.Contains(out.Refused, tc.refused) {
				t.Errorf("%d calls, settled %v, refused %q", len(out.Calls), out.Settled, out.Refused)
			}
			for _, c := range out.Calls {
				if c.Kind != quell.Kept || c.Undo != nil || c.Region != "eu-west-1" || !strings.Contains(string(c.Input), call.FillToken) {
					t.Errorf("call %+v", c)
				}
			}
		})
	}
}

func TestForeignPrincipals(t *testing.T) {
	for document, want := range map[string]map[string]bool{
		"": {},
		`{"Statement":[{"Effect":"Allow","Principal":"*"}]}`:                                                                      {"everybody": true},
		`{"Statement":{"Effect":"Allow","Principal":{"AWS":["123456789012","arn:aws:iam::123456789012:role/a","999988887777"]}}}`: {"AWS: 999988887777": true},
		`{"Statement":[{"Effect":"Deny","Principal":{"AWS":"999988887777"}}]}`:                                                    {},
		`{"Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"}}]}`:                                       {},
		`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"*"}}]}`:                                                              {"AWS: *": true},
	} {
		got, err := foreignPrincipals(document, "123456789012")
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("foreignPrincipals(%s): %v\n%s", document, err, diff)
		}
	}
}

func FuzzForeignPrincipals(f *testing.F) {
	f.Add(`{"Statement":{"Effect":"Allow","Principal":{"AWS":["a","b"]}}}`)
	f.Add(`{"Statement":[{"Effect":"Allow","Principal":"*"}]}`)
	f.Fuzz(func(t *testing.T, document string) {
		if got, err := foreignPrincipals(document, "123456789012"); (err == nil) != (got != nil) {
			t.Errorf("foreignPrincipals(%q) = %v, %v", document, got, err)
		}
	})
}
