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

// softMemory is where the collector begins to work harder rather than let the heap double: hunts run on laptops, beside
// everything else that is open at three in the morning. GOMEMLIMIT says otherwise.
const softMemory = 256 << 20

func main() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	m := NewMain()
	status := m.Run(ctx, os.Args[1:])
	stop()
	os.Exit(status)
}
