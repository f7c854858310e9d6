package pulse

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
)

var start = time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC)

func at(minutes float64) time.Time { return start.Add(time.Duration(minutes * float64(time.Minute))) }

const span = 15 * time.Minute

func TestSilence(t *testing.T) {
	type step struct {
		minute float64
		do     string // "sent N", "failed N", "heard N TIME-OF-CALL", "any"
		want   string // what Look says then
	}
	for name, tt := range map[string]struct {
		listens bool
		steps   []step
	}{
		"alive": {steps: []step{{0, "sent a", ""}, {5, "sent b", ""}, {6, "heard a 0", ""}, {10, "sent c", ""}, {12, "heard b 5", ""},
			{16, "heard c 10", ""}, {30, "", ""}}},
		"never": {steps: []step{{0, "sent a", ""}, {5, "sent b", ""}, {14.9, "", ""}, {15, "", "silent never"}, {16, "", ""}}},
		"falls silent": {steps: []step{{0, "sent a", ""}, {3, "heard a 0", ""}, {5, "sent b", ""}, {10, "sent c", ""}, {18, "", ""},
			{20, "", "silent since 3"}, {40, "", ""}}},
		"back": {steps: []step{{0, "sent a", ""}, {3, "heard a 0", ""}, {5, "sent b", ""}, {20, "", "silent since 3"}, {20, "sent c", ""},
			{25, "heard c 20", "back after 22m0s"}, {26, "", ""}, {26, "sent d", ""}, {41, "", "silent since 25"}}},
		// What was lost while it was silent is no reason to call it silent again.
		"lost ones": {steps: []step{{0, "sent a", ""}, {5, "sent b", ""}, {6, "heard b 5", ""}, {100, "", ""}}},
		// Nothing could be sent, so nothing is known.
		"no calls":             {steps: []step{{0, "sent a", ""}, {0, "failed a", ""}, {60, "", ""}}},
		"played again":         {steps: []step{{0, "sent a", ""}, {3, "heard a 0", ""}, {4, "sent b", ""}, {17, "heard a 0 no", ""}, {19, "", "silent since 3"}}},
		"another time":         {steps: []step{{0, "sent a", ""}, {14, "heard a 14 no", ""}, {15, "", "silent never"}}},
		"a forged name":        {steps: []step{{0, "sent a", ""}, {14, "heard x 0 no", ""}, {15, "any", "silent never"}}},
		"listens":              {listens: true, steps: []step{{5, "any", ""}, {19, "", ""}, {20, "", "silent since 5"}, {21, "any", "back after 16m0s"}}},
		"listens, never heard": {listens: true, steps: []step{{15, "", "silent never"}}},
	} {
		t.Run(name, func(t *testing.T) {
			j := New(span, !tt.listens, start)
			for _, s := range tt.steps {
				words := strings.Fields(s.do)
				switch {
				case len(words) == 0:
				case words[0] == "sent":
					j.Sent(words[1], at(s.minute))
				case words[0] == "failed":
					j.Failed(words[1])
				case words[0] == "any":
					j.Any(at(s.minute))
				default:
					var minute float64
					if _, err := fmt.Sscan(words[2], &minute); err != nil {
						t.Fatal(err)
					}
					if _, ok := j.Heard(words[1], at(minute), at(s.minute)); ok != (len(words) == 3) {
						t.Errorf("minute %v: %s: heard is %v", s.minute, s.do, ok)
					}
				}
				if got := tell(j.Look(at(s.minute))); got != s.want {
					t.Errorf("minute %v: %q, want %q", s.minute, got, s.want)
				}
			}
		})
	}
}

func tell(n News) string {
	switch {
	case n.Silent && n.Never:
		return "silent never"
	case n.Silent:
		return fmt.Sprintf("silent since %v", n.Since.Sub(start).Minutes())
	case n.Back:
		return "back after " + n.Gap.String()
	}
	return ""
}

