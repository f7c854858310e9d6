package scope

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

var alice = quell.Entity{Kind: quell.KindUser, ID: "AIDAALICE", Name: "alice", Account: "111122223333", Part: quell.PartActor}

// event is one minutes before noon.
func event(id string, minutes int, name string, change ...func(*quell.Event)) quell.Event {
	e := quell.Event{
		ID: id, Time: noon.Add(-time.Duration(minutes) * time.Minute), Name: name, Source: "iam.amazonaws.com", ReadOnly: strings.HasPrefix(name, "Get"),
		SourceIP: "203.0.113.7", UserAgent: "pipeline/1.2", Actor: quell.Actor{Type: "IAMUser", Principal: alice.ID, Account: alice.Account},
	}
	for _, c := range change {
		c(&e)
	}
	return e
}

func naming(list ...quell.Entity) func(*quell.Event) {
	return func(e *quell.Event) { e.Resources = list }
}

func refused(e *quell.Event) { e.ErrorCode = "AccessDenied" }

func from(agent, ip string) func(*quell.Event) {
	return func(e *quell.Event) { e.UserAgent, e.SourceIP = agent, ip }
}

func TestScopeActivity(t *testing.T) {
	tests := []struct {
		name        string
		minutes     []int // of the events, before noon
		through     int   // minutes before noon; 0: nothing was read
		active      bool
		since, last int
	}{
		{"nothing seen", nil, 15, false, 0, 0},
		{"a minute ago", []int{90, 1}, 15, true, 90, 1},
		{"within the trail's delay of what is known", []int{90, 29}, 15, true, 90, 29},
		{"just there", []int{30}, 15, true, 30, 30},
		{"before", []int{90, 31}, 15, false, 90, 31},
		{"nothing known complete, a while ago", []int{29}, 0, false, 29, 29},
		{"nothing known complete, just now", []int{14}, 0, true, 14, 14},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var s Sighting
			for i, m := range test.minutes {
				s.Events = append(s.Events, event(fmt.Sprint(i), m, "GetUser"))
			}
			if test.through > 0 {
				s.Through = noon.Add(-time.Duration(test.through) * time.Minute)
			}
			got := Scope(alice, s, noon)
			if got.StillActive != test.active || got.Events != len(test.minutes) {
				t.Errorf("active %v, %d events", got.StillActive, got.Events)
			}
			if len(test.minutes) == 0 {
				if !got.Since.IsZero() || !got.LastSeen.IsZero() {
					t.Errorf("since %v, last seen %v", got.Since, got.LastSeen)
				}
				return
			}
			if !got.Since.Equal(noon.Add(-time.Duration(test.since)*time.Minute)) || !got.LastSeen.Equal(noon.Add(-time.Duration(test.last)*time.Minute)) {
				t.Errorf("since %v, last seen %v", got.Since, got.LastSeen)
			}
		})
	}
}

