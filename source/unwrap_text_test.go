package source

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/quell-ir/quell"
)

// golden compares got with the .want file beside an example.
func golden(t *testing.T, file, got string) {
	t.Helper()
	wantFile := strings.TrimSuffix(file, filepath.Ext(file)) + filepath.Ext(file) + ".want"
	if *update {
		if err := os.WriteFile(wantFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(wantFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

// examples lists a folder's examples.
func examples(t *testing.T, pattern string) []string {
	t.Helper()
	all, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, file := range all {
		if filepath.Ext(file) != ".want" {
			out = append(out, file)
		}
	}
	if len(out) == 0 {
		t.Fatalf("no examples at %s", pattern)
	}
	return out
}

// handed writes what Files makes of one file: the kind, the lines, and what the report says.
func handed(t *testing.T, name, text string) string {
	t.Helper()
	root := tree(t, map[string]string{name: text})
	var mu sync.Mutex
	var b strings.Builder
	report, err := Files(t.Context(), []string{root}, Options{}, func(_ context.Context, d Document) error {
		mu.Lock()
		defer mu.Unlock()
		var found []quell.Finding
		d.TakeFindings(func(f quell.Finding) { found = append(found, f) })
		lines, err := io.ReadAll(d.Reader)
		fmt.Fprintf(&b, "%s\n", d.Kind)
		for line := range strings.Lines(string(lines)) {
			if strings.TrimSpace(line) != "" { // which stands where a finding stood
				b.WriteString(line)
			}
		}
		for _, f := range found {
			fmt.Fprintf(&b, "finding %s of %s, %s: %s\n", f.ID, f.Source, f.Severity, f.Title)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range report.Skipped {
		fmt.Fprintf(&b, "skipped: %s\n", s.Why)
		for _, row := range s.Rows {
			fmt.Fprintf(&b, "  row %d: %s\n", row.Line, row.Why)
		}
	}
	return b.String()
}

func TestUnwrapGolden(t *testing.T) {
	for _, file := range examples(t, "testdata/export/*") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := handed(t, "export", string(data))
			golden(t, file, got)
			// Firehose compresses once more what came compressed.
			if again := handed(t, "export", gz(t, gz(t, string(data)))); again != got {
				t.Errorf("compressed twice it differs: %s", cmp.Diff(got, again))
			}
		})
	}
}

func TestUnwrapNothing(t *testing.T) {
	for text, want := range map[string]string{
		`{"events":[]}`: "skipped: an export without a record in it\n",
		`{"events":[{"message":"chatter"}]}`: "skipped: an export without a record in it; 1 of 1 rows gave no whole record, first row 1: no record: chatter\n" +
			"  row 1: no record: chatter\n",
		"eventtime,eventname\n": "skipped: an export without a record in it\n",
		gz(t, gz(t, "")[:9]):    "skipped: truncated gzip in gzip: unexpected EOF\n",
	} {
		if got := handed(t, "f", text); got != want {
			t.Errorf("%.40q: %s", text, got)
		}
	}
}
