package detect

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// names lists the rules' ids.
func names(rules []*Rule) []string {
	out := []string{}
	for _, r := range rules {
		out = append(out, r.ID)
	}
	return out
}

func TestPlaceholdersWithoutValues(t *testing.T) {
	const record = `{"eventName":"Use","eventTime":"2026-03-02T09:00:00Z","sourceIPAddress":"10.1.2.3","user":{"name":"ann"},"list":["1","2"]}`
	tests := []struct {
		name   string
		lines  []string
		want   bool // matches without values
		blind  bool
		values []string
		filled bool // matches with values
	}{
		{"selection", []string{"s:", "    user.name|expand: '%leaver_names%'", "condition: s"}, false, true, []string{"ANN"}, true},
		{"filter", []string{"s: {eventName: Use}", "f: {user.name|expand: '%leaver_names%'}", "condition: s and not f"}, true, false, []string{"ann"}, false},
		{"among others", []string{"s: {user.name|expand: ['%leaver_names%', ann]}", "condition: s"}, true, false, []string{"bob"}, true},
		{"all", []string{"s: {list|all|expand: ['%leaver_names%', '1']}", "condition: s"}, false, true, []string{"2"}, true},
		{"neq", []string{"s: {eventName: Use, user.name|expand|neq: '%leaver_names%'}", "condition: s"}, true, false, []string{"ann"}, false},
		{"part of a text", []string{"s: {user.name|expand|startswith: 'a%leaver_names%'}", "condition: s"}, false, true, []string{"n"}, true},
		{"expression", []string{"s: {user.name|expand|re: '^%leaver_names%$'}", "condition: s"}, false, true, []string{"(ann|bob)"}, true},
		{"network", []string{"s: {sourceIPAddress|expand|cidr: '%leaver_names%'}", "condition: s"}, false, true, []string{"10.0.0.0/8"}, true},
		{"time", []string{"s: {eventTime|gte|expand: '%leaver_names%'}", "condition: s"}, false, true, []string{"2026-03-02T10:00:00+01:00"}, true},
		{"one of two", []string{"a: {user.name|expand: '%leaver_names%'}", "b: {eventName: Use}", "condition: a or b"}, true, false, []string{"bob"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rules := mustRules(t, detection("r", tt.lines...))
			bare := mustCompile(t, rules, Options{})
			if got := len(bare.NewWorker().One([]byte(record))) == 1; got != tt.want {
				t.Errorf("without values: matched %v", got)
			}
			lacks := bare.Unfilled()
			if len(lacks) != 1 || lacks[0].Name != "leaver_names" || len(lacks[0].Rules) != 1 || (len(lacks[0].Blind) == 1) != tt.blind {
				t.Errorf("without values: %+v", lacks)
			}
			full := mustCompile(t, rules, Options{Placeholders: map[string][]string{"leaver_names": tt.values}})
			if got := len(full.NewWorker().One([]byte(record))) == 1; got != tt.filled || len(full.Unfilled()) != 0 {
				t.Errorf("with values: matched %v, unfilled %v", got, full.Unfilled())
			}
		})
	}
}

// A name that is known with an empty list is no error either, whoever made it up.
func TestPlaceholderKnownButEmpty(t *testing.T) {
	rules := mustRules(t, detection("r", "s: {a|expand: '%mine%'}", "condition: s"), detection("q", "s: {a|expand: 'x%mine%y'}", "condition: s"))
	prog := mustCompile(t, rules, Options{Placeholders: map[string][]string{"mine": nil}})
	if lacks := prog.Unfilled(); len(lacks) != 1 || !slices.Equal(names(lacks[0].Blind), []string{"q", "r"}) {
		t.Errorf("%+v", lacks)
	}
}

func TestLongLists(t *testing.T) {
	var ids []string
	for i := range 20_000 {
		ids = append(ids, fmt.Sprintf("%012d", i*7))
	}
	rules := mustRules(t, detection("r", "s: {a|expand|contains: '%own_accounts%'}", "condition: s"))
	w := mustCompile(t, rules, Options{Placeholders: map[string][]string{"own_accounts": ids}}).NewWorker()
	if len(w.One([]byte(`{"a":"arn:aws:iam::000000139993:root"}`))) != 1 || len(w.One([]byte(`{"a":"arn:aws:iam::000000139994:root"}`))) != 0 {
		t.Error("a list of twenty thousand is not looked up right")
	}
	many := map[string][]string{"own_accounts": make([]string, maxListed+1)}
	if _, problems := Compile(rules, Options{Placeholders: many}); len(problems) != 1 || !strings.Contains(problems[0].Why, "more than") {
		t.Errorf("%v", problems)
	}
}

