package detect

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
)

// entry is an event in one group of one correlation.
type entry struct {
	ev     *seenEvent
	rule   int // index in Correlation.Rules
	values []string
}

// found is a stretch of entries for which a correlation holds.
type found struct {
	group   []string
	names   []string
	entries []entry
	count   int64
}

// maxGroups bounds how many groups one event may belong to by having many values in its group-by fields.
const maxGroups = 64

// evaluate sorts the events of a correlation into groups and looks at each.
func (c *Correlator) evaluate(rule *Rule, byRule map[*Rule][]*seenEvent) []found {
	corr := rule.Correlation
	groups := map[string][]entry{}
	keys := map[string][]string{}
	field := place(c.fields, corr.Field)
	done := map[*Rule][]int{} // indexes of a rule that is named several times
	for i, name := range corr.Rules {
		of := c.prog.refer[name]
		done[of] = append(done[of], i)
		if corr.Type != TemporalOrdered && len(done[of]) > 1 {
			continue // naming a rule twice must not count its events twice
		}
		for _, ev := range byRule[of] {
			e := entry{ev: ev, rule: i}
			if corr.Type == ValueCount {
				if e.values = ev.at(field); len(e.values) == 0 {
					continue
				}
			}
			for _, key := range c.groupKeys(corr, name, of, ev) {
				id := strings.Join(key, "\x00")
				groups[id], keys[id] = append(groups[id], e), key
			}
		}
	}
	var out []found
	for _, id := range slices.Sorted(maps.Keys(groups)) {
		entries := groups[id]
		slices.SortFunc(entries, func(a, b entry) int {
			return cmp.Or(a.ev.time.Compare(b.ev.time), cmp.Compare(a.rule, b.rule), strings.Compare(a.ev.id, b.ev.id))
		})
		for _, f := range windows(corr, entries) {
			f.group, f.names = keys[id], corr.GroupBy
			out = append(out, f)
		}
	}
	return out
}

// groupKeys returns the groups of an event: one per combination of its values. An event without a value in a group-by
// field belongs to none.
func (c *Correlator) groupKeys(corr *Correlation, name string, of *Rule, ev *seenEvent) [][]string {
	keys := [][]string{nil}
	for _, by := range corr.GroupBy {
		path := by
		if fields := corr.Aliases[by]; fields != nil {
			path = cmp.Or(fields[name], fields[of.ID], fields[of.Name])
		}
		var next [][]string
		for _, key := range keys {
			for _, value := range ev.at(place(c.fields, path)) {
				if len(next) < maxGroups {
					next = append(next, append(slices.Clone(key), value))
				}
			}
		}
		keys = next
	}
	return keys
}

// windows looks for stretches that fulfil the correlation in one group's entries, sorted by time.
func windows(corr *Correlation, entries []entry) []found {
	if corr.Type == TemporalOrdered {
		return sequences(corr, entries)
	}
	bounds := corr.Conditions
	if len(bounds) == 0 {
		bounds = []Bound{{"gte", int64(distinctRules(corr))}}
	}
	holds := func(n int64) bool {
		return !slices.ContainsFunc(bounds, func(b Bound) bool { return !b.Holds(n) })
	}
	for _, b := range bounds {
		if b.Op != "gt" && b.Op != "gte" {
			return anchored(corr, entries, holds)
		}
	}
	return sliding(corr, entries, holds)
}

func distinctRules(corr *Correlation) int {
	names := slices.Clone(corr.Rules)
	slices.Sort(names)
	return len(slices.Compact(names))
}

// sliding is for conditions that stay true as more comes: a window ends at each entry, and windows that hold and share
// entries are one finding, so that a long burst is reported once.
func sliding(corr *Correlation, entries []entry, holds func(int64) bool) []found {
	var out []found
	tally := newTally(corr.Type)
	from, until := 0, -1 // until: the end of the stretch that is open
	for i, e := range entries {
		tally.add(e, 1)
		for e.ev.time.Sub(entries[from].ev.time) > corr.Timespan {
			tally.add(entries[from], -1)
			from++
		}
		n := tally.count()
		if !holds(n) {
			continue
		}
		if until >= from && len(out) > 0 {
			last := &out[len(out)-1]
			last.entries = append(last.entries, entries[until+1:i+1]...)
			last.count = max(last.count, n)
		} else {
			out = append(out, found{entries: slices.Clone(entries[from : i+1]), count: n})
		}
		until = i
	}
	return out
}

