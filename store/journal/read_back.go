package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/quell-ir/quell"
)

// catchUp learns what others have written since, and cuts off what a crash left half written. The lock is held, so nobody
// is in the middle of a line.
func (j *Journal) catchUp() error {
	if j.file == nil {
		return j.begin()
	}
	if err := j.learn(j.file, true); err != nil {
		return err
	}
	mine, err := j.file.Stat()
	if err != nil {
		return err
	}
	now, err := os.Stat(j.Path())
	switch {
	case err == nil && os.SameFile(mine, now):
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return j.open() // another process has begun a new file
}

// begin opens the journal for the first time, knowing what the file before the current one holds.
func (j *Journal) begin() error {
	j.known, j.before, j.offset = map[string]bool{}, map[string]bool{}, 0
	list, err := j.olderFiles()
	if err != nil {
		return err
	}
	if len(list) > 0 {
		last, err := os.Open(list[len(list)-1])
		if err != nil {
			return err
		}
		if err := errors.Join(j.learn(last, false), last.Close()); err != nil {
			return err
		}
	}
	return j.open()
}

// open opens the current file, made where there is none, and learns what it holds.
func (j *Journal) open() error {
	file, err := os.OpenFile(j.Path(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if j.file != nil {
		err = j.file.Close()
	}
	j.file, j.offset = file, 0
	j.before, j.known = j.known, map[string]bool{}
	// The name of a file that was just made is not on the disk before its folder is.
	return errors.Join(err, syncFolder(j.folder), j.learn(file, true))
}

// learn reads the whole lines behind the offset. mend cuts off a last one that has no end.
func (j *Journal) learn(file *os.File, mend bool) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if info.Size() < j.offset {
		j.offset = 0 // somebody emptied it: what is there now is all there is
	}
	if info.Size() == j.offset {
		return nil
	}
	in := bufio.NewReader(io.NewSectionReader(file, j.offset, info.Size()-j.offset))
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		j.offset += int64(len(line))
		// A line that somebody spoilt names nothing; it stays where it is.
		var f quell.Finding
		if json.Unmarshal(line, &f) == nil && f.ID != "" {
			j.known[key(f)] = true
		}
	}
	if mend && info.Size() > j.offset {
		return file.Truncate(j.offset)
	}
	return nil
}

// olderFiles are those that were renamed, oldest first.
func (j *Journal) olderFiles() ([]string, error) {
	list, err := filepath.Glob(filepath.Join(j.folder, older))
	if err != nil {
		return nil, err
	}
	slices.Sort(list)
	return list, nil
}

// Read hands over every finding kept, oldest first. A line that is none is an error, with its number.
func (j *Journal) Read(each func(quell.Finding) error) error {
	list, err := j.olderFiles()
	if err != nil {
		return broken(err)
	}
	for _, path := range append(list, j.Path()) {
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return broken(err)
		}
		n := 0
		for line := range bytes.Lines(data) {
			n++
			if !bytes.HasSuffix(line, []byte("\n")) {
				break // being written, or torn: it was not promised to anybody
			}
			var f quell.Finding
			if err := json.Unmarshal(line, &f); err != nil {
				return fmt.Errorf("read %s, line %d: %w", path, n, err)
			}
			if err := each(f); err != nil {
				return err
			}
		}
	}
	return nil
}

// lock waits for other processes; the system lets go of it when a process dies.
func lock(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
	}
	// Closing lets go of the lock; that nothing was written makes its error meaningless.
	return func() { _ = file.Close() }, nil
}

func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
