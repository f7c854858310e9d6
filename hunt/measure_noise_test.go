package hunt_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/quell-ir/quell/detect/detecttest"
	"github.com/quell-ir/quell/hunt"
)

// still is a clock that stands at the end of the month judged.
type still struct{ now time.Time }

func (c still) Now() time.Time { return c.now }

func (c still) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func builtin(t *testing.T) *hunt.Hunter {
	t.Helper()
	rules, problems := hunt.Load(true)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	program, err := hunt.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	return &hunt.Hunter{Program: program, Clock: still{time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)}}
}

// TestOrdinaryWorkIsQuiet holds the built-in rules to the goals on the five days from Sunday to Thursday of a hundred accounts, for two seeds. The rules
// that spoke are told, so that whoever adds a rule sees what it takes for an attack.
func TestOrdinaryWorkIsQuiet(t *testing.T) {
	for _, seed := range []int64{1, 2} {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			month := detecttest.Month{Seed: seed, Days: 5, Accounts: 100}
			noise, err := hunt.MeasureNoise(builtin(t), month.Days, month.Accounts, month.Each)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range noise.Rules {
				t.Logf("%4d %-8s %-40s %s", r.Hits, r.Severity, r.Title, r.Example)
			}
			if noise.Events != 500_000 {
				t.Errorf("%d events judged, want 500 000", noise.Events)
			}
			if noise.PerMillion > hunt.NoiseGoalFindings {
				t.Errorf("%.1f findings per million events, want at most %d", noise.PerMillion, hunt.NoiseGoalFindings)
			}
			if noise.PerDay > hunt.NoiseGoalIncidents {
				t.Errorf("%.1f incidents a day, want at most %d", noise.PerDay, hunt.NoiseGoalIncidents)
			}
		})
	}
}

// TestMeasureNoiseHearsAnAttack shows that silence on ordinary work is no silence at all: one attack within it is heard.
func TestMeasureNoiseHearsAnAttack(t *testing.T) {
	attack := []byte(`{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","principalId":"AIDA2","arn":"arn:aws:iam::111122223333:user/ci","accountId":"111122223333","accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"ci"},"eventTime":"2026-03-02T09:14:07Z","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","awsRegion":"eu-west-1","sourceIPAddress":"198.51.100.23","userAgent":"aws-cli/2.17.32","requestParameters":{"name":"organization"},"responseElements":null,"eventID":"e5f9969a-d66a-4c8a-aaf1-0308df21e0bd","readOnly":false,"eventType":"AwsApiCall","recipientAccountId":"111122223333"}`)
	month := detecttest.Month{Seed: 3, Days: 1, Accounts: 1, Events: 1500}
	noise, err := hunt.MeasureNoise(builtin(t), 1, 1, func(emit func([]byte) error) error {
		if err := month.Each(emit); err != nil {
			return err
		}
		return emit(attack)
	})
	if err != nil {
		t.Fatal(err)
	}
	if noise.Events != 1501 || noise.Findings != 1 || noise.Incidents != 1 || noise.PerDay != 100 || len(noise.Rules) != 1 {
		t.Errorf("noise %+v, want one finding in 1501 events", noise)
	}
	if noise.Rules[0].Hits != 1 || noise.Rules[0].Example != "StopLogging by arn:aws:iam::111122223333:user/ci" {
		t.Errorf("told %+v", noise.Rules[0])
	}
}

func TestMeasureNoiseRefusesWhatItCannotCount(t *testing.T) {
	stopped := errors.New("stopped")
	for _, test := range []struct {
		name string
		each func(emit func([]byte) error) error
		want string
	}{
		{"a record that is none", func(emit func([]byte) error) error { return emit([]byte(`{"eventName":`)) }, "could not be read"},
		{"a source that breaks off", func(func([]byte) error) error { return stopped }, "measure noise: stopped"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := hunt.MeasureNoise(builtin(t), 1, 1, test.each); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
	if noise, err := hunt.MeasureNoise(builtin(t), 0, 0, func(func([]byte) error) error { return nil }); err != nil || noise.PerMillion != 0 || noise.PerDay != 0 {
		t.Errorf("of nothing: %+v, %v", noise, err)
	}
}