func TestFilled(t *testing.T) {
	base := mustRules(t, detection("base", "s: {user|expand: '%leaver_names%', eventTime|gte|expand: '%leaver_since%'}", "condition: s"))[0]
	fill := func(id, name, since string) *Rule {
		t.Helper()
		r, err := base.Filled(id, map[string][]string{"leaver_names": {name}, "leaver_since": {since}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	rules := []*Rule{base, fill("a", "ann", "2026-03-01T00:00:00Z"), fill("b", "bob", "2026-04-01T00:00:00Z")}
	prog := mustCompile(t, rules, Options{})
	for user, want := range map[string][]string{"ann": {"a"}, "bob": {}, "base": {}} {
		raw := fmt.Appendf(nil, `{"user":%q,"eventTime":"2026-03-15T12:00:00Z"}`, user)
		if got := names(prog.NewWorker().One(raw)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", user, got, want)
		}
	}
	if lacks := prog.Unfilled(); len(lacks) != 2 || len(lacks[0].Rules) != 1 || lacks[0].Rules[0] != base {
		t.Errorf("only the rule itself lacks values: %+v", lacks)
	}
	if _, err := base.Filled("c", map[string][]string{"leaver_names": {"x"}}); err == nil || !strings.Contains(err.Error(), "leaver_since") {
		t.Errorf("%v", err)
	}
	if _, err := base.Filled("c", map[string][]string{"leaver_names": {"x"}, "leaver_since": {"tomorrow"}}); err == nil {
		t.Error("a time that is none was taken")
	}
}

func TestCompareTimes(t *testing.T) {
	for _, tt := range []struct {
		op, value, field string
		want             bool
	}{
		{"gte", "2026-03-01T00:00:00Z", `"2026-03-01T00:00:00Z"`, true},
		{"gt", "2026-03-01T00:00:00Z", `"2026-03-01T00:00:00Z"`, false},
		{"gt", "2026-03-01T00:00:00Z", `"2026-03-01T00:00:00.000000001Z"`, true},
		{"lt", "2026-03-01T00:00:00Z", `"2026-03-01T00:30:00+01:00"`, true},
		{"lte", "2026-03-01T00:00:00+02:00", `"2026-02-28T22:00:00Z"`, true},
		{"gte", "2026-03-01T00:00:00Z", `"\u0032026-04-01T00:00:00Z"`, true},
		{"gte", "2026-03-01T00:00:00Z", `"2026-04-01"`, false},
		{"gte", "2026-03-01T00:00:00Z", `"2026-04-01 00:00:00Z"`, false},
		{"gte", "2026-03-01T00:00:00Z", `"2026-02-30T00:00:00Z"`, false},
		{"gte", "2026-03-01T00:00:00Z", `1772323200`, false},
		{"gte", "2026-03-01T00:00:00Z", `["no time","2026-04-01T00:00:00Z"]`, true},
		{"gte", "2026-03-01T00:00:00Z", `{"at":"2026-04-01T00:00:00Z"}`, false},
		{"gte", "1", `"2026-04-01T00:00:00Z"`, false},
	} {
		rules := mustRules(t, detection("r", "s:", "    t|"+tt.op+": "+tt.value, "condition: s"))
		raw := []byte(`{"t":` + tt.field + `}`)
		if got := len(fastJudge(mustCompile(t, rules, Options{}).NewWorker(), raw)) == 1; got != tt.want {
			t.Errorf("%s %s %s: %v", tt.field, tt.op, tt.value, got)
		}
		if got := len(slowJudge(t, rules, raw)) == 1; got != tt.want {
			t.Errorf("slow: %s %s %s: %v", tt.field, tt.op, tt.value, got)
		}
	}
}

// TestFastAgreesWithSlowOnLists compares the evaluators on rules whose placeholders have some values, or none.
func TestFastAgreesWithSlowOnLists(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		values := map[string][]string{}
		for _, name := range []string{"own_accounts", "leaver_names"} {
			values[name] = rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "ab", "a*", "1"}), 0, 3).Draw(rt, name)
		}
		item := func() string {
			mod := rapid.SampledFrom([]string{"", "|contains", "|re", "|neq", "|all", "|contains|all", "|cased"}).Draw(rt, "mod")
			list := rapid.SliceOfN(rapid.SampledFrom([]string{"'%own_accounts%'", "'%leaver_names%'", "'b'", "'x%own_accounts%'"}), 1, 3).Draw(rt, "values")
			return drawField(rt) + "|expand" + mod + ": [" + strings.Join(list, ", ") + "]"
		}
		text := detection("r", "s:", "    "+item(), "f:", "    "+item(), "condition: "+
			rapid.SampledFrom([]string{"s", "s and not f", "not s", "s or f", "not (s or f)"}).Draw(rt, "condition"))
		rules, problems := Parse("drawn.yml", []byte(text))
		if len(problems) > 0 {
			rt.Fatalf("%v\n%s", problems, text)
		}
		prog, problems := Compile(rules, Options{Placeholders: values})
		if len(problems) > 0 {
			rt.Fatalf("%v\n%s", problems, text)
		}
		filled, err := rules[0].Filled("r", values)
		if err != nil {
			rt.Fatal(err)
		}
		raw := []byte(drawJSON(rt, 0))
		if slow, fast := slowJudge(t, []*Rule{filled}, raw), fastJudge(prog.NewWorker(), raw); !slices.Equal(slow, fast) {
			rt.Fatalf("slow %v, fast %v for %s with %v\n%s", slow, fast, raw, values, text)
		}
	})
}
