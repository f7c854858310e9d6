package hunt

import (
	"strings"

	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/detect/travel"
)

// listener takes the matches of a rule that reports nothing itself. Such rules are how the parts of a hunt that go by more
// than one record see those they need, without a second reading of the log.
type listener func(h *Hunter, m detect.Match, origin string)

// listenerOf is nil for a rule whose matches are findings.
func listenerOf(r *detect.Rule) listener {
	switch {
	case r.ID == everyRecord:
		return func(h *Hunter, m detect.Match, origin string) {
			if h.Habits != nil {
				h.Habits.observe(m.Raw, origin)
			}
		}
	case r.ID == canaryRecord:
		return func(h *Hunter, m detect.Match, _ string) {
			if h.heart != nil {
				h.heart.hear(m.Raw)
			}
		}
	case r.ID == travel.RuleID:
		return (*Hunter).signIn
	case strings.HasPrefix(r.ID, sentinelPrefix):
		return func(h *Hunter, m detect.Match, _ string) { h.saw(strings.TrimPrefix(m.Rule.ID, sentinelPrefix)) }
	}
	return nil
}
