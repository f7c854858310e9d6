package main

import (
	"cmp"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/hunt"
)

// RulesCoverageCmd is `quell rules coverage`.
type RulesCoverageCmd struct {
	Output    string   `short:"o" help:"Format: table, json or html." default:"table" enum:"table,json,html"`
	Rules     []string `help:"Add the Sigma rules below a folder. Repeatable." type:"existingdir"`
	NoBuiltin bool     `help:"Leave Quell's own rules out."`
}

// Run implements the command.
func (c *RulesCoverageCmd) Run(m *Main) error {
	var folders []fs.FS
	for _, dir := range c.Rules {
		folders = append(folders, os.DirFS(dir))
	}
	// A rule that cannot be used sees nothing; the others are laid out all the same.
	rules, problems := hunt.Load(!c.NoBuiltin, folders...)
	for _, p := range problems {
		m.say("left out: %s", p.Error())
	}
	written, err := books()
	if err != nil {
		return err
	}
	coverage := hunt.Cover(rules, written)
	switch {
	case m.cli.JSON || c.Output == "json":
		return m.printJSON(coverage)
	case c.Output == "html":
		if err := coveragePage.Execute(m.Stdout, coverage); err != nil {
			return fmt.Errorf("write the coverage page: %w", err)
		}
		return nil
	}
	return writeCoverage(m.Stdout, coverage)
}

// writeCoverage fits eighty columns, whatever signs the names of people's own rules are written in.
func writeCoverage(out io.Writer, c hunt.Coverage) error {
	var b strings.Builder
	for _, column := range c.Tactics {
		fmt.Fprintln(&b, quell.Clean(column.Tactic))
		for _, t := range column.Techniques {
			fmt.Fprintf(&b, "  %s %s %-9s %s\n", pad(t.ID, 10), pad(t.Name, 28), worst(t), ruleNames(t, 27))
		}
		if len(column.Techniques) == 0 {
			fmt.Fprintln(&b, "  no rule")
		}
	}
	seen := 0
	for _, t := range c.Stratus {
		if len(t.Rules) > 0 {
			seen++
		}
	}
	fmt.Fprintf(&b, "\nStratus Red Team: %d of %d AWS techniques\n", seen, len(c.Stratus))
	for _, t := range c.Stratus {
		fmt.Fprintf(&b, "  %s %-9s %s\n", pad(strings.TrimPrefix(t.ID, "aws."), 39), worst(t), ruleNames(t, 27))
	}
	fmt.Fprintln(&b, "\nPlaybooks and the rules that ask for them")
	for _, t := range c.Playbooks {
		fmt.Fprintf(&b, "  %s %-9s %3d rules%s\n", pad(t.ID, 39), highest(t), len(t.Rules), unwritten(t))
	}
	fmt.Fprintln(&b, "\nLogs needed; without one its rules are blind")
	for _, n := range c.Needs {
		fmt.Fprintf(&b, "  %s %d rules\n", pad(n.Data, 39), len(n.Rules))
	}
	fmt.Fprintf(&b, "\n%d rules report, %d more feed them. * is seen only where a log is on that AWS\ndoes not record by default.\n", c.Rules, c.Feeding)
	if _, err := io.WriteString(out, b.String()); err != nil {
		return fmt.Errorf("write coverage: %w", err)
	}
	return nil
}

// highest is the severity of the rules that ask for a playbook. One that none asks for is not unseen: findings of AWS
// services ask for it, or people.
func highest(p hunt.PlaybookCoverage) string {
	if len(p.Rules) == 0 {
		return "-"
	}
	return worst(p.ThreatCoverage)
}

// unwritten marks a playbook that does not ship.
func unwritten(p hunt.PlaybookCoverage) string {
	if p.Written {
		return ""
	}
	return "; not yet written"
}

// worst is the highest severity of what sees a threat, with a mark where one kind of log decides everything and is not
// on by default.
func worst(t hunt.ThreatCoverage) string {
	if len(t.Rules) == 0 {
		return "unseen"
	}
	if optional(t) {
		return t.Severity.String() + "*"
	}
	return t.Severity.String()
}

