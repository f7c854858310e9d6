package hunt

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/quell-ir/quell/source"
)

// headBytes are looked at to tell what a file is.
const headBytes = 64 << 10

// settled is how long a file must have been still before its last line is taken for whole though it has no end.
const settled = time.Minute

// maxLast is the most of a last line without an end that is looked at.
const maxLast = 16 << 20

// tailBytes before the offset tell whether a file is still the one that was read: one that was cut and has grown again, as
// rotation by copying does, may be longer than before by the next look.
const tailBytes = 4 << 10

// goesOn says whether what stands before the offset is what was read. Cut short, or written anew, all in the file is new.
func (at *followed) goesOn(file *os.File) bool {
	return at.size >= at.offset && sumTail(file, at.offset) == at.tail
}

// sumTail is a hash of what stands before an offset; of what cannot be read it is none that a file has.
func sumTail(file io.ReaderAt, offset int64) (sum [32]byte) {
	block := make([]byte, min(offset, tailBytes))
	if _, err := file.ReadAt(block, offset-int64(len(block))); err != nil {
		return sum
	}
	return sha256.Sum256(block)
}

// readNew reads a file from its offset on, or as a whole.
func (h *Hunter) readNew(ctx context.Context, f *Follower, path string, file *os.File, at *followed, still bool) (bool, error) {
	if at.offset <= 0 {
		head := make([]byte, min(at.size, headBytes))
		n, err := file.ReadAt(head, 0)
		if err != nil && err != io.EOF {
			h.skip(path, err.Error())
			return false, nil
		}
		if !ofLines(head[:n]) {
			at.offset = 0
			if !still {
				return false, nil
			}
			at.offset = -1
			return true, h.stream(ctx, f, path, io.NewSectionReader(file, 0, at.size), at.size)
		}
		at.offset, at.header = 0, headerOf(head[:n])
	}
	end, err := lastLine(file, at.offset, at.size)
	if err == nil && still && end < at.size {
		end, err = h.lastWhole(path, file, at, end)
	}
	if err != nil {
		h.skip(path, err.Error())
		return false, nil
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

// lastWhole is the end of a still file if its last line, which begins at from, is whole. A JSON value says so itself. Of other
// text nobody knows: it is believed once the file has been still for long. What is not whole stays unread, and is told.
func (h *Hunter) lastWhole(path string, file io.ReaderAt, at *followed, from int64) (int64, error) {
	line := make([]byte, min(at.size-from, maxLast))
	if n, err := file.ReadAt(line, from); err != nil && err != io.EOF {
		return from, fmt.Errorf("read the last line: %w", err)
	} else if int64(n) < at.size-from {
		line = line[:n]
	}
	begin := bytes.TrimLeft(line, " \t\r")
	object := len(begin) > 0 && (begin[0] == '{' || begin[0] == '[')
	if object && json.Valid(line) {
		return at.size, nil
	}
	if h.Clock.Now().Sub(at.since) < settled {
		return from, nil
	}
	if !object {
		return at.size, nil
	}
	at.endless = true
	h.skip(path, fmt.Sprintf("the last line breaks off at byte %d; it is read when the rest of it comes", at.size))
	return from, nil
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
