package plan

import (
	"strings"
	"testing"

	"github.com/quell-ir/quell"
)

func TestCheck(t *testing.T) {
	keep := quell.Step{ID: "keep", Action: "iam.snapshot-principal"}
	tests := []struct {
		name  string
		steps []quell.Step
		why   string // empty: accepted
	}{
		{"unknown action", []quell.Step{{ID: "s", Action: "x.y"}}, "unknown action"},
		{"text", []quell.Step{{ID: "s", Text: "Call."}}, ""},
		{"right kind", []quell.Step{{ID: "s", Action: "iam.quarantine-user", ForEach: `incident.pick("user", "made") + incident.behind("user")`}}, ""},
		{"right kind, filtered", []quell.Step{{ID: "s", Action: "iam.quarantine-user",
			ForEach: `incident.pick("user", "made").filter(u, incident.pick("role", "used").exists(r, r.id == u.of)).except(incident.pick("bucket", "read"))`}}, ""},
		{"wrong kind", []quell.Step{{ID: "s", Action: "iam.quarantine-user", ForEach: `incident.pick("role", "used")`}}, "yields role entities"},
		{"wrong kind in a branch", []quell.Step{{ID: "s", Action: "iam.quarantine-user",
			ForEach: `incident.exposed ? incident.pick("user", "made") : incident.pick("role", "used").filter(r, true)`}}, "yields role entities"},
		{"kind cannot be told", []quell.Step{{ID: "s", Action: "iam.quarantine-user", ForEach: `incident.entities`}}, "does not show which kinds"},
		{"kind changed by map", []quell.Step{{ID: "s", Action: "iam.quarantine-user", ForEach: `incident.pick("user", "made").map(u, incident.subject)`}}, "does not show which kinds"},
		{"any kind", []quell.Step{{ID: "s", Action: "any.look", ForEach: `incident.entities`}}, ""},
		{"does not compile", []quell.Step{{ID: "s", Action: "iam.quarantine-user", ForEach: `nothing`}}, "undeclared"},
		{"destroys unkept", []quell.Step{{ID: "s", Action: "iam.delete-rogue-user"}}, "no earlier step preserves"},
		{"destroys without need", []quell.Step{keep, {ID: "s", Action: "iam.delete-rogue-user"}}, "without needing"},
		{"destroys before", []quell.Step{{ID: "s", Action: "iam.delete-rogue-user"}, keep}, "no earlier step preserves"},
		{"a need of a need does not count", []quell.Step{keep, {ID: "m", Action: "any.look", Needs: []string{"keep"}},
			{ID: "s", Action: "iam.delete-rogue-user", Needs: []string{"m"}}}, "without needing"},
		{"destroys after", []quell.Step{keep, {ID: "s", Action: "iam.delete-rogue-user", Needs: []string{"keep"}}}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			problems := Check(quell.Playbook{ID: "p", Steps: tt.steps}, testActions)
			switch {
			case tt.why == "" && len(problems) > 0:
				t.Error(problems)
			case tt.why != "" && (len(problems) != 1 || !strings.Contains(problems[0].Why, tt.why) || problems[0].Path != "p"):
				t.Errorf("got %v, want %q", problems, tt.why)
			}
		})
	}
}

func TestChoose(t *testing.T) {
	book := func(id string, rank int, when string) quell.Playbook {
		return quell.Playbook{ID: id, Rank: rank, When: when}
	}
	tests := []struct {
		name  string
		books []quell.Playbook
		want  string
	}{
		{"none", nil, ""},
		{"none holds", []quell.Playbook{book("a", 0, "false"), book("b", 0, "")}, ""},
		{"lowest rank", []quell.Playbook{book("a", 2, "true"), book("b", 1, "true")}, "b"},
		{"then smallest id", []quell.Playbook{book("b", 1, "true"), book("a", 1, "true")}, "a"},
		{"first that holds", []quell.Playbook{book("a", 1, `incident.subject.kind == "bucket"`), book("b", 2, `incident.subject.kind == "user"`)}, "b"},
		{"a failing one does not answer", []quell.Playbook{book("a", 1, `incident.entities[5].id == ""`), book("b", 2, "true")}, "b"},
		{"scope counts", []quell.Playbook{book("a", 1, `scope.still_active && size(scope.used_by) == 1`)}, "a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := Choose(incidentWith(), quell.Scope{StillActive: true, UsedBy: []string{"ci"}}, tt.books, nil)
			if got.ID != tt.want || ok != (tt.want != "") {
				t.Errorf("chose %q, want %q", got.ID, tt.want)
			}
		})
	}
}
