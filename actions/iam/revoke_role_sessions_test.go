package iam

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/action/actiontest"
	"github.com/quell-ir/quell/call"
	"github.com/quell-ir/quell/sandbox"
)

func TestRevokeRoleSessions(t *testing.T) {
	seed := func(t *testing.T, a actiontest.Account) quell.Entity {
		target := makeRole(t, a, &iam.CreateRoleInput{RoleName: aws.String("deploy"), Path: aws.String("/ops/")})
		for _, name := range []string{"one", "two", "three"} {
			sure[*iam.PutRolePolicyOutput](t)(client(a).PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
				RoleName: aws.String("deploy"), PolicyName: &name,
				PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}`),
			}))
		}
		return target
	}
	for _, c := range []actiontest.Case{
		{Name: "every session"},
		{Name: "one session", With: map[string]string{"session": "i-0123456789abcdef0"}},
	} {
		c.Action, c.Seed = RevokeRoleSessions, seed
		contract(t, c)
	}
}

// The deny must reach sessions that live, and let later ones and the others' pass.
func TestRevokedSessionsAreRefused(t *testing.T) {
	for _, tc := range []struct {
		session             string
		hit, beside, anewOK bool
	}{
		{session: "", hit: true, beside: true, anewOK: true},
		{session: "intruder", hit: true, beside: false, anewOK: false},
	} {
		t.Run("session "+tc.session, func(t *testing.T) {
			world := sandbox.New(sandbox.Options{Seed: 1})
			a := actiontest.Account{Config: world.Admin, Clock: world.Clock(), ID: world.Account()}
			arn := world.AddRole("deploy", fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+
				`"Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"sts:AssumeRole"}]}`, a.ID), "AdministratorAccess")
			assume := func(name string) *iam.Client {
				out := sure[*sts.AssumeRoleOutput](t)(sts.NewFromConfig(world.Admin("us-east-1")).AssumeRole(t.Context(),
					&sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: &name}))
				return iam.NewFromConfig(world.Config(aws.Credentials{
					AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey,
					SessionToken: *out.Credentials.SessionToken,
				}, "us-east-1"))
			}
			refused := func(c *iam.Client) bool {
				_, err := c.ListUsers(t.Context(), &iam.ListUsersInput{})
				if err != nil && !call.Denied(call.Code(err)) {
					t.Fatal(err)
				}
				return err != nil
			}
			intruder, colleague := assume("intruder"), assume("colleague")
			sleep(t, a, time.Minute)
			b := newBench(a, RevokeRoleSessions, quell.Entity{Kind: quell.KindRole, ID: arn, Name: "deploy", ARN: arn, Account: a.ID}, quell.Incident{})
			b.in.With = withSession(t, tc.session)
			if out := b.apply(t); !out.Settled {
				t.Fatalf("not settled: %v %s", opsOf(out.Calls), out.Refused)
			}
			sleep(t, a, time.Minute)
			if got := refused(intruder); got != tc.hit {
				t.Errorf("the intruder's session refused: %v, want %v", got, tc.hit)
			}
			if got := refused(colleague); got != tc.beside {
				t.Errorf("a colleague's session refused: %v, want %v", got, tc.beside)
			}
			if got := !refused(assume("intruder")); got != tc.anewOK {
				t.Errorf("a new session of that name passes: %v, want %v", got, tc.anewOK)
			}
		})
	}
}

func withSession(t *testing.T, session string) json.RawMessage {
	t.Helper()
	return sure[[]byte](t)(json.Marshal(revokeParams{Session: session}))
}

