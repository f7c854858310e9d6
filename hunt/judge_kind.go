package hunt

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/source"
)

// entry is one thing that a log beside CloudTrail tells: a record for every rule to look at, and an event once one fits. It is
// valid until whoever was given it returns.
type entry interface {
	// record appends what rules see: the log's own fields by their names, and the head that every event has by
	// CloudTrail's names, so that a rule and a correlation find the id, the time and the address in one place.
	record(dst []byte) ([]byte, error)
	event() quell.Event
}

// readFlows tells intervals that AWS failed to capture like lines that could not be read: both are gaps.
func readFlows(ctx context.Context, r io.Reader, origin string, emit func(entry) error) (source.LogReport, error) {
	one := &flowEntry{}
	flows, err := source.EachFlow(ctx, r, origin, func(f *source.Flow) error {
		one.Flow = f
		return emit(one)
	})
	report := source.LogReport{Lines: flows.Lines, Events: flows.Events, Quiet: flows.NoData, BadTotal: flows.BadTotal, Bad: flows.Bad}
	if flows.SkipData > 0 {
		report.BadTotal += flows.SkipData
		report.Bad = append(report.Bad, source.BadLine{Line: flows.Lines, Why: fmt.Sprintf("%d intervals that AWS failed to capture (SKIPDATA)", flows.SkipData)})
	}
	return report, err
}

// flowEntry makes an event of a flow only where a rule fits: there may be a million flows in a file.
type flowEntry struct{ *source.Flow }

func (f *flowEntry) record(dst []byte) ([]byte, error) { return f.AppendRecord(dst), nil }
func (f *flowEntry) event() quell.Event                { return f.Event() }

// readEvents reads the logs whose readers give events.
func readEvents(read func(context.Context, io.Reader, string, func(quell.Event) error) (source.LogReport, error)) readKind {
	return func(ctx context.Context, r io.Reader, origin string, emit func(entry) error) (source.LogReport, error) {
		one := &eventEntry{}
		return read(ctx, r, origin, func(e quell.Event) error {
			one.e = e
			return emit(one)
		})
	}
}

// eventEntry is an event at hand.
type eventEntry struct{ e quell.Event }

func (e *eventEntry) record(dst []byte) ([]byte, error) { return appendRecord(dst, e.e) }
func (e *eventEntry) event() quell.Event                { return e.e }

// kindBench judges one document's entries, with workers that are its own from the first entry until it is closed.
type kindBench struct {
	h       *Hunter
	judges  []*kindJudge
	workers []*detect.Worker
	origin  string
	line    []byte
	in      bytes.Reader
}

func (b *kindBench) close() {
	for i, w := range b.workers {
		b.judges[i].give(w)
	}
	b.workers = nil
}

// judge has every program look at an entry. An entry that makes no record is named and stops nothing.
func (b *kindBench) judge(one entry) error {
	b.h.live.events.Add(1)
	line, err := one.record(b.line[:0])
	if err != nil {
		b.h.skip(b.origin, err.Error())
		return nil
	}
	// One long entry is no reason to hold as much for all that follow.
	if b.line = line; cap(line) > 1<<20 {
		b.line = nil
	}
	if b.workers == nil {
		for _, j := range b.judges {
			b.workers = append(b.workers, j.take())
		}
	}
	for i, j := range b.judges {
		b.in.Reset(line)
		_, err := b.workers[i].Scan(&b.in, b.origin, func(m detect.Match) error { return b.h.kindMatch(j, m, one) })
		if err != nil {
			return err
		}
	}
	return nil
}

// kindMatch makes a finding of a match, unless only correlations count it.
func (h *Hunter) kindMatch(j *kindJudge, m detect.Match, one entry) error {
	e := one.event()
	if len(j.program.Correlations()) > 0 {
		head, err := headOf(e)
		if err == nil {
			err = j.correlator.Add(m, head)
		}
		if err != nil {
			h.skip(e.Origin, err.Error())
		}
		h.stir()
	}
	if !j.program.Quiet(m.Rule) && !h.fold(m, e) {
		h.add(Found(m.Rule, e))
	}
	return nil
}

// headNames are the names of the head. A sender's field of such a name must not pass for it.
var headNames = [...]string{"eventID", "eventTime", "eventSource", "eventName", "awsRegion", "recipientAccountId", "sourceIPAddress", "errorCode"}

// appendRecord writes the record of an event. The log's own text is copied as it stands, unless it may hold one of the
// head's names.
func appendRecord(dst []byte, e quell.Event) ([]byte, error) {
	fields := bytes.TrimSpace(e.Raw)
	if hidesHead(fields) {
		var err error
		if fields, err = withoutHead(fields); err != nil {
			return nil, fmt.Errorf("read the fields of %s: %w", e.ID, err)
		}
	}
	if len(fields) < 2 || fields[0] != '{' {
		return nil, fmt.Errorf("read the fields of %s: no object", e.ID)
	}
	dst = append(dst, '{')
	for i, value := range [...]string{e.ID, e.Time.UTC().Format(time.RFC3339Nano), e.Source, e.Name, e.Region, e.Account, e.SourceIP, e.ErrorCode} {
		if value == "" {
			continue
		}
		dst = append(append(append(dst, '"'), headNames[i]...), '"', ':')
		dst = append(source.AppendText(dst, value), ',')
	}
	if rest := bytes.TrimLeft(fields[1:], " \t\r\n"); rest[0] == '}' {
		dst = dst[:len(dst)-1] // the comma; a time is always there
	}
	return append(dst, fields[1:]...), nil
}

// hidesHead says whether a text holds a name of the head, or an escape that may spell one. It may stand in a value or deeper
// down: to be wrong about that costs time only.
func hidesHead(fields []byte) bool {
	for _, name := range headNames {
		if bytes.Contains(fields, []byte(name)) {
			return true
		}
	}
	return bytes.Contains(fields, []byte(`\u`))
}

func withoutHead(fields []byte) ([]byte, error) {
	record := map[string]json.RawMessage{}
	if err := json.Unmarshal(fields, &record); err != nil {
		return nil, err
	}
	for _, name := range headNames {
		delete(record, name)
	}
	return json.Marshal(record)
}
