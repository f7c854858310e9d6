package iam

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/action/actiontest"
	"github.com/quell-ir/quell/call"
)

// madeThere is an entity as records name it that carry no id of IAM's.
func madeThere(kind quell.EntityKind, name string, part quell.Part) quell.Entity {
	arn := "arn:aws:iam::123456789012:" + string(kind) + "/" + name
	return quell.Entity{Kind: kind, ID: arn, ARN: arn, Name: name, Account: "123456789012", Part: part}
}

func accountOf(a actiontest.Account) quell.Entity {
	return quell.Entity{Kind: quell.KindAccount, ID: a.ID, Account: a.ID}
}

// fillRole leaves no room for a deny of ours among the role's inline policies.
func fillRole(t *testing.T, a actiontest.Account, role string) {
	t.Helper()
	for i := range 5 {
		document := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::` + strings.Repeat("x", 1940) + `"}]}`
		sure[*iam.PutRolePolicyOutput](t)(client(a).PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
			RoleName: &role, PolicyName: aws.String(fmt.Sprintf("padding-%d", i)), PolicyDocument: &document,
		}))
	}
}

func TestSweepPersistence(t *testing.T) {
	since := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	both := quell.Incident{Since: since, Entities: []quell.Entity{
		madeThere(quell.KindUser, "mallory", quell.PartMade), madeThere(quell.KindRole, "backdoor", quell.PartMade),
	}}
	seed := func(t *testing.T, a actiontest.Account) quell.Entity {
		makeUser(t, a, "mallory")
		makeKey(t, a, "mallory")
		makeUser(t, a, "bob")
		makeKey(t, a, "bob")
		makeRole(t, a, &iam.CreateRoleInput{RoleName: aws.String("backdoor")})
		return accountOf(a)
	}
	denied := func(t *testing.T, a actiontest.Account, _ quell.Entity) {
		for user, want := range map[string]types.StatusType{"mallory": types.StatusTypeInactive, "bob": types.StatusTypeActive} {
			out := sure[*iam.ListAccessKeysOutput](t)(client(a).ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: &user}))
			if got := out.AccessKeyMetadata[0].Status; got != want {
				t.Errorf("the key of %s is %s, want %s", user, got, want)
			}
		}
	}
	for _, c := range []actiontest.Case{
		{Name: "a user with a key and a role", Incident: both, Seed: seed, Check: denied},
		{Name: "a false alarm", Incident: both, Seed: seed, Dismissed: true},
		{
			Name: "named by a person", Incident: quell.Incident{Since: since}, Seed: seed, Check: denied,
			With: sweepParams{Include: []string{"user/mallory", "role/backdoor"}},
		},
		{
			Name: "no room among inline policies", Incident: both,
			Seed: func(t *testing.T, a actiontest.Account) quell.Entity {
				target := seed(t, a)
				fillInline(t, a, "mallory")
				fillRole(t, a, "backdoor")
				return target
			},
			Check: func(t *testing.T, a actiontest.Account, _ quell.Entity) {
				out := sure[*iam.ListAttachedRolePoliciesOutput](t)(client(a).ListAttachedRolePolicies(t.Context(),
					&iam.ListAttachedRolePoliciesInput{RoleName: aws.String("backdoor")}))
				if len(out.AttachedPolicies) != 1 || aws.ToString(out.AttachedPolicies[0].PolicyName) != "AWSDenyAll" {
					t.Errorf("attached %+v", out.AttachedPolicies)
				}
			},
		},
		{Name: "nothing found", Incident: quell.Incident{Since: since.AddDate(1, 0, 0)}, Seed: seed},
	} {
		c.Action = SweepPersistence
		if strings.HasPrefix(c.Name, "no room") {
			contractInSandbox(t, noQuotas, c)
			continue
		}
		contract(t, c)
	}
}

// swept decodes what a look saw.
func swept(t *testing.T, b *bench, cfg aws.Config) sweepState {
	t.Helper()
	var s sweepState
	raw := sure[json.RawMessage](t)(b.action.Look(t.Context(), cfg, b.in))
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func has(lines []string, part string) bool {
	return slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, part) })
}

