package hunt

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/source"
)

// Result is what a hunt found. Its JSON is a promise to scripts.
type Result struct {
	Events    int64            `json:"events"`
	Files     int              `json:"files"`
	Skipped   []source.Skipped `json:"skipped"`
	Findings  []quell.Finding  `json:"findings"`
	Incidents []quell.Incident `json:"incidents"`
	// Read says what was read, Blind what could not be seen.
	Read  []string `json:"read,omitempty"`
	Blind []string `json:"blind,omitempty"`
}

// Hunter judges records by one program.
type Hunter struct {
	Program *detect.Program
	Books   []quell.Playbook
	Clock   quell.Clock
	// Kinds judge logs other than CloudTrail; without them such logs are skipped by name.
	Kinds KindPrograms
	// Habits see every record, if the program has the rule of WithEveryRecord.
	Habits *Habits
	// Tell hears of each finding as it is made.
	Tell func(quell.Finding)

	mu         sync.Mutex
	seen       map[string]bool
	before     map[string]bool // ids of a stream's older findings
	told       int             // how many of findings Fresh has given
	correlator *detect.Correlator
	findings   []quell.Finding
	skipped    []source.Skipped
	events     int64
	workers    map[int]*detect.Worker
}

// Files judges every record below the paths.
func (h *Hunter) Files(ctx context.Context, paths []string, o source.Options) (Result, error) {
	report, err := source.Files(ctx, paths, o, h.document)
	if err != nil {
		return Result{}, err
	}
	h.skipped = append(report.Skipped, h.skipped...)
	r := h.Result()
	r.Files = report.Files
	return r, nil
}

// document judges one file's records. What breaks off in the middle has been judged up to there.
func (h *Hunter) document(ctx context.Context, d source.Document) error {
	switch {
	case d.Kind != source.KindJSON:
		return h.kind(ctx, d)
	case holdsFindings(d.Reader):
		return h.findingFile(ctx, d)
	}
	return h.scan(d.Worker, d.Reader, d.Origin)
}

// scan judges CloudTrail records.
func (h *Hunter) scan(worker int, r io.Reader, origin string) error {
	stats, err := h.worker(worker).Scan(r, origin, func(m detect.Match) error { return h.take(m, origin) })
	h.count(origin, stats)
	return err
}

// worker keeps one set of buffers per goroutine.
func (h *Hunter) worker(n int) *detect.Worker {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.workers == nil {
		h.workers = map[int]*detect.Worker{}
	}
	if h.workers[n] == nil {
		h.workers[n] = h.Program.NewWorker()
	}
	return h.workers[n]
}

func (h *Hunter) count(origin string, stats detect.Stats) {
	h.mu.Lock()
	h.events += stats.Events
	h.mu.Unlock()
	for _, bad := range stats.Bad {
		h.skip(origin, fmt.Sprintf("at byte %d: %s", bad.Offset, bad.Why))
	}
}

func (h *Hunter) skip(origin, why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.skipped = append(h.skipped, source.Skipped{Path: origin, Why: why})
}

// take makes a finding of a match. A record that says too little for one is named, not dropped.
func (h *Hunter) take(m detect.Match, origin string) error {
	if m.Rule.ID == everyRecord {
		if h.Habits != nil {
			h.Habits.observe(m.Raw, origin)
		}
		return nil
	}
	e, err := eventOf(m.Raw, origin)
	if err != nil {
		h.skip(origin, err.Error())
		return nil
	}
	if err := h.correlate(m, e); err != nil {
		h.skip(origin, err.Error())
	}
	if !h.Program.Quiet(m.Rule) {
		h.add(Found(m.Rule, e))
	}
	return nil
}

// correlate gives a match to the rules over several events. They see nothing but matches.
func (h *Hunter) correlate(m detect.Match, e quell.Event) error {
	if len(h.Program.Correlations()) == 0 {
		return nil
	}
	h.mu.Lock()
	if h.correlator == nil {
		h.correlator = h.Program.NewCorrelator(0)
	}
	c := h.correlator
	h.mu.Unlock()
	return c.Add(m, &e)
}

// correlated makes findings of what the correlations came to.
func (h *Hunter) correlated() []quell.Finding {
	var all []*detect.Correlator
	if h.correlator != nil {
		all = append(all, h.correlator)
	}
	for _, judges := range h.Kinds {
		for _, j := range judges {
			all = append(all, j.correlator)
		}
	}
	var out []quell.Finding
	for _, c := range all {
		for _, hit := range c.Hits() {
			out = append(out, FoundTogether(hit))
		}
	}
	return out
}

func (h *Hunter) add(f quell.Finding) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.seen == nil {
		h.seen = map[string]bool{}
	}
	if h.known(f.ID) {
		return // the same record, delivered twice
	}
	h.seen[f.ID] = true
	h.findings = append(h.findings, f)
	if h.Tell != nil {
		h.Tell(f)
	}
}

// Records judges records at hand.
func (h *Hunter) Records(records []json.RawMessage, origin string) error {
	w := h.worker(-1)
	for _, raw := range records {
		stats, err := w.Scan(bytes.NewReader(raw), origin, func(m detect.Match) error { return h.take(m, origin) })
		if err != nil {
			return err
		}
		h.count(origin, stats)
	}
	return nil
}

// Result groups what was found so far into incidents.
func (h *Hunter) Result() Result {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := Result{Events: h.events, Skipped: orEmpty(h.skipped), Findings: orEmpty(append(h.correlated(), h.findings...))}
	r.Findings = append(r.Findings, h.Habits.findings()...)
	sortFindings(r.Findings)
	r.Incidents = group(r.Findings, h)
	r.Blind = append(r.Blind, h.Habits.unseen()...)
	r.Blind = append(r.Blind, h.unheard()...)
	return r
}
