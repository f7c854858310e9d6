package plan

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/quell-ir/quell"
)

const valid = `id: leak
title: A leak
version: "1"
when: incident.exposed
steps:
  - id: snapshot
    title: Keep
    action: iam.snapshot-principal
    mode: auto
    roles: [security-analyst]
  - id: cut
    title: Cut
    action: iam.quarantine-user
    mode: approve
    for_each: incident.pick("user", "made").filter(u, u.name != "")
    needs: [snapshot]
    with: {copy: "${steps.snapshot.copy}", n: 3}
  - id: call
    title: Call
    mode: manual
    text: Call the owner.
    with: {phase: analyse}
`

func TestParsePlaybookAccepts(t *testing.T) {
	pb, problems := ParsePlaybook("leak/playbook.yaml", []byte(valid))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if pb.ID != "leak" || len(pb.Steps) != 3 || pb.Steps[1].Mode != quell.Approve || pb.Steps[1].Needs[0] != "snapshot" {
		t.Errorf("read %+v", pb)
	}
}

func TestParsePlaybookRefuses(t *testing.T) {
	tests := []struct {
		name, old, new string
		line           int
		why            string
	}{
		{"unknown key", "mode: approve", "mode: approve\n    modus: x", 15, "unknown field"},
		{"unknown key at the top", "title: A leak", "title: A leak\ntrigger: x", 3, "unknown field"},
		{"key twice", "title: Cut", "title: Cut\n    title: Cuts", 13, "already defined"},
		{"bad id", "id: leak", "id: Leak_1", 1, "lower-case"},
		{"bad step id", "id: cut", "id: cut.it", 11, "lower-case"},
		{"same step id", "id: cut", "id: snapshot", 11, "earlier step has this id"},
		{"no version", "version: \"1\"\n", "", 1, "title and a version"},
		{"no when", "when: incident.exposed\n", "", 1, "needs `when`"},
		{"no title", "    title: Cut\n", "", 11, "needs a title"},
		{"mode", "mode: approve", "mode: sometimes", 14, "take auto, approve or manual"},
		{"role", "security-analyst", "analyst", 10, "unknown role"},
		{"need of a later step", "needs: [snapshot]", "needs: [snapshot, call]", 16, "no earlier step"},
		{"need of itself", "needs: [snapshot]", "needs: [snapshot, cut]", 16, "no earlier step"},
		{"action name", "iam.quarantine-user", "quarantine", 13, "service.verb-noun"},
		{"text without text", "    text: Call the owner.\n", "", 18, "needs an action, or a text"},
		{"nothing to run", "mode: manual", "mode: auto", 20, "nothing to run"},
		{"phase", "{phase: analyse}", "{phase: panic}", 22, "takes only `phase`"},
		{"field", "incident.exposed", "incident.exposd", 4, "undefined field"},
		{"variable", "incident.exposed", "account == 'x'", 4, "undeclared reference"},
		{"type of when", "when: incident.exposed", "when: incident.title", 4, "gives string where true or false is needed"},
		{"type of for_each", `incident.pick("user", "made").filter(u, u.name != "")`, `incident.blind`, 15, "a list of entities is needed"},
		{"kind", `pick("user"`, `pick("usr"`, 15, "needs the name of a kind"},
		{"part", `"made"`, `"maid"`, 15, "needs the name of a part"},
		{"kind that is not a literal", `pick("user"`, `pick(incident.title`, 15, "needs the name of a kind"},
		{"output without need", "needs: [snapshot]", "needs: []", 17, "without needing it"},
		{"alias", "mode: approve", "mode: &m approve", 14, "anchors and aliases"},
		{"two documents", "id: leak", "id: leak\n---\nid: leak", 0, "2 documents"},
		{"not YAML", "id: leak", "id: [leak", 0, "not YAML"},
		{"steps of the wrong type", "steps:\n", "steps: 1\nx:\n", 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(valid, tt.old, tt.new, 1)
			if text == valid {
				t.Fatal("the test changes nothing")
			}
			pb, problems := ParsePlaybook("p.yaml", []byte(text))
			if len(problems) == 0 {
				t.Fatalf("accepted %+v", pb)
			}
			if pb.ID != "" {
				t.Error("a playbook with problems was returned")
			}
			p := problems[0]
			if !strings.Contains(p.Why, tt.why) || tt.line != 0 && p.Line != tt.line || p.Path != "p.yaml" {
				t.Errorf("got %q at line %d, want %q at %d", p.Why, p.Line, tt.why, tt.line)
			}
		})
	}
}

func TestParsePlaybookReportsEveryProblem(t *testing.T) {
	text := strings.NewReplacer("id: leak", "id: LEAK", "mode: approve", "mode: x", "incident.exposed", "1").Replace(valid)
	if _, problems := ParsePlaybook("p.yaml", []byte(text)); len(problems) != 3 {
		t.Errorf("%d problems, want 3: %v", len(problems), problems)
	}
}

func TestReadPlaybooks(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	books, problems := ReadPlaybooks(fstest.MapFS{
		"leak/playbook.yaml":  file(valid),
		"other/playbook.yaml": file(valid),
		"bad/playbook.yaml":   file("id: ["),
		"leak/README.md":      file("no playbook"),
	})
	if len(books) != 1 || books[0].ID != "leak" {
		t.Errorf("read %+v", books)
	}
	if len(problems) != 2 || !strings.Contains(problems[1].Why, "named after") || !strings.HasPrefix(problems[0].Error(), "bad/playbook.yaml:1: not YAML") {
		t.Errorf("problems %v", problems)
	}
}

func FuzzParsePlaybook(f *testing.F) {
	f.Add([]byte(valid))
	f.Add([]byte("id: &a x\ntitle: *a\n"))
	f.Add([]byte("steps: [{id: a, for_each: 'incident.pick(\"user\",\"\")'}]"))
	f.Add([]byte("when: |\n  ((((((((((incident"))
	f.Add([]byte("{{}: [}\n---\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		pb, problems := ParsePlaybook("fuzz.yaml", data)
		if (len(problems) == 0) != (pb.ID != "") {
			t.Errorf("playbook %q with problems %v", pb.ID, problems)
		}
		if len(problems) > 0 {
			return
		}
		// What is accepted can be bound without an error, to anything.
		var infos []ActionInfo
		for _, s := range pb.Steps {
			infos = append(infos, ActionInfo{Name: s.Action})
		}
		if _, err := Bind(pb, quell.Incident{}, quell.Scope{}, Options{Actions: infos}); err != nil {
			t.Error(err)
		}
	})
}
