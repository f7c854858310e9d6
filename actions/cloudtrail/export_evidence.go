package cloudtrail

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/call"
)

type exportParams struct {
	// Regions to read; every region enabled in the account by default.
	Regions []string `json:"regions,omitempty"`
	// Since is the beginning, RFC 3339; a day before the first hostile act by default.
	Since string `json:"since,omitempty"`
}

// ExportEvidence keeps the event history of the incident's principals and the state of the account's trails.
var ExportEvidence = action.Define(action.Spec[exportParams, struct{}]{
	Name:   "cloudtrail.export-evidence",
	Title:  "keep the trail of what was done",
	Phase:  quell.Preserve,
	Target: quell.KindAccount,
	Doc: action.Doc{
		What: "Reads CloudTrail's event history for each access key and name in the incident, in every region, and keeps the records as they are; " +
			"beside them the configuration, status and selectors of every trail.",
		Why:    "The history goes back 90 days and no further, and each day takes a day of it away. It cannot be deleted by an intruder, so it fills what a stopped trail left out.",
		Breaks: "Nothing: it only reads. It shares the account's two lookups a second and region with everybody else who reads the history.",
		Undo:   "Nothing to take back; what was kept stays.",
		Traps: []string{
			"The history holds management events only: no reads of objects, no function calls, no queries of tables.",
			"A lookup takes one attribute: there is one artefact for each key or name and region, and the same record may stand in several.",
			"The name of a role's session is chosen by whoever assumes the role; the key is the surer attribute.",
			"Records appear up to 15 minutes late and not in order; the manifest says up to when the export is complete.",
			"IAM, STS and other global services are recorded in us-east-1 alone.",
			"Calls made with an inactive key leave no record anywhere.",
		},
		D3FEND: []string{"D3-AL"},
		Source: []string{
			"CloudTrail API reference, LookupEvents (two requests a second, per account and region; 90 days)",
			"CloudTrail user guide, Working with CloudTrail event history",
		},
	},
	Reads: []string{
		"cloudtrail:LookupEvents", "cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus", "cloudtrail:GetEventSelectors",
		"ec2:DescribeRegions",
	},
	Preserves: []string{"trail"},
	Collect:   export,
})

// depth is how far back event history goes, delay how late its records may appear.
// Source: CloudTrail user guide, Working with CloudTrail event history; CloudTrail FAQ.
const (
	depth = 90 * 24 * time.Hour
	delay = 15 * time.Minute
)

// manifest is the last artefact: it lists the others and says what they do not hold.
type manifest struct {
	Account   string     `json:"account"`
	Incident  string     `json:"incident"`
	From      string     `json:"from"`
	Until     string     `json:"until"`
	Complete  string     `json:"complete_until"`
	Regions   []string   `json:"regions"`
	Lookups   []lookup   `json:"lookups"`
	Artefacts []artefact `json:"artefacts"`
	Missing   []string   `json:"missing"`
}

// artefact is one kept file. One that an earlier, interrupted collection kept has its digest in the ledger's record of it.
type artefact struct {
	Name    string `json:"name"`
	SHA256  string `json:"sha256,omitempty"`
	Lines   int    `json:"lines"` // of a history: records
	Earlier bool   `json:"kept_earlier,omitempty"`
}

// exporter is one collection on its way.
type exporter struct {
	cfg    aws.Config
	clock  quell.Clock
	sink   action.Sink
	folder string
	m      manifest
	from   time.Time
	until  time.Time
	// next is when a region may be asked again.
	next map[string]time.Time
	// answered says that the credentials at hand were good somewhere; closed are the places that did not know them.
	answered bool
	closed   []error
	// again are failures that may pass; with one the collection is not over.
	again []error
}

