package plan

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/quell-ir/quell"
)

// maxSteps bounds a playbook; one that needs more is two.
const maxSteps = 100

// Ids are typed by people and parted from a target's name by a dot, so they hold none.
var (
	idPattern     = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	actionPattern = regexp.MustCompile(`^[a-z0-9]+\.[a-z0-9]+(-[a-z0-9]+)*$`)
)

// validator collects what is wrong with one playbook.
type validator struct {
	path       string
	file       *ast.File
	conditions conditions
	pb         quell.Playbook
	problems   []Problem
}

// playbook looks at the whole, then at each step.
func (v *validator) playbook() {
	if !idPattern.MatchString(v.pb.ID) {
		v.add("$.id", "id %q is not of lower-case letters, digits and single hyphens", v.pb.ID)
	}
	if v.pb.Title == "" || v.pb.Version == "" {
		v.add("$", "needs a title and a version")
	}
	if v.pb.When == "" {
		// An absent condition would answer every incident there is.
		v.add("$", "needs `when`: the condition under which it answers an incident")
	} else if _, err := v.conditions.compile(v.pb.When, cel.BoolType); err != nil {
		v.add("$.when", "when: %v", err)
	}
	if len(v.pb.Steps) == 0 || len(v.pb.Steps) > maxSteps {
		v.add("$", "has %d steps; 1 to %d are possible", len(v.pb.Steps), maxSteps)
		return
	}
	for i := range v.pb.Steps {
		v.step(i)
	}
}

// step looks at one step. Needs go backwards only, which rules out circles without looking for any.
func (v *validator) step(i int) {
	s, at := v.pb.Steps[i], fmt.Sprintf("$.steps[%d]", i)
	before := v.pb.Steps[:i]
	earlier := func(id string) bool {
		return slices.ContainsFunc(before, func(b quell.Step) bool { return b.ID == id })
	}
	switch {
	case !idPattern.MatchString(s.ID):
		v.add(at, "step %d: id %q is not of lower-case letters, digits and single hyphens", i+1, s.ID)
	case s.ID == "undo":
		v.add(at+".id", "step %d: the id undo is kept for steps that take others back", i+1)
	case earlier(s.ID):
		v.add(at+".id", "step %s: an earlier step has this id", s.ID)
	}
	if s.Title == "" {
		v.add(at, "step %s: needs a title; it is what people read at night", s.ID)
	}
	if s.Action != "" && !actionPattern.MatchString(s.Action) {
		v.add(at+".action", "step %s: action %q is not of the form service.verb-noun", s.ID, s.Action)
	}
	switch s.Mode {
	case quell.Auto, quell.Approve:
		if s.Action == "" {
			v.add(at+".mode", "step %s: without an action there is nothing to run; its mode is manual", s.ID)
		}
	case quell.Manual:
		if s.Action == "" && s.Text == "" {
			v.add(at, "step %s: needs an action, or a text that says what to do", s.ID)
		}
	default:
		v.add(at+".mode", "step %s: mode %q; take auto, approve or manual", s.ID, s.Mode)
	}
	for _, role := range s.Roles {
		if !slices.Contains(quell.Roles, role) {
			v.add(at+".roles", "step %s: unknown role %q; take one of %v", s.ID, role, quell.Roles)
		}
	}
	for _, need := range s.Needs {
		if !earlier(need) {
			v.add(at+".needs", "step %s: needs %q, which is no earlier step", s.ID, need)
		}
	}
	if s.When != "" {
		if _, err := v.conditions.compile(s.When, cel.BoolType); err != nil {
			v.add(at+".when", "step %s: when: %v", s.ID, err)
		}
	}
	if s.ForEach != "" {
		if _, err := v.conditions.compile(s.ForEach, entitiesType); err != nil {
			v.add(at+".for_each", "step %s: for_each: %v", s.ID, err)
		}
	}
	v.with(s, at)
}

// with looks at a step's parameters. What they mean is for the action to say, strictly, when it reads them.
func (v *validator) with(s quell.Step, at string) {
	if len(s.With) == 0 {
		return
	}
	encoded, err := json.Marshal(s.With)
	if err != nil {
		v.add(at+".with", "step %s: with: %v", s.ID, err)
		return
	}
	if s.Action == "" {
		if phase, ok := textPhase(s); !ok || len(s.With) > 1 {
			v.add(at+".with", "step %s: a step without an action takes only `phase`, not %q", s.ID, phase)
		}
	}
	for _, r := range findReferences(encoded) {
		// Outputs exist once the step is done, and only a need makes sure that it is.
		if !slices.Contains(s.Needs, r.step) {
			v.add(at+".with", "step %s: uses an output of %q without needing it", s.ID, r.step)
		}
	}
}

// add notes a problem at a YAML path, or at the nearest place above it that the file has.
func (v *validator) add(at, format string, args ...any) {
	line := 0
	for ; line == 0 && at != ""; at = at[:max(0, strings.LastIndexByte(at, '.'))] {
		p, err := yaml.PathString(at)
		if err != nil {
			continue
		}
		if node, err := p.FilterFile(v.file); err == nil && node != nil && node.GetToken() != nil {
			line = node.GetToken().Position.Line
		}
	}
	v.problems = append(v.problems, Problem{v.path, line, quell.Clean(fmt.Sprintf(format, args...))})
}

// textPhase is the phase of a step that has no action to take it from.
func textPhase(s quell.Step) (quell.Phase, bool) {
	given, ok := s.With["phase"]
	if !ok {
		return quell.Contain, len(s.With) == 0
	}
	name, _ := given.(string)
	phases := []quell.Phase{
		quell.Detect, quell.Analyse, quell.Isolate, quell.Contain, quell.Eradicate, quell.Recover, quell.Preserve, quell.Review,
	}
	return quell.Phase(name), slices.Contains(phases, quell.Phase(name))
}
