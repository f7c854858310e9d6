package quell

import (
	"context"
	"time"
)

// Clock is the only source of time below main. The wall clock serves accounts; the sandbox has one that runs ahead.
type Clock interface {
	// Now is the current instant, in UTC.
	Now() time.Time
	// Sleep returns after d, or with the context's error as soon as that ends.
	Sleep(ctx context.Context, d time.Duration) error
}

// WallClock is the machine's own time.
type WallClock struct{}

// Now implements Clock.
func (WallClock) Now() time.Time { return time.Now().UTC() }

// Sleep implements Clock.
func (WallClock) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
