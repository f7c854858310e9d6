package hunt

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/quell-ir/quell/source"
)

// Follower watches files and folders for what is new in them.
type Follower struct {
	Paths   []string
	Every   time.Duration
	Options source.Options
	// Record keeps what each look found; Tell hears what could not be read. Both may be nil.
	Record Record
	Tell   func(source.Skipped)

	files  map[fileID]*followed
	number int               // of the look
	told   map[string]string // why a path could not be read, as it was told last
}

// fileID is the file itself, whatever its name: log rotation renames it.
type fileID struct{ device, inode uint64 }

// followed is how far a file was read.
type followed struct {
	look    int // when it was last there
	size    int64
	changed time.Time
	since   time.Time // when size and changed were first what they are
	offset  int64     // read up to there, at the end of a line; -1 where the file was read whole
	tail    [32]byte  // of what stands before the offset
	header  []byte
	endless bool // it was told that the last line has no end
}

// Follow looks again and again, until the context ends, which is no error. A file of lines is read line by line as it grows,
// under whatever name; any other (compressed, or one JSON text) as a whole, once it has stopped growing between two looks, and
// again if it changes. A finding made again is told once. What a look finds goes to Record before the next.
func (h *Hunter) Follow(ctx context.Context, f *Follower) (Result, error) {
	files := 0
	for {
		n, err := h.look(ctx, f)
		files += n
		if err == nil {
			err = h.keep(ctx, f.Record)
		}
		total := h.streamed()
		total.Files = files
		if err != nil && ctx.Err() == nil {
			return total, err
		}
		for _, s := range h.Forget(h.through()) {
			f.complain(s)
		}
		if err := h.Clock.Sleep(ctx, f.Every); err != nil {
			return total, nil
		}
	}
}

// maxComplaints bounds how many paths are remembered for not having been read.
const maxComplaints = 100_000

// complain tells why something was not read, once for as long as it is so.
func (f *Follower) complain(s source.Skipped) {
	if f.told == nil || len(f.told) >= maxComplaints {
		f.told = map[string]string{}
	}
	if f.told[s.Path] == s.Why {
		return
	}
	f.told[s.Path] = s.Why
	if f.Tell != nil {
		f.Tell(s)
	}
}

// unseenLooks is after how many looks without it a file is forgotten. It may be away for one while it is being renamed.
const unseenLooks = 30

// look reads what is new in all files once.
func (h *Hunter) look(ctx context.Context, f *Follower) (files int, err error) {
	if f.files == nil {
		f.files = map[fileID]*followed{}
	}
	f.number++
	w := &watch{h: h, f: f, folders: map[fileID]bool{}}
	for _, root := range f.Paths {
		if err := w.visit(ctx, root); err != nil {
			return w.read, err
		}
	}
	for id, at := range f.files {
		if at.look < f.number-unseenLooks {
			delete(f.files, id)
		}
	}
	return w.read, nil
}

// watch is one look at all paths.
type watch struct {
	h       *Hunter
	f       *Follower
	folders map[fileID]bool // been there: a link may lead back
	read    int
}

// visit looks at a path and at what lies below it. Links are followed, as in any hunt.
func (w *watch) visit(ctx context.Context, path string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		// A file that went away between listing and reading is no failure; a link that leads nowhere is told.
		if _, gone := os.Lstat(path); gone == nil {
			w.h.skip(path, err.Error())
		}
		return nil
	}
	id := fileID{}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		id = fileID{uint64(st.Dev), uint64(st.Ino)} //nolint:unconvert // their types differ among systems
	}
	switch {
	case info.IsDir():
		return w.enter(ctx, path, id)
	case !info.Mode().IsRegular():
		// To open a pipe could block for ever.
		w.h.skip(path, fmt.Sprintf("not a regular file: %s", info.Mode().Type()))
		return nil
	}
	if skip, _ := w.f.Options.Skip(path); skip {
		return nil
	}
	read, err := w.h.lookAt(ctx, w.f, path, id, info)
	if read {
		w.read++
	}
	return err
}

func (w *watch) enter(ctx context.Context, path string, id fileID) error {
	if w.folders[id] {
		return nil
	}
	w.folders[id] = true
	entries, err := os.ReadDir(path)
	if err != nil {
		w.h.skip(path, err.Error()) // those it gave before the error are read
	}
	for _, entry := range entries {
		if err := w.visit(ctx, filepath.Join(path, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// lookAt reads what is new in one file.
func (h *Hunter) lookAt(ctx context.Context, f *Follower, path string, id fileID, info fs.FileInfo) (read bool, err error) {
	at, known := f.files[id]
	if !known {
		at = &followed{size: -1}
		f.files[id] = at
	}
	if at.look == f.number {
		return false, nil // the same file by another name
	}
	at.look = f.number
	still := at.size == info.Size() && at.changed.Equal(info.ModTime())
	at.size, at.changed = info.Size(), info.ModTime()
	if !still {
		at.since, at.endless = h.Clock.Now(), false
	}
	if at.size == 0 || still && (at.offset < 0 || at.offset == at.size || at.endless) {
		return false, nil
	}
	file, err := os.Open(path)
	if err != nil {
		h.skip(path, err.Error())
		return false, nil
	}
	defer file.Close()
	if at.offset > 0 && !at.goesOn(file) {
		at.offset, at.header = 0, nil
	}
	read, err = h.readNew(ctx, f, path, file, at, still)
	if at.offset > 0 {
		at.tail = sumTail(file, at.offset)
	}
	return read, err
}
