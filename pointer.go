package quell

import (
	"strconv"
	"strings"
)

// At finds the value at a JSON pointer (RFC 6901) in a decoded JSON tree. A pointer that does not start with a slash, or
// spells an index other than in plain decimal, finds nothing.
func At(tree any, pointer string) (any, bool) {
	if pointer == "" {
		return tree, true
	}
	if pointer[0] != '/' {
		return nil, false
	}
	for part := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		part = strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
		switch node := tree.(type) {
		case map[string]any:
			v, ok := node[part]
			if !ok {
				return nil, false
			}
			tree = v
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(node) || strconv.Itoa(i) != part {
				return nil, false
			}
			tree = node[i]
		default:
			return nil, false
		}
	}
	return tree, true
}

// Pointer makes a JSON pointer of its parts.
func Pointer(parts ...string) string {
	var b strings.Builder
	for _, part := range parts {
		b.WriteByte('/')
		b.WriteString(strings.ReplaceAll(strings.ReplaceAll(part, "~", "~0"), "/", "~1"))
	}
	return b.String()
}
