package quell

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCanonical(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"keys are sorted", `{"b":1,"a":{"d":1,"c":2}}`, `{"a":{"c":2,"d":1},"b":1}`},
		// RFC 8785, section 3.2.3: by UTF-16 code units, so that a surrogate pair goes before U+FB33.
		{"by UTF-16 units", "{\"\ufb33\":1,\"😀\":2,\"é\":3,\"a\":4}", "{\"a\":4,\"é\":3,\"😀\":2,\"\ufb33\":1}"},
		{"numbers as ECMAScript", `[1.0,1e3,0.000001,1e21,-0,4.50]`, `[1,1000,0.000001,1e+21,0,4.5]`},
		{"escapes only where needed", `"\u0041\u002f<>&\u00e9\u000a\u001f"`, `"A/<>&é\n\u001f"`},
		{"white space goes", " { \"a\" : [ 1 , 2 ] } ", `{"a":[1,2]}`},
		{"order of lists stays", `[3,1,2]`, `[3,1,2]`},
		{"scalars", `null`, `null`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Canonical(json.RawMessage(test.in))
			if err != nil || string(got) != test.want {
				t.Errorf("Canonical(%s) = %s, %v; want %s", test.in, got, err, test.want)
			}
		})
	}
}

func TestCanonicalRefuses(t *testing.T) {
	for _, v := range []any{math.NaN(), math.Inf(1), func() {}, json.RawMessage(`{"a":`), json.RawMessage(`{"n":1e9999}`)} {
		if got, err := Canonical(v); err == nil {
			t.Errorf("Canonical(%v) = %s", v, got)
		}
		if got, err := Digest(v); err == nil || got != "" {
			t.Errorf("Digest(%v) = %q, %v", v, got, err)
		}
	}
}

// TestDigestKnown pins the form, for ledgers hold it: the value is the SHA-256 of {"a":1}.
func TestDigestKnown(t *testing.T) {
	got, err := Digest(map[string]int{"a": 1})
	if want := "sha256:015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"; err != nil || got != want {
		t.Errorf("Digest = %s, %v; want %s", got, err, want)
	}
}

func value() *rapid.Generator[any] {
	leaf := rapid.OneOf(
		rapid.Map(rapid.String(), func(s string) any { return s }), rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.Int32(), func(i int32) any { return i }), rapid.Just[any](nil))
	return rapid.OneOf(leaf,
		rapid.Map(rapid.SliceOfN(leaf, 0, 4), func(l []any) any { return l }),
		rapid.Map(rapid.MapOfN(rapid.String(), leaf, 0, 4), func(m map[string]any) any { return m }))
}

// TestDigestOfShuffledMaps writes the same map with its keys in two orders.
func TestDigestOfShuffledMaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fields := rapid.MapOfN(rapid.StringMatching(`[a-zé😀"\\]{1,4}`), value(), 0, 8).Draw(t, "fields")
		keys := make([]string, 0, len(fields))
		for k := range fields {
			keys = append(keys, k)
		}
		write := func(order []string) json.RawMessage {
			var b strings.Builder
			for i, k := range order {
				name, _ := json.Marshal(k)
				item, err := json.Marshal(fields[k])
				if err != nil {
					t.Fatal(err)
				}
				b.WriteString(map[bool]string{true: "{", false: " , "}[i == 0])
				b.Write(name)
				b.WriteString(" : ")
				b.Write(item)
			}
			if len(order) == 0 {
				return json.RawMessage("{}")
			}
			return json.RawMessage(b.String() + "}")
		}
		one, err := Digest(write(rapid.Permutation(keys).Draw(t, "one")))
		if err != nil {
			t.Fatal(err)
		}
		two, err := Digest(write(rapid.Permutation(keys).Draw(t, "two")))
		if err != nil || one != two {
			t.Errorf("two digests: %s, %s, %v", one, two, err)
		}
		fields["new key"] = 1
		if other, err := Digest(write(append(keys, "new key"))); err != nil || other == one {
			t.Errorf("a further field left the digest at %s, %v", other, err)
		}
	})
}

func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{`{"b":[1,2.5e-7],"a":"é\ud83d\ude00"}`, `"\ud800"`, `[[[[]]]]`, `-0`, `{"a":1,"a":2}`, `1e400`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		once, err := Canonical(json.RawMessage(raw))
		if err != nil {
			return
		}
		if !json.Valid(once) {
			t.Fatalf("Canonical(%q) = %q is not JSON", raw, once)
		}
		if twice, err := Canonical(json.RawMessage(once)); err != nil || string(twice) != string(once) {
			t.Errorf("%q canonicalised again is %q, %v", once, twice, err)
		}
	})
}

func TestShortHash(t *testing.T) {
	if ShortHash(16, "a", "b") != ShortHash(16, "a", "b") {
		t.Error("not the same for the same")
	}
	seen := map[string][]string{}
	for _, parts := range [][]string{{"a", "b"}, {"ab"}, {"a", "b", ""}, {"", "a", "b"}, {"b", "a"}, {}, {""}} {
		h := ShortHash(16, parts...)
		if len(h) != 16 {
			t.Errorf("%q has %d digits", h, len(h))
		}
		if have, ok := seen[h]; ok {
			t.Errorf("%q and %q hash alike", have, parts)
		}
		seen[h] = parts
	}
}

func TestAt(t *testing.T) {
	// The document and the pointers of RFC 6901, section 5, and what must find nothing.
	const doc = `{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8,"x":{"y":[{"z":null}]}}`
	var tree any
	if err := json.Unmarshal([]byte(doc), &tree); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ pointer, want string }{
		{"", doc}, {"/foo", `["bar","baz"]`}, {"/foo/0", `"bar"`}, {"/foo/1", `"baz"`}, {"/", "0"}, {"/a~1b", "1"}, {"/c%d", "2"},
		{"/e^f", "3"}, {"/g|h", "4"}, {`/i\j`, "5"}, {`/k"l`, "6"}, {"/ ", "7"}, {"/m~0n", "8"}, {"/x/y/0/z", "null"},
		{"/foo/2", ""}, {"/foo/-", ""}, {"/foo/-1", ""}, {"/foo/01", ""}, {"/foo/+1", ""}, {"/foo/-0", ""}, {"/foo/bar", ""},
		{"/nope", ""}, {"foo", ""}, {"/foo/0/x", ""}, {"/m~n/x", ""}, {"/foo/", ""}, {"/foo/99999999999999999999", ""},
	} {
		got, ok := At(tree, test.pointer)
		if ok != (test.want != "") {
			t.Errorf("At(%q) = %v, %v", test.pointer, got, ok)
		}
		if !ok {
			continue
		}
		var want any
		if err := json.Unmarshal([]byte(test.want), &want); err != nil {
			t.Fatal(err)
		}
		a, _ := Canonical(got)
		b, _ := Canonical(want)
		if string(a) != string(b) {
			t.Errorf("At(%q) = %s, want %s", test.pointer, a, b)
		}
	}
}

func TestPointerFindsWhatItNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.StringOf(rapid.SampledFrom([]rune("ab~/01 é"))), 1, 5).Draw(t, "parts")
		var tree any = "here"
		for i := len(parts) - 1; i >= 0; i-- {
			tree = map[string]any{parts[i]: tree, parts[i] + "x": "elsewhere"}
		}
		if got, ok := At(tree, Pointer(parts...)); !ok || got != "here" {
			t.Errorf("At(%q) = %v, %v", Pointer(parts...), got, ok)
		}
	})
}
