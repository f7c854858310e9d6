package s3

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/sandbox"
)

// assume takes a session of a role and makes a configuration of it.
func assume(t *testing.T, world *sandbox.World, as aws.Credentials, role string) aws.Config {
	t.Helper()
	out := sure[*sts.AssumeRoleOutput](t)(sts.NewFromConfig(world.Config(as, "us-east-1")).AssumeRole(t.Context(),
		&sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("session")}))
	c := out.Credentials
	return world.Config(aws.Credentials{
		AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken,
	}, "us-east-1")
}

func TestPatternsOf(t *testing.T) {
	for arn, want := range map[string][]string{
		"arn:aws:iam::123456789012:user/team/alice":               {"arn:aws:iam::123456789012:user/team/alice"},
		"arn:aws:iam::123456789012:root":                          {"arn:aws:iam::123456789012:root"},
		"arn:aws-cn:iam::123456789012:role/ops":                   {"arn:aws-cn:iam::123456789012:role/ops"},
		"arn:aws:sts::123456789012:federated-user/bob":            {"arn:aws:sts::123456789012:federated-user/bob"},
		"arn:aws:sts::123456789012:assumed-role/ops/me@a.example": {"arn:aws:iam::123456789012:role/ops", "arn:aws:iam::123456789012:role/*/ops"},
		"arn:aws:sts::123456789012:assumed-role/ops":              nil,
		"arn:aws:iam::123456789012:user/a*":                       nil,
		"arn:aws:iam::123456789012:user/a?":                       nil,
		"arn:aws:iam::123456789012:group/admins":                  nil,
		"arn:aws:iam::*:root":                                     nil,
		"123456789012":                                            nil,
		"":                                                        nil,
	} {
		got, err := patternsOf(arn)
		if diff := cmp.Diff(want, got); diff != "" || (err != nil) != (want == nil) {
			t.Errorf("patternsOf(%q): %v\n%s", arn, err, diff)
		}
	}
}

// Whatever responders are set: each goes on, and nobody else does.
func TestStatementSparesRespondersAlone(t *testing.T) {
	name := rapid.StringMatching(`[a-z][a-zA-Z0-9+=,.@_-]{0,20}`)
	arn := rapid.Custom(func(t *rapid.T) string {
		account := rapid.StringMatching(`[0-9]{12}`).Draw(t, "account")
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			return "arn:aws:iam::" + account + ":user/" + name.Draw(t, "user")
		case 1:
			return "arn:aws:iam::" + account + ":role/" + name.Draw(t, "path") + "/" + name.Draw(t, "role")
		}
		return "arn:aws:sts::" + account + ":assumed-role/" + name.Draw(t, "role") + "/" + name.Draw(t, "session")
	})
	rapid.Check(t, func(t *rapid.T) {
		responders := rapid.SliceOfN(arn, 1, 5).Draw(t, "responders")
		in := action.In[denyParams, denyState]{
			Target: quell.Entity{ID: "data"}, Incident: quell.Incident{ID: incidentID}, Settings: action.Settings{Responders: responders},
		}
		s, err := statementOf(in)
		if err != nil {
			t.Fatal(err)
		}
		spared := map[string]bool{}
		for _, r := range responders {
			for _, shown := range shownAs(r) {
				spared[shown] = true
				if denies(s, shown) {
					t.Fatalf("responder %s, seen as %s, is denied", r, shown)
				}
			}
		}
		other := arn.Draw(t, "other")
		for _, shown := range shownAs(other) {
			if !spared[shown] && !denies(s, shown) && !underAnotherPath(shown, s) {
				t.Fatalf("%s is not denied", shown)
			}
		}
		if !denies(s, "") {
			t.Fatal("anonymous requests are not denied")
		}
	})
}

// underAnotherPath says that a role is spared because a responder's session is of a role of that name: names are unique
// in an account, so that both are one role.
func underAnotherPath(arn string, s denyStatement) bool {
	for _, pattern := range s.Condition.ArnNotLike["aws:PrincipalArn"] {
		if pattern != arn && likeARN(pattern, arn) {
			return true
		}
	}
	return false
}

func FuzzSplitPolicy(f *testing.F) {
	f.Add(policyOf(neighbour, unnamed))
	f.Add(`{"Statement":` + neighbour + `}`)
	f.Add(`{"Statement":[{"Principal":{"AWS":["a","b"]},"Effect":"Allow"}]}`)
	f.Add(`{"Statement":null}`)
	f.Fuzz(func(t *testing.T, document string) {
		s, err := splitPolicy(document, "Quellq0123456789")
		if err == nil && (s.sids == nil || s.allowed == nil || s.size < 0) {
			t.Errorf("splitPolicy(%q) = %+v", document, s)
		}
	})
}
