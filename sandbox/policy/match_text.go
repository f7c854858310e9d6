package policy

import "strings"

// literal leads a byte that a policy variable brought in and that must not act as a wildcard: a user named "*" does not
// own everybody's folder.
const literal = 0x01

// glob says whether text matches a pattern of *, ? and literals. It runs in time proportional to the product of both
// lengths at worst, whatever an attacker writes into a policy.
func glob(pattern, text string) bool {
	p, t := 0, 0
	star, mark := -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p+1 < len(pattern) && pattern[p] == literal && pattern[p+1] == text[t]:
			p += 2
			t++
		case p < len(pattern) && pattern[p] != literal && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// globARN compares ARNs part by part, so that a wildcard in one of the first five parts stays within it.
func globARN(pattern, text string) bool {
	if pattern == "*" {
		return true
	}
	ps, ts := strings.SplitN(pattern, ":", 6), strings.SplitN(text, ":", 6)
	if len(ps) != len(ts) {
		return false
	}
	for i := range ps {
		if !glob(ps[i], ts[i]) {
			return false
		}
	}
	return true
}

// expand replaces policy variables by the request's values. ok is false where a variable has no value in this request
// and no default: the element then matches nothing.
func (r *Request) expand(pattern string) (out string, ok bool) {
	start := strings.Index(pattern, "${")
	if start < 0 {
		return pattern, true
	}
	var b strings.Builder
	for start >= 0 {
		end := strings.IndexByte(pattern[start:], '}')
		if end < 0 {
			break
		}
		b.WriteString(pattern[:start])
		name := pattern[start+2 : start+end]
		pattern = pattern[start+end+1:]
		value, known := r.variable(name)
		if !known {
			return "", false
		}
		for i := range len(value) {
			b.WriteByte(literal)
			b.WriteByte(value[i])
		}
		start = strings.Index(pattern, "${")
	}
	b.WriteString(pattern)
	return b.String(), true
}

func (r *Request) variable(name string) (string, bool) {
	switch name {
	case "*", "?", "$":
		return name, true
	}
	name, fallback, hasFallback := strings.Cut(name, ",")
	// A key with several values cannot stand in a text.
	if values := r.Context[strings.ToLower(strings.TrimSpace(name))]; len(values) == 1 {
		return values[0], true
	}
	return strings.Trim(strings.TrimSpace(fallback), "'"), hasFallback
}

// plain takes the literal marks out again, for operators without wildcards.
func plain(s string) string {
	if strings.IndexByte(s, literal) < 0 {
		return s
	}
	return strings.ReplaceAll(s, string(rune(literal)), "")
}
