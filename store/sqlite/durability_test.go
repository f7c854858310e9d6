package sqlite_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/ledger"
	"github.com/quell-ir/quell/store/keyfile"
	"github.com/quell-ir/quell/store/sqlite"
)

// childFolder makes the test program the child of TestKilled, which writes there until it is killed.
const childFolder = "QUELL_TEST_APPEND_IN"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		if err := appendForever(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// appendForever appends three records at a time and prints the number of records after each append that was acknowledged.
func appendForever(dir string) error {
	ctx := context.Background()
	log, closeLog, err := openLog(ctx, dir)
	if err != nil {
		return err
	}
	defer closeLog()
	lease, err := log.Acquire(ctx, "inc", "child", time.Hour)
	if err != nil {
		return err
	}
	r, err := quell.NewRecord("inc", quell.RecordNote, "child", "", quell.Note{Text: "written"})
	if err != nil {
		return err
	}
	for {
		recs, err := log.Append(ctx, lease, r, r, r)
		if err != nil {
			return err
		}
		fmt.Println(recs[2].Seq + 1)
	}
}

func openLog(ctx context.Context, dir string) (*ledger.Log, func() error, error) {
	signer, public, err := keyfile.LoadOrCreateKey(filepath.Join(dir, "key"))
	if err != nil {
		return nil, nil, err
	}
	s, err := sqlite.Open(ctx, filepath.Join(dir, "ledger.db"))
	if err != nil {
		return nil, nil, err
	}
	return ledger.Open(s, signer, public, quell.WallClock{}), s.Close, nil
}

// TestKilled kills a process in the middle of its appends: everything acknowledged is there, nothing is there by halves.
func TestKilled(t *testing.T) {
	for _, after := range []int{1, 10, 40} {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			dir := t.TempDir()
			child := exec.Command(os.Args[0], "-test.run=^$")
			child.Env = append(os.Environ(), childFolder+"="+dir)
			out, err := child.StdoutPipe()
			must(t, err)
			must(t, child.Start())
			lines, acknowledged := bufio.NewScanner(out), int64(0)
			for range after {
				if !lines.Scan() {
					t.Fatal("the child ended by itself")
				}
				_, err := fmt.Sscan(lines.Text(), &acknowledged)
				must(t, err)
			}
			must(t, child.Process.Kill())
			if err := child.Wait(); err == nil {
				t.Error("the child was not killed")
			}
			log, closeLog, err := openLog(t.Context(), dir)
			must(t, err)
			size, err := log.Size(t.Context(), "inc")
			must(t, err)
			if size < acknowledged || size%3 != 0 {
				t.Errorf("%d records were acknowledged, three at a time, and %d are there", acknowledged, size)
			}
			report, err := log.Verify(t.Context())
			must(t, errors.Join(err, closeLog()))
			if !report.OK {
				t.Error(report.Problems)
			}
		})
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// explained fails unless the error says what and, in a field of its own, what to do next.
func explained(t *testing.T, err error, what string) {
	t.Helper()
	var known *quell.Error
	if !errors.As(err, &known) || known.Next == "" || !strings.Contains(err.Error(), what) {
		t.Errorf("got %v, want an error that says %q and what to do", err, what)
	}
}

// TestDiskFull bounds the file's pages, which SQLite answers as it does a full disk.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	log, closeLog, err := openLog(t.Context(), dir)
	must(t, err)
	lease, err := log.Acquire(t.Context(), "inc", "ann", time.Hour)
	must(t, err)
	r, err := quell.NewRecord("inc", quell.RecordNote, "ann", "", quell.Note{Text: strings.Repeat("x", 100_000)})
	must(t, err)
	_, err = log.Append(t.Context(), lease, r)
	must(t, errors.Join(err, lease.Release(t.Context()), closeLog()))

	s, err := sqlite.OpenWith(t.Context(), filepath.Join(dir, "ledger.db"), "_pragma=max_page_count(60)")
	must(t, err)
	signer, public, err := keyfile.LoadKey(filepath.Join(dir, "key"))
	must(t, err)
	log = ledger.Open(s, signer, public, quell.WallClock{})
	lease, err = log.Acquire(t.Context(), "inc", "ann", time.Hour)
	must(t, err)
	wrote := int64(1)
	for {
		if _, err = log.Append(t.Context(), lease, r); err != nil {
			break
		}
		wrote++
	}
	explained(t, err, "is full")
	size, err := log.Size(t.Context(), "inc")
	must(t, err)
	report, err2 := log.Verify(t.Context())
	must(t, errors.Join(err, err2, s.Close()))
	if size != wrote || !report.OK {
		t.Errorf("%d records were acknowledged, %d are there, and verification says %v", wrote, size, report.Problems)
	}
}

func TestProcessesTogether(t *testing.T) {
	// Two stores on one file are to SQLite what two processes are.
	path := filepath.Join(t.TempDir(), "ledger.db")
	stores := []*sqlite.Store{open(t, path), open(t, path)}
	var group errgroup.Group
	for i := range 4 {
		group.Go(func() error {
			for n := range int64(25) {
				w := ledger.Write{Tree: fmt.Sprint("tree ", i), Size: n, Leaves: [][]byte{{byte(n)}}, Note: []byte("n")}
				if err := stores[i%2].Append(t.Context(), w); err != nil {
					return err
				}
			}
			return nil
		})
	}
	must(t, group.Wait())
	heads, err := stores[0].Heads(t.Context())
	must(t, err)
	for _, h := range heads {
		if h.Size != 25 {
			t.Errorf("%s has %d records, want 25", h.Tree, h.Size)
		}
	}
}

func TestLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	open(t, path)
	other, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate")
	must(t, err)
	tx, err := other.BeginTx(t.Context(), nil)
	must(t, err)
	s, err := sqlite.OpenWith(t.Context(), path, "_pragma=busy_timeout(1)")
	if err == nil {
		err = errors.Join(s.Append(t.Context(), ledger.Write{Tree: "a", Leaves: [][]byte{{1}}}), s.Close())
	}
	explained(t, err, "another process keeps the ledger")
	must(t, errors.Join(tx.Rollback(), other.Close()))
}
