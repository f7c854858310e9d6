package s3

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/action/actiontest"
)

const publicRead = `{"Version":"2012-10-17","Statement":[{"Sid":"Public","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::leaky/*"}]}`

func putFlags(t *testing.T, a actiontest.Account, name, region string, flags [4]bool) {
	t.Helper()
	sure[*s3.PutPublicAccessBlockOutput](t)(s3.NewFromConfig(a.Config(region)).PutPublicAccessBlock(t.Context(), &s3.PutPublicAccessBlockInput{
		Bucket: &name, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{
			BlockPublicAcls: &flags[0], IgnorePublicAcls: &flags[1], BlockPublicPolicy: &flags[2], RestrictPublicBuckets: &flags[3],
		},
	}))
}

func TestBlockPublic(t *testing.T) {
	allOn := func(region string) func(*testing.T, actiontest.Account, quell.Entity) {
		return func(t *testing.T, a actiontest.Account, target quell.Entity) {
			out := sure[*s3.GetPublicAccessBlockOutput](t)(s3.NewFromConfig(a.Config(region)).GetPublicAccessBlock(t.Context(),
				&s3.GetPublicAccessBlockInput{Bucket: &target.ID}))
			c := out.PublicAccessBlockConfiguration
			for _, flag := range []*bool{c.BlockPublicAcls, c.IgnorePublicAcls, c.BlockPublicPolicy, c.RestrictPublicBuckets} {
				if !aws.ToBool(flag) {
					t.Errorf("a setting is off: %+v", c)
				}
			}
		}
	}
	for _, c := range []actiontest.Case{
		{
			Name: "no block at all, public by policy", Check: allOn("us-east-1"),
			Seed: func(t *testing.T, a actiontest.Account) quell.Entity {
				target := makeBucket(t, a, "leaky", "us-east-1")
				putPolicy(t, a, "leaky", "us-east-1", publicRead)
				return target
			},
		},
		{
			Name: "two of four on, in another region than the target says", Check: allOn("eu-west-1"),
			Seed: func(t *testing.T, a actiontest.Account) quell.Entity {
				target := makeBucket(t, a, "leaky", "eu-west-1")
				putFlags(t, a, "leaky", "eu-west-1", [4]bool{true, false, true, false})
				return target
			},
		},
		{
			Name: "a block with all four off is not the same as none", Check: allOn("us-east-1"),
			Seed: func(t *testing.T, a actiontest.Account) quell.Entity {
				target := makeBucket(t, a, "leaky", "us-east-1")
				putFlags(t, a, "leaky", "us-east-1", [4]bool{})
				return target
			},
		},
		{
			Name: "shut already", Check: allOn("us-east-1"),
			Seed: func(t *testing.T, a actiontest.Account) quell.Entity {
				target := makeBucket(t, a, "leaky", "us-east-1")
				putFlags(t, a, "leaky", "us-east-1", [4]bool{true, true, true, true})
				return target
			},
		},
	} {
		c.Action = BlockPublic
		actiontest.Contracts(t, c, "")
	}
}

func TestBlockPublicPlan(t *testing.T) {
	a := inSandbox(t)
	target := makeBucket(t, a, "leaky", "eu-west-1")
	putPolicy(t, a, "leaky", "eu-west-1", publicRead)
	out := planOf(t, a, BlockPublic, inputFor(a, target))
	if len(out.Calls) != 1 || out.Calls[0].Region != "eu-west-1" || out.Calls[0].Undo.Op != "s3:DeletePublicAccessBlock" {
		t.Fatalf("calls %+v", out.Calls)
	}
	var in struct{ ExpectedBucketOwner string }
	if err := json.Unmarshal(out.Calls[0].Input, &in); err != nil || in.ExpectedBucketOwner != a.ID {
		t.Errorf("the call names owner %q (%v), want %s", in.ExpectedBucketOwner, err, a.ID)
	}
	for _, want := range []string{"its policy is public", "CloudFront", "presigned"} {
		if !slices.ContainsFunc(out.Breaks, func(line string) bool { return strings.Contains(line, want) }) {
			t.Errorf("nothing about %q in %q", want, out.Breaks)
		}
	}
	if got := BlockPublic.Permissions(); !slices.Contains(got, "s3:PutBucketPublicAccessBlock") || slices.Contains(got, "s3:DeletePublicAccessBlock") {
		t.Errorf("permissions %v", got)
	}
}

