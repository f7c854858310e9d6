package plan

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/quell-ir/quell"
)

// referencePattern is ${steps.ID.name}. An id may hold dots, a name may not, so the last dot parts them.
var referencePattern = regexp.MustCompile(`\$\{steps\.([A-Za-z0-9._-]+)\.([A-Za-z0-9_-]+)\}`)

// reference is one ${steps.ID.name}.
type reference struct{ step, name string }

// findReferences lists the outputs that a step's parameters use, in order, each once.
func findReferences(with []byte) []reference {
	var out []reference
	for _, m := range referencePattern.FindAllSubmatch(with, -1) {
		r := reference{string(m[1]), string(m[2])}
		if !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

// Fill puts the outputs of finished steps in the place of ${steps.ID.name} in a step's parameters. outputs holds one JSON
// object per plan step id. A parameter that is nothing but a reference takes the output's own type; inside longer text
// only text, numbers and truth values can stand. While something is missing the step is returned unbound, with the
// references it waits for; once nothing is, it is pending. What an output holds is data: references in it are not
// followed, so that a name chosen in the account can't reach for another step's outputs.
func Fill(step quell.PlanStep, outputs map[string]json.RawMessage) (quell.PlanStep, []string) {
	if len(findReferences(step.With)) == 0 {
		if step.Status == quell.StepUnbound {
			step.Status = quell.StepPending
		}
		return step, nil
	}
	var tree any
	if err := json.Unmarshal(step.With, &tree); err != nil {
		step.Status, step.WhyNot = quell.StepUnbound, fmt.Sprintf("the step's parameters are not JSON: %v", err)
		return step, []string{"with"}
	}
	f := filler{outputs: outputs}
	tree = f.value(tree)
	if len(f.missing) > 0 {
		step.Status = quell.StepUnbound
		return step, f.missing
	}
	with, err := quell.Canonical(tree)
	if err != nil {
		step.Status, step.WhyNot = quell.StepUnbound, err.Error()
		return step, []string{"with"}
	}
	step.With = with
	if step.Status == quell.StepUnbound {
		step.Status = quell.StepPending
	}
	return step, nil
}

// filler walks a step's parameters once and notes everything that is missing, so that a person sees it all at once.
type filler struct {
	outputs map[string]json.RawMessage
	missing []string
}

func (f *filler) value(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = f.value(v[k])
		}
	case []any:
		for i := range v {
			v[i] = f.value(v[i])
		}
	case string:
		return f.text(v)
	}
	return v
}

// text fills one string.
func (f *filler) text(s string) any {
	if m := referencePattern.FindStringSubmatch(s); m != nil && m[0] == s {
		if out, ok := f.output(m); ok {
			return out
		}
		return s
	}
	return referencePattern.ReplaceAllStringFunc(s, func(whole string) string {
		out, ok := f.output(referencePattern.FindStringSubmatch(whole))
		if !ok {
			return whole
		}
		switch out := out.(type) {
		case string:
			return out
		case float64, bool:
			text, err := json.Marshal(out)
			if err == nil {
				return string(text)
			}
		}
		f.miss(strings.TrimSuffix(strings.TrimPrefix(whole, "${"), "}") + " (not text)")
		return whole
	})
}

// output finds what a match refers to. A null is missing: an output that is not there yet is written so by some actions.
func (f *filler) output(m []string) (any, bool) {
	var object map[string]any
	if err := json.Unmarshal(f.outputs[m[1]], &object); err == nil {
		if out, ok := object[m[2]]; ok && out != nil {
			return out, true
		}
	}
	f.miss("steps." + m[1] + "." + m[2])
	return nil, false
}

func (f *filler) miss(name string) {
	if !slices.Contains(f.missing, name) {
		f.missing = append(f.missing, name)
		slices.Sort(f.missing) // maps are walked in any order
	}
}
