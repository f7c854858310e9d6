package detect

import (
	"net/netip"
	"unicode/utf8"
)

// valueKind tells the values of a field apart.
type valueKind uint8

const (
	valueNull valueKind = iota
	valueString
	valueNumber
	valueBool
	valueObject
)

// value is one value of a field, as offsets: no pointers, so that filling thousands of them a millisecond leaves the
// garbage collector in peace.
type value struct {
	start, end         int32 // in the buffer; within the quotes of a string
	next               int32 // the field's next value, -1 at the end
	kind               valueKind
	escaped            bool
	textMade, foldMade bool
	text, textEnd      int32 // in the arena, once unescaped or made compact
	fold, foldEnd      int32 // in the arena, once folded
	inner              uint8 // of an object: 1 no backslash within, 2 some, 0 not looked yet
}

// slot is a field within the record at hand; stale where gen is not the reader's.
type slot struct {
	gen         uint32
	first, last int32 // -1 where the key is there without a value: an empty array
}

// reader holds one record: its bytes and the values of the fields that rules read.
type reader struct {
	tree    *fieldTree
	buf     []byte // data, then sentinel zeros
	n       int    // length of the data
	vals    []value
	slots   []slot
	gen     uint32
	touched []int32 // slots present in this record
	arena   []byte
	frames  []frame
	spaced  bool // white space between tokens: objects must be made compact before they are text
	high    bool // bytes beyond ASCII, so UTF-8 must be checked
	whole   int32
	addrGen uint32 // of the address last parsed
	addrOf  int32
	addr    netip.Addr
}

type frame struct {
	node  int32
	val   int32 // index of the object's value, -1 where no rule reads it
	array bool
}

// verdict of reading a record.
type outcome uint8

const (
	complete  outcome = iota
	needMore          // the data ends before the record does
	broken            // no JSON; why says what
	tooDeep           // nested beyond maxNesting
	tooMany           // more than maxValues values in fields that rules read
	container         // it holds records: pos is at the array's bracket
)

// maxNesting is how deep a record may nest. CloudTrail's own do not reach 30.
const maxNesting = 512

// maxValues bounds the memory that a record of nothing but tiny values can ask for.
const maxValues = 1 << 17

func newReader(tree *fieldTree) *reader {
	return &reader{tree: tree, slots: make([]slot, len(tree.fields)), frames: make([]frame, 0, 64), whole: -1}
}

// begin forgets the last record.
func (r *reader) begin() {
	r.gen++
	if r.gen == 0 { // after four billion records stale stamps could look fresh
		clear(r.slots)
		r.gen = 1
	}
	r.vals, r.touched, r.arena, r.frames = r.vals[:0], r.touched[:0], r.arena[:0], r.frames[:0]
	r.spaced, r.high, r.whole = false, false, -1
}

// push records a value of a slot.
func (r *reader) push(s int32, kind valueKind, start, end int, escaped bool) int32 {
	r.present(s)
	at := int32(len(r.vals))
	r.vals = append(r.vals, value{start: int32(start), end: int32(end), next: -1, kind: kind, escaped: escaped})
	if f := &r.slots[s]; f.first < 0 {
		f.first, f.last = at, at
	} else {
		r.vals[f.last].next = at
		f.last = at
	}
	return at
}

// present notes that the key is there, even if no value follows.
func (r *reader) present(s int32) {
	if f := &r.slots[s]; f.gen != r.gen {
		*f = slot{gen: r.gen, first: -1, last: -1}
		r.touched = append(r.touched, s)
	}
}