func TestScopeEntities(t *testing.T) {
	as := func(kind quell.EntityKind, id string, part quell.Part) quell.Entity {
		return quell.Entity{Kind: kind, ID: id, Part: part}
	}
	tests := []struct {
		name  string
		event quell.Event
		want  []string
	}{
		{"made", event("1", 1, "CreateUser", naming(as(quell.KindUser, "AIDAEVIL", quell.PartMade), alice)), []string{"actor user/AIDAALICE", "made user/AIDAEVIL"}},
		{"role assumed", event("1", 1, "AssumeRole", naming(as(quell.KindRole, "AROA1", quell.PartUsed), as(quell.KindIP, "203.0.113.7", quell.PartUsed))), []string{"used ip/203.0.113.7", "used role/AROA1"}},
		{"role tried", event("1", 1, "AssumeRole", refused, naming(as(quell.KindRole, "AROA1", quell.PartTarget))), []string{"target role/AROA1"}},
		{"secret read", event("1", 1, "GetSecretValue", naming(as(quell.KindSecret, "arn:s", quell.PartRead))), []string{"read secret/arn:s"}},
		{"role looked at", event("1", 1, "GetRole", naming(as(quell.KindRole, "AROA1", quell.PartRead))), []string{}},
		{"user's read refused", event("1", 1, "GetUser", refused, naming(as(quell.KindUser, "AIDA1", quell.PartTarget))), []string{}},
		{"bucket changed", event("1", 1, "PutBucketPolicy", naming(as(quell.KindBucket, "books", quell.PartTarget))), []string{"target bucket/books"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := []string{}
			for _, e := range Scope(alice, Sighting{Events: []quell.Event{test.event}}, noon).Entities {
				got = append(got, string(e.Part)+" "+e.Key())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("too many", func(t *testing.T) {
		var s Sighting
		for i := range maxEntities + 7 {
			s.Events = append(s.Events, event(fmt.Sprint(i), 5, "PutBucketPolicy", naming(as(quell.KindBucket, fmt.Sprint("b", i), quell.PartTarget))))
		}
		s.Events = append(s.Events, event("last", 1, "CreateUser", naming(as(quell.KindUser, "AIDAEVIL", quell.PartMade))))
		got := Scope(alice, s, noon)
		made := 0
		for _, e := range got.Entities {
			if e.Part == quell.PartMade {
				made++
			}
		}
		if len(got.Entities) != maxEntities || made != 1 || !strings.Contains(strings.Join(got.Blind, "\n"), "entities: 8 left out") {
			t.Errorf("%d entities, %d made, blind %v", len(got.Entities), made, got.Blind)
		}
	})
}

func TestScopeTimeline(t *testing.T) {
	var s Sighting
	for i := range 700 {
		s.Events = append(s.Events, event(fmt.Sprintf("r%03d", i), 1000-i, "GetUser"))
	}
	s.Events = append(s.Events,
		event("w1", 200, "CreateUser"), event("w2", 199, "DeleteTrail", refused),
		event("w3", 198, "GetFederationToken", naming(quell.Entity{Kind: quell.KindFederated, ID: "f", Part: quell.PartMade})))
	s.Events[700].Raw = json.RawMessage(`{"secret":1}`)
	got := Scope(alice, s, noon)
	if len(got.Timeline) != maxTimeline || !strings.Contains(strings.Join(got.Blind, "\n"), "timeline: 203 of 703 events left out") {
		t.Errorf("%d events, blind %v", len(got.Timeline), got.Blind)
	}
	var have []string
	for i, e := range got.Timeline {
		if i > 0 && e.Time.Before(got.Timeline[i-1].Time) {
			t.Errorf("%s out of order", e.ID)
		}
		if e.ID[0] == 'w' {
			have = append(have, e.ID)
		}
		if e.Raw != nil {
			t.Errorf("%s has its raw record", e.ID)
		}
	}
	if diff := cmp.Diff([]string{"w1", "w2", "w3"}, have); diff != "" {
		t.Error(diff)
	}
	if s.Events[700].Raw == nil {
		t.Error("the sighting itself was changed")
	}
}

func TestUsedBy(t *testing.T) {
	events := []quell.Event{event("old", 1500, "GetUser", from("old/1", "192.0.2.9"))}
	for i := range 412 {
		events = append(events, event(fmt.Sprint(i), 1300-i, "GetUser", from(fmt.Sprintf("pipeline/1.2.%d linux", i), "203.0.113.7")))
	}
	events = append(events,
		event("a", 9, "GetUser", from("aws-cli/2.15.30 md/awscrt#0.19", "198.51.100.9"), refused),
		event("b", 8, "GetUser", from("aws-sdk-go-v2/1.30.1 ua/2.1 os/linux app/billing", "203.0.113.8"), refused),
		event("c", 7, "GetUser", from("aws-sdk-go-v2/1.30.4 os/linux app/billing", "203.0.113.8")),
		event("d", 6, "GetUser", from("", "")))
	want := []string{
		"pipeline/1.2 from 203.0.113.7, 412 calls, last 21:11Z",
		"billing (aws-sdk-go-v2/1.30) from 203.0.113.8, 2 calls, 1 refused, last 11:53Z",
		"an unnamed program from an unknown address, 1 call, last 11:54Z",
		"aws-cli/2.15 from 198.51.100.9, 1 call, all refused, last 11:51Z",
	}
	if diff := cmp.Diff(want, usedBy(events, noon)); diff != "" {
		t.Error(diff)
	}
	var many []quell.Event
	for i := range maxUsers + 3 {
		many = append(many, event(fmt.Sprint(i), 1, "GetUser", from("x/1", fmt.Sprint("192.0.2.", i))))
	}
	if got := usedBy(many, noon); len(got) != maxUsers+1 || got[maxUsers] != "and 3 more programs and addresses" {
		t.Errorf("%d lines, the last %q", len(got), got[len(got)-1])
	}
}

func TestScopeCarriesWhatWasRead(t *testing.T) {
	s := Sighting{Events: []quell.Event{event("1", 1, "GetUser")}, Read: []string{"cloudtrail eu-west-1"}, Blind: []string{"s3-data"},
		Watermarks: map[string]time.Time{"eu-west-1": noon}}
	got := Scope(quell.Entity{Kind: quell.KindUser, ID: "AIDAALICE"}, s, noon)
	if got.Account != alice.Account || got.Read[0] != "cloudtrail eu-west-1" || got.Watermarks["cloudtrail eu-west-1"] != "2026-03-04T12:00:00Z" {
		t.Errorf("%+v", got)
	}
	got.Blind[0] = "changed"
	if s.Blind[0] != "s3-data" {
		t.Error("the scope shares memory with the sighting")
	}
}

// Whoever acts writes the text of events: no order of them and no text may make a scope unfit to keep or to show.
func TestScopeOfHostileEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[\x00-\x7f\x{202e}\x{fffd}/ .]{0,400}`)
		var s Sighting
		for i := range rapid.IntRange(0, 30).Draw(t, "events") {
			e := event(text.Draw(t, "id"), i, text.Draw(t, "name"), from(text.Draw(t, "agent"), text.Draw(t, "ip")))
			e.Actor.Name, e.ErrorCode = text.Draw(t, "actor"), text.Draw(t, "error")
			s.Events = append([]quell.Event{e}, s.Events...)
		}
		got := Scope(alice, s, noon)
		if len(got.Timeline) != len(s.Events) || len(got.UsedBy) > maxUsers+1 {
			t.Fatalf("%d of %d events, %d lines", len(got.Timeline), len(s.Events), len(got.UsedBy))
		}
		for _, shown := range append(got.UsedBy, heads(got.Timeline)...) {
			if quell.Clean(shown) != shown || utf8.RuneCountInString(shown) > maxText {
				t.Fatalf("not fit to show: %q", shown)
			}
		}
		if _, err := json.Marshal(got); err != nil {
			t.Fatal(err)
		}
	})
}

func heads(events []quell.Event) (out []string) {
	for _, e := range events {
		out = append(out, e.ID, e.Name, e.UserAgent, e.SourceIP, e.ErrorCode, e.Actor.Name)
	}
	return out
}

func FuzzFamily(f *testing.F) {
	for _, seed := range []string{"", "[aws-cli/2.1 x]", "Boto3/1.26.3 md/Botocore#1.29 app/etl", "/", "a/", "Mozilla/5.0 (X11)", "app/", " \x1b[2J/1..2"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, agent string) {
		got := family(agent)
		if got == "" || quell.Clean(got) != got || utf8.RuneCountInString(got) > 60 {
			t.Errorf("%q of %q", got, agent)
		}
	})
}
