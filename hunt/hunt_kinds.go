package hunt

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/detections/otherlogs"
	"github.com/quell-ir/quell/source"
)

// readKind reads a log into events and says how many lines gave none, with the first of them.
type readKind func(ctx context.Context, r io.Reader, origin string, emit func(quell.Event) error) (source.LogReport, error)

// kindSource is a log beside CloudTrail: what reads it, and the Sigma log sources whose rules judge it.
type kindSource struct {
	read    readKind
	sources []detect.Logsource
}

// kindSources names each log as Sigma's rules do. EKS audit is Kubernetes' own log, so rules for either name apply.
func kindSources() map[source.Kind]kindSource {
	aws := func(services ...string) []detect.Logsource {
		var out []detect.Logsource
		for _, service := range services {
			out = append(out, detect.Logsource{Product: "aws", Service: service})
		}
		return out
	}
	kubernetes := detect.Logsource{Product: "kubernetes", Category: "application", Service: "audit"}
	return map[source.Kind]kindSource{
		source.KindFlowLog:  {readFlows, aws("vpcflow")},
		source.KindResolver: {source.ReadResolver, aws("route53resolver")},
		source.KindWAF:      {source.ReadWAF, aws("waf")},
		source.KindS3Access: {source.ReadS3Access, aws("s3access")},
		source.KindELB:      {source.ReadELB, aws("elb")},
		source.KindEKSAudit: {source.ReadEKSAudit, append(aws("eksaudit"), kubernetes)},
	}
}

// readFlows tells intervals that AWS failed to capture like lines that could not be read: both are gaps.
func readFlows(ctx context.Context, r io.Reader, origin string, emit func(quell.Event) error) (source.LogReport, error) {
	flows, err := source.ReadFlowLog(ctx, r, origin, emit)
	report := source.LogReport{Lines: flows.Lines, Events: flows.Events, Quiet: flows.NoData, BadTotal: flows.BadTotal, Bad: flows.Bad}
	if flows.SkipData > 0 {
		report.BadTotal += flows.SkipData
		report.Bad = append(report.Bad, source.BadLine{Line: flows.Lines, Why: fmt.Sprintf("%d intervals that AWS failed to capture (SKIPDATA)", flows.SkipData)})
	}
	return report, err
}

// KindPrograms are the programs for the logs beside CloudTrail.
type KindPrograms map[source.Kind][]*kindJudge

// kindJudge is one program for one log, with what its correlations have seen.
type kindJudge struct {
	program    *detect.Program
	correlator *detect.Correlator
	span       time.Duration

	mu      sync.Mutex
	workers []*detect.Worker // those that nobody uses at the moment
}

// CompileKinds makes a program for every log beside CloudTrail that some rule is written for.
func CompileKinds(rules []*detect.Rule) (KindPrograms, error) {
	out := KindPrograms{}
	for kind, at := range kindSources() {
		for _, from := range at.sources {
			chosen := rulesFor(rules, from)
			if len(chosen) == 0 {
				continue
			}
			program, problems := detect.Compile(chosen, detect.Options{Source: from})
			if err := refused(problems); err != nil {
				return nil, err
			}
			out[kind] = append(out[kind], &kindJudge{program: program, correlator: program.NewCorrelator(0), span: longestSpan(program)})
		}
	}
	return out, nil
}

// LoadKinds adds Quell's own rules for logs beside CloudTrail to others.
func LoadKinds(rules []*detect.Rule) ([]*detect.Rule, []detect.Problem) {
	own, problems := load(false, withoutExamples, []fs.FS{otherlogs.FS})
	return append(slices.Clip(rules), own...), problems
}

// rulesFor takes the rules on single records of a log source, and the correlations over those alone. A rule that names
// no service would be judged on every log there is; only CloudTrail's program takes it.
func rulesFor(rules []*detect.Rule, from detect.Logsource) []*detect.Rule {
	var out []*detect.Rule
	for _, r := range rules {
		if r.Correlation == nil && r.Logsource.Service != "" && r.Logsource.Reads(from) {
			out = append(out, r)
		}
	}
	return append(out, correlationsOf(rules, out)...)
}

// withoutOthers leaves out the correlations over other logs than CloudTrail: its program would refuse them for rules that
// it does not hold. Single rules stay, since the program tells them apart itself.
func withoutOthers(rules []*detect.Rule) []*detect.Rule {
	others := map[*detect.Rule]bool{}
	for _, at := range kindSources() {
		for _, from := range at.sources {
			for _, r := range rulesFor(rules, from) {
				others[r] = r.Correlation != nil
			}
		}
	}
	out := make([]*detect.Rule, 0, len(rules))
	for _, r := range rules {
		if !others[r] {
			out = append(out, r)
		}
	}
	return out
}

