package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/quell-ir/quell/detect/detecttest"
)

// smallFiles is how many files the same records lie in where a quiet organisation wrote them: one per account, region and
// five minutes.
const smallFiles = 20_000

// measureArchive runs the whole program on one core over archives of several sizes: its speed from start to findings, how
// that grows, and its peak memory, which must not.
func measureArchive(ctx context.Context, o options) ([]row, error) {
	program, err := build(ctx, o)
	if err != nil {
		return nil, err
	}
	rules := filepath.Join(o.scratch, "rules")
	if err := writeRules(rules, 790); err != nil {
		return nil, err
	}
	hunt := func(events, perFile int, args ...string) (whole, error) {
		dir := filepath.Join(o.scratch, fmt.Sprintf("archive-%d-%d", events, perFile))
		if _, err := os.Stat(dir); err != nil {
			if _, _, err := writeTrail(dir, events, perFile); err != nil {
				return whole{}, err
			}
		}
		home := filepath.Join(o.scratch, "home")
		args = append([]string{"hunt", dir, "--home", home, "--json"}, args...)
		w, err := process(ctx, []string{"GOMAXPROCS=1"}, program, args...)
		if err != nil {
			return w, fmt.Errorf("run quell %v: %w", args, err)
		}
		return w, nil
	}
	given := []string{"--no-builtin", "--rules", rules}
	full, err := hunt(o.events, perFile, given...)
	if err != nil {
		return nil, err
	}
	tenth, err := hunt(o.events/10, perFile, given...)
	if err != nil {
		return nil, err
	}
	small, err := hunt(o.events, max(1, o.events/smallFiles), given...)
	if err != nil {
		return nil, err
	}
	own, err := hunt(o.events, perFile)
	if err != nil {
		return nil, err
	}
	ownTenth, err := hunt(o.events/10, perFile)
	if err != nil {
		return nil, err
	}
	rate := float64(o.events) / full.cpu.Seconds()
	pieces := float64(o.events) / small.cpu.Seconds() / rate
	growth := full.cpu.Seconds() / tenth.cpu.Seconds()
	const room = 400 << 20
	return []row{
		{fmt.Sprintf("quell hunt, 790 rules, %d records, whole process, events per second of processor time", o.events), fmt.Sprintf("%.0f (wall %s)", rate, full.wall.Round(time.Millisecond)), "180 000", met(rate >= 180_000)},
		{fmt.Sprintf("the same records in %d files", smallFiles), fmt.Sprintf("%.2f of that rate", pieces), "at least 0.4", met(pieces >= 0.4)},
		{"ten times the records", fmt.Sprintf("%.1f times the time, start included", growth), "about 10", met(growth < 11)},
		{"peak memory, 790 rules", fmt.Sprintf("%d MB; a tenth of the records %d MB", full.peak>>20, tenth.peak>>20), "under 400 MB", met(full.peak < room)},
		{"peak memory, the built-in rules", fmt.Sprintf("%d MB; a tenth of the records %d MB", own.peak>>20, ownTenth.peak>>20), "under 400 MB", met(own.peak < room)},
	}, nil
}

func writeRules(dir string, n int) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for i, text := range detecttest.Rules(1, n) {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("rule-%04d.yml", i)), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}
