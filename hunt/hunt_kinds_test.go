package hunt

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source"
)

func fsOf(text string) fs.FS { return fstest.MapFS{"rules.yml": {Data: []byte(text)}} }

const kindRules = `title: A resource of the cluster is read
id: k1
name: read
logsource: {product: kubernetes, category: application, service: audit}
level: medium
detection: {s: {objectRef.resource: secrets}, condition: s}
---
title: Three refusals
id: k2
level: high
correlation: {type: event_count, rules: [refuse], group-by: [srcaddr], timespan: 5m, condition: {gte: 3}}
---
title: Refused
id: k3
name: refuse
logsource: {product: aws, service: vpcflow}
level: low
detection: {s: {action: REJECT}, condition: s}
---
title: Any AWS log
id: k4
logsource: {product: aws}
level: high
detection: {s: {eventName: CreateUser}, condition: s}
`

func TestKinds(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"flows.log": strings.Repeat("2 111122223333 eni-0a 10.0.0.1 10.0.0.2 1 %d 6 1 40 1772420400 1772420460 REJECT OK\n", 3) +
			"2 111122223333 eni-0a - - - - - - - 1772420400 1772420460 - SKIPDATA\nnonsense\n",
		"audit.json": `{"kind":"Event","auditID":"a","verb":"list","stage":"ResponseComplete","requestReceivedTimestamp":"2026-03-02T03:00:00Z","user":{"username":"ann"},"objectRef":{"resource":"secrets"},"responseStatus":{"code":200}}`,
		"trail.json": record("t1", "CreateUser", "eve", start, ""),
		"waf.json":   `{"timestamp":1772420400000,"webaclId":"arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/a/b","action":"ALLOW","httpRequest":{"clientIp":"198.51.100.7"}}`,
	} {
		for i := range 3 {
			text = strings.Replace(text, "%d", string(rune('1'+i)), 1)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := kindHunter(t, kindRules).Files(t.Context(), []string{dir}, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range r.Findings {
		got = append(got, f.Rule)
	}
	slices.Sort(got)
	if !slices.Equal(got, []string{"k1", "k2", "k4"}) || r.Events != 5 {
		t.Errorf("%v of %d events", got, r.Events)
	}
	var why []string
	for _, s := range r.Skipped {
		why = append(why, filepath.Base(s.Path)+": "+s.Why)
	}
	slices.Sort(why)
	want := []string{"flows.log: 2 of 5 lines gave no event, first line 5: 1 fields where the format has 14", "waf.json: waf records: no rule is written for them"}
	if !slices.Equal(why, want) {
		t.Errorf("skipped %q", why)
	}
}

// TestKindRecord: whatever a log's fields are called, the head that rules see is the event's own.
func TestKindRecord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fields := rapid.MapOf(rapid.SampledFrom([]string{"eventID", "eventTime", "errorCode", "eventName", "action", "x"}), rapid.String()).Draw(t, "fields")
		raw, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		e := quell.Event{ID: rapid.String().Draw(t, "id"), Name: rapid.String().Draw(t, "name"), Time: start, Raw: raw}
		line, err := appendRecord(nil, e)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatal(err)
		}
		if _, there := got["errorCode"]; there || got["eventID"] != valid(e.ID) || got["eventName"] != valid(e.Name) || got["eventTime"] != "2026-03-02T03:00:00Z" || got["action"] != valid(fields["action"]) {
			t.Errorf("%s of %s", line, raw)
		}
	})
	if _, err := appendRecord(nil, quell.Event{ID: "e", Raw: json.RawMessage("[]")}); err == nil {
		t.Error("a list has no fields")
	}
}

// valid is a text as JSON can hold it.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func TestFindingFiles(t *testing.T) {
	dir := t.TempDir()
	samples := []string{"guardduty_api.json", "guardduty_event.json", "securityhub_event.json", "inspector_event.json", "macie_event.json", "alarm_event.json"}
	for _, name := range samples {
		data, err := os.ReadFile(filepath.Join("..", "source", "testdata", "subject", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mixed := `{"findings":[]}` + "\n" + made("m1") + "\n" + `{"odd":1}`
	if err := os.WriteFile(filepath.Join(dir, "mixed.json"), []byte(mixed), 0o600); err != nil {
		t.Fatal(err)
	}
	h := hunter(t, strings.Split(rules, "---")[0])
	r, err := h.Files(t.Context(), []string{dir}, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]int{}
	for _, f := range r.Findings {
		sources[f.Source]++
	}
	for _, want := range []string{"guardduty", "securityhub", "inspector", "macie", "cloudwatch", "quell"} {
		if sources[want] == 0 {
			t.Errorf("nothing of %s in %v", want, sources)
		}
	}
	// One odd entry costs no other, and is named.
	if len(r.Skipped) != 1 || !strings.Contains(r.Skipped[0].Why, "not all in it are findings") || sources["quell"] != 1 {
		t.Errorf("skipped %+v, %v", r.Skipped, sources)
	}
}
