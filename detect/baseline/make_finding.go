package baseline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
)

// Rule is the rule that findings of a baseline name.
const Rule = "quell-baseline"

// maxTold is how many signals of a group the finding's text tells; its events hold all.
const maxTold = 6

// rate makes the finding of a group of signals, if it is one. Its id is made from whom it is about and its first event.
func rate(id ID, name string, group []signal) (quell.Finding, bool) {
	h := sum(group)
	severity, ok := h.severity()
	if !ok {
		return quell.Finding{}, false
	}
	first := group[0].head
	for _, s := range group {
		if s.head.before(first) {
			first = s.head
		}
	}
	f := quell.Finding{
		ID: "f-" + quell.ShortHash(16, Rule, id.Account, id.Principal, first.id), Rule: Rule, Title: h.title(group), Severity: severity,
		Techniques: h.techniques(group), Time: time.Unix(first.at, 0).UTC(), Account: cmp.Or(first.account, id.Account), Region: first.region,
		Events: []string{}, Entities: []quell.Entity{}, Source: "quell",
	}
	var told []string
	for _, s := range group {
		told = append(told, s.tell())
		if slices.Contains(f.Events, s.head.id) {
			continue
		}
		e := s.head.event()
		f.Events = append(f.Events, e.ID)
		f.Entities = quell.MergeEntities(f.Entities, e.Resources)
		f.Seen = append(f.Seen, e)
	}
	if more := len(told) - maxTold; more > 0 {
		told = append(told[:maxTold], fmt.Sprintf("%d more", more))
	}
	f.Why = quell.Cut("Unlike what was learnt of "+cmp.Or(name, id.Principal)+": "+strings.Join(told, "; ")+".", 500)
	return f, true
}

// title says the worst first.
func (h has) title(group []signal) string {
	subject := "A principal"
	if h.oldKey {
		subject = "An access key"
	}
	var parts []string
	for _, p := range []struct {
		kind kind
		text string
	}{{awakened, "back after months"}, {origin, "from a network never used"}, {place, "in a region never used"},
		{tool, "by a program never used"}, {bulk, "reads far more than on any day"}, {work, "does what it never did"}} {
		if h.kinds[p.kind] {
			parts = append(parts, p.text)
		}
	}
	if h.newRight && h.number == 1 {
		parts = []string{"uses " + group[0].value + " for the first time"}
	}
	return quell.Cut(subject+" "+strings.Join(parts, ", "), 120)
}

// techniques are those of ATT&CK for what the signals may mean.
func (h has) techniques(group []signal) []string {
	out := []string{"T1078.004"} // valid accounts: cloud accounts
	if h.kinds[place] {
		out = append(out, "T1535") // unused regions
	}
	for _, s := range group {
		switch {
		case s.kind == bulk && strings.HasPrefix(s.value, "s3:"):
			out = append(out, "T1530") // data from cloud storage
		case s.kind == bulk:
			out = append(out, "T1555.006") // cloud secrets management stores
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// tell says one signal in a few words, which Finding.Why joins. Values come from logs and are cleaned there.
func (s signal) tell() string {
	switch {
	case s.kind == bulk:
		return fmt.Sprintf("%s %d times in a day, at most %d before", s.value, s.count, s.most)
	case s.kind == awakened && s.dim == Key:
		return fmt.Sprintf("key %s was idle for %d days", s.value, s.idle)
	case s.kind == awakened:
		return fmt.Sprintf("it was idle for %d days", s.idle)
	}
	return fmt.Sprintf("%s %s is new", s.dim, s.value)
}
