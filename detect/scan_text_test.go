package detect

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// padded puts data into a buffer as readers have it.
func padded(data []byte) []byte { return append(bytes.Clone(data), make([]byte, sentinel)...) }

// readOne reads data as one record and reports whether it is a whole one and nothing else.
func readOne(data []byte) (outcome, int) {
	r := newReader(frozenTree("a", "a.b"))
	r.buf, r.n = padded(data), len(data)
	end, out, _ := r.read(0, false)
	return out, end
}

func frozenTree(paths ...string) *fieldTree {
	tree := newFieldTree()
	for _, p := range paths {
		tree.add(p)
	}
	tree.freeze()
	return tree
}

// TestReaderAcceptsJSON: mutated objects are accepted exactly when encoding/json accepts them and they are UTF-8.
func TestReaderAcceptsJSON(t *testing.T) {
	seeds := []string{good(1), `{"a":[1,-0.5e+3,true,false,null,"\u00e9\ud83d\ude00\\ \/"],"b":{}}`, `{ "a" : { "b" : [ [ ] , "x" ] } }`}
	rapid.Check(t, func(rt *rapid.T) {
		data := []byte(rapid.SampledFrom(seeds).Draw(rt, "seed"))
		for range rapid.IntRange(0, 3).Draw(rt, "changes") {
			at := rapid.IntRange(1, len(data)-1).Draw(rt, "at")
			c := rapid.SampledFrom([]byte("{}[]\",:\\ \n0-.eutx\x00\x1f\x7f\x80\xc3\xff")).Draw(rt, "byte")
			switch rapid.IntRange(0, 2).Draw(rt, "how") {
			case 0:
				data[at] = c
			case 1:
				data = append(data[:at:at], append([]byte{c}, data[at:]...)...)
			default:
				data = append(data[:at:at], data[min(at+1, len(data)-1):]...)
			}
			if len(data) < 2 {
				return
			}
		}
		out, end := readOne(data)
		got := out == complete && len(bytes.TrimSpace(data[end:])) == 0
		want := json.Valid(data) && utf8.Valid(data)
		if got != want {
			rt.Fatalf("%q: read %v to %d, json.Valid %v", data, out, end, json.Valid(data))
		}
	})
}

// TestEveryPrefixNeedsMore: a record that is cut anywhere is never complete and never called broken.
func TestEveryPrefixNeedsMore(t *testing.T) {
	whole := []byte(`{"a":{"b":"x\u00e9\"","c":[-1.5e3,true,null,{}]},"d":"\ud83d\ude00é"}`)
	for i := 1; i < len(whole); i++ {
		if out, _ := readOne(whole[:i]); out != needMore {
			t.Errorf("%s: %v", whole[:i], out)
		}
	}
	if out, end := readOne(whole); out != complete || end != len(whole) {
		t.Errorf("%v at %d", out, end)
	}
}

func TestUnescapeLikeEncodingJSON(t *testing.T) {
	pieces := rapid.SliceOf(rapid.SampledFrom([]string{"a", "é", `\"`, `\\`, `\/`, `\b`, `\f`, `\n`, `\r`, `\t`, `\u0041`, `\u00E9`,
		`\ud83d`, `\ude00`, `\uD83D\uDE00`, `\u0000`, "😀"}))
	rapid.Check(t, func(rt *rapid.T) {
		text := strings.Join(pieces.Draw(rt, "pieces"), "")
		var want string
		if err := json.Unmarshal([]byte(`"`+text+`"`), &want); err != nil {
			rt.Fatal(err)
		}
		if got := string(unescape(nil, []byte(text))); got != want {
			rt.Fatalf("%q: got %q, want %q", text, got, want)
		}
	})
}

func TestNumbersLikeEncodingJSON(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom([]rune("0019-+.eE")), 0, 8, -1).Draw(rt, "number")
		want := json.Valid([]byte(text))
		if got := isNumber([]byte(text)); got != want {
			rt.Fatalf("%q: %v", text, got)
		}
	})
}

