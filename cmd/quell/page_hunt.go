package main

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/hunt"
	"github.com/quell-ir/quell/source"
)

//go:embed page_hunt.html
var huntHTML string

//go:embed page_hunt.css
var huntCSS string

// What a page lists at the most. A browser shows some thousands of rows at ease; what is left out is said, with where it is.
const (
	maxPageFindings  = 1000
	maxPageEntities  = 500
	maxPageIncidents = 300
	maxPageRules     = 500
	maxPageSkipped   = 500
	maxOpenRows      = 60 // a longer list is folded at first
)

// pageView is what the page shows, in the order of the page.
type pageView struct {
	Policy        template.HTML
	Style         template.CSS
	Line, Span    string
	IncidentCount int
	FindingCount  int
	Severities    []severityCount
	Accounts      int
	Regions       int
	Incidents     []quell.Incident
	Timeline      *timeline
	Matrix        []hunt.TacticSeen
	Rules         []ruleCount
	Entities      []entityCount
	Findings      []quell.Finding
	LeftOut       []hunt.LeftOut
	Read, Blind   []string
	Skipped       []source.Skipped

	MoreIncidents, MoreRules, MoreEntities, MoreFindings, MoreSkipped string
	OpenEntities, OpenFindings, OpenSkipped                           bool
}

// writeHuntPage writes one self-contained page. It runs no script and loads nothing: the policy allows this very style
// sheet alone, so that even markup that got past the escaping could neither act nor look like ours.
func writeHuntPage(w io.Writer, r hunt.Result) error {
	page, err := template.New("hunt").Funcs(template.FuncMap{
		"clean": cleanValue, "cut": cutValue, "when": pageTime, "who": actorOf, "address": addressOf, "few": fewEvents, "rest": restOfEvents,
	}).Parse(huntHTML)
	if err != nil {
		return fmt.Errorf("read the page's template: %w", err)
	}
	if err := page.Execute(w, viewHunt(r)); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

// viewHunt counts over all findings before any list is shortened: what a page leaves out of its lists is in its numbers,
// its timeline and its matrix all the same.
func viewHunt(r hunt.Result) pageView {
	sum := sha256.Sum256([]byte(huntCSS))
	v := pageView{
		Policy: template.HTML(`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-` +
			base64.StdEncoding.EncodeToString(sum[:]) + `'" />`),
		Style:         template.CSS(huntCSS),
		Line:          readLine(r),
		IncidentCount: len(r.Incidents), FindingCount: len(r.Findings),
		Severities: countSeverities(r.Findings), Timeline: drawTimeline(r.Findings), Matrix: hunt.LayMatrix(r.Findings),
		LeftOut: r.LeftOut, Read: r.Read, Blind: r.Blind,
	}
	v.Accounts, v.Regions = countPlaces(r.Findings)
	if first, last, ok := spanOf(r.Findings); ok {
		v.Span = pageTime(first) + " to " + pageTime(last) + " UTC"
	}
	// The result is printed by others too, so its own order stays.
	incidents := slices.Clone(r.Incidents)
	slices.SortStableFunc(incidents, func(a, b quell.Incident) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), a.Since.Compare(b.Since))
	})
	v.Incidents, v.MoreIncidents = shorten(incidents, maxPageIncidents, "incidents", "the most severe")
	v.Rules, v.MoreRules = shorten(countRules(r.Findings), maxPageRules, "rules", "the most severe")
	v.Entities, v.MoreEntities = shorten(countEntities(r.Findings), maxPageEntities, "entities", "those of the most severe findings")
	v.Findings, v.MoreFindings = shorten(worstFirst(r.Findings), maxPageFindings, "findings", "the most severe")
	// Chosen by severity, told by time: an attack is read from its beginning.
	slices.SortStableFunc(v.Findings, func(a, b quell.Finding) int { return a.Time.Compare(b.Time) })
	v.Skipped, v.MoreSkipped = shorten(r.Skipped, maxPageSkipped, "entries", "the first")
	v.OpenEntities, v.OpenFindings, v.OpenSkipped = len(v.Entities) <= maxOpenRows, len(v.Findings) <= maxOpenRows, len(v.Skipped) <= maxOpenRows
	return v
}

// shorten keeps the first of a list, and says so in a sentence where others are left out.
func shorten[T any](list []T, most int, what, which string) ([]T, string) {
	if len(list) <= most {
		return list, ""
	}
	return list[:most:most], fmt.Sprintf("%d of %d %s are listed, %s; --json lists all.", most, len(list), what, which)
}

// cleanValue cleans whatever a template prints, its named string types too.
func cleanValue(v any) string { return tame(fmt.Sprint(v)) }

// cutValue cleans and shortens: a name of a megabyte would hide everything else.
func cutValue(v any) string { return quell.Cut(tame(fmt.Sprint(v)), 300) }

// pageTime says unknown rather than the year 1, which is what a finding without a time would show.
func pageTime(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// addressOf is where the first event with an address came from; a correlation may have many, and a cell has room for one.
func addressOf(f quell.Finding) string {
	for _, e := range f.Seen {
		if e.SourceIP != "" {
			return e.SourceIP
		}
	}
	return ""
}

// fewOfEvents are enough to look a finding up; a correlation over a thousand calls names a thousand.
const fewOfEvents = 3

func fewEvents(ids []string) []string { return ids[:min(len(ids), fewOfEvents)] }

func restOfEvents(ids []string) string {
	if len(ids) <= fewOfEvents {
		return ""
	}
	return fmt.Sprintf("and %d more", len(ids)-fewOfEvents)
}
