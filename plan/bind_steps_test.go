package plan

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
)

var testActions = []ActionInfo{
	{Name: "iam.quarantine-user", Target: quell.KindUser, Phase: quell.Contain},
	{Name: "iam.snapshot-principal", Target: quell.KindUser, Phase: quell.Preserve, Collects: true, Preserves: []string{"user"}},
	{Name: "iam.delete-rogue-user", Target: quell.KindUser, Phase: quell.Eradicate, Destroys: []string{"user"}, Irreversible: true},
	{Name: "any.look", Phase: quell.Analyse},
}

func made(name string) quell.Entity {
	return quell.Entity{Kind: quell.KindUser, ID: "AIDA" + strings.ToUpper(name), Name: name, Account: "111122223333", Part: quell.PartMade}
}

func incidentWith(entities ...quell.Entity) quell.Incident {
	alice := quell.Entity{Kind: quell.KindUser, ID: "AIDAALICE", Name: "alice", Account: "111122223333"}
	return quell.Incident{ID: "q-1", Account: "111122223333", Subject: alice, Entities: entities}
}

func bindOne(t testing.TB, incident quell.Incident, opts Options, steps ...quell.Step) []quell.PlanStep {
	t.Helper()
	opts.Actions = testActions
	out, err := Bind(quell.Playbook{ID: "p", Steps: steps}, incident, quell.Scope{}, opts)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func ids(steps []quell.PlanStep) []string {
	out := []string{}
	for _, s := range steps {
		out = append(out, s.ID)
	}
	return out
}

func TestBindWithoutForEachTakesTheSubject(t *testing.T) {
	s := bindOne(t, incidentWith(), Options{}, quell.Step{ID: "cut", Title: "Cut", Action: "iam.quarantine-user", Mode: quell.Auto,
		With: map[string]any{"b": 1, "a": "x"}})[0]
	want := quell.PlanStep{
		ID: "cut", Action: "iam.quarantine-user", Title: "Cut", Phase: quell.Contain, Mode: quell.Approve,
		Roles: []quell.Role{quell.IncidentManager}, Status: quell.StepPending,
		Target: quell.Entity{Kind: quell.KindUser, ID: "AIDAALICE", Name: "alice", Account: "111122223333"},
		Breaks: []string{}, Reads: []string{}, Calls: []quell.Call{}, CLI: []string{}, With: []byte(`{"a":"x","b":1}`),
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
}

func TestBindFollowsTheSubject(t *testing.T) {
	user := quell.Entity{Kind: quell.KindUser, ID: "AIDABOB", Name: "bob", ARN: "arn:aws:iam::111122223333:user/bob", Part: quell.PartActor}
	tests := []struct {
		name    string
		subject quell.Entity
		want    string // key of the target, or the start of why not
	}{
		{"the user itself", user, "user/AIDABOB"},
		{"the user by ARN", quell.Entity{Kind: quell.KindUser, ID: user.ARN}, "user/AIDABOB"},
		{"a key", quell.Entity{Kind: quell.KindAccessKey, ID: "AKIA1", Of: "AIDABOB"}, "user/AIDABOB"},
		{"a key of a user known by ARN", quell.Entity{Kind: quell.KindAccessKey, ID: "AKIA1", Of: user.ARN}, "user/AIDABOB"},
		{"a key of a user nobody mentions", quell.Entity{Kind: quell.KindAccessKey, ID: "AKIA1", Of: "AIDAEVE"}, "user/AIDAEVE"},
		{"a key of a user only its ARN tells", quell.Entity{Kind: quell.KindAccessKey, ID: "AKIA1", Of: "arn:aws:iam::111122223333:user/eve"}, "user/arn:aws:iam::111122223333:user/eve"},
		{"a federated user", quell.Entity{Kind: quell.KindFederated, ID: "1:x", Of: "AIDABOB"}, "user/AIDABOB"},
		{"a key of a federated user", quell.Entity{Kind: quell.KindAccessKey, ID: "ASIA1", Of: "111122223333:fed"}, "user/AIDABOB"},
		{"a role session", quell.Entity{Kind: quell.KindSession, ID: "AROA1:x", Of: "AROA1"}, "it works on a user"},
		{"a circle", quell.Entity{Kind: quell.KindAccessKey, ID: "ASIA1", Of: "loop"}, "it works on a user"},
		{"nobody", quell.Entity{}, "it works on a user"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			incident := incidentWith(user,
				quell.Entity{Kind: quell.KindFederated, ID: "111122223333:fed", Of: "AIDABOB", Part: quell.PartMade},
				quell.Entity{Kind: quell.KindSession, ID: "loop", Of: "loop", Part: quell.PartMade})
			incident.Subject = tt.subject
			s := bindOne(t, incident, Options{}, quell.Step{ID: "cut", Action: "iam.quarantine-user", Mode: quell.Auto})[0]
			if s.Status == quell.StepRefused {
				if !strings.HasPrefix(s.WhyNot, tt.want) {
					t.Errorf("refused: %s; want %s", s.WhyNot, tt.want)
				}
				return
			}
			if s.Target.Key() != tt.want {
				t.Errorf("target %s, want %s", s.Target.Key(), tt.want)
			}
		})
	}
}

func TestBindConditions(t *testing.T) {
	incident := incidentWith(made("eve"), made("mal"))
	incident.Severity, incident.Blind = quell.High, []string{"s3-data"}
	key := func(id, of string) quell.Entity {
		return quell.Entity{Kind: quell.KindAccessKey, ID: id, Of: of, Part: quell.PartMade}
	}
	incident.Entities = append(incident.Entities, key("AKIA1", "AIDAEVE"), key("AKIA2", "AIDABOB"), key("AKIA3", ""))
	tests := []struct {
		forEach string
		want    []string
	}{
		{`incident.pick("user", "made")`, []string{"s.eve", "s.mal"}},
		{`incident.pick("user", "")`, []string{"s.eve", "s.mal"}},
		{`incident.pick("user", "read")`, []string{}},
		{`incident.pick("user", "made") + incident.pick("user", "made")`, []string{"s.eve", "s.mal"}},
		{`incident.behind("user") + incident.pick("user", "made")`, []string{"s.alice", "s.eve", "s.mal"}},
		{`incident.pick("user", "made").except(incident.pick("user", "made").filter(u, u.name == "eve"))`, []string{"s.mal"}},
		{`incident.pick("access-key", "made").filter(k, k.belongs(incident.pick("user", "made")))`, []string{"s.AKIA1"}},
		{`incident.pick("access-key", "made").filter(k, !k.belongs(incident.pick("user", "")))`, []string{"s.AKIA2", "s.AKIA3"}},
		{`incident.severity == "high" ? incident.pick("user", "made") : incident.behind("user")`, []string{"s.eve", "s.mal"}},
		{`"s3-data" in incident.blind ? [incident.subject] : incident.entities`, []string{"s.alice"}},
		{`incident.behind("account")`, []string{"s.111122223333"}},
		{`scope.entities.filter(e, scope.still_active)`, []string{}},
	}
	for _, tt := range tests {
		t.Run(tt.forEach, func(t *testing.T) {
			steps := bindOne(t, incident, Options{}, quell.Step{ID: "s", Action: "any.look", Mode: quell.Auto, ForEach: tt.forEach})
			if diff := cmp.Diff(tt.want, ids(steps)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBindRefusesWithoutHoldingBack(t *testing.T) {
	incident := incidentWith(made("eve"))
	for i := range 300 {
		incident.Entities = append(incident.Entities, quell.Entity{Kind: quell.KindIP, ID: fmt.Sprintf("10.0.%d.%d", i/250, i%250), Part: quell.PartUsed})
	}
	tests := []struct {
		name, why string
		step      quell.Step
	}{
		{"fails", "condition cannot be evaluated", quell.Step{Action: "any.look", When: `incident.entities[9999].id == ""`}},
		{"too costly", "condition cannot be evaluated", quell.Step{Action: "any.look",
			When: `incident.entities.all(a, incident.entities.all(b, incident.entities.all(c, a.id != "x" || b.id != c.id)))`}},
		{"selection fails", "targets cannot be found", quell.Step{Action: "any.look", ForEach: `[incident.entities[9999]]`}},
		{"invented", "no entity of the incident", quell.Step{Action: "any.look", ForEach: `[plan.entityFacts{kind: "user", id: "AIDAADMIN"}]`}},
		{"wrong kind", "works on a user", quell.Step{Action: "iam.quarantine-user", ForEach: `incident.pick("ip", "used").filter(e, e.id == "10.0.0.1")`}},
		{"destroys", "no step before it preserves", quell.Step{Action: "iam.delete-rogue-user", ForEach: `incident.pick("user", "made")`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.step.ID, tt.step.Mode = "s", quell.Approve
			steps := bindOne(t, incident, Options{}, tt.step, quell.Step{ID: "cut", Action: "iam.quarantine-user", Mode: quell.Auto})
			if len(steps) != 2 || steps[0].Status != quell.StepRefused || !strings.Contains(steps[0].WhyNot, tt.why) {
				t.Fatalf("got %+v", steps)
			}
			if steps[1].Status != quell.StepPending {
				t.Errorf("the step beside it is %s", steps[1].Status)
			}
		})
	}
}

func TestBindPreservesBeforeItDestroys(t *testing.T) {
	del := quell.Step{ID: "del", Action: "iam.delete-rogue-user", Mode: quell.Approve, ForEach: `incident.pick("user", "made")`, Needs: []string{"keep"}}
	keep := quell.Step{ID: "keep", Action: "iam.snapshot-principal", Mode: quell.Auto, ForEach: `incident.pick("user", "made").filter(u, u.name == "eve")`}
	steps := bindOne(t, incidentWith(made("eve"), made("mal")), Options{}, keep, del)
	status := map[string]quell.StepStatus{}
	for _, s := range steps {
		status[s.ID] = s.Status
	}
	want := map[string]quell.StepStatus{"keep.eve": quell.StepPending, "del.eve": quell.StepPending, "del.mal": quell.StepRefused}
	if diff := cmp.Diff(want, status); diff != "" {
		t.Error(diff)
	}
}

func TestBindBoundsTargets(t *testing.T) {
	var entities []quell.Entity
	for i := range maxTargets + 3 {
		entities = append(entities, made(fmt.Sprintf("u%04d", i)))
	}
	steps := bindOne(t, incidentWith(entities...), Options{}, quell.Step{ID: "cut", Action: "iam.quarantine-user", Mode: quell.Auto, ForEach: `incident.pick("user", "made")`})
	last := steps[len(steps)-1]
	if len(steps) != maxTargets+1 || last.ID != "cut" || last.Status != quell.StepRefused || !strings.Contains(last.WhyNot, "503 targets") {
		t.Errorf("%d steps, the last %+v", len(steps), last)
	}
}

func TestBindManualText(t *testing.T) {
	steps := bindOne(t, incidentWith(), Options{}, quell.Step{ID: "call", Title: "Call", Mode: quell.Manual, Text: "Call.", With: map[string]any{"phase": "recover"}})
	if s := steps[0]; s.Status != quell.StepManual || s.Mode != quell.Manual || s.Phase != quell.Recover || s.With != nil || s.Text != "Call." {
		t.Errorf("got %+v", s)
	}
}

func TestBindExpandsNeedsAndReferences(t *testing.T) {
	keep := quell.Step{ID: "keep", Action: "iam.snapshot-principal", Mode: quell.Auto, ForEach: `incident.pick("user", "made")`}
	none := quell.Step{ID: "none", Action: "any.look", Mode: quell.Auto, When: "false"}
	cut := quell.Step{ID: "cut", Action: "iam.quarantine-user", Mode: quell.Auto, ForEach: `incident.pick("user", "made")`,
		Needs: []string{"keep", "none"}, With: map[string]any{"copy": "${steps.keep.copy}"}}
	look := quell.Step{ID: "look", Action: "any.look", Mode: quell.Auto, Needs: []string{"keep"}}
	steps := bindOne(t, incidentWith(made("eve"), made("mal")), Options{}, keep, none, cut, look)
	if l := steps[4]; !slices.Equal(l.Needs, []string{"keep.eve", "keep.mal"}) {
		t.Errorf("a step on another target needs %v", l.Needs)
	}
	s := steps[3]
	if s.ID != "cut.mal" || s.Status != quell.StepUnbound || !slices.Equal(s.Needs, []string{"keep.mal"}) ||
		string(s.With) != `{"copy":"${steps.keep.mal.copy}"}` {
		t.Errorf("got %+v with %s", s, s.With)
	}
}

func TestBindUnknownActionIsAnError(t *testing.T) {
	_, err := Bind(quell.Playbook{ID: "p", Steps: []quell.Step{{ID: "s", Action: "x.y"}}}, quell.Incident{}, quell.Scope{}, Options{})
	if err == nil || !strings.Contains(err.Error(), `unknown action "x.y"`) {
		t.Errorf("got %v", err)
	}
}

func TestBindKeepsIDs(t *testing.T) {
	step := quell.Step{ID: "cut", Action: "iam.quarantine-user", Mode: quell.Auto, ForEach: `incident.pick("user", "made")`}
	eve := made("eve")
	first := bindOne(t, incidentWith(eve), Options{}, step)
	// A namesake whose id sorts before must not take the id that people were shown.
	namesake := made("eve")
	namesake.ID = "AIDA0"
	second := bindOne(t, incidentWith(eve, namesake), Options{Bound: first}, step)
	if first[0].ID != "cut.eve" || len(second) != 2 {
		t.Fatalf("got %v then %v", ids(first), ids(second))
	}
	for _, s := range second {
		if (s.Target.ID == eve.ID) != (s.ID == "cut.eve") {
			t.Errorf("%s is now %s", s.ID, s.Target.ID)
		}
	}
}

// Whatever the names, ids are plain, different for different targets, and the same whatever the order of the entities.
func TestBindIDsProperty(t *testing.T) {
	plain := regexp.MustCompile(`^cut\.[A-Za-z0-9._-]+$`)
	step := quell.Step{ID: "cut", Action: "iam.quarantine-user", Mode: quell.Auto, ForEach: `incident.pick("user", "made")`}
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"eve", "Eve", "e/ve", "e-ve", "..", ""})), 1, 8).Draw(t, "names")
		var entities []quell.Entity
		for i, name := range names {
			e := made("x")
			e.Name, e.ID = name, fmt.Sprintf("AIDA%d", i)
			entities = append(entities, e)
		}
		opts := Options{Actions: testActions}
		bind := func(list []quell.Entity) []quell.PlanStep {
			steps, err := Bind(quell.Playbook{Steps: []quell.Step{step}}, incidentWith(list...), quell.Scope{}, opts)
			if err != nil {
				t.Fatal(err)
			}
			return steps
		}
		steps := bind(entities)
		seen := map[string]bool{}
		for _, s := range steps {
			if !plain.MatchString(s.ID) || seen[s.ID] || len(s.ID) > 60 {
				t.Fatalf("id %q for name %q", s.ID, s.Target.Name)
			}
			seen[s.ID] = true
		}
		shuffled := slices.Clone(entities)
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if diff := cmp.Diff(steps, bind(shuffled)); diff != "" {
			t.Fatal(diff)
		}
	})
}
