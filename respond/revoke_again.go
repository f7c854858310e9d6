package respond

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/run"
	"github.com/quell-ir/quell/source/scope"
)

// revoking is the action whose deny reaches the sessions issued before a time.
const revoking = "iam.revoke-role-sessions"

// revokeAgain asks for a role's sessions to be ended once more where the trail shows that a contained principal took one
// after the time of the deny: in the seconds before its own deny bit, which neither of the two reaches.
func (s *session) revokeAgain(ctx context.Context, seen scope.Sighting, state *run.State) error {
	var again []quell.PlanStep
	for _, id := range state.Order {
		st := state.Steps[id]
		if st.Action != revoking || st.Undo != "" || st.Status != quell.StepDone || len(st.Sent) == 0 {
			continue
		}
		var with map[string]any
		if len(st.With) > 0 {
			if err := json.Unmarshal(st.With, &with); err != nil {
				return fmt.Errorf("decode parameters of %s: %w", id, err)
			}
		}
		if with["session"] != nil {
			continue // one session by name is denied whenever it was taken
		}
		var denied struct {
			Stamp time.Time `json:"stamp"`
		}
		if err := json.Unmarshal(st.State, &denied); err != nil {
			continue // without a time there is nothing to compare with; the next look judges the policy itself
		}
		taken := lastTaken(seen.Events, st.Target)
		if taken.Before(denied.Stamp) {
			continue
		}
		if with == nil {
			with = map[string]any{}
		}
		// The deny compares whole seconds.
		with["after"] = taken.Truncate(time.Second).Add(time.Second).UTC()
		step := st.PlanStep
		text, err := json.Marshal(with)
		if err != nil {
			return fmt.Errorf("encode parameters of %s: %w", id, err)
		}
		step.With, step.Calls, step.CLI = text, nil, nil
		again = append(again, step)
	}
	if len(again) == 0 {
		return nil
	}
	return s.record(ctx, quell.RecordBound, quell.Bound{Playbook: state.Playbook, Steps: again})
}

// lastTaken is when a session of the role was last taken by one of those whose acts these are.
func lastTaken(events []quell.Event, role quell.Entity) time.Time {
	var last time.Time
	for _, e := range events {
		ofRole := slices.ContainsFunc(e.Resources, func(r quell.Entity) bool {
			return r.Key() == role.Key() || r.Kind == quell.KindSession && r.Of == role.ID
		})
		if strings.HasPrefix(e.Name, "AssumeRole") && e.Succeeded() && ofRole && e.Time.After(last) {
			last = e.Time
		}
	}
	return last
}
