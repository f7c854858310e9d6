package detect

import (
	"bytes"
	"fmt"
	"io"
)

// Match is a rule and a record that it fits.
type Match struct {
	Rule *Rule
	// Raw is the record's JSON as it was read (for lookup-events output: the unescaped inner record). It is valid only
	// until emit returns.
	Raw []byte
	// Offset is where the record, or what encloses it, begins in the decompressed input.
	Offset int64
	Origin string
}

// Stats say what was read, and what could not be.
type Stats struct {
	// Events are the records judged; Foreign are those among them without an eventName: no CloudTrail records.
	Events, Foreign, Matches, Bytes int64
	// Bad are the first records that could not be read, at most maxBad; BadTotal counts all.
	Bad      []BadRecord
	BadTotal int64
}

// BadRecord is a record, or a stretch of input, that could not be judged.
type BadRecord struct {
	Offset int64  `json:"offset"`
	Why    string `json:"why"`
}

// Limits of reading. A CloudTrail record holds at most 1 MB.
const (
	MaxRecord   = 16 << 20
	maxBad      = 100
	startBuffer = 256 << 10
	maxWrapping = 64
)

// Scan reads decompressed JSON and calls emit for every match, in the order of the input and per record in the order of
// rule ids. Records may come as {"Records":[...]}, as an array, alone, one per line or simply one after another, as the
// {"Events":[{"CloudTrailEvent":"..."}]} of lookup-events, or in EventBridge envelopes, also mixed. What cannot be read
// is in Stats.Bad, and reading goes on behind it. The error is the reader's or emit's; records before it were judged.
func (w *Worker) Scan(r io.Reader, origin string, emit func(Match) error) (Stats, error) {
	if w.buf == nil {
		w.buf = make([]byte, startBuffer+sentinel)
	}
	s := &scan{w: w, src: r, origin: origin, emit: emit}
	err := s.run()
	w.release()
	s.tell()
	if s.err != nil && err == nil {
		err = fmt.Errorf("read %s: %w", origin, s.err)
	}
	s.stats.Bytes = s.base + int64(s.n)
	return s.stats, err
}

// One judges the records in raw and returns the rules that match, sorted by id.
func (w *Worker) One(raw []byte) []*Rule {
	var out []*Rule
	// Neither a reader of bytes nor this emit can fail.
	_, _ = w.Scan(bytes.NewReader(raw), "", func(m Match) error {
		out = append(out, m.Rule)
		return nil
	})
	return out
}

// release gives back memory that an unusually large record asked for.
func (w *Worker) release() {
	const keep = 4 << 20
	if cap(w.buf) > keep {
		w.buf = nil
	}
	if cap(w.text) > keep {
		w.text = nil
	}
	for _, r := range []*reader{w.in, w.inner} {
		r.buf = nil
		if cap(r.arena) > keep {
			r.arena = nil
		}
		if cap(r.vals) > keep/40 {
			r.vals = nil
		}
	}
}

// scan is one run over one input. The unread data is w.buf[pos:n]; base is the offset of w.buf[0].
type scan struct {
	w      *Worker
	src    io.Reader
	origin string
	emit   func(Match) error
	stats  Stats
	told   int64 // of the events
	pos, n int
	base   int64
	eof    bool
	err    error
	stack  []wrapping
	effort int64 // bytes looked at twice to get over bad records
	again  bool  // the key just passed in a container is that of another list of records
}

// wrapping is what encloses the records at hand.
type wrapping uint8

const (
	inArray  wrapping = iota // an array of records
	inObject                 // an object that has shown an array of records
)

// fill reads more, keeping what is unread, and reports whether there was more. It grows the buffer up to limit.
func (s *scan) fill(limit int) bool {
	if s.eof {
		return false
	}
	s.tell()
	buf := s.w.buf
	if s.pos > 0 {
		copy(buf, buf[s.pos:s.n])
		s.base += int64(s.pos)
		s.n -= s.pos
		s.pos = 0
	}
	if s.n+sentinel >= len(buf) {
		if s.n >= limit {
			return false
		}
		grown := make([]byte, 2*(len(buf)-sentinel)+sentinel)
		copy(grown, buf[:s.n])
		s.w.buf, buf = grown, grown
	}
	for tries := 0; ; tries++ {
		n, err := s.src.Read(buf[s.n : len(buf)-sentinel])
		s.n += n
		if err == nil && n == 0 && tries > 100 {
			err = io.ErrNoProgress
		}
		if err != nil {
			s.eof = true
			if err != io.EOF {
				s.err = err
			}
		}
		if n > 0 || err != nil {
			clear(buf[s.n : s.n+sentinel])
			return n > 0
		}
	}
}

// tell passes on how many records were judged since it was called last. It is called once a buffer, so that it costs nothing.
func (s *scan) tell() {
	if s.w.Judged != nil {
		s.w.Judged.Add(s.stats.Events - s.told)
		s.told = s.stats.Events
	}
}

