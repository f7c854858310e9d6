package baselines

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/quell-ir/quell"
)

// File is the baseline of one state folder. It need not exist.
type File struct {
	path string
}

// In names the baseline of a state folder.
func In(folder string) File { return File{filepath.Join(folder, "baseline.jsonl")} }

// Exists says whether anything was learnt.
func (f File) Exists() bool {
	_, err := os.Stat(f.path)
	return err == nil
}

// Read hands over what is kept; nothing where nothing was learnt. The error is read's, or the disk's.
func (f File) Read(read func(io.Reader) error) error {
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return read(strings.NewReader(""))
	}
	if err != nil {
		return f.broken("read", err)
	}
	defer file.Close()
	return read(file)
}

// Update replaces what is kept: change reads the old and writes the new, while other processes wait. Where it fails the old
// stays.
func (f File) Update(change func(old io.Reader, out io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return f.broken("write", err)
	}
	unlock, err := f.lock()
	if err != nil {
		return f.broken("lock", err)
	}
	defer unlock()
	return f.Read(func(old io.Reader) error { return f.replace(old, change) })
}

// replace writes beside the file and renames: whoever reads meanwhile has the old one open.
func (f File) replace(old io.Reader, change func(io.Reader, io.Writer) error) error {
	fresh, err := os.CreateTemp(filepath.Dir(f.path), ".baseline-*")
	if err != nil {
		return f.broken("write", err)
	}
	err = change(old, fresh)
	if err == nil {
		err = fresh.Sync()
	}
	if err = errors.Join(err, fresh.Close()); err == nil {
		err = os.Rename(fresh.Name(), f.path)
	}
	if err != nil {
		return errors.Join(f.broken("write", err), os.Remove(fresh.Name()))
	}
	return nil
}

// Remove forgets everything. Nothing to forget is no error.
func (f File) Remove() error {
	if !f.Exists() {
		return nil
	}
	unlock, err := f.lock()
	if err != nil {
		return f.broken("lock", err)
	}
	defer unlock()
	if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f.broken("remove", err)
	}
	return nil
}

// lock waits for other processes. The lock is on a file of its own, for the baseline itself is replaced; the system lets
// go of it when a process dies.
func (f File) lock() (unlock func(), err error) {
	file, err := os.OpenFile(f.path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", file.Name(), err), file.Close())
	}
	// Closing lets go of the lock; that nothing was written makes its error meaningless.
	return func() { _ = file.Close() }, nil
}

// broken keeps an error that already tells people what to do.
func (f File) broken(verb string, err error) error {
	var known *quell.Error
	if errors.As(err, &known) {
		return err
	}
	return &quell.Error{Code: quell.CodeFailed, What: fmt.Sprintf("cannot %s the baseline %s", verb, f.path), Err: err,
		Next: "make the folder yours and writable and look whether the disk is full, or name another with --home"}
}
