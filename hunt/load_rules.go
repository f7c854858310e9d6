package hunt

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/detections"
)

// Load reads Quell's own rules, unless builtin is false, and every rule below the folders. A rule that cannot be used is
// a Problem, and the others are used all the same.
func Load(builtin bool, folders ...fs.FS) ([]*detect.Rule, []detect.Problem) {
	var rules []*detect.Rule
	var problems []detect.Problem
	if builtin {
		folders = append([]fs.FS{detections.FS}, folders...)
	}
	for _, folder := range folders {
		found, bad := ReadRules(folder)
		rules = append(rules, found...)
		problems = append(problems, bad...)
	}
	return rules, problems
}

// ReadRules reads every .yml and .yaml file of a tree, in the order of paths.
func ReadRules(tree fs.FS) ([]*detect.Rule, []detect.Problem) {
	var rules []*detect.Rule
	var problems []detect.Problem
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			problems = append(problems, detect.Problem{Path: name, Why: err.Error()})
			return nil
		}
		if ext := path.Ext(name); d.IsDir() || ext != ".yml" && ext != ".yaml" {
			return nil
		}
		data, err := fs.ReadFile(tree, name)
		if err != nil {
			problems = append(problems, detect.Problem{Path: name, Why: err.Error()})
			return nil
		}
		found, bad := detect.Parse(name, data)
		rules = append(rules, found...)
		problems = append(problems, bad...)
		return nil
	})
	if err != nil {
		problems = append(problems, detect.Problem{Path: ".", Why: err.Error()})
	}
	return rules, problems
}

// Compile makes the program that judges records. Rules that cannot be compiled are an error for a whole program.
func Compile(rules []*detect.Rule) (*detect.Program, error) {
	program, problems := detect.Compile(rules, detect.Options{})
	if len(problems) > 0 {
		var words []string
		for _, p := range problems[:min(3, len(problems))] {
			words = append(words, p.Error())
		}
		return nil, &quell.Error{
			Code: quell.CodeUsage, What: fmt.Sprintf("%d rules cannot be used: %s", len(problems), strings.Join(words, "; ")),
			Next: "see `quell rules check`",
		}
	}
	return program, nil
}

// sortFindings puts findings in an order that does not depend on how they were found.
func sortFindings(list []quell.Finding) {
	slices.SortFunc(list, func(a, b quell.Finding) int {
		if c := a.Time.Compare(b.Time); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
}
