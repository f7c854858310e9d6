package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/hunt"
)

// RulesTestCmd is `quell rules test`.
type RulesTestCmd struct {
	Paths []string `arg:"" optional:"" help:"Rule files or folders; Quell's own by default." type:"existingpath"`
}

// Run implements the command.
func (c *RulesTestCmd) Run(ctx context.Context, m *Main) error {
	var rules, beside []*detect.Rule
	var problems []detect.Problem
	var err error
	if len(c.Paths) == 0 {
		rules, err = ownRules()
	} else {
		rules, problems = readRuleFiles(yamlFiles(c.Paths))
		beside = rulesBeside(c.Paths, rules)
	}
	if err != nil {
		return err
	}
	report := hunt.TestRules(ctx, rules, beside)
	var broken []hunt.RuleFailure
	for _, p := range problems {
		broken = append(broken, hunt.RuleFailure{Rule: p.Path, Line: p.Line, Why: p.Why})
	}
	report.Failures = append(broken, report.Failures...)
	if m.cli.JSON {
		if report.Failures == nil {
			report.Failures = []hunt.RuleFailure{}
		}
		if err := m.printJSON(report); err != nil {
			return err
		}
	} else {
		for _, f := range report.Failures {
			fmt.Fprintf(m.Stdout, "%s:%d: %s\n", quell.Clean(f.Rule), f.Line, quell.Clean(f.Why))
		}
		fmt.Fprintf(m.Stdout, "%d rules, %d examples, %d failures\n", report.Rules, report.Examples, len(report.Failures))
	}
	if len(report.Failures) > 0 {
		return exit(exitFailed)
	}
	return nil
}

// RulesCheckCmd is `quell rules check`.
type RulesCheckCmd struct {
	Paths []string `arg:"" help:"Rule files, or folders of them." type:"existingpath"`
}

// Run implements the command.
func (c *RulesCheckCmd) Run(m *Main) error {
	rules, problems := readRuleFiles(yamlFiles(c.Paths))
	checked := hunt.Check(rules, rulesBeside(c.Paths, rules))
	checked.Rejected = append(problems, checked.Rejected...)
	if m.cli.JSON {
		if checked.Rejected == nil {
			checked.Rejected = []detect.Problem{}
		}
		if err := m.printJSON(checked); err != nil {
			return err
		}
	} else {
		for _, p := range slices.Concat(checked.Rejected, checked.Unread) {
			fmt.Fprintln(m.Stdout, p.Error())
		}
		fmt.Fprintf(m.Stdout, "%d accepted, %d rejected\n", checked.Accepted, len(checked.Rejected))
	}
	if len(checked.Rejected) > 0 {
		return exit(exitFailed)
	}
	return nil
}

// readRuleFiles parses rule files. What cannot be read or parsed is a problem, and the others are used all the same.
func readRuleFiles(paths []string) (rules []*detect.Rule, problems []detect.Problem) {
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			problems = append(problems, detect.Problem{Path: path, Why: err.Error()})
			continue
		}
		found, bad := detect.Parse(path, data)
		rules, problems = append(rules, found...), append(problems, bad...)
	}
	return rules, problems
}

// rulesBeside are those that correlations may name although they were not asked about: a hunt takes in the whole folder that a
// file lies in, and Quell's own rules.
func rulesBeside(paths []string, rules []*detect.Rule) []*detect.Rule {
	if !slices.ContainsFunc(rules, func(r *detect.Rule) bool { return r.Correlation != nil }) {
		return nil
	}
	var files []string
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			continue // all that is in a folder was asked about
		}
		around, _ := os.ReadDir(filepath.Dir(path)) // a folder that cannot be listed has nothing to add
		for _, f := range around {
			if ext := filepath.Ext(f.Name()); f.Type().IsRegular() && (ext == ".yml" || ext == ".yaml") {
				files = append(files, filepath.Join(filepath.Dir(path), f.Name()))
			}
		}
	}
	var asked []string
	for _, path := range yamlFiles(paths) {
		asked = append(asked, filepath.Clean(path))
	}
	slices.Sort(files)
	files = slices.DeleteFunc(slices.Compact(files), func(path string) bool { return slices.Contains(asked, path) })
	beside, _ := readRuleFiles(files) // nobody asked what is wrong with them
	own, _ := hunt.Load(true)
	return append(beside, own...)
}
