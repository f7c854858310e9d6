package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/hunt"
	"github.com/quell-ir/quell/source"
)

func pageOf(t *testing.T, r hunt.Result) string {
	t.Helper()
	var out bytes.Buffer
	if err := writeHuntPage(&out, r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// elements reads a page as XML, which is stricter than HTML: every element is closed, in order. It counts elements and
// gathers their attributes.
func elements(t *testing.T, page string) (counts map[string]int, attributes []xml.Attr) {
	t.Helper()
	counts = map[string]int{}
	in := xml.NewDecoder(strings.NewReader(page))
	for {
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			return counts, attributes
		}
		if err != nil {
			t.Fatalf("the page is not well formed: %v", err)
		}
		if e, ok := token.(xml.StartElement); ok {
			counts[e.Name.Local]++
			attributes = append(attributes, e.Attr...)
		}
	}
}

// TestPageHoldsNoMarkupOfLogs reads a page of hostile text as a browser would: only our own elements and attributes, and
// nothing that loads or runs.
func TestPageHoldsNoMarkupOfLogs(t *testing.T) {
	page := pageOf(t, hostileResult())
	counts, attributes := elements(t, page)
	for _, name := range []string{"script", "img", "a", "iframe", "object", "form", "link", "base", "use", "image", "foreignObject"} {
		if counts[name] != 0 {
			t.Errorf("%d elements %s", counts[name], name)
		}
	}
	known := []string{"lang", "charset", "name", "content", "http-equiv", "class", "open", "viewBox", "role", "aria-label",
		"x", "y", "x1", "x2", "y1", "y2", "width", "height", "rx", "text-anchor"}
	for _, a := range attributes {
		if !slices.Contains(known, a.Name.Local) || strings.ContainsAny(a.Value, "<>\x1b") {
			t.Errorf("attribute %s=%q", a.Name.Local, a.Value)
		}
	}
	marks := 0 // one upon another: without a bound they would run over the whole page
	for _, r := range page {
		if marks++; !unicode.Is(unicode.Mn, r) {
			marks = 0
		}
		if marks > maxCluster {
			t.Fatalf("more than %d marks upon one letter", maxCluster)
		}
		if r < ' ' && r != '\n' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			t.Fatalf("the page holds %U", r)
		}
	}
	if counts["style"] != 1 || counts["svg"] != 1 || counts["meta"] != 4 || strings.Contains(page, "ZgotmplZ") {
		t.Errorf("elements %v", counts)
	}
}

// TestPagePolicyNamesItsStyle holds the policy against the very bytes between the tags: a browser would else show none.
func TestPagePolicyNamesItsStyle(t *testing.T) {
	page := pageOf(t, hunt.Result{})
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(page)
	if style == nil {
		t.Fatal("no style")
	}
	sum := sha256.Sum256([]byte(style[1]))
	want := "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	if !strings.Contains(page, want) {
		t.Errorf("the page lacks the policy %s", want)
	}
	if strings.Contains(page, "style=") || strings.Contains(page, "url(") {
		t.Error("a style that the policy forbids")
	}
	if _, attributes := elements(t, page); len(attributes) == 0 || !strings.Contains(page, "None.") {
		t.Error("an empty hunt makes no page")
	}
}

// many are findings over a month, by several rules on many entities.
func many(n int) []quell.Finding {
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	var out []quell.Finding
	for i := range n {
		out = append(out, quell.Finding{
			ID: fmt.Sprintf("f-%d", i), Rule: fmt.Sprintf("rule-%d", i%40), Title: fmt.Sprintf("Rule %d", i%40), Severity: quell.Severity(i % 97 / 32),
			Techniques: []string{[]string{"T1078.004", "T1562.008", "T1530", "T1098.001", "T1496"}[i%5]}, Time: at.Add(time.Duration(i) * 4 * time.Minute),
			Account: fmt.Sprintf("%012d", i%12), Region: "eu-west-1", Events: []string{fmt.Sprintf("e-%d", i)}, Why: "It is bad.",
			Entities: []quell.Entity{{Kind: quell.KindUser, ID: fmt.Sprintf("AIDA%d", i%900), Name: "u", Part: quell.PartActor},
				{Kind: quell.KindUser, ID: fmt.Sprintf("AIDA%d", i%900), Part: quell.PartTarget}, {Kind: quell.KindBucket, ID: "b", Part: quell.PartRead}},
		})
	}
	return out
}

