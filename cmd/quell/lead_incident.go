package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/incident"
	"github.com/quell-ir/quell/respond"
)

// IncidentCmd is `quell incident`.
type IncidentCmd struct {
	List     IncidentListCmd     `cmd:"" help:"List incidents."`
	Show     IncidentShowCmd     `cmd:"" help:"Show one incident: plan, timeline, verdict."`
	Confirm  IncidentConfirmCmd  `cmd:"" help:"Say that it is real."`
	Dismiss  IncidentDismissCmd  `cmd:"" help:"Say that it is a false alarm; undo then gives back what was kept."`
	Merge    IncidentMergeCmd    `cmd:"" help:"Merge an incident into another."`
	Assign   IncidentAssignCmd   `cmd:"" help:"Give a role to a person."`
	Severity IncidentSeverityCmd `cmd:"" help:"Set the severity."`
	Note     IncidentNoteCmd     `cmd:"" help:"Add a remark."`
	Close    IncidentCloseCmd    `cmd:"" help:"Close the incident and seal its ledger."`
	Export   IncidentExportCmd   `cmd:"" help:"Write a bundle that anyone can verify offline."`
}

// IncidentListCmd is `quell incident list`.
type IncidentListCmd struct{}

// Run implements the command.
func (c *IncidentListCmd) Run(ctx context.Context, m *Main) error {
	return m.withHome(ctx, func(h *home) error {
		list, err := h.desk.Incidents(ctx)
		if err != nil {
			return err
		}
		if m.cli.JSON {
			if list == nil {
				list = []quell.Incident{}
			}
			return m.printJSON(map[string]any{"incidents": list})
		}
		if len(list) == 0 {
			fmt.Fprintln(m.Stdout, "no incidents; `quell hunt` finds them, `quell respond` opens them")
			return nil
		}
		w := tabwriter.NewWriter(m.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tSEVERITY\tSTANDING\tOPENED\tTITLE")
		for _, in := range list {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", in.ID, in.Severity, in.Standing, in.Opened.Format("01-02 15:04Z"), fit(in.Title, 31))
		}
		return w.Flush()
	})
}

// IncidentShowCmd is `quell incident show`.
type IncidentShowCmd struct {
	Incident string `arg:"" help:"The incident's id."`
	Graph    string `help:"Print who made, used and acted on what instead, as a drawing: mermaid or dot." placeholder:"FORMAT" enum:",mermaid,dot" default:""`
}

// Run implements the command.
func (c *IncidentShowCmd) Run(ctx context.Context, m *Main) error {
	return m.withHome(ctx, func(h *home) error {
		out, err := h.desk.Show(ctx, c.Incident)
		if err != nil {
			return err
		}
		if c.Graph != "" {
			return m.drawIncident(out.View, c.Graph)
		}
		lines := incident.Timeline(*out.View)
		if m.cli.JSON {
			return m.printJSON(struct {
				respond.Outcome
				Record   quell.Incident  `json:"record"`
				Timeline []incident.Line `json:"timeline"`
			}{out, out.View.Incident, lines})
		}
		printOutcome(m.Stdout, out, true)
		fmt.Fprintln(m.Stdout, "\nTimeline (UTC)")
		for _, l := range lines {
			fmt.Fprintf(m.Stdout, "  %s  %-9s %s\n", l.Time.Format("01-02 15:04:05"), l.Lane, quell.Cut(l.Text, 110))
		}
		return nil
	})
}

// drawIncident writes an incident's entities and how they hang together, for a page that draws such text.
func (m *Main) drawIncident(v *incident.View, format string) error {
	if m.cli.JSON {
		return &quell.Error{Code: quell.CodeUsage, What: "--graph is no JSON", Next: "leave out --graph or --json"}
	}
	scope, _ := v.Scope() // an incident that was never scoped has what its findings name
	graph := incident.BuildGraph(v.Incident.Subject, v.FindingList(), scope.Entities)
	if format == "dot" {
		return graph.DOT(m.Stdout)
	}
	return graph.Mermaid(m.Stdout)
}

// change records a person's change and says what became of it.
func (m *Main) change(ctx context.Context, id string, change quell.Change, done string) error {
	return m.withHome(ctx, func(h *home) error {
		if err := h.desk.Change(ctx, id, change); err != nil {
			return err
		}
		if m.cli.JSON {
			out, err := h.desk.Show(ctx, id)
			if err != nil {
				return err
			}
			return m.printJSON(out.View.Incident)
		}
		fmt.Fprintln(m.Stdout, done)
		return nil
	})
}

// IncidentConfirmCmd is `quell incident confirm`.
type IncidentConfirmCmd struct {
	Incident string `arg:""`
	Reason   string `help:"Why, for the record."`
}

// Run implements the command.
func (c *IncidentConfirmCmd) Run(ctx context.Context, m *Main) error {
	change := quell.Change{What: incident.ChangeStanding, To: string(quell.Confirmed), Reason: c.Reason}
	return m.change(ctx, c.Incident, change, "confirmed")
}

// IncidentDismissCmd is `quell incident dismiss`.
type IncidentDismissCmd struct {
	Incident string `arg:""`
	Reason   string `help:"Why, for the record." required:""`
}

// Run implements the command.
func (c *IncidentDismissCmd) Run(ctx context.Context, m *Main) error {
	change := quell.Change{What: incident.ChangeStanding, To: string(quell.Dismissed), Reason: c.Reason}
	return m.change(ctx, c.Incident, change, "dismissed; `quell undo "+c.Incident+"` shows what can be given back")
}

// IncidentMergeCmd is `quell incident merge`.
type IncidentMergeCmd struct {
	Incident string `arg:"" help:"The incident that ends."`
	Into     string `arg:"" help:"The incident that goes on."`
}

// Run implements the command.
func (c *IncidentMergeCmd) Run(ctx context.Context, m *Main) error {
	return m.change(ctx, c.Incident, quell.Change{What: incident.ChangeMerge, To: c.Into}, "merged into "+c.Into)
}

// IncidentAssignCmd is `quell incident assign`.
type IncidentAssignCmd struct {
	Incident string `arg:""`
	Role     string `arg:"" help:"incident-manager, security-analyst, system-administrator, legal or communications."`
	Person   string `arg:"" optional:"" help:"Who; nobody frees the role."`
}

// Run implements the command.
func (c *IncidentAssignCmd) Run(ctx context.Context, m *Main) error {
	return m.change(ctx, c.Incident, incident.Assign(quell.Role(c.Role), c.Person), "assigned")
}

// IncidentSeverityCmd is `quell incident severity`.
type IncidentSeverityCmd struct {
	Incident string `arg:""`
	Severity string `arg:"" help:"low, medium, high or critical."`
	Reason   string `help:"Why, for the record; needed to lower it."`
}

// Run implements the command.
func (c *IncidentSeverityCmd) Run(ctx context.Context, m *Main) error {
	return m.change(ctx, c.Incident, quell.Change{What: incident.ChangeSeverity, To: c.Severity, Reason: c.Reason}, "severity is "+c.Severity)
}

// IncidentNoteCmd is `quell incident note`.
type IncidentNoteCmd struct {
	Incident string `arg:""`
	Text     string `arg:""`
}

// Run implements the command.
func (c *IncidentNoteCmd) Run(ctx context.Context, m *Main) error {
	return m.withHome(ctx, func(h *home) error { return h.desk.Note(ctx, c.Incident, c.Text) })
}

// IncidentCloseCmd is `quell incident close`.
type IncidentCloseCmd struct {
	Incident string `arg:""`
	Reason   string `help:"Why, for the record."`
}

// Run implements the command.
func (c *IncidentCloseCmd) Run(ctx context.Context, m *Main) error {
	return m.withHome(ctx, func(h *home) error {
		if err := h.desk.Close(ctx, c.Incident, c.Reason); err != nil {
			return err
		}
		if !m.cli.JSON {
			fmt.Fprintf(m.Stdout, "closed; keep a copy that can be verified anywhere: quell incident export %s -o %s.bundle\n", c.Incident, c.Incident)
		}
		return nil
	})
}

// IncidentExportCmd is `quell incident export`.
type IncidentExportCmd struct {
	Incident string `arg:""`
	Output   string `short:"o" help:"The bundle's file." required:"" type:"path"`
}

// Run implements the command.
func (c *IncidentExportCmd) Run(ctx context.Context, m *Main) error {
	return m.withHome(ctx, func(h *home) error {
		if _, err := h.desk.Show(ctx, c.Incident); err != nil {
			return err
		}
		err := writeWhole(c.Output, func(w io.Writer) error { return h.desk.Log.Export(ctx, c.Incident, w, h.evidence.Open) })
		if err != nil {
			return err
		}
		if m.cli.JSON {
			return m.printJSON(map[string]any{"incident": c.Incident, "bundle": c.Output})
		}
		fmt.Fprintf(m.Stdout, "wrote %s; verify it anywhere: quell ledger verify %s\n", c.Output, c.Output)
		return nil
	})
}

// writeWhole writes a file that is either whole or not there: beside its place first, then renamed.
func writeWhole(path string, write func(io.Writer) error) (err error) {
	part := path + ".part"
	f, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	err = errors.Join(write(f), f.Sync(), f.Close())
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(part))
	}
	return os.Rename(part, path)
}

