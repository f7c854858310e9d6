package cloudtrail

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/action/actiontest"
	"github.com/quell-ir/quell/call"
	"github.com/quell-ir/quell/sandbox"
)

const incidentID = "q-0123456789"

// latency is by how much two calls of the simulated account may come closer together on their way.
const latency = 100 * time.Millisecond

// sink keeps artefacts in memory; it fails on the named one.
type sink struct {
	kept    map[string]string
	missing map[string][]string
	failOn  string
}

var errFull = errors.New("no space left")

func newSink() *sink { return &sink{kept: map[string]string{}, missing: map[string][]string{}} }

func (s *sink) Has(name string) bool { _, ok := s.kept[name]; return ok }

func (s *sink) Put(_ context.Context, name, _ string, content io.Reader, missing []string) error {
	text, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	if name == s.failOn {
		return errFull
	}
	s.kept[name], s.missing[name] = string(text), missing
	return nil
}

func (s *sink) manifest(t *testing.T) manifest {
	t.Helper()
	var m manifest
	if err := json.Unmarshal([]byte(s.kept["cloudtrail-123456789012/manifest.json"]), &m); err != nil {
		t.Fatalf("manifest: %v; kept %v", err, slices.Sorted(maps.Keys(s.kept)))
	}
	return m
}

// story makes a world in which alice's key makes n calls in IAM and a few in eu-west-1, and waits for the records.
func story(t *testing.T, o sandbox.Options, n int) (*sandbox.World, action.Input) {
	t.Helper()
	o.Seed = 1
	world := sandbox.New(o)
	alice := world.AddUser("alice", "AdministratorAccess")
	since := world.Clock().Now()
	client := iam.NewFromConfig(world.Config(alice, "us-east-1"))
	for range n {
		if _, err := client.ListUsers(t.Context(), &iam.ListUsersInput{}); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if _, err := secretsmanager.NewFromConfig(world.Config(alice, "eu-west-1")).ListSecrets(t.Context(), &secretsmanager.ListSecretsInput{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := world.Clock().Sleep(t.Context(), 20*time.Minute); err != nil {
		t.Fatal(err)
	}
	return world, action.Input{
		Target: quell.Entity{Kind: quell.KindAccount, ID: world.Account(), Account: world.Account()}, Clock: world.Clock(),
		Incident: quell.Incident{
			ID: incidentID, Account: world.Account(), Since: since, Opened: world.Clock().Now(),
			Entities: []quell.Entity{
				{Kind: quell.KindUser, ID: "AIDAALICE", Name: "alice", Part: quell.PartActor},
				{Kind: quell.KindAccessKey, ID: alice.AccessKeyID, Part: quell.PartActor},
			},
		},
	}
}

func TestExportEvidence(t *testing.T) {
	// More than two pages, in an account that lets two lookups a second through.
	world, in := story(t, sandbox.Options{Faults: sandbox.Faults{LookupPerSecond: 2}}, 120)
	key := in.Incident.Entities[1].ID
	s := newSink()
	if err := ExportEvidence.Collect(t.Context(), world.Admin("us-east-1"), in, s); err != nil {
		t.Fatal(err)
	}
	last := map[string]time.Time{}
	for _, act := range world.Truth() {
		if act.Op == "cloudtrail:LookupEvents" {
			if gap := act.Time.Sub(last[act.Region]); gap < spacing-latency {
				t.Errorf("%s was asked again after %s", act.Region, gap)
			}
			last[act.Region] = act.Time
		}
	}
	folder := "cloudtrail-" + world.Account() + "/"
	lines := func(name string) int { return strings.Count(s.kept[folder+name], "\n") }
	got := map[string]int{}
	for _, name := range []string{"us-east-1/accesskeyid-" + key, "us-east-1/username-alice", "eu-west-1/accesskeyid-" + key, "us-west-2/accesskeyid-" + key} {
		got[strings.Replace(name, key, "KEY", 1)] = lines(name + ".jsonl")
	}
	want := map[string]int{"us-east-1/accesskeyid-KEY": 120, "us-east-1/username-alice": 120, "eu-west-1/accesskeyid-KEY": 3, "us-west-2/accesskeyid-KEY": 0}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records differ:\n%s", diff)
	}
	ids := map[string]bool{}
	for line := range strings.Lines(s.kept[folder+"us-east-1/accesskeyid-"+key+".jsonl"]) {
		var record struct{ EventID, EventName string }
		if err := json.Unmarshal([]byte(line), &record); err != nil || record.EventName != "ListUsers" {
			t.Fatalf("line %q: %v", line, err)
		}
		ids[record.EventID] = true
	}
	if len(ids) != 120 {
		t.Errorf("%d different records of 120", len(ids))
	}
	m := s.manifest(t)
	if len(m.Missing) > 0 || len(m.Regions) != 4 || len(m.Artefacts) != 1+2*4 || m.From != spell(in.Incident.Since.Add(-24*time.Hour)) {
		t.Errorf("manifest %+v", m)
	}
	for _, a := range m.Artefacts {
		if sum := quell.ShortHash(64, "x"); len(a.SHA256) != len(sum) || !s.Has(a.Name) {
			t.Errorf("artefact %+v", a)
		}
	}
	var trails map[string]trail
	if err := json.Unmarshal([]byte(s.kept[folder+"trails.json"]), &trails); err != nil || len(trails) != 1 {
		t.Fatalf("trails %v %v", trails, err)
	}
	for arn, tr := range trails {
		if aws.ToString(tr.Trail.TrailARN) != arn || tr.Status == nil || tr.Selectors == nil {
			t.Errorf("trail %s: %+v", arn, tr)
		}
	}
}

func TestExportEvidenceContract(t *testing.T) {
	c := actiontest.Case{
		Name: "export", Action: ExportEvidence,
		Seed: func(t *testing.T, a actiontest.Account) quell.Entity {
			if _, err := iam.NewFromConfig(a.Config("us-east-1")).CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("mallory")}); err != nil {
				t.Fatal(err)
			}
			return quell.Entity{Kind: quell.KindAccount, ID: a.ID, Account: a.ID}
		},
		Incident: quell.Incident{Entities: []quell.Entity{{Kind: quell.KindUser, ID: "AIDA1", Name: "quell-responder"}}},
	}
	t.Run("sandbox", func(t *testing.T) {
		actiontest.Contract(t, func(*testing.T) actiontest.Account {
			world := sandbox.New(sandbox.Options{Seed: 1, Regions: []string{"us-east-1", "eu-west-1"}})
			return actiontest.Account{Config: world.Admin, Clock: world.Clock(), ID: world.Account(), Delay: 20 * time.Minute}
		}, c)
	})
	// The emulator has no event history: what could not be read must be said, and the rest kept.
	t.Run("wire", func(t *testing.T) { actiontest.Contract(t, actiontest.Wire, c) })
}

