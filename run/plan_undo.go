package run

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/quell-ir/quell"
)

// UndoOf prefixes the id of a step that takes another back.
const UndoOf = "undo."

// UndoInput is what planning an undo needs to know.
type UndoInput struct {
	Before, After, Now json.RawMessage
	Sent               []SentCall
	// At is the present; Dismissed gives back what was kept; Lift takes denies off though sessions may live.
	At        time.Time
	Dismissed bool
	Lift      bool
}

// UndoPlan is the inverses to send and what is refused, each with its reason.
type UndoPlan struct {
	Calls   []quell.Call
	Refused []string
	// Kept says what stays on purpose.
	Kept []string
}

// PlanUndo derives the inverses, last done first. A call whose part of the state is as it was before is skipped; one
// whose part is no longer as Quell left it is refused with all three values, for taking it back would clobber
// somebody else's change.
func PlanUndo(in UndoInput) (UndoPlan, error) {
	var plan UndoPlan
	before, err := tree(in.Before)
	if err != nil {
		return plan, err
	}
	after, err := tree(in.After)
	if err != nil {
		return plan, err
	}
	now, err := tree(in.Now)
	if err != nil {
		return plan, err
	}
	seen := map[string]bool{}
	for _, sent := range slices.Backward(in.Sent) {
		c := sent.Call
		if c.Undo == nil || c.Kind == quell.Irreversible || c.Kind == quell.Passing {
			continue
		}
		if c.Kind == quell.Kept && !in.Dismissed {
			plan.Kept = append(plan.Kept, fmt.Sprintf("%s stays: it only keeps the intruder out", c.Op))
			continue
		}
		// A call that was sent again, because the attacker took it off, is taken back once.
		// Two edits of one document are two calls, though they name the same input.
		key, err := quell.Digest(c.Undo)
		if err != nil {
			return plan, fmt.Errorf("name inverse of %s: %w", c.Op, err)
		}
		if seen[key] {
			continue
		}
		seen[key] = true
		drift, back := compare(c.Touches, before, after, now)
		switch {
		case back:
			continue
		case drift != "":
			plan.Refused = append(plan.Refused, fmt.Sprintf("%s: %s", c.Undo.Op, drift))
			continue
		}
		if until, live := stillLive(sent, in); live {
			plan.Refused = append(plan.Refused, fmt.Sprintf(
				"%s: %s may still hold sessions until %s; take it back after that, or say --lift-deny with a --reason",
				c.Undo.Op, c.Denies.Who, until.UTC().Format(time.RFC3339)))
			continue
		}
		plan.Calls = append(plan.Calls, inverses(c)...)
	}
	return plan, nil
}

func stillLive(sent SentCall, in UndoInput) (time.Time, bool) {
	if sent.Call.Denies == nil || in.Lift {
		return time.Time{}, false
	}
	until := sent.At.Add(time.Duration(sent.Call.Denies.Seconds) * time.Second)
	return until, in.At.Before(until)
}

// inverses turns a call's undo into calls of their own, each undone by the original.
func inverses(c quell.Call) []quell.Call {
	original := quell.Inverse{Op: c.Op, Input: c.Input, Edit: c.Edit}
	first := quell.Call{
		Op: c.Undo.Op, Kind: quell.Reversible, Account: c.Account, Region: c.Region, Input: c.Undo.Input,
		Edit: c.Undo.Edit, Undo: &original, Touches: c.Touches,
	}
	out := []quell.Call{first}
	for _, then := range c.Undo.Then {
		out = append(out, quell.Call{
			Op: then.Op, Kind: quell.Passing, Account: c.Account, Region: c.Region, Input: then.Input, Edit: then.Edit,
			Touches: c.Touches,
		})
	}
	return out
}

// compare says whether the pointed-at values are back at before already, or else how they drifted from after.
func compare(pointers []string, before, after, now any) (drift string, back bool) {
	back = len(pointers) > 0
	for _, p := range pointers {
		b, a, n := at(before, p), at(after, p), at(now, p)
		if !bytes.Equal(n, b) {
			back = false
		}
		if !bytes.Equal(n, a) && !bytes.Equal(n, b) {
			drift = fmt.Sprintf("%s was %s, Quell made it %s, now it is %s: somebody else changed it; settle it by hand",
				p, show(b), show(a), show(n))
		}
	}
	return drift, back
}

func at(tree any, pointer string) []byte {
	v, ok := quell.At(tree, pointer)
	if !ok {
		return nil
	}
	text, err := quell.Canonical(v)
	if err != nil {
		return nil
	}
	// An absent value, null, false and "" all say "not there"; states spell them differently by type.
	switch string(text) {
	case "null", `""`, "false", "{}", "[]":
		return nil
	}
	return text
}

func show(value []byte) string {
	if value == nil {
		return "absent"
	}
	return quell.Cut(string(value), 80)
}

func tree(raw json.RawMessage) (any, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, fmt.Errorf("decode recorded state: %w", err)
	}
	return v, nil
}

// UndoSteps binds a step for each that sent something, the last done first. only narrows to one step's id.
func UndoSteps(s *State, only string) []quell.PlanStep {
	type done struct {
		step *Step
		at   time.Time
	}
	var list []done
	for _, id := range slices.Backward(s.Order) { // so that of two done in one instant the later in the plan goes first
		st := s.Steps[id]
		if len(st.Sent) == 0 || st.Undo != "" || st.Status == quell.StepUndone || only != "" && only != id {
			continue
		}
		list = append(list, done{st, st.Sent[len(st.Sent)-1].At})
	}
	slices.SortStableFunc(list, func(a, b done) int { return b.at.Compare(a.at) })
	var out []quell.PlanStep
	for _, d := range list {
		p := quell.PlanStep{
			ID: UndoOf + d.step.ID, Action: d.step.Action, Title: "take back: " + d.step.Title, Phase: quell.Recover,
			Mode: quell.Approve, Roles: d.step.Roles, Target: d.step.Target, With: d.step.With, Undo: d.step.ID,
		}
		out = append(out, p)
	}
	return out
}
