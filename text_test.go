package quell

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"plain", "user/alice at 10:00", "user/alice at 10:00"},
		{"letters of the world", "José 日本 🙂", "José 日本 🙂"},
		{"colour", "\x1b[31mred\x1b[0m", "␛[31mred␛[0m"},
		{"title of the window", "\x1b]0;owned\x07", "␛]0;owned␇"},
		{"C1 sequence", "\u009b31m", "\uFFFD31m"},
		{"NUL", "a\x00b", "a␀b"},
		{"delete", "a\x7fb", "a␡b"},
		{"lines", "a\nb\r\nc\td", "a b  c d"},
		{"line and paragraph separators", "a\u2028b\u2029c", "a\uFFFDb\uFFFDc"},
		{"bidi override", "txt.\u202Eexe", "txt.\uFFFDexe"},
		{"bidi isolate", "\u2066a\u2069", "\uFFFDa\uFFFD"},
		{"zero width", "ad\u200Bmin\uFEFF", "ad\uFFFDmin\uFFFD"},
		{"tag characters", "a\U000E0041", "a\uFFFD"},
		{"invalid UTF-8", "a\xff\xfeb", "a\uFFFD\uFFFDb"},
		{"overlong slash", "\xc0\xaf", "\uFFFD\uFFFD"},
		{"empty", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := Clean(test.in); got != test.want {
				t.Errorf("Clean(%q) = %q, want %q", test.in, got, test.want)
			}
		})
	}
}

func TestCut(t *testing.T) {
	for _, test := range []struct {
		in    string
		width int
		want  string
	}{
		{"short", 5, "short"}, {"longer", 5, "long…"}, {"日本語です", 3, "日本…"}, {"ab", 1, "a"}, {"ab", 0, ""}, {"ab", -3, ""},
		{"\x1b\x1b\x1b", 2, "␛…"}, {"", 0, ""},
	} {
		if got := Cut(test.in, test.width); got != test.want {
			t.Errorf("Cut(%q, %d) = %q, want %q", test.in, test.width, got, test.want)
		}
	}
}

func TestCleanCell(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"alice", "alice"}, {"", ""}, {"  ", "  "}, {"1+1", "1+1"},
		{`=HYPERLINK("http://x")`, `'=HYPERLINK("http://x")`}, {"+1", "'+1"}, {"-1", "'-1"}, {"@SUM(A1)", "'@SUM(A1)"},
		{"|cmd", "'|cmd"}, {"%0a", "'%0a"}, {"  =1", "'  =1"}, {"\t=1", "' =1"}, {"\r\n=1", "'  =1"}, {"\u00a0=1", "'\u00a0=1"},
		{"＝1", "'＝1"}, {"'=1", "'=1"}, {"\x00=1", "␀=1"},
	} {
		if got := CleanCell(test.in); got != test.want {
			t.Errorf("CleanCell(%q) = %q, want %q", test.in, got, test.want)
		}
	}
}

// FuzzClean holds what a terminal relies on: one line, no control or format character, valid, of bounded length.
func FuzzClean(f *testing.F) {
	for _, seed := range []string{"plain", "\x1b[31m", "\u202E", "a\x00\xff", "=1+1", strings.Repeat("\x01", 100), "\u2028"} {
		f.Add(seed, 10)
	}
	f.Fuzz(func(t *testing.T, s string, width int) {
		got := Clean(s)
		if !utf8.ValidString(got) {
			t.Errorf("Clean(%q) is not UTF-8: %q", s, got)
		}
		for _, r := range got {
			if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
				t.Errorf("Clean(%q) holds %U", s, r)
			}
		}
		if again := Clean(got); again != got {
			t.Errorf("cleaned twice, %q becomes %q", got, again)
		}
		if len(got) > 3*len(s) {
			t.Errorf("Clean made %d bytes of %d", len(got), len(s))
		}
		if n := utf8.RuneCountInString(Cut(s, width)); n > max(width, 0) {
			t.Errorf("Cut(%q, %d) has %d runes", s, width, n)
		}
		cell := CleanCell(s)
		if lead := strings.TrimSpace(cell); lead != "" && strings.ContainsRune("=+-@|%", rune(lead[0])) {
			t.Errorf("CleanCell(%q) = %q would be a formula", s, cell)
		}
	})
}
