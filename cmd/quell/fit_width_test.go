package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
)

// hostileTexts are names that somebody might give to things so that a table about them falls apart.
func hostileTexts() map[string]string {
	return map[string]string{
		"wide":        strings.Repeat("雪だるま", 40),
		"hangul":      strings.Repeat("한글", 60),
		"emoji":       strings.Repeat("😀", 70),
		"family":      strings.Repeat("👨‍👩‍👧‍👦", 30),
		"skin":        strings.Repeat("👍🏽", 50),
		"flags":       strings.Repeat("🇩🇪", 50),
		"hearts":      strings.Repeat("❤️", 60),
		"combining":   "a" + strings.Repeat("\u0301", 4000) + "b",
		"zalgo":       strings.Repeat("z\u0300\u0315\u0340\u0360\u0328\u0347\u0353\u0322", 80),
		"zero width":  strings.Repeat("a\u200b\u200d\ufeff", 80),
		"spacing":     "क" + strings.Repeat("\u093e", 300),
		"control":     "\x1b[2J\x1b]0;owned\x07\x00" + strings.Repeat("\r\n\t", 30) + "\u009b2J",
		"bidi":        "\u202egnp.exe" + strings.Repeat("\u2066x", 50),
		"lines":       "one\ntwo\u2028three\u2029four",
		"broken":      "\xff\xfe" + strings.Repeat("\xc3\x28", 60),
		"markup":      "<script>alert(1)</script><img src=x onerror=alert(1)>" + strings.Repeat("&quot;", 30),
		"formula":     "=cmd|' /C calc'!A0" + strings.Repeat("@SUM(1)", 20),
		"long word":   strings.Repeat("x", 5000),
		"fullwidth":   strings.Repeat("Ａｂｃ", 40),
		"variation":   strings.Repeat("✈\ufe0f\u20e3", 50),
		"nothing":     "",
		"only blanks": strings.Repeat(" ", 200),
	}
}

func TestFit(t *testing.T) {
	for _, test := range []struct {
		in      string
		columns int
		want    string
	}{
		{"short", 10, "short"}, {"exactly ten", 11, "exactly ten"}, {"one too many", 11, "one too ma…"},
		{"雪だるま", 8, "雪だるま"}, {"雪だるま", 7, "雪だる…"}, {"雪だるま", 6, "雪だ…"}, {"雪だ", 1, "…"}, {"x", 0, ""}, {"", 0, ""},
		{"é", 1, "é"}, {"e\u0301", 1, "e\u0301"}, {"a\x1bb", 3, "a␛b"},
		{"e" + strings.Repeat("\u0301", 50), 1, "e" + strings.Repeat("\u0301", maxCluster-1)},
	} {
		if got := fit(test.in, test.columns); got != test.want {
			t.Errorf("fit(%q, %d) = %q, want %q", test.in, test.columns, got, test.want)
		}
	}
	if got := pad("雪", 5); got != "雪   " {
		t.Errorf("%q", got)
	}
}

func TestFitHostile(t *testing.T) {
	for name, text := range hostileTexts() {
		for _, columns := range []int{0, 1, 2, 3, 18, 34, 80} {
			got := fit(text, columns)
			if columnsOf(got) > columns {
				t.Errorf("%s in %d columns takes %d: %q", name, columns, columnsOf(got), got)
			}
			if !utf8.ValidString(got) || quell.Clean(got) != got {
				t.Errorf("%s in %d columns is not clean: %q", name, columns, got)
			}
			if len(got) > columns*maxCluster*utf8.UTFMax+3 {
				t.Errorf("%s in %d columns holds %d bytes", name, columns, len(got))
			}
			if n := columnsOf(pad(text, columns)); n != columns {
				t.Errorf("%s padded to %d takes %d", name, columns, n)
			}
		}
	}
}

// TestWrapLosesNothing holds any text against its lines: all of its words are there in order, and no line is too long.
func TestWrapLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{
			"word", "雪だるま", strings.Repeat("x", 90), "s3://bucket/" + strings.Repeat("long/", 30), "e\u0301", "👍🏽👍🏽", "a", "\u0301\u0301", strings.Repeat("漢", 77),
		}), 0, 30).Draw(t, "words"), rapid.SampledFrom([]string{" ", "", "  "}).Draw(t, "between"))
		indent := rapid.SampledFrom([]string{"", "  ", "    "}).Draw(t, "indent")
		var b strings.Builder
		wrap(&b, indent, text)
		for _, line := range strings.Split(b.String(), "\n") {
			if n := columnsOf(line); n > tableColumns {
				t.Fatalf("%d columns: %q", n, line)
			}
			if line != "" && !strings.HasPrefix(line, indent) {
				t.Fatalf("not set in: %q", line)
			}
		}
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if got, want := squeeze(b.String()), squeeze(tame(text)); got != want {
			t.Fatalf("%q became %q", want, got)
		}
	})
}