// optional says that all rules need a log that AWS does not record unless told to.
func optional(t hunt.ThreatCoverage) bool {
	return len(t.BlindWithout) > 0 && t.BlindWithout[0] != "management events"
}

// ruleNames are the first rule and how many more, within a width.
func ruleNames(t hunt.ThreatCoverage, width int) string {
	if len(t.Rules) == 0 {
		return ""
	}
	more := ""
	if len(t.Rules) > 1 {
		more = fmt.Sprintf(" +%d", len(t.Rules)-1)
	}
	return fit(t.Rules[0].Name, width-len(more)) + more
}

var coveragePage = template.Must(template.New("coverage").Funcs(template.FuncMap{
	"clean": func(v any) string { return quell.Clean(fmt.Sprint(v)) },
	"worst": worst, "highest": highest,
	"name": func(t hunt.ThreatCoverage) string { return cmp.Or(t.Name, t.ID) },
}).Parse(coverageHTML))

// coverageHTML is one self-contained page: the matrix, Stratus, playbooks and what is needed. It runs no script.
const coverageHTML = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Quell: what the rules see</title>
<style>
:root{color-scheme:light dark}body{font:14px/1.4 system-ui,sans-serif;margin:1.5rem}
.matrix{display:flex;gap:.4rem;overflow-x:auto;align-items:flex-start}.matrix>div{flex:1 0 10rem}
h3{font-size:.9rem;margin:.3rem 0;text-transform:capitalize}.cell{border:1px solid #8886;border-left-width:.35rem;border-radius:.3rem;padding:.2rem .4rem;margin:.25rem 0}
.critical,.high{border-left-color:#d50}.medium{border-left-color:#da0}.low{border-left-color:#888}
table{border-collapse:collapse}td,th{padding:.25rem .6rem;border-bottom:1px solid #8884;text-align:left;vertical-align:top}
small{opacity:.75}summary{cursor:pointer}ul{margin:.2rem 0;padding-left:1.1rem}
</style></head><body>
<h1>What the rules see</h1><p>{{.Rules}} rules report, {{.Feeding}} more feed them. An asterisk marks what is seen only where a log is on that AWS does not record by default.</p>
<h2>ATT&amp;CK</h2><div class="matrix">
{{range .Tactics}}<div><h3>{{clean .Tactic}}</h3>{{range .Techniques}}<details class="cell {{.Severity}}"><summary>{{clean .ID}} {{clean (name .)}} <small>{{worst .}}</small></summary><ul>{{range .Rules}}<li>{{clean .Name}} <small>{{.Severity}}; {{clean .DataNeeded}}</small></li>{{end}}</ul></details>{{else}}<small>none</small>{{end}}</div>
{{end}}</div>
<h2>Stratus Red Team</h2><table><tr><th>Technique</th><th>Highest</th><th>Rules</th><th>Blind without</th></tr>
{{range .Stratus}}<tr><td>{{clean .ID}}</td><td>{{worst .}}</td><td>{{range .Rules}}{{clean .Name}}<br>{{end}}</td><td>{{range .BlindWithout}}{{clean .}}<br>{{end}}</td></tr>
{{end}}</table>
<h2>Playbooks</h2><table><tr><th>Playbook</th><th>Highest</th><th>Rules that ask for it</th></tr>
{{range .Playbooks}}<tr><td>{{clean .ID}}<br><small>{{clean .Name}}{{if not .Written}} (not yet written){{end}}</small></td><td>{{highest .}}</td><td>{{range .Rules}}{{clean .Name}} <small>{{.Severity}}</small><br>{{end}}</td></tr>
{{end}}</table>
<h2>Logs needed</h2><table><tr><th>Log</th><th>Rules that are blind without it</th></tr>
{{range .Needs}}<tr><td>{{clean .Data}}</td><td>{{len .Rules}}</td></tr>
{{end}}</table>
</body></html>
`
