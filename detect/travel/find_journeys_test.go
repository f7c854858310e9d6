package travel_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/detect/travel"
)

// atlas locates addresses of tests by their first two bytes, IPv6 ones by their first four.
type atlas map[string]travel.Place

func (a atlas) Locate(addr netip.Addr) (travel.Place, bool) {
	bits := 16
	if addr.Is6() {
		bits = 32
	}
	net, err := addr.Prefix(bits)
	if err != nil {
		return travel.Place{}, false
	}
	p, ok := a[net.String()]
	return p, ok
}

func world() atlas {
	lisbon := travel.Place{City: "Lisbon", Country: "Portugal", Lat: 38.72, Lon: -9.14, RadiusKM: 20, Known: true}
	madrid := travel.Place{City: "Madrid", Country: "Spain", Lat: 40.42, Lon: -3.70, RadiusKM: 20, Known: true}
	sydney := travel.Place{City: "Sydney", Country: "Australia", Lat: -33.87, Lon: 151.21, RadiusKM: 50, Known: true, Network: 64501}
	cloud := sydney
	cloud.Network = 14061
	vague := sydney
	vague.RadiusKM = 18_000
	return atlas{"198.51.0.0/16": lisbon, "198.52.0.0/16": madrid, "203.0.0.0/16": sydney, "203.1.0.0/16": cloud, "203.2.0.0/16": vague,
		"2001:db8::/32": sydney, "192.0.0.0/16": {Country: "Nowhere"}}
}

// login is a sign-in of an IAM user at "hh:mm:ss" from an address.
func login(id, user, at, addr string) quell.Event {
	when, err := time.Parse(time.DateTime, "2026-03-02 "+at)
	if err != nil {
		panic(err)
	}
	return quell.Event{ID: id, Time: when, Name: "ConsoleLogin", Account: "111122223333", Region: "us-east-1", SourceIP: addr,
		Actor: quell.Actor{Type: "IAMUser", ARN: "arn:aws:iam::111122223333:user/" + user, Name: user, Account: "111122223333"}}
}

func judge(t testing.TB, trusted string, events ...quell.Event) *travel.Judge {
	t.Helper()
	in := func(addr netip.Addr) bool { return trusted != "" && netip.MustParsePrefix(trusted).Contains(addr) }
	j := travel.New(world(), in, 0)
	for _, e := range events {
		j.Add(e)
	}
	return j
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b travel.Place
		km   float64
	}{
		{travel.Place{Lat: 38.72, Lon: -9.14}, travel.Place{Lat: 40.42, Lon: -3.70}, 503},
		{travel.Place{Lat: 51.5, Lon: -0.13}, travel.Place{Lat: 40.71, Lon: -74.01}, 5570},
		{travel.Place{Lat: -17.7, Lon: 178.0}, travel.Place{Lat: -13.8, Lon: -171.8}, 1174}, // over the date line
		{travel.Place{Lat: 90, Lon: 10}, travel.Place{Lat: -90, Lon: 100}, 20015},
		{travel.Place{Lat: 1, Lon: 1}, travel.Place{Lat: 1, Lon: 1}, 0},
	} {
		if got := travel.Distance(tt.a, tt.b); math.Abs(got-tt.km) > tt.km/100+1 || got != travel.Distance(tt.b, tt.a) {
			t.Errorf("%v to %v: %.0f km, want %.0f", tt.a, tt.b, got, tt.km)
		}
	}
}

