package trail

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source/pace"
)

// perRequest keeps to the two LookupEvents requests a second that AWS allows per account and region.
const perRequest = 500 * time.Millisecond

// holdOff is the back-off that all regions share. The limits are the account's as much as the region's: a region that goes
// on while another is throttled takes the room the other waits for.
type holdOff struct {
	clock quell.Clock
	mu    sync.Mutex
	until time.Time
	wait  time.Duration
}

// throttled moves the common restart on. Regions that ran into the same wall together count as one collision.
func (h *holdOff) throttled() {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.clock.Now()
	if h.until.After(now) {
		return
	}
	h.wait = min(max(2*h.wait, pace.FirstWait), pace.LastWait)
	h.until = now.Add(h.wait)
}

// succeeded lets the next collision start from a short wait again.
func (h *holdOff) succeeded() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.until.After(h.clock.Now()) {
		h.wait = 0
	}
}

func (h *holdOff) pass(ctx context.Context) error {
	for {
		h.mu.Lock()
		// Another region may have moved the restart on while this one slept.
		left := h.until.Sub(h.clock.Now())
		h.mu.Unlock()
		if left <= 0 {
			return ctx.Err()
		}
		if err := h.clock.Sleep(ctx, left); err != nil {
			return err
		}
	}
}

// retry makes one request as often as it is worth while.
func (l Lookup) retry(ctx context.Context, p *pace.Pace, hold *holdOff, send func() error) error {
	tries := cmp.Or(max(l.Tries, 0), 8)
	for try := 1; ; try++ {
		if err := hold.pass(ctx); err != nil {
			return err
		}
		if err := p.Wait(ctx); err != nil {
			return err
		}
		err := send()
		if err == nil {
			hold.succeeded()
			return nil
		}
		// Nobody at the address may pass; somebody else at the address will not.
		if judge(err) == final || judge(err) == absent && !unreachable(err) || try >= tries || ctx.Err() != nil {
			return err
		}
		hold.throttled()
	}
}
