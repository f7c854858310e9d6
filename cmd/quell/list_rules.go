package main

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/detections"
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

func viewRule(r *detect.Rule, whole bool) ruleView {
	v := ruleView{
		ID: r.ID, Name: r.Name, Title: r.Title, Severity: r.Level, Techniques: r.Techniques, Logsource: r.Logsource.String(),
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
	if m.cli.JSON {
		views := []ruleView{}
		for _, r := range rules {
			views = append(views, viewRule(r, false))
		}
		return m.printJSON(map[string]any{"rules": views})
	}
	w := tabwriter.NewWriter(m.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RULE\tSEVERITY\tTECHNIQUES\tTITLE")
	for _, r := range rules {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.Name, r.Level, quell.Cut(strings.Join(r.Techniques, " "), 20), quell.Cut(r.Title, 60))
	}
	return w.Flush()
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
			return m.printJSON(viewRule(r, true))
		}
		text, err := fs.ReadFile(detections.FS, r.Path)
		if err != nil {
			return fmt.Errorf("read rule %s: %w", r.Path, err)
		}
		_, err = m.Stdout.Write(text)
		return err
	}
	return &quell.Error{Code: quell.CodeUsage, What: fmt.Sprintf("no rule is called %q", c.Rule), Next: "see `quell rules list`"}
}

// RulesTestCmd is `quell rules test`.
type RulesTestCmd struct {
	Paths []string `arg:"" optional:"" help:"Rule files or folders; Quell's own by default." type:"existingpath"`
}

// Run implements the command.
func (c *RulesTestCmd) Run(m *Main) error {
	rules, err := c.rules()
	if err != nil {
		return err
	}
	report := hunt.TestRules(rules)
	if m.cli.JSON {
		if err := m.printJSON(report); err != nil {
			return err
		}
	} else {
		for _, f := range report.Failures {
			fmt.Fprintf(m.Stdout, "%s: %s\n", quell.Clean(f.Rule), quell.Clean(f.Why))
		}
		fmt.Fprintf(m.Stdout, "%d rules, %d examples, %d failures\n", report.Rules, report.Examples, len(report.Failures))
	}
	if len(report.Failures) > 0 {
		return exit(exitFailed)
	}
	return nil
}

func (c *RulesTestCmd) rules() ([]*detect.Rule, error) {
	if len(c.Paths) == 0 {
		return ownRules()
	}
	var rules []*detect.Rule
	for _, path := range yamlFiles(c.Paths) {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read rule: %w", err)
		}
		found, problems := detect.Parse(path, data)
		if len(problems) > 0 {
			return nil, problems[0]
		}
		rules = append(rules, found...)
	}
	return rules, nil
}

// RulesCheckCmd is `quell rules check`.
type RulesCheckCmd struct {
	Paths []string `arg:"" help:"Rule files, or folders of them." type:"existingpath"`
}

// Run implements the command.
func (c *RulesCheckCmd) Run(m *Main) error {
	var rules []*detect.Rule
	problems := []detect.Problem{}
	for _, path := range yamlFiles(c.Paths) {
		data, err := os.ReadFile(path)
		if err != nil {
			problems = append(problems, detect.Problem{Path: path, Why: err.Error()})
			continue
		}
		found, bad := detect.Parse(path, data)
		rules = append(rules, found...)
		problems = append(problems, bad...)
	}
	_, refused := detect.Compile(rules, detect.Options{})
	problems = append(problems, refused...)
	accepted := len(rules) - len(refused)
	if m.cli.JSON {
		if err := m.printJSON(map[string]any{"accepted": accepted, "rejected": problems}); err != nil {
			return err
		}
	} else {
		for _, p := range problems {
			fmt.Fprintln(m.Stdout, p.Error())
		}
		fmt.Fprintf(m.Stdout, "%d accepted, %d rejected\n", accepted, len(problems))
	}
	if len(problems) > 0 {
		return exit(exitFailed)
	}
	return nil
}
