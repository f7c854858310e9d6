package detecttest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// head is what the tests read of a record.
type head struct {
	EventVersion, EventTime, EventSource, EventName, AwsRegion, SourceIPAddress, UserAgent, ErrorCode string
	EventID, RecipientAccountID, EventCategory                                                        string
	ReadOnly, ManagementEvent                                                                         *bool
	RequestParameters                                                                                 json.RawMessage
	UserIdentity                                                                                      struct{ Type, ARN, AccessKeyID, InvokedBy string }
}

func heads(t *testing.T, m Month) []head {
	t.Helper()
	var out []head
	err := m.Each(func(record []byte) error {
		var h head
		if err := json.Unmarshal(record, &h); err != nil {
			t.Fatalf("%v in %s", err, record)
		}
		out = append(out, h)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestMonthIsCloudTrail(t *testing.T) {
	month := Month{Seed: 5, Days: 30, Accounts: 20, Events: 40_000}
	records := heads(t, month)
	if len(records) != month.Events {
		t.Fatalf("%d records, want %d", len(records), month.Events)
	}
	ids, accounts := map[string]bool{}, map[string]bool{}
	for _, r := range records {
		at, err := time.Parse(time.RFC3339, r.EventTime)
		if err != nil || at.Before(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)) || at.After(time.Date(2026, 3, 31, 1, 0, 0, 0, time.UTC)) {
			t.Fatalf("time %q lies outside the month", r.EventTime)
		}
		if ids[r.EventID] || r.EventVersion == "" || r.EventName == "" || !strings.HasSuffix(r.EventSource, ".amazonaws.com") || r.AwsRegion == "" ||
			r.SourceIPAddress == "" || r.UserAgent == "" || len(r.RecipientAccountID) != 12 || r.UserIdentity.Type == "" || r.ReadOnly == nil {
			t.Fatalf("odd record %+v", r)
		}
		if *r.ManagementEvent != (r.EventCategory == "Management") {
			t.Errorf("%s is a management event and is not", r.EventName)
		}
		if bytes.ContainsAny(bytes.ReplaceAll(r.RequestParameters, []byte("<sensitiveDataRemoved>"), nil), "<>") {
			t.Errorf("a word was left in %s", r.RequestParameters)
		}
		ids[r.EventID], accounts[r.RecipientAccountID] = true, true
	}
	if len(accounts) != month.Accounts {
		t.Errorf("%d accounts at work, want %d", len(accounts), month.Accounts)
	}
}

// TestMonthKeepsItsShares holds what the comments of Month and the lists say about who does how much, and when.
func TestMonthKeepsItsShares(t *testing.T) {
	records := heads(t, Month{Seed: 6, Days: 28, Accounts: 20, Events: 160_000})
	counts, people, office, refused := map[string]int{}, 0, 0, 0
	for _, r := range records {
		counts[r.EventName]++
		counts[r.UserIdentity.Type]++
		if r.ErrorCode != "" {
			refused++
		}
		if strings.Contains(r.UserIdentity.ARN, "AWSReservedSSO_") {
			people++
			at, err := time.Parse(time.RFC3339, r.EventTime)
			if err != nil {
				t.Fatal(err)
			}
			if officeHour(at) {
				office++
			}
		}
	}
	for _, test := range []struct {
		what            string
		got, of         int
		atLeast, atMost float64
	}{
		{"AWS services", counts["AWSService"], len(records), 0.20, 0.30},
		{"IAM users", counts["IAMUser"], len(records), 0.02, 0.08},
		{"people by single sign-on", people, len(records), 0.04, 0.08},
		{"people in office hours", office, people, 0.85, 0.95},
		{"refused calls", refused, len(records), 0.001, 0.02},
		{"roles assumed", counts["AssumeRole"], len(records), 0.15, 0.25},
		{"data keys", counts["Decrypt"] + counts["GenerateDataKey"], len(records), 0.10, 0.25},
	} {
		if share := float64(test.got) / float64(test.of); share < test.atLeast || share > test.atMost {
			t.Errorf("%s: %.3f, want %.3f to %.3f", test.what, share, test.atLeast, test.atMost)
		}
	}
}

// TestRareWorkHappens makes sure that what looks like an attack is there: silence over a month without it would say nothing.
func TestRareWorkHappens(t *testing.T) {
	want := map[string]bool{}
	for _, d := range rareWork() {
		if d.monthly >= 1 {
			for _, s := range d.calls {
				want[s.name] = false
			}
		}
	}
	for _, r := range heads(t, Month{Seed: 7, Events: 120_000}) {
		if _, ok := want[r.EventName]; ok {
			want[r.EventName] = true
		}
	}
	for name, happened := range want {
		if !happened {
			t.Errorf("%s never happened", name)
		}
	}
}

func TestMonthRepeatsBySeed(t *testing.T) {
	write := func(seed int64) []byte {
		var b bytes.Buffer
		if err := (Month{Seed: seed, Days: 2, Accounts: 3, Events: 3000}).Write(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	one, again, other := write(1), write(1), write(2)
	if !bytes.Equal(one, again) {
		t.Error("one seed gave two months")
	}
	if bytes.Equal(one, other) {
		t.Error("two seeds gave one month")
	}
	var packed bytes.Buffer
	if err := (Month{Seed: 1, Days: 2, Accounts: 3, Events: 3000}).WriteGzip(&packed); err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(&packed)
	if err != nil {
		t.Fatal(err)
	}
	if unpacked, err := io.ReadAll(z); err != nil || !bytes.Equal(unpacked, one) {
		t.Errorf("compressed, the month is another (%v)", err)
	}
	var whole struct{ Records []json.RawMessage }
	if err := json.Unmarshal(one, &whole); err != nil || len(whole.Records) != 3000 {
		t.Errorf("%d records in the whole, %v", len(whole.Records), err)
	}
}

func TestMonthEndsWithItsWriter(t *testing.T) {
	full := errors.New("disk full")
	calls := 0
	err := Month{Events: 1000}.Each(func([]byte) error {
		if calls++; calls == 10 {
			return full
		}
		return nil
	})
	if !errors.Is(err, full) || calls != 10 {
		t.Errorf("%d records, error %v", calls, err)
	}
	reader, writer := io.Pipe()
	reader.CloseWithError(full)
	for _, write := range []func(io.Writer) error{Month{Events: 500}.Write, Month{Events: 500}.WriteGzip} {
		if err := write(writer); !errors.Is(err, full) {
			t.Errorf("error %v, want the writer's", err)
		}
	}
}

func TestTemplates(t *testing.T) {
	for _, test := range []struct {
		text string
		want template
	}{
		{"", nil}, {"plain", template{"plain"}}, {"<app>", template{"", "app", ""}}, {"a<hex:4>b<pick:x|y>", template{"a", "hex:4", "b", "pick:x|y", ""}},
		{`"<sensitiveDataRemoved>"`, template{`"<sensitiveDataRemoved>"`}}, {"a<b<app>", template{"a<b", "app", ""}}, {"<hex:>", template{"<hex:>"}}, {"1 < 2", template{"1 < 2"}},
	} {
		if got := parseTemplate(test.text); !slices.Equal(got, test.want) {
			t.Errorf("%q gave %q, want %q", test.text, got, test.want)
		}
	}
}

func BenchmarkMonth(b *testing.B) {
	size := int64(0)
	err := Month{Seed: 1, Events: b.N}.Each(func(record []byte) error {
		size += int64(len(record))
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size / int64(b.N))
}
