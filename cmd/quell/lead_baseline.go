package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect/baseline"
	"github.com/quell-ir/quell/hunt"
	"github.com/quell-ir/quell/store/baselines"
)

// HabitFlags are hunt's flags about what principals usually do.
type HabitFlags struct {
	Learn      bool `help:"Learn from these logs what is ordinary; adds no finding of the baseline." env:"QUELL_LEARN"`
	Baseline   bool `help:"Hold what principals do against what was learnt, and what these logs' first weeks teach; on where something was learnt." env:"QUELL_BASELINE"`
	NoBaseline bool `help:"Leave what was learnt out." env:"QUELL_NO_BASELINE"`
}

// habits are nil where neither learning nor comparing is asked for: a plain hunt does not pay for them.
func (c *HabitFlags) habits(m *Main) (*hunt.Habits, error) {
	file := baselines.In(m.cli.Home)
	switch {
	case c.Learn && c.Baseline:
		return nil, &quell.Error{Code: quell.CodeUsage, What: "--learn and --baseline exclude each other",
			Next: "hunt with --baseline first and look at the findings, then learn"}
	case c.Learn:
		return hunt.Learn(m.Clock), nil
	// Asked for without anything learnt, the logs' own first weeks are the baseline.
	case c.NoBaseline, !c.Baseline && !file.Exists():
		return nil, nil
	}
	known, err := readBaseline(file)
	if err != nil {
		return nil, err
	}
	return hunt.Compare(m.Clock, known), nil
}

// learn keeps what a hunt with --learn saw.
func (c *HabitFlags) learn(m *Main, habits *hunt.Habits) error {
	if !c.Learn {
		return nil
	}
	learnt := habits.Book()
	// Read again under the lock: another hunt may have learnt meanwhile.
	known, err := joinBaseline(baselines.In(m.cli.Home), learnt)
	if err != nil {
		return err
	}
	m.say("learnt from %d principals, %d known now; findings begin 14 days after a principal's first event", learnt.Len(), known)
	return nil
}

// readBaseline reads all that is kept; an empty book where nothing was learnt.
func readBaseline(file baselines.File) (book *baseline.Book, err error) {
	err = file.Read(func(r io.Reader) (err error) {
		book, err = baseline.Read(r)
		return err
	})
	return book, err
}

// joinBaseline adds to what is kept and returns how many principals that are now.
func joinBaseline(file baselines.File, more *baseline.Book) (known int, err error) {
	err = file.Update(func(old io.Reader, out io.Writer) error {
		book, err := baseline.Read(old)
		if err != nil {
			return err
		}
		book.Join(more)
		known = book.Len()
		return book.Write(out)
	})
	return known, err
}

// BaselineCmd is `quell baseline`.
type BaselineCmd struct {
	Show   BaselineShowCmd   `cmd:"" help:"Show the principals known, or all that is known of one."`
	Export BaselineExportCmd `cmd:"" help:"Write the baseline to a file."`
	Import BaselineImportCmd `cmd:"" help:"Add a baseline that was exported."`
	Clear  BaselineClearCmd  `cmd:"" help:"Forget the baseline, or one principal."`
}

// BaselineShowCmd is `quell baseline show`.
type BaselineShowCmd struct {
	Principal string `arg:"" optional:"" help:"A principal's id (AIDA..., AROA...) or name."`
}

// Run implements the command.
func (c *BaselineShowCmd) Run(m *Main) error {
	book, err := readBaseline(baselines.In(m.cli.Home))
	if err != nil {
		return err
	}
	list := book.Profiles()
	if c.Principal != "" {
		if list = book.Find(c.Principal); len(list) == 0 {
			return unknownPrincipal(c.Principal)
		}
	}
	if m.cli.JSON {
		return m.printJSON(map[string]any{"principals": viewProfiles(list, c.Principal != ""), "dropped": book.Dropped})
	}
	if c.Principal == "" {
		return listProfiles(m.Stdout, list, book.Dropped)
	}
	for _, p := range list {
		if err := tellProfile(m.Stdout, p); err != nil {
			return err
		}
	}
	return nil
}

