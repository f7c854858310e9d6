package unwrap

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

const record = `{"eventTime":"2026-03-04T05:06:07Z","eventName":"A"}`

// lines unwraps a text whole.
func lines(t testing.TB, shape Shape, text string) ([]string, Report) {
	t.Helper()
	r := NewReader(strings.NewReader(text), shape, nil)
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n"), r.Report()
}

func TestReaderLongRows(t *testing.T) {
	long := strings.Repeat("x", maxRow+10)
	message, err := json.Marshal(record)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		shape Shape
		text  string
	}{
		"a long value in a list": {JSON, `{"events":[{"message":"` + long + `"},{"message":` + string(message) + `}]}`},
		"a long row of columns":  {JSON, `{"results":[[{"field":"@message","value":"` + long + `"}],[{"field":"@message","value":` + string(message) + `}]]}`},
		"a long CSV field":       {CSV, "@timestamp,@message\n1,\"" + long + "\n\",2\n2,\"" + strings.ReplaceAll(record, `"`, `""`) + "\"\n"},
		"a long line of base64":  {Base64, "H4sI" + long + "\n" + record + "\n"},
	} {
		got, report := lines(t, test.shape, test.text)
		if len(got) != 1 || got[0] != record {
			t.Errorf("%s: %d lines, %.100q", name, len(got), got)
		}
		if report.Records != 1 || report.BadTotal == 0 || report.Bad[0].Number != 1 || !strings.HasPrefix(report.Bad[0].Why, "longer than ") {
			t.Errorf("%s: %+v", name, report)
		}
	}
}

func TestReaderManyBadRows(t *testing.T) {
	_, report := lines(t, JSON, "["+strings.Repeat("1,", 5000)+record+"]")
	if report.Records != 1 || report.BadTotal != 5000 || len(report.Bad) != maxNamed || report.Rows != 5001 {
		t.Errorf("%d bad, %d named of %d rows", report.BadTotal, len(report.Bad), report.Rows)
	}
}

func TestReaderHostileNesting(t *testing.T) {
	deep := `{"result":` + strings.Repeat(`{"result":`, 50) + record + strings.Repeat("}", 51)
	for _, text := range []string{deep + "\n" + record, strings.Repeat(`{"events":[`, 500) + "\n" + record, strings.Repeat("[", 100_000) + "\n" + record} {
		got, report := lines(t, JSON, text)
		if got[len(got)-1] != record || report.BadTotal == 0 {
			t.Errorf("%.40s: %d lines, %+v", text, len(got), report.BadTotal)
		}
	}
}

func TestReaderFails(t *testing.T) {
	broken := errors.New("the disk")
	for shape, text := range map[Shape]string{JSON: `{"events":[` + record, CSV: "@message,x\na,b\n", Base64: "H4sI"} {
		r := NewReader(io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken)), shape, nil)
		if _, err := io.ReadAll(r); !errors.Is(err, broken) {
			t.Errorf("%s: %v", shape, err)
		}
	}
}

