package unwrap

import (
	"bytes"
	"encoding/base64"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
)

// packed is a text as a subscription hands it over.
func packed(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	if _, err := io.WriteString(zip, text); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(out.Bytes())
}

func TestPlainRows(t *testing.T) {
	payload := packed(t, `{"messageType":"DATA_MESSAGE","logGroup":"app","logEvents":[{"id":"1","timestamp":1,"message":"first line"},{"id":"2","timestamp":2,"message":"{\"a\":1}"}]}`)
	for name, test := range map[string]struct {
		text string
		want []string
		bad  int
	}{
		"lines of JSON":        {"{\"a\":1}\n{\"message\":\"m\",\"timestamp\":1,\"level\":\"info\"}\n", []string{`{"a":1}`, `{"message":"m","timestamp":1,"level":"info"}`}, 0},
		"a list":               {`[{"a":1},{"items":[1,2]}]`, []string{`{"a":1}`, `{"items":[1,2]}`}, 0},
		"filter-log-events":    {`{"events":[{"eventId":"1","timestamp":1,"message":"one\ntwo"},{"eventId":"2","timestamp":2,"message":"{\"a\":1}"}]}`, []string{"one two", `{"a":1}`}, 0},
		"a subscription":       {`{"messageType":"DATA_MESSAGE","logEvents":[{"id":"1","timestamp":1,"message":"x"}]}`, []string{"x"}, 0},
		"Lambda's event":       {`{"awslogs":{"data":"` + payload + `"}}`, []string{"first line", `{"a":1}`}, 0},
		"a control message":    {`{"logEvents":[{"id":"1","timestamp":1,"message":"CWL CONTROL MESSAGE: Checking health"}]}`, nil, 0},
		"an empty message":     {`{"logEvents":[{"id":"1","timestamp":1,"message":" "}]}`, nil, 1},
		"broken in the middle": {"{\"a\":1}\n{\"b\" 2}\n{\"c\":3}\n", []string{`{"a":1}`, `{"c":3}`}, 1},
		"a message of its own": {`{"message":"m","timestamp":"2026","user":"u"}`, []string{`{"message":"m","timestamp":"2026","user":"u"}`}, 0},
		// What stands for a record elsewhere is nothing special here.
		"a record of a trail": {`{"eventName":"X","CloudTrailEvent":"{}"}`, []string{`{"eventName":"X","CloudTrailEvent":"{}"}`}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := NewReader(strings.NewReader(test.text), JSON, nil)
			r.TakePlain()
			text, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for line := range strings.Lines(string(text)) {
				got = append(got, strings.TrimSuffix(line, "\n"))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if r.Report().BadTotal != test.bad {
				t.Errorf("bad rows: %+v", r.Report())
			}
		})
	}
}
