package detect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// This file is the slow and obvious evaluator: it decodes a record with encoding/json and applies the meaning written at
// type item word by word. It shares nothing with the fast one but the parsed rule.

// jsonValue is a decoded value that remembers duplicate keys and its text.
type jsonValue struct {
	kind valueKind
	text string // of scalars; compact JSON of objects
	keys []string
	kids []*jsonValue // of objects and arrays
	list bool
}

func decodeJSON(t testing.TB, raw []byte) *jsonValue {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	v, err := decodeValue(dec, raw)
	if err != nil {
		t.Fatalf("decode %s: %v", raw, err)
	}
	return v
}

func decodeValue(dec *json.Decoder, raw []byte) (*jsonValue, error) {
	tok, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch x := tok.(type) {
	case json.Delim:
		start := dec.InputOffset() - 1
		v := &jsonValue{kind: valueObject, list: x == '['}
		for dec.More() {
			if !v.list {
				key, err := dec.Token()
				if err != nil {
					return nil, err
				}
				v.keys = append(v.keys, key.(string))
			}
			kid, err := decodeValue(dec, raw)
			if err != nil {
				return nil, err
			}
			v.kids = append(v.kids, kid)
		}
		if _, err := dec.Token(); err != nil {
			return nil, err
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, raw[start:dec.InputOffset()]); err != nil {
			return nil, err
		}
		v.text = compact.String()
		return v, nil
	case string:
		return &jsonValue{kind: valueString, text: x}, nil
	case json.Number:
		return &jsonValue{kind: valueNumber, text: x.String()}, nil
	case bool:
		return &jsonValue{kind: valueBool, text: fmt.Sprint(x)}, nil
	case nil:
		return &jsonValue{kind: valueNull}, nil
	}
	return nil, io.ErrUnexpectedEOF
}

// collect finds the values at a path and whether its key is there.
func (v *jsonValue) collect(path, field string, out *[]*jsonValue, present *bool) {
	if v.list {
		if path == field {
			*present = true
		}
		for _, kid := range v.kids {
			kid.collect(path, field, out, present)
		}
		return
	}
	if path == field {
		*present = true
		*out = append(*out, v)
	}
	for i, key := range v.keys {
		below := key
		if path != "" {
			below = path + "." + key
		}
		v.kids[i].collect(below, field, out, present)
	}
}

// strings lists the strings inside an object.
func (v *jsonValue) strings() (out []string) {
	for _, kid := range v.kids {
		if kid.kind == valueString {
			out = append(out, kid.text)
		}
		out = append(out, kid.strings()...)
	}
	return out
}

func slowExpr(e *expr, rec *jsonValue) bool {
	switch e.op {
	case exprAnd:
		return !slices.ContainsFunc(e.kids, func(k *expr) bool { return !slowExpr(k, rec) })
	case exprOr:
		return slices.ContainsFunc(e.kids, func(k *expr) bool { return slowExpr(k, rec) })
	case exprNot:
		return !slowExpr(e.kids[0], rec)
	}
	return slowItem(e.item, rec)
}

func slowItem(it *item, rec *jsonValue) bool {
	hits := 0
	for _, group := range it.groups {
		if slices.ContainsFunc(group, func(m matcher) bool { return slowMatcher(it, &m, rec) }) {
			hits++
		}
	}
	yes := hits > 0
	if it.all {
		yes = hits == len(it.groups)
	}
	return yes != it.negate
}

func slowMatcher(it *item, m *matcher, rec *jsonValue) bool {
	var values []*jsonValue
	present := false
	if it.keyword {
		values = []*jsonValue{rec}
	} else {
		rec.collect("", it.field, &values, &present)
	}
	switch {
	case it.op == opExists:
		return present == m.want
	case it.op == opMatch && m.null:
		return len(values) == 0 || slices.ContainsFunc(values, func(v *jsonValue) bool { return v.kind == valueNull })
	}
	return slices.ContainsFunc(values, func(v *jsonValue) bool {
		return v.kind != valueNull && slowValue(it, m, v, rec)
	})
}

