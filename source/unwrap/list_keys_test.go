package unwrap

import (
	"slices"
	"testing"
)

func TestKeys(t *testing.T) {
	for text, want := range map[string][]string{
		``:                            nil,
		`"text"`:                      nil,
		`{}`:                          nil,
		`[]`:                          nil,
		`{"a":1,"b":{"c":2},"d":[3]}`: {"a", "b", "d"},
		` [ {"a":"x"}, {"b":"y"}]`:    {"a"},
		// Texts that look like keys but are values, and brackets in them.
		`{"a":"b","c":"{\"d\":1}","e":"]}"}`: {"a", "c", "e"},
		`{"a":["b","c",{"d":1}],"e":0}`:      {"a", "e"},
		// Quotes behind backslashes.
		`{"a":"\\","b":"\\\"","c":"\\\\"}`: {"a", "b", "c"},
		`{"a\"b":1,"c":2}`:                 {`a\"b`, "c"},
		// A second object behind the first has keys of its own.
		`{"a":1}{"b":2}`: {"a"},
		// What breaks off has the keys before.
		`{"a":1,"b":{"c":"d`: {"a", "b"},
		`{"a":1,"unfin`:      {"a"},
	} {
		if got := Keys([]byte(text)); !slices.Equal(got, want) {
			t.Errorf("Keys(%s) = %q, want %q", text, got, want)
		}
	}
}
