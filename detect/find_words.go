package detect

import (
	"bytes"
	"slices"
)

// wordFinder finds which of many folded texts occur in a value. A few are searched one by one, with the machine's vector
// instructions behind bytes.Index; many by an Aho-Corasick automaton over the bytes that occur in them.
type wordFinder struct {
	words [][]byte
	class [256]uint8 // 0: the byte occurs in no word
	width int32
	next  []int32   // while building: state*width + class -> state; then see pack
	out   [][]int32 // per state, the words that end there
}

// fewWords is up to where searching one by one is faster.
const fewWords = 4

func newWordFinder(words []string) *wordFinder {
	f := &wordFinder{}
	for _, w := range words {
		f.words = append(f.words, []byte(w))
	}
	if len(words) <= fewWords {
		return f
	}
	f.width = 1
	for _, w := range f.words {
		for _, c := range w {
			if f.class[c] == 0 {
				f.class[c] = uint8(f.width)
				f.width++
			}
		}
	}
	f.build()
	return f
}

// build makes the trie and then, breadth first, completes it to an automaton that never looks back.
func (f *wordFinder) build() {
	state := func() int32 {
		f.next = append(f.next, make([]int32, f.width)...)
		f.out = append(f.out, nil)
		return int32(len(f.out) - 1)
	}
	state()
	for i, w := range f.words {
		at := int32(0)
		for _, c := range w {
			edge := at*f.width + int32(f.class[c])
			if f.next[edge] == 0 {
				to := state()
				f.next[edge] = to
			}
			at = f.next[edge]
		}
		f.out[at] = append(f.out[at], int32(i))
	}
	fail := make([]int32, len(f.out))
	queue := []int32{}
	for c := range f.width {
		if to := f.next[c]; to != 0 {
			queue = append(queue, to)
		}
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		f.out[at] = slices.Concat(f.out[at], f.out[fail[at]])
		for c := range f.width {
			edge, back := at*f.width+c, f.next[fail[at]*f.width+c]
			if to := f.next[edge]; to != 0 {
				fail[to] = back
				queue = append(queue, to)
			} else {
				f.next[edge] = back
			}
		}
	}
	f.pack()
}

// pack writes each target as twice its row's index, plus one where a word ends: the loop over a text then touches one
// number per byte.
func (f *wordFinder) pack() {
	for i, state := range f.next {
		packed := state * f.width << 1
		if len(f.out[state]) > 0 {
			packed |= 1
		}
		f.next[i] = packed
	}
}

// find calls hit with the index of each word in text, possibly more than once, until hit returns true.
func (f *wordFinder) find(text []byte, hit func(int32) bool) bool {
	if f.next == nil {
		for i, w := range f.words {
			if bytes.Contains(text, w) && hit(int32(i)) {
				return true
			}
		}
		return false
	}
	at := uint32(0)
	for _, c := range text {
		at = uint32(f.next[at>>1+uint32(f.class[c])])
		if at&1 == 0 {
			continue
		}
		for _, word := range f.out[at>>1/uint32(f.width)] {
			if hit(word) {
				return true
			}
		}
	}
	return false
}

// any reports whether one of the words occurs.
func (f *wordFinder) any(text []byte) bool {
	if f.next == nil {
		for _, w := range f.words {
			if bytes.Contains(text, w) {
				return true
			}
		}
		return false
	}
	at := uint32(0)
	for _, c := range text {
		if at = uint32(f.next[at>>1+uint32(f.class[c])]); at&1 != 0 {
			return true
		}
	}
	return false
}
