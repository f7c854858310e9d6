package review

import (
	"fmt"
	"strings"
	"time"

	"github.com/quell-ir/quell"
)

// Report is a post-incident review. Its text is cleaned, but not escaped for any form of output.
type Report struct {
	Incident string    `json:"incident"`
	Title    string    `json:"title"`
	Severity string    `json:"severity"`
	Standing string    `json:"standing"`
	Written  time.Time `json:"written"`
	// Records is how many ledger records the report was made from.
	Records  int64     `json:"ledger_records"`
	Metrics  []Metric  `json:"metrics"`
	Actions  []Action  `json:"actions"`
	Sections []Section `json:"sections"`
}

// Section is a chapter: statements, then tables.
type Section struct {
	ID         string      `json:"id"`
	Title      string      `json:"title"`
	Statements []Statement `json:"statements,omitempty"`
	Tables     []Table     `json:"tables,omitempty"`
}

// Statement is one sentence with the records that show it. Only what says that something is not on record, or asks
// a person to fill something in, has none.
type Statement struct {
	Text    string  `json:"text"`
	Records []int64 `json:"records,omitempty"`
}

// Table holds rows of as many cells as it has columns; the records behind a row are its last column when it is shown.
type Table struct {
	Caption string   `json:"caption"`
	Columns []string `json:"columns"`
	Rows    []Row    `json:"rows"`
	// Empty says what an empty table means.
	Empty string `json:"empty,omitempty"`
}

// Row is one line of a table.
type Row struct {
	Cells   []string `json:"cells"`
	Records []int64  `json:"records,omitempty"`
	// Mark lifts a row out: a clock may have started, an action leaked.
	Mark bool `json:"mark,omitempty"`
}

// From makes the report of a case. It fails where the records are not an incident's whole ledger.
func From(c Case) (Report, error) {
	f, err := gather(c)
	if err != nil {
		return Report{}, err
	}
	r := Report{
		Incident: quell.Clean(c.Incident.ID), Title: quell.Clean(c.Incident.Title), Severity: c.Incident.Severity.String(),
		Standing: string(c.Incident.Standing), Written: c.Now.UTC(), Records: int64(len(c.Records)), Metrics: f.metrics(),
	}
	r.Actions = f.lessons()
	r.Sections = []Section{
		f.header(), f.summary(), f.impact(), f.timeline(), metricSection(r.Metrics, f.times), f.detection(), f.response(),
		f.analysis(), f.rootCause(), f.containment(), f.recovery(), f.regulation(), f.register(), lessonSection(r.Actions),
		f.signOff(), f.annex(),
	}
	return r, nil
}

func (s *Section) say(records []int64, format string, args ...any) {
	s.Statements = append(s.Statements, Statement{quell.Clean(fmt.Sprintf(format, args...)), records})
}

func (t *Table) row(records []int64, cells ...string) *Row {
	for i, c := range cells {
		cells[i] = quell.Clean(c)
	}
	t.Rows = append(t.Rows, Row{Cells: cells, Records: records})
	return &t.Rows[len(t.Rows)-1]
}

// stamp writes a moment in UTC; a time nobody knows is said, not left blank.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "not on record"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// name is what people call an entity.
func name(e quell.Entity) string {
	switch {
	case e.ID == "" && e.Name == "":
		return "nobody named"
	case e.Name == "" || e.Name == e.ID:
		return quell.Clean(string(e.Kind) + " " + e.ID)
	}
	return quell.Clean(fmt.Sprintf("%s %s (%s)", e.Kind, e.Name, e.ID))
}

func listed(items []string, none string) string {
	if len(items) == 0 {
		return none
	}
	return strings.Join(items, ", ")
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
