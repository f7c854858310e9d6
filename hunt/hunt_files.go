package hunt

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

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
	// LeftOut counts the findings that were not kept.
	LeftOut []LeftOut `json:"left_out,omitempty"`
	// BlindRules are the names of the rules that could see nothing, by the kind of log they need.
	BlindRules map[string][]string `json:"blind_rules,omitempty"`
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
	// People are what the program was compiled with, see CompileFor; nil where nothing was said.
	People *People
	// Most is how many findings are kept, 0 for all of them: see MostFindings. A stream tells findings and lets them go.
	Most int
	// Want leaves out findings on single records before they are counted.
	Want Filter
	// Tell hears of each finding as it is made.
	Tell func(quell.Finding)

	live       live
	mu         sync.Mutex
	seen       map[string]bool
	before     map[string]bool // ids of a stream's older findings
	told       int             // how many of findings Fresh has given
	twins      twins           // of findings made again
	stirred    bool            // something may have come to a correlation since Fresh
	bursts     bursts
	circle     circle
	heart      *Heartbeat
	unkept     []quell.Finding // that Record refused
	forgot     time.Time       // when matches were last let go
	correlator *detect.Correlator
	findings   []quell.Finding
	left       map[string]*LeftOut // by rule
	skipped    []source.Skipped
	events     int64
	workers    map[int]*detect.Worker
	held       map[string]bool // kinds of log that were there
	lacks      []string        // kinds of log that the place never holds
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
	d.TakeFindings(h.serviceFinding)
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
		h.workers[n].Judged = &h.live.events
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
	if more := stats.BadTotal - int64(len(stats.Bad)); more > 0 {
		h.skip(origin, fmt.Sprintf("and %d further stretches that could not be read", more))
	}
}

func (h *Hunter) skip(origin, why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.skipped = append(h.skipped, source.Skipped{Path: origin, Why: why})
}

// take makes a finding of a match. A record that says too little for one is named, not dropped.
func (h *Hunter) take(m detect.Match, origin string) error {
	if listen := listenerOf(m.Rule); listen != nil {
		listen(h, m, origin)
		return nil
	}
	if err := h.correlate(m); err != nil {
		h.skip(origin, err.Error())
	}
	// Of those that are only counted there may be millions, and reading one whole costs many times what judging did.
	if h.Program.Quiet(m.Rule) {
		return nil
	}
	e, err := eventOf(m.Raw, origin)
	if err != nil {
		h.skip(origin, err.Error())
		return nil
	}
	if !h.fold(m, e) {
		h.add(Found(m.Rule, e))
	}
	return nil
}

// correlate gives a match to the rules over several events. They see nothing but matches.
func (h *Hunter) correlate(m detect.Match) error {
	if len(h.Program.Correlations()) == 0 {
		return nil
	}
	h.mu.Lock()
	if h.correlator == nil {
		h.correlator = h.Program.NewCorrelator(0)
	}
	c := h.correlator
	h.stirred = true
	h.mu.Unlock()
	return c.Add(m, nil)
}

// correlated makes findings of what the correlations came to.
func (h *Hunter) correlated() []quell.Finding {
	var out []quell.Finding
	for _, hit := range h.hits() {
		out = append(out, FoundTogether(hit))
	}
	return out
}

// correlators are all there are, of every kind of log.
func (h *Hunter) correlators() []*detect.Correlator {
	var all []*detect.Correlator
	if h.correlator != nil {
		all = append(all, h.correlator)
	}
	for _, judges := range h.Kinds {
		for _, j := range judges {
			all = append(all, j.correlator)
		}
	}
	return all
}

// hits are those of all correlations.
func (h *Hunter) hits() []detect.Hit {
	var out []detect.Hit
	for _, c := range h.correlators() {
		out = append(out, c.Hits()...)
	}
	return out
}

func (h *Hunter) add(f quell.Finding) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.seen == nil {
		h.seen = map[string]bool{}
	}
	if !h.Want.takes(f) {
		return
	}
	if h.known(f.ID) {
		h.twins.add(f) // the same record, delivered twice
		return
	}
	h.seen[f.ID] = true
	h.findings = append(h.findings, f)
	h.trim(2 * h.Most)
	h.live.findings.Add(1)
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
	h.settleTwins()
	h.trim(h.Most)
	sortSkipped(h.skipped)
	r := Result{Events: h.events, Skipped: orEmpty(h.skipped), Findings: orEmpty(append(h.correlated(), h.findings...))}
	r.Findings = append(r.Findings, h.Habits.findings()...)
	r.Findings = append(r.Findings, h.circle.findings()...)
	sortFindings(r.Findings)
	r.Incidents = group(r.Findings, h)
	r.LeftOut, r.Blind = h.leftOut(), h.unlisted()
	r.Blind = append(r.Blind, h.Habits.unseen()...)
	r.Blind = append(r.Blind, h.unheard()...)
	r.Blind = append(r.Blind, h.strangers()...)
	missing, rules := h.blindness()
	r.Blind, r.BlindRules = append(r.Blind, missing...), rules
	return r
}
