package detect

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf16"
)

// maxExpanded bounds what one value may become: five dashes have 3125 spellings.
const maxExpanded = 3125

// read turns the raw text into a pattern, once.
func (w *written) read() {
	if !w.done {
		w.pat, w.done = parsePattern(w.raw), true
		if w.node.kind != nodeString {
			w.pat = literal(w.raw)
		}
	}
}

// mapText runs a transformation over values that have text.
func mapText(ws []written, line int, f func(written) ([]written, error)) ([]written, error) {
	if len(ws) == 0 {
		return nil, nil // a placeholder without values stays without
	}
	var out []written
	for _, w := range ws {
		if w.node.kind == nodeNull {
			return nil, errAt(line, "this modifier needs text, not null")
		}
		more, err := f(w)
		if err != nil {
			return nil, err
		}
		// A long list of one's own is no fault; making more of it is.
		if out = append(out, more...); len(out) > max(maxExpanded, len(ws)) {
			return nil, errAt(line, "a value that expands to more than %d spellings", maxExpanded)
		}
	}
	if len(out) == 0 {
		return nil, errAt(line, "the value is too short: encoding leaves nothing to look for")
	}
	return out, nil
}

// mapPlain runs an encoding, which wildcards cannot survive.
func mapPlain(ws []written, line int, mod string, f func(string) []string) ([]written, error) {
	return mapText(ws, line, func(w written) ([]written, error) {
		w.read()
		text, ok := w.pat.plain()
		if !ok {
			return nil, errAt(line, "%s needs text without wildcards, before any contains, startswith or endswith", mod)
		}
		var out []written
		for _, s := range f(text) {
			out = append(out, written{node: w.node, raw: s, pat: literal(s), done: true})
		}
		return out, nil
	})
}

// dashes spells every dash in each of the five ways that command lines accept.
func (w written) dashes(line int) ([]written, error) {
	const dashes = "-/–—―"
	w.read()
	out := []pattern{nil}
	for _, x := range w.pat {
		if x.wild != 0 {
			for i := range out {
				out[i] = append(slices.Clone(out[i]), x)
			}
			continue
		}
		rest := x.text
		for {
			at := strings.IndexAny(rest, dashes)
			head := rest
			if at >= 0 {
				head = rest[:at]
			}
			for i := range out {
				out[i] = append(slices.Clone(out[i]), part{text: head})
			}
			if at < 0 {
				break
			}
			var next []pattern
			for _, p := range out {
				for _, d := range dashes {
					next = append(next, append(slices.Clone(p), part{text: string(d)}))
				}
			}
			if out = next; len(out) > maxExpanded {
				return nil, errAt(line, "windash: more than five dashes in one value: shorten it")
			}
			_, size := decodeRune(rest[at:])
			rest = rest[at+size:]
		}
	}
	ws := make([]written, len(out))
	for i, p := range out {
		ws[i] = written{node: w.node, raw: w.raw, pat: dropEmpty(p).tidy(), done: true}
	}
	return ws, nil
}

func decodeRune(s string) (rune, int) {
	for i, r := range s {
		return r, i + len(string(r))
	}
	return 0, 0
}

func dropEmpty(p pattern) pattern {
	return slices.DeleteFunc(slices.Clone(p), func(x part) bool { return x.wild == 0 && x.text == "" })
}

func encodeUTF16(text, mod string) string {
	order := binary.AppendByteOrder(binary.LittleEndian)
	if mod == "utf16be" {
		order = binary.BigEndian
	}
	var out []byte
	if mod == "utf16" {
		out = append(out, 0xff, 0xfe)
	}
	for _, unit := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, unit)
	}
	return string(out)
}

// base64Offsets encodes text as it looks at each of the three places it can have within encoded data, less the characters
// that depend on its neighbours.
func base64Offsets(text string) []string {
	start, end := [3]int{0, 2, 3}, [3]int{0, 3, 2}
	var out []string
	for shift := range 3 {
		padded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(" ", shift) + text))
		cut := len(padded) - end[(len(text)+shift)%3]
		if start[shift] < cut {
			out = append(out, padded[start[shift]:cut])
		}
	}
	return out
}
