package people_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/detect/people"
)

// matches compiles one selection with the values and judges a record by it.
func matches(t testing.TB, selection, record string, values map[string][]string) bool {
	t.Helper()
	rules, problems := detect.Parse("t.yml", []byte("title: t\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n  s:\n    "+selection+"\n  condition: s\n"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	prog, problems := detect.Compile(rules, detect.Options{Placeholders: values})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return len(prog.NewWorker().One([]byte(record))) == 1
}

func TestOnlyOwnAccounts(t *testing.T) {
	values := (&people.Lists{Accounts: []string{"111122223333", "222233334444"}}).Placeholders()
	for text, want := range map[string]bool{
		`{"AWS":"arn:aws:iam::111122223333:root"}`: true,
		`{"AWS":["111122223333","222233334444"]}`:  true,
		`{"AWS":["111122223333","999988887777"]}`:  false,
		`{"AWS":["999988887777","111122223333"]}`:  false,
		`999988887777`:                          false,
		`1111222233339`:                         true, // thirteen digits are no account
		`9111122223333 1`:                       true,
		`on 20260302 at 090000`:                 true,
		``:                                      true,
		`x999988887777x`:                        false,
		`111122223333999988887777 111122223333`: true,
		`111122223333,999988887777`:             false,
	} {
		if got := matches(t, "p|expand|re: '^%only_own_accounts_re%$'", fmt.Sprintf(`{"p":%q}`, text), values); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// Whatever stands around it, an account that is not one's own is seen.
func TestOnlyOwnAccountsProperty(t *testing.T) {
	own := []string{"111122223333", "222233334444", "000000000001"}
	values := (&people.Lists{Accounts: own}).Placeholders()
	rapid.Check(t, func(rt *rapid.T) {
		text, foreign := "", false
		for range rapid.IntRange(0, 6).Draw(rt, "parts") {
			word := rapid.SampledFrom(append([]string{"999988887777", "1111222233334", "12", "a", "0000"}, own...)).Draw(rt, "word")
			foreign = foreign || word == "999988887777"
			text += word + rapid.SampledFrom([]string{":", `","`, " ", "x", "é"}).Draw(rt, "gap")
		}
		if got := matches(t, "p|expand|re: '^%only_own_accounts_re%$'", fmt.Sprintf(`{"p":%q}`, text), values); got == foreign {
			rt.Fatalf("%s: excused %v", text, got)
		}
	})
}

// Every placeholder that may be without values is one that somebody fills.
func TestEveryPlaceholderIsFilled(t *testing.T) {
	shared, leaver := (&people.Lists{}).Placeholders(), (&people.Leaver{Who: "a"}).Placeholders()
	for _, name := range detect.Optional() {
		_, one := shared[name]
		_, other := leaver[name]
		if one == other {
			t.Errorf("%s: in the lists %v, of a leaver %v", name, one, other)
		}
	}
	if got := len(detect.Optional()); got != len(shared)+len(leaver) {
		t.Errorf("%d placeholders are optional, %d are filled", got, len(shared)+len(leaver))
	}
}

func TestBreakGlassValues(t *testing.T) {
	values := (&people.Lists{BreakGlass: []string{"arn:aws:iam::111122223333:role/ops/Emergency", "bg-*", `odd\name`}}).Placeholders()
	for arn, want := range map[string]bool{
		"arn:aws:iam::111122223333:role/ops/Emergency":    true,
		"arn:aws:iam::222233334444:role/ops/Emergency":    false,
		"arn:aws:iam::222233334444:role/bg-1":             true,
		"arn:aws:iam::222233334444:role/path/bg-1":        true,
		"arn:aws-us-gov:iam::222233334444:role/path/bg-1": true,
		"arn:aws:iam::222233334444:role/not-bg-1":         false,
		`arn:aws:iam::222233334444:role/odd\name`:         true,
	} {
		if got := matches(t, "r|expand: '%break_glass_roles%'", fmt.Sprintf(`{"r":%q}`, arn), values); got != want {
			t.Errorf("%s: %v", arn, got)
		}
	}
	if matches(t, "r|expand: '%break_glass_arns%'", `{"r":"arn:aws:iam::222233334444:role/bg-1"}`, values) {
		t.Error("a name is no ARN")
	}
}

func TestLeaverValues(t *testing.T) {
	since := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		who, selection, value string
		want                  bool
	}{
		{"alice@example.com", "f|expand: '%leaver_names%'", "Alice@Example.com", true},
		{"alice@example.com", "f|expand: '%leaver_names%'", "malice@example.com", false},
		{"alice@example.com", "f|expand|endswith: '%leaver_ends%'", "arn:aws:sts::111122223333:assumed-role/R/alice@example.com", true},
		{"alice@example.com", "f|expand|endswith: '%leaver_ends%'", "AROAEXAMPLE:alice@example.com", true},
		{"alice@example.com", "f|expand|endswith: '%leaver_ends%'", "AROAEXAMPLE:malice@example.com", false},
		{"*", "f|expand: '%leaver_names%'", "anybody", false},
		{"*", "f|expand|endswith: '%leaver_ends%'", "AROAEXAMPLE:anybody", false},
		{`a\b?`, "f|expand: '%leaver_names%'", `a\b?`, true},
		{"arn:aws:iam::111122223333:user/al", "f|expand: '%leaver_arns%'", "arn:aws:iam::111122223333:user/al", true},
		{"arn:aws:iam::111122223333:user/al", "f|expand: '%leaver_names%'", "al", false},
	}
	for _, tt := range tests {
		l := people.Leaver{Who: tt.who, Since: since}
		if got := matches(t, tt.selection, fmt.Sprintf(`{"f":%q}`, tt.value), l.Placeholders()); got != tt.want {
			t.Errorf("%s: %s with %s: %v", tt.who, tt.selection, tt.value, got)
		}
	}
	l := people.Leaver{Who: "a", Since: since}
	if !matches(t, "t|gte|expand: '%leaver_since%'", `{"t":"2026-03-01T00:00:00Z"}`, l.Placeholders()) {
		t.Error("the first instant counts")
	}
}
