package ledger_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/sync/errgroup"

	"github.com/quell-ir/quell/ledger"
)

func TestPublicKey(t *testing.T) {
	_, key := testKey(t, 1)
	_, other := testKey(t, 2)
	print := key.Fingerprint()
	tests := map[string]struct {
		pin  string
		want bool
	}{
		"fingerprint":       {print, true},
		"with spaces":       {" " + print + "\n", true},
		"without prefix":    {strings.TrimPrefix(print, "sha256:"), true},
		"in capitals":       {strings.ToUpper(print), true},
		"whole key":         {key.String(), true},
		"nothing":           {"", false},
		"beginning alone":   {print[:30], false},
		"another's":         {other.Fingerprint(), false},
		"another's, whole":  {other.String(), false},
		"the name alone":    {key.Name(), false},
		"the prefix, twice": {"sha256:" + print, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := key.Matches(test.pin); got != test.want {
				t.Errorf("Matches(%q) is %v", test.pin, got)
			}
		})
	}
	for _, text := range []string{"", "a+b", key.String()[:40], strings.Replace(key.String(), "test1", "test2", 1)} {
		if _, err := ledger.ParsePublicKey(text); err == nil {
			t.Errorf("%q is taken for a key", text)
		}
	}
}

func TestOpenCheckpoint(t *testing.T) {
	signer, key := testKey(t, 1)
	other, _ := testKey(t, 2)
	root := strings.Repeat("A", 43) + "="
	tests := map[string]struct {
		text   string
		signer note.Signer
		want   string
	}{
		"good":            {"k/inc\n7\n" + root + "\n", signer, ""},
		"with extensions": {"k/inc\n7\n" + root + "\nmore\n", signer, ""},
		"another key":     {"k/inc\n7\n" + root + "\n", other, "signature"},
		"no origin":       {"\n7\n" + root + "\n", signer, "no origin"},
		"no root":         {"k/inc\n7\n", signer, "no origin, size and root"},
		"negative":        {"k/inc\n-7\n" + root + "\n", signer, "no size"},
		"leading zero":    {"k/inc\n07\n" + root + "\n", signer, "no size"},
		"too large":       {"k/inc\n99999999999999999999\n" + root + "\n", signer, "no size"},
		"short root":      {"k/inc\n7\nAAAA\n", signer, "root"},
		"long":            {"k/inc\n7\n" + root + "\n" + strings.Repeat("x", 70_000) + "\n", signer, "too long"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			signed, err := note.Sign(&note.Note{Text: test.text}, test.signer)
			check(t, err)
			c, err := ledger.OpenCheckpoint(signed, key)
			if test.want == "" {
				if err != nil || c.Size != 7 || c.Tree() != "inc" {
					t.Errorf("got %+v, %v", c, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error that says %q", err, test.want)
			}
		})
	}
}

// TestVerifyWhileAppending: an incident in full flow must not look tampered with.
func TestVerifyWhileAppending(t *testing.T) {
	log := newLog(t, newStore())
	var group errgroup.Group
	for i := range 2 {
		incident := fmt.Sprint("inc-", i)
		lease, err := log.Acquire(t.Context(), incident, "ann", time.Minute)
		check(t, err)
		r := newRecord(t, incident, 0)
		group.Go(func() error {
			for range 400 {
				if _, err := log.Append(t.Context(), lease, r); err != nil {
					return err
				}
			}
			return nil
		})
	}
	group.Go(func() error {
		for range 50 {
			report, err := log.Verify(t.Context())
			if err != nil {
				return err
			}
			if !report.OK {
				return fmt.Errorf("false alarm: %v", report.Problems)
			}
		}
		return nil
	})
	check(t, group.Wait())
}
