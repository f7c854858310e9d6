package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
)

// still is a clock that stands.
type still struct{ quell.WallClock }

func (still) Now() time.Time { return time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC) }

func found(ids ...string) (out []quell.Finding) {
	for _, id := range ids {
		out = append(out, quell.Finding{ID: id, Rule: "r", Title: "line\nbreak \x1b[31m", Severity: quell.Low})
	}
	return out
}

// kept are the ids in the journal, in order.
func kept(t testing.TB, j *Journal) (ids []string) {
	t.Helper()
	if err := j.Read(func(f quell.Finding) error { ids = append(ids, f.ID); return nil }); err != nil {
		t.Fatal(err)
	}
	return ids
}

func keep(t testing.TB, j *Journal, ids ...string) {
	t.Helper()
	if err := j.Keep(found(ids...)); err != nil {
		t.Fatal(err)
	}
}

func TestKeepOnce(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "not", "there")
	j := In(folder, still{})
	if got := kept(t, j); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
	keep(t, j, "a", "b", "a")
	keep(t, j, "b", "c")
	keep(t, j)
	worse := found("b")
	worse[0].Severity = quell.High
	for range 2 {
		if err := j.Keep(worse); err != nil {
			t.Fatal(err)
		}
	}
	// Another process, or this one after a crash, knows what is there.
	again := In(folder, still{})
	keep(t, again, "a", "d")
	keep(t, j, "d", "e")
	if got := kept(t, j); !slices.Equal(got, []string{"a", "b", "c", "b", "d", "e"}) {
		t.Errorf("kept %v", got)
	}
	info, err := os.Stat(j.Path())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	for _, j := range []*Journal{j, again, again} {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestTorn: whatever a crash left of the last line is gone before the next, and what stood before it is not.
func TestTorn(t *testing.T) {
	for _, tail := range []string{`{"id":"b"`, `{"id":"b"}`, "\x00\x00\x00"} {
		j := In(t.TempDir(), still{})
		keep(t, j, "a")
		file, err := os.OpenFile(j.Path(), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteString(tail); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		keep(t, In(j.folder, still{}), "b")
		if got := kept(t, j); !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("after %q: %v", tail, got)
		}
	}
}

// TestRotate: files are renamed and none is lost, though the clock stands, and what the last of them holds is known.
func TestRotate(t *testing.T) {
	j := In(t.TempDir(), still{})
	j.limit = 1
	other := In(j.folder, still{})
	other.limit = 1
	for i := range 4 {
		keep(t, j, fmt.Sprint("j", i))
		keep(t, other, fmt.Sprint("o", i), fmt.Sprint("j", i))
	}
	if got := kept(t, j); !slices.Equal(got, []string{"j0", "o0", "j1", "o1", "j2", "o2", "j3", "o3"}) {
		t.Errorf("kept %v", got)
	}
	list, err := j.olderFiles()
	if err != nil || len(list) != 7 {
		t.Errorf("%v %v", list, err)
	}
	third := In(j.folder, still{})
	keep(t, third, "o3", "j3")
	if got := kept(t, j); len(got) != 8 {
		t.Errorf("kept again: %v", got)
	}
}

// TestRefused: what could not be kept is an error, and is kept when there is room again.
func TestRefused(t *testing.T) {
	j := In(t.TempDir(), still{})
	keep(t, j, "a")
	// A file opened for reading stands for a disk that takes nothing more.
	whole := j.file
	blind, err := os.Open(j.Path())
	if err != nil {
		t.Fatal(err)
	}
	j.file = blind
	err = j.Keep(found("b"))
	if quell.CodeOf(err) != quell.CodeFailed || !strings.Contains(err.Error(), "nothing was let go") {
		t.Errorf("error %v", err)
	}
	j.file = whole
	keep(t, j, "b")
	if got := kept(t, j); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("kept %v", got)
	}
	if err := os.Truncate(j.Path(), 0); err != nil {
		t.Fatal(err)
	}
	keep(t, j, "c")
	if got := kept(t, j); !slices.Equal(got, []string{"c"}) {
		t.Errorf("after it was emptied: %v", got)
	}
	if err := os.WriteFile(filepath.Join(j.folder, "findings-0.jsonl"), []byte("no\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := j.Read(nil); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("error %v", err)
	}
	enough := errors.New("enough")
	if err := os.Remove(filepath.Join(j.folder, "findings-0.jsonl")); err != nil {
		t.Fatal(err)
	}
	if err := j.Read(func(quell.Finding) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("error %v", err)
	}
	if err := In("/dev/null/x", still{}).Keep(found("a")); err == nil {
		t.Error("kept in no folder")
	}
}

// TestTogether: of several that keep the same at once each finding is kept once.
func TestTogether(t *testing.T) {
	folder := t.TempDir()
	var group errgroup.Group
	for range 4 {
		group.Go(func() error {
			j := In(folder, still{})
			j.limit = 2000 // some files, and no id so old that it would be forgotten
			for i := range 10 {
				if err := j.Keep(found(fmt.Sprint("f", i))); err != nil {
					return err
				}
			}
			return j.Close()
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	got := kept(t, In(folder, still{}))
	slices.Sort(got)
	if len(got) != 10 || len(slices.Compact(got)) != 10 {
		t.Errorf("kept %v", got)
	}
}

// TestAnyCrash: cut at any byte, the journal holds the findings whose lines were whole, and takes the rest again.
func TestAnyCrash(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		folder, err := os.MkdirTemp("", "journal")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(folder)
		ids := rapid.SliceOfNDistinct(rapid.StringMatching(`f-[0-9a-f]{1,6}`), 1, 8, rapid.ID[string]).Draw(t, "ids")
		j := In(folder, still{})
		for _, id := range ids {
			if err := j.Keep(found(id)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Truncate(j.Path(), int64(rapid.IntRange(0, int(j.offset)).Draw(t, "cut"))); err != nil {
			t.Fatal(err)
		}
		next := In(folder, still{})
		if err := next.Keep(found(ids...)); err != nil {
			t.Fatal(err)
		}
		var got []string
		if err := next.Read(func(f quell.Finding) error { got = append(got, f.ID); return nil }); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, ids) {
			t.Fatalf("kept %v of %v", got, ids)
		}
	})
}
