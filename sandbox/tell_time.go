package sandbox

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// Clock is the world's time. It runs only when somebody sleeps or calls, and only ahead, so that a day of an incident
// takes milliseconds. It implements quell.Clock.
type Clock struct {
	mu     sync.Mutex
	now    time.Time
	events timeline
	seq    int
	// firing is set while an event's function runs: calls and sleeps made in it move the time but start no other event.
	firing bool
}

// Now is the virtual instant, in UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Sleep moves the time ahead by d, running every event that falls due on the way, and returns at once.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.advance(max(d, 0))
	return ctx.Err()
}

// At runs f when the time reaches t: an adversary's next move. An instant already past falls due with the next call or
// sleep. f may make SDK calls and sleep; events run one after another in the order of their times, then of their
// registration, never one inside another, so an event may run later than t but never earlier.
func (c *Clock) At(t time.Time, f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seq++
	heap.Push(&c.events, event{t.UTC(), c.seq, f})
}

// Next returns the time of the earliest event still to come.
func (c *Clock) Next() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.events) == 0 {
		return time.Time{}, false
	}
	return c.events[0].at, true
}

func (c *Clock) advance(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	target := c.now.Add(d)
	if c.firing {
		c.now = target
		return c.now
	}
	for len(c.events) > 0 {
		next := c.events[0]
		if next.at.After(target) && next.at.After(c.now) {
			break
		}
		heap.Pop(&c.events)
		if next.at.After(c.now) {
			c.now = next.at
		}
		c.fire(next.run)
	}
	if target.After(c.now) {
		c.now = target
	}
	return c.now
}

// fire runs an event without the lock, so that it may use the clock; it restores the state even if f panics.
func (c *Clock) fire(f func()) {
	c.firing = true
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.firing = false
	}()
	f()
}

type event struct {
	at  time.Time
	seq int
	run func()
}

// timeline is a heap of events.
type timeline []event

func (t timeline) Len() int { return len(t) }
func (t timeline) Less(i, j int) bool {
	if !t[i].at.Equal(t[j].at) {
		return t[i].at.Before(t[j].at)
	}
	return t[i].seq < t[j].seq
}
func (t timeline) Swap(i, j int) { t[i], t[j] = t[j], t[i] }
func (t *timeline) Push(x any)   { *t = append(*t, x.(event)) }
func (t *timeline) Pop() any {
	old := *t
	last := old[len(old)-1]
	*t = old[:len(old)-1]
	return last
}
