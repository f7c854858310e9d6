package detect

import (
	"slices"
	"sync/atomic"
)

// Worker judges records by a program. It belongs to one goroutine; its buffers are used again from record to record, so
// after the first few a record without a match costs no allocation.
type Worker struct {
	// Judged, where there is one, is kept up with how many records were judged: a scan of hours must not look stuck.
	Judged *atomic.Int64

	prog  *Program
	in    *reader
	inner *reader // for records found as strings or within envelopes
	memo  []uint32
	seen  []uint32 // per rule: the record it was last a candidate for
	cands []int32
	tail  []byte
	gen   uint32
	text  []byte // an unescaped inner record, with sentinel
	buf   []byte
}

// NewWorker makes a worker.
func (p *Program) NewWorker() *Worker {
	return &Worker{prog: p, in: newReader(p.tree), inner: newReader(p.tree),
		memo: make([]uint32, len(p.nodes)), seen: make([]uint32, len(p.rules))}
}

// done stamps a rule that has said all it is asked for.
const done = ^uint32(0)

// candidates collects the rules that have a trigger in the record, each once, sorted.
func (w *Worker) candidates(r *reader) []int32 {
	w.gen++
	if w.gen >= 1<<31 { // memo holds gen*2 + answer
		clear(w.memo)
		clear(w.seen)
		w.gen = 1
	}
	w.cands = w.cands[:0]
	w.enlist(w.prog.router.always)
	for _, s := range r.touched {
		at := &w.prog.router.routes[s]
		if !at.used {
			continue
		}
		w.enlist(at.present)
		if at.exact == nil && at.finder == nil && at.nets == nil && at.tails == nil {
			continue
		}
		for v := r.slots[s].first; v >= 0; v = r.vals[v].next {
			kind := r.vals[v].kind
			if kind == valueNull {
				continue
			}
			if at.nets != nil && kind == valueString {
				w.enlistNets(r, at, v)
			}
			if at.tails != nil {
				w.enlistTails(r, at, v)
			}
			if at.exact == nil && at.finder == nil {
				continue
			}
			text := r.folded(v)
			if at.exact != nil && kind != valueObject {
				w.enlist(at.exact[string(text)])
			}
			if at.finder == nil {
				continue
			}
			enlist := func(word int32) bool {
				w.enlist(at.words[word])
				return false
			}
			at.finder.find(text, enlist)
			if kind == valueObject {
				r.inside(v, false, true, func(text []byte) bool { return at.finder.find(text, enlist) })
			}
		}
	}
	slices.Sort(w.cands)
	return w.cands
}

// enlistNets looks up the networks around an address, one per length of prefix that rules use.
func (w *Worker) enlistNets(r *reader, at *route, v int32) {
	addr, ok := r.address(v)
	if !ok {
		return
	}
	for _, bits := range at.bits {
		if net, err := addr.Prefix(min(bits, addr.BitLen())); err == nil && net.Bits() == bits {
			w.enlist(at.nets[net])
		}
	}
}

// enlistTails looks up what stands behind the last slash or colon of a value: one look for any number of names.
func (w *Worker) enlistTails(r *reader, at *route, v int32) {
	text := r.text(v)
	i := len(text) - 1
	for ; i >= 0 && text[i] != '/' && text[i] != ':'; i-- {
	}
	if i >= 0 {
		w.tail = appendFold(w.tail[:0], text[i+1:])
		w.enlist(at.tails[string(w.tail)])
	}
}

func (w *Worker) enlist(rules []int32) {
	for _, rule := range rules {
		if w.seen[rule] < w.gen { // a rule that is done is stamped beyond all records
			w.seen[rule] = w.gen
			w.cands = append(w.cands, rule)
		}
	}
}

// holds evaluates a gate once per record.
func (w *Worker) holds(r *reader, g int32, start, end int) bool {
	if m := w.memo[g]; m>>1 == w.gen {
		return m&1 == 1
	}
	n := &w.prog.nodes[g]
	var yes bool
	switch n.op {
	case exprItem:
		yes = w.prog.preds[n.pred].holds(r, start, end)
	case exprAnd:
		yes = true
		for _, kid := range n.kids {
			if !w.holds(r, kid, start, end) {
				yes = false
				break
			}
		}
	case exprOr:
		for _, kid := range n.kids {
			if w.holds(r, kid, start, end) {
				yes = true
				break
			}
		}
	case exprNot:
		yes = !w.holds(r, n.kids[0], start, end)
	}
	w.memo[g] = w.gen << 1
	if yes {
		w.memo[g] |= 1
	}
	return yes
}
