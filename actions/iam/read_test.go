package iam

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
)

func TestEveryPage(t *testing.T) {
	pages := map[string][]int{"": {1, 2}, "a": {}, "b": {3}}
	next := map[string]string{"": "a", "a": "b"}
	got, err := everyPage(func(marker *string) ([]int, bool, *string, error) {
		m := aws.ToString(marker)
		return pages[m], next[m] != "", aws.String(next[m]), nil
	})
	if diff := cmp.Diff([]int{1, 2, 3}, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	// Half a list must never pass for a whole one.
	broken := errors.New("broken")
	got, err = everyPage(func(marker *string) ([]int, bool, *string, error) {
		if marker != nil {
			return nil, false, nil, broken
		}
		return []int{1}, true, aws.String("a"), nil
	})
	if !errors.Is(err, broken) || got != nil {
		t.Errorf("a broken second page: %v %v", got, err)
	}
	if _, err = everyPage(func(*string) ([]int, bool, *string, error) { return []int{1}, true, nil, nil }); err == nil {
		t.Error("a page that promises another and does not say where must be an error")
	}
}

func TestNames(t *testing.T) {
	for _, tc := range []struct {
		entity quell.Entity
		want   string
	}{
		{quell.Entity{Name: "alice", ARN: "arn:aws:iam::1:user/bob"}, "alice"},
		{quell.Entity{ARN: "arn:aws:iam::1:user/team/bob", ID: "AIDA"}, "bob"},
		{quell.Entity{ID: "arn:aws-cn:iam::1:role/app"}, "app"},
		{quell.Entity{ID: "carol"}, "carol"},
	} {
		if got := nameOf(tc.entity); got != tc.want {
			t.Errorf("%+v: %q, want %q", tc.entity, got, tc.want)
		}
	}
	for arn, want := range map[string]string{"arn:aws-us-gov:iam::1:user/a": "aws-us-gov", "": "aws", "alice": "aws", "arn::iam": "aws"} {
		if got := partitionOf(arn); got != want {
			t.Errorf("partition of %q: %q, want %q", arn, got, want)
		}
	}
}

func TestSinceIncident(t *testing.T) {
	since := time.Date(2026, 3, 2, 9, 0, 0, 700_000_000, time.UTC)
	for _, tc := range []struct {
		made  string
		since time.Time
		want  bool
	}{
		{"2026-03-02T09:00:00Z", since, true}, // AWS drops the fraction of a second
		{"2026-03-02T08:59:59Z", since, false},
		{"2026-03-02T10:00:01+01:00", since, true},
		{"2026-03-03T00:00:00Z", time.Time{}, false}, // nobody knows when it began
		{"", since, false},
		{"yesterday", since, false},
	} {
		if got := sinceIncident(tc.made, quell.Incident{Since: tc.since}); got != tc.want {
			t.Errorf("%q since %s: %v", tc.made, tc.since, got)
		}
	}
}

func TestDocumentOf(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":1}`: `{"a":1}`, `%7B%22a%22%3A1%7D`: `{"a":1}`, "": `""`, "not json": `"not json"`, "%zz": `"%zz"`,
	} {
		if got := string(documentOf(&in)); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
	if got := string(documentOf(nil)); got != `""` {
		t.Errorf("no document: %s", got)
	}
}

func TestTolerate(t *testing.T) {
	s := &snapshot{}
	if err := s.tolerate("a", nil); err != nil || len(s.gaps) != 0 {
		t.Errorf("no error is no gap: %v %v", err, s.gaps)
	}
	if err := s.tolerate("key b", &types.NoSuchEntityException{}); err != nil {
		t.Errorf("a thing that went while it was read: %v", err)
	}
	if err := s.tolerate("c", &types.ServiceFailureException{}); err == nil {
		t.Error("a failure of the service is to be tried again, not noted as a gap")
	}
	if diff := cmp.Diff([]string{"key b: gone while it was read"}, s.gaps); diff != "" {
		t.Error(diff)
	}
}

func TestCrowdedWarnsInTime(t *testing.T) {
	document, err := revokeDocument("AROA12345678901234567", strings.Repeat("s", 64), "2026-03-02T09:00:01Z")
	if err != nil {
		t.Fatal(err)
	}
	// The warning must come before the longest document of ours no longer fits.
	if room := inlineOfRole - sizeOf(document); len(crowded(revokeState{Inline: room + 1})) == 0 {
		t.Errorf("no warning with %d characters taken, though ours takes %d", room+1, sizeOf(document))
	}
	if got := crowded(revokeState{Inline: 100}); got != nil {
		t.Errorf("a warning where there is room: %v", got)
	}
}
