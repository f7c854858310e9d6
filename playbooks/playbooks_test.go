package playbooks_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/approve"
	"github.com/quell-ir/quell/plan"
	"github.com/quell-ir/quell/playbooks"
)

// actions is what the playbooks rely on: the kinds the actions work on, and which evidence they destroy and preserve.
func actions() []plan.ActionInfo {
	return []plan.ActionInfo{
		{Name: "iam.quarantine-user", Target: quell.KindUser, Phase: quell.Contain},
		{Name: "iam.deactivate-access-key", Target: quell.KindAccessKey, Phase: quell.Contain},
		{Name: "iam.revoke-role-sessions", Target: quell.KindRole, Phase: quell.Contain},
		{Name: "iam.quarantine-role", Target: quell.KindRole, Phase: quell.Contain},
		{Name: "cloudtrail.export-evidence", Target: quell.KindAccount, Phase: quell.Preserve, Collects: true, Preserves: []string{"trail"}},
		{Name: "iam.snapshot-principal", Target: quell.KindUser, Phase: quell.Preserve, Collects: true, Preserves: []string{"user", "login-profile"}},
		{Name: "iam.disable-console", Target: quell.KindUser, Phase: quell.Eradicate, Destroys: []string{"login-profile"}},
		{Name: "iam.disable-service-creds", Target: quell.KindUser, Phase: quell.Eradicate},
		{Name: "iam.sweep-persistence", Target: quell.KindAccount, Phase: quell.Eradicate},
		{Name: "iam.delete-rogue-user", Target: quell.KindUser, Phase: quell.Eradicate, Destroys: []string{"user", "login-profile"}, Irreversible: true},
		{Name: "secrets.rotate", Target: quell.KindSecret, Phase: quell.Eradicate},
		{Name: "s3.block-public", Target: quell.KindBucket, Phase: quell.Contain},
		{Name: "s3.deny-all-except", Target: quell.KindBucket, Phase: quell.Contain},
	}
}

// testCase is a file in a playbook's cases folder.
type testCase struct {
	Title    string         `json:"title"`
	Incident quell.Incident `json:"incident"`
	Scope    quell.Scope    `json:"scope"`
	Steps    []caseStep     `json:"steps"`
}

// caseStep is a step as it must be bound; Modes are those at approval-required, contain-when-confirmed and automatic.
type caseStep struct {
	ID     string       `json:"id"`
	Action string       `json:"action,omitempty"`
	Target string       `json:"target"`
	Modes  []quell.Mode `json:"modes"`
	Needs  []string     `json:"needs,omitempty"`
}

func TestEveryPlaybookIsAccepted(t *testing.T) {
	books, problems := plan.ReadPlaybooks(playbooks.Files)
	for _, p := range problems {
		t.Error(p)
	}
	if len(books) == 0 {
		t.Fatal("no playbook found")
	}
	for _, pb := range books {
		for _, p := range plan.Check(pb, actions()) {
			t.Error(p)
		}
		for _, step := range pb.Steps {
			if len(step.Roles) == 0 {
				t.Errorf("%s: step %s does not say who may answer", pb.ID, step.ID)
			}
		}
	}
}

func TestEveryPlaybookHasAShortReadme(t *testing.T) {
	books, _ := plan.ReadPlaybooks(playbooks.Files)
	for _, pb := range books {
		readme, err := fs.ReadFile(playbooks.Files, pb.ID+"/README.md")
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(readme, []byte("\n")); n > 120 {
			t.Errorf("%s/README.md has %d lines; nobody reads more than 120 at night", pb.ID, n)
		}
		for _, step := range pb.Steps {
			if !strings.Contains(string(readme), step.ID) {
				t.Errorf("%s/README.md says nothing of step %s", pb.ID, step.ID)
			}
		}
	}
}

func TestEveryCase(t *testing.T) {
	books, _ := plan.ReadPlaybooks(playbooks.Files)
	for _, pb := range books {
		names, err := fs.Glob(playbooks.Files, pb.ID+"/cases/*.yaml")
		if err != nil || len(names) == 0 {
			t.Fatalf("%s has no cases: %v", pb.ID, err)
		}
		for _, name := range names {
			t.Run(strings.TrimSuffix(path.Base(name), ".yaml"), func(t *testing.T) {
				c := readCase(t, name)
				if chosen, ok := plan.Choose(c.Incident, c.Scope, books, nil); !ok || chosen.ID != pb.ID {
					t.Fatalf("%s was chosen, not %s", chosen.ID, pb.ID)
				}
				if diff := cmp.Diff(c.Steps, bindCase(t, pb, c)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", c.Title, diff)
				}
			})
		}
	}
}

func bindCase(t *testing.T, pb quell.Playbook, c testCase) []caseStep {
	t.Helper()
	var out []caseStep
	for i, level := range approve.Levels() {
		steps, err := plan.Bind(pb, c.Incident, c.Scope, plan.Options{
			Actions: actions(),
			Mode: func(s quell.Step, a plan.ActionInfo) quell.Mode {
				return approve.Mode(level, s, a.Phase, a.Collects, a.Irreversible, c.Incident)
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		for j, s := range steps {
			if s.Status == quell.StepRefused {
				t.Errorf("step %s is refused: %s", s.ID, s.WhyNot)
			}
			if quell.Clean(s.Title) != s.Title {
				t.Errorf("step %s has control characters in its title %q", s.ID, s.Title)
			}
			if i == 0 {
				out = append(out, caseStep{ID: s.ID, Action: s.Action, Target: s.Target.Key(), Needs: s.Needs})
			}
			out[j].Modes = append(out[j].Modes, s.Mode)
		}
	}
	return out
}

func readCase(t *testing.T, name string) testCase {
	t.Helper()
	data, err := fs.ReadFile(playbooks.Files, name)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := yaml.YAMLToJSON(data)
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(encoded))
	dec.DisallowUnknownFields()
	var c testCase
	if err := dec.Decode(&c); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return c
}
