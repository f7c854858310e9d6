package detect

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// baseRules are what the correlations in these tests refer to.
func baseRules() []string {
	return []string{
		detection("11111111-0000-4000-8000-000000000001", "s:", "    eventName: Fail", "condition: s") + "name: failed\n",
		detection("success", "s:", "    eventName: Ok", "condition: s") + "name: ok\n",
		detection("third", "s:", "    eventName: Third", "condition: s"),
	}
}

// play runs events through rules and a correlator. An event is "second name user [source]"; its eventID is its index.
func play(t testing.TB, rules []string, events []string) (*Program, *Correlator) {
	t.Helper()
	prog := mustCompile(t, mustRules(t, rules...), Options{})
	c := prog.NewCorrelator(0)
	w := prog.NewWorker()
	for i, e := range events {
		var name, user, ip string
		var sec int
		words, _, _ := strings.Cut(e, "#")
		if _, err := fmt.Sscan(words+" -", &sec, &name, &user, &ip); err != nil {
			t.Fatal(err)
		}
		at := time.Date(2025, 1, 1, 0, 0, sec, 0, time.UTC)
		raw := fmt.Sprintf(`{"eventID":"%s","eventTime":%q,"eventName":%q,"user":{"name":%q},"ip":%q}`, eventID(i, e), at.Format(time.RFC3339), name, user, ip)
		if _, err := w.Scan(strings.NewReader(raw), "", func(m Match) error { return c.Add(m, nil) }); err != nil {
			t.Fatal(err)
		}
	}
	return prog, c
}

// eventID is the event's own "#n" if it has one, so that tests may send an event twice or in another order.
func eventID(i int, e string) string {
	if _, id, ok := strings.Cut(e, "#"); ok {
		return id
	}
	return fmt.Sprint(i)
}

// summarise writes hits as "rule group count: ids".
func summarise(hits []Hit) []string {
	out := []string{}
	for _, h := range hits {
		var group []string
		for k, v := range h.Group {
			group = append(group, k+"="+v)
		}
		slices.Sort(group)
		out = append(out, fmt.Sprintf("%s %s %d: %s", h.Rule.ID, strings.Join(group, ","), h.Count, strings.Join(h.Events, " ")))
	}
	return out
}

func correlation(id string, lines ...string) string {
	return "title: c\nid: " + id + "\nname: " + id + "\ncorrelation:\n    " + strings.Join(lines, "\n    ") + "\n"
}

