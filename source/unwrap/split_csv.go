package unwrap

import (
	"bufio"
	"errors"
	"io"
	"slices"
)

// csvReader reads RFC 4180 rows of bounded size. The standard library's holds a field whatever its size, and fails where
// a quote stands at an odd place; here such a quote is a character like others.
type csvReader struct {
	in    *bufio.Reader
	comma byte
}

// maxColumns is above what any export has; a row of a million commas would cost a slice header each.
const maxColumns = 4096

// row reads one row. errLong means that it was passed over up to a line end; the next row may then begin inside a quoted
// field, and is told by its number of fields.
func (c *csvReader) row() ([]string, error) {
	var fields []string
	var field []byte
	size, started := 0, false
	add := func(b byte) { field = append(field, b); size++ }
	end := func() {
		fields, field = append(fields, string(field)), field[:0]
		size++
	}
	quoted, closed := false, false // inside quotes; behind the closing one
	for {
		b, err := c.in.ReadByte()
		switch {
		case errors.Is(err, io.EOF) && quoted:
			return nil, io.ErrUnexpectedEOF
		case errors.Is(err, io.EOF) && started:
			end()
			return fields, nil
		case err != nil:
			return nil, err
		}
		started = true
		if size > maxRow || len(fields) > maxColumns {
			return nil, c.pass(b)
		}
		switch {
		case quoted && b == '"':
			// Doubled it is a quote; else the field ends here.
			if next, err := c.in.Peek(1); err == nil && next[0] == '"' {
				_, _ = c.in.Discard(1) // cannot fail: it was peeked at
				add('"')
				continue
			}
			quoted, closed = false, true
		case quoted:
			add(b)
		case b == '"' && len(field) == 0 && !closed:
			quoted = true
		case b == c.comma:
			end()
			closed = false
		case b == '\n':
			end()
			return fields, nil
		case b == '\r':
			if next, err := c.in.Peek(1); err != nil || next[0] != '\n' {
				add(b)
			}
		default:
			add(b)
		}
	}
}

// pass goes to the end of the line that b stands in.
func (c *csvReader) pass(b byte) error {
	for b != '\n' {
		var err error
		if b, err = c.in.ReadByte(); err != nil {
			if errors.Is(err, io.EOF) {
				break
			}
			return err
		}
	}
	return errLong
}

// blank says whether a row is an empty line.
func blank(row []string) bool {
	return !slices.ContainsFunc(row, func(field string) bool { return field != "" })
}
