package review

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/quell-ir/quell"
)

// hostile is what an intruder may put in a user agent, a user name or an error message.
var hostile = []string{
	"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "a|b|c", "=HYPERLINK(\"http://evil.example\")", "+1+cmd|' /C calc'!A0",
	"\x1b[2J\x1b]8;;http://evil.example\x07x", "line\nbreak\r\n# heading", "![x](http://evil.example/p.png)", "[click](javascript:alert(1))",
	"http://evil.example/?a|b`c", "www.evil.example", "mail@evil.example", "`code` **bold** _i_ ~~s~~", "&lt;b&gt;", "1. item", "- item", "\u202egnp.exe",
	"\"><style>*{display:none}</style>", "{{.Report}}", "\\|", "$x^2$", "</td></tr></table>", "\xff\xfe",
}

func hostileCase(t testing.TB, text string) Case {
	l := &ledger{t: t, next: noon}
	e := quell.Entity{Kind: quell.KindUser, ID: text, Name: text, Part: quell.PartMade}
	in := quell.Incident{ID: "q-0123456789", Title: text, Subject: e, Account: text, Playbook: text, People: map[quell.Role]string{quell.Legal: text}}
	l.add(quell.RecordOpened, "quell", "", in)
	l.add(quell.RecordFinding, "quell", "", quell.Finding{ID: "f", Rule: text, Title: text, Time: noon, Techniques: []string{text}, Entities: []quell.Entity{e}, Source: text,
		Seen: []quell.Event{{ID: text, Name: text, UserAgent: text, SourceIP: text, Time: noon}}})
	l.add(quell.RecordScope, "quell", "", quell.Scope{Subject: e, Blind: []string{text}, Read: []string{text}, Entities: []quell.Entity{e}})
	l.add(quell.RecordBound, "quell", "", quell.Bound{Playbook: text, Version: text, Steps: []quell.PlanStep{{ID: text, Action: text, Target: e, Phase: quell.Contain}}})
	l.add(quell.RecordPlanned, "quell", text, quell.Planned{Breaks: []string{text}, Digest: text})
	l.add(quell.RecordAttempt, text, text, quell.Attempt{Why: text, Digest: text})
	l.add(quell.RecordDecision, text, text, quell.Decision{Step: text, Person: text, Reason: text, Digest: text})
	l.call(text, "k", text, false, quell.Result{Code: text, Message: text, RequestID: text, Lost: []string{text}})
	l.add(quell.RecordStep, "quell", text, quell.StepChange{Status: quell.StepFailed, Why: text})
	l.add(quell.RecordEvidence, text, "", quell.Evidence{Name: text, SHA256: text, From: text, Missing: []string{text}})
	l.add(quell.RecordProbe, "quell", "", quell.Probe{What: text, Note: text})
	l.add(quell.RecordVerdict, "quell", "", quell.Verdict{Verdict: quell.Unknown, Why: text, Blind: []string{text}})
	l.add(quell.RecordNote, text, "", quell.Note{Text: text})
	l.add(quell.RecordClosed, text, "", quell.Closing{Reason: text, Root: text})
	return Case{Incident: in, Records: l.records, Odd: []string{text}, Now: noon,
		Timeline: []Moment{{Time: noon, Lane: text, Text: text, Event: text}}, Edges: []Edge{{From: text, To: text, Verb: text}}}
}

var (
	tags      = regexp.MustCompile(`<[^>]*>`)
	tagNames  = regexp.MustCompile(`^</?(html|head|body|meta|title|style|header|nav|main|section|p|h1|h2|h3|ol|ul|li|a|span|div|table|thead|tbody|tr|th|td)[ >]`)
	ownLinks  = regexp.MustCompile(`href="#[a-z-]+"`)
	codeSpans = regexp.MustCompile("`[^`]*`")
)

// checkHostile says what is wrong with the outputs for one text.
func checkHostile(t *testing.T, text string) {
	t.Helper()
	r := report(t, hostileCase(t, text))
	var page, md, plain bytes.Buffer
	if err := errors.Join(r.HTML(&page), r.Markdown(&md), r.JSON(&plain)); err != nil {
		t.Fatal(err)
	}
	for name, out := range map[string]string{"HTML": page.String(), "Markdown": md.String(), "JSON": plain.String()} {
		if strings.ContainsAny(out, "\x1b\x07\x00\r\u202e") {
			t.Errorf("%s of %q holds control characters", name, text)
		}
	}
	_, body, _ := strings.Cut(page.String(), "</style>")
	for _, tag := range tags.FindAllString(body, -1) {
		if !tagNames.MatchString(tag) || strings.Contains(tag, "style=") || strings.Contains(tag, " on") {
			t.Errorf("page of %q holds the tag %q", text, tag)
		}
		if strings.Contains(tag, "href") && !ownLinks.MatchString(tag) {
			t.Errorf("page of %q links out: %q", text, tag)
		}
	}
	checkMarkdown(t, text, md.String())
	var back Report
	if err := json.Unmarshal(plain.Bytes(), &back); err != nil || len(back.Sections) != len(r.Sections) {
		t.Errorf("JSON of %q does not come back: %v", text, err)
	}
}

func checkMarkdown(t *testing.T, text, md string) {
	t.Helper()
	columns := 0
	for _, line := range strings.Split(md, "\n") {
		if !strings.HasPrefix(line, "|") {
			columns = 0
		} else if n := strings.Count(line, "|"); columns == 0 {
			columns = n
		} else if n != columns {
			t.Errorf("a row of %q has %d borders, its table %d: %q", text, n, columns, line)
		}
		bare := codeSpans.ReplaceAllString(line, "")
		lower := strings.ToLower(bare)
		if strings.ContainsAny(bare, "<@") || strings.Contains(lower, "://") || strings.Contains(lower, "www.") || strings.Contains(bare, "](") && !strings.Contains(bare, `\](`) {
			t.Errorf("markdown of %q holds markup or a link: %q", text, line)
		}
	}
}

func TestHostileText(t *testing.T) {
	for _, text := range hostile {
		checkHostile(t, text)
	}
}

func FuzzHostileText(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { checkHostile(t, text) })
}

