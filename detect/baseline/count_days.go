package baseline

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// dayWords is how many words of 64 days a set spans: more than a year, whatever the last day is.
const dayWords = 7

// Days is a set of UTC days, as days since 1970. It reaches back from its last day by at least 385 days and forgets what
// lies before. Adding days in any order, any number of times, and uniting sets in any order gives the same set.
type Days struct {
	top  int32 // the newest word: day >> 6
	bits [dayWords]uint64
}

// dayOf is the day of a time in seconds.
func dayOf(at int64) int32 { return int32(at / int64(24*time.Hour/time.Second)) }

// Add puts a day into the set. Days before 1970 are ignored.
func (d *Days) Add(day int32) {
	if day < 0 {
		return
	}
	d.raise(day >> 6)
	if i := d.top - day>>6; i < dayWords {
		d.bits[i] |= 1 << (day & 63)
	}
}

// raise makes word the newest, if it is newer.
func (d *Days) raise(word int32) {
	by := word - d.top
	switch {
	case by <= 0:
		return
	case by >= dayWords:
		d.bits = [dayWords]uint64{}
	default:
		copy(d.bits[by:], d.bits[:dayWords-by])
		clear(d.bits[:by])
	}
	d.top = word
}

// Join adds the days of another set.
func (d *Days) Join(o Days) {
	d.raise(o.top)
	for i, word := range o.bits {
		if at := d.top - o.top + int32(i); at < dayWords {
			d.bits[at] |= word
		}
	}
}

// word is the set's days in word number n.
func (d Days) word(n int32) uint64 {
	if i := d.top - n; i >= 0 && i < dayWords {
		return d.bits[i]
	}
	return 0
}

// Count is how many days from first to before end are in the set or in the other one.
func (d Days) Count(o Days, first, end int32) int {
	first = max(first, 0)
	n := 0
	for w := first >> 6; w<<6 < end; w++ {
		word := d.word(w) | o.word(w)
		if from := first - w<<6; from > 0 {
			word &= ^uint64(0) << from
		}
		if to := end - w<<6; to < 64 {
			word &= 1<<to - 1
		}
		n += bits.OnesCount64(word)
	}
	return n
}

// Total is how many days the set has.
func (d Days) Total() int {
	n := 0
	for _, word := range d.bits {
		n += bits.OnesCount64(word)
	}
	return n
}

// MarshalText writes the newest word's number and the words in hexadecimal, newest first: "320:ff,0,1".
func (d Days) MarshalText() ([]byte, error) {
	last := dayWords
	for last > 1 && d.bits[last-1] == 0 {
		last--
	}
	words := make([]string, last)
	for i := range words {
		words[i] = strconv.FormatUint(d.bits[i], 16)
	}
	return fmt.Appendf(nil, "%d:%s", d.top, strings.Join(words, ",")), nil
}

// lastWord bounds what a file may claim: the year 2300.
const lastWord = 1900

// UnmarshalText reads what MarshalText writes.
func (d *Days) UnmarshalText(text []byte) error {
	top, rest, ok := strings.Cut(string(text), ":")
	n, err := strconv.ParseUint(top, 10, 31)
	words := strings.Split(rest, ",")
	if !ok || err != nil || n > lastWord || len(words) > dayWords {
		return fmt.Errorf("read days: %.40q is no set of days", text)
	}
	out := Days{top: int32(n)}
	for i, w := range words {
		if out.bits[i], err = strconv.ParseUint(w, 16, 64); err != nil {
			return fmt.Errorf("read days: %.40q is no set of days", text)
		}
	}
	*d = out
	return nil
}