// correlationsOf finds the correlations whose rules are all among the chosen, or correlations over those.
func correlationsOf(rules, chosen []*detect.Rule) []*detect.Rule {
	known := map[string]bool{}
	for _, r := range chosen {
		known[r.ID], known[r.Name] = true, r.Name != ""
	}
	var out []*detect.Rule
	taken := map[*detect.Rule]bool{}
	// Correlations may refer to each other in any order: as long as a round finds one, another may follow.
	for found := true; found; {
		found = false
		for _, r := range rules {
			if r.Correlation == nil || taken[r] || !allKnown(r.Correlation.Rules, known) {
				continue
			}
			taken[r], found = true, true
			out = append(out, r)
			known[r.ID], known[r.Name] = true, r.Name != ""
		}
	}
	return out
}

func allKnown(names []string, known map[string]bool) bool {
	for _, name := range names {
		if !known[name] {
			return false
		}
	}
	return true
}

func longestSpan(p *detect.Program) time.Duration {
	var span time.Duration
	for _, r := range p.Correlations() {
		span = max(span, r.Correlation.Timespan)
	}
	return span
}

// kind judges a document of a log beside CloudTrail.
func (h *Hunter) kind(ctx context.Context, d source.Document) error {
	at, known := kindSources()[d.Kind]
	judges := h.Kinds[d.Kind]
	if !known || len(judges) == 0 {
		h.skip(d.Origin, fmt.Sprintf("%s records: no rule is written for them", d.Kind))
		return nil
	}
	report, err := at.read(ctx, d.Reader, d.Origin, func(e quell.Event) error {
		line, err := kindRecord(e)
		if err != nil {
			h.skip(d.Origin, err.Error())
			return nil
		}
		for _, j := range judges {
			if err := h.kindEvent(j, e, line); err != nil {
				return err
			}
		}
		return nil
	})
	h.mu.Lock()
	h.events += int64(report.Events)
	h.mu.Unlock()
	if report.BadTotal > 0 {
		why := fmt.Sprintf("%d of %d lines gave no event", report.BadTotal, report.Lines)
		if len(report.Bad) > 0 {
			why += fmt.Sprintf(", first line %d: %s", report.Bad[0].Line, report.Bad[0].Why)
		}
		h.mu.Lock()
		h.skipped = append(h.skipped, source.Skipped{Path: d.Origin, Why: why, Rows: report.Bad})
		h.mu.Unlock()
	}
	return err
}

// kindEvent judges one event by one program.
func (h *Hunter) kindEvent(j *kindJudge, e quell.Event, line []byte) error {
	w := j.take()
	defer j.give(w)
	_, err := w.Scan(bytes.NewReader(line), e.Origin, func(m detect.Match) error {
		if len(j.program.Correlations()) > 0 {
			if err := j.correlator.Add(m, &e); err != nil {
				h.skip(e.Origin, err.Error())
			}
		}
		if !j.program.Quiet(m.Rule) {
			h.add(Found(m.Rule, e))
		}
		return nil
	})
	return err
}

// take hands out a set of buffers: as many are made as goroutines judge at once.
func (j *kindJudge) take() *detect.Worker {
	j.mu.Lock()
	defer j.mu.Unlock()
	if n := len(j.workers); n > 0 {
		w := j.workers[n-1]
		j.workers = j.workers[:n-1]
		return w
	}
	return j.program.NewWorker()
}

func (j *kindJudge) give(w *detect.Worker) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.workers = append(j.workers, w)
}

// kindRecord is the record that rules see: the log's own fields by their names, and the head that every event has by
// CloudTrail's names, so that a rule and a correlation find the id, the time and the address in one place.
func kindRecord(e quell.Event) ([]byte, error) {
	record := map[string]json.RawMessage{}
	if err := json.Unmarshal(e.Raw, &record); err != nil {
		return nil, fmt.Errorf("read the fields of %s: %w", e.ID, err)
	}
	for name, value := range map[string]string{
		"eventID": e.ID, "eventTime": e.Time.UTC().Format(time.RFC3339Nano), "eventSource": e.Source, "eventName": e.Name,
		"awsRegion": e.Region, "recipientAccountId": e.Account, "sourceIPAddress": e.SourceIP, "errorCode": e.ErrorCode,
	} {
		if value == "" {
			delete(record, name) // the head is ours: a field that a sender named like it must not pass for it
			continue
		}
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("write the head of %s: %w", e.ID, err)
		}
		record[name] = text
	}
	out, err := json.Marshal(record)
	if err != nil {
		return nil, fmt.Errorf("write the record of %s: %w", e.ID, err)
	}
	return out, nil
}