// fillFor reads more of a record of which have bytes are known. Reading begins at the record's start again, so for large
// ones it waits until there is twice as much: small pieces from a slow reader must not cost their square.
func (s *scan) fillFor(have int) bool {
	if !s.fill(MaxRecord) {
		return false
	}
	for have > 64<<10 && s.n-s.pos < 2*have && s.fill(MaxRecord) {
	}
	return true
}

// peek skips white space and returns the next byte, false at the end.
func (s *scan) peek() (byte, bool) {
	for {
		for ; s.pos < s.n; s.pos++ {
			switch c := s.w.buf[s.pos]; c {
			case ' ', '\n', '\r', '\t':
			default:
				return c, true
			}
		}
		if !s.fill(MaxRecord) {
			return 0, false
		}
	}
}

// ahead reports whether the input goes on with the text.
func (s *scan) ahead(text string) bool {
	for s.n-s.pos < len(text) && s.fill(MaxRecord) {
	}
	return bytes.HasPrefix(s.w.buf[s.pos:s.n], []byte(text))
}

func (s *scan) bad(offset int64, why string) {
	s.stats.BadTotal++
	if len(s.stats.Bad) < maxBad {
		s.stats.Bad = append(s.stats.Bad, BadRecord{offset, why})
	}
}

func (s *scan) offset() int64 { return s.base + int64(s.pos) }

// run goes through the input value by value.
func (s *scan) run() error {
	if s.ahead("\xEF\xBB\xBF") {
		s.pos += 3 // a byte order mark
	}
	after := false // a value has just ended
	for {
		c, ok := s.peek()
		if !ok {
			if len(s.stack) > 0 {
				s.bad(s.offset(), "the input ends within a list of records")
			}
			return nil
		}
		if len(s.stack) > 0 && s.stack[len(s.stack)-1] == inObject {
			s.member(c)
			after = true
			continue
		}
		inList := len(s.stack) > 0
		switch {
		case c == ']' && inList:
			s.stack = s.stack[:len(s.stack)-1]
			s.pos++
			after = true
			continue
		case c == ',' && inList && after:
			s.pos++
			after = false
			continue
		case c == '{':
			if err := s.object(); err != nil {
				return err
			}
		case c == '[':
			if len(s.stack) >= maxWrapping {
				s.bad(s.offset(), "arrays nested too deep")
				s.skipValue()
				break
			}
			s.stack = append(s.stack, inArray)
			s.pos++
			after = false
			continue
		case inList && isScalarStart(c):
			s.bad(s.offset(), "a value that is no record")
			s.skipValue()
		default:
			why := "no JSON"
			if c == 0 {
				why = "NUL bytes"
			}
			s.bad(s.offset(), why)
			s.pos++
			s.resync()
		}
		after = true
	}
}

func isScalarStart(c byte) bool {
	return c == '"' || c == '-' || c-'0' < 10 || c == 't' || c == 'f' || c == 'n'
}

// object reads the object at pos: a record, an envelope, or the beginning of a container.
func (s *scan) object() error {
	for {
		r := s.w.in
		r.buf, r.n = s.w.buf, s.n
		end, out, why := r.read(s.pos, true)
		switch out {
		case needMore:
			if s.fillFor(s.n - s.pos) {
				continue
			}
			if s.eof {
				s.bad(s.offset(), "the input ends within a record")
				s.recover(s.n)
				return nil
			}
			s.bad(s.offset(), "a record of more than 16 MiB")
			s.skipValue()
		case broken:
			s.bad(s.offset(), why)
			s.recover(end)
		case tooDeep:
			s.bad(s.offset(), "a record nested too deep")
			s.skipValue()
		case tooMany:
			s.bad(s.offset(), "a record with too many values")
			s.skipValue()
		case container:
			s.pos = end + 1
			s.stack = append(s.stack, inObject, inArray)
			if len(s.stack) > maxWrapping {
				s.stack = s.stack[:len(s.stack)-2]
				s.bad(s.offset(), "lists of records nested too deep")
				s.pos--
				s.skipValue()
			}
		case complete:
			err := s.judge(r, end)
			s.pos = end
			return err
		}
		return nil
	}
}

// member reads a member, comma or end of a container whose list of records has been seen.
func (s *scan) member(c byte) {
	switch c {
	case '}':
		s.stack = s.stack[:len(s.stack)-1]
		s.pos++
	case ',', ':':
		s.again = s.again && c == ':'
		s.pos++
	case '[':
		if !s.again {
			s.skipValue()
			return
		}
		s.stack = append(s.stack, inArray)
		s.pos++
	case '"', '{':
		s.again = s.ahead(`"Records"`) || s.ahead(`"Events"`)
		s.skipValue()
	default:
		if isScalarStart(c) {
			s.skipValue()
			return
		}
		s.bad(s.offset(), "no JSON in a container of records")
		s.stack = s.stack[:len(s.stack)-1]
		s.pos++
		s.resync()
	}
}