func TestSniffAndKeys(t *testing.T) {
	for text, want := range map[string]Shape{
		"": "", "{": "", `{"Records":[{"eventName":"x"}]}`: "", record: "", `{"detail-type":"x","detail":{}}`: "", `{"webaclId":"x"}`: "", `{"Events":[]}`: "",
		` {"events":[`: JSON, `[{"_raw":"`: JSON, `[[{"field"`: JSON, `{"class_uid":6003`: JSON, "H4sIAAA": Base64, "hello, world": "",
		"EventTime;EventName;x\n": CSV, "\"@timestamp\"\t\"@message\"\n": CSV, "timestamp,message\n1,2": CSV, "name,message\n": "",
	} {
		if got := Sniff([]byte(text), Keys([]byte(text))); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	if diff := cmp.Diff([]string{"a", "b c", "d"}, Keys([]byte(`[ {"a": {"x":[1,"]}"]}, "b c":1,"d":"cut`))); diff != "" {
		t.Error(diff)
	}
}

func TestReadStruct(t *testing.T) {
	for text, want := range map[string]string{
		`{type=IAMUser, arn=arn:aws:iam::1:user/a, username=null}`:                           `{"arn":"arn:aws:iam::1:user/a","type":"IAMUser"}`,
		`{principalid=AROA:a,b=c, accountid=1}`:                                              `{"accountId":"1","principalId":"AROA:a,b=c"}`,
		`{webidfederationdata={federatedprovider=p, attributes={aud=x, sub=y z}}, type=Web}`: `{"type":"Web","webIdFederationData":{"attributes":{"aud":"x","sub":"y z"},"federatedProvider":"p"}}`,
		`[{arn=a, type=T}, {arn=b}]`:                                                         `[{"ARN":"a","type":"T"},{"ARN":"b"}]`,
		`{"PRINCIPALID":"x","sessioncontext":{"a":1}}`:                                       `{"principalId":"x","sessionContext":{"a":1}}`,
		`{}`: `{}`, `[]`: `[]`,
		`{type=a`:                          `{"type":"a"} it ends inside a struct`,
		`{type=a, type=b}`:                 `{"type":"a"} type stands twice in it; the first is kept`,
		`{no equals}`:                      `{} no name and = at "no equals}"`,
		`{type=a} and more`:                `{"type":"a"} text behind its end:  and more`,
		`[{type=a}, {type=b`:               `[{"type":"a"},{"type":"b"}] it ends inside a struct`,
		strings.Repeat(`{attributes=`, 20): "structs in structs",
	} {
		value, why := readStruct(text)
		got, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if all := strings.TrimSpace(string(got) + " " + why); all != want && !(len(text) > 200 && strings.Contains(why, want)) {
			t.Errorf("%s: %s, want %s", text, all, want)
		}
	}
}

// FuzzReader: whatever the text, every row is a record, quiet or bad, and every record is one line of JSON.
func FuzzReader(f *testing.F) {
	files, err := filepath.Glob("../testdata/export/*")
	if err != nil || len(files) == 0 {
		f.Fatal("no examples", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if filepath.Ext(file) != ".want" && len(data) < 8<<10 {
			f.Add(string(data))
		}
	}
	f.Add("eventtime,eventname,useridentity\n2026,x,\"{type=a, attributes={x={\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, shape := range []Shape{JSON, CSV, Base64} {
			if len(text) > 64<<10 {
				return
			}
			r := NewReader(iotest.OneByteReader(strings.NewReader(text)), shape, func(line string) bool { return strings.HasPrefix(line, "2 ") })
			out, err := io.ReadAll(r)
			if err != nil {
				t.Fatalf("%s: %v", shape, err)
			}
			report := r.Report()
			n, flows := 0, -1
			for line := range strings.Lines(string(out)) {
				if line == flowHeader+"\n" { // flow logs made of OCSF events
					flows = len(strings.Fields(flowHeader))
					continue
				}
				n++
				if !json.Valid([]byte(line)) && !strings.HasPrefix(line, "2 ") && len(strings.Fields(line)) != flows {
					t.Errorf("%s: line %q", shape, line)
				}
			}
			if n != report.Records || len(report.Bad) > maxNamed {
				t.Errorf("%s: %d lines, report %+v", shape, n, report)
			}
		}
		Sniff([]byte(text), Keys([]byte(text)))
	})
}

func FuzzReadStruct(f *testing.F) {
	f.Add(`{type=AssumedRole, sessioncontext={attributes={mfaauthenticated=false}}, arn=[a]}`)
	f.Add(`[{arn=a}, x, {`)
	f.Fuzz(func(t *testing.T, text string) {
		value, _ := readStruct(text)
		if _, err := json.Marshal(value); err != nil {
			t.Error(err)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	message, err := json.Marshal(strings.Replace(record, `"A"`, `"A","requestParameters":{"k":"`+strings.Repeat("v", 800)+`"}`, 1))
	if err != nil {
		b.Fatal(err)
	}
	text := `{"events":[` + strings.Repeat(`{"timestamp":1,"message":`+string(message)+`},`, 2000) + `]}`
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := io.Copy(io.Discard, NewReader(strings.NewReader(text), JSON, nil)); err != nil {
			b.Fatal(err)
		}
	}
}