func TestRevokeRefusals(t *testing.T) {
	a := inSandbox(t)
	role := func(name, path string) quell.Entity {
		return quell.Entity{Kind: quell.KindRole, ID: "AROA", Name: name, ARN: "arn:aws:iam::" + a.ID + ":role" + path + name, Account: a.ID}
	}
	held := makeRole(t, a, &iam.CreateRoleInput{
		RoleName: aws.String("held"), Tags: []types.Tag{{Key: aws.String(action.TagKey), Value: aws.String("q-other")}},
	})
	session := func(account, name string) string {
		return "arn:aws:sts::" + account + ":assumed-role/responder/" + name
	}
	for _, tc := range []struct {
		name, session string
		target        quell.Entity
		responders    []string
		want          string // part of the refusal; empty where it may go on
	}{
		{"service-linked", "", role("AWSServiceRoleForECS", "/aws-service-role/ecs.amazonaws.com/"), nil, "service-linked role"},
		{"Identity Center", "", role("AWSReservedSSO_Admin_0123456789abcdef", "/aws-reserved/sso.amazonaws.com/"), nil, "Identity Center"},
		{"held", "", held, nil, "another responder holds"},
		{"no session name", "*", role("app", "/"), nil, "no role session name"},
		{"a policy variable", "${aws:userid}", role("app", "/"), nil, "no role session name"},
		{"our own role", "", role("responder", "/"), []string{"arn:aws:iam::" + a.ID + ":role/responder"}, "Quell itself acts with"},
		{"our own session", "", role("responder", "/ops/"), []string{session(a.ID, "me")}, "Quell itself acts with"},
		{"our own session by name", "me", role("responder", "/"), []string{session(a.ID, "me")}, "Quell itself acts with"},
		{"another session of our role", "you", role("responder", "/"), []string{session(a.ID, "me")}, ""},
		{"the same name in another account", "", role("responder", "/"), []string{session("999999999999", "me")}, ""},
		{"our session is of another role", "", role("app", "/"), []string{session(a.ID, "me")}, ""},
		{"an ordinary role", "", role("app", "/"), []string{"arn:aws:iam::" + a.ID + ":user/quell-responder"}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(a, RevokeRoleSessions, tc.target, quell.Incident{})
			b.in.Settings.Responders, b.in.With = tc.responders, withSession(t, tc.session)
			out := b.plan(t)
			if tc.want == "" && out.Refused != "" || !strings.Contains(out.Refused, tc.want) {
				t.Errorf("refused %q, want %q", out.Refused, tc.want)
			}
			if tc.want != "" && len(out.Calls) > 0 {
				t.Errorf("calls beside a refusal: %v", opsOf(out.Calls))
			}
		})
	}
}

