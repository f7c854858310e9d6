package main

import (
	"context"
	"fmt"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect/detecttest"
	"github.com/quell-ir/quell/hunt"
)

// measureNoise counts what the built-in rules make of a generated month of ordinary work, three million events in a
// hundred accounts: findings of medium severity and above per million events, and incidents a day.
func measureNoise(ctx context.Context, _ options) ([]row, error) {
	rules, problems := hunt.Load(true)
	if len(problems) > 0 {
		return nil, fmt.Errorf("load rules: %w", problems[0])
	}
	program, err := hunt.Compile(rules)
	if err != nil {
		return nil, fmt.Errorf("compile rules: %w", err)
	}
	month := detecttest.Month{Seed: 1, Accounts: 100, Days: 30}
	start := time.Now()
	noise, err := hunt.MeasureNoise(&hunt.Hunter{Program: program, Clock: quell.WallClock{}}, month.Days, month.Accounts,
		func(emit func([]byte) error) error {
			return month.Each(func(record []byte) error {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				return emit(record)
			})
		})
	if err != nil {
		return nil, err
	}
	rows := []row{
		{"noise: findings of medium or higher per million events of ordinary work", fmt.Sprintf("%.0f", noise.PerMillion),
			fmt.Sprintf("at most %d", hunt.NoiseGoalFindings), met(noise.PerMillion <= hunt.NoiseGoalFindings)},
		{"noise: incidents a day in 100 accounts", fmt.Sprintf("%.1f", noise.PerDay),
			fmt.Sprintf("at most %d", hunt.NoiseGoalIncidents), met(noise.PerDay <= hunt.NoiseGoalIncidents)},
		{"noise: making and judging that month", fmt.Sprintf("%.1f s for %d events", time.Since(start).Seconds(), noise.Events), "", ""},
	}
	for _, r := range noise.Rules {
		rows = append(rows, row{What: "noise: " + r.Severity.String() + " from " + quell.Cut(r.Title, 60), Measured: fmt.Sprint(r.Hits)})
	}
	return rows, nil
}
