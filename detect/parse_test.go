package detect

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect/detecttest"
)

func TestParseReadsEverything(t *testing.T) {
	rules := mustRules(t, `
title: Root sign-in
id: 6f3e2987-db24-4c78-a860-b4f4095a7095
name: root_login
status: experimental
description: |
    Someone signs in
    as root.
references: [https://example.org]
author: A. Nalyst
date: 2025-01-02
tags: [attack.initial-access, attack.t1078.004, attack.T1110, cve.2020-1, attack.t11100]
logsource: {product: AWS, service: cloudtrail, definition: needs a trail}
detection:
    selection: {userIdentity.type: Root}
    condition: selection
fields: [sourceIPAddress]
falsepositives: Emergencies
level: critical
quell:
    playbook: root
    rank: 2
    list: [a, true, null]
`)
	want := &Rule{ID: "6f3e2987-db24-4c78-a860-b4f4095a7095", Name: "root_login", Title: "Root sign-in",
		Description: "Someone signs in\nas root.", Status: "experimental", Author: "A. Nalyst", Level: quell.Critical,
		Tags:       []string{"attack.initial-access", "attack.t1078.004", "attack.T1110", "cve.2020-1", "attack.t11100"},
		Techniques: []string{"T1078.004", "T1110"}, Logsource: CloudTrail(), FalsePositives: []string{"Emergencies"},
		References: []string{"https://example.org"}, Fields: []string{"sourceIPAddress"},
		Custom: map[string]any{"quell": map[string]any{"playbook": "root", "rank": 2.0, "list": []any{"a", true, nil}}},
		Path:   "rule0.yml", Line: 2}
	got := *rules[0]
	got.cond = nil
	if diff := cmp.Diff(want, &got, cmp.AllowUnexported(Rule{}, expr{})); diff != "" {
		t.Error(diff)
	}
}

func TestParseManyDocuments(t *testing.T) {
	text := detection("a", "s: {x: 1}", "condition: s") + "---\n" + "title: broken\n" + "---\n---\n" +
		strings.Replace(detection("", "s: {x: 1}", "condition: s"), "id: \n", "level: informational\n", 1)
	rules, problems := Parse(`dir\my_rule.yml`, []byte(text))
	if len(rules) != 2 || rules[0].ID != "a" || rules[1].ID != "my_rule" || !rules[1].Informational || rules[1].Level != quell.Low {
		t.Errorf("%+v", rules)
	}
	if len(problems) != 1 || problems[0].Line != 8 || problems[0].Why != "the rule has no detection" {
		t.Errorf("%+v", problems)
	}
}

