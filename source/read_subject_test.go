package source

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/quell-ir/quell"
)

var update = flag.Bool("update", false, "write the .want files anew; read the difference before you keep it")

// describe writes a subject as the .want files have it.
func describe(s Subject) string {
	var b strings.Builder
	fmt.Fprintln(&b, s.What)
	for _, f := range s.Findings {
		fmt.Fprintf(&b, "\n%s %s %s\n  id %s\n  at %s in %s %s\n  title %s\n  why %s\n  techniques %s\n", f.Source, f.Rule, f.Severity, f.ID,
			f.Time.Format(time.RFC3339Nano), f.Account, f.Region, f.Title, f.Why, strings.Join(f.Techniques, " "))
		if f.Exposed {
			fmt.Fprintln(&b, "  exposed")
		}
		for _, e := range f.Entities {
			line := fmt.Sprintf("  %s %s", e.Part, e.Key())
			for _, field := range [][2]string{{"name", e.Name}, {"arn", e.ARN}, {"account", e.Account}, {"region", e.Region}, {"of", e.Of}} {
				if field[1] != "" {
					line += " " + field[0] + "=" + field[1]
				}
			}
			fmt.Fprintln(&b, line)
		}
	}
	for _, r := range s.Records {
		fmt.Fprintf(&b, "\nrecord %s\n", r)
	}
	return b.String()
}

func TestReadSubjectGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/subject/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, err := ReadSubject(file, data)
			if err != nil {
				t.Fatal(err)
			}
			zipped, err := ReadSubject(file+".gz", []byte(gz(t, string(data))))
			if diff := cmp.Diff(s, zipped); diff != "" || err != nil {
				t.Errorf("compressed it differs: %v %s", err, diff)
			}
			got, wantFile := describe(s), strings.TrimSuffix(file, ".json")+".want"
			if *update {
				if err := os.WriteFile(wantFile, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(wantFile)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestReadSubjectSameFinding: GuardDuty's finding by EventBridge and by Security Hub is one finding on the same entities.
func TestReadSubjectSameFinding(t *testing.T) {
	var found [2]quell.Finding
	for i, name := range []string{"guardduty_event", "securityhub_event"} {
		data, err := os.ReadFile("testdata/subject/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		s, err := ReadSubject(name, data)
		if err != nil {
			t.Fatal(err)
		}
		found[i] = s.Findings[0]
	}
	a, b := found[0], found[1]
	if a.ID != b.ID || a.Rule != b.Rule || a.Source != b.Source || a.Severity != b.Severity {
		t.Errorf("%s %s %s and %s %s %s", a.ID, a.Rule, a.Source, b.ID, b.Rule, b.Source)
	}
	if diff := cmp.Diff(a.Entities, b.Entities); diff != "" {
		t.Error(diff)
	}
}

func TestReadSubjectErrors(t *testing.T) {
	for _, test := range []struct {
		text string
		code quell.ErrorCode
		want string
	}{
		{"", quell.CodeUsage, "found an empty file"},
		{"hello there", quell.CodeUsage, "found text that begins with hello there"},
		{"AKIA\x1b[31m", quell.CodeUsage, "AKIA␛[31m"},
		{"42", quell.CodeUsage, "found the JSON value 42"},
		{`{"color":"red","Size":1}`, quell.CodeUsage, "found an object with the keys color, size"},
		{`{"detail-type":"EC2 Instance State-change Notification","detail":{}}`, quell.CodeUsage, `detail-type "EC2 Instance State-change Notification"; give a GuardDuty`},
		{`{"class_uid":1001,"class_name":"File"}`, quell.CodeUsage, "an OCSF event of class 1001 (File)"},
		{`{"detail-type":"AWS Health Event","detail":{"eventTypeCode":"AWS_EC2_ISSUE"}}`, quell.CodeUsage, "a Health event of type AWS_EC2_ISSUE"},
		{`{"Type":"Notification","Message":"the disk is full"}`, quell.CodeUsage, "an SNS message with the text the disk is full"},
		{`{"Type":"Notification","Message":"{\"a\":1}"}`, quell.CodeUsage, "an SNS message with an object with the keys a"},
		{"{\"Records\":[\n{\"eventName\":\n", quell.CodeFailed, "broken at line 3, byte 27"},
		{"[]\n{\"b\":x}", quell.CodeFailed, "broken at line 2, byte 8"},
		{strings.Repeat("[", 50) + strings.Repeat("]", 50), quell.CodeUsage, "envelopes in envelopes"},
		{"\x1f\x8b\x08", quell.CodeFailed, "truncated gzip"},
	} {
		s, err := ReadSubject("f.json", []byte(test.text))
		if quell.CodeOf(err) != test.code || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v with code %q, want %q with code %q", test.text, err, quell.CodeOf(err), test.want, test.code)
		}
		if err != nil && len(s.Findings)+len(s.Records) > 0 {
			t.Errorf("%q: half a subject beside an error", test.text)
		}
	}
}

func TestReadSubjectNothingToDo(t *testing.T) {
	for text, want := range map[string]string{
		`[]`:                                     "0 entries in the list",
		`{"Records":[]}`:                         "0 entries in Records",
		`{"Findings":[]}`:                        "0 entries in Findings",
		`{"AlarmName":"a","NewStateValue":"OK"}`: "1 CloudWatch alarm that needs no answer",
	} {
		s, err := ReadSubject("f", []byte(text))
		if err != nil || s.What != want || len(s.Findings)+len(s.Records) != 0 {
			t.Errorf("%s: %q, %v", text, s.What, err)
		}
	}
}

func TestReadSubjectHealthWithoutAccount(t *testing.T) {
	s, err := ReadSubject("f", []byte(`{"eventTypeCode":"AWS_RISK_CREDENTIALS_EXPOSED","eventMetadata":{"userName":"alice"},"affectedEntities":[{"entityValue":"AKIAEXAMPLEALICE0001"}]}`))
	if err != nil || len(s.Findings) != 1 || names(s.Findings[0].Entities) != "actor access-key/AKIAEXAMPLEALICE0001" || !s.Findings[0].Exposed {
		t.Errorf("subject %+v, %v", s, err)
	}
}

func TestSeverities(t *testing.T) {
	for n, want := range map[float64]quell.Severity{0: quell.Low, 3.9: quell.Low, 4: quell.Medium, 6.9: quell.Medium, 7: quell.High, 8.9: quell.High, 9: quell.Critical} {
		if got := guardDutySeverity(n); got != want {
			t.Errorf("GuardDuty %v is %v, want %v", n, got, want)
		}
	}
	for n, want := range map[float64]quell.Severity{0: quell.Low, 1: quell.Low, 2: quell.Low, 3: quell.Medium, 4: quell.High, 5: quell.Critical, 6: quell.Critical, 99: quell.Low} {
		if got := ocsfSeverity(n); got != want {
			t.Errorf("OCSF %v is %v, want %v", n, got, want)
		}
	}
}

func TestGuardDutyTechniques(t *testing.T) {
	for kind, want := range map[string]string{
		"UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS": "T1552.005 T1078.004",
		"UnauthorizedAccess:IAMUser/ConsoleLoginSuccess.B":                     "T1078.004",
		"Stealth:IAMUser/CloudTrailLoggingDisabled":                            "T1562.008",
		"Unheard:Of/This": "",
	} {
		if got := strings.Join(guardDutyTechniques(kind), " "); got != want {
			t.Errorf("%s: %s, want %s", kind, got, want)
		}
	}
	for _, row := range guardDutyTypes {
		for _, id := range strings.Fields(row.techniques) {
			if techniqueID.FindString(id) != id {
				t.Errorf("%s: %q is no technique", row.begins, id)
			}
		}
	}
}

// TestReadSubjectPublicRecords reads containers that others published.
func TestReadSubjectPublicRecords(t *testing.T) {
	files, _ := filepath.Glob("../../shared/data/stratus/*.json")
	more, _ := filepath.Glob("../../shared/data/traildiscover/logExamples/*.cloudtrail")
	if len(files)+len(more) == 0 {
		t.Skip("no published records at ../shared/data: nothing to read")
	}
	records := 0
	for _, file := range append(files, more...) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s, err := ReadSubject(file, data)
		if err != nil || s.What == "" || len(s.Findings) != 0 {
			t.Errorf("%s: %d records, %v", file, len(s.Records), err)
		}
		records += len(s.Records)
	}
	t.Logf("%d records in %d files", records, len(files)+len(more))
}

func FuzzReadSubject(f *testing.F) {
	files, _ := filepath.Glob("testdata/subject/*.json")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ReadSubject("f", data)
		if err != nil {
			if quell.CodeOf(err) != quell.CodeUsage && quell.CodeOf(err) != quell.CodeFailed {
				t.Errorf("code %q", quell.CodeOf(err))
			}
			return
		}
		if s.What == "" {
			t.Error("a subject that says nothing of itself")
		}
		for _, finding := range s.Findings {
			if finding.ID == "" || finding.Source == "" {
				t.Errorf("finding %+v", finding)
			}
			for _, e := range finding.Entities {
				if e.ID == "" || e.Kind == "" || e.Part == "" {
					t.Errorf("entity %+v", e)
				}
			}
		}
		for _, record := range s.Records {
			if !json.Valid(record) {
				t.Errorf("record %s", record)
			}
		}
	})
}