func TestNextStop(t *testing.T) {
	alphabet := rapid.SampledFrom([]byte("ab \"\\\x1f\x00\x7f\x80\xff!#[]"))
	rapid.Check(t, func(rt *rapid.T) {
		data := rapid.SliceOfN(alphabet, 0, 40).Draw(rt, "data")
		want, high := 0, false
		for want < len(data) && data[want] >= 0x20 && data[want] != '"' && data[want] != '\\' {
			high = high || data[want] >= 0x80
			want++
		}
		if got, gotHigh := nextStop(padded(data), 0); got != want || gotHigh != high {
			rt.Fatalf("%q: %d %v, want %d %v", data, got, gotHigh, want, high)
		}
	})
}

func TestGlobLikeSlow(t *testing.T) {
	text := rapid.StringOfN(rapid.SampledFrom([]rune("abé")), 0, 10, -1)
	pat := rapid.StringOfN(rapid.SampledFrom([]rune("abé**??")), 0, 8, -1)
	rapid.Check(t, func(rt *rapid.T) {
		p, s := parsePattern(pat.Draw(rt, "pattern")), text.Draw(rt, "text")
		g := newGlob(p)
		if got, want := g.match([]byte(s)), slowLike(p, s, true); got != want {
			rt.Fatalf("%q on %q: %v", p.key(), s, got)
		}
	})
}

// TestBase64Offsets: wherever a text stands in what is encoded, one of the three forms is found.
func TestBase64Offsets(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringMatching(`[ -~]{3,12}`).Draw(rt, "text")
		before, after := rapid.StringMatching(`[ -~]{0,7}`).Draw(rt, "before"), rapid.StringMatching(`[ -~]{0,7}`).Draw(rt, "after")
		encoded := base64.StdEncoding.EncodeToString([]byte(before + text + after))
		if !strings.Contains(encoded, base64Offsets(text)[len(before)%3]) {
			rt.Fatalf("%q in %q: %q not in %s", text, before+text+after, base64Offsets(text), encoded)
		}
	})
}

func TestFold(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a, b := rapid.Rune().Draw(rt, "a"), rapid.Rune().Draw(rt, "b")
		if (foldRune(a) == foldRune(b)) != sameLetter(a, b) {
			rt.Fatalf("%q and %q", a, b)
		}
		if upper := strings.ToUpper(string(a)); utf8.RuneCountInString(upper) == 1 && sameLetter(a, []rune(upper)[0]) && foldString(upper) != foldString(string(a)) {
			rt.Fatalf("%q and %q", a, upper)
		}
	})
}

func TestTimeParts(t *testing.T) {
	for text, want := range map[string][6]int{"2024-12-30T23:59:58Z": {59, 23, 30, 1, 12, 2024}, "2023-01-01 00:07": {7, 0, 1, 52, 1, 2023}} {
		for i, part := range []string{"minute", "hour", "day", "week", "month", "year"} {
			if got, ok := timePart([]byte(text), part); !ok || got != want[i] {
				t.Errorf("%s of %s: %d %v", part, text, got, ok)
			}
		}
	}
	for _, text := range []string{"", "2024", "2024-13-01T00:00:00Z", "2024-00-01T00:00Z", "2024-01-32T00:00Z", "20a4-01-01T00:00Z", "2024-01-01T24:00Z", "2024-01-01T00:60Z", "2024/01/01T00:00Z", "2024-01-01x00:00Z"} {
		if _, ok := timePart([]byte(text), "minute"); ok {
			t.Errorf("%q is a time", text)
		}
	}
}

func TestFieldTree(t *testing.T) {
	tree := frozenTree("a.b", "a", "x.y.z", "x.y")
	for key, want := range map[string]string{"a": "a", "a.b": "a.b", "x.y.z": "x.y.z", "x.y": "x.y", "x": "", "b": "", "a.c": "", "": "", ".": ""} {
		node := tree.child(1, []byte(key))
		got := ""
		if s := tree.nodes[node].slot; s >= 0 {
			got = tree.fields[s]
		}
		if got != want {
			t.Errorf("%q leads to %q", key, got)
		}
	}
	if tree.add("a.b") != tree.slots["a.b"] {
		t.Error("one path has two slots")
	}
}
