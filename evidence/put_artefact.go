package evidence

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/quell-ir/quell"
)

// Folder keeps artefacts in a folder, at sha256/ab/cdef... Its methods may be called from several goroutines and processes.
type Folder struct{ dir string }

// Open opens the folder at dir, making it where it isn't there. It is its owner's alone.
func Open(dir string) (*Folder, error) {
	f := &Folder{dir: dir}
	if err := os.MkdirAll(filepath.Join(dir, "sha256"), 0o700); err != nil {
		return nil, f.explain(err)
	}
	return f, nil
}

// Put keeps what r gives, to its end. name says what it is and from where it was collected; both are for people and choose no
// path. missing lists what could not be collected, and makes the evidence incomplete. It returns after the content is on
// disk. Content whose reading fails is not kept.
func (f *Folder) Put(ctx context.Context, name, from string, r io.Reader, missing []string) (quell.Evidence, error) {
	file, err := os.CreateTemp(f.dir, ".new-*") // 0600
	if err != nil {
		return quell.Evidence{}, f.explain(err)
	}
	// After the rename there is nothing to remove, and otherwise nothing to keep.
	defer os.Remove(file.Name())
	sum := sha256.New()
	size, err := io.Copy(io.MultiWriter(file, sum), &until{ctx: ctx, r: r})
	if err != nil {
		err = fmt.Errorf("keep evidence %s: %w", quell.Cut(name, 80), f.explain(err))
		return quell.Evidence{}, errors.Join(err, file.Close())
	}
	if err := errors.Join(file.Chmod(0o400), file.Sync(), file.Close()); err != nil {
		return quell.Evidence{}, f.explain(err)
	}
	item := describe(name, from, hex.EncodeToString(sum.Sum(nil)), size, missing)
	return item, f.settle(file.Name(), item.SHA256)
}

// settle moves a finished file to its place. A good file that is there already stays; a damaged one is replaced, since we
// hold the true content in our hands.
func (f *Folder) settle(from, sum string) error {
	path := f.path(sum)
	if err := check(f, sum); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return f.explain(err)
	}
	if err := os.Rename(from, path); err != nil {
		return f.explain(err)
	}
	// The file is safe when its name is, and the name stands in folders that may be new themselves.
	for _, dir := range []string{filepath.Dir(path), filepath.Join(f.dir, "sha256"), f.dir} {
		if err := syncFolder(dir); err != nil {
			return f.explain(err)
		}
	}
	return nil
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (f *Folder) path(sum string) string { return filepath.Join(f.dir, "sha256", sum[:2], sum[2:]) }

// Open gives the content of an artefact. Where the content isn't what the digest says, reading ends in ErrChanged and not in
// io.EOF.
func (f *Folder) Open(sum string) (io.ReadCloser, error) {
	if !isSum(sum) {
		return nil, notSum(sum)
	}
	file, err := os.Open(f.path(sum))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, lost(sum, err)
	}
	if err != nil {
		return nil, f.explain(err)
	}
	return &checked{r: file, want: sum, sum: sha256.New()}, nil
}

// explain says what to do about a disk's error; an error of the source that was read is left as it is.
func (f *Folder) explain(err error) error {
	var path *fs.PathError
	switch {
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		return &quell.Error{Code: quell.CodeFailed, Err: err,
			What: "the disk under " + f.dir + " is full; the evidence was not kept",
			Next: "free some space and run the command again: what is collected already stays"}
	case errors.As(err, &path):
		return &quell.Error{Code: quell.CodeFailed, Err: err,
			What: "cannot use the evidence folder " + f.dir,
			Next: "make it yours and writable, or name another with --home"}
	}
	return err
}

// until is a reader that ends with its context.
type until struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (u *until) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}
