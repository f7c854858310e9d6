package hunt

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
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

	files map[string]*followed
}

// followed is how far a file was read.
type followed struct {
	size    int64 // as of the last look
	changed time.Time
	offset  int64 // read up to there, at the end of a line; -1 where the file was read whole
	header  []byte
}

// headBytes are looked at to tell what a file is.
const headBytes = 64 << 10

// Follow looks again and again, until the context ends, which is no error. A file of lines is read line by line as it grows;
// any other (compressed, or one JSON text) as a whole, once it has stopped growing between two looks, and again if it changes:
// records seen before count once.
func (h *Hunter) Follow(ctx context.Context, f *Follower) (Result, error) {
	total := Result{}
	for {
		files, err := h.look(ctx, f)
		total.Files += files
		if err == nil {
			err = h.keep(ctx, f.Record)
		}
		if err != nil && ctx.Err() == nil {
			return total, err
		}
		r := h.Result()
		total.Events, total.Findings, total.Incidents, total.Blind = r.Events, r.Findings, r.Incidents, r.Blind
		for _, s := range h.Forget(h.Clock.Now()) {
			if f.Tell != nil {
				f.Tell(s)
			}
		}
		if err := h.Clock.Sleep(ctx, f.Every); err != nil {
			total.Skipped, total.Findings, total.Incidents = orEmpty(total.Skipped), orEmpty(total.Findings), orEmpty(total.Incidents)
			return total, nil
		}
	}
}

// look reads what is new in all files once.
func (h *Hunter) look(ctx context.Context, f *Follower) (files int, err error) {
	if f.files == nil {
		f.files = map[string]*followed{}
	}
	for _, root := range f.Paths {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				// A file that went away between listing and reading is no failure of the others.
				if !errors.Is(err, fs.ErrNotExist) {
					h.skip(path, err.Error())
				}
				return nil
			}
			if !d.Type().IsRegular() {
				return nil
			}
			if skip, _ := f.Options.Skip(path); skip {
				return nil
			}
			read, err := h.lookAt(ctx, f, path)
			if read {
				files++
			}
			return err
		})
		if err != nil {
			return files, err
		}
	}
	return files, nil
}

// lookAt reads what is new in one file.
func (h *Hunter) lookAt(ctx context.Context, f *Follower, path string) (read bool, err error) {
	file, err := os.Open(path)
	if err != nil {
		h.skip(path, err.Error())
		return false, nil
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		h.skip(path, err.Error())
		return false, nil
	}
	at, known := f.files[path]
	if !known {
		at = &followed{size: -1}
		f.files[path] = at
	}
	was := *at
	at.size, at.changed = info.Size(), info.ModTime()
	still := known && was.size == at.size && was.changed.Equal(at.changed)
	if was.size > at.size && at.offset > 0 {
		at.offset, at.header = 0, nil // cut short, as log rotation does: what is in it now is new
	}
	switch {
	case at.size == 0, still && (at.offset < 0 || at.offset == at.size):
		return false, nil
	case at.offset <= 0:
		head := make([]byte, min(at.size, headBytes))
		if _, err := file.ReadAt(head, 0); err != nil && err != io.EOF {
			h.skip(path, err.Error())
			return false, nil
		}
		if ofLines(head) {
			at.offset, at.header = max(at.offset, 0), headerOf(head)
			return h.readLines(ctx, f, path, file, at, still)
		}
		at.offset = 0
		if !still {
			return false, nil
		}
		at.offset = -1
		return true, h.stream(ctx, f, path, io.NewSectionReader(file, 0, at.size), at.size)
	}
	return h.readLines(ctx, f, path, file, at, still)
}

// readLines reads the whole lines behind the offset; a last one without an end only once the file has stopped growing.
func (h *Hunter) readLines(ctx context.Context, f *Follower, path string, file io.ReaderAt, at *followed, still bool) (bool, error) {
	end := at.size
	if !still {
		var err error
		if end, err = lastLine(file, at.offset, at.size); err != nil {
			h.skip(path, err.Error())
			return false, nil
		}
	}
	if end <= at.offset {
		return false, nil
	}
	var in io.Reader = io.NewSectionReader(file, at.offset, end-at.offset)
	if at.offset > 0 && at.header != nil {
		in = io.MultiReader(bytes.NewReader(at.header), in)
	}
	if err := h.stream(ctx, f, path, in, end-at.offset); err != nil {
		return false, err
	}
	at.offset = end
	return true, nil
}

func (h *Hunter) stream(ctx context.Context, f *Follower, path string, in io.Reader, size int64) error {
	report, err := source.Stream(ctx, path, in, size, f.Options, h.document)
	h.skipAll(report.Skipped)
	return err
}

// lastLine is the offset behind the last end of a line between two offsets, from where there is none.
func lastLine(file io.ReaderAt, from, to int64) (int64, error) {
	block := make([]byte, headBytes)
	for end := to; end > from; {
		begin := max(from, end-int64(len(block)))
		n, err := file.ReadAt(block[:end-begin], begin)
		if err != nil && err != io.EOF {
			return from, fmt.Errorf("find the last line: %w", err)
		}
		if i := bytes.LastIndexByte(block[:n], '\n'); i >= 0 {
			return begin + int64(i) + 1, nil
		}
		end = begin
	}
	return from, nil
}

// ofLines says whether a file's beginning is that of a log of lines: text, or a JSON value that ends with its line.
func ofLines(head []byte) bool {
	if bytes.HasPrefix(head, []byte("\x1f\x8b")) || bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")) || bytes.HasPrefix(head, []byte("PAR1")) {
		return false
	}
	line, rest, whole := bytes.Cut(bytes.TrimLeft(head, " \t\r\n"), []byte("\n"))
	if !whole || len(line) == 0 || line[0] != '{' && line[0] != '[' {
		return whole && len(line) > 0
	}
	// {"Records":[...]} with an end of line behind it is a whole file all the same, unless another follows.
	if !json.Valid(line) {
		return false
	}
	return len(bytes.TrimSpace(rest)) > 0 || !bytes.HasPrefix(line, []byte(`{"Records":`)) && line[0] == '{'
}

// headerOf is the first line of a flow log in a custom format, or of a table: without it later lines have no meaning.
func headerOf(head []byte) []byte {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	for _, word := range []string{"srcaddr", "interface-id", "@message", "eventname", "eventName"} {
		if len(line) > 0 && line[0] != '{' && bytes.Contains(line, []byte(word)) {
			return append(bytes.Clone(line), '\n')
		}
	}
	return nil
}
