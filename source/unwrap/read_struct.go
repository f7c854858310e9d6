package unwrap

import (
	"fmt"
	"strings"
)

// maxStruct bounds structs in structs; userIdentity has four levels.
const maxStruct = 8

// readStruct reads Athena's text of a struct, {type=IAMUser, arn=...}, of a list of them, or JSON. Nothing is quoted in that
// notation, so that a value may look like further fields: only ", " and a known name end a value, and a field that
// stands twice keeps its first value. why says that the text can be read in more than one way.
func readStruct(text string) (value any, why string) {
	// Both begin with a brace; only JSON has a quote or an end behind it.
	if v, ok := respell([]byte(text)); ok {
		return v, ""
	}
	p := &structText{rest: text}
	value = p.value("", 0, false)
	if strings.TrimSpace(p.rest) != "" && p.why == "" {
		p.why = fmt.Sprintf("text behind its end: %.40s", p.rest)
	}
	return value, p.why
}

type structText struct {
	rest string
	why  string
}

func (p *structText) odd(format string, args ...any) {
	if p.why == "" {
		p.why = fmt.Sprintf(format, args...)
	}
}

// value reads a struct, a list or a bare text, the value of name. free says that the names around it are not known.
func (p *structText) value(name string, depth int, free bool) any {
	switch {
	case depth > maxStruct:
		p.odd("structs in structs, more than are read")
		p.rest = ""
		return nil
	case strings.HasPrefix(p.rest, "{"):
		return p.object(depth)
	case strings.HasPrefix(p.rest, "["):
		return p.list(depth)
	}
	end := p.end(free)
	text := p.rest[:end]
	p.rest = p.rest[end:]
	if text == "null" || text == "" {
		return nil
	}
	return leaf(spell(name), text)
}

func (p *structText) object(depth int) any {
	p.rest = p.rest[1:]
	out := map[string]any{}
	free := false
	for {
		p.rest = strings.TrimLeft(p.rest, " ")
		if strings.HasPrefix(p.rest, "}") {
			p.rest = p.rest[1:]
			return out
		}
		name, after, ok := strings.Cut(p.rest, "=")
		if !ok || strings.ContainsAny(name, "{}[]") {
			p.odd("no name and = at %.40q", p.rest)
			p.rest = ""
			return out
		}
		p.rest = after
		if spelled[strings.ToLower(name)] == "" {
			free = true // a map, whose names whoever signed in may have chosen
		}
		value := p.value(name, depth+1, free)
		switch known := spell(name); {
		case out[known] != nil:
			p.odd("%s stands twice in it; the first is kept", known)
		case value != nil:
			out[known] = value
		}
		if after, ok := strings.CutPrefix(p.rest, ", "); ok {
			p.rest = after
		} else if !strings.HasPrefix(p.rest, "}") {
			p.odd("it ends inside a struct")
			p.rest = ""
			return out
		}
	}
}

func (p *structText) list(depth int) any {
	p.rest = p.rest[1:]
	out := []any{}
	for {
		p.rest = strings.TrimLeft(p.rest, ", ")
		if strings.HasPrefix(p.rest, "]") {
			p.rest = p.rest[1:]
			return out
		}
		before := len(p.rest)
		if value := p.value("", depth+1, true); value != nil {
			// The table's resources have the name in lower case, records in capitals.
			if object, ok := value.(map[string]any); ok && object["arn"] != nil {
				object["ARN"] = object["arn"]
				delete(object, "arn")
			}
			out = append(out, value)
		}
		if len(p.rest) == before || p.rest == "" {
			p.odd("it ends inside a list")
			p.rest = ""
			return out
		}
	}
}

// end finds where a bare text ends: at ", name=" of a known name, or any where the names are free, or before a bracket that
// closes what is around it.
func (p *structText) end(free bool) int {
	for i := range len(p.rest) {
		switch p.rest[i] {
		case '}', ']':
			return i
		case ',':
			name, _, ok := strings.Cut(strings.TrimPrefix(p.rest[i+1:min(len(p.rest), i+80)], " "), "=")
			if ok && strings.HasPrefix(p.rest[i+1:], " ") && (free || spelled[strings.ToLower(name)] != "") {
				return i
			}
		}
	}
	return len(p.rest)
}