// export keeps the trails first: they are few, and tell whether the history must stand in for a log that was stopped.
func export(ctx context.Context, cfg aws.Config, in action.In[exportParams, struct{}], sink action.Sink) error {
	e := &exporter{cfg: cfg, clock: in.Clock, sink: sink, folder: "cloudtrail-" + fileName(accountOf(in)) + "/", next: map[string]time.Time{}}
	last := e.folder + "manifest.json"
	if sink.Has(last) {
		return nil
	}
	e.m = manifest{Account: accountOf(in), Incident: in.Incident.ID, Missing: []string{}, Artefacts: []artefact{}}
	if err := e.setSpan(in); err != nil {
		return err
	}
	if err := e.setRegions(ctx, in.With.Regions); err != nil {
		return err
	}
	e.setLookups(in)
	if err := e.keepTrails(ctx); err != nil {
		return err
	}
	// Lookups outside, regions inside: while one region must wait, the others are asked.
	for _, l := range e.m.Lookups {
		for _, region := range e.m.Regions {
			if err := e.keepHistory(ctx, region, l); err != nil {
				return err
			}
		}
	}
	if e.settle(); len(e.again) > 0 {
		return fmt.Errorf("the rest was kept, run again to go on: %w", errors.Join(e.again...))
	}
	text, err := encode(e.m)
	if err != nil {
		return err
	}
	if err := sink.Put(ctx, last, "quell", bytes.NewReader(text), e.m.Missing); err != nil {
		return fmt.Errorf("keep %s: %w", last, err)
	}
	return nil
}

// setSpan says from when to when the history is read.
func (e *exporter) setSpan(in action.In[exportParams, struct{}]) error {
	e.until = e.clock.Now().UTC().Truncate(time.Second)
	e.from = e.until.Add(-depth)
	var asked time.Time
	switch {
	case in.With.Since != "":
		at, err := time.Parse(time.RFC3339, in.With.Since)
		if err != nil || at.After(e.until) {
			return &quell.Error{
				Code: quell.CodeUsage, What: fmt.Sprintf("parameter since is %q", in.With.Since), Err: err,
				Next: "give a time in the past as RFC 3339, such as 2026-03-02T09:00:00Z",
			}
		}
		asked = at
	case !in.Incident.Since.IsZero():
		// The first act known to be hostile is seldom the first.
		asked = in.Incident.Since.Add(-24 * time.Hour)
	}
	switch {
	case asked.After(e.from):
		e.from = asked.UTC().Truncate(time.Second)
	case !asked.IsZero():
		e.m.Missing = append(e.m.Missing, fmt.Sprintf("before %s: event history goes back 90 days; look into the trail's bucket", spell(e.from)))
	}
	e.m.From, e.m.Until, e.m.Complete = spell(e.from), spell(e.until), spell(e.until.Add(-delay))
	return nil
}

func spell(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// put keeps what a reader gives, counting its lines and taking its digest on the way.
func (e *exporter) put(ctx context.Context, name, from string, content io.Reader, gaps []string) error {
	sum := sha256.New()
	lines := &lineCounter{}
	if err := e.sink.Put(ctx, name, from, io.TeeReader(content, io.MultiWriter(sum, lines)), gaps); err != nil {
		return fmt.Errorf("keep %s: %w", name, err)
	}
	e.m.Artefacts = append(e.m.Artefacts, artefact{Name: name, SHA256: hex.EncodeToString(sum.Sum(nil)), Lines: lines.n})
	return nil
}

type lineCounter struct{ n int }

// Write implements io.Writer.
func (l *lineCounter) Write(p []byte) (int, error) {
	l.n += bytes.Count(p, []byte{'\n'})
	return len(p), nil
}

// miss notes what a failure keeps from us. It says no where the failure may pass and trying later may succeed.
func (e *exporter) miss(what string, err error) bool {
	code := call.Code(err)
	if !call.Denied(code) && code != call.CodeNotAvailable && code != "NotImplemented" { // the last by emulators
		return false
	}
	e.m.Missing = append(e.m.Missing, what+": "+code)
	return true
}

// fail sorts a failure: what will not change is noted as missing, what may pass is left for the next run, and only the
// context's end stops the collection.
func (e *exporter) fail(ctx context.Context, what string, err error) error {
	wrapped := fmt.Errorf("%s: %w", what, err)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case call.Expired(call.Code(err)):
		e.closed = append(e.closed, wrapped)
	case !e.miss(what, err):
		e.again = append(e.again, wrapped)
	}
	return nil
}

// settle judges refusals of the credentials themselves. A region that is not enabled answers as to a stranger; where no
// region took them at all, it is they who are bad, and the collection must go on with others.
func (e *exporter) settle() {
	for _, err := range e.closed {
		if e.answered {
			e.m.Missing = append(e.m.Missing, quell.Cut(err.Error(), 200)+" (is the region enabled?)")
		} else {
			e.again = append(e.again, err)
		}
	}
	e.closed = nil
}

// encode writes for people too: evidence is read in courtrooms.
func encode(v any) ([]byte, error) {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode evidence: %w", err)
	}
	return append(text, '\n'), nil
}
