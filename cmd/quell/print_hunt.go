package main

import (
	"encoding/csv"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/hunt"
	"github.com/quell-ir/quell/incident"
)

// printHunt writes a result in one of the formats.
func (m *Main) printHunt(r hunt.Result, format string) error {
	switch format {
	case "json":
		return m.printJSON(r)
	case "csv":
		return writeHuntCSV(m.Stdout, r)
	case "ocsf":
		return writeHuntOCSF(m.Stdout, r)
	case "html":
		return huntPage.Execute(m.Stdout, huntView(r))
	}
	return writeHuntTable(m.Stdout, r)
}

// writeHuntTable fits eighty columns.
func writeHuntTable(w io.Writer, r hunt.Result) error {
	if len(r.Findings) > 0 {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "TIME (UTC)\tSEVERITY\tWHO\tFINDING")
		for _, f := range r.Findings {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", f.Time.UTC().Format("01-02 15:04:05"), f.Severity, quell.Cut(actorOf(f), 18), quell.Cut(f.Title, 34))
		}
		if err := t.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	for _, in := range r.Incidents {
		book := in.Playbook
		if book == "" {
			book = "no playbook yet"
		}
		fmt.Fprintf(w, "%s  %-8s %s\n    %d findings, %s to %s; playbook: %s\n", in.ID, in.Severity, quell.Cut(in.Title, 56),
			len(in.Findings), in.Since.UTC().Format("01-02 15:04Z"), in.LastSeen.UTC().Format("01-02 15:04Z"), book)
	}
	fmt.Fprintf(w, "%d incidents, %d findings; %s\n", len(r.Incidents), len(r.Findings), readLine(r))
	for i, s := range r.Skipped {
		if i == 10 {
			fmt.Fprintf(w, "  and %d more not read; --json lists them\n", len(r.Skipped)-i)
			break
		}
		fmt.Fprintf(w, "  not read: %s: %s\n", quell.Cut(s.Path, 60), quell.Cut(s.Why, 100))
	}
	for _, b := range r.Blind {
		fmt.Fprintf(w, "  not seen: %s\n", quell.Cut(b, 120))
	}
	return nil
}

// readLine says what was read and what was not.
func readLine(r hunt.Result) string {
	if len(r.Read) > 0 && !strings.Contains(r.Read[0], "complete to") {
		return fmt.Sprintf("%d events read, %d skipped; %s", r.Events, len(r.Skipped), strings.Join(r.Read, "; "))
	}
	if len(r.Read) > 0 || len(r.Blind) > 0 {
		return fmt.Sprintf("%d events of %d regions read, %d things not seen", r.Events, len(r.Read), len(r.Blind))
	}
	return fmt.Sprintf("%d events in %d files read, %d skipped", r.Events, r.Files, len(r.Skipped))
}

func actorOf(f quell.Finding) string {
	for _, e := range f.Entities {
		if e.Part == quell.PartActor && e.Kind != quell.KindAccessKey && e.Kind != quell.KindIP {
			return incident.Name(e)
		}
	}
	return "-"
}

func writeHuntCSV(w io.Writer, r hunt.Result) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"time", "severity", "rule", "title", "account", "region", "actor", "source_ip", "techniques", "events", "id"}); err != nil {
		return err
	}
	for _, f := range r.Findings {
		ip := ""
		if len(f.Seen) > 0 {
			ip = f.Seen[0].SourceIP
		}
		row := []string{
			f.Time.UTC().Format(time.RFC3339), f.Severity.String(), f.Rule, f.Title, f.Account, f.Region, actorOf(f), ip,
			strings.Join(f.Techniques, " "), strings.Join(f.Events, " "), f.ID,
		}
		for i := range row {
			row[i] = quell.CleanCell(row[i])
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

var huntPage = template.Must(template.New("hunt").Funcs(template.FuncMap{"clean": cleanValue}).Parse(huntHTML))

// cleanValue cleans whatever a template prints, its named string types too.
func cleanValue(v any) string { return quell.Clean(fmt.Sprint(v)) }

type huntPageView struct {
	hunt.Result
	Techniques []techniqueCount
	Line       string
}

type techniqueCount struct {
	ID    string
	Count int
}

func huntView(r hunt.Result) huntPageView {
	counts := map[string]int{}
	for _, f := range r.Findings {
		for _, t := range f.Techniques {
			counts[t]++
		}
	}
	view := huntPageView{Result: r, Line: readLine(r)}
	for _, id := range slices.Sorted(maps.Keys(counts)) {
		view.Techniques = append(view.Techniques, techniqueCount{id, counts[id]})
	}
	return view
}

// ocsfSeverity maps to OCSF's severity_id. Source: OCSF schema, base event, severity_id.
var ocsfSeverity = map[quell.Severity]int{quell.Low: 2, quell.Medium: 3, quell.High: 4, quell.Critical: 5}

// writeHuntOCSF writes OCSF Detection Finding (class 2004) records, one JSON value: a list.
func writeHuntOCSF(w io.Writer, r hunt.Result) error {
	list := []map[string]any{}
	for _, f := range r.Findings {
		attacks := []map[string]any{}
		for _, t := range f.Techniques {
			attacks = append(attacks, map[string]any{"technique": map[string]any{"uid": t}})
		}
		resources := []map[string]any{}
		for _, e := range f.Entities {
			resources = append(resources, map[string]any{"uid": quell.Clean(e.ID), "name": quell.Clean(e.Name), "type": string(e.Kind)})
		}
		list = append(list, map[string]any{
			"class_uid": 2004, "class_name": "Detection Finding", "category_uid": 2, "category_name": "Findings",
			"activity_id": 1, "activity_name": "Create", "type_uid": 200401, "time": f.Time.UnixMilli(),
			"severity_id": ocsfSeverity[f.Severity], "severity": strings.ToUpper(f.Severity.String()[:1]) + f.Severity.String()[1:],
			"status_id": 1, "status": "New",
			"metadata": map[string]any{"version": "1.3.0", "product": map[string]any{"name": "Quell", "vendor_name": "Quell"}},
			"finding_info": map[string]any{
				"uid": f.ID, "title": f.Title, "desc": quell.Clean(f.Why), "created_time": f.Time.UnixMilli(), "attacks": attacks,
				"analytic": map[string]any{"uid": f.Rule, "type_id": 1, "type": "Rule"},
			},
			"cloud":     map[string]any{"provider": "AWS", "region": f.Region, "account": map[string]any{"uid": f.Account}},
			"resources": resources,
			"unmapped":  map[string]any{"events": f.Events},
		})
	}
	return (&Main{Stdout: w}).printJSON(list)
}
