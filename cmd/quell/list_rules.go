package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/hunt"
)

// RulesCmd is `quell rules`.
type RulesCmd struct {
	List  RulesListCmd  `cmd:"" help:"List Quell's rules."`
	Show  RulesShowCmd  `cmd:"" help:"Show one rule: why it matters, what is benign about it."`
	Test  RulesTestCmd  `cmd:"" help:"Run every rule against its own examples."`
	Check RulesCheckCmd `cmd:"" help:"Check Sigma rules: file, line and reason of each that cannot be used."`

	Coverage RulesCoverageCmd `cmd:"" help:"Show what the rules see, by ATT&CK, by Stratus Red Team and by playbook, and what they need to see it."`
}

// RulesListCmd is `quell rules list`.
type RulesListCmd struct{}

// ruleView is a rule as scripts see it.
type ruleView struct {
	ID             string         `json:"id"`
	Name           string         `json:"name"`
	Title          string         `json:"title"`
	Severity       quell.Severity `json:"severity"`
	Techniques     []string       `json:"techniques"`
	Logsource      string         `json:"logsource"`
	Path           string         `json:"path"`
	Correlation    bool           `json:"correlation"`
	Description    string         `json:"description"`
	FalsePositives []string       `json:"falsepositives"`
	Custom         map[string]any `json:"custom,omitempty"`
}

func viewRule(r *detect.Rule, log string, whole bool) ruleView {
	v := ruleView{
		ID: r.ID, Name: r.Name, Title: r.Title, Severity: r.Level, Techniques: r.Techniques, Logsource: log,
		Path: r.Path, Correlation: r.Correlation != nil, Description: r.Description, FalsePositives: r.FalsePositives,
	}
	if whole {
		v.Custom = r.Custom
	}
	return v
}

func ownRules() ([]*detect.Rule, error) {
	rules, problems := hunt.LoadWhole(true)
	if len(problems) > 0 {
		return nil, problems[0]
	}
	return rules, nil
}

// Run implements the command.
func (c *RulesListCmd) Run(m *Main) error {
	rules, err := ownRules()
	if err != nil {
		return err
	}
	logs := hunt.LogNames(rules)
	if m.cli.JSON {
		views := []ruleView{}
		for _, r := range rules {
			views = append(views, viewRule(r, logs[r], false))
		}
		return m.printJSON(map[string]any{"rules": views})
	}
	return writeRules(m.Stdout, rules, logs)
}

// writeRules fits eighty columns: rules stand under the log that they read, the trail first, which most of them do.
func writeRules(out io.Writer, rules []*detect.Rule, logs map[*detect.Rule]string) error {
	slices.SortStableFunc(rules, func(a, b *detect.Rule) int {
		first := detect.CloudTrail().String()
		if (logs[a] == first) != (logs[b] == first) {
			return map[bool]int{true: -1, false: 1}[logs[a] == first]
		}
		return cmp.Or(cmp.Compare(logs[a], logs[b]), cmp.Compare(a.Name, b.Name))
	})
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %-8s  %s\n", pad("RULE", 36), "SEVERITY", "TITLE")
	under := ""
	for _, r := range rules {
		if logs[r] != under {
			under = logs[r]
			fmt.Fprintln(&b, fit(strings.TrimSuffix(under, "/*"), 80))
		}
		fmt.Fprintf(&b, "  %s  %-8s  %s\n", pad(cmp.Or(r.Name, r.ID), 34), r.Level, fit(r.Title, 32))
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// RulesShowCmd is `quell rules show`.
type RulesShowCmd struct {
	Rule string `arg:"" help:"The rule's name or id."`
}

// Run implements the command.
func (c *RulesShowCmd) Run(m *Main) error {
	rules, err := ownRules()
	if err != nil {
		return err
	}
	for _, r := range rules {
		if r.ID != c.Rule && r.Name != c.Rule {
			continue
		}
		if m.cli.JSON {
			return m.printJSON(viewRule(r, hunt.LogNames(rules)[r], true))
		}
		text, err := hunt.RuleText(r)
		if err != nil {
			return err
		}
		_, err = m.Stdout.Write(text)
		return err
	}
	return &quell.Error{Code: quell.CodeUsage, What: fmt.Sprintf("no rule is called %q", c.Rule), Next: "see `quell rules list`"}
}
