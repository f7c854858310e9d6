package hunt

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/source"
)

// exampleJudge makes programs to judge examples by. Those on single records share one per log; a correlation has one of its
// own with the rules below it, so that nothing else can silence or refuse it.
type exampleJudge struct {
	rules  []*detect.Rule
	find   func(string) *detect.Rule
	logs   *logReader
	single map[detect.Logsource]*exampleProgram
}

// exampleProgram judges examples as a hunt judges logs.
type exampleProgram struct {
	program *detect.Program
	trail   bool // it reads CloudTrail records, given as they are
	kind    source.Kind
	data    string
	worker  *detect.Worker
}

func newExampleJudge(rules []*detect.Rule) *exampleJudge {
	return &exampleJudge{rules: rules, find: finder(rules), logs: newLogReader(rules), single: map[detect.Logsource]*exampleProgram{}}
}

// programFor is the program that reads the rule's log, nil for a rule that Check refuses. An error says why there is none.
func (j *exampleJudge) programFor(r *detect.Rule) (*exampleProgram, error) {
	at := j.logs.of(r)
	switch {
	case at.foreign != "":
		return nil, fmt.Errorf("is for %s, which Quell reads only by a --mapping: its examples cannot be judged", at.foreign)
	case len(at.logs) == 0, at.circle:
		return nil, nil
	}
	sources := readSources()
	from := sources[slices.IndexFunc(sources, func(s detect.Logsource) bool { return s.String() == at.logs[0] })]
	p, lists := j.single[from], listsOf(r)
	switch {
	case r.Correlation != nil || len(lists) > 0: // its lists are not the others'
		p = newExampleProgram(j.below(r, map[*detect.Rule]bool{}), detect.Options{Source: from, Placeholders: lists})
	case p == nil:
		p = newExampleProgram(slices.DeleteFunc(slices.Clone(j.rules), func(r *detect.Rule) bool { return r.Correlation != nil }), detect.Options{Source: from})
		j.single[from] = p
	}
	// One that cannot be compiled would pass as finding nothing, and its benign examples as good.
	if !slices.Contains(p.program.Rules(), r) && !slices.Contains(p.program.Correlations(), r) {
		return nil, nil
	}
	return p, nil
}

// listsOf are the values of placeholders that a rule's examples are judged with, under examples.placeholders: those that a
// hunt is given differ from one organisation to the next.
func listsOf(r *detect.Rule) map[string][]string {
	all, _ := r.Custom["examples"].(map[string]any)
	given, _ := all["placeholders"].(map[string]any)
	out := map[string][]string{}
	for name, values := range given {
		list, _ := values.([]any)
		for _, value := range list {
			out[name] = append(out[name], fmt.Sprint(value))
		}
	}
	return out
}

// below is a rule with all that it is over.
func (j *exampleJudge) below(r *detect.Rule, seen map[*detect.Rule]bool) []*detect.Rule {
	if r == nil || seen[r] {
		return nil
	}
	seen[r] = true
	out := []*detect.Rule{r}
	if r.Correlation != nil {
		for _, name := range r.Correlation.Rules {
			out = append(out, j.below(j.find(name), seen)...)
		}
	}
	return out
}

// newExampleProgram leaves out rules that cannot be used: Check tells of them.
func newExampleProgram(rules []*detect.Rule, options detect.Options) *exampleProgram {
	p := &exampleProgram{trail: options.Source == detect.CloudTrail(), data: dataFor(options.Source)}
	for kind, at := range kindSources() {
		if slices.Contains(at.sources, options.Source) {
			p.kind = kind
		}
	}
	p.program, _ = detect.Compile(rules, options)
	p.worker = p.program.NewWorker()
	return p
}

// found says whether a rule finds something in lines of its log. What cannot be read is an error, for it would pass as benign.
func (p *exampleProgram) found(ctx context.Context, r *detect.Rule, lines [][]byte) (bool, error) {
	text := append(bytes.Join(lines, []byte("\n")), '\n')
	if p.trail && r.Correlation == nil {
		// A record of an example need not be whole: what the rule asks of it is enough.
		found := false
		stats, err := p.worker.Scan(bytes.NewReader(text), "example", func(m detect.Match) error {
			found = found || m.Rule == r
			return nil
		})
		switch {
		case err != nil:
			return false, err
		case stats.BadTotal > 0:
			return false, errors.New("cannot be read: " + stats.Bad[0].Why)
		case stats.Events == 0:
			return false, errors.New("is no record")
		}
		return found, nil
	}
	// A fresh hunter each time: nothing of one stretch of events may count in the next.
	h := &Hunter{Program: p.program}
	if p.trail {
		if err := h.Records([]json.RawMessage{text}, "example"); err != nil {
			return false, err
		}
	} else if err := p.stream(ctx, h, text); err != nil {
		return false, err
	}
	if len(h.skipped) > 0 {
		return false, errors.New("cannot be read: " + quell.Clean(h.skipped[0].Why))
	}
	if h.events == 0 {
		return false, errors.New("is no record")
	}
	return slices.ContainsFunc(append(h.correlated(), h.findings...), func(f quell.Finding) bool { return f.Rule == r.ID }), nil
}

// stream reads lines as a file of the log, so that a line which is not recognised in a hunt is not here either.
func (p *exampleProgram) stream(ctx context.Context, h *Hunter, text []byte) error {
	none, problems := detect.Compile(nil, detect.Options{})
	if len(problems) > 0 {
		return problems[0]
	}
	h.Program = none
	h.Kinds = KindPrograms{p.kind: {{program: p.program, correlator: p.program.NewCorrelator(0), span: longestSpan(p.program), data: p.data}}}
	report, err := source.Stream(ctx, "example", bytes.NewReader(text), int64(len(text)), source.Options{Workers: 1}, func(ctx context.Context, d source.Document) error {
		if d.Kind != p.kind {
			return fmt.Errorf("is read as %s, not as %s", d.Kind, p.kind)
		}
		return h.document(ctx, d)
	})
	h.skipAll(report.Skipped)
	return err
}
