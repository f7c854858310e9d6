package incident

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/quell-ir/quell"
)

// drawLimit is how many nodes a drawing holds; past that nobody can read it, and renderers give up. What is left out
// is said in the drawing.
const drawLimit = 200

// labelWidth is the longest label of a node.
const labelWidth = 60

// Mermaid writes the graph as a Mermaid flowchart. Labels come from logs; nothing in them can end a label, start
// markup or make a link.
func (g Graph) Mermaid(w io.Writer) error {
	b := bufio.NewWriter(w)
	b.WriteString("flowchart LR\n")
	left := g.draw(func(id int, e quell.Entity) {
		fmt.Fprintf(b, "  n%d[\"%s\"]\n", id, mermaidText(quell.Cut(Name(e), labelWidth)))
	}, func(from, to int, verb string) {
		fmt.Fprintf(b, "  n%d -- \"%s\" --> n%d\n", from, mermaidText(verb), to)
	})
	if left > 0 {
		fmt.Fprintf(b, "  more[\"%d more not drawn\"]\n", left)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write Mermaid graph: %w", err)
	}
	return nil
}

// DOT writes the graph in Graphviz's language, with the same promise.
func (g Graph) DOT(w io.Writer) error {
	b := bufio.NewWriter(w)
	b.WriteString("digraph incident {\n  rankdir=LR;\n  node [shape=box];\n")
	left := g.draw(func(id int, e quell.Entity) {
		fmt.Fprintf(b, "  n%d [label=\"%s\"];\n", id, dotText(quell.Cut(Name(e), labelWidth)))
	}, func(from, to int, verb string) {
		fmt.Fprintf(b, "  n%d -> n%d [label=\"%s\"];\n", from, to, dotText(verb))
	})
	if left > 0 {
		fmt.Fprintf(b, "  more [label=\"%d more not drawn\"];\n", left)
	}
	b.WriteString("}\n")
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write DOT graph: %w", err)
	}
	return nil
}

// draw walks the nodes and edges that fit, and returns how many nodes do not. Node names are numbers, because ids are
// hostile as well.
func (g Graph) draw(node func(int, quell.Entity), edge func(from, to int, verb string)) (left int) {
	number := map[string]int{}
	for i, n := range g.Nodes {
		if i == drawLimit {
			left = len(g.Nodes) - i
			break
		}
		number[n.Key()] = i
		node(i, n)
	}
	for _, e := range g.Edges {
		from, okFrom := number[e.From]
		to, okTo := number[e.To]
		if okFrom && okTo {
			edge(from, to, e.Verb)
		}
	}
	return left
}

// mermaidText writes whatever could be markup as Mermaid's numbered entities (#35; for #). The backtick would start
// Markdown inside a label.
func mermaidText(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("\"#&<>;`|[](){}\\", r) {
			fmt.Fprintf(&b, "#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// dotText escapes what ends a string and Graphviz's own escapes (\N, \G).
func dotText(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)
}
