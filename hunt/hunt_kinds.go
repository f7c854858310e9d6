package hunt

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/source"
)

// readKind reads a log's entries and says how many lines gave none, with the first of them.
type readKind func(ctx context.Context, r io.Reader, origin string, emit func(entry) error) (source.LogReport, error)

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
	return map[source.Kind]kindSource{
		source.KindFlowLog:  {readFlows, aws("vpcflow")},
		source.KindResolver: {readEvents(source.ReadResolver), aws("route53resolver")},
		source.KindWAF:      {readEvents(source.ReadWAF), aws("waf")},
		source.KindS3Access: {readEvents(source.ReadS3Access), aws("s3access")},
		source.KindELB:      {readEvents(source.ReadELB), aws("elb")},
		source.KindEKSAudit: {readEvents(source.ReadEKSAudit), append(aws("eksaudit"), kubernetesAudit())},
	}
}

// kubernetesAudit is Sigma's own name for the audit log of a cluster, wherever it runs.
func kubernetesAudit() detect.Logsource {
	return detect.Logsource{Product: "kubernetes", Category: "application", Service: "audit"}
}

// KindPrograms are the programs for the logs beside CloudTrail.
type KindPrograms map[source.Kind][]*kindJudge

// kindJudge is one program for one log, with what its correlations have seen.
type kindJudge struct {
	program    *detect.Program
	correlator *detect.Correlator
	span       time.Duration
	data       string // what rules call the log that it judges

	mu      sync.Mutex
	workers []*detect.Worker // those that nobody uses at the moment
	used    bool             // it has judged something
}

// CompileKinds makes a program for every log beside CloudTrail that some rule is written for. who is what a user says about
// people; it may be nil.
func CompileKinds(rules []*detect.Rule, who *People) (KindPrograms, error) {
	_, values, err := who.fill(nil)
	if err != nil {
		return nil, err
	}
	out := KindPrograms{}
	for kind, at := range kindSources() {
		for _, from := range at.sources {
			chosen := rulesFor(rules, from)
			if len(chosen) == 0 {
				continue
			}
			judge, err := newKindJudge(chosen, from, values)
			if err != nil {
				return nil, err
			}
			judge.data = dataFor(from)
			out[kind] = append(out[kind], judge)
		}
	}
	return out, nil
}

// newKindJudge compiles the rules that were chosen for a log; values are those of placeholders.
func newKindJudge(chosen []*detect.Rule, from detect.Logsource, values map[string][]string) (*kindJudge, error) {
	program, problems := detect.Compile(chosen, detect.Options{Source: from, Placeholders: values})
	if err := refused(problems); err != nil {
		return nil, err
	}
	return &kindJudge{program: program, correlator: program.NewCorrelator(0), span: longestSpan(program)}, nil
}

// rulesFor takes the rules on single records of a log source, and the correlations over those alone. A rule that names
// neither service nor category would be judged on every log there is; only CloudTrail's program takes it.
func rulesFor(rules []*detect.Rule, from detect.Logsource) []*detect.Rule {
	var out []*detect.Rule
	for _, r := range rules {
		if r.Correlation == nil && r.Logsource.Service+r.Logsource.Category != "" && r.Logsource.Reads(from) {
			out = append(out, r)
		}
	}
	return append(out, correlationsOf(rules, out)...)
}

// withoutOthers leaves out the correlations over other logs than CloudTrail: its program would refuse them for rules that
// it does not hold. Single rules stay, since the program tells them apart itself. Those over several logs go too.
func withoutOthers(rules []*detect.Rule, mixed mixture) []*detect.Rule {
	others := map[*detect.Rule]bool{}
	for r := range mixed {
		others[r] = true
	}
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
	if d.Kind == source.KindMapped {
		at, known = mappedSource(*d.Mapping), true
	}
	judges := h.Kinds[d.Kind]
	if !known || len(judges) == 0 {
		h.skip(d.Origin, fmt.Sprintf("%s records: no rule is written for them", d.Kind))
		return nil
	}
	bench := &kindBench{h: h, judges: judges, origin: d.Origin}
	report, err := at.read(ctx, d.Reader, d.Origin, bench.judge)
	bench.close()
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

// take hands out a set of buffers: as many are made as goroutines judge at once.
func (j *kindJudge) take() *detect.Worker {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.used = true
	if n := len(j.workers); n > 0 {
		w := j.workers[n-1]
		j.workers = j.workers[:n-1]
		return w
	}
	return j.program.NewWorker()
}

// heard says whether anything of its log was judged.
func (j *kindJudge) heard() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.used
}

func (j *kindJudge) give(w *detect.Worker) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.workers = append(j.workers, w)
}
