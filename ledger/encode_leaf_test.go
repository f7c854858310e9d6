package ledger

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/quell-ir/quell"
)

func record(data string) quell.Record {
	return quell.Record{Incident: "inc", Seq: 7, Time: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC),
		Kind: quell.RecordNote, By: "quell", Data: json.RawMessage(data)}
}

func TestEncodeLeaf(t *testing.T) {
	tests := map[string]struct{ data, want string }{
		"plain":               {`{"b":1,"a":[true,null,"x"]}`, `{"a":[true,null,"x"],"b":1}`},
		"nothing":             {``, `null`},
		"floats":              {`[0.1,1.0,1e3,-0.5,0.30000000000000004]`, `[0.1,1,1000,-0.5,0.30000000000000004]`},
		"largest safe number": {`9007199254740991`, `9007199254740991`},
		"too large":           {`{"n":12345678901234567890}`, `{"n":12345678901234567890}`},
		"too precise":         {`{"n":0.1000000000000000055}`, `{"n":0.1000000000000000055}`},
		"too far":             {`{"n":1e999}`, `{"n":1e999}`},
		"vanishing":           {`{"n":1e-999}`, `{"n":1e-999}`},
		"digits in a text":    {`"12345678901234567890 \" 1e999"`, `"12345678901234567890 \" 1e999"`},
		"a key twice":         {`{"a":1,"a":2}`, `{"a":1,"a":2}`},
		"lone surrogate":      {`"\ud800"`, `"\ud800"`},
		"our own mark":        {`{"$raw":"{}"}`, `{"$raw":"{}"}`},
		"our mark, disguised": {`{"\u0024raw":"{}"}`, `{"\u0024raw":"{}"}`},
		"our mark and more":   {`{"$raw":"{}","a":1}`, `{"$raw":"{}","a":1}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			leaf, err := encodeLeaf(record(test.data))
			if err != nil {
				t.Fatal(err)
			}
			got, err := decodeLeaf(leaf)
			if err != nil {
				t.Fatal(err)
			}
			if string(got.Data) != test.want {
				t.Errorf("data comes back as %s, want %s", got.Data, test.want)
			}
			if got.Seq != 7 || got.Incident != "inc" || !got.Time.Equal(record("").Time) {
				t.Errorf("the record comes back as %+v", got)
			}
		})
	}
}

func TestRefuseLeaf(t *testing.T) {
	if _, err := encodeLeaf(record(`{"a":`)); err == nil || !strings.Contains(err.Error(), "not JSON") {
		t.Errorf("broken JSON: %v", err)
	}
	if _, err := encodeLeaf(record(`"` + strings.Repeat("x", maxLeaf) + `"`)); err == nil || !strings.Contains(err.Error(), "evidence") {
		t.Errorf("a record of 16 MB: %v", err)
	}
}

// FuzzEncodeLeaf: whatever JSON an intruder gets into a record, it is kept, and comes back meaning the same.
func FuzzEncodeLeaf(f *testing.F) {
	for _, seed := range []string{`{}`, `[1,2.50,-0]`, `{"a":{"a":1e400}}`, `{"$raw":"1"}`, `{"a":1,"a":2}`, `"\ud834\udd1e\ud834"`,
		`{"data":{"$raw":3}}`, `9007199254740993`, "\"\xff\"", `0.000001234567890123456789`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) || len(data) > 1<<16 {
			return
		}
		leaf, err := encodeLeaf(record(string(data)))
		if err != nil {
			t.Fatalf("%q is refused: %v", data, err)
		}
		if bytes.ContainsRune(leaf, '\n') || !utf8.Valid(leaf) {
			t.Fatalf("the leaf of %q isn't one line of text: %q", data, leaf)
		}
		got, err := decodeLeaf(leaf)
		if err != nil {
			t.Fatal(err)
		}
		again, err := encodeLeaf(got)
		if err != nil || utf8.Valid(data) && !bytes.Equal(again, leaf) {
			t.Fatalf("%q encodes as %s and then as %s (%v)", data, leaf, again, err)
		}
		if want, have := numbers(data), numbers(got.Data); utf8.Valid(data) && want != have {
			t.Fatalf("%q comes back as %q: %s became %s", data, got.Data, want, have)
		}
	})
}

// numbers is the set of the numbers in a document, however they were written and ordered.
func numbers(data []byte) string {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var found []string
	for {
		token, err := decoder.Token()
		if err != nil {
			break
		}
		if n, ok := token.(json.Number); ok {
			digits, exponent, ok := decimal(n.String())
			if !ok {
				// Not comparable by value; then it must be the same text.
				digits = n.String()
			}
			found = append(found, digits+"e"+string(rune('a'+(exponent%26+26)%26)))
		}
	}
	return sortedText(found)
}

func sortedText(list []string) string {
	keys := make(map[string]bool, len(list))
	for _, s := range list {
		keys[s] = true
	}
	return strings.Join(sortedKeys(keys), " ")
}
