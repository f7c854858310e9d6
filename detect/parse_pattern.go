package detect

import "strings"

// A pattern is text with wildcards, as Sigma writes values.
type pattern []part

// part is a run of literal text or one wildcard.
type part struct {
	wild byte // 0 for text, '*' any run of characters, '?' one character
	text string
}

// parsePattern reads Sigma's escapes: a backslash before *, ? or \ makes it plain; any other backslash is itself.
func parsePattern(s string) pattern {
	var p pattern
	var lit strings.Builder
	flush := func() {
		if lit.Len() > 0 {
			p = append(p, part{text: lit.String()})
			lit.Reset()
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && (s[i+1] == '*' || s[i+1] == '?' || s[i+1] == '\\'):
			i++
			lit.WriteByte(s[i])
		case c == '*' || c == '?':
			flush()
			p = append(p, part{wild: c})
		default:
			lit.WriteByte(c)
		}
	}
	flush()
	return p.tidy()
}

func literal(s string) pattern {
	if s == "" {
		return nil
	}
	return pattern{{text: s}}
}

// tidy joins neighbouring texts and neighbouring stars, so that equal patterns look equal.
func (p pattern) tidy() pattern {
	var out pattern
	for _, x := range p {
		if n := len(out); n > 0 && x.wild == 0 && out[n-1].wild == 0 {
			out[n-1].text += x.text
			continue
		} else if n > 0 && x.wild == '*' && out[n-1].wild == '*' {
			continue
		}
		out = append(out, x)
	}
	return out
}

// plain returns the text of a pattern without wildcards.
func (p pattern) plain() (string, bool) {
	switch {
	case len(p) == 0:
		return "", true
	case len(p) == 1 && p[0].wild == 0:
		return p[0].text, true
	}
	return "", false
}

// wrap adds a star before, after or on both sides.
func (p pattern) wrap(before, after bool) pattern {
	out := pattern{}
	if before {
		out = append(out, part{wild: '*'})
	}
	out = append(out, p...)
	if after {
		out = append(out, part{wild: '*'})
	}
	return out.tidy()
}

// open reports whether the pattern may begin and end anywhere, as `contains` makes it.
func (p pattern) open() bool {
	return len(p) > 0 && p[0].wild == '*' && p[len(p)-1].wild == '*'
}

// fold returns the pattern with its texts case-folded.
func (p pattern) fold() pattern {
	out := make(pattern, len(p))
	for i, x := range p {
		out[i] = part{x.wild, foldString(x.text)}
	}
	return out
}

// longest is the longest literal run, which any matching text must contain.
func (p pattern) longest() string {
	best := ""
	for _, x := range p {
		if len(x.text) > len(best) {
			best = x.text
		}
	}
	return best
}

// key tells patterns apart unambiguously.
func (p pattern) key() string {
	var b strings.Builder
	for _, x := range p {
		if x.wild != 0 {
			b.WriteByte(0)
			b.WriteByte(x.wild)
			continue
		}
		b.WriteString(x.text)
	}
	return b.String()
}
