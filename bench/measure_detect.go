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
	size, files, err := writeTrail(dir, o.events, perFile)
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
	allocations, err := allocationsPerRecord(many)
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
		{"allocations per record without a match", fmt.Sprintf("%.4f", allocations), "0", met(allocations < 0.0005)},
	}, nil
}

// allocationsPerRecord counts what a pass over more records allocates beyond a pass over fewer: what opening costs is in both.
func allocationsPerRecord(p *detect.Program) (float64, error) {
	w := p.NewWorker()
	count := func(events int) (uint64, error) {
		var text bytes.Buffer
		if err := detecttest.Corpus(1, events, &text); err != nil {
			return 0, err
		}
		var before, after runtime.MemStats
		for range 2 { // the first pass makes the buffers
			runtime.ReadMemStats(&before)
			if _, err := w.Scan(bytes.NewReader(text.Bytes()), "", func(detect.Match) error { return nil }); err != nil {
				return 0, err
			}
			runtime.ReadMemStats(&after)
		}
		return after.Mallocs - before.Mallocs, nil
	}
	const few, many = 2000, 22_000
	a, err := count(few)
	if err != nil {
		return 0, err
	}
	b, err := count(many)
	return (float64(b) - float64(a)) / (many - few), err
}

// perFile is how many records a busy account's files hold.
const perFile = 5000

// writeTrail writes the records as files of so many each, and gives the size unpacked.
func writeTrail(dir string, events, perFile int) (size int64, files []string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, nil, err
	}
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
	events int64
	wall   time.Duration
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
	started := time.Now()
	previous := runtime.GOMAXPROCS(cores)
	defer runtime.GOMAXPROCS(previous)
	_, err := source.Files(ctx, []string{dir}, source.Options{Workers: cores}, func(_ context.Context, d source.Document) error {
		stats, err := workers[d.Worker].Scan(d.Reader, d.Origin, func(detect.Match) error { return nil })
		totals[d.Worker] += stats.Events
		return err
	})
	s := scanned{wall: time.Since(started)}
	for _, n := range totals {
		s.events += n
	}
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
