package unwrap

import "bytes"

// maxKeys bounds a list of keys; what says more of itself is no kind of log that is known here.
const maxKeys = 1000

// Keys lists the top-level keys of the first object in a text that may break off; of a list, those of its first object.
// Every file passes through it, most of them small, so it neither copies nor checks what it passes over: it only finds
// where strings and brackets end.
func Keys(head []byte) []string {
	text := bytes.TrimLeft(head, " \t\r\n")
	if len(text) > 0 && text[0] == '[' {
		text = bytes.TrimLeft(text[1:], " \t\r\n")
	}
	if len(text) == 0 || text[0] != '{' {
		return nil
	}
	var keys []string
	var depth int
	naming := false // the next string at the top level is a key
	for i := 0; i < len(text) && len(keys) < maxKeys; i++ {
		switch text[i] {
		case '{', '[':
			depth++
			naming = depth == 1
		case '}', ']':
			if depth--; depth == 0 {
				return keys
			}
		case ',':
			naming = naming || depth == 1
		case '"':
			end := closingQuote(text, i+1)
			if end < 0 {
				return keys
			}
			if naming {
				keys, naming = append(keys, string(text[i+1:end])), false
			}
			i = end
		}
	}
	return keys
}

// closingQuote finds the quote that ends the string that begins at from, -1 where the text breaks off before.
func closingQuote(text []byte, from int) int {
	for at := from; ; {
		n := bytes.IndexByte(text[at:], '"')
		if n < 0 {
			return -1
		}
		at += n
		// The quote is escaped if an odd number of backslashes stands before it.
		before := at
		for before > from && text[before-1] == '\\' {
			before--
		}
		if (at-before)%2 == 0 {
			return at
		}
		at++
	}
}
