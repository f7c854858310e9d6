package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// build makes the program once per run.
func build(ctx context.Context, o options) (string, error) {
	path := filepath.Join(o.scratch, "quell")
	if _, err := os.Stat(path); err == nil {
		return filepath.Abs(path)
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-ldflags", "-s -w", "-o", path, "./cmd/quell")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("build quell: %w", err)
	}
	return filepath.Abs(path)
}

// whole is one run of the program as a process.
type whole struct {
	wall, cpu time.Duration
	peak      int64 // bytes
}

// process runs a program; env is added to this process's own.
func process(ctx context.Context, env []string, name string, args ...string) (whole, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
	started := time.Now()
	if err := cmd.Start(); err != nil {
		return whole{}, err
	}
	over := make(chan struct{})
	peak := watchPeak(cmd.Process.Pid, over)
	err := cmd.Wait()
	w := whole{wall: time.Since(started)}
	close(over)
	w.peak = <-peak
	if s := cmd.ProcessState; s != nil {
		w.cpu = s.UserTime() + s.SystemTime()
		if usage, ok := s.SysUsage().(*syscall.Rusage); ok && w.peak == 0 {
			w.peak = usage.Maxrss << 10
		}
	}
	return w, err
}

// watchPeak reads a process's high-water mark, in bytes, until it is over; 0 where the system does not tell. What the
// operating system counts at the end is no use: a child begins with its parent's peak.
func watchPeak(pid int, over <-chan struct{}) <-chan int64 {
	out := make(chan int64, 1)
	go func() {
		var peak int64
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-over:
				out <- peak
				return
			case <-tick.C:
				peak = max(peak, highWater(pid))
			}
		}
	}()
	return out
}

// highWater is VmHWM of /proc/PID/status.
func highWater(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		var kilobytes int64
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kilobytes); n == 1 {
			return kilobytes << 10
		}
	}
	return 0
}

// measureHunt times the whole program over the published logs of attack techniques.
func measureHunt(ctx context.Context, o options) ([]row, error) {
	const what = "quell hunt on the published attack logs, whole process (median of 11)"
	logs := filepath.Join(o.data, "stratus")
	if _, err := os.Stat(logs); err != nil {
		return []row{{what, "-", "under 100 ms", "not measured: no " + logs}}, nil
	}
	program, err := build(ctx, o)
	if err != nil {
		return nil, err
	}
	var times []time.Duration
	for range 11 {
		w, err := process(ctx, nil, program, "hunt", logs, "--json")
		if err != nil {
			return nil, fmt.Errorf("run quell hunt: %w", err)
		}
		times = append(times, w.wall)
	}
	slices.Sort(times)
	median := times[len(times)/2]
	return []row{{what, median.Round(time.Millisecond).String(), "under 100 ms", met(median < 100*time.Millisecond)}}, nil
}

// measureDemo looks at the demo's peak memory and time.
func measureDemo(ctx context.Context, o options) ([]row, error) {
	program, err := build(ctx, o)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(program)
	if err != nil {
		return nil, err
	}
	w, err := process(ctx, nil, program, "demo", "--json", "--dir", filepath.Join(o.scratch, "demo"))
	if err != nil {
		return nil, fmt.Errorf("run quell demo: %w", err)
	}
	return []row{
		{"demo, peak memory", fmt.Sprintf("%d MB", w.peak>>20), "under 150 MB", met(w.peak < 150<<20)},
		{"demo, wall time", w.wall.Round(10 * time.Millisecond).String(), "under 10 s", met(w.wall < 10*time.Second)},
		{"the program's size", fmt.Sprintf("%d MB", info.Size()/1e6), "under 80 MB", met(info.Size() < 80e6)},
	}, nil
}
