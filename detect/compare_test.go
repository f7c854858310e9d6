package detect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/quell-ir/quell/detect/detecttest"
)

// sharedData returns a folder of data that others wrote, beside the module, or skips the test.
func sharedData(t *testing.T, name string) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", "..", "shared", "data", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no %s beside the module (%v): compared only where the shared data is", name, err)
	}
	return dir
}

// sharedRules loads the collection of rules; all of them must be accepted.
func sharedRules(t *testing.T) []*Rule {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(sharedData(t, "sigmahq-aws"), "cloudtrail", "*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no rules found: %v", err)
	}
	var rules []*Rule
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got, problems := Parse(file, data)
		for _, p := range problems {
			t.Error(p)
		}
		rules = append(rules, got...)
	}
	if len(rules) != len(files) || len(rules) < 57 {
		t.Fatalf("%d rules from %d files", len(rules), len(files))
	}
	return rules
}

// recordsOf splits a file the slow way: an array of records, or one record after another.
func recordsOf(data []byte) ([]json.RawMessage, error) {
	var raws []json.RawMessage
	dec := json.NewDecoder(bytes.NewReader(data))
	for {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err == io.EOF {
			return raws, nil
		} else if err != nil {
			return nil, err
		}
		var list []json.RawMessage
		if raw[0] != '[' {
			list = []json.RawMessage{raw}
		} else if err := json.Unmarshal(raw, &list); err != nil {
			return nil, err
		}
		raws = append(raws, list...)
	}
}

