package detect

import (
	"bytes"
	"net/netip"
	"regexp"
	"slices"
	"time"
)

// predicate is one question about one field, shared by all rules that ask it. It holds where one of its tests does.
type predicate struct {
	slot    int32 // -1: the whole record
	op      itemOp
	cased   bool
	null    bool
	present bool // any value but null
	exact   map[string]struct{}
	nums    []float64
	prefix  [][]byte
	suffix  [][]byte
	words   *wordFinder
	globs   []glob
	open    []glob // those that look into objects
	regexps []*regexp.Regexp
	cidrs   []netip.Prefix
	cmp     string
	num     float64
	at      time.Time // instead of num
	part    string
	exists  bool
	other   int32 // slot of fieldref
	lead    bool
	trail   bool
}

// holds judges the predicate on the record at hand.
func (p *predicate) holds(r *reader, start, end int) bool {
	if p.slot < 0 {
		return p.judge(r, r.record(start, end))
	}
	f := r.slots[p.slot]
	here := f.gen == r.gen
	switch p.op {
	case opExists:
		return here == p.exists
	case opRef:
		return here && p.refers(r, f.first)
	}
	if !here || f.first < 0 {
		return p.null
	}
	for v := f.first; v >= 0; v = r.vals[v].next {
		if r.vals[v].kind == valueNull {
			if p.null {
				return true
			}
			continue
		}
		if p.judge(r, v) {
			return true
		}
	}
	return false
}

// judge tests one value that is not null.
func (p *predicate) judge(r *reader, v int32) bool {
	kind := r.vals[v].kind
	switch p.op {
	case opMatch:
		return p.present || p.matches(r, v, kind)
	case opRegex:
		return p.searches(r, v, kind)
	case opCIDR:
		if kind != valueString {
			return false
		}
		addr, ok := r.address(v)
		return ok && slices.ContainsFunc(p.cidrs, func(c netip.Prefix) bool { return c.Contains(addr) })
	case opCompare:
		if kind == valueObject {
			return false
		}
		if !p.at.IsZero() {
			t, ok := instant(r.text(v))
			return ok && kind == valueString && compareTimes(p.cmp, t, p.at)
		}
		f, ok := parseNumber(r.text(v))
		return ok && compare(p.cmp, f, p.num)
	case opTime:
		if kind != valueString {
			return false
		}
		n, ok := timePart(r.text(v), p.part)
		return ok && compare(p.cmp, float64(n), p.num)
	}
	return false
}

// matches tries the cheap patterns first.
func (p *predicate) matches(r *reader, v int32, kind valueKind) bool {
	text := r.as(v, p.cased)
	if kind != valueObject && p.exact != nil {
		if _, ok := p.exact[string(text)]; ok {
			return true
		}
	}
	if kind == valueNumber && len(p.nums) > 0 {
		if f, ok := parseNumber(r.text(v)); ok && slices.Contains(p.nums, f) {
			return true
		}
	}
	for _, x := range p.prefix {
		if bytes.HasPrefix(text, x) {
			return true
		}
	}
	for _, x := range p.suffix {
		if bytes.HasSuffix(text, x) {
			return true
		}
	}
	if p.words != nil && p.words.any(text) {
		return true
	}
	for i := range p.globs {
		if p.globs[i].match(text) {
			return true
		}
	}
	if p.matchesOpen(text) {
		return true
	}
	if kind != valueObject || p.words == nil && len(p.open) == 0 {
		return false
	}
	return r.inside(v, p.cased, true, func(text []byte) bool {
		return p.words != nil && p.words.any(text) || p.matchesOpen(text)
	})
}

func (p *predicate) matchesOpen(text []byte) bool {
	for i := range p.open {
		if p.open[i].match(text) {
			return true
		}
	}
	return false
}

func (p *predicate) searches(r *reader, v int32, kind valueKind) bool {
	text := r.text(v)
	for _, re := range p.regexps {
		if re.Match(text) {
			return true
		}
	}
	return kind == valueObject && r.inside(v, true, false, func(text []byte) bool {
		return slices.ContainsFunc(p.regexps, func(re *regexp.Regexp) bool { return re.Match(text) })
	})
}

// refers compares every scalar of the field with every scalar of the other one.
func (p *predicate) refers(r *reader, first int32) bool {
	other := r.slots[p.other]
	if other.gen != r.gen {
		return false
	}
	scalar := func(v int32) bool { return r.vals[v].kind != valueNull && r.vals[v].kind != valueObject }
	for a := first; a >= 0; a = r.vals[a].next {
		for b := other.first; b >= 0 && scalar(a); b = r.vals[b].next {
			if scalar(b) && refFits(r.as(a, p.cased), r.as(b, p.cased), p.lead, p.trail) {
				return true
			}
		}
	}
	return false
}

// refFits compares a value with the text referred to. lead: the value may go on after it; trail: it may begin before it.
func refFits(have, want []byte, lead, trail bool) bool {
	switch {
	case lead && trail:
		return bytes.Contains(have, want)
	case lead:
		return bytes.HasPrefix(have, want)
	case trail:
		return bytes.HasSuffix(have, want)
	}
	return bytes.Equal(have, want)
}
