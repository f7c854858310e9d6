package iam

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
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
	"github.com/quell-ir/quell/sandbox"
)

func TestSnapshotPrincipal(t *testing.T) {
	contractInSandbox(t, noServiceCredentials, actiontest.Case{
		Name: "user with one of everything", Action: SnapshotPrincipal, Seed: seedRogue, Secrets: []string{seededPassword},
	})
	contract(t, actiontest.Case{
		Name: "plain user", Action: SnapshotPrincipal, Secrets: []string{seededPassword},
		Seed: func(t *testing.T, a actiontest.Account) quell.Entity {
			target := makeUser(t, a, "alice")
			makeKey(t, a, "alice")
			makeLogin(t, a, "alice")
			return target
		},
	})
	contract(t, actiontest.Case{
		Name: "role", Action: SnapshotPrincipal,
		Seed: func(t *testing.T, a actiontest.Account) quell.Entity {
			return makeRole(t, a, &iam.CreateRoleInput{RoleName: aws.String("app")})
		},
	})
}

// shelf is a sink in memory that fails after a number of artefacts.
type shelf struct {
	content map[string][]byte
	missing map[string][]string
	order   []string
	failAt  int
}

var errShelf = errors.New("the shelf broke")

func (s *shelf) Has(name string) bool { return s.content[name] != nil }

func (s *shelf) Put(_ context.Context, name, _ string, content io.Reader, missing []string) error {
	if s.failAt > 0 && len(s.order) >= s.failAt {
		return errShelf
	}
	data, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	if s.content == nil {
		s.content, s.missing = map[string][]byte{}, map[string][]string{}
	}
	s.content[name], s.missing[name] = data, missing
	s.order = append(s.order, name)
	return nil
}

func collect(t *testing.T, cfg aws.Config, a actiontest.Account, target quell.Entity, s *shelf) error {
	t.Helper()
	return SnapshotPrincipal.Collect(t.Context(), cfg, action.Input{Target: target, Clock: a.Clock}, s)
}

func readManifest(t *testing.T, s *shelf, name string) manifest {
	t.Helper()
	var m manifest
	if err := json.Unmarshal(s.content[name], &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSnapshotHoldsEverything(t *testing.T) {
	a := inSandbox(t)
	target := seedRogue(t, a)
	policy := sure[*iam.CreatePolicyOutput](t)(client(a).CreatePolicy(t.Context(), &iam.CreatePolicyInput{
		PolicyName: aws.String("helper"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Sid":"Innocent","Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}`),
	})).Policy
	sure[*iam.CreatePolicyVersionOutput](t)(client(a).CreatePolicyVersion(t.Context(), &iam.CreatePolicyVersionInput{
		PolicyArn: policy.Arn, PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Sid":"Hidden","Effect":"Allow","Action":"*","Resource":"*"}]}`),
	}))
	sure[*iam.AttachUserPolicyOutput](t)(client(a).AttachUserPolicy(t.Context(), &iam.AttachUserPolicyInput{UserName: &target.Name, PolicyArn: policy.Arn}))
	sure[*iam.PutGroupPolicyOutput](t)(client(a).PutGroupPolicy(t.Context(), &iam.PutGroupPolicyInput{
		GroupName: aws.String("admins"), PolicyName: aws.String("rights"), PolicyDocument: aws.String(denyDocument),
	}))

	s := &shelf{}
	if err := collect(t, a.Config("us-east-1"), a, target, s); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"user.json":                {target.ID, "PermissionsBoundary"},
		"inline-policies.json":     {"backdoor", `"Effect": "Allow"`, "QuellDenyAll"},
		"policies.json":            {"AWSDenyAll", "AdministratorAccess", "Innocent", "Hidden"},
		"groups.json":              {"admins", "rights", "QuellDenyAll"},
		"access-keys.json":         {"AKIA", `"Status": "Active"`},
		"login-profile.json":       {"CreateDate"},
		"mfa-devices.json":         {"mfa/burner"},
		"ssh-keys.json":            {"alice@laptop"},
		"certificates.json":        {"BEGIN CERTIFICATE"},
		"service-credentials.json": {"codecommit.amazonaws.com"},
	} {
		for _, text := range want {
			if !strings.Contains(string(s.content["user-alice/"+name]), text) {
				t.Errorf("%s lacks %s:\n%s", name, text, s.content["user-alice/"+name])
			}
		}
	}
	if last := s.order[len(s.order)-1]; last != "user-alice/manifest.json" {
		t.Errorf("the manifest comes last, not %s", last)
	}
	m := readManifest(t, s, "user-alice/manifest.json")
	if len(m.Parts) != len(s.order)-1 || len(m.Missing) != 0 {
		t.Errorf("the manifest lists %d of %d parts, missing %v", len(m.Parts), len(s.order)-1, m.Missing)
	}
	for _, p := range m.Parts {
		if sum := sha256.Sum256(s.content[p.Name]); p.SHA256 != hex.EncodeToString(sum[:]) || p.Size != len(s.content[p.Name]) {
			t.Errorf("%s: the manifest's digest or size is not its content's", p.Name)
		}
	}
	again := &shelf{}
	if err := collect(t, a.Config("us-east-1"), a, target, again); err != nil {
		t.Fatal(err)
	}
	for name := range s.content {
		if !strings.HasSuffix(name, "manifest.json") && !strings.HasSuffix(name, "access-keys.json") && !bytes.Equal(s.content[name], again.content[name]) {
			t.Errorf("%s differs between two collections of the same facts:\n%s", name, cmp.Diff(string(s.content[name]), string(again.content[name])))
		}
	}
}

