package baselines_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/store/baselines"
)

func read(t *testing.T, f baselines.File) string {
	t.Helper()
	var out string
	if err := f.Read(func(r io.Reader) error {
		text, err := io.ReadAll(r)
		out = string(text)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func add(f baselines.File, more string) error {
	return f.Update(func(old io.Reader, out io.Writer) error {
		if _, err := io.Copy(out, old); err != nil {
			return err
		}
		_, err := io.WriteString(out, more)
		return err
	})
}

func TestRoundTrip(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "home")
	f := baselines.In(dir)
	if f.Exists() || read(t, f) != "" {
		t.Fatal("something is there before anything was kept")
	}
	if err := errors.Join(add(f, "a"), add(f, "b")); err != nil {
		t.Fatal(err)
	}
	if got := read(t, f); got != "ab" || !f.Exists() {
		t.Errorf("kept %q", got)
	}
	info, err := os.Stat(filepath.Join(dir, "baseline.jsonl"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := errors.Join(f.Remove(), f.Remove()); err != nil || f.Exists() {
		t.Errorf("remove: %v", err)
	}
}

// TestFailureKeepsTheOld: a change that fails in the middle leaves what was there, and nothing beside it.
func TestFailureKeepsTheOld(t *testing.T) {
	dir := t.TempDir()
	f := baselines.In(dir)
	if err := add(f, "old"); err != nil {
		t.Fatal(err)
	}
	said := &quell.Error{Code: quell.CodeUsage, What: "no"}
	err := f.Update(func(_ io.Reader, out io.Writer) error {
		if _, err := io.WriteString(out, "half"); err != nil {
			return err
		}
		return said
	})
	if !errors.Is(err, said) || quell.CodeOf(err) != quell.CodeUsage {
		t.Errorf("the error became %v", err)
	}
	if got := read(t, f); got != "old" {
		t.Errorf("kept %q", got)
	}
	names, err := os.ReadDir(dir)
	if err != nil || len(names) != 2 { // the file and its lock
		t.Errorf("left %v, %v", names, err)
	}
}

// TestNobodyLosesAnything: many writers at once all get their word in.
func TestNobodyLosesAnything(t *testing.T) {
	f := baselines.In(t.TempDir())
	var group errgroup.Group
	for range 20 {
		group.Go(func() error { return add(f, "x") })
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, f); got != strings.Repeat("x", 20) {
		t.Errorf("kept %q", got)
	}
}

func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "baseline.jsonl"), 0o700); err != nil {
		t.Fatal(err)
	}
	err := add(baselines.In(dir), "x")
	var told *quell.Error
	if !errors.As(err, &told) || told.Next == "" {
		t.Errorf("error %v says not what to do", err)
	}
}
