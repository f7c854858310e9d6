package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/hunt"
	"github.com/quell-ir/quell/source"
)

// follow hunts until interrupted, and tells each finding when it is made: a line each, with --json a JSON value each.
func (c *HuntCmd) follow(ctx context.Context, m *Main, hunter *hunt.Hunter) error {
	hunter.Tell = nil
	var result hunt.Result
	var err error
	var beat *hunt.Heartbeat
	if c.place != inQueue { // which readies its own
		if beat, err = c.heartbeat(ctx, m, hunter); err != nil {
			return err
		}
	}
	switch c.place {
	case inQueue:
		result, err = c.read(ctx, m, hunter)
	case inFiles:
		// A folder that will never be there would be watched in silence.
		for _, path := range c.Paths {
			if _, err := os.Stat(path); err != nil {
				return &quell.Error{Code: quell.CodeUsage, What: "cannot follow " + path, Err: err, Next: "name a file or folder that is there"}
			}
		}
		err = c.recording(ctx, m, beat, hunter, func(ctx context.Context, record hunt.Record) error {
			result, err = hunter.Follow(ctx, &hunt.Follower{
				Paths: c.Paths, Every: cmp.Or(c.Every, 2*time.Second), Options: c.options(m), Record: record,
				Tell: func(s source.Skipped) { m.say("not read: %s: %s", quell.Cut(s.Path, 100), quell.Cut(s.Why, 200)) },
			})
			return err
		})
	default:
		err = c.recording(ctx, m, beat, hunter, func(ctx context.Context, record hunt.Record) error {
			result, err = c.poll(ctx, m, hunter, record)
			return err
		})
	}
	if err != nil && ctx.Err() == nil {
		return err
	}
	if c.place == inFiles { // the others say so as they go
		for _, blind := range result.Blind {
			m.say("not seen: %s", quell.Cut(blind, 200))
		}
	}
	m.say("stopped: %d events read, %d findings told", result.Events, c.told)
	if c.worst {
		return exit(exitFound)
	}
	return nil
}

// recording opens the state folder where findings are to be recorded, and tells them otherwise.
func (c *HuntCmd) recording(ctx context.Context, m *Main, beat *hunt.Heartbeat, hunter *hunt.Hunter, work func(context.Context, hunt.Record) error) error {
	if !c.Open {
		tell := func(_ context.Context, fresh []quell.Finding) error { return c.tell(m, fresh) }
		return beside(ctx, beat, hunter, tell, work)
	}
	return m.withHome(ctx, func(h *home) error {
		return beside(ctx, beat, hunter, func(ctx context.Context, fresh []quell.Finding) error {
			if _, err := c.recordIn(ctx, m, h, fresh); err != nil {
				return err
			}
			return c.tell(m, fresh)
		}, work)
	})
}

// poll looks at the event history or a log group again and again. A first look that fails ends it; a later one is told and
// made up for by the next: nobody restarts a watch at night because of a minute without a network.
func (c *HuntCmd) poll(ctx context.Context, m *Main, hunter *hunt.Hunter, record hunt.Record) (hunt.Result, error) {
	var result hunt.Result
	told := map[string]bool{} // what could not be seen, as of the last look
	for first := true; ; first = false {
		c.started = m.Clock.Now()
		r, err := c.read(ctx, m, hunter)
		switch {
		case ctx.Err() != nil:
			return result, nil
		case err != nil && first:
			return result, err
		case err != nil:
			r = result
			r.Blind = append(slices.Clip(r.Blind), "this look failed, the next one reads what it missed: "+err.Error())
		default:
			result = r
		}
		now := map[string]bool{}
		for _, blind := range r.Blind {
			if now[blind] = true; !told[blind] {
				m.say("not seen: %s", quell.Cut(blind, 200))
			}
		}
		told = now
		// What a look that failed had found before is told as well.
		if fresh := hunter.Fresh(); len(fresh) > 0 {
			if err := record(ctx, fresh); err != nil {
				return result, fmt.Errorf("record %d findings: %w", len(fresh), err)
			}
		}
		for _, s := range hunter.Forget(m.Clock.Now()) {
			m.say("not read: %s: %s", quell.Cut(s.Path, 100), quell.Cut(s.Why, 200))
		}
		if err := m.Clock.Sleep(ctx, cmp.Or(c.Every, time.Minute)); err != nil {
			return result, nil
		}
	}
}

// filter is what the flags want of findings.
func (c *HuntCmd) filter(m *Main) hunt.Filter {
	f := hunt.Filter{Since: c.window.since, Until: c.window.until, Accounts: c.Account, Regions: m.cli.Regions, Minimum: c.minimum}
	// A log group or a queue is chosen by itself; findings in it may be of any region, or of none.
	if c.place == inQueue || c.place == inGroup {
		f.Regions = nil
	}
	if c.Follow {
		f.Since = time.Time{} // it moves with each look
	}
	return f
}

// tell prints findings as they come.
func (c *HuntCmd) tell(m *Main, fresh []quell.Finding) error {
	for _, f := range (hunt.Result{Findings: fresh}).Kept(c.filter(m)) {
		c.told++
		c.worst = c.worst || c.reaches(f)
		if c.format(m) == "json" {
			line, err := json.Marshal(f)
			if err != nil {
				return fmt.Errorf("write finding: %w", err)
			}
			if err := m.writeJSON(append(line, '\n')); err != nil {
				return err
			}
			continue
		}
		if _, err := fmt.Fprintf(m.Stdout, "%s  %-8s %s  %s\n", f.Time.UTC().Format("01-02 15:04:05Z"), f.Severity, pad(actorOf(f), 18), fit(f.Title, 34)); err != nil {
			return fmt.Errorf("write finding: %w", err)
		}
	}
	return nil
}

// recordIn opens incidents for what was found at medium or above.
func (c *HuntCmd) recordIn(ctx context.Context, m *Main, h *home, found []quell.Finding) ([]string, error) {
	var worth []quell.Finding
	for _, f := range found {
		if f.Severity >= quell.Medium {
			worth = append(worth, f)
		}
	}
	if len(worth) == 0 {
		return nil, nil
	}
	ids, err := openIncidents(ctx, m, h, worth)
	for _, id := range ids {
		m.say("recorded incident %s; go on with: quell run %s", id, id)
	}
	return ids, err
}

// finish prints a result, even one that broke off, and then keeps how far it came: what a mark covers has been shown.
func (c *HuntCmd) finish(ctx context.Context, m *Main, result hunt.Result, failure error) error {
	if failure != nil && len(result.Findings) == 0 {
		return failure
	}
	if c.Open && ctx.Err() == nil {
		if err := c.record(ctx, m, result); err != nil {
			return errors.Join(failure, err)
		}
	}
	if err := m.printHunt(result, c.format(m)); err != nil {
		return errors.Join(failure, err)
	}
	// An interrupted hunt that was to record its findings has not: the next one begins where this one did.
	if !c.Open || ctx.Err() == nil {
		if err := c.keepMark(); err != nil {
			return errors.Join(failure, err)
		}
	}
	if failure != nil {
		return failure
	}
	return c.status(result)
}
