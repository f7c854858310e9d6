package detections_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/hunt"
)

var (
	uuidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	// A file is a verb and its noun; a rule's name is its path with dashes.
	fileForm = regexp.MustCompile(`^[a-z0-9]+/[a-z0-9]+(_[a-z0-9]+)+\.yml$`)
)

// The ATT&CK tactics by the names Sigma tags use.
var tactics = []string{"reconnaissance", "resource-development", "initial-access", "execution", "persistence",
	"privilege-escalation", "defense-evasion", "credential-access", "discovery", "lateral-movement", "collection",
	"exfiltration", "command-and-control", "impact"}

func TestEveryRuleIsComplete(t *testing.T) {
	rules := loadRules(t)
	if len(rules) < 45 {
		t.Errorf("%d rules, want at least 45", len(rules))
	}
	seen := map[string]string{}
	for _, r := range rules {
		t.Run(r.Path, func(t *testing.T) {
			for what, text := range map[string]string{"id": r.ID, "name": r.Name, "title": r.Title} {
				if other, twice := seen[what+text]; twice {
					t.Errorf("%s %q is also that of %s", what, text, other)
				}
				seen[what+text] = r.Path
			}
			if !uuidForm.MatchString(r.ID) {
				t.Errorf("id %q is no random UUID", r.ID)
			}
			if !fileForm.MatchString(r.Path) {
				t.Errorf("path is not service/verb_noun.yml")
			}
			if want := strings.NewReplacer("/", "-", "_", "-", ".yml", "").Replace(r.Path); r.Name != want {
				t.Errorf("name %q, want %q after the path", r.Name, want)
			}
			if len(r.Description) < 40 || len(r.FalsePositives) == 0 || r.Status == "" {
				t.Errorf("description, falsepositives and status must say something")
			}
			if len(r.Title) > 80 {
				t.Errorf("title has %d characters, at most 80 fit a line", len(r.Title))
			}
			if len(r.Techniques) == 0 {
				t.Errorf("no ATT&CK technique among the tags %v", r.Tags)
			}
			if !slices.ContainsFunc(r.Tags, func(tag string) bool {
				return slices.Contains(tactics, strings.TrimPrefix(tag, "attack."))
			}) {
				t.Errorf("no ATT&CK tactic among the tags %v", r.Tags)
			}
			if text, _ := r.Custom["level_reason"].(string); len(text) < 20 {
				t.Errorf("level_reason must say why %v", r.Level)
			}
			if text, _ := r.Custom["data_needed"].(string); !slices.Contains(hunt.DataNames(), text) {
				t.Errorf("data_needed %q is none of %q: whoever adds a value says in hunt/name_data.go how it is noticed", text, hunt.DataNames())
			}
			if text, _ := r.Custom["playbook"].(string); !slices.Contains(hunt.PlaybookNames(), text) {
				t.Errorf("playbook %q is none of %q", text, hunt.PlaybookNames())
			}
			if r.Correlation == nil && (r.Logsource.Product != "aws" || r.Logsource.Service != "cloudtrail") {
				t.Errorf("logsource %v is not aws/cloudtrail", r.Logsource)
			}
		})
	}
}

// A low rule is either a building block of a correlation, and then reports nothing, or a mistake: nobody reads it.
func TestLowRulesOnlyFeedCorrelations(t *testing.T) {
	rules := loadRules(t)
	program := compileRules(t, rules)
	for _, r := range rules {
		if quiet := program.Quiet(r); quiet != (r.Level == quell.Low) && r.Correlation == nil {
			t.Errorf("%s: level %v but feeds correlations only: %v", r.Path, r.Level, quiet)
		}
	}
}