// withHome opens the state folder around a piece of work.
func (m *Main) withHome(ctx context.Context, work func(*home) error) error {
	h, err := m.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(work(h), h.Close())
}

// ReviewCmd is `quell review`.
type ReviewCmd struct {
	Incident string `arg:"" help:"The incident's id."`
	Output   string `short:"o" help:"Format: md, html or json." default:"md" enum:"md,html,json"`
	Out      string `help:"Write to a file instead of stdout." type:"path"`
}

// Run implements the command.
func (c *ReviewCmd) Run(ctx context.Context, m *Main) error {
	return m.withHome(ctx, func(h *home) error {
		report, err := h.desk.Review(ctx, c.Incident)
		if err != nil {
			return err
		}
		format := c.Output
		if m.cli.JSON {
			format = "json"
		}
		var text bytes.Buffer
		switch format {
		case "html":
			err = report.HTML(&text)
		case "json":
			err = report.JSON(&text)
		default:
			err = report.Markdown(&text)
		}
		if err != nil {
			return fmt.Errorf("write review: %w", err)
		}
		if c.Out == "" && format == "json" {
			return m.writeJSON(text.Bytes())
		}
		if c.Out == "" {
			_, err = m.Stdout.Write(text.Bytes())
			return err
		}
		return writeWhole(c.Out, func(w io.Writer) error { _, err := w.Write(text.Bytes()); return err })
	})
}