// TestPageOfTenThousand is listed in part, counted whole, and says so.
func TestPageOfTenThousand(t *testing.T) {
	r := hunt.Result{Findings: many(10_000), Skipped: make([]source.Skipped, 700), Incidents: make([]quell.Incident, 400)}
	page := pageOf(t, r)
	if len(page) > 2<<20 {
		t.Errorf("%d bytes", len(page))
	}
	for _, want := range []string{
		"<b>10000</b>findings", "1000 of 10000 findings are listed, the most severe; --json lists all.", "500 of 901 entities are listed",
		"500 of 700 entries are listed", "300 of 400 incidents are listed", "10000 findings gathered into columns",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	counts, _ := elements(t, page)
	if counts["rect"] == 0 || counts["rect"] > 4*timeColumns {
		t.Errorf("%d columns drawn", counts["rect"])
	}
	// All of the worst come before any other is left out.
	worst := 0
	for _, f := range r.Findings {
		if f.Severity == quell.High {
			worst++
		}
	}
	if v := viewHunt(r); len(v.Findings) != maxPageFindings || v.Findings[0].Severity != quell.High || worst < len(v.Findings) && v.Findings[len(v.Findings)-1].Severity == quell.Low {
		t.Errorf("%d listed of which %d are the worst", len(v.Findings), worst)
	}
}

func TestTimeline(t *testing.T) {
	if drawTimeline(nil) != nil || drawTimeline([]quell.Finding{{}}) != nil {
		t.Error("drawn without anything to draw")
	}
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	findings := []quell.Finding{
		{Time: at, Severity: quell.High, Title: "first"}, {Time: at.Add(10 * time.Hour), Severity: quell.Low, Title: "last"},
		{Time: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), Severity: quell.High, Title: "absurd"}, {Severity: quell.High, Title: "none"},
	}
	tl := drawTimeline(findings)
	if len(tl.Lanes) != 2 || tl.Lanes[0].Severity != quell.High || len(tl.Marks) != 2 || !strings.Contains(tl.Note, "2 without a credible time") {
		t.Errorf("%+v", tl)
	}
	if tl.Marks[0].X == tl.Marks[1].X || !strings.Contains(tl.Marks[0].Title, "first") || tl.Ticks[0].Label != "2026-03-01 00:00" || tl.Ticks[5].Label != "2026-03-01 10:00" {
		t.Errorf("%+v", tl)
	}
	same := drawTimeline([]quell.Finding{{Time: at}, {Time: at}})
	if len(same.Ticks) != 1 || same.Marks[0].Y == same.Marks[1].Y {
		t.Errorf("two at once: %+v", same)
	}
	pile := drawTimeline(twenty(at))
	if last := pile.Marks[len(pile.Marks)-1]; !strings.HasSuffix(last.Title, fmt.Sprintf("; and %d more here", 20-len(pile.Marks))) {
		t.Errorf("a pile of 20: %d marks, %q", len(pile.Marks), last.Title)
	}
	// Nothing is lost in columns either.
	drawn := 0
	for _, m := range drawTimeline(many(maxMarks + 1)).Marks {
		var n int
		if _, err := fmt.Sscanf(m.Title, "%d", &n); err != nil {
			t.Fatal(err)
		}
		drawn += n
	}
	if drawn != maxMarks+1 {
		t.Errorf("%d of %d in columns", drawn, maxMarks+1)
	}
}

// twenty are as many findings at the same time.
func twenty(at time.Time) []quell.Finding {
	out := make([]quell.Finding, 20)
	for i := range out {
		out[i].Time = at
	}
	return out
}

func TestCountEntities(t *testing.T) {
	findings := many(10)
	findings[3].Severity, findings[3].Time = quell.Critical, time.Time{}
	got := countEntities(findings)
	if len(got) != 11 || got[0].ID != "b" || got[0].Count != 10 || got[0].Severity != quell.Critical || got[1].ID != "AIDA3" {
		t.Fatalf("%+v", got)
	}
	if first := many(1)[0].Time; !got[0].First.Equal(first) || !got[1].First.IsZero() || pageTime(got[1].First) != "unknown" {
		t.Errorf("first seen %v and %v", got[0].First, got[1].First)
	}
	if u := got[2]; u.Count != 1 || !slices.Equal(u.Parts, []string{"actor", "target"}) || u.Name != "u" {
		t.Errorf("%+v", u)
	}
}
