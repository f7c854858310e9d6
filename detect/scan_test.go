package detect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// good is a record that the rule "login" matches; its number stands in eventID.
func good(n int) string {
	return fmt.Sprintf(`{"eventVersion":"1.11","eventID":"%d","eventName":"ConsoleLogin","x":{"y":["a\"}]","b"]}}`, n)
}

func quote(s string) string {
	q, _ := json.Marshal(s) // a string always encodes
	return string(q)
}

func loginWorker(t testing.TB) *Worker {
	return mustCompile(t, mustRules(t, detection("login", "s:", "    eventName: ConsoleLogin", "condition: s")), Options{}).NewWorker()
}

// scanIDs scans text, a few bytes per read where slow, and returns the eventIDs of the matches.
func scanIDs(t testing.TB, w *Worker, text string, slow bool) (string, Stats) {
	t.Helper()
	var in io.Reader = strings.NewReader(text)
	if slow {
		in = iotest.OneByteReader(in)
	}
	var ids []string
	stats, err := w.Scan(in, "test", func(m Match) error {
		var rec struct{ EventID string }
		if err := json.Unmarshal(m.Raw, &rec); err != nil {
			t.Errorf("Raw is not the record: %v: %s", err, m.Raw)
		}
		ids = append(ids, rec.EventID)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if stats.Bytes != int64(len(text)) {
		t.Errorf("read %d of %d bytes", stats.Bytes, len(text))
	}
	return strings.Join(ids, " "), stats
}

func TestScanShapes(t *testing.T) {
	a, b, c := good(1), good(2), good(3)
	pretty := func(s string) string {
		var out bytes.Buffer
		if err := json.Indent(&out, []byte(s), "", "    "); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	envelope := `{"version":"0","id":"x","detail-type":"AWS Console Sign In via CloudTrail","source":"aws.signin","detail":` + b + `}`
	lookup := `{"Events":[{"EventId":"9","EventName":"ConsoleLogin","CloudTrailEvent":` + quote(a) + `},{"CloudTrailEvent":` + quote(b) + `,"EventId":"8"}],"NextToken":"x"}`
	tests := []struct {
		name, text, want string
		events           int64
	}{
		{"records", `{"Records":[` + a + "," + b + "," + c + `]}`, "1 2 3", 3},
		{"records pretty", pretty(`{"Records":[` + a + "," + b + `]}`), "1 2", 2},
		{"records after other keys", `{"v":1,"list":"x","Records":[` + a + `],"more":{"a":[1,{"b":2}]},"z":"}"}` + b, "1 2", 2},
		{"records twice", `{"Records":[` + a + `],"Records":[` + b + `]}`, "1 2", 2},
		{"no records", `{"Records":[]}`, "", 0},
		{"array", "[" + a + "," + b + "]", "1 2", 2},
		{"array pretty", pretty("[" + a + "," + b + "]"), "1 2", 2},
		{"empty array", "[]", "", 0},
		{"array of containers", `[{"Records":[` + a + `]},{"Records":[` + b + `]}]`, "1 2", 2},
		{"single", a, "1", 1},
		{"single pretty", pretty(a), "1", 1},
		{"byte order mark", "\xEF\xBB\xBF" + a, "1", 1},
		{"lines", a + "\n" + b + "\r\n\n" + c + "\n", "1 2 3", 3},
		{"concatenated", a + b + c, "1 2 3", 3},
		{"concatenated containers", `{"Records":[` + a + `]}{"Records":[` + b + `]}`, "1 2", 2},
		{"lookup-events", lookup, "1 2", 2},
		{"lookup-events pretty", pretty(lookup), "1 2", 2},
		{"lookup-events lines", `{"CloudTrailEvent":` + quote(a) + "}\n" + `{"CloudTrailEvent":` + quote(pretty(b)) + "}", "1 2", 2},
		{"envelope", envelope, "2", 1},
		{"envelope pretty", pretty(envelope), "2", 1},
		{"envelopes in an array", "[" + envelope + "," + a + "]", "2 1", 2},
		{"foreign envelope", strings.Replace(envelope, "via CloudTrail", "x", 1), "", 1},
		{"mixed", a + "\n" + lookup + "[" + envelope + "]" + `{"Records":[` + c + "]}", "1 1 2 2 3", 5},
		{"empty", " \n ", "", 0},
		{"long white space", strings.Repeat(" ", 600_000) + a, "1", 1},
	}
	w := loginWorker(t)
	for _, tt := range tests {
		for _, slow := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%v", tt.name, slow), func(t *testing.T) {
				got, stats := scanIDs(t, w, tt.text, slow)
				if got != tt.want || stats.Events != tt.events || stats.BadTotal != 0 {
					t.Errorf("got %q, %+v", got, stats)
				}
			})
		}
	}
}