// A store that fails and then works again: nothing is read twice, and the manifest says what was kept earlier.
func TestExportEvidenceGoesOn(t *testing.T) {
	world, in := story(t, sandbox.Options{}, 5)
	s := newSink()
	s.failOn = "cloudtrail-123456789012/us-east-1/username-alice.jsonl"
	if err := ExportEvidence.Collect(t.Context(), world.Admin("us-east-1"), in, s); !errors.Is(err, errFull) {
		t.Fatalf("error %v", err)
	}
	kept := len(s.kept)
	if kept < 3 || s.Has("cloudtrail-123456789012/manifest.json") {
		t.Fatalf("kept %v", slices.Sorted(maps.Keys(s.kept)))
	}
	s.failOn = ""
	if err := ExportEvidence.Collect(t.Context(), world.Admin("us-east-1"), in, s); err != nil {
		t.Fatal(err)
	}
	earlier := 0
	for _, a := range s.manifest(t).Artefacts {
		if a.Earlier {
			earlier++
		}
	}
	if earlier != kept {
		t.Errorf("%d artefacts are said to be kept earlier, %d were", earlier, kept)
	}
	before := len(world.Truth())
	if err := ExportEvidence.Collect(t.Context(), world.Admin("us-east-1"), in, s); err != nil || len(world.Truth()) != before {
		t.Errorf("a finished export asked again: %v, %d calls", err, len(world.Truth())-before)
	}
}

