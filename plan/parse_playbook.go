package plan

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/quell-ir/quell"
)

// maxPlaybook bounds a playbook's file, in bytes.
const maxPlaybook = 1 << 20

// Problem is why a playbook is not accepted. Line is 1-based, 0 where the whole file is meant.
type Problem struct {
	Path string `json:"path"`
	Line int    `json:"line"`
	Why  string `json:"why"`
}

// Error implements error.
func (p Problem) Error() string {
	if p.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", quell.Clean(p.Path), p.Line, p.Why)
	}
	return fmt.Sprintf("%s: %s", quell.Clean(p.Path), p.Why)
}

// ParsePlaybook reads a playbook strictly: an unknown key, a condition of the wrong type or a need of a later step are
// problems, and with any problem the playbook must not be used. Every problem is reported, not only the first.
func ParsePlaybook(path string, data []byte) (pb quell.Playbook, problems []Problem) {
	refuse := func(line int, why string) (quell.Playbook, []Problem) {
		return quell.Playbook{}, []Problem{{path, line, quell.Clean(why)}}
	}
	if len(data) > maxPlaybook {
		return refuse(0, fmt.Sprintf("larger than %d bytes", maxPlaybook))
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return refuse(lineOf(err), "not YAML: "+messageOf(err))
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return refuse(0, fmt.Sprintf("holds %d documents where one playbook is needed", len(file.Docs)))
	}
	if line := findAlias(file.Docs[0].Body); line > 0 {
		// An alias can unfold a small file into a huge one, and hides from a reader what a step does.
		return refuse(line, "anchors and aliases are not allowed; write the value out")
	}
	if err := yaml.UnmarshalWithOptions(data, &pb, yaml.Strict()); err != nil {
		return refuse(lineOf(err), messageOf(err))
	}
	env, err := newConditions()
	if err != nil {
		return refuse(0, err.Error())
	}
	v := validator{path: path, file: file, conditions: env, pb: pb}
	v.playbook()
	if len(v.problems) > 0 {
		return quell.Playbook{}, v.problems
	}
	return pb, nil
}

// ReadPlaybooks reads every playbook.yaml one folder down, in the order of the folders' names. Two of one id are a
// problem; the playbooks without problems are returned beside those with some.
func ReadPlaybooks(fsys fs.FS) ([]quell.Playbook, []Problem) {
	names, err := fs.Glob(fsys, "*/playbook.yaml")
	if err != nil {
		return nil, []Problem{{".", 0, err.Error()}}
	}
	var books []quell.Playbook
	var problems []Problem
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			problems = append(problems, Problem{name, 0, fmt.Sprintf("read playbook: %v", err)})
			continue
		}
		pb, found := ParsePlaybook(name, data)
		switch {
		case len(found) > 0:
			problems = append(problems, found...)
		case path.Base(path.Dir(name)) != pb.ID:
			problems = append(problems, Problem{name, 0, fmt.Sprintf("the folder must be named after the playbook's id %q", pb.ID)})
		case slices.ContainsFunc(books, func(b quell.Playbook) bool { return b.ID == pb.ID }):
			problems = append(problems, Problem{name, 0, fmt.Sprintf("a second playbook %q", pb.ID)})
		default:
			books = append(books, pb)
		}
	}
	return books, problems
}

// lineOf is where the YAML reader stumbled, 0 where it does not say.
func lineOf(err error) int {
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil && at.GetToken().Position != nil {
		return at.GetToken().Position.Line
	}
	return 0
}

// messageOf leaves out the source excerpt that the YAML reader adds: it spans lines and repeats the file.
func messageOf(err error) string {
	var at yaml.Error
	if errors.As(err, &at) {
		return at.GetMessage()
	}
	return err.Error()
}

// findAlias returns the line of the first anchor or alias, 0 without any.
func findAlias(root ast.Node) int {
	line := 0
	ast.Walk(visit(func(n ast.Node) {
		if line == 0 && (n.Type() == ast.AliasType || n.Type() == ast.AnchorType) {
			line = max(n.GetToken().Position.Line, 1)
		}
	}), root)
	return line
}

type visit func(ast.Node)

// Visit implements ast.Visitor.
func (v visit) Visit(n ast.Node) ast.Visitor {
	v(n)
	return v
}
