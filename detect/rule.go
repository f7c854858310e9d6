package detect

import (
	"fmt"
	"time"

	"github.com/quell-ir/quell"
)

// Rule is one Sigma rule: a detection on single records, or a Correlation over the matches of other rules.
type Rule struct {
	// ID is the rule's id; where it has none, its name, else its file's name. Unique within a Program.
	ID, Name, Title, Description, Status, Author string
	Level                                        quell.Severity
	// Informational marks the level of that name, which Severity cannot tell from low: "no alert should be triggered".
	Informational bool
	// Tags as written; Techniques are the ATT&CK ids among them: attack.t1078.004 becomes T1078.004.
	Tags, Techniques []string
	Logsource        Logsource
	FalsePositives   []string
	References       []string
	// Fields are worth showing to whoever reads a match.
	Fields []string
	// Custom holds every top-level key that Sigma does not define, as plain data: string, float64, bool, nil, []any,
	// map[string]any.
	Custom map[string]any
	// Correlation is nil for rules on single records.
	Correlation *Correlation
	// Once has each Worker report the rule's first match only, and pass it over from then on at no cost: for rules that ask
	// what a log holds. A match may come again after two billion records.
	Once bool
	Path string
	Line int

	cond *expr
}

// Logsource says which logs a rule reads. An empty part stands for any.
type Logsource struct {
	Product, Service, Category string
}

// CloudTrail is the log source that Quell reads unless told otherwise.
func CloudTrail() Logsource { return Logsource{Product: "aws", Service: "cloudtrail"} }

// Reads reports whether a rule written for l applies to records of the source.
func (l Logsource) Reads(source Logsource) bool {
	fits := func(want, have string) bool { return want == "" || want == have }
	return fits(l.Product, source.Product) && fits(l.Service, source.Service) && fits(l.Category, source.Category)
}

// String is product/service/category with "*" for any, for people.
func (l Logsource) String() string {
	star := func(s string) string {
		if s == "" {
			return "*"
		}
		return s
	}
	return star(l.Product) + "/" + star(l.Service) + "/" + star(l.Category)
}

// Problem says why a rule was refused, and where.
type Problem struct {
	Path string `json:"path"`
	// Line counts from 1; 0 where the whole file is meant.
	Line int    `json:"line"`
	Why  string `json:"why"`
}

// Error implements error; the text is safe to show.
func (p Problem) Error() string {
	return quell.Clean(fmt.Sprintf("%s:%d: %s", p.Path, p.Line, p.Why))
}

// CorrelationType is one of Sigma's four.
type CorrelationType string

// The types of correlation.
const (
	EventCount      CorrelationType = "event_count"
	ValueCount      CorrelationType = "value_count"
	Temporal        CorrelationType = "temporal"
	TemporalOrdered CorrelationType = "temporal_ordered"
)

// Correlation is the part of a Rule that looks at matches of other rules instead of records.
type Correlation struct {
	Type CorrelationType
	// Rules are ids or names, in written order (which temporal_ordered goes by).
	Rules   []string
	GroupBy []string
	// Aliases give a group-by name its field per rule: Aliases[alias][rule id or name] = field path.
	Aliases  map[string]map[string]string
	Timespan time.Duration
	// Conditions must all hold for the count. Empty for temporal types without one: all rules must occur.
	Conditions []Bound
	// Field is what value_count counts distinct values of.
	Field string
	// Generate lets the rules referred to report on their own too; by default they only feed the correlation.
	Generate bool
}

// Bound is one comparison of a count: Op is gt, gte, lt, lte or eq.
type Bound struct {
	Op string
	N  int64
}

// Holds reports whether n satisfies the bound.
func (b Bound) Holds(n int64) bool { return compare(b.Op, float64(n), float64(b.N)) }