// TestProblems gives for each way of being wrong the line and part of the reason. Lines count within the detection, whose
// first line is line 5 of the rule.
func TestProblems(t *testing.T) {
	tests := []struct {
		name, det string
		line      int
		why       string
	}{
		{"modifier", "s:\n    a: 1\n    b|containz: x\ncondition: s", 7, `unknown modifier "containz"`},
		{"selection unknown", "s: {a: 1}\ncondition: s and t", 6, `no selection "t"`},
		{"pattern unknown", "s: {a: 1}\ncondition: 1 of f*", 6, `named like "f*"`},
		{"no condition", "s: {a: 1}", 5, "no condition"},
		{"empty condition", "s: {a: 1}\ncondition: ''", 6, "empty"},
		{"condition number", "s: {a: 1}\ncondition: 5", 6, "must be text"},
		{"open parenthesis", "s: {a: 1}\ncondition: (s", 6, "not closed"},
		{"closed parenthesis", "s: {a: 1}\ncondition: s)", 6, `unexpected ")"`},
		{"two names", "s: {a: 1}\ncondition: s s", 6, `unexpected "s"`},
		{"ends early", "s: {a: 1}\ncondition: s and", 6, "ends where"},
		{"two of", "s: {a: 1}\ncondition: 2 of s*", 6, "only 1 and all"},
		{"aggregation", "s: {a: 1}\ncondition: s | count() > 5", 6, "correlation"},
		{"deep", "s: {a: 1}\ncondition: " + strings.Repeat("not ", 200) + "s", 6, "deeper"},
		{"unused selection is read too", "s: {a: 1}\nu: {b|foo: 1}\ncondition: s", 6, "unknown modifier"},
		{"empty map", "s: {}\ncondition: s", 5, "empty selection"},
		{"empty list", "s: []\ncondition: s", 5, "empty selection"},
		{"empty values", "s:\n    a: []\ncondition: s", 6, "empty list"},
		{"map as value", "s:\n    a:\n        b: 1\ncondition: s", 7, "dots"},
		{"list in list", "s:\n    a:\n        - x\n        - [y]\ncondition: s", 8, "a map or a list"},
		{"regex", "s:\n    a|re:\n        - ok\n        - '(?=x)'\ncondition: s", 8, "RE2"},
		{"cidr", "s:\n    a|cidr: 10.0.0.0\ncondition: s", 6, "CIDR"},
		{"number", "s:\n    a|gt: many\ncondition: s", 6, "no number"},
		{"exists", "s:\n    a|exists: maybe\ncondition: s", 6, "true or false"},
		{"null with contains", "s:\n    a|contains: null\ncondition: s", 6, "null"},
		{"wildcard in base64", "s:\n    a|base64: 'x*'\ncondition: s", 6, "without wildcards"},
		{"nothing to encode", "s:\n    a|base64offset: ''\ncondition: s", 6, "too short"},
		{"wide alone", "s:\n    a|wide: x\ncondition: s", 6, "followed by base64"},
		{"flag alone", "s:\n    a|i: x\ncondition: s", 6, "belong to re"},
		{"re and cidr", "s:\n    a|re|cidr: x\ncondition: s", 6, "cannot be combined"},
		{"contains after re", "s:\n    a|re|contains: x\ncondition: s", 6, "cannot follow"},
		{"re after contains", "s:\n    a|contains|re: x\ncondition: s", 6, "work on text"},
		{"twice", "s:\n    a|all|all: x\ncondition: s", 6, "twice"},
		{"keyword field modifier", "s:\n    '|gt': 5\ncondition: s", 6, "needs a field"},
		{"too many dashes", "s:\n    a|windash: '-a -b -c -d -e -f'\ncondition: s", 6, "dashes"},
		{"fieldref number", "s:\n    a|fieldref: 5\ncondition: s", 6, "name of a field"},
		{"timeframe", "s: {a: 1}\ntimeframe: 5m\ncondition: s", 6, "correlation"},
		{"alias unknown", "s: {a: *nothing}\ncondition: s", 5, "anchor"},
		{"tag", "s: {a: !!binary eA==}\ncondition: s", 5, "tags"},
		{"key twice", "s:\n    a: 1\n    a: 2\ncondition: s", 7, "already defined"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rules, problems := Parse("r.yml", []byte(detection("r", tt.det)))
			if len(rules) != 0 || len(problems) != 1 {
				t.Fatalf("%d rules, %v", len(rules), problems)
			}
			if p := problems[0]; p.Line != tt.line || !strings.Contains(p.Why, tt.why) || p.Path != "r.yml" {
				t.Errorf("%v, want line %d, %q", p, tt.line, tt.why)
			}
		})
	}
}

