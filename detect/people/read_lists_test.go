package people_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect/people"
)

// entries are words of a flag.
func entries(words ...string) []people.Entry {
	var out []people.Entry
	for _, w := range words {
		out = append(out, people.Entry{Text: w, Where: "--flag"})
	}
	return out
}

// wants checks that an error is one of usage that says all of the texts.
func wants(t *testing.T, err error, texts ...string) {
	t.Helper()
	if quell.CodeOf(err) != quell.CodeUsage {
		t.Fatalf("error %v, want one of usage that says %q", err, texts)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error %q does not say %q", err, text)
		}
	}
}

func TestReadAccounts(t *testing.T) {
	text := "\ufeff222233334444 # the second\r\n\n# none\n111122223333\n222233334444\n"
	got, err := people.ReadAccounts(people.SplitLines("accounts.txt", []byte(text)))
	if err != nil || !cmp.Equal(got, []string{"111122223333", "222233334444"}) {
		t.Errorf("%v, %v", got, err)
	}
	for text, want := range map[string]string{"\n\n12345\n": "accounts.txt:3", "11112222333a\n": "accounts.txt:1", "111122223333 x\n": "accounts.txt:1"} {
		_, err := people.ReadAccounts(people.SplitLines("accounts.txt", []byte(text)))
		wants(t, err, want, "is no account id", "twelve digits")
	}
	if got, err := people.ReadAccounts(nil); got != nil || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}

func TestReadPrincipals(t *testing.T) {
	good := entries("BreakGlass*", "arn:aws:iam::*:role/ops/emergency", "arn:aws:iam::111122223333:root", "bg")
	if got, err := people.ReadPrincipals(good); err != nil || len(got) != 4 {
		t.Errorf("%v, %v", got, err)
	}
	for word, want := range map[string]string{
		"*": "fits everybody", "**?": "fits everybody", "arn:aws:iam::*:role/*": "fits everybody", "arn:aws:s3:::bucket": "no ARN of a principal",
		"arn:aws:iam": "no ARN of a principal", "two words": "is no name",
	} {
		_, err := people.ReadPrincipals(entries(word))
		wants(t, err, "--flag: ", want, "BreakGlass*")
	}
}

func TestReadNetworks(t *testing.T) {
	got, err := people.ReadNetworks(entries("198.51.100.7/24", "203.0.113.9", "2001:db8::1/32", "::ffff:10.0.0.0/104"))
	if err != nil {
		t.Fatal(err)
	}
	lists := people.Lists{Trusted: got}
	for addr, want := range map[string]bool{
		"198.51.100.200": true, "198.51.101.1": false, "203.0.113.9": true, "203.0.113.8": false, "2001:db8:9::1": true,
		"2001:db9::1": false, "::ffff:198.51.100.1": true, "10.200.0.1": true,
	} {
		if lists.InTrusted(netip.MustParseAddr(addr)) != want {
			t.Errorf("%s is trusted: %v", addr, !want)
		}
	}
	for word, want := range map[string]string{"office": "is no network", "10.0.0.0/33": "is no network", "0.0.0.0/0": "too wide", "::/0": "too wide"} {
		_, err := people.ReadNetworks(entries(word))
		wants(t, err, want)
	}
}

func TestReadLeavers(t *testing.T) {
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	both := []people.Leaver{{Who: "alice@example.com", Since: day, Note: "moved on"}, {Who: "007", Since: day.Add(16 * time.Hour)}}
	for name, text := range map[string]string{
		"list.csv":  "alice@example.com,2026-03-01,moved on\n# gone\n007,2026-03-01T17:00:00+01:00\n",
		"named.csv": "\ufeffnote,Team,Since,WHO\nmoved on,a,2026-03-01,alice@example.com\n,b,2026-03-01T16:00:00Z,007\n",
		"list.yaml": "- who: alice@example.com\n  since: 2026-03-01\n  note: moved on\n- {who: 007, since: 2026-03-01T16:00:00Z}\n",
		"key.yml":   "leavers:\n- who: alice@example.com\n  since: '2026-03-01'\n  note: moved on\n- who: '007'\n  since: 2026-03-01T16:00:00Z\n",
		"list.json": `[{"who":"alice@example.com","since":"2026-03-01","note":"moved on"},{"who":"007","since":"2026-03-01T16:00:00Z"}]`,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := people.ReadLeavers(name, []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(both, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, empty := range []string{"e.csv", "e.yaml"} {
		if got, err := people.ReadLeavers(empty, nil); len(got) != 0 || err != nil {
			t.Errorf("%s: %v, %v", empty, got, err)
		}
	}
}

func TestReadLeaversRefuses(t *testing.T) {
	for _, tt := range []struct{ name, text, at, why string }{
		{"l.txt", "alice,2026-03-01", "l.txt: ", "cannot tell the format"},
		{"l.csv", "alice,2026-03-01\nbob,soon\n", "l.csv:2", `cannot read since when "bob" is gone: "soon"`},
		{"l.csv", "alice\n", "l.csv:1", "cannot read since when"},
		{"l.csv", "\n,2026-03-01\n", "l.csv:2", "no who"},
		{"l.csv", "who,until\nalice,2026-03-01\n", "l.csv:1", "no column is called since"},
		{"l.csv", "a,2026-03-01\nb,\"2026\n", "l.csv:", "quote"},
		{"l.csv", "alice,2026-03-01\nALICE,2026-04-01\n", "l.csv:2", "there twice"},
		{"l.yaml", "- who: alice\n  since: 2026-02-30\n", "l.yaml:2", "cannot read since"},
		{"l.yaml", "- who: alice\n  until: 2026-03-01\n", "l.yaml:2", `cannot use the key "until"`},
		{"l.yaml", "- who: [alice]\n  since: 2026-03-01\n", "l.yaml:1", `cannot use the key "who"`},
		{"l.yaml", "- alice\n", "l.yaml:1", "this is no leaver"},
		{"l.yaml", "alice: 2026-03-01\n", "l.yaml:1", "no list of leavers"},
		{"l.yaml", "- {who: alice\n", "l.yaml: ", "cannot read the list"},
		{"l.yaml", "- {who: \"a\\u0000b\", since: 2026-03-01}\n", "l.yaml:1", "is no name"},
	} {
		_, err := people.ReadLeavers(tt.name, []byte(tt.text))
		if err == nil {
			t.Errorf("%q was taken", tt.text)
			continue
		}
		wants(t, err, tt.at, tt.why)
	}
}

func FuzzReadLeavers(f *testing.F) {
	f.Add("csv", "who,since\nalice,2026-03-01\n")
	f.Add("yaml", "- who: alice\n  since: 2026-03-01\n")
	f.Add("json", `{"leavers":[{"who":"a*","since":"2026-03-01"}]}`)
	f.Add("yaml", "&a [*a]")
	f.Fuzz(func(t *testing.T, ending, text string) {
		if len(text) > 4096 {
			return
		}
		list, err := people.ReadLeavers("f."+ending, []byte(text))
		for _, l := range list {
			if l.Who == "" || l.Since.IsZero() || err != nil {
				t.Errorf("%+v with %v", l, err)
			}
		}
	})
}