// read tokenises the object at buf[i] in one pass, checking that it is JSON and keeping what rules read. With open it may
// turn out to be a container. It returns the index after the object, or where the outcome arose, and why it is broken.
func (r *reader) read(i int, open bool) (pos int, out outcome, why string) {
	r.begin()
	buf, tree := r.buf, r.tree
	start := i
	node, arr := int32(1), false
	r.frames = append(r.frames, frame{node: 1, val: -1})
	i++
	i = r.space(i)
	if buf[i] == '}' {
		i++
		goto up
	}

key:
	{
		if buf[i] != '"' {
			return r.stop(i, "a key must follow")
		}
		from := i + 1
		to, escaped, o, why := r.str(from)
		if o != complete {
			return to, o, why
		}
		node = r.frames[len(r.frames)-1].node
		if node != 0 {
			name := buf[from:to]
			if escaped {
				name = unescape(nil, name)
			}
			node = tree.child(node, name)
		}
		i = to + 1
		if buf[i] != ':' {
			if i = r.space(i); buf[i] != ':' {
				return r.stop(i, "a colon must follow a key")
			}
		}
		i++
		arr = false
	}

item:
	if buf[i] <= ' ' {
		i = r.space(i)
	}
	switch c := buf[i]; c {
	case '"':
		to, escaped, o, why := r.str(i + 1)
		if o != complete {
			return to, o, why
		}
		if node != 0 {
			if s := tree.nodes[node].slot; s >= 0 {
				r.push(s, valueString, i+1, to, escaped)
			}
		}
		i = to + 1
	case '{':
		val := int32(-1)
		if node != 0 {
			if s := tree.nodes[node].slot; s >= 0 {
				val = r.push(s, valueObject, i, i, false)
			}
		}
		if len(r.frames) >= maxNesting {
			return i, tooDeep, ""
		}
		r.frames = append(r.frames, frame{node: node, val: val})
		i = r.space(i + 1)
		if buf[i] != '}' {
			goto key
		}
		i++
		goto up
	case '[':
		if node != 0 {
			if open && tree.nodes[node].special == holdsRecords {
				return i, container, ""
			}
			if s := tree.nodes[node].slot; s >= 0 {
				r.present(s)
			}
		}
		if len(r.frames) >= maxNesting {
			return i, tooDeep, ""
		}
		r.frames = append(r.frames, frame{node: node, val: -1, array: true})
		arr = true
		i = r.space(i + 1)
		if buf[i] != ']' {
			goto item
		}
		i++
		goto up
	default:
		to, kind := scalar(buf, i)
		if to < 0 {
			return r.stop(-to, "no JSON value")
		}
		if to >= r.n {
			return to, needMore, "" // a number may go on
		}
		if node != 0 {
			if s := tree.nodes[node].slot; s >= 0 {
				r.push(s, kind, i, to, false)
			}
		}
		i = to
	}

next:
	if buf[i] <= ' ' {
		i = r.space(i)
	}
	if buf[i] == ',' {
		i++
		if buf[i] <= ' ' {
			i = r.space(i)
		}
		if arr {
			node = r.frames[len(r.frames)-1].node
			goto item
		}
		goto key
	}
	if arr && buf[i] != ']' || !arr && buf[i] != '}' {
		return r.stop(i, "a comma or the end must follow a value")
	}
	i++

up: // i is after the closing bracket of the last frame
	{
		last := len(r.frames) - 1
		if val := r.frames[last].val; val >= 0 {
			r.vals[val].end = int32(i)
		}
		if len(r.vals) > maxValues {
			return i, tooMany, ""
		}
		r.frames = r.frames[:last]
		if last == 0 {
			if r.high && !utf8.Valid(buf[start:i]) {
				return i, broken, "text that is not UTF-8"
			}
			return i, complete, ""
		}
		arr = r.frames[last-1].array
		goto next
	}
}

// stop says what the end of the data or a wrong byte at i means.
func (r *reader) stop(i int, why string) (int, outcome, string) {
	switch {
	case i >= r.n:
		return i, needMore, ""
	case r.buf[i] == 0:
		return i, broken, "a NUL byte"
	}
	return i, broken, why
}

// space returns the index after white space, noting that there was some.
func (r *reader) space(i int) int {
	buf := r.buf
	for c := buf[i]; c == ' ' || c == '\n' || c == '\r' || c == '\t'; c = buf[i] {
		r.spaced = true
		i++
	}
	return i
}

// str finds the closing quote of the string whose text begins at i.
func (r *reader) str(i int) (end int, escaped bool, out outcome, why string) {
	buf := r.buf
	for {
		stop, high := nextStop(buf, i)
		r.high = r.high || high
		i = stop
		switch {
		case i >= r.n:
			return i, false, needMore, ""
		case buf[i] == '"':
			return i, escaped, complete, ""
		case buf[i] != '\\':
			if buf[i] == 0 {
				return i, false, broken, "a NUL byte"
			}
			return i, false, broken, "a control character in a string"
		}
		n := escapeLen(buf, i)
		if n == 0 {
			if i+6 > r.n {
				return i, false, needMore, ""
			}
			return i, false, broken, "no JSON escape"
		}
		escaped = true
		i += n
	}
}

// scalar returns the index after the number, boolean or null at i, or minus the index of the wrong byte.
func scalar(buf []byte, i int) (int, valueKind) {
	word, kind := "", valueBool
	switch buf[i] {
	case 't':
		word = "true"
	case 'f':
		word = "false"
	case 'n':
		word, kind = "null", valueNull
	default:
		if to := scanNumber(buf, i); to > 0 {
			return to, valueNumber
		}
		// A minus or a point at the end of the data may still become a number.
		for buf[i] == '-' || buf[i] == '.' || buf[i] == '+' || lower(buf[i]) == 'e' || buf[i]-'0' < 10 {
			i++
		}
		return -i, valueNull
	}
	for k := range len(word) {
		if buf[i+k] != word[k] {
			return -(i + k), kind
		}
	}
	return i + len(word), kind
}
