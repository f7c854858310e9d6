package detect

import (
	"slices"
	"strings"
	"time"
)

// seenEvent is what is kept of an event, or of a hit that feeds another correlation.
type seenEvent struct {
	id     string
	time   time.Time
	last   time.Time // of a hit; else equal to time
	head   packed
	fits   []*Rule // the rules it matched
	values []values
	parts  []*seenEvent // of a hit: its events
}

// values are the distinct texts at one of the Correlator's fields, sorted.
type values struct {
	field int
	texts []string
}

// at are the texts of a field, by its place in the Correlator's list.
func (e *seenEvent) at(field int) []string {
	for _, v := range e.values {
		if v.field == field {
			return v.texts
		}
	}
	return nil
}

// interner shares texts that come again and again: principals, keys, addresses, regions.
type interner map[string][]string

// maxShared bounds what is remembered for sharing. Beyond it texts are kept without.
const maxShared = 50_000

// list shares a list of one text, which nearly all are.
func (in interner) list(texts []string) []string {
	if len(texts) != 1 {
		return texts
	}
	if shared, ok := in[texts[0]]; ok {
		return shared
	}
	if len(in) < maxShared {
		in[texts[0]] = texts
	}
	return texts
}

// byTime orders events as hits tell them.
func byTime(a, b *seenEvent) int {
	if n := a.time.Compare(b.time); n != 0 {
		return n
	}
	return strings.Compare(a.id, b.id)
}

// place finds a field in the list of a Correlator; -1 for none.
func place(fields []string, path string) int { return slices.Index(fields, path) }
