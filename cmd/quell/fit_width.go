package main

import (
	"strings"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"

	"github.com/quell-ir/quell"
)

// maxCluster bounds the characters that one place on the screen may be made of. Combining marks take no width, so without
// a bound a name could hold thousands of them and run over the lines above.
const maxCluster = 6

// columnsOf is how many columns of a terminal a text takes, at the worst: terminals differ in whether emoji with a
// modifier or a variant are one sign or several, and the wider way is assumed.
func columnsOf(s string) int {
	n := 0
	for signs := displaywidth.StringGraphemes(s); signs.Next(); {
		n += signColumns(signs.Value(), signs.Width())
	}
	return n
}

// signColumns takes the wider of a sign as one and of its characters one by one.
func signColumns(sign string, whole int) int {
	parts := 0
	for _, r := range sign {
		parts += displaywidth.Rune(r)
	}
	return max(whole, parts)
}

// fit cleans text and shortens it to a number of columns, the last of them an ellipsis where something was cut.
func fit(s string, columns int) string {
	s = tame(s)
	if columnsOf(s) <= columns {
		return s
	}
	if columns <= 0 {
		return "" // not even the ellipsis has room
	}
	return chop(s, columns-1) + "…"
}

// tame cleans text and bounds what one place on the screen may hold.
func tame(s string) string {
	s = quell.Clean(s)
	if isASCII(s) {
		return s
	}
	var b strings.Builder
	for signs := displaywidth.StringGraphemes(s); signs.Next(); {
		b.WriteString(trimCluster(signs.Value()))
	}
	return b.String()
}

// pad fits text and fills it up with blanks, so that the next column begins where it should.
func pad(s string, columns int) string {
	s = fit(s, columns)
	return s + strings.Repeat(" ", max(columns-columnsOf(s), 0))
}

// chop is the beginning of clean text that takes no more than a number of columns, cut between signs; empty where not even
// the first sign fits.
func chop(s string, columns int) string {
	used, at := 0, 0
	for signs := displaywidth.StringGraphemes(s); signs.Next(); {
		n := signColumns(signs.Value(), signs.Width())
		if used+n > columns {
			break
		}
		used, at = used+n, at+len(signs.Value())
	}
	return s[:at]
}

// trimCluster cuts at a character, never within one: half a character is no UTF-8.
func trimCluster(sign string) string {
	if utf8.RuneCountInString(sign) <= maxCluster {
		return sign
	}
	at := 0
	for range maxCluster {
		_, n := utf8.DecodeRuneInString(sign[at:])
		at += n
	}
	return sign[:at]
}

// isASCII spares ordinary text the search for its signs: names are nearly always that, and tables have thousands of them.
func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