func TestBlockPublicSaysWhoElseIsLetIn(t *testing.T) {
	a := inSandbox(t)
	in := inputFor(a, makeBucket(t, a, "leaky", "us-east-1"))
	grantee := func(uri, id string) *types.Grantee { return &types.Grantee{URI: &uri, ID: &id} }
	cfg := answering(a.Config("us-east-1"), "s3:GetBucketWebsite", &s3.GetBucketWebsiteOutput{})
	cfg = answering(cfg, "s3:GetBucketAcl", &s3.GetBucketAclOutput{
		Owner: &types.Owner{ID: aws.String("owner")},
		Grants: []types.Grant{
			{Grantee: grantee("", "owner"), Permission: types.PermissionFullControl},
			{Grantee: grantee("http://acs.amazonaws.com/groups/global/AllUsers", ""), Permission: types.PermissionRead},
			{Grantee: grantee("", "stranger"), Permission: types.PermissionWrite},
		},
	})
	state := sure[json.RawMessage](t)(BlockPublic.Look(t.Context(), cfg, in))
	out := sure[action.Outcome](t)(BlockPublic.Plan(in, state))
	for _, want := range []string{"the static website that leaky serves", "the ACL's grant to AllUsers: READ", "not stopped: the ACL's grant to stranger: WRITE"} {
		if !slices.Contains(out.Breaks, want) {
			t.Errorf("%q is not in %q", want, out.Breaks)
		}
	}
	if slices.ContainsFunc(out.Breaks, func(line string) bool { return strings.Contains(line, "owner") }) {
		t.Errorf("the owner's own grant is told: %q", out.Breaks)
	}
}

func TestBlockPublicKeepsOff(t *testing.T) {
	a := inSandbox(t)
	target := makeBucket(t, a, "leaky", "eu-west-1")
	tagBucket(t, a, "leaky", "eu-west-1", "q-other")
	if out := planOf(t, a, BlockPublic, inputFor(a, target)); !strings.Contains(out.Refused, "another responder holds") {
		t.Errorf("a bucket held by another incident: refused %q", out.Refused)
	}
	tagBucket(t, a, "leaky", "eu-west-1", incidentID)
	if out := planOf(t, a, BlockPublic, inputFor(a, target)); out.Refused != "" || len(out.Calls) != 1 {
		t.Errorf("a bucket of this incident: refused %q, %d calls", out.Refused, len(out.Calls))
	}
	gone := quell.Entity{Kind: quell.KindBucket, ID: "gone", Account: a.ID}
	if out := planOf(t, a, BlockPublic, inputFor(a, gone)); !out.Settled || out.Refused != "" {
		t.Errorf("a bucket that is gone: settled %v, refused %q", out.Settled, out.Refused)
	}
}

// What may not be read is unknown, and holds nothing back; the guard's own reading must succeed.
func TestBlockPublicWithFewPermissions(t *testing.T) {
	world, a := open()
	target := makeBucket(t, a, "leaky", "us-east-1")
	allow := func(actions string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[` + actions + `],"Resource":"*"}]}`
	}
	few := world.AddUser("few", allow(`"s3:GetBucketLocation","s3:GetBucketTagging","s3:GetBucketPublicAccessBlock"`))
	fewer := world.AddUser("fewer", allow(`"s3:GetBucketLocation","s3:GetBucketPublicAccessBlock"`))
	state := sure[json.RawMessage](t)(BlockPublic.Look(t.Context(), world.Config(few, "us-east-1"), inputFor(a, target)))
	if !strings.Contains(string(state), `"public_policy":"unknown: AccessDenied"`) {
		t.Errorf("state %s", state)
	}
	if _, err := BlockPublic.Look(t.Context(), world.Config(fewer, "us-east-1"), inputFor(a, target)); err == nil {
		t.Error("a look that cannot see who holds the bucket succeeded")
	}
}

func TestRegionOf(t *testing.T) {
	for constraint, want := range map[types.BucketLocationConstraint]string{
		"": "us-east-1", "EU": "eu-west-1", "eu-central-1": "eu-central-1",
	} {
		if got := regionOf(constraint); got != want {
			t.Errorf("regionOf(%q) = %q, want %q", constraint, got, want)
		}
	}
}

func TestNameOf(t *testing.T) {
	for _, tc := range []struct {
		entity quell.Entity
		want   string
	}{
		{quell.Entity{ID: "leaky"}, "leaky"},
		{quell.Entity{ID: "arn:aws:s3:::leaky"}, "leaky"},
		{quell.Entity{ARN: "arn:aws:s3:::leaky/key"}, "leaky"},
		{quell.Entity{Name: "leaky"}, "leaky"},
	} {
		if got := nameOf(tc.entity); got != tc.want {
			t.Errorf("nameOf(%+v) = %q, want %q", tc.entity, got, tc.want)
		}
	}
}
