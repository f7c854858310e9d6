package detect

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// feed gives events to a correlator that keeps no more than limit: name, user and seconds after a time.
func feed(t *testing.T, limit int, rules []string, each func(add func(name, user string, sec int))) *Correlator {
	t.Helper()
	prog := mustCompile(t, mustRules(t, rules...), Options{})
	c, w := prog.NewCorrelator(limit), prog.NewWorker()
	n := 0
	each(func(name, user string, sec int) {
		n++
		at := time.Date(2025, 1, 1, 0, 0, sec, 0, time.UTC)
		raw := fmt.Sprintf(`{"eventID":"e%d","eventTime":%q,"eventName":%q,"user":{"name":%q}}`, n, at.Format(time.RFC3339), name, user)
		if _, err := w.Scan(strings.NewReader(raw), "there", func(m Match) error { return c.Add(m, nil) }); err != nil {
			t.Fatal(err)
		}
		if len(c.events) > limit {
			t.Fatalf("%d events kept, %d allowed", len(c.events), limit)
		}
	})
	return c
}

func burstRules() []string {
	return append(baseRules(), correlation("burst", "type: event_count", "rules: [failed]", "group-by: [user.name]", "timespan: 10s", "condition: {gte: 3}"))
}

// Bursts far apart are found however small the room is, and a long archive costs no more than a short one.
func TestSettledHitsStay(t *testing.T) {
	c := feed(t, 50, burstRules(), func(add func(string, string, int)) {
		for day := range 100 {
			for i := range 4 {
				add("Fail", fmt.Sprintf("user-%d", day), day*1000+i)
			}
			for i := range 20 {
				add("Fail", fmt.Sprintf("slip-%d-%d", day, i), day*1000+500+i)
			}
		}
	})
	hits := c.Hits()
	if len(hits) != 100 || c.Dropped() != (Dropped{}) {
		t.Fatalf("%d hits, want 100; dropped %+v", len(hits), c.Dropped())
	}
	for i, h := range hits {
		if h.Group["user.name"] != fmt.Sprintf("user-%d", i) || h.Parts != 4 || len(h.Events) != 4 || len(h.Seen) != 4 {
			t.Errorf("hit %d: %+v", i, h)
		}
		if first := h.Seen[0]; first.Origin != "there" || !strings.Contains(string(first.Text), fmt.Sprintf(`"eventID":%q`, h.Events[0])) {
			t.Errorf("hit %d: head %s", i, first.Text)
		}
	}
}

// A flood of one kind is one hit, and what is done beside it is found.
func TestFloodHidesNothing(t *testing.T) {
	c := feed(t, 1000, burstRules(), func(add func(string, string, int)) {
		for i := range 20_000 {
			add("Fail", "flood", i/10_000)
			if i == 12_000 || i == 15_000 || i == 18_000 {
				add("Fail", "quiet", 1)
			}
		}
	})
	hits := c.Hits()
	if len(hits) != 2 || c.Dropped() != (Dropped{}) {
		t.Fatalf("%d hits, want 2; dropped %+v", len(hits), c.Dropped())
	}
	for _, h := range hits {
		switch user := h.Group["user.name"]; {
		case user == "quiet" && h.Parts == 3 && h.Count == 3:
		case user == "flood" && h.Parts >= 1000 && len(h.Events) <= maxNamed && len(h.Seen) <= maxSeen:
		default:
			t.Errorf("hit %+v", h)
		}
	}
}

// A burst that goes on while room is made stays one hit.
func TestSettledHitGrows(t *testing.T) {
	c := feed(t, 100, burstRules(), func(add func(string, string, int)) {
		for i := range 2000 {
			add("Fail", "slow", i*2)
		}
	})
	hits := c.Hits()
	if len(hits) != 1 || hits[0].First.Second() != 0 || hits[0].Last.Sub(hits[0].First) != 3998*time.Second || hits[0].Parts != 2000 {
		t.Fatalf("%d hits; first %+v", len(hits), hits[0])
	}
	if again := c.Hits(); len(again) != 1 || again[0].ID != hits[0].ID {
		t.Errorf("a second look gives %+v", again)
	}
}
