package review

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestGolden(t *testing.T) {
	r := report(t, story(t))
	for name, write := range map[string]func(*bytes.Buffer) error{
		"leaked_key.md":   func(b *bytes.Buffer) error { return r.Markdown(b) },
		"leaked_key.html": func(b *bytes.Buffer) error { return r.HTML(b) },
		"leaked_key.json": func(b *bytes.Buffer) error { return r.JSON(b) },
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := write(&got); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got.String()); d != "" {
				t.Errorf("run go test ./review -update and read the difference:\n%s", d)
			}
		})
	}
}

func TestMetrics(t *testing.T) {
	values := map[string]string{}
	for _, m := range report(t, story(t)).Metrics {
		values[m.Name] = strings.Join(strings.Fields(m.Value+" "+m.Met+" "+m.Why), " ")
		if (m.Value == "n/a") != (m.Why != "") {
			t.Errorf("%s is %s because %q", m.Name, m.Value, m.Why)
		}
		if m.Value != "n/a" && len(m.Records) == 0 {
			t.Errorf("%s rests on no record", m.Name)
		}
	}
	want := map[string]string{
		"MTTD, time to detect": "2h 1m missed", "Dwell time": "2h 20m", "MTTA, time to acknowledge": "5m met",
		"Time to declare": "5m", "MTTC, time to contain": "19m missed", "MTTC from declaration": "14m",
		"MTTE, time to eradicate": "n/a step rotate of the phase eradicate is not done", "MTTR, time to recover": "n/a no step of the phase recover is on record",
		"Total": "2h 27m", "TTD (AWS)": "2h 1m", "TTN (AWS)": "5m", "TTC (AWS)": "4m", "TTR (AWS)": "n/a no step of the phase recover is on record",
		"Automatic actions": "0 of 1", "Steps skipped": "0 of 3", "Steps taken back": "1 of 3", "Evidence complete": "0 of 1", "Longest approval wait": "3m",
	}
	if d := cmp.Diff(want, values); d != "" {
		t.Error(d)
	}
}

// TestNothingIsInvented takes the story apart: a report of its opening alone must know nothing else.
func TestNothingIsInvented(t *testing.T) {
	c := story(t)
	c.Records, c.Timeline, c.Edges = c.Records[:1], nil, nil
	r := report(t, c)
	for _, m := range r.Metrics {
		if m.Value != "n/a" || m.Seconds != nil || m.Why == "" {
			t.Errorf("%s is %s", m.Name, m.Value)
		}
	}
	if len(r.Actions) != 0 {
		t.Errorf("lessons without facts: %v", r.Actions)
	}
	var b bytes.Buffer
	if err := r.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"containment has not been judged", "Nothing fired", "No call was sent", "No evidence is on record", "When it began is not on record", "The ledger is not sealed"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("does not say %q", want)
		}
	}
}

func TestVerdictThatFellIsNotContained(t *testing.T) {
	c := story(t)
	l := &ledger{t: t, records: c.Records, next: noon.Add(5 * time.Hour)}
	l.add(quell.RecordVerdict, "quell", "", quell.Verdict{Verdict: quell.Leaking, Proof: quell.Observed, Why: "a session lives"})
	c.Records = l.records
	f, err := gather(c)
	if err != nil {
		t.Fatal(err)
	}
	if !f.times[5].at.IsZero() {
		t.Errorf("contained at %v although it leaks", f.times[5].at)
	}
	if s := f.over(); !strings.HasPrefix(s.Text, "It is not over") {
		t.Error(s.Text)
	}
}

func TestNegativeSpansAreNotShown(t *testing.T) {
	f := &facts{}
	f.times[2], f.times[4] = moment{at: noon.Add(time.Hour)}, moment{at: noon}
	if m := f.between(interval{"TTC", 2, 4, ""}); m.Value != "n/a" || m.Why != "t4 is before t2" {
		t.Errorf("%+v", m)
	}
}

// TestEveryRowIsBacked walks the whole report: what it asserts, it can show, and shows by records that exist.
func TestEveryRowIsBacked(t *testing.T) {
	c := story(t)
	r := report(t, c)
	exists := func(where string, records []int64) {
		for _, n := range records {
			if n < 0 || n >= int64(len(c.Records)) {
				t.Errorf("%s cites record %d of %d", where, n, len(c.Records))
			}
		}
	}
	people := map[string]bool{"sign-off": true, "regulation": true, "metrics": true, "header": true}
	for _, s := range r.Sections {
		for _, st := range s.Statements {
			exists(st.Text, st.Records)
		}
		for _, table := range s.Tables {
			for _, row := range table.Rows {
				exists(table.Caption, row.Records)
				if len(row.Records) == 0 && !people[s.ID] {
					t.Errorf("%s: row %v rests on nothing", s.ID, row.Cells)
				}
				if len(row.Cells) != len(table.Columns) {
					t.Errorf("%s: %d cells for %d columns", table.Caption, len(row.Cells), len(table.Columns))
				}
			}
		}
	}
	for _, a := range r.Actions {
		exists(a.ID, a.Records)
	}
}

func TestLessons(t *testing.T) {
	var got []string
	for _, a := range report(t, story(t)).Actions {
		got = append(got, a.ID+" "+numbers(a.Records)+" "+a.Due)
	}
	want := []string{"exposed-key 1 2026-03-18", "no-mfa 1, 2 2026-03-18", "long-lived-key 1 2026-03-18", "admin-policy 1 2026-03-18",
		"trail-tampered 2 2026-03-18", "data-events 3, 20 2026-04-03", "blind-sources 3 2026-04-03", "no-guardduty 1, 2 2026-04-03",
		"slow-detection 1 2026-03-18", "slow-containment 1, 20 2026-03-18", "leaked 11 2026-03-18", "put-back 10, 13 2026-03-18",
		"refused-calls 16 2026-04-03", "failed-steps 17 2026-04-03", "collateral 5 2026-04-03", "incomplete-evidence 18 2026-04-03", "unapproved-attempts 7 2026-06-02"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestFromRefuses(t *testing.T) {
	c := story(t)
	for want, damage := range map[string]func([]quell.Record) []quell.Record{
		"without records":                 func([]quell.Record) []quell.Record { return nil },
		"record 5 stands where 4 belongs": func(r []quell.Record) []quell.Record { return append(append([]quell.Record{}, r[:4]...), r[5:]...) },
		"decode finding record 1": func(r []quell.Record) []quell.Record {
			out := append([]quell.Record{}, r...)
			out[1].Data = json.RawMessage(`7`)
			return out
		},
	} {
		broken := c
		broken.Records = damage(c.Records)
		if _, err := From(broken); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0s", 400 * time.Millisecond: "0s", 59 * time.Second: "59s", 60 * time.Second: "1m",
		90 * time.Second: "1m 30s", 2*time.Hour + 5*time.Second: "2h", 26 * time.Hour: "1d 2h", 49*time.Hour + 30*time.Minute: "2d 1h"} {
		if got := duration(d); got != want {
			t.Errorf("%v reads %q, want %q", d, got, want)
		}
	}
}

func TestNumbers(t *testing.T) {
	for want, list := range map[string][]int64{"": nil, "3": {3, 3}, "3, 4": {4, 3}, "1, 3-5, 9": {5, 4, 3, 9, 1}} {
		if got := numbers(list); got != want {
			t.Errorf("%v reads %q, want %q", list, got, want)
		}
	}
}
