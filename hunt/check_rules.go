package hunt

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quell-ir/quell/detect"
)

// Checked says which rules can be used. Its JSON is a promise to scripts.
type Checked struct {
	Accepted int              `json:"accepted"`
	Rejected []detect.Problem `json:"rejected"`
	// Unread are accepted rules that never fire, because they are for logs that Quell does not read.
	Unread []detect.Problem `json:"unread"`
}

// Check judges rules as a hunt would use them: each by the program of its log, correlations with the rules they name, be they
// among the rules or beside them. Of rules with one id the first stays; those beside give way.
func Check(rules, beside []*detect.Rule) Checked {
	out := Checked{Rejected: []detect.Problem{}, Unread: []detect.Problem{}}
	all := join(rules, beside)
	mixed := mixedCorrelations(all)
	problems := mixed.problems()
	_, refused := detect.Compile(withoutOthers(all, mixed), detect.Options{})
	problems = append(problems, refused...)
	for _, at := range kindSources() {
		for _, from := range at.sources {
			_, refused := detect.Compile(rulesFor(all, from), detect.Options{Source: from})
			problems = append(problems, refused...)
		}
	}
	// Rules are told apart by their files: a problem may name a line within a rule, not where it begins.
	asked := map[string]bool{}
	for _, r := range rules {
		asked[r.Path] = true
	}
	for _, p := range problems {
		// A rule refused by several programs is refused once; what stands beside is not asked about.
		if asked[p.Path] && !slices.Contains(out.Rejected, p) {
			out.Rejected = append(out.Rejected, p)
		}
	}
	logs := newLogReader(all)
	for _, r := range rules {
		if at := logs.of(r); at.foreign != "" {
			out.Unread = append(out.Unread, detect.Problem{Path: r.Path, Line: r.Line, Why: "never fires: it is for " + at.foreign + ", which Quell reads only by a --mapping"})
		}
	}
	out.Accepted = len(rules) - len(out.Rejected)
	slices.SortStableFunc(out.Rejected, func(a, b detect.Problem) int {
		if n := strings.Compare(a.Path, b.Path); n != 0 {
			return n
		}
		return a.Line - b.Line
	})
	return out
}

// join puts rules beside others, leaving out those whose id is taken: whoever checks a copy of our own rules, or a changed one,
// asks about the copy.
func join(rules, beside []*detect.Rule) []*detect.Rule {
	taken := map[string]bool{}
	for _, r := range rules {
		taken[r.ID] = true
	}
	out := slices.Clone(rules)
	for _, r := range beside {
		if !taken[r.ID] {
			out = append(out, r)
		}
	}
	return out
}

// mixture are the correlations that no program can judge, each with the reason; none for those over logs that are not read.
type mixture map[*detect.Rule]string

// mixedCorrelations finds the correlations that no one program can judge.
func mixedCorrelations(rules []*detect.Rule) mixture {
	logs := newLogReader(rules)
	out := mixture{}
	for _, r := range rules {
		if at := logs.of(r); r.Correlation != nil && (at.why != "" || at.foreign != "") {
			out[r] = at.why
		}
	}
	return out
}

// problems are the refusals, in the order of files.
func (m mixture) problems() []detect.Problem {
	var out []detect.Problem
	for r, why := range m {
		if why != "" {
			out = append(out, detect.Problem{Path: r.Path, Line: r.Line, Why: why})
		}
	}
	slices.SortFunc(out, func(a, b detect.Problem) int {
		if n := strings.Compare(a.Path, b.Path); n != 0 {
			return n
		}
		return a.Line - b.Line
	})
	return out
}

// logReader tells which logs rules are for, looking at each rule once however many name it.
type logReader struct {
	find func(string) *detect.Rule
	memo map[*detect.Rule]ruleLogs
}

// ruleLogs are the log sources whose programs can judge a rule: of a correlation, those that can judge all it is over.
type ruleLogs struct {
	logs []string
	// foreign is the first log source below the rule that nothing reads, "" where all are read.
	foreign string
	// why nothing can judge a correlation: it names what is not there, or rules for different logs.
	why string
	// circle where it names itself, by way of others; compiling says so.
	circle bool
}

func newLogReader(rules []*detect.Rule) *logReader {
	return &logReader{finder(rules), map[*detect.Rule]ruleLogs{}}
}

func (l *logReader) of(r *detect.Rule) ruleLogs {
	// Correlations over correlations fan out: without this, sixty lines of a rule file would keep a machine busy for years.
	if out, ok := l.memo[r]; ok {
		return out
	}
	l.memo[r] = ruleLogs{circle: true} // what it is to those it names
	out := l.look(r)
	l.memo[r] = out
	return out
}

func (l *logReader) look(r *detect.Rule) (out ruleLogs) {
	if r.Correlation == nil {
		for _, from := range readSources() {
			// A rule that names neither service nor category would be judged on every log there is; only CloudTrail's program takes it.
			if r.Logsource.Reads(from) && (from == detect.CloudTrail() || r.Logsource.Service+r.Logsource.Category != "") {
				out.logs = append(out.logs, from.String())
			}
		}
		if len(out.logs) == 0 {
			out.foreign = r.Logsource.String()
		}
		return out
	}
	var parts []string
	for i, name := range r.Correlation.Rules {
		to := l.find(name)
		if to == nil {
			return ruleLogs{why: fmt.Sprintf("correlation: there is no rule with id or name %q", name)}
		}
		theirs := l.of(to)
		if theirs.why != "" {
			return ruleLogs{why: fmt.Sprintf("correlation: the rule %q it refers to was refused", name)}
		}
		out.circle = out.circle || theirs.circle
		if out.foreign == "" {
			out.foreign = theirs.foreign
		}
		if i == 0 {
			out.logs = theirs.logs
		}
		out.logs = slices.DeleteFunc(slices.Clone(out.logs), func(log string) bool { return !slices.Contains(theirs.logs, log) })
		parts = append(parts, fmt.Sprintf("%q reads %s", name, strings.Join(theirs.logs, " or ")))
	}
	if len(out.logs) == 0 && out.foreign == "" && !out.circle {
		// A correlator sees one program's matches, and a program reads one log: an address of a flow log and one of a trail
		// are not the same field, and whether they mean the same is more than a rule can say.
		out.why = "a correlation is over one log, and its rules are for several (" + strings.Join(parts, ", ") +
			"): write one correlation per log; findings of both that share an entity make one incident"
	}
	return out
}

// LogNames tell which log each rule reads, as product/service/category: a correlation reads that of the rules it is over.
func LogNames(rules []*detect.Rule) map[*detect.Rule]string {
	logs := newLogReader(rules)
	out := map[*detect.Rule]string{}
	for _, r := range rules {
		if out[r] = r.Logsource.String(); r.Correlation != nil {
			at := logs.of(r)
			out[r] = strings.Join(at.logs, " or ") + at.foreign
		}
	}
	return out
}

// readSources are the log sources that there are programs for.
func readSources() []detect.Logsource {
	out := []detect.Logsource{detect.CloudTrail()}
	for _, at := range kindSources() {
		out = append(out, at.sources...)
	}
	slices.SortFunc(out[1:], func(a, b detect.Logsource) int { return strings.Compare(a.String(), b.String()) })
	return out
}
