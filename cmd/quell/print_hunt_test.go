package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect/baseline"
	"github.com/quell-ir/quell/hunt"
	"github.com/quell-ir/quell/source"
)

// hostileResult has every hostile text in every place of a result where text from logs can stand.
func hostileResult() hunt.Result {
	r := hunt.Result{Events: 1 << 40, Files: 1 << 30}
	at := time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC)
	for n, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range hostileTexts() {
			if !yield(name) {
				return
			}
		}
	}) {
		text := hostileTexts()[name]
		severity := quell.Severity(n % 4)
		entities := []quell.Entity{
			{Kind: quell.KindUser, ID: "AIDA" + text, Name: text, ARN: "arn:aws:iam::1:user/" + text, Account: text, Region: text, Part: quell.PartActor},
			{Kind: quell.EntityKind(text), ID: text, Of: text, Part: quell.Part(text)}, {Kind: quell.KindIP, ID: text, Part: quell.PartUsed},
		}
		r.Findings = append(r.Findings, quell.Finding{
			ID: fmt.Sprintf("f-%d", n), Rule: text, Title: text, Severity: severity, Techniques: []string{"T1078.004", text}, Time: at.Add(time.Duration(n) * time.Minute),
			Account: text, Region: text, Entities: entities, Events: []string{text, text, text, text}, Why: text, Source: text,
			Seen: []quell.Event{{ID: text, Time: at, Source: text, Name: text, SourceIP: text, UserAgent: text, ErrorCode: text, Origin: text,
				Actor: quell.Actor{Type: text, Principal: text, ARN: text, Name: text, Account: text, AccessKey: text, IssuerARN: text, InvokedBy: text}}},
		})
		r.Incidents = append(r.Incidents, quell.Incident{ID: "q-0123456789", Title: text, Severity: severity, Playbook: text, Findings: []string{"f-1"}, Entities: entities, Since: at, LastSeen: at})
		r.Skipped = append(r.Skipped, source.Skipped{Path: "/logs/" + text, Why: text})
		r.Blind = append(r.Blind, text)
		r.Read = append(r.Read, text)
		r.LeftOut = append(r.LeftOut, hunt.LeftOut{Rule: text, Title: text, Severity: severity, Findings: 7})
	}
	return r
}

func TestHuntTableFitsEightyColumns(t *testing.T) {
	r := hostileResult()
	for _, skipped := range [][]source.Skipped{r.Skipped[:5], r.Skipped} {
		r.Skipped = skipped
		var out bytes.Buffer
		if err := writeHuntTable(&out, r); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			line = strings.TrimSuffix(line, "\n")
			if n := columnsOf(line); n > tableColumns || quell.Clean(line) != line {
				t.Errorf("%d columns: %q", n, line)
			}
		}
	}
}

