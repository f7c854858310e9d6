package unwrap

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// maxRow is the most one row may hold. CloudTrail cuts its records at 256 KiB and CloudWatch Logs its events at 1 MiB;
// escaping them into a string can double that.
const maxRow = 4 << 20

// maxDepth bounds brackets in brackets. A record of CloudTrail has about ten.
const maxDepth = 200

// errLong says that a row was passed over because it is longer than maxRow.
var errLong = fmt.Errorf("longer than %d bytes", maxRow)

// errBroken says that what stands here is no JSON.
var errBroken = errors.New("broken JSON")

// splitter cuts values out of a JSON text without holding more than one, and without giving up behind a long one: who
// could end the reading with one record would have a place to hide all others.
type splitter struct {
	in *bufio.Reader
	at int64 // bytes taken
	// fresh says that nothing but white space was taken of this line, and was does so of the byte before.
	fresh, was bool
}

func (s *splitter) next() (byte, error) {
	c, err := s.in.ReadByte()
	if err == nil {
		s.at++
		s.was = s.fresh
		s.fresh = c == '\n' || s.fresh && (c == ' ' || c == '\t' || c == '\r')
	}
	return c, err
}

func (s *splitter) back() {
	_ = s.in.UnreadByte() // cannot fail: every call follows a ReadByte
	s.at--
	s.fresh = s.was
}

// token skips white space and returns the byte after it, still to be read.
func (s *splitter) token() (byte, error) {
	for {
		c, err := s.next()
		if err != nil {
			return 0, err
		}
		switch c {
		case ' ', '\t', '\r', '\n':
			continue
		}
		s.back()
		return c, nil
	}
}

// value appends the next value to buf. Past maxRow it goes on to the value's end but keeps nothing more, and says errLong.
// Of grammar it checks what shows that a line broke off and another value has begun; whoever decodes the value checks the
// rest.
func (s *splitter) value(buf []byte) ([]byte, error) {
	var open []byte // the brackets around
	var before byte // the last token
	kept := &bounded{buf: buf}
	for {
		c, err := s.next()
		if err != nil {
			return kept.buf, unexpected(err)
		}
		switch c {
		case ' ', '\t', '\r', '\n':
			continue // outside of strings it means nothing, and one row is to be one line
		case '"':
			kept.add(c)
			if err := s.text(kept); err != nil {
				return kept.buf, err
			}
		case '{', '[':
			// Behind a value, or in an object where a name must stand, nothing can open.
			if len(open) > 0 && before != ':' && (open[len(open)-1] == '{' || before != ',' && before != '[') || len(open) >= maxDepth {
				s.back()
				return kept.buf, errBroken
			}
			kept.add(c)
			open = append(open, c)
		case '}', ']':
			// The brackets' codes lie two apart.
			if len(open) == 0 || open[len(open)-1] != c-2 {
				return kept.buf, errBroken
			}
			kept.add(c)
			open = open[:len(open)-1]
		case ',', ':':
			if len(open) == 0 {
				return kept.buf, errBroken
			}
			kept.add(c)
		default:
			kept.add(c)
			if err := s.bare(kept); err != nil {
				return kept.buf, err
			}
		}
		before = c
		if len(open) == 0 {
			if kept.long {
				return kept.buf, errLong
			}
			return kept.buf, nil
		}
	}
}

// bounded keeps up to maxRow bytes.
type bounded struct {
	buf  []byte
	long bool
}

func (b *bounded) add(c ...byte) {
	room := maxRow - len(b.buf)
	if len(c) > room {
		c, b.long = c[:max(room, 0)], true
	}
	b.buf = append(b.buf, c...)
}

// text reads a string behind its opening quote.
func (s *splitter) text(kept *bounded) error {
	for {
		// Most of a log is text in strings: what is in the buffer is taken in one piece.
		if plain, _ := s.in.Peek(s.in.Buffered()); len(plain) > 0 {
			n := 0
			for n < len(plain) && plain[n] != '"' && plain[n] != '\\' && plain[n] >= ' ' {
				n++
			}
			kept.add(plain[:n]...)
			_, _ = s.in.Discard(n) // cannot fail: it was peeked at
			s.at += int64(n)
		}
		c, err := s.next()
		if err != nil {
			return unexpected(err)
		}
		// A control character cannot stand in a string: the quote was never closed. Left in the text, a line end
		// tells where to go on.
		if c < ' ' {
			s.back()
			return errBroken
		}
		kept.add(c)
		switch c {
		case '"':
			return nil
		case '\\':
			escaped, err := s.next()
			if err != nil {
				return unexpected(err)
			}
			kept.add(escaped)
		}
	}
}

// bare reads the rest of a number or word.
func (s *splitter) bare(kept *bounded) error {
	for {
		c, err := s.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch c {
		case ',', ']', '}', ':', ' ', '\t', '\r', '\n', '"', '{', '[':
			s.back()
			return nil
		}
		kept.add(c)
	}
}

// skipLine passes over the rest of the line.
func (s *splitter) skipLine() error {
	for {
		c, err := s.next()
		if err != nil || c == '\n' {
			return err
		}
	}
}

// unexpected is for an end inside a value.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
