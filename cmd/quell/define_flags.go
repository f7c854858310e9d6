package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/approve"
)

// CLI is the command line. Every flag is also QUELL_NAME in the environment and name in quell.yaml.
type CLI struct {
	Globals

	Demo      DemoCmd      `cmd:"" help:"The whole way in an embedded sandbox: the naive response leaks, Quell's holds."`
	Hunt      HuntCmd      `cmd:"" help:"Logs, or the live account, to findings to incidents."`
	Respond   RespondCmd   `cmd:"" help:"A finding file, key, ARN, user, role or bucket to an incident and its plan."`
	Run       RunCmd       `cmd:"" help:"Continue an incident's plan."`
	Approve   ApproveCmd   `cmd:"" help:"Say yes to the digest shown."`
	Undo      UndoCmd      `cmd:"" help:"Plan what takes a response back; changes nothing without --apply."`
	Incident  IncidentCmd  `cmd:"" help:"List, show and lead incidents."`
	Ledger    LedgerCmd    `cmd:"" help:"Verify the record."`
	Review    ReviewCmd    `cmd:"" help:"Write the post-incident report."`
	Doctor    DoctorCmd    `cmd:"" help:"Can we respond? Per action: yes, no and the missing permission, or unknown."`
	Rules     RulesCmd     `cmd:"" help:"List, show, test and check detection rules."`
	Baseline  BaselineCmd  `cmd:"" help:"Show, export, import and clear what hunt --learn learnt of each principal."`
	Actions   ActionsCmd   `cmd:"" help:"List and show actions."`
	Playbooks PlaybooksCmd `cmd:"" help:"List, show and check playbooks."`
	Version   VersionCmd   `cmd:"" help:"Print the version."`
}

// Globals are the settings that every command takes.
type Globals struct {
	Home        string   `help:"Folder of the ledger, the evidence and the key." default:"${home}" env:"QUELL_HOME" type:"path"`
	Config      string   `help:"Settings file." env:"QUELL_CONFIG" type:"path" placeholder:"quell.yaml"`
	JSON        bool     `help:"Print one JSON value on stdout and nothing else." env:"QUELL_JSON"`
	Verbose     bool     `help:"Log what is done." short:"v" env:"QUELL_VERBOSE"`
	Profile     string   `help:"AWS profile." env:"QUELL_PROFILE" group:"aws"`
	Region      string   `help:"Home region; IAM and STS always answer in us-east-1." env:"QUELL_REGION" group:"aws"`
	Regions     []string `help:"Regions to read; all enabled ones by default." env:"QUELL_REGIONS" group:"aws"`
	Role        string   `help:"Responder role to assume, narrowed to the calls of each step." name:"responder-role" env:"QUELL_RESPONDER_ROLE" group:"aws"`
	Level       string   `help:"Automation: approval-required, contain-when-confirmed or automatic." default:"approval-required" env:"QUELL_LEVEL" group:"policy"`
	Budget      int      `help:"How many resources one incident may change; 0 is no limit." default:"25" env:"QUELL_BUDGET" group:"policy"`
	PerHour     int      `name:"budget-per-hour" help:"How many resources all incidents together may change within an hour; 0 is no limit." default:"100" env:"QUELL_BUDGET_PER_HOUR" group:"policy"`
	Protected   []string `help:"Ids, names or ARNs that no step may touch." env:"QUELL_PROTECTED" group:"policy"`
	Responders  []string `help:"ARNs that a deny must never lock out." env:"QUELL_RESPONDERS" group:"policy"`
	PeopleFlags `embed:""`
}

// AWS gives the environment a configuration: it is one of the Globals' groups.

// File is quell.yaml: the flags by name, and what only a file can hold.
type File struct {
	People     []approve.Person     `yaml:"people"`
	Quorum     map[string]int       `yaml:"quorum"`
	Expiry     string               `yaml:"approval-expiry"`
	Escalation []approve.Escalation `yaml:"escalation"`
}

func defaultHome(getenv func(string) string) string {
	if dir := getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "quell")
	}
	if dir := getenv("HOME"); dir != "" {
		return filepath.Join(dir, ".local", "share", "quell")
	}
	return ".quell"
}

// fileSettings resolves flags from quell.yaml. Which file is decided before flags are parsed, so the arguments are
// looked through for --config by hand.
func fileSettings(getenv func(string) string, args []string) kong.Resolver {
	path, explicit := configPath(getenv, args)
	values := map[string]any{}
	var failure error
	data, err := os.ReadFile(path)
	switch {
	case err == nil:
		if err := yaml.Unmarshal(data, &values); err != nil {
			failure = fmt.Errorf("read settings %s: %w", path, err)
		}
	case explicit:
		failure = fmt.Errorf("read settings: %w", err)
	}
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if failure != nil {
			return nil, failure
		}
		return wordsOf(values[flag.Name]), nil
	})
}

// configPath is --config, QUELL_CONFIG, or quell.yaml in the home folder.
func configPath(getenv func(string) string, args []string) (path string, explicit bool) {
	home := defaultHome(getenv)
	if dir := getenv("QUELL_HOME"); dir != "" {
		home = dir
	}
	for i, arg := range args {
		name, value, joined := strings.Cut(arg, "=")
		if !joined && i+1 < len(args) {
			value = args[i+1]
		}
		switch name {
		case "--config":
			return value, true
		case "--home":
			home = value
		}
	}
	if path := getenv("QUELL_CONFIG"); path != "" {
		return path, true
	}
	return filepath.Join(home, "quell.yaml"), false
}

// people reads what only the file holds and makes the policy of it.
func (m *Main) people() (approve.Policy, error) {
	level, err := approve.ParseLevel(m.cli.Level)
	if err != nil {
		return approve.Policy{}, err
	}
	policy := approve.Policy{Level: level}
	path, explicit := configPath(m.Getenv, nil)
	if m.cli.Config != "" {
		path, explicit = m.cli.Config, true
	} else if !explicit {
		path = filepath.Join(m.cli.Home, "quell.yaml")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		if !explicit && os.IsNotExist(err) {
			return policy, nil
		}
		return policy, fmt.Errorf("read settings: %w", err)
	}
	var file File
	if err := yaml.Unmarshal(data, &file); err != nil {
		return policy, fmt.Errorf("read settings %s: %w", path, err)
	}
	policy.People, policy.Quorum, policy.Escalation = file.People, file.Quorum, file.Escalation
	if file.Expiry != "" {
		if policy.Expiry, err = time.ParseDuration(file.Expiry); err != nil {
			return policy, fmt.Errorf("approval-expiry in %s: %w", path, err)
		}
	}
	if err := policy.Validate(); err != nil {
		return policy, &quell.Error{Code: quell.CodeUsage, What: "settings " + path, Err: err, Next: "correct the file"}
	}
	return policy, nil
}