func slowValue(it *item, m *matcher, v, rec *jsonValue) bool {
	object, str := v.kind == valueObject, v.kind == valueString
	texts := []string{v.text}
	if object && (it.op == opRegex || m.pat.open()) {
		texts = append(texts, v.strings()...)
	}
	switch it.op {
	case opMatch:
		if m.isNum && v.kind == valueNumber {
			var a float64
			if json.Unmarshal([]byte(v.text), &a) == nil && a == m.num {
				return true
			}
		}
		if _, plain := m.pat.plain(); plain && object {
			return false
		}
		return slices.ContainsFunc(texts, func(s string) bool { return slowLike(m.pat, s, it.cased) })
	case opRegex:
		return slices.ContainsFunc(texts, m.re.MatchString)
	case opCIDR:
		addr, err := netip.ParseAddr(v.text)
		return str && err == nil && m.cidr.Contains(addr.WithZone("").Unmap())
	case opCompare:
		if !m.at.IsZero() {
			a, err := time.Parse(time.RFC3339, v.text)
			order := map[int][]string{-1: {"lt", "lte"}, 0: {"lte", "gte"}, 1: {"gt", "gte"}}[a.Compare(m.at)]
			return str && err == nil && slices.Contains(order, m.cmp)
		}
		var a float64
		return !object && isNumber([]byte(v.text)) && json.Unmarshal([]byte(v.text), &a) == nil && compare(m.cmp, a, m.num)
	case opTime:
		n, ok := timePart([]byte(v.text), m.part)
		return str && ok && compare(m.cmp, float64(n), m.num)
	case opRef:
		var others []*jsonValue
		var present bool
		rec.collect("", m.ref, &others, &present)
		return !object && slices.ContainsFunc(others, func(o *jsonValue) bool {
			if o.kind == valueNull || o.kind == valueObject {
				return false
			}
			return slowLike(literal(o.text).wrap(m.trail, m.lead), v.text, it.cased)
		})
	}
	return false
}

// slowLike matches by trying everything, rune by rune.
func slowLike(p pattern, s string, cased bool) bool {
	type place struct{ part, char, at int }
	seen := map[place]bool{}
	var try func(part, char, at int) bool
	try = func(part, char, at int) bool {
		here := place{part, char, at}
		if seen[here] {
			return false
		}
		seen[here] = true
		if part == len(p) {
			return at == len(s)
		}
		r, size := utf8.DecodeRuneInString(s[at:])
		switch x := p[part]; {
		case x.wild == '*':
			return try(part+1, 0, at) || at < len(s) && try(part, 0, at+size)
		case x.wild == '?':
			return at < len(s) && try(part+1, 0, at+size)
		case char == len(x.text):
			return try(part+1, 0, at)
		default:
			want, width := utf8.DecodeRuneInString(x.text[char:])
			return at < len(s) && (r == want || !cased && sameLetter(r, want)) && try(part, char+width, at+size)
		}
	}
	return try(0, 0, 0)
}

func sameLetter(a, b rune) bool {
	for r := unicode.SimpleFold(a); r != a; r = unicode.SimpleFold(r) {
		if r == b {
			return true
		}
	}
	return a == b
}

// slowJudge returns the ids of the rules that match a record, sorted.
func slowJudge(t testing.TB, rules []*Rule, raw []byte) []string {
	t.Helper()
	rec := decodeJSON(t, raw)
	ids := []string{}
	for _, r := range rules {
		if r.Correlation == nil && slowExpr(r.cond, rec) {
			ids = append(ids, r.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

func fastJudge(w *Worker, raw []byte) []string {
	ids := []string{}
	for _, r := range w.One(raw) {
		ids = append(ids, r.ID)
	}
	return ids
}

// mustRules parses rules and fails the test on any problem.
func mustRules(t testing.TB, texts ...string) []*Rule {
	t.Helper()
	var out []*Rule
	for i, text := range texts {
		rules, problems := Parse(fmt.Sprintf("rule%d.yml", i), []byte(text))
		for _, p := range problems {
			t.Fatalf("%v\n%s", p, text)
		}
		out = append(out, rules...)
	}
	return out
}

func mustCompile(t testing.TB, rules []*Rule, opts Options) *Program {
	t.Helper()
	prog, problems := Compile(rules, opts)
	for _, p := range problems {
		t.Fatal(p)
	}
	return prog
}

// detection wraps a detection into a rule. Its lines are given without their first indentation.
func detection(id string, lines ...string) string {
	return "title: t\nid: " + id + "\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n    " +
		strings.ReplaceAll(strings.Join(lines, "\n"), "\n", "\n    ") + "\n"
}