func TestProblemsOfFiles(t *testing.T) {
	whole := detection("r", "s: {a: 1}", "condition: s")
	tests := []struct {
		name, text string
		line       int
		why        string
	}{
		{"empty", "", 0, "no rule"},
		{"no map", "- a", 1, "a rule is a map"},
		{"not YAML", "title: [a\nid: b", 2, "not YAML"},
		{"nul", "title: a\n\x00", 2, "NUL"},
		{"brackets", strings.Repeat("[", 5000), 1, "brackets"},
		{"long line", "title: " + strings.Repeat("x", 70_000), 1, "longer"},
		{"too big", strings.Repeat("#\n", 1<<20), 0, "split"},
		{"no title", strings.Replace(whole, "title: t\n", "", 1), 1, "no title"},
		{"level", whole + "level: urgent\n", 7, "unknown severity"},
		{"status", whole + "status: nice\n", 7, "unknown status"},
		{"unsupported", whole + "status: unsupported\n", 7, "unsupported"},
		{"filter", "title: f\nfilter: {}\n", 2, "global filters"},
		{"no logsource", "title: f\ndetection: {}\n", 1, "no logsource"},
		{"bombs", "title: f\na: &a [1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e]\n", 0, "unfolds"},
		{"correlation type", "title: c\ncorrelation:\n    type: sometimes\n", 3, "unknown correlation type"},
		{"correlation key", "title: c\ncorrelation:\n    type: temporal\n    rulez: []\n", 4, "unknown key"},
		{"timespan", "title: c\ncorrelation:\n    type: temporal\n    timespan: 5 minutes\n", 4, "s, m, h or d"},
		{"no condition", "title: c\ncorrelation:\n    type: event_count\n    rules: [a]\n    timespan: 5m\n", 3, "needs a condition"},
		{"one rule", "title: c\ncorrelation:\n    type: temporal\n    rules: [a]\n    timespan: 5m\n", 3, "at least two"},
		{"no field", "title: c\ncorrelation:\n    type: value_count\n    rules: [a]\n    timespan: 5m\n    condition: {gte: 1}\n", 3, "condition.field"},
		{"alias", "title: c\ncorrelation:\n    type: event_count\n    rules: [a]\n    timespan: 5m\n    condition: {gte: 1}\n    aliases: {x: {b: c}}\n", 3, "not among the rules"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rules, problems := Parse("r.yml", []byte(tt.text))
			if len(rules) != 0 || len(problems) != 1 {
				t.Fatalf("%d rules, %v", len(rules), problems)
			}
			if p := problems[0]; tt.line > 0 && p.Line != tt.line || !strings.Contains(p.Why, tt.why) {
				t.Errorf("%v, want line %d, %q", p, tt.line, tt.why)
			}
		})
	}
}

func TestBrokenDocumentHidesNoOther(t *testing.T) {
	text := detection("a", "s: {x: 1}", "condition: s") + "---\ntitle: [\n--- # next\n" + detection("b", "s: {x: 1}", "condition: s") + "---"
	rules, problems := Parse("r.yml", []byte(text))
	if len(rules) != 2 || len(problems) != 1 || problems[0].Line != 8 || rules[1].Line != 10 {
		t.Errorf("%d rules, %v", len(rules), problems)
	}
}

func TestConditions(t *testing.T) {
	// The record has a and b but not c.
	tests := map[string]bool{
		"a": true, "c": false, "not c": true, "a and b": true, "a and c": false, "c or a and b": true, "c and a or b": true,
		"not c and a": true, "not (c or a)": false, "not not a": true, "1 of them": true, "all of them": false,
		"any of s_*": true, "1 of s_*": true, "all of s_*": false, "1 of s_c*": false, "A": false, "a AND NOT c": true,
		"a and not 1 of s_c": true, "all of s_a* and b": true, "1 of *_b": true, "_hidden": true, "((a))": true,
	}
	for text, want := range tests {
		det := []string{"a: {a: 1}", "b: {b: 1}", "c: {c: 1}", "s_a: {a: 1}", "s_b: {b: 1}", "s_c: {c: 1}", "_hidden: {a: 1}", "condition: " + text}
		rules, problems := Parse("r.yml", []byte(detection("r", det...)))
		if text == "A" {
			if len(problems) != 1 {
				t.Errorf("%q: names of selections are case-sensitive", text)
			}
			continue
		}
		if len(problems) > 0 {
			t.Errorf("%q: %v", text, problems)
			continue
		}
		w := mustCompile(t, rules, Options{}).NewWorker()
		if got := len(w.One([]byte(`{"a":1,"b":1}`))) == 1; got != want {
			t.Errorf("%q is %v", text, got)
		}
	}
	several := mustRules(t, detection("r", "a: {a: 1}", "c: {c: 1}", "condition: [c, a]"))
	if len(mustCompile(t, several, Options{}).NewWorker().One([]byte(`{"a":1}`))) != 1 {
		t.Error("a list of conditions is an or")
	}
}

func TestPlaceholders(t *testing.T) {
	rules := mustRules(t, detection("r", "s:", `    user|expand: ['%admins%', 'x\%y%z%']`, "condition: s"))
	if _, problems := Compile(rules, Options{}); len(problems) != 1 || problems[0].Line != 6 || !strings.Contains(problems[0].Why, "%admins%") {
		t.Errorf("%v", problems)
	}
	w := mustCompile(t, rules, Options{Placeholders: map[string][]string{"admins": {"root", "adm*"}, "z": {"1", "2"}}}).NewWorker()
	for user, want := range map[string]bool{"root": true, "ADMIN": true, "bob": false, "x%y2": true, "%admins%": false} {
		if got := len(w.One(fmt.Appendf(nil, `{"user":%q}`, user))) == 1; got != want {
			t.Errorf("%s is %v", user, got)
		}
	}
}

