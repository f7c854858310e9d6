package hunt_test

import (
	"context"
	"fmt"
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

// TestOrdinaryWorkIsQuiet holds the built-in rules to the goals on a week of a hundred accounts, for two seeds. The rules
// that spoke are told, so that whoever adds a rule sees what it takes for an attack.
func TestOrdinaryWorkIsQuiet(t *testing.T) {
	for _, seed := range []int64{1, 2} {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			month := detecttest.Month{Seed: seed, Days: 30, Accounts: 100}
			noise, err := hunt.MeasureNoise(builtin(t), month.Days, month.Accounts, month.Each)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range noise.Rules {
				t.Logf("%4d %-8s %-40s %s", r.Hits, r.Severity, r.Title, r.Example)
			}
			if noise.Events != 200_000 {
				t.Errorf("%d events judged, want 200 000", noise.Events)
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
