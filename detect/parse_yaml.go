package detect

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds on a rule file. Rules come from strangers' repositories; the YAML parser recurses, so depth is bounded before it
// runs: by brackets, by line length (nested "- - - " entries), and by size (indentation costs its square).
const (
	maxRuleFile = 1 << 20
	maxRuleLine = 64 << 10
	maxBrackets = 500
	maxNodes    = 200_000
)

type nodeKind uint8

const (
	nodeNull nodeKind = iota
	nodeString
	nodeNumber // text keeps the spelling; num is set where it is a plain decimal
	nodeBool
	nodeList
	nodeMap
)

// node is YAML reduced to what rules need, each with its line.
type node struct {
	kind  nodeKind
	line  int
	text  string
	num   float64
	plain bool // num is meaningful: the text is a decimal number without leading zeros
	list  []*node
	keys  []*node // nodeMap: strings, beside list
}

// get returns the value of a key, nil where absent.
func (n *node) get(key string) *node {
	if n == nil || n.kind != nodeMap {
		return nil
	}
	for i, k := range n.keys {
		if k.text == key {
			return n.list[i]
		}
	}
	return nil
}

// loadYAML calls each with every document of a file, or with what is wrong with it. Empty documents are left out.
func loadYAML(data []byte, each func(*node, error)) {
	if err := checkBounds(data); err != nil {
		each(nil, err)
		return
	}
	for start, line := 0, 0; start < len(data); {
		end := start + nextDocument(data[start:])
		docs, err := loadDocument(data[start:end], line)
		for _, doc := range docs {
			each(doc, nil)
		}
		if err != nil {
			each(nil, err)
		}
		line += bytes.Count(data[start:end], []byte("\n"))
		start = end
	}
}

// nextDocument returns where the line "---" after the first line begins, or the end. Documents are parted here because
// the parser drops whatever follows an empty one, and a rule must not vanish.
func nextDocument(data []byte) int {
	for at := 0; ; {
		next := bytes.Index(data[at:], []byte("\n---"))
		if next < 0 {
			return len(data)
		}
		at += next + 4
		if at == len(data) || strings.IndexByte(" \t\r\n", data[at]) >= 0 {
			return at - 3
		}
	}
}

// loadDocument reads one document, which begins behind the given number of lines.
func loadDocument(data []byte, lines int) (docs []*node, err error) {
	// The parser is someone else's and the text is hostile: a panic there is a bad file, not our end.
	defer func() {
		if r := recover(); r != nil {
			docs, err = nil, lineError{lines + 1, fmt.Sprintf("not YAML: the parser gave up (%v)", r)}
		}
	}()
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, yamlError(err, lines)
	}
	for _, doc := range file.Docs {
		if doc == nil || doc.Body == nil {
			continue
		}
		b := yamlBuilder{anchors: map[string]ast.Node{}, lines: lines}
		root, err := b.build(doc.Body, 0)
		if err != nil {
			return nil, err
		}
		if root.kind != nodeNull {
			docs = append(docs, root)
		}
	}
	return docs, nil
}

// lineError is an error at a line, before the file is known.
type lineError struct {
	line int
	why  string
}

func (e lineError) Error() string { return e.why }

func errAt(line int, format string, args ...any) error {
	return lineError{line, fmt.Sprintf(format, args...)}
}

// yamlError takes the position and the bare sentence out of the parser's error, whose own text quotes the source.
func yamlError(err error, lines int) error {
	var syntax yaml.Error
	if errors.As(err, &syntax) {
		line := 0
		if tk := syntax.GetToken(); tk != nil && tk.Position != nil {
			line = tk.Position.Line + lines
		}
		return lineError{line, "not YAML: " + syntax.GetMessage()}
	}
	return lineError{0, "not YAML: " + err.Error()}
}