func TestCompileProblems(t *testing.T) {
	ok := detection("a", "s: {a: 1}", "condition: s")
	corr := func(id, rule string) string {
		return correlation(id, "type: event_count", "rules: ["+rule+"]", "timespan: 1m", "condition: {gte: 2}")
	}
	tests := []struct {
		name  string
		rules []string
		why   []string
	}{
		{"id twice", []string{ok, ok}, []string{"already taken by rule0.yml:1"}},
		{"missing rule", []string{ok, corr("c", "nobody")}, []string{`no rule with id or name "nobody"`}},
		{"circle", []string{corr("c", "d"), corr("d", "c")}, []string{"refers to itself", "was refused"}},
		{"on a refused one", []string{corr("c", "d"), corr("d", "nobody")}, []string{"no rule", "was refused"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := Compile(mustRules(t, tt.rules...), Options{})
			var got []string
			for _, p := range problems {
				got = append(got, p.Error())
			}
			all := strings.Join(got, "\n")
			for _, why := range tt.why {
				if len(problems) != len(tt.why) || !strings.Contains(all, why) {
					t.Errorf("%s\nwant %q", all, tt.why)
				}
			}
		})
	}
}

func TestLogsources(t *testing.T) {
	make := func(id, source string) string {
		return strings.Replace(detection(id, "s: {a: 1}", "condition: s"), "{product: aws, service: cloudtrail}", source, 1)
	}
	rules := mustRules(t, make("trail", "{product: aws, service: cloudtrail}"), make("aws", "{product: AWS}"),
		make("flow", "{product: aws, service: vpcflow}"), make("proc", "{category: process_creation}"))
	ids := func(p *Program) (applied string) {
		for _, r := range p.Rules() {
			applied += r.ID + " "
		}
		return fmt.Sprint(applied, len(p.Unapplied()))
	}
	if got := ids(mustCompile(t, rules, Options{})); got != "aws trail 2" {
		t.Error(got)
	}
	if got := ids(mustCompile(t, rules, Options{Source: Logsource{Product: "aws", Service: "vpcflow"}})); got != "aws flow 2" {
		t.Error(got)
	}
}

// FuzzParse: whatever comes, parsing ends, and what is accepted compiles, or says why not, and runs.
func FuzzParse(f *testing.F) {
	f.Add(detection("r", "s:", "    a|contains|all: ['x*', '\\*']", "    b|re|i: '^a'", "k: [evil]", "condition: 1 of s* and not k"))
	f.Add(correlation("c", "type: value_count", "rules: [r]", "group-by: [a]", "timespan: 5m", "condition: {field: b, gte: 3}"))
	f.Add("title: a\nx: &a [1]\ny: *a\n---\n? b\n: |\n  c\n")
	for _, r := range detecttest.Rules(1, 24) {
		f.Add(r)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rules, problems := Parse("f.yml", []byte(text))
		if len(rules)+len(problems) == 0 {
			t.Error("neither rule nor problem")
		}
		prog, _ := Compile(rules, Options{})
		record := []byte(`{"eventName":"x","a":{"b":["evil",1,null]},"b":"a"}`)
		var single []*Rule
		for _, r := range prog.Rules() {
			single = append(single, r)
		}
		slow, fast := slowJudge(t, single, record), fastJudge(prog.NewWorker(), record)
		if !cmp.Equal(slow, fast) && !anyExpands(single) {
			t.Errorf("slow %v, fast %v", slow, fast)
		}
	})
}

func anyExpands(rules []*Rule) bool {
	var in func(e *expr) bool
	in = func(e *expr) bool {
		if e.op == exprItem {
			return e.raw.expands()
		}
		for _, kid := range e.kids {
			if in(kid) {
				return true
			}
		}
		return false
	}
	for _, r := range rules {
		if in(r.cond) {
			return true
		}
	}
	return false
}
