package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/respond"
)

// ApproveCmd is `quell approve`.
type ApproveCmd struct {
	Incident string `arg:"" help:"The incident's id."`
	As       string `help:"The role to answer in: incident-manager, security-analyst, system-administrator, legal or communications."`
	Digest   string `help:"The digest answered for: a step's or the plan's."`
	Yes      bool   `help:"Yes to every waiting step your roles allow, except irreversible ones."`
	No       bool   `help:"Say no: the step is left out."`
	Reason   string `help:"Why, for the record."`
	Full     bool   `help:"Show every step and command."`
}

// Run implements the command.
func (c *ApproveCmd) Run(ctx context.Context, m *Main) (err error) {
	h, err := m.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	shown, err := h.desk.Show(ctx, c.Incident)
	if err != nil {
		return err
	}
	if c.Digest == "" && !c.Yes {
		if err := c.ask(m, shown); err != nil {
			return err
		}
	}
	if _, err := m.account(ctx, h); err != nil {
		return err
	}
	out, err := h.desk.Approve(ctx, c.Incident, respond.Answer{
		Digest: c.Digest, All: c.Yes, As: quell.Role(c.As), No: c.No, Reason: c.Reason,
	})
	if out.Incident == "" {
		return err
	}
	if m.cli.JSON {
		return errors.Join(m.printJSON(out), err)
	}
	if err != nil {
		printOutcome(m.Stdout, out, c.Full)
		return err
	}
	word := "approved"
	if c.No {
		word = "declined"
	}
	fmt.Fprintf(m.Stdout, "%s; go on with: quell run %s --apply\n", word, c.Incident)
	return nil
}

// ask shows what waits and takes the answer from a terminal.
func (c *ApproveCmd) ask(m *Main, shown respond.Outcome) error {
	in, ok := m.Stdin.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return &quell.Error{
			Code: quell.CodeUsage, What: "an approval needs to say what it answers for",
			Next: "give --digest " + shown.Plan.Digest + " after reading the plan, or --yes",
		}
	}
	printOutcome(m.Stdout, shown, true)
	fmt.Fprintf(m.Stdout, "\nSay yes to every waiting step above? Type yes: ")
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil || strings.TrimSpace(line) != "yes" {
		return &quell.Error{Code: quell.CodeWaiting, What: "no decision was recorded", Next: "approve again when you have decided"}
	}
	c.Digest = shown.Plan.Digest
	return nil
}
