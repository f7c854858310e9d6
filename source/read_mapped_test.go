package source

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/quell-ir/quell"
)

// mapped is ReadMapped with its mapping filled in.
func mapped(m Mapping) logReader {
	return func(ctx context.Context, r io.Reader, origin string, emit func(quell.Event) error) (LogReport, error) {
		return ReadMapped(ctx, m, r, origin, emit)
	}
}

func one(t *testing.T, m Mapping, text string) quell.Event {
	t.Helper()
	var got []quell.Event
	if _, err := ReadMapped(t.Context(), m, strings.NewReader(text), "log", func(e quell.Event) error {
		got = append(got, e)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 {
		t.Fatalf("%d events of %q", len(got), text)
	}
	return got[0]
}

func TestReadMappedText(t *testing.T) {
	m := Mapping{
		Source: "sshd", Pattern: `^(?P<at>\S+) (?P<host>\S+) sshd\[\d+\]: (?P<what>Accepted|Failed) \w+ for (?P<user>\S+) from (?P<ip>\S+)`,
		Fields: map[string]string{"time": "at", "name": "=login", "actor": "user", "source_ip": "ip", "error_code": "what"}, Succeeded: []string{"Accepted"},
		Entities: []MappedEntity{{Kind: quell.KindInstance, Field: "host"}},
	}
	// A mapping is written in a file: it must survive that.
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var back Mapping
	if err := json.Unmarshal(raw, &back); err != nil || cmp.Diff(m, back) != "" {
		t.Fatalf("%v %s", err, cmp.Diff(m, back))
	}
	e := one(t, back, "2026-03-04T05:06:07+01:00 i-1 sshd[12]: Failed password for root from 198.51.100.7 port 22\nchatter\n")
	if !e.Time.Equal(time.Date(2026, 3, 4, 4, 6, 7, 0, time.UTC)) || e.Name != "login" || e.Source != "sshd" || e.ErrorCode != "Failed" || e.Actor.Name != "root" {
		t.Errorf("event %+v", e)
	}
	if got := names(e.Resources); got != "target instance/i-1, used ip/198.51.100.7" {
		t.Errorf("entities %s", got)
	}
	if e := one(t, m, "2026-03-04T05:06:07Z i-1 sshd[1]: Accepted publickey for ec2-user from 198.51.100.7"); !e.Succeeded() {
		t.Errorf("event %+v", e)
	}
	got := describeEvents(t, mapped(m), "chatter\nsoon i-1 sshd[1]: Failed password for a from b\n")
	want := "lines 2 events 0 quiet 0 bad 2\n  line 1: the pattern does not match \"chatter\"\n  line 2: time: \"soon\" cannot be read\n"
	if got != want {
		t.Error(got)
	}
}

func TestReadMappedJSON(t *testing.T) {
	m := Mapping{Source: "okta", Time: "unixms", Fields: map[string]string{"time": "published", "name": "event.Type", "actor_arn": "actor.arn", "access_key": "actor.key",
		"read_only": "ro", "id": "uuid", "account": "=111122223333"}}
	e := one(t, m, `{"events":[{"message":"{\"uuid\":\"u-1\",\"published\":1772600767123,\"event\":{\"type\":\"user.login\"},\"ro\":true,\"actor\":{\"arn\":\"arn:aws:iam::1:user/a\",\"key\":\"AKIA1\"}}"}]}`)
	if e.ID != "u-1" || e.Time.UnixMilli() != 1772600767123 || e.Name != "user.login" || !e.ReadOnly || e.Account != "111122223333" {
		t.Errorf("event %+v", e)
	}
	if got := names(e.Resources); !strings.Contains(got, "actor access-key/AKIA1") {
		t.Errorf("entities %s", got)
	}
	got := describeEvents(t, mapped(m), `{"published":1772600767123}{"published":"NaN","event":{"type":"x"}}`)
	want := "lines 2 events 0 quiet 0 bad 2\n  line 1: no name at \"event.Type\"\n  line 2: time: \"NaN\" cannot be read\n"
	if got != want {
		t.Error(got)
	}
}

func TestReadMappedRefuses(t *testing.T) {
	for _, test := range []struct {
		m    Mapping
		want string
	}{
		{Mapping{Source: "x"}, `fields has no "time"`},
		{Mapping{Fields: map[string]string{"time": "t", "name": "n"}}, "source is empty"},
		{Mapping{Source: "x", Fields: map[string]string{"time": "t", "name": "n", "colour": "c"}}, `fields has "colour"; known are id, time`},
		{Mapping{Source: "x", Pattern: "(", Fields: map[string]string{"time": "t", "name": "n"}}, "pattern: error parsing regexp"},
		{Mapping{Source: "x", Pattern: "(?P<t>.)", Fields: map[string]string{"time": "t", "name": "n"}}, `the pattern has no group "n"`},
		{Mapping{Source: "x", Pattern: "(?P<t>.)", Fields: map[string]string{"time": "t", "name": "=n"}, Entities: []MappedEntity{{Field: "z"}}}, `the pattern has no group "z"`},
	} {
		_, err := ReadMapped(t.Context(), test.m, strings.NewReader("x"), "", func(quell.Event) error { return nil })
		if quell.CodeOf(err) != quell.CodeUsage || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v, want %q", test.m, err, test.want)
		}
	}
}

func FuzzReadMapped(f *testing.F) {
	m := Mapping{Source: "x", Pattern: `(?P<t>\d+) (?P<n>\w*) (?P<ip>\S*)`, Time: "unix", Fields: map[string]string{"time": "t", "name": "n", "source_ip": "ip"}}
	f.Add("1772600767 login 198.51.100.7\n")
	f.Add("99999999999999999999 x y")
	f.Fuzz(func(t *testing.T, text string) {
		report, err := ReadMapped(t.Context(), m, strings.NewReader(text), "f", func(e quell.Event) error {
			if e.Time.Before(time.Unix(0, 0)) || e.Name == "" || e.ID == "" || !json.Valid(e.Raw) {
				t.Errorf("event %+v", e)
			}
			return nil
		})
		if err != nil || report.Events+report.BadTotal > report.Lines {
			t.Errorf("report %+v, %v", report, err)
		}
	})
}