func TestCellsStartNoFormula(t *testing.T) {
	for _, text := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "  =x"} {
		if got := cell(text); !strings.HasPrefix(strings.TrimLeft(got, "`"), "'") {
			t.Errorf("%q becomes %q", text, got)
		}
	}
	if got := cell("plain text, 3 of 4"); got != "plain text, 3 of 4" {
		t.Errorf("plain text becomes %q", got)
	}
}

func TestEscapeMarkdown(t *testing.T) {
	for in, want := range map[string]string{
		"a_b*c":               `a\_b\*c`,
		"a|b":                 "a&#124;b",
		"https://x.example":   "`https://x.example`",
		"dana@example.com":    "`dana@example.com`",
		"`http://x|y":         "\\`http\\[:\\]//x&#124;y",
		"2. second":           `2\. second`,
		"version 2.1":         "version 2.1",
		"203.0.113.9":         "203.0.113.9",
		"7)":                  `7\)`,
		"- dash":              `\- dash`,
		" padded\n":           "padded",
		"<b>&":                "&lt;b&gt;&amp;",
		"AdministratorAccess": "AdministratorAccess",
	} {
		if got := escapeMarkdown(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestPageRunsNothing(t *testing.T) {
	var page bytes.Buffer
	if err := report(t, story(t)).HTML(&page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`http-equiv="Content-Security-Policy"`, "default-src &#39;none&#39;", "prefers-color-scheme:dark", "@media print"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, bad := range []string{"<script", "http://", "https://", "url(", "@import", "<link"} {
		if strings.Contains(page.String(), bad) {
			t.Errorf("the page holds %s", bad)
		}
	}
	if !strings.Contains(page.String(), "<style>"+pageStyle+"</style>") {
		t.Error("the style is not the one its hash is of")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestWriteErrorsAreTold(t *testing.T) {
	r := report(t, story(t))
	for _, write := range []func(io.Writer) error{r.Markdown, r.HTML, r.JSON} {
		if err := write(broken{}); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("got %v", err)
		}
	}
}

// TestReportSurvivesJSON is for scripts that keep reports: nothing is lost on the way.
func TestReportSurvivesJSON(t *testing.T) {
	r := report(t, story(t))
	var b bytes.Buffer
	if err := r.JSON(&b); err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(r, back) {
		t.Error("the report changed on its way through JSON")
	}
}
