package detect

import (
	"bytes"
	"net/netip"
	"unsafe"
)

// This file gives the texts of values, made at most once per record and only where a rule asks: unescaped, compact,
// folded. Everything lies in the reader's arena, which the next record reuses.

// text returns the text of value v: a string unescaped, an object as compact JSON, anything else as written.
func (r *reader) text(v int32) []byte {
	x := &r.vals[v]
	compactNeeded := x.kind == valueObject && r.spaced
	if !x.escaped && !compactNeeded {
		return r.buf[x.start:x.end]
	}
	if !x.textMade {
		x.text = int32(len(r.arena))
		if x.escaped {
			r.arena = unescape(r.arena, r.buf[x.start:x.end])
		} else {
			r.arena = appendCompact(r.arena, r.buf[x.start:x.end])
		}
		x.textEnd, x.textMade = int32(len(r.arena)), true
	}
	return r.arena[x.text:x.textEnd]
}

// folded is text without regard to case.
func (r *reader) folded(v int32) []byte {
	if x := &r.vals[v]; x.foldMade {
		return r.arena[x.fold:x.foldEnd]
	}
	text := r.text(v)
	at := int32(len(r.arena))
	r.arena = appendFold(r.arena, text)
	x := &r.vals[v]
	x.fold, x.foldEnd, x.foldMade = at, int32(len(r.arena)), true
	return r.arena[x.fold:x.foldEnd]
}

// as is folded or plain text.
func (r *reader) as(v int32, cased bool) []byte {
	if cased {
		return r.text(v)
	}
	return r.folded(v)
}

// address returns value v as an IP address. Many rules ask it of the same field, so the last answer is kept; and most
// sources that are no address (ec2.amazonaws.com) are told by their letters, because a parser's error is an allocation.
func (r *reader) address(v int32) (netip.Addr, bool) {
	if r.addrGen == r.gen && r.addrOf == v {
		return r.addr, r.addr.IsValid()
	}
	r.addrGen, r.addrOf, r.addr = r.gen, v, netip.Addr{}
	text := r.text(v)
	if !looksLikeAddress(text) {
		return r.addr, false
	}
	if addr, err := netip.ParseAddr(unsafe.String(&text[0], len(text))); err == nil {
		// Neither this nor a zone's name, which is dropped here, holds on to the borrowed text.
		r.addr = addr.Unmap().WithZone("")
	}
	return r.addr, r.addr.IsValid()
}

// looksLikeAddress lets through everything that may be an IPv4 or, with a colon, an IPv6 address.
func looksLikeAddress(s []byte) bool {
	v6 := bytes.IndexByte(s, ':') >= 0
	for _, c := range s {
		if c-'0' >= 10 && c != '.' && !v6 {
			return false
		}
	}
	return len(s) >= 2 && len(s) <= 100
}

// record returns the value that stands for the whole record, for keywords.
func (r *reader) record(start, end int) int32 {
	if r.whole < 0 {
		r.whole = int32(len(r.vals))
		r.vals = append(r.vals, value{start: int32(start), end: int32(end), next: -1, kind: valueObject})
	}
	return r.whole
}

// inside calls test with each string (not key) within object v, unescaped, until one passes. With onlyEscaped it leaves
// out those that stand in the object's own text unchanged. The object has been checked, so quotes pair up.
func (r *reader) inside(v int32, cased, onlyEscaped bool, test func([]byte) bool) bool {
	if x := &r.vals[v]; onlyEscaped && x.inner == 0 {
		x.inner = 1
		if bytes.IndexByte(r.buf[x.start:x.end], '\\') >= 0 {
			x.inner = 2
		}
	}
	x := r.vals[v]
	if onlyEscaped && x.inner == 1 {
		return false
	}
	mark := len(r.arena)
	defer func() { r.arena = r.arena[:mark] }()
	for i := int(x.start); i < int(x.end); i++ {
		if r.buf[i] != '"' {
			continue
		}
		from, escaped := i+1, false
		for i = from; r.buf[i] != '"'; i++ {
			if r.buf[i] == '\\' {
				escaped = true
				i++
			}
		}
		if r.isKey(i+1) || onlyEscaped && !escaped {
			continue
		}
		text := r.buf[from:i]
		if escaped {
			at := len(r.arena)
			r.arena = unescape(r.arena, text)
			text = r.arena[at:]
		}
		if !cased {
			at := len(r.arena)
			r.arena = appendFold(r.arena, text)
			text = r.arena[at:]
		}
		if test(text) {
			return true
		}
		r.arena = r.arena[:mark]
	}
	return false
}

func (r *reader) isKey(i int) bool {
	for r.buf[i] == ' ' || r.buf[i] == '\n' || r.buf[i] == '\r' || r.buf[i] == '\t' {
		i++
	}
	return r.buf[i] == ':'
}

// appendCompact appends checked JSON without the white space between its tokens.
func appendCompact(dst, src []byte) []byte {
	quoted := false
	for i := 0; i < len(src); i++ {
		c := src[i]
		if quoted {
			dst = append(dst, c)
			if c == '\\' {
				i++
				dst = append(dst, src[i])
			}
			quoted = c != '"'
			continue
		}
		if c > ' ' {
			dst = append(dst, c)
			quoted = c == '"'
		}
	}
	return dst
}