// Everything the intruder may have left is listed, and only what was seen being made is touched.
func TestSweepTellsMadeFromNew(t *testing.T) {
	a := inSandbox(t)
	old := makeUser(t, a, "old")
	makeRole(t, a, &iam.CreateRoleInput{RoleName: aws.String("old-role")})
	oldPolicy := sure[*iam.CreatePolicyOutput](t)(client(a).CreatePolicy(t.Context(), &iam.CreatePolicyInput{
		PolicyName: aws.String("old-policy"), PolicyDocument: aws.String(allowNothing)})).Policy.Arn
	sleep(t, a, time.Hour)
	since := a.Clock.Now()
	sleep(t, a, time.Second)
	mallory := makeUser(t, a, "mallory")
	makeUser(t, a, "colleague")
	theirs, unseen := makeKey(t, a, "old"), makeKey(t, a, "colleague")
	sure[*iam.CreateLoginProfileOutput](t)(client(a).CreateLoginProfile(t.Context(), &iam.CreateLoginProfileInput{
		UserName: aws.String("old"), Password: aws.String("Aa1!aaaaaaaaaaaaaaaaaaaaaaaaaaaa")}))
	sure[*iam.AttachUserPolicyOutput](t)(client(a).AttachUserPolicy(t.Context(), &iam.AttachUserPolicyInput{
		UserName: aws.String("old"), PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")}))
	sure[*iam.CreatePolicyVersionOutput](t)(client(a).CreatePolicyVersion(t.Context(), &iam.CreatePolicyVersionInput{
		PolicyArn: oldPolicy, PolicyDocument: aws.String(allowNothing), SetAsDefault: true}))
	trust := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::999988887777:root"},"Action":"sts:AssumeRole"}}`
	sure[*iam.UpdateAssumeRolePolicyOutput](t)(client(a).UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{
		RoleName: aws.String("old-role"), PolicyDocument: &trust}))
	sure[*iam.CreateGroupOutput](t)(client(a).CreateGroup(t.Context(), &iam.CreateGroupInput{GroupName: aws.String("new-group")}))

	mallory.Part, old.Part = quell.PartMade, quell.PartTarget
	b := newBench(a, SweepPersistence, accountOf(a), quell.Incident{Since: since, Entities: []quell.Entity{
		mallory, old, {Kind: quell.KindAccessKey, ID: *theirs.AccessKeyId, Part: quell.PartMade, Of: old.ID},
		madeThere(quell.KindRole, "old-role", quell.PartTarget),
		{Kind: quell.KindResource, ID: "login-profile/" + old.ID, Name: "old", Part: quell.PartMade, Of: old.ID},
		{Kind: quell.KindResource, ID: "APKA1", Part: quell.PartMade, Of: old.ID},
	}})
	cfg := answering(a.Config("us-east-1"), "iam:ListSAMLProviders", &iam.ListSAMLProvidersOutput{SAMLProviderList: []types.SAMLProviderListEntry{
		{Arn: aws.String("arn:aws:iam::123456789012:saml-provider/evil"), CreateDate: aws.Time(since.Add(time.Minute))},
		{Arn: aws.String("arn:aws:iam::123456789012:saml-provider/fine"), CreateDate: aws.Time(since.AddDate(-1, 0, 0))},
	}})
	cfg = answering(cfg, "iam:ListOpenIDConnectProviders", &iam.ListOpenIDConnectProvidersOutput{
		OpenIDConnectProviderList: []types.OpenIDConnectProviderListEntry{{Arn: aws.String("arn:aws:iam::123456789012:oidc-provider/evil.example")}}})
	cfg = answering(cfg, "iam:GetOpenIDConnectProvider", &iam.GetOpenIDConnectProviderOutput{CreateDate: aws.Time(since.Add(time.Minute))})
	s := swept(t, b, cfg)

	type seen struct{ How, Note bool }
	got := map[string]seen{}
	for key, c := range s.Seen {
		got[key] = seen{c.How != "", c.Note != ""}
	}
	want := map[string]seen{
		"user/mallory": {true, false}, "user/colleague": {false, false}, "user/old": {true, true},
		"key/" + *theirs.AccessKeyId: {true, true}, "key/" + *unseen.AccessKeyId: {false, true},
		"login-profile/old": {true, true}, "role/old-role": {true, true}, "group/new-group": {false, true}, "policy/old-policy": {false, true},
		"identity-provider/arn:aws:iam::123456789012:saml-provider/evil":         {false, true},
		"identity-provider/arn:aws:iam::123456789012:oidc-provider/evil.example": {false, true},
		"resource/APKA1": {true, true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what was seen differs:\n%s", diff)
	}
	for key, part := range map[string]string{
		"user/old": "AdministratorAccess", "role/old-role": "arn:aws:iam::999988887777:root", "policy/old-policy": "default version v2",
	} {
		if !strings.Contains(s.Seen[key].Note, part) {
			t.Errorf("%s: %q does not tell of %q", key, s.Seen[key].Note, part)
		}
	}
	out := b.plan(t)
	if diff := cmp.Diff([]string{"iam:PutUserPolicy", "iam:TagUser", "iam:UpdateAccessKey"}, opsOf(out.Calls)); diff != "" {
		t.Errorf("calls differ:\n%s", diff)
	}
	if !has(out.Breaks, "not touched, for a person to judge: user colleague") || !has(out.Breaks, "whatever works as user mallory") {
		t.Errorf("breaks %q", out.Breaks)
	}
	if out = b.apply(t); !out.Settled || !strings.Contains(string(out.Outputs), `"name":"colleague"`) {
		t.Errorf("settled %v, outputs %s", out.Settled, out.Outputs)
	}
}

const allowNothing = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}`

// What must be left alone although it is attributed.
func TestSweepSpares(t *testing.T) {
	for _, tc := range []struct {
		name, note string
		change     func(t *testing.T, a actiontest.Account, b *bench)
	}{
		{"a protected user", "protected by", func(_ *testing.T, _ actiontest.Account, b *bench) { b.in.Settings.Protected = []string{"mallory"} }},
		{"the responder", "Quell itself acts with it", func(_ *testing.T, _ actiontest.Account, b *bench) {
			b.in.Settings.Responders = []string{"arn:aws:iam::123456789012:user/mallory"}
		}},
		{"a user of another incident", "another responder holds it", func(t *testing.T, a actiontest.Account, _ *bench) {
			sure[*iam.TagUserOutput](t)(client(a).TagUser(t.Context(), &iam.TagUserInput{
				UserName: aws.String("mallory"), Tags: []types.Tag{{Key: aws.String(action.TagKey), Value: aws.String("q-other")}}}))
		}},
		{"a user made anew", "", func(_ *testing.T, _ actiontest.Account, b *bench) {
			b.in.Incident.Entities[0].ID = "AIDAWASANOTHERUSER00"
		}},
		{"a user from before, by name alone", "", func(t *testing.T, a actiontest.Account, b *bench) {
			b.in.Incident.Entities[0].ID = b.in.Incident.Entities[0].ARN
			sleep(t, a, time.Hour)
			b.in.Incident.Since = a.Clock.Now()
		}},
		{"a user of another account", "", func(_ *testing.T, _ actiontest.Account, b *bench) {
			b.in.Incident.Entities[0].ID, b.in.Incident.Entities[0].ARN, b.in.Incident.Entities[0].Account = "mallory", "", "999988887777"
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := inSandbox(t)
			mallory := makeUser(t, a, "mallory")
			makeKey(t, a, "mallory")
			mallory.Part = quell.PartMade
			since := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
			b := newBench(a, SweepPersistence, accountOf(a), quell.Incident{Since: since, Entities: []quell.Entity{mallory}})
			tc.change(t, a, b)
			out := b.plan(t)
			if len(out.Calls) > 0 || !out.Settled {
				t.Errorf("calls %v, settled %v", opsOf(out.Calls), out.Settled)
			}
			if !strings.Contains(string(out.Outputs), tc.note) {
				t.Errorf("nothing about %q in %s", tc.note, out.Outputs)
			}
		})
	}
}

func TestSweepRefusesUnclearNames(t *testing.T) {
	a := inSandbox(t)
	for _, name := range []string{"mallory", "user/*", "key/ASIA0123456789012345", "group/admins", "user/a/b", ""} {
		b := newBench(a, SweepPersistence, accountOf(a), quell.Incident{})
		b.in.With = sure[[]byte](t)(json.Marshal(sweepParams{Include: []string{name}}))
		if out := b.plan(t); !strings.Contains(out.Refused, "user/NAME") {
			t.Errorf("include %q: refused %q", name, out.Refused)
		}
	}
}

// Lists are read to the last page, and an account of many users is asked about those that matter, which is said.
func TestSweepOfManyUsers(t *testing.T) {
	a := inSandbox(t)
	for i := range mostUsers + 1 {
		makeUser(t, a, fmt.Sprintf("old-%03d", i))
	}
	makeKey(t, a, "old-007")
	sleep(t, a, time.Hour)
	since := a.Clock.Now()
	sleep(t, a, time.Second)
	hidden, owner := makeKey(t, a, "old-008"), makeKey(t, a, "old-007")
	mallory := makeUser(t, a, "zz-mallory") // on the last page
	mallory.Part = quell.PartMade
	b := newBench(a, SweepPersistence, accountOf(a), quell.Incident{Since: since, Entities: []quell.Entity{
		mallory, {Kind: quell.KindUser, ID: "arn:aws:iam::123456789012:user/old-007", ARN: "arn:aws:iam::123456789012:user/old-007", Part: quell.PartActor},
	}})
	s := swept(t, b, a.Config("us-east-1"))
	_, foundOwner := s.Seen["key/"+*owner.AccessKeyId]
	_, foundHidden := s.Seen["key/"+*hidden.AccessKeyId]
	if len(s.Users) != 1 || !foundOwner || foundHidden || len(s.Gaps) != 1 {
		t.Errorf("users %v, owner's key %v, other's key %v, gaps %v", s.Users, foundOwner, foundHidden, s.Gaps)
	}
	if out := b.plan(t); !has(out.Breaks, "not looked at: keys and console passwords of 503 users") {
		t.Errorf("breaks %q", out.Breaks)
	}
}

func TestSweepSaysWhatItMayNotSee(t *testing.T) {
	a := inSandbox(t)
	b := newBench(a, SweepPersistence, accountOf(a), quell.Incident{})
	cfg := answering(a.Config("us-east-1"), "iam:ListGroups", nil)
	s := swept(t, b, cfg)
	want := map[string]bool{"groups: AccessDenied": true, "when the intrusion began is not known: nothing is judged by its date": true}
	if diff := cmp.Diff(want, s.Gaps); diff != "" {
		t.Errorf("gaps differ:\n%s", diff)
	}
	if _, err := SweepPersistence.Look(t.Context(), answering(a.Config("us-east-1"), "iam:ListUsers", nil), b.in); !call.Denied(call.Code(err)) {
		t.Errorf("a sweep that cannot see the users ended with %v", err)
	}
}

// answering gives an operation's answer without asking the account, or a refusal where there is none.
func answering(cfg aws.Config, op string, result any) aws.Config {
	cfg = cfg.Copy()
	cfg.APIOptions = append([]func(*middleware.Stack) error{func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Answering "+op,
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
				middleware.InitializeOutput, middleware.Metadata, error,
			) {
				switch {
				case call.OpName(ctx) != op:
					return next.HandleInitialize(ctx, in)
				case result == nil:
					return middleware.InitializeOutput{}, middleware.Metadata{}, &smithy.GenericAPIError{Code: "AccessDenied", Message: "no"}
				}
				return middleware.InitializeOutput{Result: result}, middleware.Metadata{}, nil
			}), middleware.After)
	}}, cfg.APIOptions...)
	return cfg
}
