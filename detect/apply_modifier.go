package detect

import (
	"cmp"
	"encoding/base64"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// written is one value on its way through the modifiers.
type written struct {
	node *node
	raw  string  // the text, before wildcards are read
	pat  pattern // once wildcards are read
	done bool    // pat holds
	// stands: the name of a placeholder stands in for its values, which need not be a number or a network.
	stands bool
}

// lookup gives the values of a placeholder; a nil lookup stands in while a rule is only checked.
type lookup func(name string) ([]string, bool)

// rawItem is an item as written; modifiers run again once placeholders are known.
type rawItem struct {
	field   string
	keyword bool
	line    int
	mods    []string
	values  []*node
}

func (r *rawItem) expands() bool { return slices.Contains(r.mods, "expand") }

// build applies the modifiers in their order. Transformations work on the values, the others decide the item's op.
func (r *rawItem) build(find lookup) (*item, error) {
	it := &item{field: r.field, keyword: r.keyword, line: r.line}
	groups := make([][]written, len(r.values))
	for i, v := range r.values {
		groups[i] = []written{{node: v, raw: v.text}}
	}
	s := modState{raw: r, it: it}
	for i, mod := range r.mods {
		if slices.Contains(r.mods[:i], mod) {
			return nil, errAt(r.line, "the modifier %q is written twice", mod)
		}
		for g := range groups {
			out, err := s.apply(mod, groups[g], find)
			if err != nil {
				return nil, err
			}
			groups[g] = out
		}
	}
	if s.needBase64 {
		return nil, errAt(r.line, "wide, utf16, utf16le and utf16be must be followed by base64 or base64offset")
	}
	if s.flags != "" && it.op != opRegex {
		return nil, errAt(r.line, "the modifiers i, m and s belong to re")
	}
	for _, g := range groups {
		var ms []matcher
		for _, w := range g {
			m, err := s.finish(w)
			if err != nil {
				return nil, err
			}
			ms = append(ms, m)
		}
		it.groups = append(it.groups, ms)
	}
	return it, nil
}

// modState is what modifiers leave for the end.
type modState struct {
	raw         *rawItem
	it          *item
	flags       string // of re
	cmp, part   string
	lead, trail bool
	needBase64  bool
}

func (s *modState) setOp(op itemOp, mod string) error {
	if s.it.op != opMatch && s.it.op != op {
		return errAt(s.raw.line, "the modifier %q cannot be combined with those before it", mod)
	}
	s.it.op = op
	return nil
}

func (s *modState) apply(mod string, ws []written, find lookup) ([]written, error) {
	line := s.raw.line
	if s.raw.keyword && needsField(mod) {
		return nil, errAt(line, "the modifier %q needs a field", mod)
	}
	switch mod {
	case "all":
		s.it.all = true
	case "cased":
		s.it.cased = true
	case "neq":
		s.it.negate = true
	case "contains", "startswith", "endswith":
		before, after := mod != "startswith", mod != "endswith"
		if s.it.op == opRef {
			s.trail, s.lead = s.trail || before, s.lead || after
			return ws, nil
		}
		if s.it.op != opMatch {
			return nil, errAt(line, "the modifier %q cannot follow re, cidr, exists or a comparison", mod)
		}
		s.lead, s.trail = s.lead || after, s.trail || before
		return mapText(ws, line, func(w written) ([]written, error) {
			w.read()
			w.pat = w.pat.wrap(before, after)
			return []written{w}, nil
		})
	case "re":
		return ws, s.setOp(opRegex, mod)
	case "i", "m", "s":
		if !strings.Contains(s.flags, mod) {
			s.flags += mod
		}
	case "cidr":
		return ws, s.setOp(opCIDR, mod)
	case "exists":
		return ws, s.setOp(opExists, mod)
	case "fieldref":
		return ws, s.setOp(opRef, mod)
	case "gt", "gte", "lt", "lte":
		if s.cmp != "" && s.cmp != mod {
			return nil, errAt(line, "two comparisons on one field: write two selections")
		}
		s.cmp = mod
		if s.it.op == opTime {
			return ws, nil
		}
		return ws, s.setOp(opCompare, mod)
	case "minute", "hour", "day", "week", "month", "year":
		if s.part != "" && s.part != mod {
			return nil, errAt(line, "two parts of a time on one field: write two selections")
		}
		s.part = mod
		if s.it.op == opCompare {
			s.it.op = opTime
		}
		return ws, s.setOp(opTime, mod)
	case "expand":
		return expandAll(ws, find, line)
	case "windash":
		return mapText(ws, line, func(w written) ([]written, error) { return w.dashes(line) })
	case "wide", "utf16", "utf16le", "utf16be":
		s.needBase64 = true
		return mapPlain(ws, line, mod, func(text string) []string { return []string{encodeUTF16(text, mod)} })
	case "base64":
		s.needBase64 = false
		return mapPlain(ws, line, mod, func(text string) []string {
			return []string{base64.StdEncoding.EncodeToString([]byte(text))}
		})
	case "base64offset":
		s.needBase64 = false
		return mapPlain(ws, line, mod, base64Offsets)
	default:
		return nil, errAt(line, "unknown modifier %q", mod)
	}
	return ws, nil
}

// needsField names the modifiers that mean nothing over a whole record.
func needsField(mod string) bool {
	switch mod {
	case "exists", "fieldref", "cidr", "neq", "startswith", "endswith", "gt", "gte", "lt", "lte",
		"minute", "hour", "day", "week", "month", "year":
		return true
	}
	return false
}

// finish turns a value into the test that the op asks for.
func (s *modState) finish(w written) (matcher, error) {
	line, n := w.node.line, w.node
	if n.kind == nodeNull && (s.it.op != opMatch || s.raw.keyword) {
		return matcher{}, errAt(line, "null is no value here")
	}
	if s.it.op != opMatch && s.it.op != opRef && (s.lead || s.trail) {
		return matcher{}, errAt(line, "contains, startswith and endswith work on text, not on %s", strings.Join(s.raw.mods, "|"))
	}
	if w.stands && (s.it.op == opCIDR || s.it.op == opExists || s.it.op == opCompare || s.it.op == opTime) {
		return matcher{cmp: s.cmp, part: s.part}, nil // built again, with values, before it is judged
	}
	switch s.it.op {
	case opRegex:
		text := w.raw
		if s.flags != "" {
			text = "(?" + s.flags + ")" + text
		}
		re, err := regexp.Compile(text)
		if err != nil {
			return matcher{}, errAt(line, "a regular expression that RE2 does not accept: %v", err)
		}
		return matcher{re: re}, nil
	case opCIDR:
		prefix, err := netip.ParsePrefix(w.raw)
		if err != nil {
			return matcher{}, errAt(line, "no network in CIDR notation: %q", w.raw)
		}
		if prefix.Addr().Is4In6() && prefix.Bits() >= 96 {
			prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-96) // addresses are compared unmapped
		}
		return matcher{cidr: prefix.Masked()}, nil
	case opExists:
		switch strings.ToLower(w.raw) {
		case "true", "yes":
			return matcher{want: true}, nil
		case "false", "no":
			return matcher{}, nil
		}
		return matcher{}, errAt(line, "exists takes true or false, not %q", w.raw)
	case opCompare, opTime:
		return s.finishComparison(w)
	case opRef:
		if w.raw == "" || n.kind != nodeString {
			return matcher{}, errAt(line, "fieldref takes the name of a field")
		}
		return matcher{ref: w.raw, lead: s.lead, trail: s.trail}, nil
	}
	if n.kind == nodeNull {
		return matcher{null: true}, nil
	}
	touched := w.done
	w.read()
	m := matcher{pat: w.pat}
	if s.raw.keyword {
		m.pat = m.pat.wrap(true, true)
	} else if n.kind == nodeNumber && n.plain && !touched {
		m.isNum, m.num = true, n.num
	}
	return m, nil
}

// finishComparison reads what a comparison compares with. Only whole timestamps have an order; parts of one are numbers.
func (s *modState) finishComparison(w written) (matcher, error) {
	m := matcher{cmp: cmp.Or(s.cmp, "eq"), part: s.part}
	var ok bool
	if m.num, ok = parseNumber([]byte(w.raw)); ok {
		return m, nil
	}
	if m.at, ok = instant([]byte(w.raw)); ok && s.it.op == opCompare {
		return m, nil
	}
	return m, errAt(w.node.line, "%q is no number and no RFC 3339 time that could be compared", w.raw)
}
