package detect

import (
	"bytes"
	"unicode/utf8"
)

// glob matches a pattern that is more than an exact text, prefix, suffix or substring. Leftmost greedy search of the
// pieces between stars is right because ? and text have a fixed length in characters; it needs no backtracking, so a
// hostile value cannot make it slow.
type glob struct {
	pieces         []pattern // without stars
	runes          []int     // length of each piece in characters
	atStart, atEnd bool
}

func newGlob(p pattern) glob {
	g := glob{atStart: len(p) == 0 || p[0].wild != '*', atEnd: len(p) == 0 || p[len(p)-1].wild != '*'}
	var piece pattern
	flush := func() {
		if len(piece) > 0 {
			n := 0
			for _, x := range piece {
				n += max(utf8.RuneCountInString(x.text), 1)
			}
			g.pieces, g.runes = append(g.pieces, piece), append(g.runes, n)
			piece = nil
		}
	}
	for _, x := range p {
		if x.wild == '*' {
			flush()
			continue
		}
		piece = append(piece, x)
	}
	flush()
	return g
}

// match reports whether all of s fits.
func (g *glob) match(s []byte) bool {
	pieces, runes := g.pieces, g.runes
	if len(pieces) == 0 {
		return len(s) == 0 || !g.atStart
	}
	if g.atStart {
		n := matchPiece(pieces[0], s)
		if n < 0 {
			return false
		}
		s, pieces, runes = s[n:], pieces[1:], runes[1:]
		if len(pieces) == 0 {
			return !g.atEnd || len(s) == 0
		}
	}
	last := len(pieces)
	if g.atEnd {
		last--
		cut := len(s)
		for range runes[last] {
			if cut == 0 {
				return false
			}
			_, size := utf8.DecodeLastRune(s[:cut])
			cut -= size
		}
		if matchPiece(pieces[last], s[cut:]) != len(s)-cut {
			return false
		}
		s = s[:cut]
	}
	for _, piece := range pieces[:last] {
		rest := findPiece(piece, s)
		if rest < 0 {
			return false
		}
		s = s[rest:]
	}
	return true
}

// matchPiece returns how many bytes of s the piece takes at its start, -1 where it does not fit.
func matchPiece(piece pattern, s []byte) int {
	i := 0
	for _, x := range piece {
		if x.wild == 0 {
			if len(s)-i < len(x.text) || string(s[i:i+len(x.text)]) != x.text {
				return -1
			}
			i += len(x.text)
			continue
		}
		if i == len(s) {
			return -1
		}
		_, size := utf8.DecodeRune(s[i:])
		i += size
	}
	return i
}

// findPiece returns the end of the piece's first occurrence in s, -1 where there is none.
func findPiece(piece pattern, s []byte) int {
	if text, ok := piece.plain(); ok {
		if at := bytes.Index(s, []byte(text)); at >= 0 {
			return at + len(text)
		}
		return -1
	}
	for i := 0; i <= len(s); {
		if n := matchPiece(piece, s[i:]); n >= 0 {
			return i + n
		}
		if i == len(s) {
			break
		}
		_, size := utf8.DecodeRune(s[i:])
		i += size
	}
	return -1
}