func TestHuntTableSaysAll(t *testing.T) {
	at := time.Date(2026, 3, 2, 3, 4, 5, 0, time.UTC)
	r := hunt.Result{
		Events: 12, Files: 3, Blind: []string{"no S3 data events"},
		Findings: []quell.Finding{{Time: at, Severity: quell.Critical, Title: "雪だるま was here, in a place where nobody looked for it",
			Entities: []quell.Entity{{Kind: quell.KindUser, ID: "AIDA1", Name: "mallory", Part: quell.PartActor}}}},
		Incidents: []quell.Incident{{ID: "q-0123456789", Severity: quell.High, Title: "A trail was stopped", Since: at, LastSeen: at.Add(time.Hour), Findings: []string{"f-1"}}},
	}
	for n := range 13 {
		n = max(n-1, 0) // the first has two reasons
		r.Skipped = append(r.Skipped, source.Skipped{Path: fmt.Sprintf("/logs/%d", n), Why: "empty"})
	}
	var out bytes.Buffer
	if err := writeHuntTable(&out, r); err != nil {
		t.Fatal(err)
	}
	want := `TIME (UTC)      SEVERITY  WHO                 FINDING
03-02 03:04:05  critical  user mallory        雪だるま was here, in a place whe…

q-0123456789  high      A trail was stopped
    1 findings, 03-02 03:04Z to 03-02 04:04Z; playbook: no playbook yet
1 incidents, 1 findings; 12 events in 3 files read, 13 skipped, 1 things not
  seen
`
	for n := range 10 {
		want += fmt.Sprintf("  not read: /logs/%d: empty%s\n", n, map[bool]string{true: " (and 1 more)"}[n == 0])
	}
	want += "  and 2 more not read; --json lists them\n  not seen: no S3 data events\n"
	if got := out.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestReadLine(t *testing.T) {
	for want, r := range map[string]hunt.Result{
		"5 events in 2 files read, 1 skipped":                    {Events: 5, Files: 2, Skipped: make([]source.Skipped, 1)},
		"5 events in 2 files read, 0 skipped, 3 things not seen": {Events: 5, Files: 2, Blind: make([]string, 3)},
		"0 events of 0 regions read, 2 things not seen":          {Blind: make([]string, 2)},
		"7 events of 1 regions read, 1 things not seen":          {Events: 7, Read: []string{"eu-west-1: 7 events, complete to x"}, Blind: make([]string, 1)},
		"7 events read, 0 skipped; log group a: 7 lines; b":      {Events: 7, Read: []string{"log group a: 7 lines", "b"}},
	} {
		if got := readLine(r); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestHuntCSV holds what a spreadsheet opens: as many cells in each row, and none that it would compute.
func TestHuntCSV(t *testing.T) {
	r := hostileResult()
	var out bytes.Buffer
	if err := writeHuntCSV(&out, r); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll() // wants the same number of cells in every row
	if err != nil || len(rows) != len(r.Findings)+1 || len(rows[0]) != 11 {
		t.Fatalf("%d rows for %d findings: %v", len(rows), len(r.Findings), err)
	}
	for _, row := range rows[1:] {
		for i, cell := range row {
			if quell.Clean(cell) != cell || strings.ContainsAny(cell[:min(1, len(cell))], "=+@|%") || strings.HasPrefix(cell, "-") && cell != "'-" {
				t.Errorf("column %s: %.40q", rows[0][i], cell)
			}
		}
	}
}

// TestOtherTablesFitEightyColumns runs the commands that list what Quell is made of.
func TestOtherTablesFitEightyColumns(t *testing.T) {
	for _, args := range [][]string{{"rules", "list"}, {"rules", "coverage"}, {"playbooks", "list"}, {"actions", "list"}, {"baseline", "show"}} {
		var out, errs bytes.Buffer
		home := t.TempDir()
		m := &Main{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Clock: quell.WallClock{}, Getenv: func(name string) string {
			return map[string]string{"HOME": home, "QUELL_HOME": home}[name]
		}}
		if status := m.Run(t.Context(), args); status != exitOK {
			t.Errorf("%v: status %d: %s", args, status, errs.String())
		}
		wide := 0
		for line := range strings.Lines(out.String()) {
			line = strings.TrimSuffix(line, "\n")
			if n := columnsOf(line); n > tableColumns {
				if wide++; wide < 3 {
					t.Errorf("%v: %d columns: %q", args, n, line)
				}
			}
		}
	}
}

// TestProfilesFitEightyColumns lists principals that named themselves.
func TestProfilesFitEightyColumns(t *testing.T) {
	var list []*baseline.Profile
	for _, text := range hostileTexts() {
		list = append(list, &baseline.Profile{Account: text, Principal: text, Name: text})
	}
	var out bytes.Buffer
	if err := listProfiles(&out, list, 3); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != len(list)+2 || !strings.HasPrefix(lines[len(lines)-1], fmt.Sprintf("%d principals, 3 forgotten", len(list))) {
		t.Errorf("%d lines for %d profiles", len(lines), len(list))
	}
	for _, line := range lines {
		if n := columnsOf(line); n > tableColumns || quell.Clean(line) != line {
			t.Errorf("%d columns: %q", n, line)
		}
	}
}