func TestCorrelations(t *testing.T) {
	burst := correlation("burst", "type: event_count", "rules: [failed]", "group-by: [user.name]", "timespan: 10s", "condition: {gte: 3}")
	tests := []struct {
		name         string
		rules        []string
		events, want []string
	}{
		{"event_count", []string{burst}, []string{"1 Fail a", "5 Fail a", "11 Fail a", "12 Fail b", "13 Fail b"},
			[]string{"burst user.name=a 3: 0 1 2"}},
		{"just outside the window", []string{burst}, []string{"1 Fail a", "5 Fail a", "12 Fail a"}, []string{}},
		{"a long burst is one hit", []string{burst}, []string{"1 Fail a", "5 Fail a", "9 Fail a", "14 Fail a", "18 Fail a", "99 Fail a"},
			[]string{"burst user.name=a 3: 0 1 2 3 4"}},
		{"two bursts are two", []string{burst}, []string{"1 Fail a", "2 Fail a", "3 Fail a", "100 Fail a", "101 Fail a", "102 Fail a"},
			[]string{"burst user.name=a 3: 0 1 2", "burst user.name=a 3: 3 4 5"}},
		{"duplicates count once", []string{burst}, []string{"1 Fail a#x", "2 Fail a#y", "2 Fail a#y", "1 Fail a#x"}, []string{}},
		{"late and out of order", []string{burst}, []string{"11 Fail a#k", "50 Ok a#o", "1 Fail a#i", "5 Fail a#j"}, []string{"burst user.name=a 3: i j k"}},
		{"an upper bound", []string{correlation("few", "type: event_count", "rules: [failed]", "group-by: [user.name]", "timespan: 10s", "condition: {gt: 1, lte: 3}")},
			[]string{"1 Fail a", "2 Fail a", "3 Fail a", "4 Fail a", "20 Fail a", "21 Fail a", "50 Fail a"}, []string{"few user.name=a 2: 4 5"}},
		{"several rules and eq", []string{correlation("two", "type: event_count", "rules: [failed, success]", "timespan: 1m", "condition: {eq: 2}")},
			[]string{"1 Fail a", "2 Ok b"}, []string{"two  2: 0 1"}},
		{"value_count", []string{correlation("spray", "type: value_count", "rules: [failed]", "group-by: [ip]", "timespan: 1m", "condition: {field: user.name, gte: 3}")},
			[]string{"1 Fail a 9", "2 Fail b 9", "3 Fail a 9", "4 Fail c 9", "5 Fail d 8"}, []string{"spray ip=9 3: 0 1 2 3"}},
		{"temporal in any order", []string{correlation("near", "type: temporal", "rules: [failed, ok, third]", "group-by: [user.name]", "timespan: 1m")},
			[]string{"3 Third a", "10 Fail a", "20 Ok a", "1 Fail b", "2 Ok b"}, []string{"near user.name=a 3: 0 1 2"}},
		{"temporal with a condition", []string{correlation("near", "type: temporal", "rules: [failed, ok, third]", "timespan: 1m", "condition: {gte: 2}")},
			[]string{"3 Third a", "10 Third a", "20 Ok a"}, []string{"near  2: 0 1 2"}},
		{"ordered", []string{correlation("seq", "type: temporal_ordered", "rules: [failed, ok]", "group-by: [user.name]", "timespan: 1m")},
			[]string{"1 Ok a", "2 Fail a", "3 Fail a", "4 Ok a", "5 Ok b", "6 Fail b"}, []string{"seq user.name=a 2: 2 3"}},
		{"ordered within a second", []string{correlation("seq", "type: temporal_ordered", "rules: [failed, ok]", "timespan: 1m")},
			[]string{"4 Ok a", "4 Fail a"}, []string{"seq  2: 0 1"}},
		{"the same rule twice in order", []string{correlation("seq", "type: temporal_ordered", "rules: [failed, failed, ok]", "timespan: 1m")},
			[]string{"1 Fail a", "2 Ok a", "3 Fail a", "4 Ok a"}, []string{"seq  3: 0 2 3"}},
		{"ordered too slow", []string{correlation("seq", "type: temporal_ordered", "rules: [failed, ok]", "timespan: 1m")},
			[]string{"1 Fail a", "62 Ok a"}, []string{}},
		{"aliases", []string{correlation("pair", "type: temporal", "rules: [failed, ok]", "group-by: [who]", "timespan: 1m",
			"aliases: {who: {failed: user.name, ok: ip}}")},
			[]string{"1 Fail a x", "2 Ok z a", "3 Ok a z"}, []string{"pair who=a 2: 0 1"}},
		{"a chain", []string{burst, correlation("then", "type: temporal_ordered", "rules: [burst, ok]", "group-by: [user.name]", "timespan: 1m")},
			[]string{"1 Fail a", "2 Fail a", "3 Fail a", "9 Ok a", "9 Ok b"}, []string{"then user.name=a 2: 0 1 2 3"}},
		{"a missing group is no group", []string{correlation("g", "type: event_count", "rules: [failed]", "group-by: [nowhere]", "timespan: 1m", "condition: {gte: 1}")},
			[]string{"1 Fail a"}, []string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, c := play(t, append(baseRules(), tt.rules...), tt.events)
			hits := c.Hits()
			if diff := cmp.Diff(tt.want, summarise(hits)); diff != "" {
				t.Error(diff)
			}
			for _, h := range hits {
				if len(h.Seen) != len(h.Events) || h.Last.Before(h.First) || h.ID == "" {
					t.Errorf("%+v", h)
				}
			}
		})
	}
}

