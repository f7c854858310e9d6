package main

// huntHTML is one self-contained page: incidents, timeline, techniques, entities. It runs no script, and html/template
// escapes all that came from logs; clean takes out what would turn text around or act on a terminal that shows the file.
const huntHTML = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Quell hunt</title>
<style>
:root{color-scheme:light dark}body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}
table{border-collapse:collapse;width:100%;margin:1rem 0}td,th{padding:.3rem .6rem;border-bottom:1px solid #8884;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{font-weight:600}.critical{color:#c00}.high{color:#d50}.medium{color:#a70}.low{opacity:.7}code{font-size:.9em}
.t{display:inline-block;border:1px solid #8886;border-radius:.3rem;padding:.1rem .5rem;margin:.1rem}
</style></head><body>
<h1>Hunt</h1><p>{{len .Incidents}} incidents, {{len .Findings}} findings; {{.Line}}</p>
<h2>Incidents</h2><table><tr><th>Id</th><th>Severity</th><th>Title</th><th>Since</th><th>Last seen</th><th>Playbook</th></tr>
{{range .Incidents}}<tr><td><code>{{clean .ID}}</code></td><td class="{{.Severity}}">{{.Severity}}</td><td>{{clean .Title}}</td><td>{{.Since.UTC.Format "2006-01-02 15:04:05Z"}}</td><td>{{.LastSeen.UTC.Format "2006-01-02 15:04:05Z"}}</td><td>{{clean .Playbook}}</td></tr>
{{end}}</table>
<h2>ATT&amp;CK techniques</h2><p>{{range .Techniques}}<span class="t">{{clean .ID}} ({{.Count}})</span>{{else}}none{{end}}</p>
<h2>Timeline</h2><table><tr><th>Time (UTC)</th><th>Severity</th><th>Finding</th><th>Account</th><th>Region</th><th>Entities</th></tr>
{{range .Findings}}<tr><td>{{.Time.UTC.Format "2006-01-02 15:04:05"}}</td><td class="{{.Severity}}">{{.Severity}}</td><td>{{clean .Title}}<br><small>{{clean .Why}}</small></td><td>{{clean .Account}}</td><td>{{clean .Region}}</td><td>{{range .Entities}}{{clean .Kind}} <code>{{clean .ID}}</code><br>{{end}}</td></tr>
{{end}}</table>
{{if .Skipped}}<h2>Not read</h2><table>{{range .Skipped}}<tr><td>{{clean .Path}}</td><td>{{clean .Why}}</td></tr>{{end}}</table>{{end}}
{{if .Blind}}<h2>Not seen</h2><ul>{{range .Blind}}<li>{{clean .}}</li>{{end}}</ul>{{end}}
</body></html>
`
