package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/quell-ir/quell"
)

// The names of files in the state folder: the one that is written, and those that were.
const (
	current = "findings.jsonl"
	older   = "findings-*.jsonl"
	// stamp keeps names of older files in the order of their times.
	stamp = "20060102T150405.000000000Z"
)

// maxSize is from where on a file is renamed and another begun.
const maxSize = 64 << 20

// Journal is the findings of one state folder. It is safe for several goroutines, and for several processes.
type Journal struct {
	folder string
	clock  quell.Clock
	limit  int64

	mu     sync.Mutex
	file   *os.File
	offset int64 // read and written up to there, at the end of a line
	// known are the findings of the file at hand, before those of the one before it. A finding that comes again comes
	// within days; to know all of them for ever would take memory without end.
	known, before map[string]bool
}

// In names the journal of a state folder. Nothing is opened before it is needed.
func In(folder string, clock quell.Clock) *Journal {
	return &Journal{folder: folder, clock: clock, limit: maxSize}
}

// Path is the file that is written.
func (j *Journal) Path() string { return filepath.Join(j.folder, current) }

// Close lets go of the file.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil {
		return nil
	}
	err := j.file.Close()
	j.file = nil
	return err
}

// Keep appends the findings that are not kept yet, and returns once the disk has them. Where it fails none is kept.
func (j *Journal) Keep(findings []quell.Finding) error {
	if len(findings) == 0 {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := os.MkdirAll(j.folder, 0o700); err != nil {
		return broken(err)
	}
	unlock, err := lock(j.Path() + ".lock")
	if err != nil {
		return broken(err)
	}
	defer unlock()
	if err := j.catchUp(); err != nil {
		return broken(err)
	}
	if err := j.append(findings); err != nil {
		return broken(err)
	}
	return nil
}

// key tells a finding that has become worse from the same one before.
func key(f quell.Finding) string { return f.ID + "/" + f.Severity.String() }

// append writes what is new in one go. The lock is held.
func (j *Journal) append(findings []quell.Finding) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	fresh := map[string]bool{}
	for _, f := range findings {
		k := key(f)
		if fresh[k] || j.known[k] || j.before[k] {
			continue
		}
		if err := enc.Encode(f); err != nil {
			return fmt.Errorf("write finding %s: %w", f.ID, err)
		}
		fresh[k] = true
	}
	if len(fresh) == 0 {
		return nil
	}
	if j.offset >= j.limit {
		if err := j.rotate(); err != nil {
			return err
		}
	}
	_, err := j.file.WriteAt(text.Bytes(), j.offset)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		// What is half there must not stand before the next line. If even this fails, the next opening does it.
		return errors.Join(err, j.file.Truncate(j.offset))
	}
	j.offset += int64(text.Len())
	for k := range fresh {
		j.known[k] = true
	}
	return nil
}

// rotate renames the file at hand by the time and begins another.
func (j *Journal) rotate() error {
	at := j.clock.Now().UTC()
	name := func() string { return filepath.Join(j.folder, "findings-"+at.Format(stamp)+".jsonl") }
	// A clock that was set back must not overwrite what was kept.
	for _, err := os.Lstat(name()); !errors.Is(err, fs.ErrNotExist); _, err = os.Lstat(name()) {
		if err != nil {
			return err
		}
		at = at.Add(time.Nanosecond)
	}
	if err := os.Rename(j.Path(), name()); err != nil {
		return err
	}
	return j.open()
}

// broken tells people what to do about a journal that cannot be written.
func broken(err error) error {
	return &quell.Error{Code: quell.CodeFailed, What: "keep findings in the journal", Err: err,
		Next: "make room or name another folder with --home; nothing was let go"}
}
