package hunt

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/sandbox"
	"github.com/quell-ir/quell/source"
	"github.com/quell-ir/quell/source/trail"
)

// record is a CloudTrail record of a user's call, with whatever else a test needs.
func record(id, name, user string, at time.Time, more string) string {
	return fmt.Sprintf(`{"eventVersion":"1.11","eventID":%q,"eventTime":%q,"eventSource":"iam.amazonaws.com","eventName":%q,`+
		`"awsRegion":"us-east-1","sourceIPAddress":"203.0.113.9","userAgent":"aws-cli/2","recipientAccountId":"111122223333",`+
		`"userIdentity":{"type":"IAMUser","principalId":"AIDA%s0000000001","arn":"arn:aws:iam::111122223333:user/%s","accountId":"111122223333","accessKeyId":"AKIA%s0000000001","userName":%q}%s}`,
		id, at.UTC().Format(time.RFC3339), name, strings.ToUpper(user), user, strings.ToUpper(user), user, more)
}

var start = time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC)

const rules = `title: A user is made
id: 5a0a6b7e-0000-4000-8000-000000000001
name: made
logsource: {product: aws, service: cloudtrail}
level: high
tags: [attack.t1136.003]
detection: {selection: {eventName: CreateUser}, condition: selection}
examples:
  matching:
    - {eventName: CreateUser}
  benign:
    - {eventName: ListUsers}
---
title: Three users are made in five minutes
id: 5a0a6b7e-0000-4000-8000-000000000002
level: critical
correlation:
  type: event_count
  rules: [made]
  group-by: [userIdentity.arn]
  timespan: 5m
  condition: {gte: 3}
  generate: true
examples:
  matching:
    - repeat: 3
      vary: eventID
      record: {eventName: CreateUser, eventSource: iam.amazonaws.com, eventTime: '2026-03-02T03:00:00Z', userIdentity: {arn: eve}}
  benign:
    - repeat: 3
      vary: userIdentity.arn
      record: {eventName: CreateUser, eventSource: iam.amazonaws.com, eventTime: '2026-03-02T03:00:00Z', userIdentity: {arn: eve}}
`

