package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/detect/detecttest"
	"github.com/quell-ir/quell/source"
)

// measureDetect judges a generated trail by 790 generated rules, from gzip to matches, and sets it beside gzip alone.
func measureDetect(ctx context.Context, o options) ([]row, error) {
	dir := filepath.Join(o.scratch, "trail")
	size, files, err := writeTrail(dir, o.events)
	if err != nil {
		return nil, err
	}
	many, err := program(790)
	if err != nil {
		return nil, err
	}
	few, err := program(79)
	if err != nil {
		return nil, err
	}
	one, err := scanAll(ctx, dir, many, 1)
	if err != nil {
		return nil, err
	}
	tenth, err := scanAll(ctx, dir, few, 1)
	if err != nil {
		return nil, err
	}
	all, err := scanAll(ctx, dir, many, runtime.NumCPU())
	if err != nil {
		return nil, err
	}
	gz, err := gunzipAll(ctx, files)
	if err != nil {
		return nil, err
	}
	rate := float64(one.events) / one.wall.Seconds()
	ratio := all.wall.Seconds() / gz.Seconds()
	rules := one.wall.Seconds() / tenth.wall.Seconds()
	return []row{
		{fmt.Sprintf("790 rules over %d records (%d MB, gzip), one core", one.events, size>>20), fmt.Sprintf("%.0f events/s", rate), "180 000 events/s", met(rate >= 180_000)},
		{fmt.Sprintf("wall time on %d cores against gzip -dc alone", runtime.NumCPU()), fmt.Sprintf("%.2f (%s, gzip %s)", ratio, all.wall.Round(time.Millisecond), gz.Round(time.Millisecond)), "under 0.75", met(ratio < 0.75)},
		{"790 rules against 79", fmt.Sprintf("%.2f times the time", rules), "under 2", met(rules < 2)},
		{"allocations per record without a match", fmt.Sprintf("%.4f", one.allocations), "0", met(one.allocations < 0.01)},
	}, nil
}

// writeTrail writes the records as files of AWS's size, and gives the size unpacked.
func writeTrail(dir string, events int) (size int64, files []string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, nil, err
	}
	const perFile = 5000
	for n := 0; n*perFile < events; n++ {
		path := filepath.Join(dir, fmt.Sprintf("trail-%05d.json.gz", n))
		f, err := os.Create(path)
		if err != nil {
			return size, files, err
		}
		z := gzip.NewWriter(f)
		count := &counter{w: z}
		if err := detecttest.Corpus(int64(n+1), min(perFile, events-n*perFile), count); err != nil {
			return size, files, err
		}
		if err := z.Close(); err != nil {
			return size, files, err
		}
		if err := f.Close(); err != nil {
			return size, files, err
		}
		size += count.n
		files = append(files, path)
	}
	return size, files, nil
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return c.w.Write(p)
}

func program(rules int) (*detect.Program, error) {
	var parsed []*detect.Rule
	for i, text := range detecttest.Rules(1, rules) {
		found, problems := detect.Parse(fmt.Sprintf("rule-%d.yml", i), []byte(text))
		if len(problems) > 0 {
			return nil, problems[0]
		}
		parsed = append(parsed, found...)
	}
	p, problems := detect.Compile(parsed, detect.Options{})
	if len(problems) > 0 {
		return nil, problems[0]
	}
	return p, nil
}

// scanned is one pass over the trail.
type scanned struct {
	events      int64
	wall        time.Duration
	allocations float64
}

func scanAll(ctx context.Context, dir string, p *detect.Program, cores int) (scanned, error) {
	workers := make([]*detect.Worker, cores)
	totals := make([]int64, cores)
	for i := range workers {
		workers[i] = p.NewWorker()
		// The first pass makes the buffers.
		if _, err := workers[i].Scan(bytes.NewReader([]byte(`{"Records":[]}`)), "", func(detect.Match) error { return nil }); err != nil {
			return scanned{}, err
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	started := time.Now()
	previous := runtime.GOMAXPROCS(cores)
	defer runtime.GOMAXPROCS(previous)
	_, err := source.Files(ctx, []string{dir}, source.Options{Workers: cores}, func(_ context.Context, d source.Document) error {
		stats, err := workers[d.Worker].Scan(d.Reader, d.Origin, func(detect.Match) error { return nil })
		totals[d.Worker] += stats.Events
		return err
	})
	s := scanned{wall: time.Since(started)}
	runtime.ReadMemStats(&after)
	for _, n := range totals {
		s.events += n
	}
	s.allocations = float64(after.Mallocs-before.Mallocs) / float64(max(s.events, 1))
	return s, err
}

// gunzipAll is gzip -dc over the same files, one process.
func gunzipAll(ctx context.Context, files []string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, "gzip", append([]string{"-dc"}, files...)...)
	cmd.Stdout = io.Discard
	started := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("run gzip -dc: %w", err)
	}
	return time.Since(started), nil
}
