package quell

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestMergeEntities(t *testing.T) {
	bare := Entity{Kind: KindUser, ID: "AIDA1", Part: PartActor}
	named := Entity{Kind: KindUser, ID: "AIDA1", Part: PartActor, Name: "alice", ARN: "arn:1", Account: "1", Region: "r", Of: "o"}
	target := Entity{Kind: KindUser, ID: "AIDA1", Part: PartTarget}
	key := Entity{Kind: KindAccessKey, ID: "AKIA1", Part: PartUsed}
	for _, test := range []struct {
		name       string
		a, b, want []Entity
	}{
		{"nothing", nil, nil, []Entity{}},
		{"sorted by kind, id, part", []Entity{target, bare}, []Entity{key}, []Entity{key, bare, target}},
		{"fields are filled from the other", []Entity{bare}, []Entity{named}, []Entity{named}},
		{"from either side", []Entity{named}, []Entity{bare}, []Entity{named}},
		{"the first mention wins", []Entity{{Kind: KindIP, ID: "1", Name: "a"}}, []Entity{{Kind: KindIP, ID: "1", Name: "b"}},
			[]Entity{{Kind: KindIP, ID: "1", Name: "a"}}},
		{"twice in one list", []Entity{bare, bare, named}, nil, []Entity{named}},
		{"same id of another kind", []Entity{{Kind: KindRole, ID: "x"}}, []Entity{{Kind: KindBucket, ID: "x"}},
			[]Entity{{Kind: KindBucket, ID: "x"}, {Kind: KindRole, ID: "x"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, b := slices.Clone(test.a), slices.Clone(test.b)
			if diff := cmp.Diff(test.want, MergeEntities(test.a, test.b)); diff != "" {
				t.Error(diff)
			}
			if !slices.Equal(a, test.a) || !slices.Equal(b, test.b) {
				t.Error("the lists given were changed")
			}
		})
	}
}

func entities() *rapid.Generator[[]Entity] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Entity {
		return Entity{
			Kind: rapid.SampledFrom([]EntityKind{KindUser, KindRole, KindIP}).Draw(t, "kind"),
			ID:   rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "id"),
			Name: rapid.SampledFrom([]string{"", "n"}).Draw(t, "name"),
			Part: rapid.SampledFrom([]Part{PartActor, PartMade, ""}).Draw(t, "part"),
		}
	}), 0, 12)
}

func TestMergeEntitiesIsAUnion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := entities().Draw(t, "a"), entities().Draw(t, "b")
		ab := MergeEntities(a, b)
		if diff := cmp.Diff(ab, MergeEntities(b, a)); diff != "" {
			t.Errorf("the order of the lists matters: %s", diff)
		}
		if diff := cmp.Diff(ab, MergeEntities(ab, ab)); diff != "" {
			t.Errorf("merged with itself it differs: %s", diff)
		}
		for _, e := range slices.Concat(a, b) {
			if !slices.ContainsFunc(ab, func(m Entity) bool {
				return m.Key() == e.Key() && m.Part == e.Part && (e.Name == "" || m.Name == e.Name)
			}) {
				t.Errorf("%+v is lost", e)
			}
		}
	})
}

func TestPick(t *testing.T) {
	in := Incident{Entities: []Entity{
		{Kind: KindUser, ID: "1", Part: PartActor}, {Kind: KindUser, ID: "2", Part: PartMade}, {Kind: KindRole, ID: "3", Part: PartMade},
	}}
	for _, test := range []struct {
		kind EntityKind
		part Part
		want int
	}{{KindUser, "", 2}, {KindUser, PartMade, 1}, {KindRole, PartActor, 0}, {KindBucket, "", 0}} {
		if got := in.Pick(test.kind, test.part); len(got) != test.want {
			t.Errorf("Pick(%s, %q) = %v", test.kind, test.part, got)
		}
	}
}

func TestSeverityText(t *testing.T) {
	for _, s := range []Severity{Low, Medium, High, Critical} {
		text, err := json.Marshal(map[string]Severity{"s": s})
		if err != nil {
			t.Fatal(err)
		}
		var back map[string]Severity
		if err := json.Unmarshal(text, &back); err != nil || back["s"] != s {
			t.Errorf("%s comes back as %v, %v", text, back["s"], err)
		}
	}
	for _, test := range []struct {
		in   string
		want Severity
	}{{"HIGH", High}, {"Critical", Critical}, {"informational", Low}, {"Informational", Low}} {
		var s Severity
		if err := s.UnmarshalText([]byte(test.in)); err != nil || s != test.want {
			t.Errorf("%s = %v, %v", test.in, s, err)
		}
	}
	s := High
	if err := s.UnmarshalText([]byte("urgent\x1b")); err == nil || s != High {
		t.Errorf("an unknown severity gave %v, %v", s, err)
	} else if Clean(err.Error()) != err.Error() {
		t.Errorf("the error holds control characters: %q", err)
	}
	if got := Severity(9).String(); got != "severity(9)" {
		t.Error(got)
	}
}
