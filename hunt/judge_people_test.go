package hunt

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect/people"
	"github.com/quell-ir/quell/detect/travel"
)

// map of the tests: 198.51/16 is Lisbon, 203.0/16 is Sydney.
type twoCities struct{}

func (twoCities) Locate(addr netip.Addr) (travel.Place, bool) {
	switch addr.As4()[0] {
	case 198:
		return travel.Place{City: "Lisbon", Lat: 38.7, Lon: -9.1, Known: true}, true
	case 203:
		return travel.Place{City: "Sydney", Lat: -33.9, Lon: 151.2, Known: true}, true
	}
	return travel.Place{}, false
}

// peopleHunter is a hunter by Quell's own rules and what is said about people.
func peopleHunter(t testing.TB, who *People) *Hunter {
	t.Helper()
	rules, problems := Load(true)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	program, err := CompileFor(rules, who)
	if err != nil {
		t.Fatal(err)
	}
	return &Hunter{Program: program, Clock: &script{}, People: who}
}

// acted is a call of a user at an hour of a day in March, with changes as "key: value" JSON.
func acted(id, user string, day, hour int, ip, rest string) json.RawMessage {
	return fmt.Appendf(nil, `{"eventID":%q,"eventTime":"2026-03-%02dT%02d:00:00Z","eventSource":"ec2.amazonaws.com","eventName":"DescribeRegions","sourceIPAddress":%q,
		"awsRegion":"us-east-1","recipientAccountId":"111122223333","managementEvent":true,"userIdentity":{"type":"IAMUser","principalId":"AIDA%s","accountId":"111122223333",
		"arn":"arn:aws:iam::111122223333:user/%s","userName":%q}%s}`, id, day, hour, ip, user, user, user, rest)
}

// signedIn is a console login.
func signedIn(id, user string, hour int, ip string) json.RawMessage {
	text := string(acted(id, user, 2, hour, ip, `,"responseElements":{"ConsoleLogin":"Success"},"additionalEventData":{"MFAUsed":"Yes"}`))
	return json.RawMessage(strings.NewReplacer("ec2.amazonaws.com", "signin.amazonaws.com", "DescribeRegions", "ConsoleLogin").Replace(text))
}

func give(t testing.TB, h *Hunter, records ...json.RawMessage) []quell.Finding {
	t.Helper()
	if err := h.Records(records, "test"); err != nil {
		t.Fatal(err)
	}
	return h.Result().Findings
}

func TestLeavers(t *testing.T) {
	since := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	who := &People{Lists: people.Lists{Leavers: []people.Leaver{
		{Who: "ann", Since: since, Note: "left for \x1b[31mgood"}, {Who: "bob", Since: since.Add(24 * time.Hour)},
		{Who: "arn:aws:iam::111122223333:user/cyd", Since: since}, {Who: "arn:aws:iam::444455556666:user/dan", Since: since}}}}
	h := peopleHunter(t, who)
	found := give(t, h, acted("a1", "ANN", 2, 11, "198.51.100.1", ""), acted("a2", "ann", 2, 12, "198.51.100.1", ""), acted("a3", "ann", 2, 13, "198.51.100.1", ""),
		acted("a4", "ann", 2, 13, "198.51.100.2", ""), acted("b1", "bob", 2, 13, "198.51.100.1", ""), acted("c1", "cyd", 3, 1, "198.51.100.1", ""),
		acted("d1", "dan", 3, 1, "198.51.100.1", ""), acted("e1", "hannah", 3, 1, "198.51.100.1", ""))
	var got []string
	for _, f := range found {
		got = append(got, strings.Join(f.Events, " "))
	}
	slices.Sort(got)
	if !slices.Equal(got, []string{"a2 a3", "a4", "c1"}) {
		t.Errorf("%v", got)
	}
	first := found[0]
	if first.Rule == "" || strings.Contains(first.Rule, "/") || first.Severity != quell.High || first.Title != "Act by somebody who has left" {
		t.Errorf("%+v", first)
	}
	if !strings.HasPrefix(first.Why, "ann is gone since 2026-03-02T12:00:00Z (left for ") || strings.Contains(first.Why, "\x1b") {
		t.Errorf("%q", first.Why)
	}
	if blind := strings.Join(h.Result().Blind, "\n"); strings.Contains(blind, "--leavers") || !strings.Contains(blind, "no list given: --break-glass, --own-accounts") {
		t.Errorf("blind: %s", blind)
	}
}