func TestExportEvidenceNamesWhatIsMissing(t *testing.T) {
	world, in := story(t, sandbox.Options{}, 2)
	reader := world.AddUser("reader", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cloudtrail:*","Resource":"*"},
		{"Effect":"Deny","Action":"cloudtrail:*","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}}]}`)
	in.With = json.RawMessage(`{"regions":["us-east-1","eu-west-1"],"since":"2024-01-01T00:00:00Z"}`)
	s := newSink()
	if err := ExportEvidence.Collect(t.Context(), world.Config(reader, "us-east-1"), in, s); err != nil {
		t.Fatal(err)
	}
	m := s.manifest(t)
	for _, want := range []string{"before ", "eu-west-1 trails: AccessDenied", "eu-west-1 Username alice: AccessDenied", "eu-west-1 AccessKeyId "} {
		if !slices.ContainsFunc(m.Missing, func(line string) bool { return strings.HasPrefix(line, want) }) {
			t.Errorf("nothing about %q in %q", want, m.Missing)
		}
	}
	if diff := cmp.Diff(m.Missing, s.missing["cloudtrail-123456789012/manifest.json"]); diff != "" {
		t.Errorf("the manifest's record does not say what it lacks:\n%s", diff)
	}
	if len(s.missing["cloudtrail-123456789012/trails.json"]) != 1 {
		t.Errorf("the trails' record lacks %q", s.missing["cloudtrail-123456789012/trails.json"])
	}

	// Without the list of regions: the two that are always there.
	in.With = nil
	s = newSink()
	if err := ExportEvidence.Collect(t.Context(), world.Config(reader, "us-west-2"), in, s); err != nil {
		t.Fatal(err)
	}
	if m := s.manifest(t); cmp.Diff([]string{"us-east-1", "us-west-2"}, m.Regions) != "" || !strings.Contains(m.Missing[0], "the list of regions") {
		t.Errorf("regions %v, missing %q", m.Regions, m.Missing)
	}
}

// Bad credentials are no finding about the account: the step must fail and go on with good ones.
func TestExportEvidenceWithBadCredentials(t *testing.T) {
	world, in := story(t, sandbox.Options{}, 1)
	in.With = json.RawMessage(`{"regions":["us-east-1"]}`)
	bad := world.Config(aws.Credentials{AccessKeyID: "AKIANOBODYNOBODY0000", SecretAccessKey: "x"}, "us-east-1")
	s := newSink()
	if err := ExportEvidence.Collect(t.Context(), bad, in, s); err == nil || len(s.kept) > 0 {
		t.Errorf("error %v, kept %v", err, s.kept)
	}
}

// A region that is not enabled answers as to strange credentials, whichever region is asked first.
func TestExportEvidenceWithARegionThatIsOff(t *testing.T) {
	world, in := story(t, sandbox.Options{}, 1)
	in.With = json.RawMessage(`{"regions":["af-south-1","us-east-1"]}`)
	cfg := world.Admin("us-east-1")
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Off",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
				middleware.InitializeOutput, middleware.Metadata, error,
			) {
				if awsmiddleware.GetRegion(ctx) == "af-south-1" {
					return middleware.InitializeOutput{}, middleware.Metadata{}, &smithy.GenericAPIError{Code: "UnrecognizedClientException"}
				}
				return next.HandleInitialize(ctx, in)
			}), middleware.After)
	})
	s := newSink()
	if err := ExportEvidence.Collect(t.Context(), cfg, in, s); err != nil {
		t.Fatal(err)
	}
	if m := s.manifest(t); len(m.Missing) != 3 || !strings.HasPrefix(m.Missing[0], "af-south-1 trails: ") || len(m.Artefacts) != 3 {
		t.Errorf("missing %q, artefacts %v", m.Missing, m.Artefacts)
	}
}

