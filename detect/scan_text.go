package detect

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// sentinel is how many zero bytes follow the data in every buffer: reading eight bytes at once never leaves the buffer,
// and a zero, which JSON has no use for, ends every loop.
const sentinel = 8

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// nextStop returns the index of the first quote, backslash or control character at or after i, and whether a byte beyond
// ASCII came before it. Eight bytes at a time: in each word the lowest mark is exact, later ones may be carries.
func nextStop(buf []byte, i int) (stop int, high bool) {
	var seen uint64
	for i+8 <= len(buf) {
		w := binary.LittleEndian.Uint64(buf[i:])
		quote := w ^ 0x22*ones
		back := w ^ 0x5c*ones
		marks := ((quote-ones)&^quote | (back-ones)&^back | (w-0x20*ones)&^w) & highs
		if marks != 0 {
			n := bits.TrailingZeros64(marks) >> 3
			seen |= w & (1<<(8*n) - 1)
			return i + n, seen&highs != 0
		}
		seen |= w
		i += 8
	}
	for i < len(buf) && buf[i] >= 0x20 && buf[i] != '"' && buf[i] != '\\' {
		seen |= uint64(buf[i])
		i++
	}
	return i, seen&highs != 0
}

// escapeLen returns the length of the escape at buf[i], 0 where it is none. Buffers end with zeros, so it stays inside.
func escapeLen(buf []byte, i int) int {
	switch buf[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		for k := i + 2; k < i+6; k++ {
			if _, ok := hexDigit(buf[k]); !ok {
				return 0
			}
		}
		return 6
	}
	return 0
}

func hexDigit(c byte) (rune, bool) {
	switch {
	case c-'0' < 10:
		return rune(c - '0'), true
	case lower(c)-'a' < 6:
		return rune(lower(c)-'a') + 10, true
	}
	return 0, false
}

// unescape appends the text of a checked JSON string. A lone half of a surrogate pair becomes U+FFFD.
func unescape(dst, src []byte) []byte {
	for i := 0; i < len(src); {
		if src[i] != '\\' {
			dst = append(dst, src[i])
			i++
			continue
		}
		switch c := src[i+1]; c {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r := hexRune(src[i+2:])
			i += 4
			if utf16.IsSurrogate(r) {
				var pair rune = utf8.RuneError
				if i+8 <= len(src) && src[i+2] == '\\' && src[i+3] == 'u' {
					pair = utf16.DecodeRune(r, hexRune(src[i+4:]))
				}
				if r = pair; r != utf8.RuneError {
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, c)
		}
		i += 2
	}
	return dst
}

// hexRune reads four checked hex digits.
func hexRune(s []byte) rune {
	var r rune
	for _, c := range s[:4] {
		d, _ := hexDigit(c)
		r = r<<4 | d
	}
	return r
}