func TestSnapshotGoesOn(t *testing.T) {
	a := inSandbox(t)
	target := seedRogue(t, a)
	whole := &shelf{}
	if err := collect(t, a.Config("us-east-1"), a, target, whole); err != nil {
		t.Fatal(err)
	}
	for failAt := 1; failAt < len(whole.order); failAt++ {
		s := &shelf{failAt: failAt}
		if err := collect(t, a.Config("us-east-1"), a, target, s); !errors.Is(err, errShelf) {
			t.Fatalf("broken after %d: %v", failAt, err)
		}
		s.failAt = 0
		if err := collect(t, a.Config("us-east-1"), a, target, s); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(whole.order, s.order); diff != "" {
			t.Errorf("broken after %d, the artefacts differ:\n%s", failAt, diff)
		}
		earlier := 0
		for _, p := range readManifest(t, s, "user-alice/manifest.json").Parts {
			if p.Earlier {
				earlier++
			} else if p.SHA256 == "" {
				t.Errorf("%s has neither a digest nor was it kept earlier", p.Name)
			}
		}
		if earlier != failAt {
			t.Errorf("broken after %d artefacts, the manifest says %d were kept earlier", failAt, earlier)
		}
	}
}

// A reader without every permission gets what it may read, and the manifest names the rest.
func TestSnapshotNamesWhatIsMissing(t *testing.T) {
	world := sandbox.New(sandbox.Options{Seed: 1})
	a := actiontest.Account{Config: world.Admin, Clock: world.Clock(), ID: world.Account()}
	target := seedRogue(t, a)
	reader := world.AddUser("reader", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["iam:Get*","iam:List*"],"Resource":"*"},
		{"Effect":"Deny","Action":["iam:GetLoginProfile","iam:ListGroupPolicies","iam:GetUserPolicy"],"Resource":"*"}]}`)
	s := &shelf{}
	if err := collect(t, world.Config(reader, "us-east-1"), a, target, s); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"inline policies of group admins: AccessDenied", "login-profile.json: AccessDenied",
		"policy backdoor: AccessDenied", "policy quell-q-0123456789: AccessDenied",
	}
	got := readManifest(t, s, "user-alice/manifest.json").Missing
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s.Has("user-alice/login-profile.json") {
		t.Error("a part that could not be read must not look like one that was")
	}
	if diff := cmp.Diff([]string{"inline policies of group admins: AccessDenied"}, s.missing["user-alice/groups.json"]); diff != "" {
		t.Errorf("the part itself must say what it lacks:\n%s", diff)
	}
	if !strings.Contains(string(s.content["user-alice/inline-policies.json"]), "backdoor") {
		t.Error("the names of policies that may not be read are lost")
	}
	for name, gaps := range maps.All(s.missing) {
		if name == "user-alice/user.json" && len(gaps) > 0 {
			t.Errorf("%s was whole: %v", name, gaps)
		}
	}
}

func TestSnapshotOfNobody(t *testing.T) {
	a := inSandbox(t)
	err := collect(t, a.Config("us-east-1"), a, quell.Entity{Kind: quell.KindUser, ID: "AIDA", Name: "gone"}, &shelf{})
	var told *quell.Error
	if !errors.As(err, &told) || told.Next == "" {
		t.Errorf("a user that is gone must be an error that says what to do: %v", err)
	}
	// A collection that cannot go on for now is no gap: it must fail, to be tried again.
	ctx, cancel := context.WithTimeout(t.Context(), -time.Second)
	defer cancel()
	target := makeUser(t, a, "alice")
	s := &shelf{}
	if err := SnapshotPrincipal.Collect(ctx, a.Config("us-east-1"), action.Input{Target: target, Clock: a.Clock}, s); err == nil || len(s.order) > 0 {
		t.Errorf("a cancelled collection: %v, kept %v", err, s.order)
	}
}

func TestFileName(t *testing.T) {
	for in, want := range map[string]string{
		"alice": "alice", "a+b=c,d.e@f-g_h": "a+b=c,d.e@f-g_h", "../../etc": ".._.._etc", "..": "_..", "": "_", "a/b\x00": "a_b_", "é": "_",
	} {
		if got := fileName(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
