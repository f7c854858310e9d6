package incident

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
)

// Findings taken one by one, all at once, or twice make the same incident: the ledger tells them one by one, a hunt all at
// once.
func TestTakeInAnyPortion(t *testing.T) {
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	entity := rapid.Custom(func(t *rapid.T) quell.Entity {
		n := rapid.IntRange(0, 3).Draw(t, "n")
		e := quell.Entity{Kind: rapid.SampledFrom([]quell.EntityKind{quell.KindUser, quell.KindIP, quell.KindBucket}).Draw(t, "kind"), ID: fmt.Sprintf("id-%d", n),
			Part: rapid.SampledFrom([]quell.Part{quell.PartActor, quell.PartTarget}).Draw(t, "part")}
		// Who knows a name knows the same one: a name that differs would be another entity.
		if rapid.Bool().Draw(t, "named") {
			e.Name = fmt.Sprintf("name-%d", n)
		}
		if rapid.Bool().Draw(t, "placed") {
			e.Account = "111122223333"
		}
		return e
	})
	rapid.Check(t, func(t *rapid.T) {
		var all []quell.Finding
		for range rapid.IntRange(1, 12).Draw(t, "findings") {
			all = append(all, quell.Finding{ID: fmt.Sprintf("f-%d", rapid.IntRange(0, 9).Draw(t, "id")), Exposed: rapid.Bool().Draw(t, "exposed"),
				Time: start.Add(time.Duration(rapid.IntRange(0, 99).Draw(t, "at")) * time.Minute), Entities: rapid.SliceOfN(entity, 0, 4).Draw(t, "entities")})
		}
		together := take(quell.Incident{}, all...)
		var single quell.Incident
		for _, f := range all {
			single = take(single, f)
		}
		if diff := cmp.Diff(together, single); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(together, take(together, all...)); diff != "" {
			t.Fatalf("taken again: %s", diff)
		}
	})
}
