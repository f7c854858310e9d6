package hunt

import (
	"fmt"
	"strings"
	"testing"

	"github.com/quell-ir/quell"
)

func TestLayMatrix(t *testing.T) {
	findings := []quell.Finding{
		{Techniques: []string{"T1078.004", "T1078", "T1078.004"}, Severity: quell.Medium},
		{Techniques: []string{"t1078.001", "T1530"}, Severity: quell.Critical},
		{Techniques: []string{"T9999.001", "nonsense", ""}, Severity: quell.Low},
		{Techniques: nil, Severity: quell.High},
	}
	got := map[string]string{}
	for i, column := range LayMatrix(findings) {
		var cells []string
		for _, c := range column.Techniques {
			text := fmt.Sprintf("%s %s %d %s", c.ID, c.Name, c.Count, c.Severity)
			for _, s := range c.Subs {
				text += fmt.Sprintf(" (%s %s %d %s)", s.ID, s.Name, s.Count, s.Severity)
			}
			cells = append(cells, text)
		}
		got[column.Title] = strings.Join(cells, "; ")
		if i < 14 && column.Tactic != Tactics()[i] {
			t.Errorf("column %d is %+v", i, column.Tactic)
		}
	}
	valid := "T1078 Valid Accounts 2 critical (T1078.001 Default Accounts 1 critical) (T1078.004 Cloud Accounts 1 medium)"
	for title, want := range map[string]string{
		"Initial Access": valid, "Persistence": valid, "Privilege Escalation": valid, "Defense Evasion": valid,
		"Collection": "T1530 Data from Cloud Storage 1 critical", "Impact": "", "Reconnaissance": "",
		"Not in ATT&CK": "NONSENSE  1 low; T9999  1 low (T9999.001  1 low)",
	} {
		if got[title] != want {
			t.Errorf("%s: %q, want %q", title, got[title], want)
		}
	}
	if n := len(LayMatrix(nil)); n != 14 {
		t.Errorf("%d columns of nothing", n)
	}
}

// TestTechniqueTable holds the table to its form: known tactics, a parent for every sub-technique, each id once.
func TestTechniqueTable(t *testing.T) {
	known := techniques()
	if lines := strings.Count(techniqueTable, "\n"); lines != len(known) || lines < 600 {
		t.Errorf("%d lines, %d techniques", lines, len(known))
	}
	columns := " " + strings.Join(tacticOrder(), " ") + " "
	for id, a := range known {
		parent, _, sub := strings.Cut(id, ".")
		if a.name == "" || len(a.tactics) == 0 || sub && known[parent].name == "" {
			t.Errorf("%s: %+v", id, a)
		}
		for _, tactic := range a.tactics {
			if !strings.Contains(columns, " "+tactic+" ") {
				t.Errorf("%s serves %q", id, tactic)
			}
		}
	}
	// A few by hand, from the pages of ATT&CK.
	for id, want := range map[string]string{
		"T1562.008": "Disable or Modify Cloud Logs, of Impair Defenses: Defense Evasion", "T1530": "Data from Cloud Storage, of : Collection",
		"T1078.004": "Cloud Accounts, of Valid Accounts: Initial Access Persistence Privilege Escalation Defense Evasion",
	} {
		n := Names()(id)
		var tactics []string
		for _, tactic := range n.Tactics {
			tactics = append(tactics, tactic.Title)
		}
		if got := n.Name + ", of " + n.ParentName + ": " + strings.Join(tactics, " "); got != want {
			t.Errorf("%s: %s", id, got)
		}
	}
}

// TestOwnRulesNameKnownTechniques finds typing errors: an id that ATT&CK does not have would stand outside the matrix.
func TestOwnRulesNameKnownTechniques(t *testing.T) {
	rules, problems := Load(true)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	known := techniques()
	for _, r := range rules {
		for _, id := range r.Techniques {
			if known[id].name == "" {
				t.Errorf("%s names %s", r.Name, id)
			}
		}
	}
}
