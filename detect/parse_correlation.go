package detect

import (
	"math"
	"slices"
	"strconv"
	"time"
)

// parseCorrelation reads the correlation part of a rule; whether the rules it names exist is for Compile to say.
func parseCorrelation(n *node) (*Correlation, error) {
	if n.kind != nodeMap {
		return nil, errAt(n.line, "correlation must be a map")
	}
	c := &Correlation{}
	var err error
	for i, key := range n.keys {
		value := n.list[i]
		switch key.text {
		case "type":
			c.Type = CorrelationType(value.text)
		case "rules":
			c.Rules, err = stringList("rules", value)
		case "group-by":
			c.GroupBy, err = stringList("group-by", value)
		case "timespan":
			c.Timespan, err = parseTimespan(value)
		case "aliases":
			c.Aliases, err = parseAliases(value)
		case "condition":
			err = c.parseBounds(value)
		case "generate":
			c.Generate = value.text == "true"
			if value.kind != nodeBool {
				err = errAt(value.line, "generate takes true or false")
			}
		default:
			err = errAt(key.line, "correlation: unknown key %q", key.text)
		}
		if err != nil {
			return nil, err
		}
	}
	return c, c.check(n.line)
}

func (c *Correlation) check(line int) error {
	switch c.Type {
	case EventCount, ValueCount:
		if len(c.Conditions) == 0 {
			return errAt(line, "a correlation of type %s needs a condition", c.Type)
		}
	case Temporal, TemporalOrdered:
		if len(c.Rules) < 2 {
			return errAt(line, "a correlation of type %s needs at least two rules", c.Type)
		}
	default:
		return errAt(line, "unknown correlation type %q: take event_count, value_count, temporal or temporal_ordered", c.Type)
	}
	if c.Type == TemporalOrdered && len(c.Conditions) > 0 {
		return errAt(line, "temporal_ordered has no condition here: every rule must occur, in order")
	}
	if (c.Type == ValueCount) != (c.Field != "") {
		return errAt(line, "condition.field belongs to value_count, and value_count needs it")
	}
	if len(c.Rules) == 0 {
		return errAt(line, "a correlation needs rules")
	}
	if c.Timespan == 0 {
		return errAt(line, "a correlation needs a timespan")
	}
	for alias, fields := range c.Aliases {
		for rule := range fields {
			if !slices.Contains(c.Rules, rule) {
				return errAt(line, "the alias %q speaks of %q, which is not among the rules", alias, rule)
			}
		}
	}
	return nil
}

// parseTimespan reads 30s, 5m, 1h or 7d.
func parseTimespan(n *node) (time.Duration, error) {
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}
	if len(n.text) > 1 {
		count, err := strconv.ParseInt(n.text[:len(n.text)-1], 10, 32)
		unit := units[n.text[len(n.text)-1]]
		if err == nil && count > 0 && unit > 0 && time.Duration(count) <= math.MaxInt64/unit {
			return time.Duration(count) * unit, nil
		}
	}
	return 0, errAt(n.line, "timespan: %q is not a number followed by s, m, h or d", n.text)
}

func parseAliases(n *node) (map[string]map[string]string, error) {
	if n.kind != nodeMap {
		return nil, errAt(n.line, "aliases must be a map")
	}
	out := map[string]map[string]string{}
	for i, alias := range n.keys {
		fields := n.list[i]
		if fields.kind != nodeMap {
			return nil, errAt(fields.line, "the alias %q must give a field per rule", alias.text)
		}
		out[alias.text] = map[string]string{}
		for j, rule := range fields.keys {
			if fields.list[j].kind != nodeString {
				return nil, errAt(rule.line, "the alias %q must give a field per rule", alias.text)
			}
			out[alias.text][rule.text] = fields.list[j].text
		}
	}
	return out, nil
}

func (c *Correlation) parseBounds(n *node) error {
	if n.kind != nodeMap {
		return errAt(n.line, "condition must be a map such as gte: 10")
	}
	for i, key := range n.keys {
		value := n.list[i]
		switch key.text {
		case "field":
			c.Field = value.text
			if value.kind != nodeString {
				return errAt(value.line, "condition.field must be one field")
			}
		case "gt", "gte", "lt", "lte", "eq":
			count, err := strconv.ParseInt(value.text, 10, 64)
			if err != nil || count < 0 {
				return errAt(value.line, "condition: %q is no count", value.text)
			}
			c.Conditions = append(c.Conditions, Bound{key.text, count})
		default:
			return errAt(key.line, "condition: unknown key %q", key.text)
		}
	}
	return nil
}
