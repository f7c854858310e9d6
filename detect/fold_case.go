package detect

import (
	"unicode"
	"unicode/utf8"
)

// lower maps ASCII capitals to small letters and leaves the rest alone.
func lower(c byte) byte {
	if c-'A' < 26 {
		c |= 0x20
	}
	return c
}

// foldRune gives every rune that Unicode's simple folding holds equal the same representative: the lower-case letter for
// ASCII (so the Kelvin sign is a k), the smallest rune otherwise.
func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		return rune(lower(byte(r)))
	}
	low := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		low = min(low, next)
	}
	if low < utf8.RuneSelf {
		return rune(lower(byte(low)))
	}
	return low
}

// appendFold appends src folded to dst. Equal folds mean equal regardless of case.
func appendFold(dst, src []byte) []byte {
	for i := 0; i < len(src); {
		if c := src[i]; c < utf8.RuneSelf {
			dst = append(dst, lower(c))
			i++
			continue
		}
		r, size := utf8.DecodeRune(src[i:])
		dst = utf8.AppendRune(dst, foldRune(r))
		i += size
	}
	return dst
}

func foldString(s string) string { return string(appendFold(nil, []byte(s))) }
