package detect

import "bytes"

// skipValue passes over the value at pos without keeping or checking it: for what is too large, too deep or of no
// interest. It counts brackets and minds strings; memory stays as it is.
func (s *scan) skipValue() {
	depth, quoted, escaped, begun := 0, false, false, false
	for {
		for ; s.pos < s.n; s.pos++ {
			c := s.w.buf[s.pos]
			switch {
			case escaped:
				escaped = false
			case quoted:
				escaped = c == '\\'
				if c == '"' {
					quoted = false
				}
			case c == '"':
				quoted = true
			case c == '{' || c == '[':
				depth++
			case c == '}' || c == ']':
				if depth--; depth < 0 {
					return // the end of what encloses a scalar
				}
			case depth == 0 && begun && (c == ',' || c == ':' || c <= ' '):
				return
			}
			begun = true
			if depth == 0 && !quoted && (c == '"' || c == '}' || c == ']') {
				s.pos++
				return
			}
		}
		s.base += int64(s.n)
		s.pos, s.n = 0, 0
		if !s.fill(MaxRecord) {
			s.bad(s.base, "the input ends within a value")
			return
		}
	}
}

// recover goes on behind the broken object at pos, whose fault is at index fault. If its brackets pair up nevertheless,
// behind it; else at the next line that begins like an object; else wherever a record seems to begin.
func (s *scan) recover(fault int) {
	buf := s.w.buf
	if len(s.stack) == 0 {
		// One record per line: a cut line must not take the next one with it.
		if at := bytes.Index(buf[s.pos:min(fault+2, s.n)], []byte("\n{")); at >= 0 {
			s.pos += at + 1
			return
		}
	}
	// Looking far ahead for every one of many bad records would cost their square: the effort is kept in proportion.
	if s.effort < 8*s.offset()+startBuffer {
		if end, ok := s.balanced(fault); ok {
			s.pos = end
			return
		}
	}
	s.pos = max(fault, s.pos+1)
	s.resync()
}

// balanced looks for the end of the object at pos by brackets alone, within the buffer.
func (s *scan) balanced(fault int) (int, bool) {
	for {
		depth, quoted := 0, false
		buf := s.w.buf
	search:
		for i := s.pos; i < s.n; i++ {
			s.effort++
			switch c := buf[i]; {
			case quoted && c == '\\':
				i++
			case c == '"':
				quoted = !quoted
			case quoted && c == '\n' && i >= fault:
				break search // a line break in a string: the quotes do not pair up
			case quoted:
			case c == '{' || c == '[':
				depth++
			case c == '}' || c == ']':
				if depth--; depth == 0 {
					return earliest(buf, fault, i+1), i >= fault
				}
			}
		}
		before := s.n - s.pos
		rest := fault - s.pos
		if !s.fill(startBuffer) || s.n-s.pos == before {
			return 0, false
		}
		fault = s.pos + rest
	}
}

// earliest returns where a record begins between fault and end, or end: after a lost quote, brackets pair up anywhere.
func earliest(buf []byte, fault, end int) int {
	for i := fault; i < end; i++ {
		if buf[i] == '{' && beginsRecord(buf[i+1:min(i+128, end)]) {
			return i
		}
	}
	return end
}

// resync looks for the next place at or after pos where a record or a list of records seems to begin: a line that begins
// with a bracket, or a brace before a key that CloudTrail writes. A key's quotes cannot occur unescaped within a string,
// so text from an attacker cannot pose as one.
func (s *scan) resync() {
	for {
		buf := s.w.buf[:s.n]
		for i := s.pos; i < s.n; i++ {
			at := bytes.IndexByte(buf[i:], '{')
			line := bytes.Index(buf[i:], []byte("\n["))
			if at < 0 && line < 0 {
				break
			}
			if line >= 0 && (at < 0 || line < at) && len(s.stack) == 0 {
				s.pos = i + line + 1
				return
			}
			if at < 0 {
				break
			}
			i += at
			if i+64 > s.n && !s.eof {
				s.pos = max(s.pos, i-1) // with the line break before it
				break
			}
			if len(s.stack) == 0 && i > 0 && buf[i-1] == '\n' || beginsRecord(buf[i+1:min(i+128, s.n)]) {
				s.pos = i
				return
			}
		}
		// Keep a little: the beginning may straddle the border.
		s.pos = max(s.pos, s.n-128)
		if ended := s.eof; !s.fill(MaxRecord) && ended {
			s.pos = s.n
			return
		}
	}
}

// beginsRecord reports whether what follows a brace is a key with which a record, or its envelope, begins.
func beginsRecord(s []byte) bool {
	s = bytes.TrimLeft(s, " \t\r\n")
	if len(s) == 0 || s[0] != '"' {
		return false
	}
	end := bytes.IndexByte(s[1:], '"')
	if end < 0 {
		return false
	}
	switch string(s[1 : 1+end]) {
	case "eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "additionalEventData",
		"eventID", "errorCode", "Records", "Events", "EventId", "CloudTrailEvent", "detail-type":
		return true
	}
	return false
}
