package hunt

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
)

func ownRules(t *testing.T) []*detect.Rule {
	t.Helper()
	rules, problems := Load(true)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return rules
}

// TestCoverageHoldsForOwnRules keeps the tables in step with the rules: whoever renames one or speaks of a new technique
// hears of it here.
func TestCoverageHoldsForOwnRules(t *testing.T) {
	rules := ownRules(t)
	c := Cover(rules, nil)
	if c.Rules+c.Feeding != len(rules) {
		t.Errorf("%d report and %d feed, of %d rules", c.Rules, c.Feeding, len(rules))
	}
	if len(c.Stratus) != 44 {
		t.Errorf("%d techniques of Stratus Red Team, want 44", len(c.Stratus))
	}
	for i, s := range c.Stratus {
		if len(s.Rules) == 0 || s.Severity < quell.Medium {
			t.Errorf("%s: seen at %v by %v, want medium or higher", s.ID, s.Severity, s.Rules)
		}
		if len(s.Rules) != len(stratus()[i].rules) {
			t.Errorf("%s: of the rules %v only %v exist and report", s.ID, stratus()[i].rules, s.Rules)
		}
	}
	for _, column := range c.Tactics {
		for _, technique := range column.Techniques {
			if technique.Name == "" {
				t.Errorf("%s under %s has no name in name_techniques.go", technique.ID, column.Tactic)
			}
		}
	}
}

// TestStratusLogsAreSeenByTheRulesNamed judges each published log set by the rules that are said to see it.
func TestStratusLogsAreSeenByTheRulesNamed(t *testing.T) {
	folder := filepath.Join("..", "..", "shared", "data", "stratus")
	if _, err := os.Stat(folder); err != nil {
		t.Skip("the published logs of Stratus Red Team are not beside the project")
	}
	rules := ownRules(t)
	program, err := Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, r := range rules {
		names[r.ID] = r.Name
	}
	seen := 0
	for _, s := range stratus() {
		log, err := os.ReadFile(filepath.Join(folder, s.id+".json"))
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		seen++
		h := &Hunter{Program: program, Clock: quell.WallClock{}}
		if err := h.Records([]json.RawMessage{log}, s.id); err != nil {
			t.Fatal(err)
		}
		var spoke []string
		for _, f := range h.Result().Findings {
			if f.Severity >= quell.Medium {
				spoke = append(spoke, names[f.Rule])
			}
		}
		if !slices.ContainsFunc(s.rules, func(name string) bool { return slices.Contains(spoke, name) }) {
			t.Errorf("%s: seen by %v, none of %v", s.id, spoke, s.rules)
		}
	}
	if seen != 35 {
		t.Errorf("%d log sets read, want 35", seen)
	}
}

func TestCoverLaysOutStrangeRules(t *testing.T) {
	rules := []*detect.Rule{
		{ID: "a", Name: "a", Level: quell.High, Tags: []string{"attack.persistence", "attack.initial-access", "attack.t1136.003"}, Techniques: []string{"T1136.003"},
			Custom: map[string]any{"data_needed": "s3 data events", "playbook": "p"}},
		{ID: "b", Level: quell.Low, Techniques: []string{"T1136.003", "T9999"}, Custom: map[string]any{"data_needed": 3}},
		{ID: "c", Name: "c", Level: quell.Low, Tags: []string{"attack.command_and_control"}, Techniques: []string{"T8888"}, Custom: map[string]any{"playbook": "p"}},
		{ID: "fed", Level: quell.High, Techniques: []string{"T1136.003"}},
		{ID: "sum", Name: "sum", Level: quell.Critical, Correlation: &detect.Correlation{Rules: []string{"fed", "a"}, Generate: false}},
		{ID: "loud", Name: "loud", Level: quell.Medium, Correlation: &detect.Correlation{Rules: []string{"a"}, Generate: true}},
	}
	c := Cover(rules, []quell.Playbook{{ID: "p", Title: "Ours"}})
	if c.Rules != 5 || c.Feeding != 1 {
		t.Errorf("%d report, %d feed; want 5 and 1: what one correlation lets speak, reports", c.Rules, c.Feeding)
	}
	got := map[string][]string{}
	for _, column := range c.Tactics {
		for _, technique := range column.Techniques {
			for _, r := range technique.Rules {
				got[column.Tactic+" "+technique.ID] = append(got[column.Tactic+" "+technique.ID], r.Name)
			}
		}
	}
	want := map[string][]string{"persistence T1136.003": {"a", "b"}, "other T9999": {"b"}, "command-and-control T8888": {"c"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if at := slices.IndexFunc(c.Playbooks, func(p PlaybookCoverage) bool { return p.ID == "p" }); at < 0 || len(c.Playbooks) != 17 ||
		!c.Playbooks[at].Written || c.Playbooks[at].Name != "Ours" || c.Playbooks[at].Severity != quell.High || len(c.Playbooks[at].BlindWithout) != 0 {
		t.Errorf("playbooks %+v", c.Playbooks)
	}
	if slices.ContainsFunc(c.Playbooks, func(p PlaybookCoverage) bool { return p.ID != "p" && (p.Written || len(p.Rules) > 0 || p.Name == "") }) {
		t.Errorf("playbooks that are not written: %+v", c.Playbooks)
	}
	if len(c.Needs) != 2 || c.Needs[0].Data != "management events" || len(c.Needs[0].Rules) != 3 || len(c.Needs[1].Rules) != 2 {
		t.Errorf("needs %+v", c.Needs)
	}
	if empty := Cover(nil, nil); len(empty.Tactics) != 14 || empty.Rules != 0 || len(empty.Stratus) != 44 {
		t.Errorf("of no rules: %+v", empty)
	}
}
