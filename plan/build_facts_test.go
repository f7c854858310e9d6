package plan

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
)

const malARN = "arn:aws:iam::111122223333:user/mal"

// One record tells a user's id, the others only its ARN; conditions must see one user.
func TestFactsJoinMentions(t *testing.T) {
	incident := incidentWith(
		quell.Entity{Kind: quell.KindUser, ID: "AIDAMAL", ARN: malARN, Part: quell.PartMade},
		quell.Entity{Kind: quell.KindUser, ID: malARN, Name: "mal", Part: quell.PartTarget},
		quell.Entity{Kind: quell.KindAccessKey, ID: "AKIA1", Of: malARN, Part: quell.PartMade},
	)
	scope := quell.Scope{Entities: []quell.Entity{{Kind: quell.KindUser, ARN: malARN, Part: quell.PartMade, Name: "mal"}}}
	f := buildFacts(incident, scope)
	made := f.incident.pick("user", "made")
	if len(made) != 1 || made[0].ID != "AIDAMAL" || made[0].Name != "mal" {
		t.Errorf("made %+v", made)
	}
	if all := f.incident.pick("user", ""); len(all) != 1 {
		t.Errorf("in all %+v", all)
	}
	if keys := f.incident.pick("access-key", "made"); len(keys) != 1 || !keys[0].belongs(made) {
		t.Errorf("the key %+v belongs to nobody", keys)
	}
	if len(f.scope.Entities) != 1 || f.scope.Entities[0].ID != "AIDAMAL" {
		t.Errorf("scope has %+v", f.scope.Entities)
	}
}

func TestFactsCompleteTheSubject(t *testing.T) {
	incident := incidentWith(quell.Entity{Kind: quell.KindUser, ID: "AIDAALICE", ARN: "arn:aws:iam::111122223333:user/alice", Part: quell.PartActor})
	if got := buildFacts(incident, quell.Scope{}).incident.Subject.ARN; got != "arn:aws:iam::111122223333:user/alice" {
		t.Errorf("the subject's ARN is %q", got)
	}
	if got := buildFacts(quell.Incident{}, quell.Scope{Account: "111122223333"}).incident.behind("account"); len(got) != 1 || got[0].ID != "111122223333" {
		t.Errorf("the account is %+v", got)
	}
	if got := buildFacts(quell.Incident{}, quell.Scope{}).incident.behind("account"); len(got) != 0 {
		t.Errorf("an account out of nothing: %+v", got)
	}
}

func TestFactsOfAReusedName(t *testing.T) {
	entities := []quell.Entity{
		{Kind: quell.KindUser, ID: "AIDA2", ARN: malARN, Part: quell.PartMade},
		{Kind: quell.KindUser, ID: "AIDA1", ARN: malARN, Part: quell.PartMade},
		{Kind: quell.KindUser, ID: malARN, Part: quell.PartMade},
	}
	for range 2 {
		slices.Reverse(entities)
		var got []string
		for _, e := range buildFacts(incidentWith(entities...), quell.Scope{}).incident.pick("user", "made") {
			got = append(got, e.ID)
		}
		if !slices.Equal(got, []string{"AIDA1", "AIDA2"}) {
			t.Errorf("two users of one name are %v", got)
		}
	}
}

func TestExcept(t *testing.T) {
	e := func(kind, id string) entityFacts { return entityFacts{Kind: kind, ID: id} }
	got := except([]entityFacts{e("user", "1"), e("role", "1"), e("user", "2")}, []entityFacts{e("user", "1"), e("user", "3")})
	if !slices.Equal(got, []entityFacts{e("role", "1"), e("user", "2")}) {
		t.Errorf("left %+v", got)
	}
	if e("key", "1").belongs([]entityFacts{{}}) {
		t.Error("what is of nobody belongs to an entity without an id")
	}
}

func TestShortName(t *testing.T) {
	tests := []struct{ name, want string }{
		{"alice", "alice"},
		{"i-0abc", "i-0abc"},
		{"alice@example.com", "alice-example.com"},
		{"arn:aws:iam::111122223333:user/team/mal", "mal"},
		{"arn:aws:secretsmanager:eu-west-1:1:secret:db", "db"},
		{"..", "target"},
		{"", "target"},
		{"\x1b[31m", "31m"},
		{"ümlaut", "mlaut"},
		{strings.Repeat("x", 99), strings.Repeat("x", maxTargetName)},
	}
	for _, tt := range tests {
		if got := shortName(tt.name); got != tt.want {
			t.Errorf("%q becomes %q, want %q", tt.name, got, tt.want)
		}
	}
}

// An intruder decides how many entities an incident holds. Looking at each must not look at all of them again: the cost
// limit, which counts CEL's own work, would not notice.
func TestBindManyEntities(t *testing.T) {
	var entities []quell.Entity
	for i := range 3000 {
		id := "u" + strings.Repeat("x", i%7) + string(rune('a'+i%26))
		entities = append(entities, quell.Entity{Kind: quell.KindAccessKey, ID: quell.ShortHash(20, id, string(rune(i))), Of: "AIDANOBODY", Part: quell.PartMade})
	}
	entities = append(entities, made("eve"))
	steps := bindOne(t, incidentWith(entities...), Options{}, quell.Step{ID: "s", Action: "any.look", Mode: quell.Auto,
		ForEach: `incident.pick("access-key", "made").filter(k, k.belongs(incident.pick("user", "made"))) + incident.pick("user", "made")`})
	if len(steps) != 1 || steps[0].ID != "s.eve" || steps[0].Status != quell.StepPending {
		t.Errorf("bound %v", ids(steps))
	}
}

// Binding again with more entities keeps every step there was.
func TestBindOnlyGrows(t *testing.T) {
	step := quell.Step{ID: "cut", Action: "iam.quarantine-user", Mode: quell.Auto, ForEach: `incident.pick("user", "made")`}
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.SampledFrom([]string{"eve", "mal", "e/e", "zed"}), 1, 6).Draw(t, "names")
		var entities []quell.Entity
		for _, i := range rapid.Permutation([]int{0, 1, 2, 3, 4, 5}).Draw(t, "ids")[:len(names)] {
			e := made(names[len(entities)])
			e.ID = "AIDA" + string(rune('0'+i))
			entities = append(entities, e)
		}
		bound := map[string]string{}
		var before []quell.PlanStep
		for n := range entities {
			steps, err := Bind(quell.Playbook{Steps: []quell.Step{step}}, incidentWith(entities[:n+1]...), quell.Scope{},
				Options{Actions: testActions, Bound: before})
			if err != nil || len(steps) != n+1 {
				t.Fatalf("%d steps of %d: %v", len(steps), n+1, err)
			}
			for _, s := range steps {
				if id, ok := bound[s.Target.ID]; ok && id != s.ID {
					t.Fatalf("%s was %s and is %s", s.Target.ID, id, s.ID)
				}
				bound[s.Target.ID] = s.ID
			}
			before = steps
		}
	})
}