// An account that is throttled without end is left for the next run, with what could be read kept.
func TestExportEvidenceThrottled(t *testing.T) {
	world, in := story(t, sandbox.Options{Faults: sandbox.Faults{}}, 1)
	in.With = json.RawMessage(`{"regions":["us-east-1"],"since":"tomorrow"}`)
	if err := ExportEvidence.Collect(t.Context(), world.Admin("us-east-1"), in, newSink()); quell.CodeOf(err) != quell.CodeUsage {
		t.Errorf("a beginning that is no time: %v", err)
	}
	in.With = json.RawMessage(`{"regions":["evil.example/x"]}`)
	if err := ExportEvidence.Collect(t.Context(), world.Admin("us-east-1"), in, newSink()); quell.CodeOf(err) != quell.CodeUsage {
		t.Errorf("a region that is none: %v", err)
	}
	throttled := sandbox.New(sandbox.Options{Seed: 1, Faults: sandbox.Faults{Throttle: 1}})
	in.With, in.Clock = json.RawMessage(`{"regions":["us-east-1"]}`), throttled.Clock()
	before, s := throttled.Clock().Now(), newSink()
	err := ExportEvidence.Collect(t.Context(), throttled.Admin("us-east-1"), in, s)
	if err == nil || s.Has("cloudtrail-123456789012/manifest.json") {
		t.Errorf("error %v, kept %v", err, s.kept)
	}
	if waited := throttled.Clock().Now().Sub(before); waited < time.Minute {
		t.Errorf("gave up after %s", waited)
	}
}

func TestChooseLookups(t *testing.T) {
	incident := quell.Incident{
		Subject: quell.Entity{Kind: quell.KindRole, ID: "AROA1", Name: "ops", ARN: "arn:aws:iam::123456789012:role/ops"},
		Entities: []quell.Entity{
			{Kind: quell.KindUser, ID: "arn:aws:iam::123456789012:user/team/alice", ARN: "arn:aws:iam::123456789012:user/team/alice"},
			{Kind: quell.KindSession, ID: "AROA1:i-0abc"}, {Kind: quell.KindFederated, ID: "123456789012:bob"},
			{Kind: quell.KindAccessKey, ID: "ASIA1"}, {Kind: quell.KindAccessKey, ID: "ASIA1", Part: quell.PartMade},
			{Kind: quell.KindRoot, ID: "123456789012"}, {Kind: quell.KindIP, ID: "198.51.100.7"},
		},
	}
	want := []lookup{
		{types.LookupAttributeKeyAccessKeyId, "ASIA1"},
		{types.LookupAttributeKeyResourceName, "arn:aws:iam::123456789012:role/ops"}, {types.LookupAttributeKeyResourceName, "ops"},
		{types.LookupAttributeKeyUsername, "alice"}, {types.LookupAttributeKeyUsername, "bob"},
		{types.LookupAttributeKeyUsername, "i-0abc"}, {types.LookupAttributeKeyUsername, "root"},
	}
	if diff := cmp.Diff(want, chooseLookups(quell.Entity{Kind: quell.KindAccount, ID: "123456789012"}, incident)); diff != "" {
		t.Errorf("lookups differ:\n%s", diff)
	}
}

func FuzzFileName(f *testing.F) {
	for _, seed := range []string{"alice", "..", "../../etc/passwd", "a b", "", "\x00\u202e", strings.Repeat("x", 3000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		got := fileName(name)
		if strings.ContainsAny(got, "/\\\x00") || strings.Trim(got, ".") == "" || len(got) > 120 {
			t.Errorf("fileName(%q) = %q", name, got)
		}
		if got != name && got == fileName(got+"x") {
			t.Errorf("two names become %q", got)
		}
	})
}

// Naming requests early must not open the guard that only declared operations pass.
func TestNamedKeepsTheGuard(t *testing.T) {
	world := sandbox.New(sandbox.Options{Seed: 1})
	cfg := call.Only(world.Admin("us-east-1"), "cloudtrail:DescribeTrails")
	client := cloudtrail.NewFromConfig(cfg)
	if _, err := client.DescribeTrails(t.Context(), &cloudtrail.DescribeTrailsInput{}); err != nil {
		t.Error(err)
	}
	if _, err := client.StopLogging(t.Context(), &cloudtrail.StopLoggingInput{Name: aws.String("x")}); err == nil || !strings.Contains(err.Error(), "cloudtrail:StopLogging is not among") {
		t.Errorf("an undeclared operation: %v", err)
	}
	for _, act := range world.Truth() {
		if act.Op == "cloudtrail:StopLogging" {
			t.Error("the undeclared operation reached the account")
		}
	}
}