func TestQuietRules(t *testing.T) {
	base := func(generate string) *Program {
		prog, _ := play(t, append(baseRules(), correlation("burst", "type: event_count", "rules: [failed]", "timespan: 10s", "condition: {gte: 3}", "generate: "+generate)), nil)
		return prog
	}
	for _, tt := range []struct {
		generate, id string
		want         bool
	}{{"false", "11111111-0000-4000-8000-000000000001", true}, {"true", "11111111-0000-4000-8000-000000000001", false}, {"false", "success", false}} {
		prog := base(tt.generate)
		for _, r := range prog.Rules() {
			if r.ID == tt.id && prog.Quiet(r) != tt.want {
				t.Errorf("generate %s: %s quiet is not %v", tt.generate, tt.id, tt.want)
			}
		}
	}
}

func TestForgetAndLimits(t *testing.T) {
	rules := append(baseRules(), correlation("burst", "type: event_count", "rules: [failed]", "timespan: 10s", "condition: {gte: 2}"))
	prog, c := play(t, rules, []string{"1 Fail a", "2 Fail a", "30 Fail a", "31 Fail a"})
	first := c.Hits()
	c.Forget(time.Date(2025, 1, 1, 0, 0, 20, 0, time.UTC))
	left := c.Hits()
	if len(first) != 2 || len(left) != 1 || left[0].ID != first[1].ID {
		t.Errorf("%v then %v", summarise(first), summarise(left))
	}
	small := prog.NewCorrelator(1)
	failed := prog.Rules()[0]
	for i, raw := range []string{`{"eventID":"1","eventTime":"2025-01-01T00:00:00Z"}`, `{"eventID":"2","eventTime":"2025-01-01T00:00:00Z"}`, `{"eventID":"3","eventTime":"yesterday"}`} {
		if err := small.Add(Match{Rule: failed, Raw: []byte(raw)}, nil); err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
	if got := small.Dropped(); got != (Dropped{Full: 1, Untimed: 1}) {
		t.Errorf("%+v", got)
	}
	if err := small.Add(Match{Rule: failed, Raw: []byte(`{"a":`)}, nil); err == nil {
		t.Error("half a record was taken")
	}
}

// TestOrderDoesNotMatter plays drawn events in two orders.
func TestOrderDoesNotMatter(t *testing.T) {
	rules := append(baseRules(),
		correlation("burst", "type: event_count", "rules: [failed]", "group-by: [user.name]", "timespan: 10s", "condition: {gte: 3}"),
		correlation("spray", "type: value_count", "rules: [failed, ok]", "group-by: [ip]", "timespan: 20s", "condition: {field: user.name, gte: 2}"),
		correlation("few", "type: event_count", "rules: [ok]", "timespan: 15s", "condition: {lt: 3}"),
		correlation("near", "type: temporal", "rules: [failed, ok, third]", "group-by: [user.name]", "timespan: 9s"),
		correlation("then", "type: temporal_ordered", "rules: [burst, ok, third]", "group-by: [user.name]", "timespan: 30s"))
	rapid.Check(t, func(rt *rapid.T) {
		var events []string
		for i := range rapid.IntRange(0, 40).Draw(rt, "n") {
			events = append(events, fmt.Sprintf("%d %s %s %s#%d", rapid.IntRange(0, 59).Draw(rt, "sec"),
				rapid.SampledFrom([]string{"Fail", "Fail", "Ok", "Third"}).Draw(rt, "name"),
				rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "user"), rapid.SampledFrom([]string{"1", "2"}).Draw(rt, "ip"), i))
		}
		_, c := play(t, rules, events)
		shuffled := append(slices.Clone(events), events...)
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		rnd.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		_, again := play(t, rules, shuffled)
		if diff := cmp.Diff(summarise(c.Hits()), summarise(again.Hits())); diff != "" {
			rt.Fatal(diff)
		}
	})
}
