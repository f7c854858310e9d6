package keyfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/sync/errgroup"

	"github.com/quell-ir/quell"
)

func TestLoadOrCreateKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new folder", "ledger.key")
	if _, _, err := LoadKey(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a key that is not there: %v", err)
	}
	signer, public, err := LoadOrCreateKey(path)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: "hello\n"}, signer)
	if err != nil {
		t.Fatal(err)
	}
	_, again, err := LoadOrCreateKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if again.Fingerprint() != public.Fingerprint() || again.String() != public.String() {
		t.Error("the second load made another key")
	}
	if _, err := note.Open(signed, note.VerifierList(again)); err != nil {
		t.Error("the public key does not verify what the signer signed:", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's mode is %v, want 0600: %v", info.Mode(), err)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder's mode is %v, want 0700: %v", info.Mode(), err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("the folder holds %v, want the key alone: %v", left, err)
	}
}

func TestRefuseKey(t *testing.T) {
	good := filepath.Join(t.TempDir(), "good")
	if _, _, err := LoadOrCreateKey(good); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		content string
		mode    os.FileMode
		want    string
	}{
		"readable by others": {string(text), 0o644, "can be read by others"},
		"readable by group":  {string(text), 0o640, "can be read by others"},
		"empty":              {"", 0o600, "damaged"},
		"cut off":            {string(text[:len(text)-9]), 0o600, "damaged"},
		"another's":          {"-----BEGIN PRIVATE KEY-----\n", 0o600, "damaged"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(path, []byte(test.content), test.mode); err != nil {
				t.Fatal(err)
			}
			_, _, err := LoadOrCreateKey(path)
			var known *quell.Error
			if !errors.As(err, &known) || known.Next == "" || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error that says %q and what to do", err, test.want)
			}
			if strings.Contains(err.Error(), "PRIVATE") {
				t.Error("the error shows key material")
			}
			if left, err := os.ReadFile(path); err != nil || string(left) != test.content {
				t.Error("the file was overwritten")
			}
		})
	}
}

func TestCreateKeyTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	prints := make([]string, 16)
	var group errgroup.Group
	for i := range prints {
		group.Go(func() error {
			_, public, err := LoadOrCreateKey(path)
			if err == nil {
				prints[i] = public.Fingerprint()
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, print := range prints {
		if print != prints[0] {
			t.Fatal("processes that made a key at once have different ones")
		}
	}
}
