package detect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// leaf adds a predicate for matchers on one field, any of which will do, and a gate for it.
func (b *builder) leaf(it *item, ms []matcher) int32 {
	key := leafKey(it, ms)
	if at, ok := b.preds[key]; ok {
		return at
	}
	p := predicate{slot: -1, op: it.op, cased: it.cased}
	if !it.keyword {
		p.slot = b.p.tree.add(it.field)
	}
	var words []string
	for i := range ms {
		m := &ms[i]
		switch it.op {
		case opMatch:
			words = append(words, p.addPattern(m)...)
		case opRegex:
			p.regexps = append(p.regexps, m.re)
		case opCIDR:
			p.cidrs = append(p.cidrs, m.cidr)
		case opExists:
			p.exists = m.want
		case opCompare, opTime:
			p.cmp, p.num, p.at, p.part = m.cmp, m.num, m.at, m.part
		case opRef:
			p.other, p.lead, p.trail = b.p.tree.add(m.ref), m.lead, m.trail
		}
	}
	if len(words) > 0 {
		p.words = newWordFinder(words)
	}
	at := int32(len(b.p.nodes))
	b.p.nodes = append(b.p.nodes, gate{op: exprItem, pred: int32(len(b.p.preds)), cost: p.cost()})
	b.p.preds = append(b.p.preds, p)
	b.preds[key] = at
	return at
}

// addPattern files a pattern under the cheapest test that decides it, and returns it if that is a search for a word.
func (p *predicate) addPattern(m *matcher) (word []string) {
	if m.null {
		p.null = true
		return nil
	}
	if m.isNum {
		p.nums = append(p.nums, m.num)
	}
	pat := m.pat
	if !p.cased {
		pat = pat.fold()
	}
	if text, ok := pat.plain(); ok {
		if p.exact == nil {
			p.exact = map[string]struct{}{}
		}
		p.exact[text] = struct{}{}
		return nil
	}
	star := func(i int) bool { return pat[i].wild == '*' }
	text := func(i int) bool { return pat[i].wild == 0 }
	switch {
	case len(pat) == 1 && star(0):
		p.present = true
	case len(pat) == 2 && text(0) && star(1):
		p.prefix = append(p.prefix, []byte(pat[0].text))
	case len(pat) == 2 && star(0) && text(1):
		p.suffix = append(p.suffix, []byte(pat[1].text))
	case len(pat) == 3 && star(0) && text(1) && star(2):
		return []string{pat[1].text}
	case pat.open():
		p.open = append(p.open, newGlob(pat))
	default:
		p.globs = append(p.globs, newGlob(pat))
	}
	return nil
}

// cost orders the parts of a condition: what is cheap to refute comes first.
func (p *predicate) cost() int32 {
	switch {
	case p.slot < 0:
		return 10_000
	case p.op == opRegex:
		return 1000
	case p.op == opExists, p.present:
		return 1
	case len(p.globs)+len(p.open) > 0:
		return 100
	case p.words != nil:
		return int32(min(20+len(p.words.words), 99))
	case p.op == opMatch:
		return 4
	}
	return 30
}

// leafKey is equal for predicates that ask the same. Most values are plain texts, and a rule set has ten thousand of them:
// the rest of a matcher is written only where there is some.
func leafKey(it *item, ms []matcher) string {
	tests := make([]string, len(ms))
	for i, m := range ms {
		plain := matcher{pat: m.pat, isNum: m.isNum, num: m.num}
		key := strconv.Quote(m.pat.key())
		if m.isNum {
			key += strconv.FormatFloat(m.num, 'g', -1, 64)
		}
		if !sameTest(m, plain) {
			re := ""
			if m.re != nil {
				re = m.re.String()
			}
			key += fmt.Sprintf("|%v|%v|%q|%v|%v|%q|%q|%v|%v|%q|%v", m.null, m.num, re, m.cidr, m.want, m.cmp, m.ref, m.lead, m.trail, m.part, m.at.UTC())
		}
		tests[i] = key
	}
	slices.Sort(tests)
	return fmt.Sprintf("%q %v %v %v %s", it.field, it.keyword, it.op, it.cased, strings.Join(tests, "\n"))
}

// sameTest compares all of two matchers but their patterns.
func sameTest(a, b matcher) bool {
	return a.null == b.null && a.isNum == b.isNum && a.num == b.num && a.re == b.re && a.cidr == b.cidr && a.want == b.want &&
		a.cmp == b.cmp && a.at.Equal(b.at) && a.ref == b.ref && a.lead == b.lead && a.trail == b.trail && a.part == b.part
}
