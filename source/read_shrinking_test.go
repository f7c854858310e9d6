package source

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFilesCutWhileRead cuts a file, and lets another grow, in the middle of reading them. The cut is between two records,
// where nothing in the text tells of it.
func TestFilesCutWhileRead(t *testing.T) {
	const record = "{\"eventName\":\"X\"}\n"
	const whole = 400_000 * len(record)
	root := tree(t, map[string]string{"cut.json": strings.Repeat(record, 400_000), "grown.json": strings.Repeat(record, 400_000)})
	got := map[string]int64{}
	report, err := Files(t.Context(), []string{root}, Options{Workers: 1}, func(_ context.Context, d Document) error {
		n, err := io.CopyN(io.Discard, d.Reader, 1<<20)
		if err != nil {
			return err
		}
		if filepath.Base(d.Origin) == "cut.json" {
			err = os.Truncate(d.Origin, int64(200_000*len(record)))
		} else {
			err = appendTo(d.Origin, record)
		}
		if err != nil {
			return err
		}
		rest, err := io.Copy(io.Discard, d.Reader)
		got[filepath.Base(d.Origin)] = n + rest
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got["cut.json"] != int64(200_000*len(record)) || got["grown.json"] != int64(whole+len(record)) {
		t.Errorf("read %v", got)
	}
	if len(report.Skipped) != 1 || !strings.HasSuffix(report.Skipped[0].Path, "cut.json") || !strings.Contains(report.Skipped[0].Why, "cut while it was read") {
		t.Errorf("skipped %v", report.Skipped)
	}
}

func appendTo(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(text)
	return err
}
