package detect

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestWordFinder compares few and many words with strings.Contains.
func TestWordFinder(t *testing.T) {
	letters := rapid.StringOfN(rapid.SampledFrom([]rune("abcé")), 1, 5, -1)
	rapid.Check(t, func(rt *rapid.T) {
		words := rapid.SliceOfNDistinct(letters, 1, 12, rapid.ID[string]).Draw(rt, "words")
		text := rapid.StringOfN(rapid.SampledFrom([]rune("abcéx")), 0, 30, -1).Draw(rt, "text")
		f := newWordFinder(words)
		var want, got []int32
		for i, w := range words {
			if strings.Contains(text, w) {
				want = append(want, int32(i))
			}
		}
		f.find([]byte(text), func(word int32) bool {
			got = append(got, word)
			return false
		})
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(want, got) {
			rt.Fatalf("%q in %q: %v, want %v", words, text, got, want)
		}
		if f.any([]byte(text)) != (len(want) > 0) {
			rt.Fatalf("any(%q) of %q", text, words)
		}
	})
}

func TestGlobIsLinear(t *testing.T) {
	g := newGlob(parsePattern(strings.Repeat("*a?", 20) + "*b"))
	if g.match([]byte(strings.Repeat("a", 1<<20))) {
		t.Error("there is no b")
	}
}

// TestRouting holds that rules are filed under what they need.
func TestRouting(t *testing.T) {
	tests := []struct {
		det  []string
		want []trigger
	}{
		{[]string{"s: {eventName: [B, A], eventSource: x}", "condition: s"}, []trigger{{slot: slotName, key: "a"}, {slot: slotName, key: "b"}}},
		{[]string{"s: {eventSource: X, userAgent|contains: y}", "condition: s"}, []trigger{{slot: slotSource, key: "x"}}},
		{[]string{"s: {eventName: A}", "u: {eventSource: B}", "condition: s or u"}, []trigger{{slot: slotName, key: "a"}, {slot: slotSource, key: "b"}}},
		{[]string{"s: {eventName|startswith: Upd}", "condition: s"}, []trigger{{slot: slotName, kind: triggerWord, key: "upd"}}},
		{[]string{"s: {eventName|re: x}", "condition: s"}, []trigger{{slot: slotName, kind: triggerPresent}}},
		{[]string{"s: {eventName: 5}", "condition: s"}, []trigger{{slot: slotName, kind: triggerPresent}}},
		{[]string{"s: {eventName: A}", "condition: not s"}, nil},
		{[]string{"s: {eventName: [A, null]}", "condition: s"}, nil},
	}
	for _, tt := range tests {
		prog := mustCompile(t, mustRules(t, detection("r", tt.det...)), Options{})
		got := prog.guardOf(prog.roots[0])
		slices.SortFunc(got, func(a, b trigger) int { return strings.Compare(a.key, b.key) })
		if !slices.Equal(got, tt.want) {
			t.Errorf("%q: %+v", tt.det, got)
		}
	}
}
