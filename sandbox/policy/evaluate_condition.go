package policy

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

type quantifier int

const (
	single quantifier = iota
	forAll
	forAny
)

// condition is one operator over one key: true where a value of the request meets one of the policy's values.
type condition struct {
	key      string // lower case: keys know no case
	values   []string
	each     quantifier
	ifExists bool
	null     bool
	negated  bool
	exact    bool // policy variables are expanded, wildcards are not
	compare  func(policy, request string) bool
}

// operator is the positive form; its negation is derived.
type operator struct {
	compare func(policy, request string) bool
	exact   bool
}

// findOperator returns the positive comparison behind a name without prefix and suffix, and whether it is negated.
func findOperator(name string) (op operator, negated, ok bool) {
	switch name {
	case "StringEquals", "StringNotEquals":
		op = operator{func(p, r string) bool { return p == r }, true}
	case "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase":
		op = operator{strings.EqualFold, true}
	case "BinaryEquals":
		op = operator{func(p, r string) bool { return p == r }, true}
	case "StringLike", "StringNotLike":
		op = operator{glob, false}
	case "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike":
		op = operator{globARN, false}
	case "Bool":
		op = operator{strings.EqualFold, true}
	case "IpAddress", "NotIpAddress":
		op = operator{containsAddress, true}
	case "NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan",
		"NumericGreaterThanEquals":
		op = operator{ordered(strings.TrimPrefix(name, "Numeric"), compareNumbers), true}
	case "DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals":
		op = operator{ordered(strings.TrimPrefix(name, "Date"), compareDates), true}
	default:
		return op, false, false
	}
	return op, strings.Contains(name, "Not"), true
}

func readConditions(raw map[string]map[string]list) ([]condition, error) {
	var out []condition
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		base, each := name, single
		if rest, found := strings.CutPrefix(base, "ForAllValues:"); found {
			base, each = rest, forAll
		} else if rest, found := strings.CutPrefix(base, "ForAnyValue:"); found {
			base, each = rest, forAny
		}
		base, ifExists := strings.CutSuffix(base, "IfExists")
		null := base == "Null"
		op, negated, ok := findOperator(base)
		if !ok && !null {
			return nil, fmt.Errorf("condition operator %q", name)
		}
		for _, key := range slices.Sorted(maps.Keys(raw[name])) {
			out = append(out, condition{
				key: strings.ToLower(key), values: raw[name][key], each: each, ifExists: ifExists,
				null: null, negated: negated, exact: op.exact, compare: op.compare,
			})
		}
	}
	return out, nil
}

// holds evaluates the condition. A key that the request lacks makes a positive operator false and a negated one true,
// as the IAM User Guide has it; IfExists makes either true.
func (c *condition) holds(r *Request) bool {
	have, present := r.Context[c.key]
	if c.null {
		want := len(c.values) > 0 && strings.EqualFold(c.values[0], "true")
		return want == (!present || len(have) == 0)
	}
	if !present || len(have) == 0 {
		return c.ifExists || c.each == forAll || (c.negated && c.each == single)
	}
	switch {
	case c.each == forAll:
		return !slices.ContainsFunc(have, func(v string) bool { return c.any(r, v) == c.negated })
	case c.each == forAny:
		return slices.ContainsFunc(have, func(v string) bool { return c.any(r, v) != c.negated })
	default:
		return slices.ContainsFunc(have, func(v string) bool { return c.any(r, v) }) != c.negated
	}
}

// any says whether one of the policy's values matches.
func (c *condition) any(r *Request, have string) bool {
	for _, want := range c.values {
		expanded, ok := r.expand(want)
		if !ok {
			continue
		}
		if c.exact {
			expanded = plain(expanded)
		}
		if c.compare(expanded, have) {
			return true
		}
	}
	return false
}

func containsAddress(network, address string) bool {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	if prefix, err := netip.ParsePrefix(network); err == nil {
		return prefix.Contains(ip)
	}
	one, err := netip.ParseAddr(network)
	return err == nil && one == ip
}

// ordered makes an operator of a comparison; compare's ok is false where a side is no number or date.
func ordered(relation string, compare func(p, r string) (int, bool)) func(policy, request string) bool {
	return func(policy, request string) bool {
		// The sign is the request's value against the policy's: DateLessThan holds where the request is earlier.
		sign, ok := compare(policy, request)
		if !ok {
			return false
		}
		switch relation {
		case "LessThan":
			return sign < 0
		case "LessThanEquals":
			return sign <= 0
		case "GreaterThan":
			return sign > 0
		case "GreaterThanEquals":
			return sign >= 0
		default: // Equals, and NotEquals in its positive form
			return sign == 0
		}
	}
}

func compareNumbers(policy, request string) (int, bool) {
	p, errP := strconv.ParseFloat(policy, 64)
	r, errR := strconv.ParseFloat(request, 64)
	switch {
	case errP != nil || errR != nil:
		return 0, false
	case r < p:
		return -1, true
	case r > p:
		return 1, true
	}
	return 0, true
}

func compareDates(policy, request string) (int, bool) {
	p, okP := readDate(policy)
	r, okR := readDate(request)
	return r.Compare(p), okP && okR
}

// readDate takes the ISO 8601 forms AWS takes, and seconds of the epoch.
func readDate(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(seconds, 0).UTC(), true
	}
	return time.Time{}, false
}
