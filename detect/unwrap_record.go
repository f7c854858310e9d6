package detect

import "bytes"

// judge decides what a complete object is and judges the record in it.
func (s *scan) judge(r *reader, end int) error {
	if v, ok := r.only(slotLookup, valueString); ok {
		// The output of lookup-events: the record is a string within a summary.
		w := s.w
		w.text = unescape(w.text[:0], r.buf[r.vals[v].start:r.vals[v].end])
		n := len(w.text)
		w.text = append(w.text, 0, 0, 0, 0, 0, 0, 0, 0) // the sentinel
		return s.inner(w.text, n, 0)
	}
	if v, ok := r.only(slotDetail, valueObject); ok {
		if kind, ok := r.only(slotDetailOf, valueString); ok && bytes.HasSuffix(r.text(kind), []byte(" via CloudTrail")) {
			return s.inner(r.buf, r.n, int(r.vals[v].start))
		}
	}
	return s.rules(r, s.pos, end)
}

// only returns the single value of a slot if it is of the kind.
func (r *reader) only(slot int32, kind valueKind) (int32, bool) {
	f := r.slots[slot]
	if f.gen != r.gen || f.first < 0 || f.first != f.last || r.vals[f.first].kind != kind {
		return 0, false
	}
	return f.first, true
}

// inner judges a record within another object. It is read as a record and nothing else.
func (s *scan) inner(buf []byte, n, at int) error {
	r := s.w.inner
	r.buf, r.n = buf, n
	for at < n && (buf[at] == ' ' || buf[at] == '\n' || buf[at] == '\r' || buf[at] == '\t') {
		at++
	}
	if at >= n || buf[at] != '{' {
		s.bad(s.offset(), "an envelope without a record")
		return nil
	}
	end, out, why := r.read(at, false)
	switch out {
	case needMore:
		why = "an envelope whose record ends early"
	case tooDeep:
		why = "a record nested too deep"
	case tooMany:
		why = "a record with too many values"
	case complete:
		return s.rules(r, at, end)
	}
	s.bad(s.offset(), why)
	return nil
}

// rules judges the record between start and end of the reader's buffer.
func (s *scan) rules(r *reader, start, end int) error {
	w := s.w
	s.stats.Events++
	if r.slots[slotName].gen != r.gen {
		s.stats.Foreign++
	}
	for _, rule := range w.candidates(r) {
		if !w.holds(r, w.prog.roots[rule], start, end) {
			continue
		}
		s.stats.Matches++
		if w.prog.rules[rule].Once {
			w.seen[rule] = done
		}
		m := Match{Rule: w.prog.rules[rule], Raw: r.buf[start:end:end], Offset: s.offset(), Origin: s.origin}
		if err := s.emit(m); err != nil {
			return err
		}
	}
	return nil
}
