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
	// Shared maps the digest of an inverse to the open incident that did the same first and will take it back.
	Shared map[string]string
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
	if len(in.After) == 0 {
		// Cut off before anybody looked: what is there now is what Quell left, as far as can be known.
		after = now
	}
	contained := lastContained(in.Sent)
	open := givenBack(in, before, after, now)
	seen := map[string]bool{}
	for _, sent := range slices.Backward(in.Sent) {
		c := sent.Call
		if c.Undo == nil || c.Kind == quell.Irreversible || c.Kind == quell.Passing {
			continue
		}
		if c.Kind == quell.Kept && !in.Dismissed {
			if why := c.Op + " stays: it only keeps the intruder out"; !slices.Contains(plan.Kept, why) {
				plan.Kept = append(plan.Kept, why)
			}
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
		if first := in.Shared[key]; first != "" {
			plan.Kept = append(plan.Kept, fmt.Sprintf("%s is left to incident %s, which did the same first", c.Undo.Op, first))
			continue
		}
		first := before
		if len(sent.Before) > 0 {
			if first, err = tree(sent.Before); err != nil {
				return plan, err
			}
		}
		drift, back := compare(c.Touches, first, after, now)
		switch {
		case back:
			continue
		case drift != "":
			plan.Refused = append(plan.Refused, fmt.Sprintf("%s: %s", c.Undo.Op, drift))
			continue
		}
		if c.Denies != nil && open != "" && !in.Lift {
			plan.Refused = append(plan.Refused, fmt.Sprintf(
				"%s: %s, so that %s may be made at any time; contain that first, or say --lift-deny with a --reason",
				c.Undo.Op, open, c.Denies.Who))
			continue
		}
		if until, live := stillLive(c, contained, in); live {
			plan.Refused = append(plan.Refused, fmt.Sprintf(
				"%s: %s may still hold sessions until %s; take it back after that, or say --lift-deny with a --reason",
				c.Undo.Op, c.Denies.Who, until.UTC().Format(time.RFC3339)))
			continue
		}
		plan.Calls = append(plan.Calls, inverses(c)...)
	}
	return plan, nil
}

// lastContained is when the step last shut something: until then a credential may have been made whose life counts from
// there. A deny does not keep a key from making session tokens (STS asks no permission for GetSessionToken), so that the
// key's end counts as much as the deny. Source: IAM user guide, Controlling permissions for temporary credentials.
func lastContained(sent []SentCall) time.Time {
	var last time.Time
	for _, s := range sent {
		if (s.Call.Denies != nil || s.Call.Kind == quell.Kept) && s.At.After(last) {
			last = s.At
		}
	}
	return last
}

func stillLive(c quell.Call, contained time.Time, in UndoInput) (time.Time, bool) {
	if c.Denies == nil || in.Lift {
		return time.Time{}, false
	}
	until := contained.Add(time.Duration(c.Denies.Seconds) * time.Second)
	return until, in.At.Before(until)
}

// givenBack names something that was to be kept, such as a key's inactivity, and that somebody has put back as it was.
func givenBack(in UndoInput, before, after, now any) string {
	if in.Dismissed {
		return ""
	}
	for _, s := range in.Sent {
		if s.Call.Kind != quell.Kept {
			continue
		}
		for _, p := range s.Call.Touches {
			b, a, n := at(before, p), at(after, p), at(now, p)
			if n != nil && bytes.Equal(n, b) && !bytes.Equal(n, a) {
				return fmt.Sprintf("%s was made %s and is %s again", p, show(a), show(n))
			}
		}
	}
	return ""
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

// keeps says that a step which was taken back still keeps something that a dismissed incident gives back.
func keeps(s *State, st *Step) bool {
	return s.Standing == quell.Dismissed && slices.ContainsFunc(st.Sent, func(c SentCall) bool {
		return c.Call.Kind == quell.Kept && c.Call.Undo != nil
	})
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
		if len(st.Sent) == 0 || st.Undo != "" || only != "" && only != id || st.Status == quell.StepUndone && !keeps(s, st) {
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
