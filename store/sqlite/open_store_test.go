package sqlite_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/quell-ir/quell/ledger"
	"github.com/quell-ir/quell/store/sqlite"
)

func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "home")
	path := filepath.Join(dir, "ledger ?x=%20#.db")
	s := open(t, path)
	must(t, s.Append(t.Context(), ledger.Write{Tree: "a", Leaves: [][]byte{{1}}, Note: []byte("n")}))
	for file, want := range map[string]os.FileMode{dir: 0o700, path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600} {
		info, err := os.Stat(file)
		must(t, err)
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %o, want %o", file, info.Mode().Perm(), want)
		}
	}
}

// filled makes a closed ledger of some hundred kilobytes.
func filled(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.db")
	s, err := sqlite.Open(t.Context(), path)
	must(t, err)
	for n := range int64(200) {
		must(t, s.Append(t.Context(), ledger.Write{Tree: "a", Size: n, Leaves: [][]byte{fmt.Appendf(nil, "%02000d", n)}, Note: []byte("n")}))
	}
	must(t, s.Close())
	return path
}

func TestOpenDamaged(t *testing.T) {
	tests := map[string]func(data []byte) []byte{
		"header":    func(d []byte) []byte { copy(d, "not SQLite at all"); return d },
		"pages":     func(d []byte) []byte { clear(d[3*4096 : 20*4096]); return d },
		"cut off":   func(d []byte) []byte { return d[:len(d)/2] },
		"text file": func([]byte) []byte { return []byte("hello, this is a text file that is no database\n") },
	}
	for name, damage := range tests {
		t.Run(name, func(t *testing.T) {
			path := filled(t)
			data, err := os.ReadFile(path)
			must(t, err)
			data = damage(data)
			must(t, os.WriteFile(path, data, 0o600))
			s, err := sqlite.Open(t.Context(), path)
			if err == nil {
				err = errors.Join(errors.New("opened"), s.Close())
			}
			explained(t, err, "is damaged")
			explained(t, err, "move it away")
		})
	}
}

// TestReadDamaged damages a file that is too large to be checked when it is opened: reading says so.
func TestReadDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	s, err := sqlite.Open(t.Context(), path)
	must(t, err)
	must(t, s.Append(t.Context(), ledger.Write{Tree: "a", Leaves: [][]byte{make([]byte, 17<<20)}, Note: []byte("n")}))
	must(t, s.Close())
	data, err := os.ReadFile(path)
	must(t, err)
	clear(data[2*4096:])
	must(t, os.WriteFile(path, data, 0o600))
	s = open(t, path)
	for _, failed := range s.Leaves(t.Context(), "a", 0, 1<<62) {
		err = failed
	}
	explained(t, err, "is damaged")
	explained(t, s.Check(t.Context()), "is damaged")
}

func TestOpenRefuses(t *testing.T) {
	change := func(t *testing.T, statement string) string {
		path := filepath.Join(t.TempDir(), "ledger.db")
		if statement != "CREATE TABLE theirs (x)" {
			s, err := sqlite.Open(t.Context(), path)
			must(t, err)
			must(t, s.Close())
		}
		db, err := sql.Open("sqlite", path)
		must(t, err)
		_, err = db.ExecContext(t.Context(), statement)
		must(t, errors.Join(err, db.Close()))
		return path
	}
	tests := map[string]struct {
		path func(t *testing.T) string
		want string
	}{
		"newer schema":    {func(t *testing.T) string { return change(t, "PRAGMA user_version=99") }, "has schema 99"},
		"another program": {func(t *testing.T) string { return change(t, "CREATE TABLE theirs (x)") }, "another program's"},
		"a folder":        {func(t *testing.T) string { return t.TempDir() }, "cannot write the ledger"},
		"under a file": {func(t *testing.T) string {
			path := filepath.Join(t.TempDir(), "file")
			must(t, os.WriteFile(path, nil, 0o600))
			return filepath.Join(path, "ledger.db")
		}, "cannot write the ledger"},
		"read-only folder": {func(t *testing.T) string {
			if os.Geteuid() == 0 {
				t.Skip("root writes everywhere")
			}
			dir := t.TempDir()
			must(t, os.Chmod(dir, 0o500))
			return filepath.Join(dir, "ledger.db")
		}, "cannot write the ledger"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := sqlite.Open(t.Context(), test.path(t))
			if err == nil {
				err = errors.Join(errors.New("opened"), s.Close())
			}
			explained(t, err, test.want)
		})
	}
}

func TestReopen(t *testing.T) {
	path := filled(t)
	s := open(t, path)
	head, err := s.Head(t.Context(), "a")
	must(t, err)
	if head.Size != 200 {
		t.Errorf("after opening again there are %d records, want 200", head.Size)
	}
	must(t, s.Check(t.Context()))
}
