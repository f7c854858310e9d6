package hunt_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect/baseline"
	"github.com/quell-ir/quell/detect/detecttest"
	"github.com/quell-ir/quell/hunt"
)

// hunterWith is a hunter by Quell's own rules, or by none, with habits.
func hunterWith(t *testing.T, builtin bool, habits *hunt.Habits) *hunt.Hunter {
	t.Helper()
	rules, problems := hunt.Load(builtin)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	rules, err := hunt.WithEveryRecord(rules)
	if err != nil {
		t.Fatal(err)
	}
	program, err := hunt.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	return &hunt.Hunter{Program: program, Clock: endOfMonth(), Habits: habits}
}

func endOfMonth() quell.Clock { return still{time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)} }

// callOf is a record of a deploying key's call on a day of March.
func callOf(day, hour int, service, name, ip, agent string) string {
	return fmt.Sprintf(`{"eventVersion":"1.11","eventTime":"2026-03-%02dT%02d:00:00Z","eventID":"%s-%d-%d-%s","eventSource":"%s.amazonaws.com","eventName":"%s",`+
		`"awsRegion":"eu-west-1","sourceIPAddress":"%s","userAgent":"%s","recipientAccountId":"111122223333","userIdentity":{"type":"IAMUser",`+
		`"principalId":"AIDAEXAMPLEDEPLOYBOT1","arn":"arn:aws:iam::111122223333:user/deploy","accountId":"111122223333","userName":"deploy",`+
		`"accessKeyId":"AKIAEXAMPLEDEPLOY001"},"readOnly":false}`, day, hour, name, day, hour, ip, service, name, ip, agent)
}

func daily(from, to int) []string {
	var out []string
	for day := from; day <= to; day++ {
		out = append(out, callOf(day, 9, "s3", "PutObject", "198.51.100.7", "Boto3/1.34"))
	}
	return out
}

func records(list ...string) []json.RawMessage {
	return []json.RawMessage{json.RawMessage("[" + strings.Join(list, ",") + "]")}
}

func TestLearnThenCompare(t *testing.T) {
	learning := hunt.Learn(endOfMonth())
	teacher := hunterWith(t, false, learning)
	if err := teacher.Records(records(daily(1, 20)...), "march"); err != nil {
		t.Fatal(err)
	}
	if r := teacher.Result(); len(r.Findings) != 0 || r.Events != 20 {
		t.Fatalf("learning found %v in %d events", r.Findings, r.Events)
	}
	var kept bytes.Buffer
	if err := learning.Book().Write(&kept); err != nil {
		t.Fatal(err)
	}
	known, err := baseline.Read(&kept)
	if err != nil {
		t.Fatal(err)
	}
	judge := hunterWith(t, false, hunt.Compare(endOfMonth(), known))
	stolen := []string{
		callOf(22, 3, "sts", "GetCallerIdentity", "203.0.113.99", "aws-cli/2.17"),
		callOf(22, 4, "secretsmanager", "GetSecretValue", "203.0.113.99", "aws-cli/2.17"),
	}
	if err := judge.Records(records(append(daily(21, 22), stolen...)...), "today"); err != nil {
		t.Fatal(err)
	}
	r := judge.Result()
	if len(r.Findings) != 1 || r.Findings[0].Severity != quell.High || r.Findings[0].Rule != baseline.Rule {
		t.Fatalf("found %+v", r.Findings)
	}
	if len(r.Incidents) != 1 || r.Incidents[0].Subject.ID != "AIDAEXAMPLEDEPLOYBOT1" && r.Incidents[0].Subject.ID != "AKIAEXAMPLEDEPLOY001" {
		t.Errorf("incidents %+v", r.Incidents)
	}
	if origin := r.Findings[0].Seen[0].Origin; origin != "today" {
		t.Errorf("the event was read in %q", origin)
	}
}

// TestUnreadableIsTold: what the baseline could not take in is said, and the hunt goes on.
func TestUnreadableIsTold(t *testing.T) {
	h := hunterWith(t, false, hunt.Learn(endOfMonth()))
	undated := strings.Replace(callOf(1, 1, "s3", "PutObject", "198.51.100.7", "x"), "2026-03-01T01:00:00Z", "yesterday", 1)
	ahead := strings.Replace(callOf(1, 1, "s3", "PutObject", "198.51.100.7", "x"), "2026-03-01", "2036-03-01", 1)
	if err := h.Records(records(undated, ahead, daily(1, 1)[0]), "odd"); err != nil {
		t.Fatal(err)
	}
	told := strings.Join(h.Result().Blind, "\n")
	if !strings.Contains(told, "1 records could not be read") || !strings.Contains(told, "1 events at times that cannot be") {
		t.Errorf("told %q", told)
	}
	if n := h.Habits.Book().Len(); n != 1 {
		t.Errorf("%d principals were learnt", n)
	}
}

// TestBaselineAddsLittle learns two weeks of ordinary work and judges the rest of the month by the rules, without and with
// the baseline: the goal for noise is for both together.
func TestBaselineAddsLittle(t *testing.T) {
	if testing.Short() {
		t.Skip("a month of work takes some seconds")
	}
	month := detecttest.Month{Seed: 3, Days: 30, Accounts: 20, Events: 40_000}
	var weeks [2][][]byte
	err := month.Each(func(record []byte) error {
		e, err := quell.ReadCloudTrail(record)
		if err != nil {
			return err
		}
		half := 0
		if e.Time.Day() > 14 {
			half = 1
		}
		weeks[half] = append(weeks[half], bytes.Clone(record))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	measure := func(h *hunt.Hunter, list [][]byte) hunt.Noise {
		noise, err := hunt.MeasureNoise(h, 16, 20, func(emit func([]byte) error) error {
			for _, record := range list {
				if err := emit(record); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return noise
	}
	learning := hunt.Learn(endOfMonth())
	measure(hunterWith(t, false, learning), weeks[0])
	alone := measure(hunterWith(t, true, nil), weeks[1])
	both := measure(hunterWith(t, true, hunt.Compare(endOfMonth(), learning.Book())), weeks[1])
	t.Logf("%d events: %d findings at medium or higher by rules, %d with the baseline; incidents a day %.1f and %.1f",
		both.Events, alone.Findings, both.Findings, alone.PerDay, both.PerDay)
	if both.Findings > alone.Findings {
		t.Errorf("the baseline adds %d findings at medium or higher to ordinary work", both.Findings-alone.Findings)
	}
}
