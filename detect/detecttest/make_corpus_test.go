package detecttest

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestCorpusIsCloudTrailAndRepeats(t *testing.T) {
	var a, b bytes.Buffer
	for _, w := range []*bytes.Buffer{&a, &b} {
		if err := Corpus(7, 500, w); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("one seed gave two corpora")
	}
	var got struct {
		Records []struct {
			EventName, EventSource, EventID, EventTime string
			UserIdentity                               struct{ Type string }
		}
	}
	if err := json.Unmarshal(a.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Records) != 500 {
		t.Fatalf("%d records", len(got.Records))
	}
	last, ids := "", map[string]bool{}
	for _, r := range got.Records {
		if r.EventName == "" || r.EventSource == "" || r.UserIdentity.Type == "" || ids[r.EventID] || r.EventTime < last {
			t.Fatalf("odd record %+v", r)
		}
		ids[r.EventID], last = true, r.EventTime
	}
}

func TestRecordsDifferBySeed(t *testing.T) {
	a, b := Records(1, 3), Records(2, 3)
	for i := range a {
		if !json.Valid(a[i]) || bytes.Equal(a[i], b[i]) {
			t.Errorf("record %d: %s", i, a[i])
		}
	}
}

func TestRulesRepeat(t *testing.T) {
	a, b := Rules(3, 48), Rules(3, 48)
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("rule %d differs", i)
		}
	}
}
