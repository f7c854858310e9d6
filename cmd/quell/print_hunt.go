package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/hunt"
	"github.com/quell-ir/quell/incident"
	"github.com/quell-ir/quell/source"
)

// tableColumns is the width that tables keep to, whatever the terminal: they are pasted into tickets and mails.
const tableColumns = 80

// printHunt writes a result in one of the formats.
func (m *Main) printHunt(r hunt.Result, format string) error {
	switch format {
	case "json":
		return m.printHuntJSON(r)
	case "csv":
		m.sayRead(r)
		return writeHuntCSV(m.Stdout, r)
	case "ocsf":
		m.sayRead(r)
		return writeHuntOCSF(m.Stdout, r)
	case "html":
		return writeHuntPage(m.Stdout, r)
	}
	return writeHuntTable(m.Stdout, r)
}

// sayRead tells beside the findings what these formats have no place for: an empty list of findings says nothing by itself.
func (m *Main) sayRead(r hunt.Result) {
	m.say("%d findings; %s", len(r.Findings), quell.Clean(readLine(r)))
	for _, l := range r.LeftOut {
		m.say("not listed: %d %s findings of %s", l.Findings, l.Severity, quell.Cut(l.Title, 100))
	}
}

// maxTableSkipped is how many things that were not read a table names: of a folder of pictures there may be thousands.
const maxTableSkipped = 10

// maxTableLogs is how many kinds of log that were not there a table tells of.
const maxTableLogs = 3

// writeHuntTable fits eighty columns.
func writeHuntTable(w io.Writer, r hunt.Result) error {
	var b strings.Builder
	// Columns are of fixed width: one hostile name must not push all others out of place.
	row := func(when, severity, who, title string) {
		b.WriteString(strings.TrimRight(pad(when, 14)+"  "+pad(severity, 8)+"  "+pad(who, 18)+"  "+fit(title, 34), " ") + "\n")
	}
	if len(r.Findings) > 0 {
		row("TIME (UTC)", "SEVERITY", "WHO", "FINDING")
		for _, f := range r.Findings {
			row(f.Time.UTC().Format("01-02 15:04:05"), f.Severity.String(), actorOf(f), f.Title)
		}
		b.WriteString("\n")
	}
	for _, in := range r.Incidents {
		book := in.Playbook
		if book == "" {
			book = "no playbook yet"
		}
		head := pad(in.ID, 12) + "  " + pad(in.Severity.String(), 8) + "  "
		b.WriteString(head + fit(in.Title, tableColumns-columnsOf(head)) + "\n")
		wrap(&b, "    ", fmt.Sprintf("%d findings, %s to %s; playbook: %s", len(in.Findings),
			in.Since.UTC().Format("01-02 15:04Z"), in.LastSeen.UTC().Format("01-02 15:04Z"), quell.Cut(book, 60)))
	}
	wrap(&b, "", fmt.Sprintf("%d incidents, %d findings; %s", len(r.Incidents), len(r.Findings), readLine(r)))
	writeSkipped(&b, r.Skipped)
	unseen, more := r.Unseen(maxTableLogs)
	for _, blind := range unseen {
		wrap(&b, "  ", "not seen: "+quell.Cut(blind, 240))
	}
	if more > 0 {
		fmt.Fprintf(&b, "  and %d more kinds of log not seen; --json lists them\n", more)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}

// writeSkipped names each path once: one broken file has a hundred reasons, which would hide all others.
func writeSkipped(b *strings.Builder, list []source.Skipped) {
	first := map[string]int{}
	var order []string
	times := map[string]int{}
	for i, s := range list {
		if times[s.Path]++; times[s.Path] == 1 {
			first[s.Path] = i
			order = append(order, s.Path)
		}
	}
	for i, path := range order {
		if i == maxTableSkipped {
			fmt.Fprintf(b, "  and %d more not read; --json lists them\n", len(order)-i)
			return
		}
		why := quell.Cut(list[first[path]].Why, 200)
		if n := times[path] - 1; n > 0 {
			why += fmt.Sprintf(" (and %d more)", n)
		}
		wrap(b, "  ", "not read: "+quell.Cut(path, 160)+": "+why)
	}
}

// readLine says what was read and what was not. An empty hunt is worth as much as this sentence.
func readLine(r hunt.Result) string {
	if len(r.Read) > 0 && !strings.Contains(r.Read[0], "complete to") {
		return fmt.Sprintf("%d events read, %d skipped; %s", r.Events, len(r.Skipped), strings.Join(r.Read, "; "))
	}
	// Files too leave things unseen: rules whose log is not among them.
	if len(r.Read) > 0 || len(r.Blind) > 0 && r.Files == 0 {
		return fmt.Sprintf("%d events of %d regions read, %d things not seen", r.Events, len(r.Read), len(r.Blind))
	}
	line := fmt.Sprintf("%d events in %d files read, %d skipped", r.Events, r.Files, len(r.Skipped))
	if len(r.Blind) > 0 {
		line += fmt.Sprintf(", %d things not seen", len(r.Blind))
	}
	return line
}

// actorOf prefers who acted to the key it was done with: a key's id says nothing to a person.
func actorOf(f quell.Finding) string {
	for _, e := range f.Entities {
		if e.Part == quell.PartActor && e.Kind != quell.KindAccessKey && e.Kind != quell.KindIP {
			return incident.Name(e)
		}
	}
	return "-"
}
