package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestOnceReportsTheFirstMatch and leaves every other rule as it is, however triggers are shared and whatever is scanned in
// between.
func TestOnceReportsTheFirstMatch(t *testing.T) {
	texts := []string{
		detection("name", "s:", "    eventName: A", "condition: s"),
		detection("any", "s:", "    eventName|exists: true", "condition: s"),
		detection("none", "s:", "    eventName: B", "condition: not s"),
		detection("word", "s:", "    eventName|contains: a", "condition: s"),
	}
	rapid.Check(t, func(draw *rapid.T) {
		rules, plain := mustRules(t, texts...), mustRules(t, texts...)
		once := map[string]bool{}
		for i := range rules {
			rules[i].Once = rapid.Bool().Draw(draw, "once "+rules[i].ID)
			once[rules[i].ID] = rules[i].Once
		}
		w, other := mustCompile(t, rules, Options{}).NewWorker(), mustCompile(t, plain, Options{}).NewWorker()
		said := map[string]bool{}
		for n, name := range rapid.SliceOf(rapid.SampledFrom([]string{"A", "B", "aB", "C"})).Draw(draw, "names") {
			text := fmt.Sprintf(`{"eventName":%q}`, name)
			var got, want []string
			if _, err := w.Scan(strings.NewReader(text), "", func(m Match) error {
				got = append(got, m.Rule.ID)
				return nil
			}); err != nil {
				draw.Fatal(err)
			}
			for _, r := range other.One([]byte(text)) {
				if !once[r.ID] || !said[r.ID] {
					want = append(want, r.ID)
				}
				said[r.ID] = true
			}
			if !slices.Equal(got, want) {
				draw.Fatalf("record %d, %s: %v, want %v", n, text, got, want)
			}
		}
	})
}