// unknownPrincipal is wrong usage: a typing mistake must not look like a principal without habits.
func unknownPrincipal(name string) error {
	return &quell.Error{Code: quell.CodeUsage, What: fmt.Sprintf("nothing was learnt of %q", name), Next: "see `quell baseline show`"}
}

// BaselineExportCmd is `quell baseline export`.
type BaselineExportCmd struct {
	Output string `short:"o" required:"" help:"File to write; - for stdout." type:"path"`
}

// Run implements the command.
func (c *BaselineExportCmd) Run(m *Main) error {
	book, err := readBaseline(baselines.In(m.cli.Home))
	if err != nil {
		return err
	}
	if c.Output == "-" {
		if m.cli.JSON {
			return &quell.Error{Code: quell.CodeUsage, What: "an export is a line per principal and no single JSON value", Next: "give -o a file"}
		}
		return book.Write(m.Stdout)
	}
	// It names who works where and when: for its owner's eyes.
	file, err := os.OpenFile(c.Output, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("export baseline: %w", err)
	}
	if err := errors.Join(book.Write(file), file.Close()); err != nil {
		return fmt.Errorf("export baseline: %w", err)
	}
	return m.tellCount("exported %d principals to "+quell.Clean(c.Output), book.Len())
}

// BaselineImportCmd is `quell baseline import`.
type BaselineImportCmd struct {
	File string `arg:"" help:"What quell baseline export wrote." type:"existingfile"`
}

// Run implements the command.
func (c *BaselineImportCmd) Run(m *Main) error {
	file, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("import baseline: %w", err)
	}
	defer file.Close()
	more, err := baseline.Read(file)
	if err != nil {
		return err
	}
	known, err := joinBaseline(baselines.In(m.cli.Home), more)
	if err != nil {
		return err
	}
	return m.tellCount("%d principals known now", known)
}

// BaselineClearCmd is `quell baseline clear`.
type BaselineClearCmd struct {
	Principal string `help:"Forget only this one: its id or name."`
}

// Run implements the command.
func (c *BaselineClearCmd) Run(m *Main) error {
	file := baselines.In(m.cli.Home)
	// Without the file hunts stop using a baseline; an empty one would make them all read every record for nothing.
	if c.Principal == "" {
		if err := file.Remove(); err != nil {
			return err
		}
		return m.tellCount("%d principals known now", 0)
	}
	left := 0
	err := file.Update(func(old io.Reader, out io.Writer) error {
		book, err := baseline.Read(old)
		if err != nil {
			return err
		}
		found := book.Find(c.Principal)
		if len(found) == 0 {
			return unknownPrincipal(c.Principal)
		}
		for _, p := range found {
			book.Remove(p.ID())
		}
		left = book.Len()
		return book.Write(out)
	})
	if err != nil {
		return err
	}
	return m.tellCount("%d principals known now", left)
}

// tellCount ends a command that changed something.
func (m *Main) tellCount(text string, principals int) error {
	if m.cli.JSON {
		return m.printJSON(map[string]int{"principals": principals})
	}
	_, err := fmt.Fprintf(m.Stdout, text+"\n", principals)
	return err
}

// listProfiles prints a line for each principal, in eighty columns whatever they are called.
func listProfiles(w io.Writer, list []*baseline.Profile, dropped int64) error {
	var b strings.Builder
	row := func(account, principal, name, since, last, days string) {
		b.WriteString(pad(account, 12) + "  " + pad(principal, 21) + "  " + pad(name, 16) + "  " + pad(since, 8) + "  " + pad(last, 8) + "  " + days + "\n")
	}
	row("ACCOUNT", "PRINCIPAL", "NAME", "SINCE", "LAST", "DAYS")
	for _, p := range list {
		row(p.Account, p.Principal, p.Name, p.First.Format("06-01-02"), p.Last.Format("06-01-02"), strconv.Itoa(p.Days.Total()))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d principals, %d forgotten for want of room\n", len(list), dropped)
	return err
}
