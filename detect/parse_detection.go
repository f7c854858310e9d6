package detect

import "strings"

// parseDetection reads a rule's detection part into one expression. Every selection is read, used or not: a rule is
// accepted whole or not at all.
func parseDetection(n *node) (*expr, error) {
	if n.kind != nodeMap {
		return nil, errAt(n.line, "detection must hold selections and a condition")
	}
	sel := &selections{exprs: map[string]*expr{}}
	var cond *node
	for i, key := range n.keys {
		switch key.text {
		case "condition":
			cond = n.list[i]
			continue
		case "timeframe":
			return nil, errAt(key.line, "timeframe is obsolete: write a correlation rule")
		}
		if strings.ContainsAny(key.text, " \t()|*?") || key.text == "" {
			return nil, errAt(key.line, "%q cannot name a selection", key.text)
		}
		e, err := parseSelection(n.list[i], 0)
		if err != nil {
			return nil, err
		}
		sel.names = append(sel.names, key.text)
		sel.exprs[key.text] = e
	}
	if cond == nil {
		return nil, errAt(n.line, "detection has no condition")
	}
	texts := []*node{cond}
	if cond.kind == nodeList {
		texts = cond.list
	}
	var all []*expr
	for _, t := range texts {
		if t.kind != nodeString {
			return nil, errAt(t.line, "a condition must be text")
		}
		e, err := parseCondition(t.text, t.line, sel)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	if len(all) == 0 {
		return nil, errAt(cond.line, "the condition is empty")
	}
	return join(exprOr, all), nil
}

// parseSelection reads a map (all must hold), a list of maps (any), or keywords.
func parseSelection(n *node, depth int) (*expr, error) {
	switch n.kind {
	case nodeMap:
		if len(n.keys) == 0 {
			return nil, errAt(n.line, "an empty selection")
		}
		var kids []*expr
		for i, key := range n.keys {
			e, err := parseItem(key, n.list[i])
			if err != nil {
				return nil, err
			}
			kids = append(kids, e)
		}
		return join(exprAnd, kids), nil
	case nodeList:
		if len(n.list) == 0 {
			return nil, errAt(n.line, "an empty selection")
		}
		if depth > 0 {
			return nil, errAt(n.line, "a list within a list")
		}
		var kids []*expr
		for _, entry := range n.list {
			e, err := parseSelection(entry, depth+1)
			if err != nil {
				return nil, err
			}
			kids = append(kids, e)
		}
		return join(exprOr, kids), nil
	case nodeNull:
		return nil, errAt(n.line, "an empty selection")
	}
	return buildItem(&rawItem{keyword: true, line: n.line, values: []*node{n}})
}

// parseItem reads "field|modifier|modifier: value or list of values".
func parseItem(key, value *node) (*expr, error) {
	field, mods, _ := strings.Cut(key.text, "|")
	raw := &rawItem{field: field, keyword: field == "", line: key.line, values: []*node{value}}
	if mods != "" {
		raw.mods = strings.Split(mods, "|")
	}
	if field == "" && mods == "" {
		return nil, errAt(key.line, "a field without a name")
	}
	if strings.ContainsAny(field, "\n\r") {
		return nil, errAt(key.line, "%q cannot be a field", field)
	}
	switch value.kind {
	case nodeMap:
		return nil, errAt(value.line, "the value of %q is a map: write nested fields with dots (a.b: value)", key.text)
	case nodeList:
		if len(value.list) == 0 {
			return nil, errAt(value.line, "%q has an empty list of values", key.text)
		}
		for _, v := range value.list {
			if v.kind == nodeMap || v.kind == nodeList {
				return nil, errAt(v.line, "a value of %q is a map or a list", key.text)
			}
		}
		raw.values = value.list
	}
	return buildItem(raw)
}

func buildItem(raw *rawItem) (*expr, error) {
	it, err := raw.build(nil)
	if err != nil {
		return nil, err
	}
	return &expr{op: exprItem, raw: raw, item: it}, nil
}
