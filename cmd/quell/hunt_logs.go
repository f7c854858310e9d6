package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/hunt"
	"github.com/quell-ir/quell/source"
	"github.com/quell-ir/quell/source/trail"
)

// HuntCmd is `quell hunt`.
type HuntCmd struct {
	Paths       []string `arg:"" optional:"" help:"Files and folders of logs; - for stdin; s3://BUCKET/PREFIX; sqs:URL."`
	AWS         bool     `help:"Hunt through the live account's event history: read-only, every enabled region." name:"aws" group:"where"`
	Since       string   `help:"From then on: a duration back from now (24h), or RFC 3339." group:"what" placeholder:"TIME"`
	Until       string   `help:"Up to then." group:"what" placeholder:"TIME"`
	Account     []string `help:"Only these accounts." group:"what" placeholder:"ID"`
	MinSeverity string   `help:"Leave out findings below: low, medium, high or critical." default:"low" group:"out"`
	FailOn      string   `help:"Exit with status 3 if a finding is at or above: low, medium, high or critical." group:"out" placeholder:"SEVERITY"`
	Output      string   `short:"o" help:"Format: table, json, csv, ocsf or html." default:"table" enum:"table,json,csv,ocsf,html" group:"out"`
	Rules       []string `help:"Folders of further Sigma rules." type:"existingdir" env:"QUELL_RULES" group:"what" placeholder:"FOLDER"`
	Mapping     string   `help:"How each line of these logs becomes an event, as YAML or JSON: for logs that Quell does not know." type:"path" placeholder:"FILE" group:"what"`
	NoBuiltin   bool     `help:"Leave Quell's own rules out." group:"what"`
	MaxFindings int      `help:"How many findings to list, the worst and earliest first; the rest is counted by rule. 0 lists all." default:"20000" group:"out"`
	Open        bool     `help:"Record the incidents found, so that quell respond goes on with them." group:"out"`
	HabitFlags  `embed:"" group:"what"`
	RemoteFlags `embed:"" group:"where"`
	HeartFlags  `embed:"" group:"on"`
	window      window          `kong:"-"`
	started     time.Time       `kong:"-"`
	minimum     quell.Severity  `kong:"-"`
	place       place           `kong:"-"`
	mapping     *source.Mapping `kong:"-"`
	mark        string          `kong:"-"` // how far a prefix was read
	told        int             `kong:"-"` // findings told while following
	worst       bool            `kong:"-"` // one of them reaches --fail-on
	again       *hunt.Again     `kong:"-"` // what looks that follow one another need of each other
}

// window is a span of event time; a zero end is open.
type window struct{ since, until time.Time }

// Run implements the command.
func (c *HuntCmd) Run(ctx context.Context, m *Main) error {
	if err := c.prepare(m); err != nil {
		return err
	}
	habits, err := c.habits(m)
	if err != nil {
		return err
	}
	more, err := c.HeartFlags.rules()
	if err != nil {
		return err
	}
	if c.mapping, err = readMapping(c.Mapping); err != nil {
		return err
	}
	hunter, err := m.hunterWith(hunterParts{builtin: !c.NoBuiltin, folders: c.Rules, habits: habits, mapping: c.mapping, more: more})
	if err != nil {
		return err
	}
	if c.Follow {
		return errors.Join(c.follow(ctx, m, hunter), c.learn(m, habits))
	}
	if c.place != inQueue { // whose messages are let go only when all they gave is kept
		hunter.Most, hunter.Want = c.MaxFindings, c.filter(m)
	}
	result, err := c.read(ctx, m, hunter)
	result = result.Narrow(c.filter(m), hunter)
	if err == nil {
		err = c.learn(m, habits)
	}
	return c.finish(ctx, m, result, err)
}

func (c *HuntCmd) prepare(m *Main) (err error) {
	c.started = m.Clock.Now()
	if err := c.choosePlace(); err != nil {
		return err
	}
	if err := c.HeartFlags.check(c.Follow); err != nil {
		return err
	}
	if c.window.since, err = parseWhen(c.Since, c.started); err != nil {
		return err
	}
	if c.window.until, err = parseWhen(c.Until, c.started); err != nil {
		return err
	}
	if !c.window.until.IsZero() && !c.window.until.After(c.window.since) {
		return &quell.Error{Code: quell.CodeUsage, What: "--until lies before --since", Next: "swap them"}
	}
	if err := c.minimum.UnmarshalText([]byte(c.MinSeverity)); err != nil {
		return &quell.Error{Code: quell.CodeUsage, What: "--min-severity", Err: err}
	}
	if c.FailOn != "" {
		var s quell.Severity
		if err := s.UnmarshalText([]byte(c.FailOn)); err != nil {
			return &quell.Error{Code: quell.CodeUsage, What: "--fail-on", Err: err}
		}
	}
	return nil
}

