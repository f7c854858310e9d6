package s3

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/action/actiontest"
	"github.com/quell-ir/quell/call"
)

const (
	neighbour = `{"Sid":"Neighbour","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::data/*"}`
	unnamed   = `{"Effect":"Deny","Principal":"*","Action":"s3:DeleteBucket","Resource":"arn:aws:s3:::data"}`
)

func policyOf(statements ...string) string {
	return `{"Version":"2012-10-17","Id":"kept","Statement":[` + strings.Join(statements, ",") + `]}`
}

func sidsOf(t *testing.T, document string) []string {
	t.Helper()
	s := sure[statements](t)(splitPolicy(document, "nobody's"))
	out := []string{}
	for sid := range s.sids {
		out = append(out, sid)
	}
	slices.Sort(out)
	return out
}

func TestDenyAllExcept(t *testing.T) {
	seed := func(region, document string) func(*testing.T, actiontest.Account) quell.Entity {
		return func(t *testing.T, a actiontest.Account) quell.Entity {
			target := makeBucket(t, a, "data", region)
			if document != "" {
				putPolicy(t, a, "data", region, document)
			}
			return target
		}
	}
	has := func(region string, want ...string) func(*testing.T, actiontest.Account, quell.Entity) {
		return func(t *testing.T, a actiontest.Account, _ quell.Entity) {
			if diff := cmp.Diff(want, sidsOf(t, readPolicy(t, a, "data", region))); diff != "" {
				t.Errorf("statements differ:\n%s", diff)
			}
		}
	}
	for _, c := range []actiontest.Case{
		{Name: "no policy", Seed: seed("us-east-1", ""), Check: has("us-east-1", "Quellq0123456789")},
		{
			Name: "neighbours survive", Seed: seed("eu-west-1", policyOf(neighbour, unnamed)),
			Check: has("eu-west-1", "Neighbour", "Quellq0123456789", "Statement[1]"),
		},
		{
			Name: "a single statement outside a list", Seed: seed("us-east-1", `{"Version":"2012-10-17","Statement":`+neighbour+`}`),
			Check: has("us-east-1", "Neighbour", "Quellq0123456789"),
		},
		{
			Name: "allowed principals", Seed: seed("us-east-1", ""), Check: has("us-east-1", "Quellq0123456789"),
			With: denyParams{Allow: []string{"arn:aws:sts::123456789012:assumed-role/app/i-0", "arn:aws:iam::123456789012:user/backup"}},
		},
		{
			Name: "a statement of our name was there", Check: func(t *testing.T, a actiontest.Account, _ quell.Entity) {
				if text := readPolicy(t, a, "data", "us-east-1"); !strings.Contains(text, "aws:PrincipalIsAWSService") {
					t.Errorf("our statement is not the one in the policy: %s", text)
				}
			},
			Seed: seed("us-east-1", policyOf(strings.Replace(neighbour, "Neighbour", "Quellq0123456789", 1), unnamed)),
		},
	} {
		c.Action = DenyAllExcept
		actiontest.Contracts(t, c, "")
	}
}

// send carries out what is planned, once.
func send(t *testing.T, cfg aws.Config, act *action.Action, calls []quell.Call) (call.Sent, error) {
	t.Helper()
	catalogue := sure[*action.Catalogue](t)(action.NewCatalogue(act))
	if len(calls) != 1 {
		t.Fatalf("%d calls", len(calls))
	}
	return catalogue.Calls.Send(t.Context(), cfg, calls[0])
}

