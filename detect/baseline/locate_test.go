package baseline_test

import (
	"strings"
	"testing"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect/baseline"
)

// located is as if somebody had given files of places: one carrier at home, another abroad.
func located(address string) (owner, country string) {
	switch {
	case strings.HasPrefix(address, "198.51.") || strings.HasPrefix(address, "203.0."):
		return "AS64500 Home", "PT"
	case strings.HasPrefix(address, "192.0."):
		return "AS64501 Away", "BR"
	}
	return "", ""
}

func gathered(locate func(string) (string, string), events []quell.Event) *baseline.Collector {
	c := &baseline.Collector{Locate: locate}
	for i := range events {
		c.Add(&events[i])
	}
	return c
}

// Where owners and countries are known, another network of the same owner is nothing new, and a new owner or country is.
func TestOwnersAndCountries(t *testing.T) {
	whys := func(list []quell.Finding) string {
		var out []string
		for _, f := range list {
			out = append(out, f.Severity.String()+" "+f.Why)
		}
		return strings.Join(out, "\n")
	}
	neighbour, abroad := act(40, 3, from("203.0.113.99")), act(40, 3, from("192.0.2.1"))
	unlocated := act(40, 3, from("100.0.0.1"))
	for name, tt := range map[string]struct {
		event  quell.Event
		locate func(string) (string, string)
		want   []string // parts of the only finding; nil for none
	}{
		"another network of the carrier, not known as one": {neighbour, nil, []string{"network 203.0.0.0/16 is new"}},
		"another network of the carrier":                   {neighbour, located, nil},
		"another carrier in another country":               {abroad, located, []string{"owner AS64501 Away is new", "country BR is new"}},
		"a network of nobody known":                        {unlocated, located, []string{"network 100.0.0.0/16 is new"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := gathered(tt.locate, append(routine(0, 40), tt.event)).Judge(nil)
			if len(got) != min(len(tt.want), 1) {
				t.Fatalf("findings: %s", whys(got))
			}
			for _, part := range tt.want {
				if !strings.Contains(got[0].Why, part) {
					t.Errorf("%q lacks %q", got[0].Why, part)
				}
			}
		})
	}
}

// What was learnt before there was a file of places makes nothing new of owners that were not known then; networks go on to
// be compared until owners are known for long enough.
func TestOwnersAreLearntFirst(t *testing.T) {
	book := gathered(nil, routine(0, 40)).Book()
	got := gathered(located, []quell.Event{act(40, 3, nil), act(40, 4, from("192.0.2.1"))}).Judge(book)
	if len(got) != 1 || !strings.Contains(got[0].Why, "network 192.0.0.0/16 is new") || strings.Contains(got[0].Why, "owner") {
		t.Fatalf("%+v", got)
	}
	// The same a month later, with the file from then on.
	later := append(routine(40, 75), act(75, 3, from("192.0.2.1")))
	got = gathered(located, later).Judge(book)
	if len(got) != 1 || !strings.Contains(got[0].Why, "owner AS64501 Away is new") {
		t.Fatalf("%+v", got)
	}
}
