package quell

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text that came from logs safe to show on a terminal and to keep on one line: control characters,
// escape sequences, bidirectional overrides and invalid UTF-8 become visible marks. It never lengthens beyond a small
// factor and leaves ordinary text untouched.
func Clean(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			b.WriteByte(' ')
		case r == utf8.RuneError:
			b.WriteRune('\uFFFD')
		case r < 0x20:
			b.WriteRune(0x2400 + r) // the pictures of control characters
		case r == 0x7f:
			b.WriteRune('\u2421')
		case unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029':
			b.WriteRune('\uFFFD')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// Cut cleans s and shortens it to at most width runes, the last being an ellipsis where something was cut.
func Cut(s string, width int) string {
	s = Clean(s)
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	runes := []rune(s)
	if width <= 1 {
		return string(runes[:max(width, 0)])
	}
	return string(runes[:width-1]) + "…"
}

// CleanCell makes s safe as a cell of a CSV file that a spreadsheet opens: besides Clean, text that would start a
// formula is led by an apostrophe.
func CleanCell(s string) string {
	s = Clean(s)
	lead, _ := utf8.DecodeRuneInString(strings.TrimLeftFunc(s, unicode.IsSpace))
	if strings.ContainsRune("=+-@|%＝＋－＠", lead) { // spreadsheets of East Asian locales take the full-width forms too
		return "'" + s
	}
	return s
}
