package hunt

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quell-ir/quell/detect"
)

func parse(t *testing.T, path, text string) []*detect.Rule {
	t.Helper()
	found, problems := detect.Parse(path, []byte(text))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return found
}

const (
	flowLine = "2 111122223333 eni-0a 10.0.0.1 10.0.0.2 1 %d 6 1 40 1772420400 1772420460 REJECT OK"

	testedTrail = `title: Made
name: made
id: t1
logsource: {product: aws, service: cloudtrail}
level: low
detection: {s: {eventName: CreateUser}, condition: s}
examples:
  matching: [{eventName: CreateUser}, '{"eventName":"CreateUser"}']
  benign: [{eventName: ListUsers}]
`
	testedFlow = `title: Refused
name: refused
id: t2
logsource: {product: aws, service: vpcflow}
level: low
detection: {s: {action: REJECT}, condition: s}
examples:
  matching: ['2 111122223333 eni-0a 10.0.0.1 10.0.0.2 1 22 6 1 40 1772420400 1772420460 REJECT OK']
  benign: ['2 111122223333 eni-0a 10.0.0.1 10.0.0.2 1 22 6 1 40 1772420400 1772420460 ACCEPT OK']
`
	overTrail = `title: Many made
id: t3
level: high
correlation: {type: event_count, rules: [made], timespan: 5m, condition: {gte: 3}}
examples:
  matching:
    - {repeat: 3, vary: requestParameters.userName, record: {eventName: CreateUser, eventSource: iam.amazonaws.com, eventTime: '2026-03-02T03:00:00Z'}}
  benign:
    - {repeat: 2, vary: requestParameters.userName, record: {eventName: CreateUser, eventSource: iam.amazonaws.com, eventTime: '2026-03-02T03:00:00Z'}}
    - {eventName: ListUsers, eventSource: iam.amazonaws.com, eventTime: '2026-03-02T03:00:00Z'}
`
	overFlow = `title: Many refused
name: many-refused
id: t4
level: high
correlation: {type: value_count, rules: [refused], group-by: [srcaddr], timespan: 5m, condition: {field: dstport, gte: 3}}
examples:
  matching: [{repeat: 3, from: 20, line: '` + flowLine + `'}]
  benign: [{repeat: 2, from: 20, line: '` + flowLine + `'}]
`
	overAudit = `title: Secrets listed
id: t5
logsource: {product: kubernetes, category: application, service: audit}
level: high
detection: {s: {objectRef.resource: secrets}, condition: s}
examples:
  matching:
    - {kind: Event, auditID: a, verb: list, stage: ResponseComplete, requestReceivedTimestamp: '2026-03-02T03:00:00Z', user: {username: ann}, objectRef: {resource: secrets}, responseStatus: {code: 200}}
  benign:
    - {kind: Event, auditID: b, verb: list, stage: ResponseComplete, requestReceivedTimestamp: '2026-03-02T03:00:00Z', user: {username: ann}, objectRef: {resource: pods}, responseStatus: {code: 200}}
`
)