func TestScanBadRecords(t *testing.T) {
	a, b, c := good(1), good(2), good(3)
	huge := `{"eventName":"ConsoleLogin","eventID":"huge","x":"` + strings.Repeat("A", 50<<20) + `"}`
	deep := `{"eventName":"ConsoleLogin","x":` + strings.Repeat(`[`, 100_000) + strings.Repeat("]", 100_000) + "}"
	deepObjects := `{"eventName":"ConsoleLogin","x":` + strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000) + "}"
	records := func(parts ...string) string { return `{"Records":[` + strings.Join(parts, ",") + "]}" }
	tests := []struct {
		name, text, want string
		bad              int64 // at least one where -1
		why              string
	}{
		{"no value", records(a, `{"eventName":}`, c), "1 3", 1, "no JSON value"},
		{"no comma", records(a, `{"eventName":"x" "b":1}`, c), "1 3", 1, "comma"},
		{"trailing comma", records(a, `{"eventName":"x",}`, c), "1 3", 1, "key"},
		{"bad number", records(a, `{"eventName":01}`, c), "1 3", 1, "comma"},
		{"bad word", records(a, `{"eventName":nul}`, c), "1 3", 1, "no JSON value"},
		{"bad escape", records(a, `{"eventName":"\x"}`, c), "1 3", 1, "escape"},
		{"bad unicode escape", records(a, `{"eventName":"\u12g4"}`, c), "1 3", 1, "escape"},
		{"control character", records(a, "{\"eventName\":\"a\x01b\"}", c), "1 3", 1, "control"},
		{"nul", records(a, "{\"eventName\":\"a\x00b\"}", c), "1 3", 1, "NUL"},
		{"utf-8", records(a, "{\"eventName\":\"a\xffb\"}", c), "1 3", 1, "UTF-8"},
		{"utf-8 in a key nobody reads", records(a, "{\"z\xc0\":1}", c), "1 3", 1, "UTF-8"},
		{"not an object", records(a, `"x"`, "5", "null", c), "1 3", 3, "no record"},
		{"deep", records(a, deep, c), "1 3", 1, "deep"},
		{"deep objects", records(a, deepObjects, c), "1 3", 1, "deep"},
		{"deep array of arrays", strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + a, "1", 1, "deep"},
		{"huge", records(a, huge, c), "1 3", 1, "16 MiB"},
		{"huge alone", a + huge + b, "1 2", 1, "16 MiB"},
		{"cut", `{"Records":[` + a + "," + b + "," + c[:40], "1 2", 2, "ends within"},
		{"cut between", `{"Records":[` + a + ",", "1", 1, "list"},
		{"cut line", a + "\n" + b[:50] + "\n" + c, "1 3", 1, ""},
		{"cut line in a string", a + "\n" + b[:30] + "\n" + c, "1 3", 1, "control"},
		{"cut line in a key", a + "\n" + `{"eventNa` + "\n" + c, "1 3", 1, "control"},
		{"lost quote", records(a, `{"eventVersion":"1,"x":1}`, c), "1 3", 1, ""},
		{"nul between lines", a + "\n\x00\x00\x00\n" + b, "1 2", 1, "NUL"},
		{"text between lines", a + "\nnot json at all\n" + b, "1 2", 1, "no JSON"},
		{"text before", "2025-03-01 INFO start\n" + a, "1", 1, "no JSON"},
		{"empty lookup", `{"Events":[{"CloudTrailEvent":"x"},{"CloudTrailEvent":` + quote(b) + `}]}`, "2", 1, "without a record"},
		{"cut lookup", `{"Events":[{"CloudTrailEvent":"{\"eventName\":"},{"CloudTrailEvent":` + quote(b) + `}]}`, "2", 1, "ends early"},
		{"bad key in a container", `{"Records":[` + a + `],?` + b, "1 2", -1, ""},
	}
	w := loginWorker(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, stats := scanIDs(t, w, tt.text, false)
			if got != tt.want || tt.bad >= 0 && stats.BadTotal != tt.bad || stats.BadTotal == 0 {
				t.Errorf("got %q, %+v", got, stats)
			}
			if len(stats.Bad) > 0 && !strings.Contains(stats.Bad[0].Why, tt.why) {
				t.Errorf("why: %q", stats.Bad[0].Why)
			}
			if len(tt.text) < 10_000 {
				if again, s := scanIDs(t, w, tt.text, true); again != got || s.BadTotal != stats.BadTotal {
					t.Errorf("byte by byte: got %q, %+v", again, s)
				}
			}
		})
	}
	if len(w.buf) > 8<<20 {
		t.Errorf("the worker keeps %d bytes", len(w.buf))
	}
}

