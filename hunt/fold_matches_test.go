package hunt

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
)

// daily is a rule that tells once a day by address, then by user.
func daily(t testing.TB) *detect.Rule {
	t.Helper()
	rules, problems := detect.Parse("daily.yml", []byte("title: Daily\nid: daily\nlevel: high\ndescription: It is bad. Very.\nlogsource: {product: aws, service: cloudtrail}\n"+
		"once_a_day_by: [sourceIPAddress, userIdentity.userName]\ndetection:\n  s: {eventName: Act}\n  condition: s\n"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return rules[0]
}

// act is a record of the rule's, in the hours after midnight of a day in March.
func act(t testing.TB, id string, day, hour int, ip, user string) quell.Event {
	t.Helper()
	at := time.Date(2026, 3, day, hour, 0, 0, 0, time.UTC)
	raw, err := json.Marshal(map[string]any{"eventID": id, "eventTime": at.Format(time.RFC3339), "eventName": "Act", "sourceIPAddress": ip,
		"recipientAccountId": "111122223333", "userIdentity": map[string]any{"type": "IAMUser", "userName": user, "arn": "arn:aws:iam::111122223333:user/" + user}})
	if err != nil {
		t.Fatal(err)
	}
	e, err := eventOf(raw, "test")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// told are the findings in order of time, as "hour: events", with a plus where there are more.
func told(f *folds) []string {
	list := f.findings()
	slices.SortFunc(list, func(a, b quell.Finding) int { return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.ID, b.ID)) })
	out := []string{}
	for _, x := range list {
		text := fmt.Sprintf("%s: %s", x.Time.Format("02T15"), strings.Join(x.Events, " "))
		if strings.Contains(x.Why, "there are more") {
			text += " +"
		}
		out = append(out, text)
	}
	return out
}

func TestFolds(t *testing.T) {
	r := daily(t)
	by := foldBy(r)
	if !slices.Equal(by, []string{"sourceIPAddress", "userIdentity.userName"}) {
		t.Fatalf("%v", by)
	}
	var f folds
	fresh := 0
	for _, e := range []quell.Event{
		act(t, "b", 2, 9, "198.51.100.1", "ann"), act(t, "a", 2, 8, "198.51.100.1", "bob"), act(t, "a", 2, 8, "198.51.100.1", "bob"),
		act(t, "c", 2, 10, "198.51.100.2", "ann"), act(t, "d", 3, 9, "198.51.100.1", "ann"), act(t, "e", 3, 10, "", "ann"), act(t, "f", 3, 11, "", "ann"),
		act(t, "g", 3, 12, "", ""), act(t, "h", 3, 13, "", ""),
	} {
		if f.add(r, by, e) != nil {
			fresh++
		}
	}
	want := []string{"02T08: a b", "02T10: c", "03T09: d", "03T10: e f", "03T12: g", "03T13: h"}
	if diff := gocmp.Diff(want, told(&f)); diff != "" || fresh != len(want) {
		t.Errorf("%d fresh\n%s", fresh, diff)
	}
	for i := range 9 {
		f.add(r, by, act(t, fmt.Sprint("m", i), 4, 20-i, "203.0.113.1", "ann"))
	}
	if got := told(&f); got[len(got)-1] != "04T12: m8 m7 m6 m5 m4 +" {
		t.Errorf("%v", got)
	}
	f.forget(time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC))
	if got := told(&f); len(got) != 1 {
		t.Errorf("kept %v", got)
	}
}

// Whatever the order, and however often each comes, the findings are the same.
func TestFoldsInAnyOrder(t *testing.T) {
	r := daily(t)
	rapid.Check(t, func(rt *rapid.T) {
		var events []quell.Event
		for i := range rapid.IntRange(0, 25).Draw(rt, "events") {
			events = append(events, act(t, fmt.Sprint("e", i), rapid.IntRange(1, 2).Draw(rt, "day"), rapid.IntRange(0, 5).Draw(rt, "hour"),
				rapid.SampledFrom([]string{"198.51.100.1", "198.51.100.2"}).Draw(rt, "ip"), "ann"))
		}
		gather := func(list []quell.Event) []quell.Finding {
			var f folds
			for _, e := range list {
				f.add(r, foldBy(r), e)
			}
			out := f.findings()
			sortFindings(out)
			return out
		}
		again := append(slices.Clone(events), events...)
		rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1)).Shuffle(len(again), func(i, k int) { again[i], again[k] = again[k], again[i] })
		if diff := gocmp.Diff(gather(events), gather(again)); diff != "" {
			rt.Fatal(diff)
		}
	})
}

func TestFoldsAreBounded(t *testing.T) {
	r := daily(t)
	var f folds
	e := act(t, "e", 2, 9, "", "ann")
	for i := range maxFolds + 3 {
		e.Raw = fmt.Appendf(nil, `{"sourceIPAddress":"2001:db8::%x"}`, i)
		f.add(r, foldBy(r), e)
	}
	if got := f.unheard(); len(f.list) != maxFolds || len(got) != 1 || !strings.HasPrefix(got[0], "3 matches found no room") {
		t.Errorf("%d kept, %v", len(f.list), got)
	}
	if firstOf([]byte("no JSON"), []string{"a"}) != "" || firstOf([]byte(`{"a":{"b":[1]}}`), []string{"a.b", "a.b.c", "a"}) != "" {
		t.Error("what is no text was taken for one")
	}
}
