// Command quell answers security incidents in AWS: it detects, contains, proves that it held, takes it back and reports.
//
// What comes in: arguments, environment, quell.yaml, logs, an account. What goes out: text for people or one JSON value,
// progress on stderr, an exit status (0 done, 1 failed, 2 wrong usage, 3 found something at or above --fail-on, 4
// waiting for a person, 5 refused by a guard, 6 leaking). What is promised: the flags, statuses and JSON that
// README.md names stay. Read package respond next.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// How the heap grows: freely while it is small, for a command that lives a tenth of a second has no use for a collector, and
// reluctantly beyond softMemory, for hunts run on laptops beside everything else that is open at three in the morning.
// GOGC and GOMEMLIMIT say otherwise.
const (
	heapGrowth = 400 // percent
	softMemory = 256 << 20
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	m := NewMain()
	status := m.Run(ctx, os.Args[1:])
	stop()
	os.Exit(status)
}
