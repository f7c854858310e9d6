package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/hunt"
)

func coverageOf(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	m := &Main{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Clock: quell.WallClock{}, Getenv: func(name string) string {
		return map[string]string{"HOME": t.TempDir()}[name]
	}}
	if status := m.Run(t.Context(), append([]string{"rules", "coverage"}, args...)); status != exitOK {
		t.Fatalf("status %d: %s", status, errs.String())
	}
	return out.String()
}

func TestCoverageTableFitsEightyColumns(t *testing.T) {
	text := coverageOf(t)
	for _, line := range strings.Split(text, "\n") {
		if n := utf8.RuneCountInString(line); n > 80 {
			t.Errorf("%d columns: %q", n, line)
		}
	}
	for _, want := range []string{"T1562.008", "Stratus Red Team: 44 of 44", "s3 data events", "VPC flow logs", "leaked-credentials", "rules; not yet written"} {
		if !strings.Contains(text, want) {
			t.Errorf("the table does not say %q", want)
		}
	}
}

func TestCoverageJSONIsTheWhole(t *testing.T) {
	for _, args := range [][]string{{"-o", "json"}, {"--json"}} {
		var got hunt.Coverage
		if err := json.Unmarshal([]byte(coverageOf(t, args...)), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Tactics) != 14 || len(got.Stratus) != 44 || got.Rules < 45 {
			t.Errorf("%d tactics, %d techniques of Stratus, %d rules", len(got.Tactics), len(got.Stratus), got.Rules)
		}
	}
}

// TestCoveragePageHoldsNoMarkupOfRules shows rules written by others: their words are text on the page.
func TestCoveragePageHoldsNoMarkupOfRules(t *testing.T) {
	dir := t.TempDir()
	rule := "title: <script>alert(1)</script>\nname: '<img src=x onerror=alert(1)>'\ndata_needed: \"\\e[31m<b>logs</b>\"\nplaybook: '</table>'\n" +
		"tags: [attack.t1078]\nlogsource: {product: aws, service: cloudtrail}\ndetection: {s: {eventName: X}, condition: s}\nlevel: high\n"
	if err := os.WriteFile(filepath.Join(dir, "hostile.yml"), []byte(rule), 0o600); err != nil {
		t.Fatal(err)
	}
	page := coverageOf(t, "-o", "html", "--rules", dir, "--no-builtin")
	for _, bad := range []string{"<script", "<img", "<b>", "\x1b"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	if !strings.Contains(page, "ransomware<br><small>") || !strings.Contains(page, "(not yet written)") {
		t.Error("the page does not say which playbooks are not yet written")
	}
	if !strings.Contains(page, "&lt;img src=x") || !strings.Contains(page, "T1078") {
		t.Error("the rule is not on the page")
	}
	wide := strings.NewReplacer("<img src=x onerror=alert(1)>", strings.Repeat("規則", 30), "</table>", strings.Repeat("🔥", 50), "<b>logs</b>", strings.Repeat("ログ", 40)).Replace(rule)
	if err := os.WriteFile(filepath.Join(dir, "wide.yml"), []byte(wide), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(coverageOf(t, "--rules", dir, "--no-builtin"), "\n") {
		if n := columnsOf(line); n > 80 {
			t.Errorf("%d columns: %q", n, line)
		}
	}
	if table := coverageOf(t, "--rules", dir, "--no-builtin"); strings.Contains(table, "\x1b") || !strings.Contains(table, "0 of 44") {
		t.Errorf("the table: %q", table)
	}
}