// anchored is for conditions with an upper bound, which a growing window would meet and then break: each window begins
// with the first entry that no earlier one holds, and is judged once it is over.
func anchored(corr *Correlation, entries []entry, holds func(int64) bool) []found {
	var out []found
	for from := 0; from < len(entries); {
		tally, to := newTally(corr.Type), from
		for ; to < len(entries) && entries[to].ev.time.Sub(entries[from].ev.time) <= corr.Timespan; to++ {
			tally.add(entries[to], 1)
		}
		if n := tally.count(); holds(n) {
			out = append(out, found{entries: slices.Clone(entries[from:to]), count: n})
		}
		from = to
	}
	return out
}

// tally counts what a correlation counts, as entries come and go.
type tally struct {
	kind   CorrelationType
	ids    map[string]int
	values map[string]int
	rules  map[int]int
}

func newTally(kind CorrelationType) *tally {
	return &tally{kind, map[string]int{}, map[string]int{}, map[int]int{}}
}

func (t *tally) add(e entry, n int) {
	bump(t.ids, e.ev.id, n) // an event that fits several of the rules is one event
	bump(t.rules, e.rule, n)
	for _, v := range e.values {
		bump(t.values, v, n)
	}
}

func bump[K comparable](m map[K]int, key K, n int) {
	if m[key] += n; m[key] == 0 {
		delete(m, key)
	}
}

func (t *tally) count() int64 {
	switch t.kind {
	case EventCount:
		return int64(len(t.ids))
	case ValueCount:
		return int64(len(t.values))
	}
	return int64(len(t.rules))
}

// sequences finds the rules in their order. For each rule it keeps the chain up to it that began last, which is the one
// that lasts longest. Entries of one second count as being in any order; one event never serves two steps. A chain that
// is complete is a finding, and the next starts afresh behind it.
func sequences(corr *Correlation, entries []entry) []found {
	var out []found
	steps := len(corr.Rules)
	sortForSequence(entries)
	chains := make([][]entry, steps)
	for _, e := range entries {
		k := e.rule
		var chain []entry
		if k > 0 {
			if chain = chains[k-1]; chain == nil {
				continue
			}
			used := slices.ContainsFunc(chain, func(x entry) bool { return x.ev.id == e.ev.id })
			if used || e.ev.last.Sub(chain[0].ev.time) > corr.Timespan || e.ev.time.Before(chain[k-1].ev.last) {
				continue
			}
		}
		chain = append(slices.Clone(chain), e)
		if k < steps-1 {
			if old := chains[k]; old == nil || !chain[0].ev.time.Before(old[0].ev.time) {
				chains[k] = chain
			}
			continue
		}
		out = append(out, found{entries: chain, count: int64(steps)})
		clear(chains)
	}
	return out
}

// sortForSequence orders the events of one second so that a sequence through them is found, and the steps that one event
// can take from the last to the first, so that it does not follow itself.
func sortForSequence(entries []entry) {
	first := map[string]int{}
	for _, e := range entries {
		if at, ok := first[e.ev.id]; !ok || e.rule < at {
			first[e.ev.id] = e.rule
		}
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(a.ev.time.Compare(b.ev.time), cmp.Compare(first[a.ev.id], first[b.ev.id]),
			strings.Compare(a.ev.id, b.ev.id), cmp.Compare(b.rule, a.rule))
	})
}

// finish makes the hit, and the event that it is to correlations built on it.
func (f *found) finish(rule *Rule, fields []string) (*settledHit, *seenEvent) {
	parts := map[string]*seenEvent{}
	for _, e := range f.entries {
		if e.ev.parts == nil {
			parts[e.ev.id] = e.ev
		}
		for _, p := range e.ev.parts {
			parts[p.id] = p
		}
	}
	all := slices.SortedFunc(maps.Values(parts), byTime)
	s := &settledHit{parts: all, hit: Hit{Rule: rule, Count: f.count, Group: map[string]string{}, Parts: len(all)}}
	for _, p := range all {
		s.take(p)
	}
	h := &s.hit
	for i, name := range f.names {
		h.Group[name] = f.group[i]
	}
	h.First, h.Last = all[0].time, all[len(all)-1].time
	h.ID = quell.ShortHash(16, append([]string{rule.ID, h.Events[0], h.First.UTC().Format(time.RFC3339)}, f.group...)...)
	ev := &seenEvent{id: "hit:" + h.ID, time: h.First, last: h.Last, parts: all}
	for i, path := range fields {
		texts := unite(all, i)
		if v, ok := h.Group[path]; ok {
			texts = []string{v}
		}
		if len(texts) > 0 {
			ev.values = append(ev.values, values{i, texts})
		}
	}
	return s, ev
}

// unite returns the distinct values of a field over events, sorted.
func unite(all []*seenEvent, field int) []string {
	var out []string
	for _, p := range all {
		out = append(out, p.at(field)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
