package detect

import (
	"fmt"
	"slices"
	"strings"
)

// Options say how rules are compiled.
type Options struct {
	// Placeholders are the values of %name% where a rule says |expand. They may hold wildcards. One without values matches
	// nothing; one that is missing here is an error, unless it is among those that Optional names.
	Placeholders map[string][]string
	// Source is the log the program will read; rules for others are left out. The zero value is CloudTrail.
	Source Logsource
}

// Program is rules made ready. It does not change any more and may be shared; each goroutine takes its own Worker.
type Program struct {
	rules  []*Rule // on single records, sorted by id
	others []*Rule // for other log sources
	corr   []*Rule
	quiet  map[*Rule]bool
	refer  map[string]*Rule // by id or name
	tree   *fieldTree
	preds  []predicate
	nodes  []gate
	roots  []int32 // per rule
	router router

	unfilled []Unfilled
}

// gate is a node of the shared graph of conditions; leaves are predicates.
type gate struct {
	op   exprOp
	pred int32
	kids []int32
	cost int32
}

// Rules are the rules on single records that the program judges, sorted by id. Not to be changed.
func (p *Program) Rules() []*Rule { return p.rules }

// Correlations are the rules that look at matches, in an order in which each comes after those it refers to.
func (p *Program) Correlations() []*Rule { return p.corr }

// Unapplied are accepted rules for another log source than the program's.
func (p *Program) Unapplied() []*Rule { return p.others }

// Compile makes a program of all rules that can be compiled and says why the others cannot. The result does not depend on
// the order of the rules, except that of two with one id the first stays.
func Compile(rules []*Rule, opts Options) (*Program, []Problem) {
	if opts.Source == (Logsource{}) {
		opts.Source = CloudTrail()
	}
	b := &builder{p: &Program{tree: newFieldTree()}, preds: map[string]int32{}, gates: map[string]int32{}}
	var problems []Problem
	refuse := func(r *Rule, why string) {
		problems = append(problems, Problem{Path: r.Path, Line: r.Line, Why: why})
	}
	byID := map[string]*Rule{}
	var single, corr []*Rule
	for _, r := range rules {
		if first := byID[r.ID]; first != nil {
			refuse(r, fmt.Sprintf("the id %q is already taken by %s:%d", r.ID, first.Path, first.Line))
			continue
		}
		byID[r.ID] = r
		switch {
		case r.Correlation != nil:
			corr = append(corr, r)
		case r.Logsource.Reads(opts.Source):
			single = append(single, r)
		default:
			b.p.others = append(b.p.others, r)
		}
	}
	slices.SortFunc(single, func(x, y *Rule) int { return strings.Compare(x.ID, y.ID) })
	fill := &filler{values: opts.Placeholders, empty: map[string]bool{}, found: map[string]*Unfilled{}}
	for _, r := range single {
		cond, err := rebuild(r.cond, fill.find)
		if err != nil {
			clear(fill.empty)
			problems = append(problems, problemOf(r.Path, err))
			continue
		}
		fill.note(r)
		b.p.rules = append(b.p.rules, r)
		b.p.roots = append(b.p.roots, b.gate(cond))
	}
	problems = append(problems, b.p.linkCorrelations(corr)...)
	b.p.router = newRouter(b.p)
	b.p.findBlind(fill)
	b.p.tree.freeze()
	return b.p, problems
}

// rebuild fills in placeholders where an item has them.
func rebuild(e *expr, find lookup) (*expr, error) {
	if e.op == exprItem {
		if e.full || !e.raw.expands() {
			return e, nil
		}
		it, err := e.raw.build(find)
		return &expr{op: exprItem, raw: e.raw, item: it, full: true}, err
	}
	out := &expr{op: e.op, kids: make([]*expr, len(e.kids))}
	for i, kid := range e.kids {
		var err error
		if out.kids[i], err = rebuild(kid, find); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// builder makes equal things once: two rules that ask the same share the answer.
type builder struct {
	p     *Program
	preds map[string]int32
	gates map[string]int32
}

// gate adds an expression to the graph.
func (b *builder) gate(e *expr) int32 {
	if e.op == exprItem {
		return b.item(e.item)
	}
	kids := make([]int32, len(e.kids))
	for i, kid := range e.kids {
		kids[i] = b.gate(kid)
	}
	return b.add(e.op, kids)
}

// item becomes one predicate, or with `all` one per written value.
func (b *builder) item(it *item) int32 {
	var g int32
	if it.all {
		kids := make([]int32, len(it.groups))
		for i, group := range it.groups {
			kids[i] = b.leaves(it, group)
		}
		g = b.add(exprAnd, kids)
	} else {
		g = b.leaves(it, slices.Concat(it.groups...))
	}
	if it.negate {
		g = b.add(exprNot, []int32{g})
	}
	return g
}

// leaves makes the predicates for matchers of which one must hold.
func (b *builder) leaves(it *item, ms []matcher) int32 {
	if it.op == opMatch || it.op == opRegex || it.op == opCIDR {
		return b.leaf(it, ms)
	}
	kids := make([]int32, len(ms))
	for i := range ms {
		kids[i] = b.leaf(it, ms[i:i+1])
	}
	return b.add(exprOr, kids)
}

// add puts a gate into the graph unless an equal one is there: kids in order of cost, each once, nested ones flattened.
func (b *builder) add(op exprOp, kids []int32) int32 {
	if op != exprNot {
		var flat []int32
		for _, k := range kids {
			if g := b.p.nodes[k]; g.op == op {
				flat = append(flat, g.kids...)
			} else {
				flat = append(flat, k)
			}
		}
		slices.SortFunc(flat, func(x, y int32) int {
			if c := b.p.nodes[x].cost - b.p.nodes[y].cost; c != 0 {
				return int(c)
			}
			return int(x - y)
		})
		if kids = slices.Compact(flat); len(kids) == 1 {
			return kids[0]
		}
	}
	key := fmt.Sprint(op, kids)
	if at, ok := b.gates[key]; ok {
		return at
	}
	cost := int32(1)
	for _, k := range kids {
		cost = min(cost+b.p.nodes[k].cost, 1<<20)
	}
	at := int32(len(b.p.nodes))
	b.p.nodes = append(b.p.nodes, gate{op: op, kids: kids, cost: cost})
	b.gates[key] = at
	return at
}