// parseWhen reads 24h, 7d, a date, or RFC 3339. A time that cannot be read is an error, never an empty result.
func parseWhen(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if days, ok := cutDays(text); ok {
		return now.Add(-days), nil
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, &quell.Error{
		Code: quell.CodeUsage, What: fmt.Sprintf("cannot read the time %q", text), Next: "write 24h, 7d, 2026-03-02 or 2026-03-02T03:00:00Z",
	}
}

func cutDays(text string) (time.Duration, bool) {
	var n int
	var unit string
	if k, err := fmt.Sscanf(text, "%d%s", &n, &unit); err != nil || k != 2 || unit != "d" || n <= 0 {
		return 0, false
	}
	return time.Duration(n) * 24 * time.Hour, true
}

func (c *HuntCmd) format(m *Main) string {
	if m.cli.JSON {
		return "json"
	}
	return c.Output
}

func (c *HuntCmd) status(r hunt.Result) error {
	if slices.ContainsFunc(r.Findings, c.reaches) {
		return exit(exitFound)
	}
	return nil
}

// reaches says whether a finding is at or above --fail-on.
func (c *HuntCmd) reaches(f quell.Finding) bool {
	var at quell.Severity
	return c.FailOn != "" && at.UnmarshalText([]byte(c.FailOn)) == nil && f.Severity >= at // it was read when flags were
}

// hunter compiles the rules.
func (m *Main) hunter(builtin bool, folders []string) (*hunt.Hunter, error) {
	return m.hunterWith(hunterParts{builtin: builtin, folders: folders})
}

// hunterParts are what a hunter is made of.
type hunterParts struct {
	builtin bool
	folders []string
	habits  *hunt.Habits    // see every record, where there are any
	mapping *source.Mapping // reads every document, where there is one
	more    []*detect.Rule  // in no folder
}

func (m *Main) hunterWith(p hunterParts) (*hunt.Hunter, error) {
	var trees []fs.FS
	for _, dir := range p.folders {
		trees = append(trees, os.DirFS(dir))
	}
	rules, problems := hunt.Load(p.builtin, trees...)
	for _, bad := range problems {
		m.say("rule left out: %s", bad.Error())
	}
	if p.habits != nil {
		var err error
		if rules, err = hunt.WithEveryRecord(rules); err != nil {
			return nil, err
		}
	}
	who, err := m.whoBelongs(p.builtin)
	if err != nil {
		return nil, err
	}
	if p.habits != nil && who.Places != nil {
		p.habits.By(who.Places)
	}
	program, err := hunt.CompileFor(append(slices.Clip(rules), p.more...), who)
	if err != nil {
		return nil, err
	}
	kinds, err := hunt.CompileKinds(rules, who)
	if err != nil {
		return nil, err
	}
	if p.mapping != nil {
		if err := kinds.Map(*p.mapping, rules, who); err != nil {
			return nil, err
		}
	}
	list, err := books()
	if err != nil {
		return nil, err
	}
	return &hunt.Hunter{Program: program, Kinds: kinds, Books: list, Clock: m.Clock, Habits: p.habits, People: who}, nil
}

// judge runs Quell's own rules over records at hand.
func (m *Main) judge(_ context.Context, records []json.RawMessage, origin string) ([]quell.Finding, error) {
	hunter, err := m.hunter(true, nil)
	if err != nil {
		return nil, err
	}
	if err := hunter.Records(records, origin); err != nil {
		return nil, err
	}
	return hunter.Result().Findings, nil
}

func (c *HuntCmd) huntFiles(ctx context.Context, m *Main, hunter *hunt.Hunter) (hunt.Result, error) {
	options := c.options(m)
	defer c.watchReading(m, hunter, &options)()
	result, err := hunter.Files(ctx, c.Paths, options)
	if err != nil {
		return result, err
	}
	if result.Events == 0 && result.Files == 0 {
		return result, &quell.Error{
			Code: quell.CodeFailed, What: fmt.Sprintf("no log was found in %v (%d paths skipped)", c.Paths, len(result.Skipped)),
			Next: firstWhy(result.Skipped),
		}
	}
	return result, nil
}

func firstWhy(skipped []source.Skipped) string {
	if len(skipped) == 0 {
		return "name a file or folder of CloudTrail logs"
	}
	return "first: " + skipped[0].Path + ": " + skipped[0].Why
}

func (c *HuntCmd) huntAccount(ctx context.Context, m *Main, hunter *hunt.Hunter) (hunt.Result, error) {
	base, err := m.awsConfig(ctx)
	if err != nil {
		return hunt.Result{}, err
	}
	since, until := c.window.since, c.window.until
	if since.IsZero() {
		since = c.started.Add(-24 * time.Hour)
	}
	if until.IsZero() {
		until = c.started
	}
	if !c.Follow { // which tells findings itself
		hunter.Tell = func(f quell.Finding) {
			m.say("%s  %-8s %s", f.Time.UTC().Format("01-02 15:04:05Z"), f.Severity, fit(f.Title, 54))
		}
	}
	lookup := trail.Lookup{
		Config: func(region string) aws.Config {
			cfg := base.Copy()
			cfg.Region = region
			return cfg
		},
		Clock: m.Clock, Home: base.Region,
	}
	if c.again == nil {
		m.say("reading the event history since %s, read-only", since.UTC().Format(time.RFC3339))
		c.again = hunt.NewAgain(since)
	}
	var stand atomic.Pointer[trail.Stand]
	lookup.Tell = func(s trail.Stand) { stand.Store(&s) }
	defer c.watch(m, hunter, func() standing {
		s := unknown()
		if at := stand.Load(); at != nil {
			s.done, s.of, s.pages = int64(at.Done), int64(at.Of), int64(at.Pages)
		}
		return s
	})()
	return hunter.TrailAgain(ctx, lookup, c.again, until, m.cli.Regions)
}

// record opens incidents for what was found at medium or above.
func (c *HuntCmd) record(ctx context.Context, m *Main, r hunt.Result) error {
	return m.withHome(ctx, func(h *home) error {
		_, err := c.recordIn(ctx, m, h, r.Findings)
		return err
	})
}
