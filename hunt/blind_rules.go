package hunt

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/quell-ir/quell/detect"
)

// sentinelPrefix begins the ids of rules that only tell what a log holds. Each speaks once per worker, so that they cost
// nothing while records stream by.
const sentinelPrefix = "quell-holds: "

// sentinels make the rules that find out which of the logs that rules need are there. They are rules like any other, so that
// wrapped, compressed and streamed records are all told by the one reader there is.
func sentinels(rules []*detect.Rule) ([]*detect.Rule, error) {
	find := finder(rules)
	var out []*detect.Rule
	for _, kind := range dataKinds() {
		if kind.sentinel == "" || !slices.ContainsFunc(rules, func(r *detect.Rule) bool { return strings.EqualFold(needed(r, find), kind.name) }) {
			continue
		}
		text := fmt.Sprintf("title: Log holds %s\nid: %q\nlogsource: {product: aws, service: cloudtrail}\nlevel: informational\ndetection:%s\n",
			kind.name, sentinelPrefix+kind.name, kind.sentinel)
		made, problems := detect.Parse("name_data.go", []byte(text))
		if len(problems) > 0 {
			return nil, problems[0]
		}
		made[0].Once = true
		out = append(out, made...)
	}
	return out, nil
}

// saw notes that a kind of log is there.
func (h *Hunter) saw(data string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.held == nil {
		h.held = map[string]bool{}
	}
	h.held[data] = true
}

// blindness says in sentences which logs that rules need were not in what was read, the ones that most rules need first, and
// gives those rules' names by data. Where no record was read it says only what the place can never hold. Locked by the caller.
func (h *Hunter) blindness() ([]string, map[string][]string) {
	needs, heard := h.needs(), map[string]bool{}
	for _, judges := range h.Kinds {
		for _, j := range judges {
			heard[j.data] = heard[j.data] || j.heard()
		}
	}
	// Without a record nothing is known of a place: it may be the wrong folder. What it can never hold is known all the same.
	var missing []dataKind
	blind := map[string][]string{}
	for _, kind := range dataKinds() {
		names, asked := needs[kind.name]
		never := slices.Contains(h.lacks, kind.name)
		if h.held[kind.name] || heard[kind.name] || !never && (!asked || h.events == 0) {
			continue
		}
		slices.Sort(names)
		missing, blind[kind.name] = append(missing, kind), orEmpty(slices.Compact(names))
	}
	// The gravest first: a table shows but some.
	slices.SortStableFunc(missing, func(a, b dataKind) int { return cmp.Compare(len(blind[b.name]), len(blind[a.name])) })
	var out []string
	for _, kind := range missing {
		out = append(out, kind.sentence(len(blind[kind.name])))
	}
	if len(blind) == 0 {
		blind = nil // so that the JSON of a hunt that saw all has no such field
	}
	return out, blind
}

// needs are the names of the rules that report, by the log they need. A log that the program has no means to notice is
// left out: nothing can be said of it.
func (h *Hunter) needs() map[string][]string {
	var programs []*detect.Program
	if h.Program != nil { // a hunt of nothing but other logs
		programs = append(programs, h.Program)
	}
	for _, judges := range h.Kinds {
		for _, j := range judges {
			programs = append(programs, j.program)
		}
	}
	out := map[string][]string{}
	noticed := map[string]bool{}
	for _, p := range programs {
		all := slices.Concat(p.Rules(), p.Correlations())
		find := finder(all)
		for _, r := range all {
			if data, ok := strings.CutPrefix(r.ID, sentinelPrefix); ok {
				noticed[data] = true
				continue
			}
			if kind, known := dataOf(needed(r, find)); known && listenerOf(r) == nil && !p.Quiet(r) {
				out[kind.name] = append(out[kind.name], cmp.Or(r.Name, r.ID))
			}
		}
	}
	// A program made without sentinels never hears of its log, which is no sign that the log was not there.
	for _, kind := range dataKinds() {
		if kind.sentinel != "" && !noticed[kind.name] {
			delete(out, kind.name)
		}
	}
	return out
}

// sentence is the same text wherever it is made: Unseen knows it again by that.
func (k dataKind) sentence(rules int) string {
	text := "no " + k.label + ": " + k.unseen
	switch rules {
	case 0:
		return text
	case 1:
		return text + " (1 rule blind)"
	}
	return fmt.Sprintf("%s (%d rules blind)", text, rules)
}

// Unseen are the sentences of Blind for a page with little room: of those on missing kinds of log at most some, and how
// many more there are. What was refused or lost is never left out.
func (r Result) Unseen(most int) (lines []string, more int) {
	missing := map[string]bool{}
	for _, kind := range dataKinds() {
		if names, ok := r.BlindRules[kind.name]; ok {
			missing[kind.sentence(len(names))] = true
		}
	}
	shown := 0
	for _, line := range r.Blind {
		if missing[line] {
			if shown++; shown > most {
				more++
				continue
			}
		}
		lines = append(lines, line)
	}
	return lines, more
}
