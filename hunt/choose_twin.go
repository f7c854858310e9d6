package hunt

import (
	"cmp"
	"slices"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source"
)

// twins are findings that were made again, of a record that lies in two places. Which place is read first is chance; the
// one that is told must not be.
type twins map[string]quell.Finding

func (t *twins) add(f quell.Finding) {
	if *t == nil {
		*t = twins{}
	}
	if have, ok := (*t)[f.ID]; !ok || compareTwins(f, have) < 0 {
		(*t)[f.ID] = f
	}
}

// compareTwins orders findings of one id by where they were read. Records of one id are the same but in a forgery; there the
// earlier time goes first, then the greater severity.
func compareTwins(a, b quell.Finding) int {
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(b.Severity, a.Severity), slices.CompareFunc(a.Seen, b.Seen, func(x, y quell.Event) int {
		return cmp.Or(cmp.Compare(x.ID, y.ID), cmp.Compare(x.Origin, y.Origin), cmp.Compare(x.Name, y.Name),
			cmp.Compare(x.Actor.ARN, y.Actor.ARN), cmp.Compare(x.SourceIP, y.SourceIP), cmp.Compare(x.UserAgent, y.UserAgent))
	}))
}

// settleTwins puts the chosen ones in the place of those that came first, as far as these were not told yet. Locked by the
// caller.
func (h *Hunter) settleTwins() {
	if len(h.twins) == 0 {
		return
	}
	for i, f := range h.findings[h.told:] {
		if twin, ok := h.twins[f.ID]; ok && compareTwins(twin, f) < 0 {
			h.findings[h.told+i] = twin
		}
	}
	clear(h.twins)
}

// sortSkipped puts what was not read in an order that does not depend on which worker came first.
func sortSkipped(list []source.Skipped) {
	slices.SortStableFunc(list, func(a, b source.Skipped) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Why, b.Why)) })
}
