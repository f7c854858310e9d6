package detect

import (
	"path"
	"slices"
	"strings"
)

// expr is a rule's condition with its selections put in.
type expr struct {
	op   exprOp
	kids []*expr
	raw  *rawItem // exprItem
	item *item    // exprItem, built
	full bool     // exprItem: its placeholders are filled in for good
}

type exprOp uint8

const (
	exprItem exprOp = iota
	exprAnd
	exprOr
	exprNot
)

// join makes an and or an or of several, and nothing around a single one.
func join(op exprOp, kids []*expr) *expr {
	if len(kids) == 1 {
		return kids[0]
	}
	return &expr{op: op, kids: kids}
}

// maxDepth bounds parentheses and negations, which the parser and every evaluator recurse on.
const maxDepth = 100

// selections are a detection's named parts, in written order.
type selections struct {
	names []string
	exprs map[string]*expr
}

// condParser is a recursive descent over: or < and < not < (of | name | parentheses).
type condParser struct {
	words []string
	at    int
	depth int
	line  int
	sel   *selections
}

func parseCondition(text string, line int, sel *selections) (*expr, error) {
	words, err := splitCondition(text, line)
	if err != nil {
		return nil, err
	}
	p := &condParser{words: words, line: line, sel: sel}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.at < len(p.words) {
		return nil, errAt(line, "condition: unexpected %q", p.words[p.at])
	}
	return e, nil
}

func splitCondition(text string, line int) ([]string, error) {
	if strings.Contains(text, "|") {
		return nil, errAt(line, "condition: aggregations after a pipe are obsolete: write a correlation rule")
	}
	text = strings.NewReplacer("(", " ( ", ")", " ) ").Replace(text)
	words := strings.Fields(text)
	if len(words) == 0 {
		return nil, errAt(line, "the condition is empty")
	}
	return words, nil
}

// word returns the next word, "" at the end; keyword in lower case so that AND and OR of old rules work.
func (p *condParser) word() string {
	if p.at < len(p.words) {
		return p.words[p.at]
	}
	return ""
}

func (p *condParser) take(keyword string) bool {
	if strings.EqualFold(p.word(), keyword) {
		p.at++
		return true
	}
	return false
}

func (p *condParser) or() (*expr, error)  { return p.chain("or", exprOr, p.and) }
func (p *condParser) and() (*expr, error) { return p.chain("and", exprAnd, p.not) }

func (p *condParser) chain(word string, op exprOp, next func() (*expr, error)) (*expr, error) {
	var kids []*expr
	for {
		kid, err := next()
		if err != nil {
			return nil, err
		}
		kids = append(kids, kid)
		if !p.take(word) {
			return join(op, kids), nil
		}
	}
}

func (p *condParser) not() (*expr, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, errAt(p.line, "condition: nested deeper than %d", maxDepth)
	}
	defer func() { p.depth-- }()
	if p.take("not") {
		kid, err := p.not()
		if err != nil {
			return nil, err
		}
		return &expr{op: exprNot, kids: []*expr{kid}}, nil
	}
	if p.take("(") {
		kid, err := p.or()
		if err != nil {
			return nil, err
		}
		if !p.take(")") {
			return nil, errAt(p.line, "condition: a parenthesis is not closed")
		}
		return kid, nil
	}
	return p.primary()
}

func (p *condParser) primary() (*expr, error) {
	w := p.word()
	if p.at+1 < len(p.words) && strings.EqualFold(p.words[p.at+1], "of") {
		return p.of()
	}
	switch strings.ToLower(w) {
	case "":
		return nil, errAt(p.line, "condition: ends where a selection is expected")
	case "and", "or", ")", "of", "them":
		return nil, errAt(p.line, "condition: %q where a selection is expected", w)
	}
	e, ok := p.sel.exprs[w]
	if !ok {
		return nil, errAt(p.line, "condition: there is no selection %q", w)
	}
	p.at++
	return e, nil
}

// of reads "1 of them", "all of selection_*".
func (p *condParser) of() (*expr, error) {
	count, op := strings.ToLower(p.word()), exprOr
	switch count {
	case "1", "any":
	case "all":
		op = exprAnd
	default:
		return nil, errAt(p.line, "condition: %q of: only 1 and all are defined", p.word())
	}
	p.at += 2
	glob := p.word()
	p.at++
	var kids []*expr
	for _, name := range p.sel.names {
		fits := false
		if strings.EqualFold(glob, "them") {
			fits = !strings.HasPrefix(name, "_")
		} else if strings.ContainsAny(glob, `?[\`) {
			return nil, errAt(p.line, "condition: %q is no name or pattern with *", glob)
		} else {
			fits, _ = path.Match(glob, name)
		}
		if fits {
			kids = append(kids, p.sel.exprs[name])
		}
	}
	if len(kids) == 0 {
		return nil, errAt(p.line, "condition: no selection is named like %q", glob)
	}
	return join(op, slices.Clone(kids)), nil
}
