package baseline_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect/baseline"
)

// covers says whether one of the findings holds an event of f, and is no less severe.
func covers(list []quell.Finding, f quell.Finding) bool {
	return slices.ContainsFunc(list, func(x quell.Finding) bool {
		return x.Severity >= f.Severity && slices.ContainsFunc(x.Events, func(id string) bool { return slices.Contains(f.Events, id) })
	})
}

// TestStreamTellsAllOnce: events that come in pieces, in the order of their time, with what is old forgotten in between, come to
// the findings of all at once; each is told once, and again only where it became worse.
func TestStreamTellsAllOnce(t *testing.T) {
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		events := append(drawEvents(t), routine(0, 45)...)
		for i := range rapid.IntRange(0, 5).Draw(t, "stolen") {
			day := rapid.IntRange(20, 160).Draw(t, "stolen on")
			name := rapid.SampledFrom([]string{"GetSecretValue", "AttachUserPolicy"}).Draw(t, "stolen for")
			events = append(events, act(day, 3+float64(i), intruder(name, "iam", false)))
		}
		slices.SortStableFunc(events, func(a, b quell.Event) int { return a.Time.Compare(b.Time) })
		want := collect(events).Judge(nil)
		c, prior := &baseline.Collector{}, &baseline.Book{}
		forgets := rapid.Bool().Draw(t, "forgets")
		var told []quell.Finding
		ids := map[string]bool{}
		for len(events) > 0 {
			n := rapid.IntRange(1, len(events)).Draw(t, "piece")
			for i := range events[:n] {
				c.Add(&events[i])
			}
			for _, f := range c.Fresh(prior) {
				if ids[f.ID] || covers(told, f) {
					t.Fatalf("told twice: %+v", f)
				}
				ids[f.ID] = true
				told = append(told, f)
			}
			if more := c.Fresh(prior); len(more) > 0 {
				t.Fatalf("news of nothing: %+v", more)
			}
			if forgets {
				c.Forget(prior, events[n-1].Time.Add(-48*time.Hour))
			}
			events = events[n:]
		}
		for _, f := range want {
			if !covers(told, f) {
				t.Fatalf("never told: %+v\ntold: %+v", f, told)
			}
		}
		for _, f := range told {
			if f.Severity = quell.Low; !covers(want, f) {
				t.Fatalf("told of nothing: %+v", f)
			}
		}
		found += len(want)
	})
	if found == 0 {
		t.Error("nothing was found in any of the streams")
	}
}

// TestStreamGrows: what grows worse is told again, as another finding, and what only grows is not.
func TestStreamGrows(t *testing.T) {
	c, prior := collect(routine(0, 30)), &baseline.Book{}
	if got := c.Fresh(prior); len(got) != 0 {
		t.Fatalf("of ordinary days: %+v", got)
	}
	see := func(hour float64, name, service string, readOnly bool) []quell.Finding {
		e := act(30, hour, intruder(name, service, readOnly))
		c.Add(&e)
		return c.Fresh(prior)
	}
	first := see(1, "PutObject", "s3", false)
	if len(first) != 1 || first[0].Severity != quell.Medium {
		t.Fatalf("a new network and program: %+v", first)
	}
	second := see(2, "AttachUserPolicy", "iam", false)
	if len(second) != 1 || second[0].Severity != quell.High || second[0].ID == first[0].ID || len(second[0].Events) != 2 {
		t.Errorf("with a call that gives rights away: %+v", second)
	}
	if third := see(3, "PutBucketPolicy", "s3", false); len(third) != 0 {
		t.Errorf("told again: %+v", third)
	}
	// A record that comes late makes another event the first.
	if late := see(0.5, "PutObject", "s3", false); len(late) != 0 {
		t.Errorf("told again for a late record: %+v", late)
	}
}

// TestStreamIsBounded: a year of a stream leaves in the collector what its last days hold, and what is forgotten is known.
func TestStreamIsBounded(t *testing.T) {
	c, prior := &baseline.Collector{}, &baseline.Book{}
	for day := range 365 {
		for i := range 20 {
			e := act(day, float64(i)/10, func(e *quell.Event) {
				e.SourceIP = fmt.Sprintf("%d.%d.0.1", 11+day%100, i)
				e.Actor.Principal = fmt.Sprintf("AIDAEXAMPLE%010d", i%4)
			})
			c.Add(&e)
		}
		c.Fresh(prior)
		c.Forget(prior, start.Add(time.Duration(day-2)*24*time.Hour))
		if n := len(c.Book().Profiles()[0].Values[baseline.Network]); n > 4*5 {
			t.Fatalf("day %d: %d networks are kept", day, n)
		}
	}
	p := prior.Profiles()[0]
	if len(p.Values[baseline.Network]) != 256 || p.Dropped == 0 || prior.Len() != 4 {
		t.Errorf("%d networks, %d dropped, %d principals", len(p.Values[baseline.Network]), p.Dropped, prior.Len())
	}
	// Who has gone is known when he comes back.
	if got := c.Stats(); got.Crowded != 0 || got.Events != 365*20 {
		t.Errorf("%+v", got)
	}
}

func BenchmarkFresh(b *testing.B) {
	var events []quell.Event
	for who := range 200 {
		for _, e := range routine(0, 30) {
			e.Actor.Principal = fmt.Sprintf("AIDAEXAMPLE%010d", who)
			e.ID += e.Actor.Principal
			events = append(events, e)
		}
	}
	c, prior := collect(events), &baseline.Book{}
	c.Fresh(prior)
	for b.Loop() {
		c.Add(&events[len(events)-1])
		c.Fresh(prior)
	}
}