func TestScanManyBadRecordsAreCounted(t *testing.T) {
	text := strings.Repeat("{\"a\":}\n", 5000) + good(1)
	got, stats := scanIDs(t, loginWorker(t), text, false)
	if got != "1" || stats.BadTotal != 5000 || len(stats.Bad) != maxBad || stats.Bad[1].Offset != 7 {
		t.Errorf("got %q, %d bad, %d kept", got, stats.BadTotal, len(stats.Bad))
	}
}

func TestScanErrors(t *testing.T) {
	w := loginWorker(t)
	broken := errors.New("disk on fire")
	in := io.MultiReader(strings.NewReader(good(1)+"\n"), iotest.ErrReader(broken))
	n := 0
	stats, err := w.Scan(in, "f.json", func(Match) error { n++; return nil })
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "f.json") || n != 1 || stats.Events != 1 {
		t.Errorf("%v, %d matches, %+v", err, n, stats)
	}
	stop := errors.New("enough")
	if _, err := w.Scan(strings.NewReader(good(1)+good(2)), "", func(Match) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
	if got, _ := scanIDs(t, w, good(3), false); got != "3" {
		t.Errorf("after an error: %q", got)
	}
}

func TestMatchTellsWhere(t *testing.T) {
	text := "  " + `{"Records":[` + good(1) + ", " + good(2) + "]}"
	var at []string
	if _, err := loginWorker(t).Scan(strings.NewReader(text), "o", func(m Match) error {
		at = append(at, text[m.Offset:m.Offset+int64(len(m.Raw))])
		if m.Origin != "o" || m.Rule.ID != "login" {
			t.Errorf("%+v", m)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if strings.Join(at, "|") != good(1)+"|"+good(2) {
		t.Errorf("%q", at)
	}
}

// TestRecordsAcrossBuffers moves records over the borders of the buffer.
func TestRecordsAcrossBuffers(t *testing.T) {
	w := loginWorker(t)
	rapid.Check(t, func(rt *rapid.T) {
		var text strings.Builder
		want := 0
		for text.Len() < 2*startBuffer {
			pad := strings.Repeat("p", rapid.IntRange(0, 90_000).Draw(rt, "pad"))
			fmt.Fprintf(&text, `{"pad":%q,"eventName":"ConsoleLogin","eventID":"%d"}`+"\n", pad, want)
			want++
		}
		got, stats := scanIDs(t, w, text.String(), false)
		if len(strings.Fields(got)) != want || stats.BadTotal != 0 {
			rt.Fatalf("%d of %d, %+v", len(strings.Fields(got)), want, stats)
		}
	})
}

// FuzzScan: whatever comes, reading ends, all bytes are read, and what is emitted is JSON.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{good(1), `{"Records":[` + good(1) + `,{"a":}]}`, `{"Events":[{"CloudTrailEvent":` + quote(good(1)) + `}]}`,
		`[[{"x":1},`, "\x00{", "{\"a\":\"\\u12", `{"detail-type":" via CloudTrail","detail":{}}`, "]},{\n{\n[", `{"Records":[],"a`, `{"eventName":-`} {
		f.Add([]byte(seed))
	}
	w := mustCompile(f, mustRules(f, detection("any", "s:", "    eventName|exists: true", "k: ['*']", "condition: s or k")), Options{}).NewWorker()
	f.Fuzz(func(t *testing.T, data []byte) {
		stats, err := w.Scan(bytes.NewReader(data), "", func(m Match) error {
			if !json.Valid(m.Raw) {
				t.Errorf("not JSON: %q", m.Raw)
			}
			return nil
		})
		if err != nil || stats.Bytes != int64(len(data)) || int64(len(stats.Bad)) > stats.BadTotal {
			t.Errorf("%+v, %v", stats, err)
		}
		if json.Valid(data) && bytes.HasPrefix(data, []byte(`{"a":`)) && stats.BadTotal > 0 {
			t.Errorf("valid JSON was refused: %+v", stats)
		}
	})
}
