package detect

import (
	"bytes"
	"net/netip"
	"slices"
)

// A trigger is something cheap to see in a record. A guard is a set of triggers of which one must be there for a rule to
// match; a rule is filed under each of its triggers and judged only when one fires. The proof is in guardOf: leaves give
// the values they accept, `and` may take any child's guard, `or` needs all of them, `not` proves nothing.
type trigger struct {
	slot int32
	kind triggerKind
	key  string // folded
	net  netip.Prefix
}

type triggerKind uint8

const (
	triggerExact   triggerKind = iota // the field has this value
	triggerWord                       // a value of the field contains this text
	triggerTail                       // a value of the field ends in this text behind its last slash or colon
	triggerNet                        // a value of the field is an address in this network
	triggerPresent                    // the field is there
)

// cost tells how often a trigger may be expected to fire in vain.
func (t trigger) cost() int {
	switch {
	case t.kind == triggerExact && t.slot == slotName:
		return 1
	case t.kind == triggerExact && t.slot == slotSource:
		return 50
	case t.kind == triggerExact:
		return 100
	case t.kind == triggerTail:
		return 150
	case t.kind == triggerWord, t.kind == triggerNet:
		return 200
	}
	return 10_000
}

// guardOf returns the triggers of which one must fire for gate g to hold: nil where nothing is proved, none where it is
// proved that the gate never holds.
func (p *Program) guardOf(g int32) []trigger {
	n := &p.nodes[g]
	switch n.op {
	case exprItem:
		return p.preds[n.pred].triggers()
	case exprAnd:
		var best []trigger
		for _, kid := range n.kids {
			if t := p.guardOf(kid); t != nil && (best == nil || guardCost(t) < guardCost(best)) {
				best = t
			}
		}
		return best
	case exprOr:
		all := []trigger{} // of nothing: proved never to hold
		for _, kid := range n.kids {
			t := p.guardOf(kid)
			if t == nil {
				return nil
			}
			all = append(all, t...)
		}
		return all
	}
	return nil
}

// guardCost is the dearest trigger's; the number of triggers breaks ties.
func guardCost(ts []trigger) int {
	worst := 0
	for _, t := range ts {
		worst = max(worst, t.cost())
	}
	return worst*100_000 + min(len(ts), 99_999)
}

// triggers are what must be seen for a predicate to hold.
func (p *predicate) triggers() []trigger {
	present := []trigger{{slot: p.slot, kind: triggerPresent}}
	switch {
	case p.slot < 0, p.null, p.op == opExists && !p.exists:
		return nil
	case p.op == opCIDR:
		out := make([]trigger, len(p.cidrs))
		for i, net := range p.cidrs {
			out[i] = trigger{slot: p.slot, kind: triggerNet, net: net}
		}
		return out
	case p.op == opRegex && len(p.regexps) == 0:
		return []trigger{}
	case p.op != opMatch || p.present || len(p.nums) > 0:
		return present
	}
	out := []trigger{} // stays empty where there is no value to match
	word := func(text string) bool {
		out = append(out, trigger{slot: p.slot, kind: triggerWord, key: foldString(text)})
		return text != ""
	}
	for text := range p.exact {
		out = append(out, trigger{slot: p.slot, kind: triggerExact, key: foldString(text)})
	}
	ok := true
	for _, text := range p.prefix {
		ok = ok && word(string(text))
	}
	for _, text := range p.suffix {
		if tail, alone := tailOf(text); alone {
			out = append(out, trigger{slot: p.slot, kind: triggerTail, key: foldString(tail)})
			continue
		}
		ok = ok && word(string(text))
	}
	if p.words != nil {
		for _, text := range p.words.words {
			ok = ok && word(string(text))
		}
	}
	for _, g := range slices.Concat(p.globs, p.open) {
		longest := ""
		for _, piece := range g.pieces {
			if text := piece.longest(); len(text) > len(longest) {
				longest = text
			}
		}
		ok = ok && word(longest)
	}
	if !ok {
		return present
	}
	return out
}

// tailOf is the name in a suffix such as "/name" or ":name": the last part of an ARN or of an id. A name with a slash or colon
// of its own is none, for the last one in a value would lie within it.
func tailOf(suffix []byte) (string, bool) {
	if len(suffix) < 2 || suffix[0] != '/' && suffix[0] != ':' || bytes.ContainsAny(suffix[1:], "/:") {
		return "", false
	}
	return string(suffix[1:]), true
}

// router finds the rules that a record may match.
type router struct {
	routes []route // per slot
	always []int32 // rules without a guard
}

type route struct {
	used    bool
	exact   map[string][]int32
	finder  *wordFinder
	words   [][]int32 // rules per word of finder
	tails   map[string][]int32
	nets    map[netip.Prefix][]int32
	bits    []int // the lengths of prefixes in nets
	present []int32
}

func newRouter(p *Program) router {
	r := router{routes: make([]route, len(p.tree.fields))}
	words := make([]map[string][]int32, len(p.tree.fields))
	for i, root := range p.roots {
		rule := int32(i)
		guard := p.guardOf(root)
		if guard == nil {
			r.always = append(r.always, rule)
		}
		for _, t := range guard {
			at := &r.routes[t.slot]
			at.used = true
			switch t.kind {
			case triggerExact:
				if at.exact == nil {
					at.exact = map[string][]int32{}
				}
				at.exact[t.key] = append(at.exact[t.key], rule)
			case triggerWord:
				if words[t.slot] == nil {
					words[t.slot] = map[string][]int32{}
				}
				words[t.slot][t.key] = append(words[t.slot][t.key], rule)
			case triggerTail:
				if at.tails == nil {
					at.tails = map[string][]int32{}
				}
				at.tails[t.key] = append(at.tails[t.key], rule)
			case triggerNet:
				if at.nets == nil {
					at.nets = map[netip.Prefix][]int32{}
				}
				at.nets[t.net] = append(at.nets[t.net], rule)
				if !slices.Contains(at.bits, t.net.Bits()) {
					at.bits = append(at.bits, t.net.Bits())
				}
			case triggerPresent:
				at.present = append(at.present, rule)
			}
		}
	}
	for s, byWord := range words {
		if byWord == nil {
			continue
		}
		var list []string
		for w := range byWord {
			list = append(list, w)
		}
		slices.Sort(list)
		r.routes[s].finder = newWordFinder(list)
		for _, w := range list {
			r.routes[s].words = append(r.routes[s].words, byWord[w])
		}
	}
	return r
}
