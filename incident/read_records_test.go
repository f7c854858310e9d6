package incident

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/quell-ir/quell"
)

func TestReadStory(t *testing.T) {
	v, err := Read(story(t))
	if err != nil {
		t.Fatal(err)
	}
	in := v.Incident
	if in.Standing != quell.Ended || in.Phase != quell.Closed || in.Playbook != "leaked-key" || in.People[quell.IncidentManager] != "dana" {
		t.Errorf("incident %+v", in)
	}
	if d := cmp.Diff([]string{"f-1", "f-2"}, in.Findings); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"s3-data"}, in.Blind); d != "" {
		t.Error(d)
	}
	if len(in.Pick(quell.KindBucket, quell.PartRead)) != 1 || !in.LastSeen.Equal(noon.Add(30*time.Second)) {
		t.Errorf("entities %v, last seen %v", in.Entities, in.LastSeen)
	}
	if len(v.Odd) != 0 || v.Size() != 22 || v.Closing == nil || v.Closing.Seq != 21 {
		t.Errorf("odd %v, size %d, closing %+v", v.Odd, v.Size(), v.Closing)
	}
	counts := []int{len(v.Findings), len(v.Scopes), len(v.Changes), len(v.Notes), len(v.Bounds), len(v.Planned), len(v.Decisions),
		len(v.Attempts), len(v.Intents), len(v.Results), len(v.Statuses), len(v.Evidence), len(v.Probes), len(v.Verdicts), len(v.Runs)}
	if d := cmp.Diff([]int{2, 1, 2, 1, 1, 1, 1, 1, 3, 2, 1, 1, 1, 1, 1}, counts); d != "" {
		t.Error(d)
	}
	if verdict, ok := v.Verdict(); !ok || verdict.Verdict != quell.Held {
		t.Errorf("verdict %+v", verdict)
	}
	if s, ok := v.Step("deny"); !ok || s.Phase != quell.Contain {
		t.Errorf("step %+v", s)
	}
	if scope, ok := v.Scope(); !ok || scope.Events != 2 {
		t.Errorf("scope %+v", scope)
	}
	if got := v.FindingList(); len(got) != 2 || got[1].Source != "guardduty" {
		t.Errorf("findings %+v", got)
	}
}

func TestApplyIsRead(t *testing.T) {
	records := story(t)
	var v View
	for i, r := range records {
		if err := v.Apply(r); err != nil {
			t.Fatal(err)
		}
		whole, err := Read(records[:i+1])
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(whole, v, cmpopts.IgnoreUnexported(View{})); d != "" {
			t.Fatalf("after record %d: %s", i, d)
		}
	}
}

func TestReadPhases(t *testing.T) {
	records := story(t)
	for n, want := range map[int]quell.Phase{1: quell.Detect, 4: quell.Analyse, 12: quell.Contain, 21: quell.Contain, 22: quell.Closed} {
		v, err := Read(records[:n])
		if err != nil || v.Incident.Phase != want {
			t.Errorf("after %d records: %s, %v, want %s", n, v.Incident.Phase, err, want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for name, damage := range map[string]func([]quell.Record) []quell.Record{
		"record 5 stands where 4 belongs": func(r []quell.Record) []quell.Record { return append(r[:4], r[5:]...) },
		"record 1 stands where 0 belongs": func(r []quell.Record) []quell.Record { return r[1:] },
		"record 2 stands where 1 belongs": func(r []quell.Record) []quell.Record { r[1], r[2] = r[2], r[1]; return r },
		"record 3 belongs to q-other":     func(r []quell.Record) []quell.Record { r[3].Incident = "q-other"; return r },
		"decode scope record 3":           func(r []quell.Record) []quell.Record { r[3].Data = json.RawMessage(`[]`); return r },
		"it starts with note":             func(r []quell.Record) []quell.Record { r[0].Kind = quell.RecordNote; return r },
		"has no records":                  func([]quell.Record) []quell.Record { return nil },
	} {
		if _, err := Read(damage(story(t))); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("want %q, got %v", name, err)
		}
	}
}

func TestReadKeepsOddRecords(t *testing.T) {
	records := story(t)
	more := func(kind quell.RecordKind, payload any) {
		r, err := quell.NewRecord(records[0].Incident, kind, "dana", "", payload)
		if err != nil {
			t.Fatal(err)
		}
		r.Seq = int64(len(records))
		records = append(records, r)
	}
	more("weather", "fine")
	more(quell.RecordChanged, quell.Change{What: ChangeStanding, To: "open", Reason: "again"})
	more(quell.RecordOpened, quell.Incident{ID: "q-x"})
	more(quell.RecordClosed, quell.Closing{})
	v, err := Read(records)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"record 22: its kind \"weather\"", "record 23: not applied: the incident is closed", "record 24: the incident was opened already", "record 25: the incident was closed already by record 21"} {
		if i >= len(v.Odd) || !strings.HasPrefix(v.Odd[i], want) {
			t.Errorf("odd %q, want %q first", v.Odd, want)
		}
	}
	if v.Incident.Standing != quell.Ended || len(v.Changes) != 3 {
		t.Errorf("standing %s, %d changes", v.Incident.Standing, len(v.Changes))
	}
}

func TestReadChanges(t *testing.T) {
	records := story(t)[:1]
	for i, c := range []quell.Change{{What: ChangeSeverity, To: "low", Reason: "a test"}, Assign(quell.Legal, "lee"), Assign(quell.Legal, ""),
		{What: ChangePhase, To: "recover"}, {What: ChangeMerge, To: "q-other"}, {What: ChangeStanding, To: "dismissed", Reason: "a drill"}} {
		r, err := quell.NewRecord(records[0].Incident, quell.RecordChanged, "dana", "", c)
		if err != nil {
			t.Fatal(err)
		}
		r.Seq = int64(i + 1)
		records = append(records, r)
	}
	v, err := Read(records)
	if err != nil || len(v.Odd) > 0 {
		t.Fatal(err, v.Odd)
	}
	in := v.Incident
	if in.Severity != quell.Low || in.People[quell.Legal] != "" || in.Phase != quell.Recover || in.MergedInto != "q-other" || in.Standing != quell.Dismissed {
		t.Errorf("%+v", in)
	}
}

// FuzzRead feeds ledgers that something else wrote: they are refused or read, and what is read can be shown.
func FuzzRead(f *testing.F) {
	whole, err := json.Marshal(story(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(`[{"incident":"q","seq":0,"kind":"incident.opened","data":{"id":"q"}},{"incident":"q","seq":1,"kind":"call.result","data":{"key":"k"}}]`))
	f.Add([]byte(`[{"incident":"q","kind":"incident.opened","data":{}},{"incident":"q","seq":1,"kind":"finding","data":{"seen":[{"resources":[{},{},{},{},{}]}]}}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var records []quell.Record
		if json.Unmarshal(data, &records) != nil {
			return
		}
		v, err := Read(records)
		if err != nil {
			return
		}
		for _, line := range Timeline(v) {
			if strings.ContainsAny(line.Text+line.Event, "\x1b\n\r\x00") {
				t.Fatalf("line %q is not clean", line.Text)
			}
		}
		scope, _ := v.Scope()
		if err := BuildGraph(v.Incident.Subject, v.FindingList(), scope.Entities).Mermaid(&strings.Builder{}); err != nil {
			t.Fatal(err)
		}
	})
}
