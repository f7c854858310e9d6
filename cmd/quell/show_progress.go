package main

import (
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/quell-ir/quell/hunt"
	"github.com/quell-ir/quell/source"
)

// redraw is how often progress is shown anew: faster than that nobody reads, and a slow connection is filled with it.
const redraw = 100 * time.Millisecond

// screen is the terminal that progress is shown on. Where nobody looks, or log lines would run through it, there is none.
func (c *HuntCmd) screen(m *Main) (*os.File, bool) {
	f, ok := m.Stderr.(*os.File)
	if !ok || c.Follow || m.cli.JSON || m.cli.Verbose || m.Getenv("TERM") == "dumb" || !term.IsTerminal(int(f.Fd())) {
		return nil, false
	}
	return f, true
}

// watchReading shows how far the reading of files or objects is.
func (c *HuntCmd) watchReading(m *Main, hunter *hunt.Hunter, o *source.Options) (stop func()) {
	if _, ok := c.screen(m); !ok {
		return func() {} // to count what there is would be work for nothing
	}
	o.Progress = new(source.Progress)
	return c.watch(m, hunter, func() standing {
		s, r := unknown(), o.Progress.Look()
		s.bytes, s.total, s.files, s.totalFiles = r.Bytes, r.Total, r.Files, r.TotalFiles
		return s
	})
}

// watch shows how far a hunt is until the function returned is called; then nothing is left of it.
func (c *HuntCmd) watch(m *Main, hunter *hunt.Hunter, look func() standing) (stop func()) {
	f, ok := c.screen(m)
	if !ok {
		return func() {}
	}
	ticker := time.NewTicker(redraw)
	// The width is asked for each time, since windows are resized.
	p := &meter{out: f, columns: func() int {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
			return n
		}
		return 80
	}}
	// The hunt's own numbers are taken at each tick rather than told: those who read must not wait for a terminal.
	begun := m.Clock.Now()
	end := p.run(ticker.C, func(columns int) string {
		now := look()
		now.events, now.findings = hunter.Progress()
		return progressLine(now, m.Clock.Now().Sub(begun), columns)
	})
	// What is said meanwhile goes above the line rather than into it.
	m.Stderr = p
	return func() {
		ticker.Stop()
		end()
		m.Stderr = f
	}
}

// meter is one line at the bottom of a terminal that is drawn over and over. What is written through it goes above.
type meter struct {
	out     io.Writer
	columns func() int

	mu   sync.Mutex
	line string
}

// run draws at every tick until the function returned is called, which takes the line away.
func (p *meter) run(ticks <-chan time.Time, draw func(columns int) string) (end func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-quit:
				return
			case <-ticks:
				p.show(draw(p.columns()))
			}
		}
	}()
	return func() {
		close(quit)
		// The last tick may be drawing still. What comes after must stand on an empty line.
		<-done
		p.show("")
	}
}

// wipe returns to the line's beginning and clears it.
const wipe = "\r\x1b[2K"

func (p *meter) show(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Nothing new is nothing to send: a hunt that waits for a person or a page keeps quiet.
	if line == p.line {
		return
	}
	p.line = line
	// A terminal that is gone is no reason to stop hunting.
	_, _ = io.WriteString(p.out, wipe+line)
}

// Write implements io.Writer for whole lines: what is said in the middle of a hunt pushes the line down, and stays when the
// line is gone.
func (p *meter) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.line == "" {
		return p.out.Write(b)
	}
	if _, err := io.WriteString(p.out, wipe); err != nil {
		return 0, err
	}
	n, err := p.out.Write(b)
	if err == nil {
		_, err = io.WriteString(p.out, p.line)
	}
	return n, err
}