func TestReadRevoke(t *testing.T) {
	opened := time.Date(2026, 3, 2, 9, 0, 0, 500, time.UTC)
	deny := func(effect, condition string) string {
		return `{"Version":"2012-10-17","Statement":[{"Sid":"QuellRevokeSessions","Effect":"` + effect + `","Action":"*","Resource":"*","Condition":` + condition + `}]}`
	}
	before := func(at string) string { return `{"DateLessThan":{"aws:TokenIssueTime":"` + at + `"}}` }
	for _, tc := range []struct {
		name, document, session string
		want                    bool
	}{
		{"ours", deny("Deny", before("2026-03-02T09:00:01Z")), "", true},
		{"ours, in the second the incident was opened", deny("Deny", before("2026-03-02T09:00:00Z")), "", true},
		{"of an earlier time", deny("Deny", before("2026-03-01T09:00:00Z")), "", false},
		{"no time at all", deny("Deny", before("soon")), "", false},
		{"turned into an allow", deny("Allow", before("2026-03-02T09:00:01Z")), "", false},
		{"a further condition", deny("Deny", `{"DateLessThan":{"aws:TokenIssueTime":"2026-03-02T09:00:01Z"},"Bool":{"aws:SecureTransport":"false"}}`), "", false},
		{"a further statement", `{"Version":"2012-10-17","Statement":[` +
			strings.TrimSuffix(strings.TrimPrefix(deny("Deny", before("2026-03-02T09:00:01Z")), `{"Version":"2012-10-17","Statement":[`), `]}`) +
			`,{"Effect":"Allow","Action":"*","Resource":"*"}]}`, "", false},
		{"the session asked for", deny("Deny", `{"StringEquals":{"aws:userid":"AROAX:i-1"}}`), "i-1", true},
		{"another session", deny("Deny", `{"StringEquals":{"aws:userid":"AROAX:i-2"}}`), "i-1", false},
		{"no JSON", `deny everything`, "", false},
		{"nothing", ``, "", false},
	} {
		if got, _ := readRevoke(tc.document, "AROAX", tc.session, opened); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestRevokeSaysWhatBreaksAndWhatDoesNot(t *testing.T) {
	a := inSandbox(t)
	target := makeRole(t, a, &iam.CreateRoleInput{RoleName: aws.String("app"), MaxSessionDuration: aws.Int32(7200)})
	sure[*iam.PutRolePolicyOutput](t)(client(a).PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
		RoleName: aws.String("app"), PolicyName: aws.String("big"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::` +
			strings.Repeat("x", 9900) + `"}]}`),
	}))
	seen := quell.Entity{Kind: quell.KindSession, ID: target.ID + ":batch", Name: "batch", Of: target.ID}
	out := newBench(a, RevokeRoleSessions, target, quell.Incident{Entities: []quell.Entity{seen}}).plan(t)
	said := strings.Join(out.Breaks, "\n")
	for _, want := range []string{
		"every live session of role app", "session seen in this incident: batch", "not stopped: Service: ec2.amazonaws.com", "LimitExceeded",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("what breaks does not say %q:\n%s", want, said)
		}
	}
	if d := out.Calls[0].Denies; d == nil || d.Seconds != longestSession {
		t.Errorf("a role that a service uses may have sessions of 12 hours whatever its maximum: %+v", d)
	}
	plain := makeRole(t, a, &iam.CreateRoleInput{
		RoleName: aws.String("people"), MaxSessionDuration: aws.Int32(7200),
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + a.ID + `"},"Action":"sts:AssumeRole"}]}`),
	})
	if d := newBench(a, RevokeRoleSessions, plain, quell.Incident{}).plan(t).Calls[0].Denies; d == nil || d.Seconds != 7200 {
		t.Errorf("the role's own maximum should count: %+v", d)
	}
}

func TestTrusted(t *testing.T) {
	for _, tc := range []struct {
		document string
		want     []string
	}{
		{trustOfEC2, []string{"Service: ec2.amazonaws.com"}},
		{`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}`, []string{"anybody"}},
		{`{"Statement":[{"Effect":"Deny","Principal":{"AWS":"1"}},{"Effect":"Allow","Principal":{"AWS":["b","a"],"Federated":"idp"}}]}`, []string{"AWS: a", "AWS: b", "Federated: idp"}},
		{``, nil},
	} {
		got, err := trusted(tc.document)
		if err != nil {
			t.Errorf("%s: %v", tc.document, err)
		}
		if diff := cmp.Diff(tc.want, sorted(got)); diff != "" {
			t.Errorf("%s:\n%s", tc.document, diff)
		}
	}
	if _, err := trusted("{"); err == nil {
		t.Error("a document that is no JSON must be an error")
	}
}

// Trust policies and inline policies are written by others: reading them must end, whatever stands in them.
func FuzzReadPolicies(f *testing.F) {
	for _, seed := range []string{
		trustOfEC2, denyDocument, ``, `{`, `%7B%22Statement%22%3A%5B%5D%7D`, `%zz`, `{"Statement":{"Effect":"Allow","Principal":"*"}}`,
		`{"Statement":[{"Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-03-02T09:00:01Z"}}}]}`, `{"Statement":[[]]}`, `null`,
	} {
		f.Add(seed, "session")
	}
	f.Fuzz(func(t *testing.T, document, session string) {
		names, err := trusted(document)
		if err == nil && usedByService(names) && len(names) == 0 {
			t.Error("a service among nobody")
		}
		if sizeOf(document) > len(document)*3 {
			t.Errorf("%q counted longer than it is", document)
		}
		if revoked, _ := readRevoke(document, "AROAX", session, time.Time{}); revoked {
			// Whatever counts as ours must deny.
			if !strings.Contains(string(documentOf(&document)), "Deny") {
				t.Errorf("%q counts as a deny", document)
			}
		}
	})
}
