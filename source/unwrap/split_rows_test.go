package unwrap

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestCSVAsStandard: what the standard library writes is read as it was, whatever is in the fields.
func TestCSVAsStandard(t *testing.T) {
	field := rapid.StringOf(rapid.SampledFrom([]rune("ab,\"\n \té")))
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.SliceOfN(field, 2, 4), 1, 5).Draw(t, "rows")
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		if err := w.WriteAll(want); err != nil {
			t.Fatal(err)
		}
		c := &csvReader{in: bufio.NewReaderSize(&b, 16), comma: ','}
		for _, row := range want {
			if got, err := c.row(); err != nil || !slices.Equal(got, row) {
				t.Fatalf("%q is read as %q, %v", row, got, err)
			}
		}
		if _, err := c.row(); !errors.Is(err, io.EOF) {
			t.Fatalf("behind the last row %v", err)
		}
	})
}

func TestCSVOdd(t *testing.T) {
	for text, want := range map[string]string{
		"a,b":         "a|b",
		"a\"b,c\r\n":  `a"b|c`,
		"\"a\"x,b\n":  "ax|b",
		"\"\",\"\"\n": "|",
		"a\rb,c\n":    "a\rb|c",
	} {
		c := &csvReader{in: bufio.NewReader(strings.NewReader(text)), comma: ','}
		if row, err := c.row(); err != nil || strings.Join(row, "|") != want {
			t.Errorf("%q: %q, %v", text, row, err)
		}
	}
	c := &csvReader{in: bufio.NewReader(strings.NewReader(strings.Repeat(",", 3*maxColumns) + "\na,b\n")), comma: ','}
	if _, err := c.row(); !errors.Is(err, errLong) {
		t.Errorf("a row of many columns: %v", err)
	}
	if row, err := c.row(); err != nil || len(row) != 2 {
		t.Errorf("the row behind: %q, %v", row, err)
	}
}

// TestRecordsSurvive: whatever a record holds, it comes out of every wrapping as it went in.
func TestRecordsSurvive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		object := map[string]any{"eventName": "A", "eventTime": "2026-03-04T05:06:07Z", "x": rapid.String().Draw(t, "x"), "y": []any{rapid.Float64Range(-9, 9).Draw(t, "y"), nil}}
		object[rapid.String().Draw(t, "key")+"#"] = map[string]any{"events": []any{"{", "]"}}
		record, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(string(record))
		if err != nil {
			t.Fatal(err)
		}
		quoted := `"` + strings.ReplaceAll(string(record), `"`, `""`) + `"`
		for wrapped, shape := range map[string]Shape{
			`{"events":[{"message":` + string(text) + `}]}`: JSON, `{"result":{"_raw":` + string(text) + `}}`: JSON,
			`{"hits":{"hits":[{"_source":{"event":{"original":` + string(text) + `}}}]}}`: JSON, `[[{"field":"@message","value":` + string(text) + `}]]`: JSON,
			"\n" + string(record) + "\n": JSON, "a,@message\nb," + quoted: CSV,
		} {
			out, err := io.ReadAll(NewReader(strings.NewReader(wrapped), shape, nil))
			if err != nil || strings.TrimSpace(string(out)) != string(record) {
				t.Fatalf("%s gives %s, %v", wrapped, out, err)
			}
		}
	})
}