func TestWhatIsNotSaidIsBlind(t *testing.T) {
	h := peopleHunter(t, nil)
	if blind := h.Result().Blind; slices.ContainsFunc(blind, func(s string) bool { return strings.Contains(s, "--") }) {
		t.Errorf("nothing was read, and yet %q", blind)
	}
	give(t, h, acted("a", "ann", 2, 9, "198.51.100.1", ""))
	blind := h.Result().Blind
	lists := func(s string) bool {
		return strings.HasPrefix(s, "no list given: --break-glass, --leavers, --own-accounts")
	}
	if !slices.ContainsFunc(blind, lists) || slices.Contains(blind, "no --geo: impossible travel not judged") {
		t.Errorf("%q", blind)
	}
	give(t, h, signedIn("b", "ann", 10, "198.51.100.1"))
	if blind := h.Result().Blind; !slices.Contains(blind, "no --geo: impossible travel not judged") {
		t.Errorf("%q", blind)
	}
}

func TestJourneys(t *testing.T) {
	who := &People{Places: twoCities{}}
	h := peopleHunter(t, who)
	found := give(t, h, signedIn("b", "ann", 10, "203.0.113.1"), signedIn("a", "ann", 9, "198.51.100.1"), signedIn("c", "bob", 10, "203.0.113.1"))
	if len(found) != 1 || found[0].Rule != travel.FindingRule || len(h.Result().Incidents) != 1 {
		t.Fatalf("%+v", found)
	}
	if blind := strings.Join(h.Result().Blind, "\n"); strings.Contains(blind, "--geo") {
		t.Error(blind)
	}
	who.Trusted = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
	if found := give(t, peopleHunter(t, who), signedIn("a", "ann", 9, "198.51.100.1"), signedIn("b", "ann", 10, "203.0.113.1")); len(found) != 0 {
		t.Errorf("%+v", found)
	}
}

// A stream tells each finding once, even as it grows, and forgets what is old.
func TestPeopleInAStream(t *testing.T) {
	who := &People{Lists: people.Lists{BreakGlass: []string{"ann"}}, Places: twoCities{}}
	h := peopleHunter(t, who)
	var told []string
	tell := func(records ...json.RawMessage) int {
		t.Helper()
		if err := h.Records(records, "test"); err != nil {
			t.Fatal(err)
		}
		fresh := h.Fresh()
		for _, f := range fresh {
			told = append(told, f.ID)
		}
		h.Forget(time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC))
		return len(fresh)
	}
	if n := tell(signedIn("a", "ann", 9, "198.51.100.1")); n != 1 {
		t.Errorf("%d findings of the first use", n)
	}
	if n := tell(acted("b", "ann", 2, 10, "198.51.100.1", "")); n != 0 {
		t.Errorf("%d findings of the second use", n)
	}
	if n := tell(signedIn("c", "ann", 11, "203.0.113.1")); n != 1 {
		t.Errorf("%d findings of the journey", n)
	}
	if n := tell(); n != 0 {
		t.Errorf("%d findings of nothing", n)
	}
	if n := tell(acted("d", "ann", 3, 1, "198.51.100.1", "")); n != 1 {
		t.Errorf("%d findings of the next day", n)
	}
	h.Forget(time.Date(2026, 4, 2, 12, 0, 0, 0, time.UTC))
	if left := h.circle.findings(); len(left) != 0 {
		t.Errorf("a month later %d are kept", len(left))
	}
	// Read once more, all is known.
	if n := tell(signedIn("a", "ann", 9, "198.51.100.1"), signedIn("c", "ann", 11, "203.0.113.1")); n != 0 {
		t.Errorf("%d findings told twice", n)
	}
	if slices.Sort(told); len(slices.Compact(told)) != 3 {
		t.Errorf("%v", told)
	}
}
