package detect

import (
	"math"
	"net/netip"
	"regexp"
	"strconv"
	"time"
)

// itemOp is what an item asks of its field's values.
type itemOp uint8

const (
	opMatch   itemOp = iota // a pattern, a number, or null
	opRegex                 // RE2, searched anywhere
	opCIDR                  // an address within a network
	opExists                // the key is there, whatever its value
	opCompare               // gt, gte, lt, lte: numbers, or instants
	opRef                   // the same text as another field of the record
	opTime                  // a part of a timestamp
)

// item is one line of a selection: a field and what is asked of it.
//
// Where the values of a field are: a path joins the keys on the way with dots; arrays add nothing, so a path may have
// many values, and one is enough. A string is its text, a number and a boolean the text they are written as. An object
// is its compact JSON; patterns that begin and end with a star (`contains`) and regular expressions also look into each
// string inside it, unescaped; a pattern without wildcards never equals an object. Keywords read the record itself in
// this way, as if they were contained in it.
type item struct {
	field   string
	keyword bool
	line    int
	op      itemOp
	cased   bool
	all     bool // every group must match, not just one
	negate  bool // neq: none may match; so it is true where the field is missing
	// groups has an entry per written value; a modifier may have made several matchers of it, any of which will do.
	groups [][]matcher
}

// matcher is a single test of a single value. Which fields count depends on the item's op.
type matcher struct {
	null  bool // opMatch: the path has no value, or one that is null
	pat   pattern
	isNum bool // opMatch: also a JSON number of equal value, however written
	num   float64
	re    *regexp.Regexp
	cidr  netip.Prefix
	want  bool      // opExists
	cmp   string    // opCompare, opTime: gt, gte, lt, lte, eq
	at    time.Time // opCompare: the instant compared with; zero for numbers, which num holds
	ref   string    // opRef: the other field's path
	lead  bool      // opRef: the value may go on after the other's text (startswith, contains)
	trail bool      // opRef: the value may begin before it (endswith, contains)
	part  string    // opTime: minute, hour, day, week, month, year
}

// compare applies Sigma's name for a comparison.
func compare(op string, a, b float64) bool {
	switch op {
	case "gt":
		return a > b
	case "gte":
		return a >= b
	case "lt":
		return a < b
	case "lte":
		return a <= b
	case "eq":
		return a == b
	}
	return false
}

// compareTimes does the same for instants. Whole seconds and fractions are compared exactly, which a float could not hold.
func compareTimes(op string, a, b time.Time) bool { return compare(op, float64(a.Compare(b)), 0) }

// isNumber reports whether s is a number in JSON's grammar.
func isNumber(s []byte) bool {
	n := scanNumber(s, 0)
	return n > 0 && n == len(s)
}

// scanNumber returns the index after the JSON number at i, -1 where there is none.
func scanNumber(s []byte, i int) int {
	at := func() byte {
		if i < len(s) {
			return s[i]
		}
		return 0
	}
	digits := func() bool {
		from := i
		for c := at(); c >= '0' && c <= '9'; c = at() {
			i++
		}
		return i > from
	}
	if at() == '-' {
		i++
	}
	if at() == '0' {
		i++
	} else if !digits() {
		return -1
	}
	if at() == '.' {
		i++
		if !digits() {
			return -1
		}
	}
	if c := at(); c == 'e' || c == 'E' {
		i++
		if c := at(); c == '+' || c == '-' {
			i++
		}
		if !digits() {
			return -1
		}
	}
	return i
}

// parseNumber reads a JSON number; too large ones are infinite.
func parseNumber(s []byte) (float64, bool) {
	if !isNumber(s) {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(s), 64) // short enough for the stack
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}
