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

// row reads one row. Of a long one nothing is kept, and errLong says that it was passed over: to its end, or where a quote
// does not close for as long again, to the next line.
func (c *csvReader) row() ([]string, error) {
	var fields []string
	var field []byte
	size, started, long := 0, false, false
	add := func(b byte) {
		if size++; !long {
			field = append(field, b)
		}
	}
	end := func() {
		if size++; !long {
			fields, field = append(fields, string(field)), field[:0]
		}
	}
	quoted, closed := false, false // inside quotes; behind the closing one
	for {
		b, err := c.in.ReadByte()
		switch {
		case errors.Is(err, io.EOF) && quoted:
			return nil, io.ErrUnexpectedEOF
		case errors.Is(err, io.EOF) && started && !long:
			end()
			return fields, nil
		case errors.Is(err, io.EOF) && long:
			return nil, errLong
		case err != nil:
			return nil, err
		}
		started = true
		if size > maxRow || len(fields) > maxColumns {
			fields, field, long = nil, nil, true
		}
		if size > 2*maxRow {
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
		case b == '"' && (len(field) == 0 && !closed || long):
			quoted = true
		case b == c.comma:
			end()
			closed = false
		case b == '\n' && long:
			return nil, errLong
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
