package source

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestProgressInTheMiddle looks while a file is being read: what is told after it is told too late.
func TestProgressInTheMiddle(t *testing.T) {
	const size = 8 << 20
	root := tree(t, map[string]string{"big.json": "[" + strings.Repeat("1,", size/2-1) + "]"})
	p := new(Progress)
	_, err := Files(t.Context(), []string{root}, Options{Progress: p}, func(_ context.Context, d Document) error {
		last := int64(-1)
		for _, part := range []int64{size / 4, size / 4, size / 4} {
			if _, err := io.CopyN(io.Discard, d.Reader, part); err != nil {
				return err
			}
			got := p.Look()
			if got.Bytes <= last || got.Bytes < part || got.Bytes >= size || got.Files != 0 {
				t.Errorf("after %d bytes more: %+v, before %d", part, got, last)
			}
			last = got.Bytes
		}
		return nil // what is left is passed over, and counts as done with
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Look(); got.Bytes != size || got.Files != 1 {
		t.Errorf("at the end %+v, want %d bytes of 1 file", got, size)
	}
}

// TestProgressTotals counts what a folder holds, without what the options leave out.
func TestProgressTotals(t *testing.T) {
	root := tree(t, map[string]string{
		"a.json": "{}", "b/c.json.gz": gz(t, "[{}]"), "notes.txt": "hello", "empty": "", ".git/objects": "xxxxxxxx",
		"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/04/111122223333_CloudTrail_eu-west-1_20260304T0000Z_x.json.gz": "left out by the account",
	})
	if err := os.Symlink(root, filepath.Join(root, "loop")); err != nil {
		t.Fatal(err)
	}
	p := new(Progress)
	opts := Options{Accounts: []string{"999999999999"}, Progress: p}
	p.survey(t.Context(), []string{root}, opts)
	want := int64(len("{}") + len("hello") + len(gz(t, "[{}]")))
	if got := p.Look(); got != (Reached{Total: want, TotalFiles: 4}) {
		t.Errorf("counted %+v, want %d bytes in 4 files", got, want)
	}
	p.bytes.Add(want + 1)
	if got := p.Look(); got.Total != want+1 {
		t.Errorf("more read than there is: %+v", got)
	}
}

// TestProgressUnknown holds that no total is made up for what ends when it ends.
func TestProgressUnknown(t *testing.T) {
	root := tree(t, map[string]string{"a.json": "{}"})
	p := new(Progress)
	opts := Options{Stdin: strings.NewReader("{}"), Progress: p}
	if _, err := Files(t.Context(), []string{root, "-"}, opts, func(_ context.Context, d Document) error {
		_, err := io.Copy(io.Discard, d.Reader)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if got := p.Look(); got != (Reached{Bytes: 4, Total: -1, Files: 2, TotalFiles: -1}) {
		t.Errorf("%+v", got)
	}
	p.pass(filepath.Join(root, "a.json"))
	p.pass(filepath.Join(root, "gone.json"))
	if got := p.Look(); got.Bytes != 6 || got.Files != 4 {
		t.Errorf("files that could not be opened: %+v", got)
	}
}
