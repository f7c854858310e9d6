package hunt

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/detections"
	"github.com/quell-ir/quell/detections/otherlogs"
)

// Load reads Quell's own rules, unless builtin is false, and every rule below the folders. A rule that cannot be used is
// a Problem, and the others are used all the same.
func Load(builtin bool, folders ...fs.FS) ([]*detect.Rule, []detect.Problem) {
	return load(builtin, withoutExamples, folders)
}

// LoadWhole reads rules with their examples, which judging does not need and which are most of the text.
func LoadWhole(builtin bool, folders ...fs.FS) ([]*detect.Rule, []detect.Problem) {
	return load(builtin, func(text []byte) []byte { return text }, folders)
}

func load(builtin bool, prepare func([]byte) []byte, folders []fs.FS) ([]*detect.Rule, []detect.Problem) {
	var rules []*detect.Rule
	var problems []detect.Problem
	add := func(found []*detect.Rule, bad []detect.Problem) {
		rules, problems = append(rules, found...), append(problems, bad...)
	}
	if builtin {
		add(readRules(detections.FS, prepare))
		add(readUnder(otherFolder, otherlogs.FS, prepare))
	}
	for _, folder := range folders {
		add(readRules(folder, prepare))
	}
	return rules, problems
}

// otherFolder begins the paths of Quell's own rules for logs beside CloudTrail: both trees have folders named after services.
const otherFolder = "otherlogs/"

// RuleText is the file of one of Quell's own rules, as it stands in the source tree.
func RuleText(r *detect.Rule) ([]byte, error) {
	tree, name := fs.FS(detections.FS), r.Path
	if rest, other := strings.CutPrefix(name, otherFolder); other {
		tree, name = otherlogs.FS, rest
	}
	text, err := fs.ReadFile(tree, name)
	if err != nil {
		return nil, fmt.Errorf("read rule %s: %w", r.Path, err)
	}
	return text, nil
}

// ruleFile is one file's rules.
type ruleFile struct {
	name     string
	rules    []*detect.Rule
	problems []detect.Problem
}

// readRules reads every .yml and .yaml file of a tree, several at a time, and gives them in the order of paths.
func readRules(tree fs.FS, prepare func([]byte) []byte) ([]*detect.Rule, []detect.Problem) {
	return readUnder("", tree, prepare)
}

// readUnder tells paths as lying under a folder.
func readUnder(under string, tree fs.FS, prepare func([]byte) []byte) ([]*detect.Rule, []detect.Problem) {
	var files []*ruleFile
	var problems []detect.Problem
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			problems = append(problems, detect.Problem{Path: name, Why: err.Error()})
			return nil
		}
		if ext := path.Ext(name); !d.IsDir() && (ext == ".yml" || ext == ".yaml") {
			files = append(files, &ruleFile{name: name})
		}
		return nil
	})
	if err != nil {
		problems = append(problems, detect.Problem{Path: ".", Why: err.Error()})
	}
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, f := range files {
		group.Go(func() error {
			data, err := fs.ReadFile(tree, f.name)
			if err != nil {
				f.problems = []detect.Problem{{Path: under + f.name, Why: err.Error()}}
				return nil
			}
			f.rules, f.problems = detect.Parse(under+f.name, prepare(data))
			return nil
		})
	}
	_ = group.Wait() // no file's failure is the others'
	var rules []*detect.Rule
	for _, f := range files {
		rules = append(rules, f.rules...)
		problems = append(problems, f.problems...)
	}
	return rules, problems
}

// withoutExamples empties the lines of a rule's examples, keeping their number for messages.
func withoutExamples(text []byte) []byte {
	lines := bytes.SplitAfter(text, []byte("\n"))
	inside := false
	for i, line := range lines {
		if bytes.HasPrefix(line, []byte("---")) {
			inside = false
		} else if len(line) > 0 && line[0] != ' ' && line[0] != '\n' && line[0] != '\r' && line[0] != '-' && line[0] != '#' {
			inside = bytes.HasPrefix(line, []byte("examples:"))
		}
		if inside {
			lines[i] = []byte("\n")
		}
	}
	return bytes.Join(lines, nil)
}

// Compile makes the program that judges records. Rules that cannot be compiled are an error for a whole program.
func Compile(rules []*detect.Rule) (*detect.Program, error) { return CompileFor(rules, nil) }

// CompileFor is Compile with what a user says about people; the Hunter must be given the same.
func CompileFor(rules []*detect.Rule, who *People) (*detect.Program, error) {
	rules, values, err := who.fill(rules)
	if err != nil {
		return nil, err
	}
	watch, err := sentinels(rules)
	if err != nil {
		return nil, err
	}
	mixed := mixedCorrelations(rules)
	program, problems := detect.Compile(append(withoutOthers(rules, mixed), watch...), detect.Options{Placeholders: values})
	if err := refused(append(mixed.problems(), problems...)); err != nil {
		return nil, err
	}
	return program, nil
}

// refused is the error for rules that cannot be used, nil where there are none.
func refused(problems []detect.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	var words []string
	for _, p := range problems[:min(3, len(problems))] {
		words = append(words, p.Error())
	}
	return &quell.Error{
		Code: quell.CodeUsage, What: fmt.Sprintf("%d rules cannot be used: %s", len(problems), strings.Join(words, "; ")),
		Next: "see `quell rules check`",
	}
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