func TestJourneys(t *testing.T) {
	tests := []struct {
		name    string
		trusted string
		events  []quell.Event
		want    []string // ids of the two sign-ins of each finding
	}{
		{"across the world in an hour", "", []quell.Event{login("a", "ann", "09:00:00", "198.51.1.1"), login("b", "ann", "10:00:00", "203.0.1.1")}, []string{"a b"}},
		{"the second comes first", "", []quell.Event{login("b", "ann", "10:00:00", "203.0.1.1"), login("a", "ann", "09:00:00", "198.51.1.1")}, []string{"a b"}},
		{"time enough", "", []quell.Event{login("a", "ann", "00:00:00", "198.51.1.1"), login("b", "ann", "20:30:00", "203.0.1.1")}, nil},
		{"too near", "", []quell.Event{login("a", "ann", "09:00:00", "198.51.1.1"), login("b", "ann", "09:00:01", "198.52.1.1")}, nil},
		{"at one time", "", []quell.Event{login("a", "ann", "09:00:00", "198.51.1.1"), login("b", "ann", "09:00:00", "203.0.1.1")}, []string{"a b"}},
		{"two people", "", []quell.Event{login("a", "ann", "09:00:00", "198.51.1.1"), login("b", "bob", "10:00:00", "203.0.1.1")}, nil},
		{"IPv6", "", []quell.Event{login("a", "ann", "09:00:00", "::ffff:198.51.1.1"), login("b", "ann", "10:00:00", "2001:db8::1")}, []string{"a b"}},
		{"from a cloud", "", []quell.Event{login("a", "ann", "09:00:00", "198.51.1.1"), login("b", "ann", "10:00:00", "203.1.1.1")}, nil},
		{"a vague place", "", []quell.Event{login("a", "ann", "09:00:00", "198.51.1.1"), login("b", "ann", "10:00:00", "203.2.1.1")}, nil},
		{"trusted", "203.0.0.0/16", []quell.Event{login("a", "ann", "09:00:00", "198.51.1.1"), login("b", "ann", "10:00:00", "203.0.1.1")}, nil},
		{"trusted between", "198.52.0.0/16", []quell.Event{login("a", "ann", "09:00:00", "198.51.1.1"), login("v", "ann", "09:30:00", "198.52.1.1"),
			login("b", "ann", "10:00:00", "203.0.1.1")}, []string{"a b"}},
		{"a service, private, nowhere", "", []quell.Event{login("a", "ann", "09:00:00", "198.51.1.1"), login("b", "ann", "09:10:00", "sso.amazonaws.com"),
			login("c", "ann", "09:20:00", "10.1.1.1"), login("d", "ann", "09:30:00", "192.0.1.1"), login("e", "ann", "09:40:00", "100.64.0.1")}, nil},
		{"there and back", "", []quell.Event{login("a", "ann", "09:00:00", "198.51.1.1"), login("b", "ann", "10:00:00", "203.0.1.1"),
			login("c", "ann", "11:00:00", "198.51.1.1"), login("d", "ann", "12:00:00", "203.0.1.1")}, []string{"a b"}},
		{"delivered twice", "", []quell.Event{login("a", "ann", "09:00:00", "198.51.1.1"), login("a", "ann", "09:00:00", "198.51.1.1"),
			login("b", "ann", "10:00:00", "203.0.1.1"), login("b", "ann", "10:00:00", "203.0.1.1")}, []string{"a b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, f := range judge(t, tt.trusted, tt.events...).Findings() {
				got = append(got, strings.Join(f.Events, " "))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

func TestFindingTells(t *testing.T) {
	list := judge(t, "", login("a", "ann", "09:00:00", "198.51.1.1"), login("b", "ann", "11:00:00", "203.0.1.1")).Findings()
	if len(list) != 1 {
		t.Fatalf("%d findings", len(list))
	}
	f := list[0]
	for _, want := range []string{"user/ann signed in from Lisbon, Portugal (198.51.1.1) and 2h0m0s later from Sydney, Australia (203.0.1.1)", "18", "km/h"} {
		if !strings.Contains(f.Why, want) {
			t.Errorf("%q does not say %q", f.Why, want)
		}
	}
	if f.Severity != quell.High || f.Time.Hour() != 11 || len(f.Seen) != 2 || f.Rule != travel.FindingRule || f.Account != "111122223333" {
		t.Errorf("%+v", f)
	}
}

func TestUnseen(t *testing.T) {
	j := judge(t, "", login("a", "ann", "09:00:00", "203.1.1.1"), login("b", "ann", "09:00:00", "203.1.1.1"), login("b", "ann", "09:00:00", "203.1.1.1"),
		login("c", "ann", "09:00:00", "192.0.1.1"), login("d", "ann", "09:00:00", "10.0.0.1"))
	want := []string{"impossible travel: sign-ins not judged: 2 from DigitalOcean, AS14061; 1 at addresses of unknown place"}
	if diff := cmp.Diff(want, j.Unseen()); diff != "" {
		t.Error(diff)
	}
	small := travel.New(world(), nil, 2)
	for i := range 5 {
		small.Add(login(fmt.Sprint(i), "ann", "09:00:00", "198.51.1.1"))
	}
	if got := small.Unseen(); len(got) != 1 || !strings.Contains(got[0], "3 sign-ins found no room") {
		t.Errorf("%v", got)
	}
	small.Forget(time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC))
	small.Add(login("x", "ann", "09:00:00", "198.51.1.1"))
	small.Add(login("y", "ann", "10:00:00", "203.0.1.1"))
	if len(small.Findings()) != 1 {
		t.Error("what was forgotten made no room")
	}
}

// The outcome depends neither on order nor on how often a sign-in comes, and is the slow definition's.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var events []quell.Event
		for i := range rapid.IntRange(0, 12).Draw(rt, "logins") {
			at := fmt.Sprintf("%02d:%02d:00", rapid.IntRange(0, 23).Draw(rt, "hour"), rapid.SampledFrom([]int{0, 30}).Draw(rt, "minute"))
			events = append(events, login(fmt.Sprint("e", i), rapid.SampledFrom([]string{"ann", "bob"}).Draw(rt, "who"), at,
				rapid.SampledFrom([]string{"198.51.1.1", "198.52.1.1", "203.0.1.1", "203.1.1.1", "2001:db8::1", "10.0.0.1"}).Draw(rt, "addr")))
		}
		want := judge(t, "", events...).Findings()
		again := append(slices.Clone(events), events...)
		rand.New(rand.NewPCG(1, uint64(len(again)))).Shuffle(len(again), func(i, k int) { again[i], again[k] = again[k], again[i] })
		if diff := cmp.Diff(want, judge(t, "", again...).Findings()); diff != "" {
			rt.Fatal(diff)
		}
		for _, f := range want {
			km, hours := travel.Distance(place(f.Seen[0]), place(f.Seen[1])), f.Seen[1].Time.Sub(f.Seen[0].Time).Hours()
			if f.Seen[0].Actor.Name != f.Seen[1].Actor.Name || km < 500 || hours < 0 || hours > 0 && km/hours <= 900 {
				rt.Fatalf("no such journey: %+v", f)
			}
		}
	})
}