func TestSharedRulesOnSharedRecords(t *testing.T) {
	rules := sharedRules(t)
	prog := mustCompile(t, rules, Options{})
	scan, single := prog.NewWorker(), prog.NewWorker()
	records, matched := 0, map[string]int{}
	for _, name := range []string{"stratus", "traildiscover"} {
		err := filepath.WalkDir(sharedData(t, name), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.Contains(path, ".json") {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			raws, err := recordsOf(data)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			var want, got []string
			for _, raw := range raws {
				ids := slowJudge(t, rules, raw)
				want = append(want, ids...)
				if fast := fastJudge(single, raw); !slices.Equal(ids, fast) {
					t.Errorf("%s: slow %v, fast %v", path, ids, fast)
				}
				for _, id := range ids {
					matched[id]++
				}
			}
			stats, err := scan.Scan(bytes.NewReader(data), path, func(m Match) error {
				got = append(got, m.Rule.ID)
				return nil
			})
			if err != nil || stats.BadTotal > 0 || stats.Events != int64(len(raws)) {
				t.Errorf("%s: %+v, %v, want %d events", path, stats, err, len(raws))
			}
			if !slices.Equal(want, got) {
				t.Errorf("%s: slow %v, scan %v", path, want, got)
			}
			records += len(raws)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if records < 870 || len(matched) < 20 {
		t.Errorf("%d records, %d rules matched: too few to mean anything", records, len(matched))
	}
	t.Logf("%d records, %d of %d rules matched", records, len(matched), len(rules))
}

func TestGeneratedRulesOnCorpus(t *testing.T) {
	rules := mustRules(t, detecttest.Rules(5, 240)...)
	for i, r := range rules {
		r.ID = fmt.Sprintf("r%03d", i)
	}
	// Rules that do match, beside those that hardly ever do.
	rules = append(rules, mustRules(t,
		detection("m1", "s:", "    userIdentity.type: IAMUser", "    errorCode: AccessDenied", "condition: s"),
		detection("m2", "s:", "    requestParameters|contains: 's3:GetObject'", "condition: s"),
		detection("m3", "s:", "    userAgent|contains: [Terraform, 'lang/python']", "f:", "    readOnly: true", "condition: s and not f"),
		detection("m4", "s:", "    requestParameters.instancesSet.items.instanceId|startswith: 'i-0a'", "condition: s"))...)
	w := mustCompile(t, rules, Options{}).NewWorker()
	hits := 0
	for _, raw := range detecttest.Records(11, 1500) {
		slow, fast := slowJudge(t, rules, raw), fastJudge(w, raw)
		if !slices.Equal(slow, fast) {
			t.Fatalf("slow %v, fast %v: %s", slow, fast, raw)
		}
		hits += len(slow)
	}
	if hits < 100 {
		t.Errorf("only %d matches: the comparison means little", hits)
	}
}

// drawWord draws text that is short and of few letters, so that rules and records meet.
func drawWord(t *rapid.T, label string) string {
	return rapid.StringOfN(rapid.SampledFrom([]rune(`aAbß".\`)), 0, 3, -1).Draw(t, label)
}

func drawField(t *rapid.T) string {
	return rapid.SampledFrom([]string{"eventName", "eventSource", "a", "a.b", "a.b.c", "b", "b.a"}).Draw(t, "field")
}

// drawItem writes one line of a selection, as YAML.
func drawItem(t *rapid.T) string {
	mod := rapid.SampledFrom([]string{"", "", "|contains", "|startswith", "|endswith", "|cased", "|contains|cased", "|re",
		"|re|i", "|exists", "|fieldref", "|fieldref|contains", "|gt", "|lte", "|neq", "|contains|neq", "|cidr", "|base64offset|contains",
		"|contains|all", "|all", "|hour|gte", "|gte", "|lt"}).Draw(t, "mod")
	one := func() string {
		switch strings.Split(mod+"||", "|")[1] {
		case "exists":
			return rapid.SampledFrom([]string{"true", "false"}).Draw(t, "bool")
		case "fieldref":
			return drawField(t)
		case "gte", "lt":
			return rapid.SampledFrom([]string{"1", "2024-01-01T01:02:03Z", "2024-01-01T00:00:00+05:00", "1999-12-31T23:59:59.5Z"}).Draw(t, "instant")
		case "gt", "lte", "hour":
			return rapid.SampledFrom([]string{"0", "1", "-2.5", "1e1"}).Draw(t, "number")
		case "cidr":
			return rapid.SampledFrom([]string{"10.0.0.0/8", "10.1.0.0/16", "::/0", "0.0.0.0/1"}).Draw(t, "net")
		case "re":
			return rapid.SampledFrom([]string{`'^a'`, `'b$'`, `'^$'`, `'a.b'`, `'[ab]+'`, `'^ab?$'`}).Draw(t, "re")
		case "base64offset":
			return rapid.SampledFrom([]string{"ab", "b", "aab"}).Draw(t, "plain")
		}
		if (mod == "" || mod == "|cased" || mod == "|neq" || mod == "|all") && rapid.IntRange(0, 5).Draw(t, "kind") == 0 {
			return rapid.SampledFrom([]string{"null", "1", "true", "2.50", "012"}).Draw(t, "scalar")
		}
		s := ""
		for range rapid.IntRange(0, 3).Draw(t, "parts") {
			s += rapid.SampledFrom([]string{"*", "?", `\*`, `\\`, "{", ":", drawWord(t, "w")}).Draw(t, "part")
		}
		return "'" + s + "'"
	}
	field := drawField(t)
	if mod == "|fieldref" || rapid.Bool().Draw(t, "single") {
		return field + mod + ": " + one()
	}
	var values []string
	for range rapid.IntRange(1, 7).Draw(t, "values") {
		values = append(values, one())
	}
	return field + mod + ": [" + strings.Join(values, ", ") + "]"
}

func drawRule(t *rapid.T, id string) string {
	var lines []string
	for _, name := range []string{"s1", "s2", "f1", "_x"} {
		lines = append(lines, name+":")
		seen := map[string]bool{}
		for range rapid.IntRange(1, 3).Draw(t, "items") {
			item := drawItem(t)
			if key, _, _ := strings.Cut(item, ":"); !seen[key] {
				seen[key] = true
				lines = append(lines, "    "+item)
			}
		}
	}
	lines = append(lines, "k: ['"+drawWord(t, "keyword")+"', 'b*a']", "condition: "+rapid.SampledFrom([]string{
		"s1", "s1 and not f1", "1 of s*", "all of s* and not 1 of f*", "1 of them", "not (s1 or f1)", "s1 or s2 and f1", "k and s1",
		"not not s2", "_x", "k", "(s1 or s2) and not (f1 and k)"}).Draw(t, "condition"))
	return detection(id, lines...)
}

// drawJSON draws a value whose keys are those that rules read, with white space and escapes at will.
func drawJSON(t *rapid.T, depth int) string {
	space := rapid.SampledFrom([]string{"", "", "", " ", "\n\t"}).Draw(t, "space")
	kind := rapid.IntRange(0, 9).Draw(t, "kind")
	if depth == 0 {
		kind = 7
	}
	switch {
	case kind <= 3 || depth > 3:
		return space + drawText(t) + space
	case kind == 4:
		return rapid.SampledFrom([]string{"null", "true", "false", "1", "2.5", "1e1", "-3", "12", "10"}).Draw(t, "scalar")
	case kind == 5:
		return rapid.SampledFrom([]string{`"10.1.2.3"`, `"2024-01-01T01:02:03Z"`, `"2023-12-31T20:00:00.25-01:30"`, `"1"`, `"::1"`, `"2.50"`, `"012"`}).Draw(t, "special")
	case kind == 6:
		var items []string
		for range rapid.IntRange(0, 3).Draw(t, "items") {
			items = append(items, drawJSON(t, depth+1))
		}
		return "[" + strings.Join(items, ",") + space + "]"
	}
	var members []string
	keys := []string{"a", "b", "c", "a.b", `\u0061`, "x"}
	if depth == 0 {
		keys = append(keys, "eventName", "eventSource", "eventName")
	}
	for range rapid.IntRange(0, 4).Draw(t, "members") {
		members = append(members, space+`"`+rapid.SampledFrom(keys).Draw(t, "key")+`"`+space+":"+drawJSON(t, depth+1))
	}
	return "{" + space + strings.Join(members, ",") + "}"
}

func drawText(t *rapid.T) string {
	s := drawWord(t, "text")
	quoted, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if rapid.IntRange(0, 4).Draw(t, "escape") == 0 && s != "" {
		out := ""
		for _, r := range s {
			out += fmt.Sprintf(`\u%04x`, r)
		}
		return `"` + out + `"`
	}
	return string(quoted)
}

// TestFastAgreesWithSlow compares the two evaluators on drawn rules and records.
func TestFastAgreesWithSlow(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var rules []*Rule
		for i := range rapid.IntRange(1, 6).Draw(rt, "rules") {
			text := drawRule(rt, fmt.Sprintf("r%d", i))
			got, problems := Parse("drawn.yml", []byte(text))
			if len(problems) > 0 {
				rt.Fatalf("%v\n%s", problems, text)
			}
			rules = append(rules, got...)
		}
		prog, problems := Compile(rules, Options{})
		if len(problems) > 0 {
			rt.Fatal(problems)
		}
		w := prog.NewWorker()
		for range 4 {
			raw := []byte(drawJSON(rt, 0))
			slow, fast := slowJudge(t, rules, raw), fastJudge(w, raw)
			if !slices.Equal(slow, fast) {
				rt.Fatalf("slow %v, fast %v for %s", slow, fast, raw)
			}
		}
	})
}
