package detect

import (
	"errors"
	"path"
	"regexp"
	"strings"

	"github.com/quell-ir/quell"
)

// Parse reads the rules of one file, which may hold several YAML documents. Rules and problems are both in file order; a
// document gives either a rule or a problem. The path is only a name for people and for rules without id and name.
func Parse(file string, data []byte) ([]*Rule, []Problem) {
	var rules []*Rule
	var problems []Problem
	loadYAML(data, func(doc *node, err error) {
		var rule *Rule
		if err == nil {
			rule, err = parseRule(file, doc)
		}
		if err != nil {
			problems = append(problems, problemOf(file, err))
			return
		}
		rules = append(rules, rule)
	})
	if len(rules)+len(problems) == 0 {
		problems = append(problems, Problem{Path: file, Line: 0, Why: "the file holds no rule"})
	}
	return rules, problems
}

func problemOf(file string, err error) Problem {
	var at lineError
	if errors.As(err, &at) {
		return Problem{Path: file, Line: at.line, Why: quell.Clean(at.why)}
	}
	return Problem{Path: file, Why: quell.Clean(err.Error())}
}

func parseRule(file string, doc *node) (*Rule, error) {
	if doc.kind != nodeMap {
		return nil, errAt(doc.line, "a rule is a map with title, logsource and detection")
	}
	r := &Rule{Path: file, Line: doc.line}
	var logsource, detection, correlation *node
	for i, key := range doc.keys {
		value := doc.list[i]
		switch key.text {
		case "logsource":
			logsource = value
		case "detection":
			detection = value
		case "correlation":
			correlation = value
		case "filter":
			return nil, errAt(key.line, "global filters are not supported: add the exception to the rules themselves")
		case "action":
			return nil, errAt(key.line, "action: collections of the first Sigma version are not supported: write whole rules")
		default:
			if err := r.header(key, value); err != nil {
				return nil, err
			}
		}
	}
	if r.Title == "" {
		return nil, errAt(doc.line, "the rule has no title")
	}
	if r.ID == "" {
		r.ID = r.Name
	}
	if r.ID == "" {
		base := path.Base(strings.ReplaceAll(file, `\`, "/"))
		r.ID = strings.TrimSuffix(base, path.Ext(base))
	}
	var err error
	switch {
	case correlation != nil && detection != nil:
		return nil, errAt(doc.line, "a rule has a detection or a correlation, not both")
	case correlation != nil:
		r.Correlation, err = parseCorrelation(correlation)
		return r, err
	case detection == nil:
		return nil, errAt(doc.line, "the rule has no detection")
	case logsource == nil:
		return nil, errAt(doc.line, "the rule has no logsource")
	}
	if r.Logsource, err = parseLogsource(logsource); err != nil {
		return nil, err
	}
	if r.cond, err = parseDetection(detection); err != nil {
		return nil, err
	}
	return r, nil
}

func parseLogsource(n *node) (Logsource, error) {
	var l Logsource
	if n.kind != nodeMap {
		return l, errAt(n.line, "logsource must name a product, service or category")
	}
	for i, key := range n.keys {
		target := map[string]*string{"product": &l.Product, "service": &l.Service, "category": &l.Category}[key.text]
		if target == nil {
			continue // Sigma allows further keys here, for people
		}
		if n.list[i].kind != nodeString {
			return l, errAt(key.line, "logsource.%s must be a word", key.text)
		}
		*target = strings.ToLower(n.list[i].text)
	}
	if l == (Logsource{}) {
		return l, errAt(n.line, "logsource must name a product, service or category")
	}
	return l, nil
}

// header reads one of the keys that describe a rule. Keys that Sigma does not know are the rule's own.
func (r *Rule) header(key, value *node) error {
	texts := map[string]*string{"title": &r.Title, "id": &r.ID, "name": &r.Name, "description": &r.Description,
		"status": &r.Status, "author": &r.Author}
	lists := map[string]*[]string{"tags": &r.Tags, "falsepositives": &r.FalsePositives, "fields": &r.Fields,
		"references": &r.References}
	switch {
	case key.text == "level":
		r.Informational = strings.EqualFold(value.text, "informational")
		if err := r.Level.UnmarshalText([]byte(value.text)); err != nil {
			return errAt(value.line, "level: %v", err)
		}
	case texts[key.text] != nil:
		if value.kind == nodeMap || value.kind == nodeList {
			return errAt(value.line, "%s must be text", key.text)
		}
		*texts[key.text] = strings.TrimSpace(value.text)
	case lists[key.text] != nil:
		list, err := stringList(key.text, value)
		if err != nil {
			return err
		}
		*lists[key.text] = list
	case isSigmaKey(key.text):
	default:
		if r.Custom == nil {
			r.Custom = map[string]any{}
		}
		r.Custom[key.text] = value.plainData()
	}
	switch key.text {
	case "tags":
		r.Techniques = techniquesOf(r.Tags)
	case "status":
		switch r.Status {
		case "", "stable", "test", "experimental", "deprecated":
		case "unsupported":
			return errAt(value.line, "the rule's own status is unsupported")
		default:
			return errAt(value.line, "unknown status %q", r.Status)
		}
	}
	return nil
}

// isSigmaKey names the keys that Sigma defines and nothing here needs.
func isSigmaKey(key string) bool {
	switch key {
	case "related", "taxonomy", "license", "date", "modified", "scope":
		return true
	}
	return false
}

// stringList accepts a single value for a list of one.
func stringList(name string, n *node) ([]string, error) {
	items := []*node{n}
	switch n.kind {
	case nodeNull:
		return nil, nil
	case nodeMap:
		return nil, errAt(n.line, "%s must be a list of texts", name)
	case nodeList:
		items = n.list
	}
	var out []string
	for _, item := range items {
		if item.kind == nodeMap || item.kind == nodeList {
			return nil, errAt(item.line, "%s must be a list of texts", name)
		}
		out = append(out, strings.TrimSpace(item.text))
	}
	return out, nil
}

// techniquesOf keeps the ATT&CK techniques among a rule's tags.
func techniquesOf(tags []string) []string {
	technique := regexp.MustCompile(`^attack\.(t\d{4}(\.\d{3})?)$`)
	var out []string
	for _, tag := range tags {
		if m := technique.FindStringSubmatch(strings.ToLower(tag)); m != nil {
			out = append(out, strings.ToUpper(m[1]))
		}
	}
	return out
}

// plainData is the node as encoding/json would give it.
func (n *node) plainData() any {
	switch n.kind {
	case nodeString:
		return n.text
	case nodeBool:
		return n.text == "true"
	case nodeNumber:
		if n.plain {
			return n.num
		}
		return n.text
	case nodeList:
		out := make([]any, len(n.list))
		for i, item := range n.list {
			out[i] = item.plainData()
		}
		return out
	case nodeMap:
		out := map[string]any{}
		for i, key := range n.keys {
			out[key.text] = n.list[i].plainData()
		}
		return out
	}
	return nil
}