func TestDelay(t *testing.T) {
	j := New(span, true, start)
	if half, worst := j.Delay(); half != 0 || worst != 0 {
		t.Errorf("before the first: %v %v", half, worst)
	}
	for i := range maxDelays + 4 {
		name, sent := fmt.Sprint(i), at(float64(i))
		j.Sent(name, sent)
		delay := time.Duration(1+i%4) * time.Second
		if i == 0 {
			delay = time.Hour // so long ago that it is no longer told
		}
		if got, ok := j.Heard(name, sent, sent.Add(delay)); !ok || got != delay {
			t.Fatalf("%d: %v %v", i, got, ok)
		}
	}
	if half, worst := j.Delay(); half != 2*time.Second || worst != 4*time.Second || len(j.delays) != maxDelays {
		t.Errorf("%v %v of %d", half, worst, len(j.delays))
	}
	for i := range 2 * maxSent {
		j.Sent(fmt.Sprint("lost ", i), at(float64(i)))
	}
	if _, ok := j.Heard("lost 0", at(0), at(1)); ok || len(j.sent) != maxSent {
		t.Errorf("%d calls are waited for", len(j.sent))
	}
	if _, ok := j.Heard(fmt.Sprint("lost ", 2*maxSent-1), at(2*maxSent-1), at(2*maxSent)); !ok {
		t.Error("the last call was given up")
	}
}

// TestNeverCriesWolf: as long as every call's record comes within half of the span, nothing is told, whatever the order.
func TestNeverCriesWolf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		j := New(span, true, start)
		due := map[float64][]float64{} // minute a record comes: minutes of their calls
		for minute := 0.0; minute < 120; minute++ {
			if int(minute)%5 == 0 {
				j.Sent(fmt.Sprint(minute), at(minute))
				comes := minute + float64(rapid.IntRange(0, 7).Draw(t, "delay"))
				due[comes] = append(due[comes], minute)
			}
			for _, call := range due[minute] {
				if _, ok := j.Heard(fmt.Sprint(call), at(call), at(minute)); !ok {
					t.Fatalf("the call of minute %v is not known", call)
				}
			}
			if got := tell(j.Look(at(minute))); got != "" {
				t.Fatalf("minute %v: %s", minute, got)
			}
		}
	})
}

func TestFinding(t *testing.T) {
	p := Pipeline{Place: "sqs:logs", Account: "111122223333", Region: "eu-west-1", Span: span, Canary: true}
	f := p.Finding(News{Silent: true, Since: at(3)})
	if f.Severity != quell.High || f.Techniques[0] != "T1562.008" || !f.Time.Equal(at(3)) || f.Entities[0].Key() != "account/111122223333" ||
		f.Why != "From sqs:logs no record of a call of Quell's own has come for 15m; the last came at 2026-03-02T03:03:00Z." {
		t.Errorf("%+v", f)
	}
	if again := p.Finding(News{Silent: true, Since: at(3)}); again.ID != f.ID {
		t.Error("the same silence has two ids")
	}
	if other := p.Finding(News{Silent: true, Since: at(4)}); other.ID == f.ID {
		t.Error("two silences have one id")
	}
	if f := p.Finding(News{Silent: true, Never: true, Since: at(0)}); !strings.Contains(f.Why, "records only writes") {
		t.Error(f.Why)
	}
	p = Pipeline{Place: "logs", Span: 90 * time.Second}
	if f := p.Finding(News{Silent: true, Never: true, Since: at(0)}); len(f.Entities) != 0 || f.Why != "From logs no record at all has come for 1m30s; nor has one since the hunt began." {
		t.Errorf("%+v", f)
	}
	for d, want := range map[time.Duration]string{time.Hour: "1h", 22 * time.Minute: "22m", 1500 * time.Millisecond: "1.5s", 90*time.Minute + 3*time.Second: "1h30m3s",
		15*time.Minute + 200*time.Millisecond: "15m", 10 * time.Minute: "10m", time.Hour + 10*time.Minute: "1h10m"} {
		if got := Short(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}