func TestRulesOfEveryLogAreTested(t *testing.T) {
	change := func(text, old, new string) string {
		if !strings.Contains(text, old) {
			t.Fatalf("%q is not in the rule", old)
		}
		return strings.Replace(text, old, new, 1)
	}
	none := change(overTrail, overTrail[strings.Index(overTrail, "examples:"):], "")
	for name, test := range map[string]struct {
		rules, beside string
		examples      int
		want          []string
	}{
		"all hold":                  {strings.Join([]string{testedTrail, testedFlow, overTrail, overFlow, overAudit}, "---\n"), "", 12, nil},
		"beside":                    {overTrail, testedTrail, 3, nil},
		"beside is not tested":      {overTrail, change(testedTrail, "ListUsers", "CreateUser"), 3, nil},
		"named rule is missing":     {overTrail, "", 3, []string{`correlation: there is no rule with id or name "made"`}},
		"benign matches":            {change(testedTrail, "ListUsers", "CreateUser"), "", 3, []string{"benign example 1: matched true"}},
		"matching does not":         {change(testedTrail, `'{"eventName":"CreateUser"}'`, "{eventName: X}"), "", 3, []string{"matching example 2: matched false"}},
		"no JSON":                   {change(testedTrail, `'{"eventName":"CreateUser"}'`, "tea"), "", 3, []string{"matching example 2: cannot be read: no JSON"}},
		"a number":                  {change(testedTrail, "{eventName: ListUsers}", "3"), "", 3, []string{"benign example 1: is neither a record nor a line"}},
		"flow matches":              {change(testedFlow, "ACCEPT", "REJECT"), "", 2, []string{"benign example 1: matched true"}},
		"no flow":                   {change(testedFlow, "ACCEPT OK", "ACCEPT"), "", 2, []string{"benign example 1: cannot be read: not a log: "}},
		"another log":               {change(testedFlow, "'2 111122223333 eni-0a 10.0.0.1 10.0.0.2 1 22 6 1 40 1772420400 1772420460 ACCEPT OK'", `'{"eventName":"x"}'`), "", 2, []string{"benign example 1: read example: is read as json, not as flowlog"}},
		"too few":                   {testedTrail + "---\n" + change(overTrail, "repeat: 3", "repeat: 2"), "", 6, []string{"matching examples: came true false"}},
		"too many":                  {testedTrail + "---\n" + change(overTrail, "repeat: 2", "repeat: 4"), "", 6, []string{"benign examples: came true true"}},
		"no time":                   {testedTrail + "---\n" + change(overTrail, ", eventTime: '2026-03-02T03:00:00Z'}}", "}}"), "", 6, []string{"matching examples: came true false"}},
		"endless":                   {testedTrail + "---\n" + change(overTrail, "repeat: 3", "repeat: 900000000"), "", 6, []string{"matching example 1: repeat takes a number up to 20000"}},
		"nothing varies":            {testedTrail + "---\n" + change(overTrail, "vary: requestParameters.userName, ", ""), "", 6, []string{"matching example 1: repeats a record without vary, the field that changes"}},
		"without examples":          {none, testedTrail, 0, []string{"has no matching example", "has no benign example"}},
		"only feeds":                {change(none, "id: t3", "id: t3\nname: many") + "---\n" + change(change(overTrail, "[made]", "[many]"), "t3", "t6"), testedTrail, 3, []string{"matching examples: came true false"}},
		"a log that nobody reads":   {change(testedFlow, "product: aws, service: vpcflow", "product: windows, category: process_creation"), "", 2, []string{"matching examples: is for windows/*/process_creation, which Quell reads only by a --mapping: its examples cannot be judged", "benign examples: is for windows/*/process_creation, which Quell reads only by a --mapping: its examples cannot be judged"}},
		"given lists":               {change(change(testedTrail, "eventName: CreateUser}, condition", "eventName|expand: '%own_accounts%'}, condition"), "examples:", "examples:\n  placeholders: {own_accounts: [CreateUser]}"), "", 3, nil},
		"correlation over two logs": {change(overTrail, "[made]", "[made, refused]"), testedTrail + "---\n" + testedFlow, 3, []string{"a correlation is over one log"}},
	} {
		t.Run(name, func(t *testing.T) {
			var beside []*detect.Rule
			if test.beside != "" {
				beside = parse(t, "beside.yml", test.beside)
			}
			report := TestRules(t.Context(), parse(t, "rules.yml", test.rules), beside)
			var got []string
			for i, f := range report.Failures {
				if f.Rule != "rules.yml" || f.Line == 0 {
					t.Errorf("told of %s:%d", f.Rule, f.Line)
				}
				// Whole sentences where they are given whole.
				if i < len(test.want) && strings.HasPrefix(f.Why, test.want[i]) {
					f.Why = test.want[i]
				}
				got = append(got, f.Why)
			}
			if diff := cmp.Diff(test.want, got); diff != "" || report.Examples != test.examples {
				t.Errorf("%d examples, %s", report.Examples, diff)
			}
		})
	}
}

// TestExpandExample: what is written out is as many different records as were asked for, and the entry is left as it was.
func TestExpandExample(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 50).Draw(t, "repeat")
		path := rapid.SampledFrom([]string{"a", "a.b", "a.b.c", "list", "eventID", "userIdentity.arn"}).Draw(t, "vary")
		record := map[string]any{"a": map[string]any{"b": "x"}, "list": []any{"x", "y"}, "eventID": "e", "userIdentity": map[string]any{"arn": "x", "type": "y"}}
		entry := map[string]any{"repeat": float64(n), "vary": path, "record": record}
		before, err := json.Marshal(entry)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := expandExample(entry, 1, rapid.Bool().Draw(t, "own"))
		if err != nil || len(lines) != n {
			t.Fatalf("%d lines of %d, %v", len(lines), n, err)
		}
		seen := map[string]bool{}
		for _, line := range lines {
			var one map[string]any
			if err := json.Unmarshal(line, &one); err != nil {
				t.Fatal(err)
			}
			if who, _ := one["userIdentity"].(map[string]any); who["type"] != "y" {
				t.Errorf("a neighbour of what varies is gone: %s", line)
			}
			seen[string(line)] = true
		}
		if len(seen) != n {
			t.Errorf("%d different records of %d", len(seen), n)
		}
		if after, _ := json.Marshal(entry); string(after) != string(before) {
			t.Errorf("the entry has become %s", after)
		}
	})
}

// FuzzTestRules: rule files are given to people by others. Whatever is under examples is judged or refused, and never takes
// the program down.
func FuzzTestRules(f *testing.F) {
	for _, seed := range []string{testedTrail, testedFlow, testedTrail + "---\n" + overTrail, testedFlow + "---\n" + overFlow, overAudit,
		strings.Replace(testedTrail, "[{eventName: ListUsers}]", "{a: [b]}", 1), strings.Replace(testedFlow, "matching: [", "matching: [{line: '%d%d', repeat: 2, from: 1e300}, ", 1)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found, problems := detect.Parse("fuzz.yml", []byte(text))
		if len(problems) > 0 || len(found) > 5 || strings.Count(text, "repeat") > 4 {
			return
		}
		report := TestRules(t.Context(), found, nil)
		if report.Rules != len(found) {
			t.Errorf("%d of %d rules", report.Rules, len(found))
		}
	})
}