func checkBounds(data []byte) error {
	if len(data) > maxRuleFile {
		return errAt(0, "the file has %d bytes; rules may have %d: split it", len(data), maxRuleFile)
	}
	open, line, start := 0, 1, 0
	for i, c := range data {
		switch c {
		case '[', '{':
			open++
		case ']', '}':
			open--
		case '\n':
			line, start = line+1, i+1
		case 0:
			return errAt(line, "not YAML: a NUL byte")
		}
		if open > maxBrackets {
			return errAt(line, "more than %d brackets stay open", maxBrackets)
		}
		if i-start > maxRuleLine {
			return errAt(line, "a line longer than %d bytes", maxRuleLine)
		}
	}
	return nil
}

// yamlBuilder resolves anchors by copying, and counts: a few aliases can otherwise unfold to billions of nodes.
type yamlBuilder struct {
	anchors map[string]ast.Node
	count   int
	lines   int // before the document
}

func (b *yamlBuilder) build(n ast.Node, depth int) (*node, error) {
	line := 0
	if n != nil && n.GetToken() != nil && n.GetToken().Position != nil {
		line = n.GetToken().Position.Line + b.lines
	}
	if b.count++; b.count > maxNodes || depth > maxBrackets {
		return nil, errAt(line, "the document unfolds to more than %d values or nests deeper than %d", maxNodes, maxBrackets)
	}
	switch v := n.(type) {
	case nil, *ast.NullNode:
		return &node{kind: nodeNull, line: line}, nil
	case *ast.StringNode:
		return &node{kind: nodeString, line: line, text: v.Value}, nil
	case *ast.LiteralNode:
		return &node{kind: nodeString, line: line, text: v.Value.Value}, nil
	case *ast.BoolNode:
		return &node{kind: nodeBool, line: line, text: strconv.FormatBool(v.Value)}, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return numberNode(n.GetToken(), line), nil
	case *ast.AnchorNode:
		b.anchors[v.Name.GetToken().Value] = v.Value
		return b.build(v.Value, depth+1)
	case *ast.AliasNode:
		name := v.Value.GetToken().Value
		target, ok := b.anchors[name]
		if !ok {
			return nil, errAt(line, "the alias *%s names no anchor above it", name)
		}
		return b.build(target, depth+1)
	case *ast.TagNode:
		return nil, errAt(line, "YAML tags (%s) have no meaning in rules", v.Start.Value)
	case *ast.MappingValueNode:
		return b.buildMap([]*ast.MappingValueNode{v}, line, depth)
	case *ast.MappingNode:
		return b.buildMap(v.Values, line, depth)
	case *ast.SequenceNode:
		out := &node{kind: nodeList, line: line}
		for _, item := range v.Values {
			kid, err := b.build(item, depth+1)
			if err != nil {
				return nil, err
			}
			out.list = append(out.list, kid)
		}
		return out, nil
	}
	return nil, errAt(line, "a YAML construct that rules do not use (%s)", n.Type())
}

func (b *yamlBuilder) buildMap(pairs []*ast.MappingValueNode, line, depth int) (*node, error) {
	out := &node{kind: nodeMap, line: line}
	for _, pair := range pairs {
		if pair.Key.IsMergeKey() {
			return nil, errAt(line, "YAML merge keys (<<) are not supported: write the keys out")
		}
		key, err := b.build(pair.Key, depth+1)
		if err != nil {
			return nil, err
		}
		if key.kind == nodeList || key.kind == nodeMap {
			return nil, errAt(key.line, "a key must be a word")
		}
		value, err := b.build(pair.Value, depth+1)
		if err != nil {
			return nil, err
		}
		if out.get(key.text) != nil {
			return nil, errAt(key.line, "the key %q is written twice", key.text)
		}
		out.keys, out.list = append(out.keys, key), append(out.list, value)
	}
	return out, nil
}

// numberNode keeps a number's spelling: 012345678901 is an account id, not an octal number.
func numberNode(tk *token.Token, line int) *node {
	out := &node{kind: nodeNumber, line: line, text: strings.TrimSpace(tk.Value)}
	if isNumber([]byte(out.text)) {
		if f, err := strconv.ParseFloat(out.text, 64); err == nil {
			out.num, out.plain = f, true
		}
	}
	return out
}