// Whom the account really lets in after the statement is there, anonymous and foreign callers included.
func TestDenyAllExceptInTheAccount(t *testing.T) {
	world, a := open()
	target := makeBucket(t, a, "data", "us-east-1")
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`
	world.AddRole("/ops/app", trust, "AmazonS3FullAccess")
	world.AddRole("/app/other", trust, "AmazonS3FullAccess")
	reader := world.AddUser("reader", "AmazonS3FullAccess")
	stranger := world.AddOutsider("999988887777", "stranger")
	putPolicy(t, a, "data", "us-east-1", policyOf(
		`{"Sid":"All","Effect":"Allow","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::data","arn:aws:s3:::data/*"]}`))
	lists := func(cfg aws.Config) bool {
		_, err := s3.NewFromConfig(cfg).GetBucketPolicyStatus(t.Context(), &s3.GetBucketPolicyStatusInput{Bucket: aws.String("data")})
		return err == nil
	}
	session := func(role string) aws.Config { return assume(t, world, reader, "arn:aws:iam::"+a.ID+":role"+role) }
	callers := map[string]aws.Config{
		"responder": a.Config("us-east-1"), "reader": world.Config(reader, "us-east-1"), "stranger": world.Config(stranger, "us-east-1"),
		"anonymous": world.Config(aws.Credentials{}, "us-east-1"), "app": session("/ops/app"), "other": session("/app/other"),
	}
	for who, cfg := range callers {
		if !lists(cfg) {
			t.Fatalf("%s is refused before anything was done", who)
		}
	}
	in := inputFor(a, target)
	in.With = json.RawMessage(`{"allow":["arn:aws:sts::` + a.ID + `:assumed-role/app/anything"]}`)
	out := planOf(t, a, DenyAllExcept, in)
	if _, err := send(t, a.Config("us-east-1"), DenyAllExcept, out.Calls); err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for who, cfg := range callers {
		got[who] = lists(cfg)
	}
	want := map[string]bool{"responder": true, "app": true, "reader": false, "stranger": false, "anonymous": false, "other": false}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("who is let in differs:\n%s", diff)
	}
}

func TestDenyAllExceptRefuses(t *testing.T) {
	_, a := open()
	target := makeBucket(t, a, "data", "us-east-1")
	base := inputFor(a, target)
	mallory := quell.Entity{Kind: quell.KindUser, ID: "AIDA1", ARN: "arn:aws:iam::123456789012:user/mallory", Part: quell.PartActor}
	for _, tc := range []struct {
		name, want string
		change     func(in *action.Input)
	}{
		{"nobody responds", "only the account's root user", func(in *action.Input) { in.Settings.Responders = nil }},
		{"a wildcard responder", "is not the ARN of one", func(in *action.Input) { in.Settings.Responders = []string{"arn:aws:iam::123456789012:user/*"} }},
		{"a wildcard is allowed", "is not the ARN of one", func(in *action.Input) { in.With = json.RawMessage(`{"allow":["*"]}`) }},
		{"a policy variable is allowed", "is not the ARN of one", func(in *action.Input) {
			in.With = json.RawMessage(`{"allow":["arn:aws:iam::123456789012:user/${aws:username}"]}`)
		}},
		{"the intruder is allowed", "takes part in the incident", func(in *action.Input) {
			in.With = json.RawMessage(`{"allow":["arn:aws:iam::123456789012:user/mallory"]}`)
			in.Incident.Entities = []quell.Entity{mallory}
		}},
		{"too many are allowed", "bytes of the 20480", func(in *action.Input) {
			var allow []string
			for i := range 400 {
				allow = append(allow, fmt.Sprintf("arn:aws:iam::123456789012:user/some-long-name-of-a-user-%03d", i))
			}
			in.With = sure[[]byte](t)(json.Marshal(denyParams{Allow: allow}))
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := base
			tc.change(&in)
			if out := planOf(t, a, DenyAllExcept, in); !strings.Contains(out.Refused, tc.want) || len(out.Calls) > 0 {
				t.Errorf("refused %q, want %q; %d calls", out.Refused, tc.want, len(out.Calls))
			}
		})
	}
	tagBucket(t, a, "data", "us-east-1", "q-other")
	if out := planOf(t, a, DenyAllExcept, base); !strings.Contains(out.Refused, "another responder holds") {
		t.Errorf("a bucket held by another incident: refused %q", out.Refused)
	}
}

// Others write to the policy while we do. Nobody can lock it, so what was lost must be told.
func TestDenyAllExceptBesideAnotherWriter(t *testing.T) {
	for _, tc := range []struct {
		name   string
		writes string // what the other one leaves right after our write
		lost   []string
		err    bool
	}{
		{"a neighbour is gone", policyOf(unnamed, "OURS"), []string{"Neighbour"}, false},
		{"ours is gone too", policyOf(unnamed), []string{"Neighbour"}, true},
		{"only another came", policyOf(neighbour, unnamed, "OURS", strings.Replace(neighbour, "Neighbour", "New", 1)), nil, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, a := open()
			target := makeBucket(t, a, "data", "us-east-1")
			putPolicy(t, a, "data", "us-east-1", policyOf(neighbour, unnamed))
			calls := planOf(t, a, DenyAllExcept, inputFor(a, target)).Calls
			ours := string(calls[0].Edit.Add[0])
			cfg := following(a.Config("us-east-1"), "s3:PutBucketPolicy", func() {
				putPolicy(t, a, "data", "us-east-1", strings.Replace(tc.writes, "OURS", ours, 1))
			})
			sent, err := send(t, cfg, DenyAllExcept, calls)
			if (err != nil) != tc.err {
				t.Errorf("error %v", err)
			}
			if diff := cmp.Diff(tc.lost, sent.Lost); diff != "" {
				t.Errorf("lost differs:\n%s", diff)
			}
		})
	}
}

// An intruder who may write the policy adds itself to our exceptions: the next look must see it.
func TestDenyAllExceptIsPutBack(t *testing.T) {
	_, a := open()
	in := inputFor(a, makeBucket(t, a, "data", "us-east-1"))
	calls := planOf(t, a, DenyAllExcept, in).Calls
	if _, err := send(t, a.Config("us-east-1"), DenyAllExcept, calls); err != nil {
		t.Fatal(err)
	}
	if out := planOf(t, a, DenyAllExcept, in); !out.Settled {
		t.Fatalf("not settled: %+v", out)
	}
	weak := strings.Replace(readPolicy(t, a, "data", "us-east-1"), a.Respond+`"`, a.Respond+`","arn:aws:iam::123456789012:user/mallory"`, 1)
	putPolicy(t, a, "data", "us-east-1", weak)
	out := planOf(t, a, DenyAllExcept, in)
	if diff := cmp.Diff(string(calls[0].Edit.Add[0]), string(out.Calls[0].Edit.Add[0])); diff != "" || out.Settled {
		t.Errorf("settled %v; what is put back differs:\n%s", out.Settled, diff)
	}
}

func TestDenyAllExceptWarnsOfBlock(t *testing.T) {
	_, a := open()
	target := makeBucket(t, a, "leaky", "us-east-1")
	putPolicy(t, a, "leaky", "us-east-1", publicRead)
	putFlags(t, a, "leaky", "us-east-1", [4]bool{true, true, true, true})
	out := planOf(t, a, DenyAllExcept, inputFor(a, target))
	warned := slices.ContainsFunc(out.Breaks, func(line string) bool { return strings.Contains(line, "BlockPublicPolicy") })
	if _, err := send(t, a.Config("us-east-1"), DenyAllExcept, out.Calls); call.Code(err) != "AccessDenied" || !warned {
		t.Errorf("code %q, warned %v", call.Code(err), warned)
	}
}