// LedgerCmd is `quell ledger`.
type LedgerCmd struct {
	Verify LedgerVerifyCmd `cmd:"" help:"Verify the ledger, or a bundle with nothing but this binary."`
}

// LedgerVerifyCmd is `quell ledger verify`.
type LedgerVerifyCmd struct {
	Bundle     string   `arg:"" optional:"" help:"A bundle; without one, this home's ledger." type:"existingfile"`
	Key        string   `help:"The key's fingerprint, or the key, known from elsewhere."`
	Checkpoint []string `help:"Checkpoints kept from earlier; what was cut off since shows against them." type:"existingfile"`
}

// Run implements the command.
func (c *LedgerVerifyCmd) Run(ctx context.Context, m *Main) error {
	var pinned [][]byte
	for _, path := range c.Checkpoint {
		data, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read checkpoint: %w", err)
		}
		pinned = append(pinned, data)
	}
	if c.Bundle == "" {
		return m.withHome(ctx, func(h *home) error {
			if c.Key != "" && !h.desk.Log.Key().Matches(c.Key) {
				return &quell.Error{Code: quell.CodeFailed, What: "this home's ledger is signed by another key: " + h.desk.Log.Key().Fingerprint()}
			}
			report, err := h.desk.Log.Verify(ctx, pinned...)
			if err != nil {
				return err
			}
			return m.printVerified(report)
		})
	}
	f, err := os.Open(c.Bundle)
	if err != nil {
		return fmt.Errorf("open bundle: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	report, err := verifyBundle(f, info.Size(), c.Key, pinned)
	if err != nil {
		return err
	}
	return m.printVerified(report)
}