func hunter(t *testing.T, text string) *Hunter {
	t.Helper()
	found, problems := Load(false, fstest.MapFS{"rules.yml": {Data: []byte(text)}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	program, err := Compile(found)
	if err != nil {
		t.Fatal(err)
	}
	return &Hunter{Program: program, Clock: quell.WallClock{}}
}

func TestRecordsBecomeFindingsOnce(t *testing.T) {
	h := hunter(t, rules)
	one := json.RawMessage(record("e-1", "CreateUser", "mallory", start, ""))
	if err := h.Records([]json.RawMessage{one, one, json.RawMessage(record("e-2", "ListUsers", "mallory", start, ""))}, "a test"); err != nil {
		t.Fatal(err)
	}
	r := h.Result()
	if len(r.Findings) != 1 || r.Events != 3 {
		t.Fatalf("%d findings of %d events, want 1 of 3", len(r.Findings), r.Events)
	}
	f := r.Findings[0]
	if f.Rule != "5a0a6b7e-0000-4000-8000-000000000001" || !slices.Equal(f.Events, []string{"e-1"}) || f.Severity != quell.High ||
		!slices.Equal(f.Techniques, []string{"T1136.003"}) || !f.Time.Equal(start) {
		t.Errorf("the finding says %+v", f)
	}
	if len(r.Incidents) != 1 || r.Incidents[0].Subject.Name != "mallory" {
		t.Errorf("incidents %+v", r.Incidents)
	}
}

func TestOrderOfRecordsDoesNotMatter(t *testing.T) {
	var records []json.RawMessage
	for n := range 5 {
		records = append(records, json.RawMessage(record(fmt.Sprintf("e-%d", n), "CreateUser", "mallory", start.Add(time.Duration(n)*time.Minute), "")))
	}
	var want []byte
	for range 2 {
		h := hunter(t, rules)
		if err := h.Records(records, "a test"); err != nil {
			t.Fatal(err)
		}
		r := h.Result()
		for i := range r.Incidents {
			r.Incidents[i].Opened = time.Time{}
		}
		got, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if want != nil && string(want) != string(got) {
			t.Errorf("reversed records give another result:\n%s\n%s", want, got)
		}
		want = got
		slices.Reverse(records)
	}
	if !strings.Contains(string(want), "5a0a6b7e-0000-4000-8000-000000000002") {
		t.Error("five users in five minutes did not make the correlation's finding")
	}
}

func TestNarrow(t *testing.T) {
	h := hunter(t, rules)
	for n, user := range []string{"ann", "bob"} {
		raw := json.RawMessage(record(fmt.Sprintf("e-%d", n), "CreateUser", user, start.Add(time.Duration(n)*time.Hour), ""))
		if err := h.Records([]json.RawMessage{raw}, "a test"); err != nil {
			t.Fatal(err)
		}
	}
	r := h.Result()
	for name, c := range map[string]struct {
		filter Filter
		want   int
	}{
		"everything":      {Filter{}, 2},
		"since":           {Filter{Since: start.Add(time.Minute)}, 1},
		"until":           {Filter{Until: start.Add(time.Minute)}, 1},
		"account":         {Filter{Accounts: []string{"999999999999"}}, 0},
		"region":          {Filter{Regions: []string{"us-east-1"}}, 2},
		"severity":        {Filter{Minimum: quell.Critical}, 0},
		"severity enough": {Filter{Minimum: quell.High}, 2},
	} {
		if got := r.Narrow(c.filter, h); len(got.Findings) != c.want {
			t.Errorf("%s: %d findings, want %d", name, len(got.Findings), c.want)
		}
	}
}

func TestFilesNameWhatTheyCouldNotRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	good := record("e-1", "CreateUser", "mallory", start, "")
	write("good.json", `{"Records":[`+good+`]}`)
	write("cut.json", `{"Records":[`+record("e-2", "CreateUser", "mallory", start, "")+`,{"eventName":"Crea`)
	write("README", "not a log")
	h := hunter(t, rules)
	r, err := h.Files(t.Context(), []string{dir}, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Findings) != 2 {
		t.Errorf("%d findings: the good records beside bad ones must be judged", len(r.Findings))
	}
	var named []string
	for _, s := range r.Skipped {
		named = append(named, filepath.Base(s.Path))
		if s.Why == "" {
			t.Errorf("%s is skipped without a reason", s.Path)
		}
	}
	if !slices.Contains(named, "README") || !slices.Contains(named, "cut.json") {
		t.Errorf("skipped names %v", named)
	}
}

func TestTrailSaysWhatItReadAndWhatNot(t *testing.T) {
	w := sandbox.New(sandbox.Options{Seed: 3, Regions: []string{"us-east-1", "eu-west-1"}})
	if _, err := iam.NewFromConfig(w.Admin("us-east-1")).CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("mallory")}); err != nil {
		t.Fatal(err)
	}
	if err := w.Clock().Sleep(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	h := hunter(t, rules)
	now := w.Clock().Now()
	r, err := h.Trail(t.Context(), trail.Lookup{Config: w.Admin, Clock: w.Clock(), Home: "us-east-1"}, now.Add(-24*time.Hour), now, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Findings) != 1 || len(r.Read) != 2 {
		t.Errorf("%d findings, read %v", len(r.Findings), r.Read)
	}
	if !slices.ContainsFunc(r.Blind, func(b string) bool { return strings.HasPrefix(b, "no S3 data events: ") }) {
		t.Errorf("nothing says that object reads are invisible: %v", r.Blind)
	}
}

func TestRulesAreHeldToTheirExamples(t *testing.T) {
	check := func(text string) RuleReport {
		found, problems := LoadWhole(false, fstest.MapFS{"r.yml": {Data: []byte(text)}})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return TestRules(t.Context(), found, nil)
	}
	if r := check(rules); len(r.Failures) != 0 || r.Examples != 4 {
		t.Errorf("good examples fail: %+v", r)
	}
	if r := check(strings.Replace(rules, "- {eventName: ListUsers}", "- {eventName: CreateUser}", 1)); len(r.Failures) != 1 {
		t.Errorf("a benign example that matches is not told: %+v", r)
	}
}

func TestOwnRulesLoadWithAndWithoutExamples(t *testing.T) {
	short, problems := Load(true)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	whole, problems := LoadWhole(true)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if len(short) != len(whole) || len(short) < 20 {
		t.Fatalf("%d rules without examples, %d with", len(short), len(whole))
	}
	for i := range short {
		if short[i].ID != whole[i].ID || short[i].Line != whole[i].Line {
			t.Errorf("rule %d: %s at %d, whole %s at %d", i, short[i].ID, short[i].Line, whole[i].ID, whole[i].Line)
		}
	}
	if report := TestRules(t.Context(), whole, nil); len(report.Failures) > 0 {
		t.Error(report.Failures)
	}
}

func TestNamedIsTheSameForTheSameEntities(t *testing.T) {
	entities := []quell.Entity{{Kind: quell.KindUser, ID: "AIDA0000000000000001", Account: "111122223333"}}
	a := Named("AKIA1", entities, start)
	b := Named("the user's name", entities, start.Add(time.Hour))
	if a.ID != b.ID {
		t.Error("the same subject named in two ways makes two findings")
	}
}