func place(e quell.Event) travel.Place {
	p, _ := world().Locate(netip.MustParseAddr(e.SourceIP))
	return p
}

func TestRule(t *testing.T) {
	rules, problems := detect.Parse("travel", []byte(travel.Rule))
	if len(problems) > 0 || rules[0].ID != travel.RuleID {
		t.Fatal(problems)
	}
	prog, problems := detect.Compile(rules, detect.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	w := prog.NewWorker()
	for record, want := range map[string]bool{
		`{"eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","responseElements":{"ConsoleLogin":"Success"}}`:                                   true,
		`{"eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","responseElements":{"ConsoleLogin":"Failure"}}`:                                   false,
		`{"eventSource":"signin.amazonaws.com","eventName":"UserAuthentication","serviceEventDetails":{"UserAuthentication":"Success"}}`:                    true,
		`{"eventSource":"sso.amazonaws.com","eventName":"CredentialVerification","serviceEventDetails":{"CredentialVerification":"Success"}}`:               true,
		`{"eventSource":"sso.amazonaws.com","eventName":"CredentialVerification","serviceEventDetails":{"CredentialVerification":"Failure"}}`:               false,
		`{"eventSource":"evil.amazonaws.com","eventName":"ConsoleLogin","responseElements":{"ConsoleLogin":"Success"}}`:                                     false,
		`{"eventSource":"signin.amazonaws.com","eventName":"CredentialChallenge","serviceEventDetails":{"CredentialChallenge":"Success"}}`:                  false,
		`{"eventSource":"sso.amazonaws.com","eventName":"UserAuthentication","requestParameters":{"serviceEventDetails":{"UserAuthentication":"Success"}}}`: false,
	} {
		if got := len(w.One([]byte(record))) == 1; got != want {
			t.Errorf("%s: %v", record, got)
		}
	}
}
