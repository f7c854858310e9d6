package hunt

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/quell-ir/quell"
)

// MostFindings is how many findings a hunt through an archive keeps unless told otherwise. Nobody reads more, and memory must
// not grow with the archive: a rule that hits a nightly job makes a million of them in a year of logs.
const MostFindings = 20_000

// LeftOut says how many findings of a rule were not kept. A record that was delivered twice may count twice.
type LeftOut struct {
	Rule     string         `json:"rule"`
	Title    string         `json:"title"`
	Severity quell.Severity `json:"severity"`
	Findings int            `json:"findings"`
}

// wanted orders findings by which are kept: the worst first, then the earliest. It is an order of all findings, so that the
// same ones are kept whatever the order of the files.
func wanted(a, b quell.Finding) int {
	return cmp.Or(-cmp.Compare(a.Severity, b.Severity), a.Time.Compare(b.Time), strings.Compare(a.ID, b.ID))
}

// trim keeps the most wanted findings, once there are twice as many, so that each is moved a few times at most. It is called
// with the lock held.
func (h *Hunter) trim(allowed int) {
	if h.Most <= 0 || len(h.findings) <= allowed {
		return
	}
	slices.SortFunc(h.findings, wanted)
	for _, f := range h.findings[h.Most:] {
		if h.left == nil {
			h.left = map[string]*LeftOut{}
		}
		if h.left[f.Rule] == nil {
			h.left[f.Rule] = &LeftOut{Rule: f.Rule, Title: f.Title, Severity: f.Severity}
		}
		h.left[f.Rule].Findings++
		delete(h.seen, f.ID)
		delete(h.twins, f.ID)
	}
	clear(h.findings[h.Most:]) // else they would be held
	h.findings = h.findings[:h.Most]
}

// leftOut lists the rules whose findings were not all kept, the most findings first.
func (h *Hunter) leftOut() []LeftOut {
	var out []LeftOut
	for _, l := range h.left {
		out = append(out, *l)
	}
	slices.SortFunc(out, func(a, b LeftOut) int {
		return cmp.Or(-cmp.Compare(a.Findings, b.Findings), strings.Compare(a.Rule, b.Rule))
	})
	return out
}

// unlisted says it in a sentence for people; empty where all were kept.
func (h *Hunter) unlisted() []string {
	total := 0
	for l := range maps.Values(h.left) {
		total += l.Findings
	}
	if total == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d further findings of %d rules are counted and not listed, the lowest and latest; --max-findings 0 lists all", total, len(h.left))}
}
