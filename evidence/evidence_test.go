package evidence

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/quell-ir/quell"
)

// keeper is what Folder and Memory have in common.
type keeper interface {
	Put(ctx context.Context, name, from string, r io.Reader, missing []string) (quell.Evidence, error)
	Open(sum string) (io.ReadCloser, error)
	Verify(ctx context.Context, list []quell.Evidence) ([]Problem, error)
}

func both(t *testing.T, test func(t *testing.T, k keeper)) {
	t.Run("memory", func(t *testing.T) { test(t, &Memory{}) })
	t.Run("folder", func(t *testing.T) {
		f, err := Open(filepath.Join(t.TempDir(), "evidence"))
		must(t, err)
		test(t, f)
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func sumOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func TestPut(t *testing.T) {
	both(t, func(t *testing.T, k keeper) {
		for _, text := range []string{"", "a trail", strings.Repeat("long ", 1<<18)} {
			// The name is an intruder's; it must lead nowhere.
			got, err := k.Put(t.Context(), "../../../etc/passwd", "s3:GetObject", strings.NewReader(text), []string{"eu-west-1"})
			must(t, err)
			want := quell.Evidence{Name: "../../../etc/passwd", SHA256: sumOf(text), Size: int64(len(text)), From: "s3:GetObject",
				Missing: []string{"eu-west-1"}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			for range 2 {
				r, err := k.Open(got.SHA256)
				must(t, err)
				content, err := io.ReadAll(r)
				must(t, errors.Join(err, r.Close()))
				if string(content) != text {
					t.Errorf("%d bytes come back as %d others", len(text), len(content))
				}
			}
		}
		whole, err := k.Put(t.Context(), "a", "b", strings.NewReader("x"), nil)
		must(t, err)
		if !whole.Complete {
			t.Error("evidence with nothing missing is incomplete")
		}
	})
}

func TestPutFails(t *testing.T) {
	both(t, func(t *testing.T, k keeper) {
		cut := errors.New("the connection broke")
		_, err := k.Put(t.Context(), "a", "b", io.MultiReader(strings.NewReader("half"), iotest.ErrReader(cut)), nil)
		if !errors.Is(err, cut) {
			t.Errorf("a source that breaks: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := k.Put(ctx, "a", "b", strings.NewReader("half"), nil); !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled collection: %v", err)
		}
		if _, err := k.Open(sumOf("half")); !errors.Is(err, ErrLost) {
			t.Errorf("half of an artefact was kept: %v", err)
		}
		if f, ok := k.(*Folder); ok {
			if left, err := filepath.Glob(filepath.Join(f.dir, ".new-*")); err != nil || len(left) > 0 {
				t.Errorf("files were left behind: %v", left)
			}
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	both(t, func(t *testing.T, k keeper) {
		for _, sum := range []string{"", "..", "../../../../etc/passwd", strings.Repeat("A", 64), strings.Repeat("g", 64), sumOf("")[:62]} {
			if _, err := k.Open(sum); err == nil {
				t.Errorf("%q was opened", sum)
			}
		}
	})
}

func TestVerify(t *testing.T) {
	f, err := Open(t.TempDir())
	must(t, err)
	var list []quell.Evidence
	for i := range 4 {
		item, err := f.Put(t.Context(), fmt.Sprint(i), "", strings.NewReader(fmt.Sprint("content ", i)), nil)
		must(t, err)
		list = append(list, item)
	}
	problems, err := f.Verify(t.Context(), list)
	must(t, err)
	if len(problems) != 0 {
		t.Fatalf("untouched evidence: %v", problems)
	}
	must(t, os.Remove(f.path(list[1].SHA256)))
	must(t, os.Chmod(f.path(list[2].SHA256), 0o600))
	must(t, os.WriteFile(f.path(list[2].SHA256), []byte("other"), 0o600))
	problems, err = f.Verify(t.Context(), append(list, quell.Evidence{Name: "bad", SHA256: "../x"}))
	must(t, err)
	if len(problems) != 3 || problems[0].Evidence.Name != "1" || !strings.Contains(problems[0].What, "not there") ||
		problems[1].Evidence.Name != "2" || !strings.Contains(problems[1].What, "changed") || problems[2].Evidence.Name != "bad" {
		t.Errorf("the problems are %v", problems)
	}
	r, err := f.Open(list[2].SHA256)
	must(t, err)
	if _, err := io.ReadAll(r); !errors.Is(err, ErrChanged) {
		t.Errorf("changed evidence is read: %v", err)
	}
	must(t, r.Close())

	// Who has the true content puts it right.
	_, err = f.Put(t.Context(), "2", "", strings.NewReader("content 2"), nil)
	must(t, err)
	problems, err = f.Verify(t.Context(), list)
	must(t, err)
	if len(problems) != 1 {
		t.Errorf("after putting one right the problems are %v", problems)
	}
}

func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "evidence")
	f, err := Open(dir)
	must(t, err)
	item, err := f.Put(t.Context(), "a", "", strings.NewReader("x"), nil)
	must(t, err)
	for path, want := range map[string]os.FileMode{
		dir: 0o700, filepath.Join(dir, "sha256", item.SHA256[:2]): 0o700,
		filepath.Join(dir, "sha256", item.SHA256[:2], item.SHA256[2:]): 0o400,
	} {
		info, err := os.Stat(path)
		must(t, err)
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %o, want %o", path, info.Mode().Perm(), want)
		}
	}
}

func TestPutTogether(t *testing.T) {
	both(t, func(t *testing.T, k keeper) {
		var group errgroup.Group
		for i := range 16 {
			group.Go(func() error {
				_, err := k.Put(t.Context(), "a", "", strings.NewReader(fmt.Sprint(i%2)), nil)
				return err
			})
		}
		must(t, group.Wait())
		problems, err := k.Verify(t.Context(), []quell.Evidence{{SHA256: sumOf("0")}, {SHA256: sumOf("1")}})
		must(t, err)
		if len(problems) != 0 {
			t.Errorf("the problems are %v", problems)
		}
	})
}

func TestOpenFolderFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path, nil, 0o600))
	_, err := Open(path)
	var known *quell.Error
	if !errors.As(err, &known) || known.Next == "" {
		t.Errorf("a folder that is a file: %v", err)
	}
}
