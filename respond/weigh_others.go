package respond

import (
	"context"
	"fmt"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/act"
	"github.com/quell-ir/quell/run"
)

// budgetHour is the time over which all incidents' changes are counted together.
const budgetHour = time.Hour

// spent names the targets that any incident changed in the last hour, open or closed, calls in doubt included: what may
// have been carried out is counted as if it had been.
func (d *Desk) spent(ctx context.Context) (map[string]bool, error) {
	out := map[string]bool{}
	since := d.Clock.Now().Add(-budgetHour)
	err := d.eachState(ctx, func(_ string, s *run.State) error {
		for _, st := range s.Steps {
			if st.Undo != "" {
				continue
			}
			for _, sent := range st.Sent {
				if sent.At.After(since) {
					out[st.Target.Key()] = true
				}
			}
			if st.Open != nil && st.Open.At.After(since) {
				out[st.Target.Key()] = true
			}
		}
		return nil
	})
	return out, err
}

// eachState reads what every incident's records say about its plan.
func (d *Desk) eachState(ctx context.Context, use func(id string, s *run.State) error) error {
	ids, err := d.Log.Incidents(ctx)
	if err != nil {
		return fmt.Errorf("list incidents: %w", err)
	}
	for _, id := range ids {
		records, err := d.Log.Records(ctx, id, 0)
		if err != nil {
			return fmt.Errorf("read incident %s: %w", id, err)
		}
		state, err := run.Replay(records)
		if err != nil {
			return fmt.Errorf("read incident %s: %w", id, err)
		}
		if err := use(id, state); err != nil {
			return err
		}
	}
	return nil
}

// holds finds the other open incidents that did the same to the same target. Who sent first holds it: the first undo would
// take away what the second relies on, so the second goes first.
func (s *session) holds(ctx context.Context, st *run.Step) (act.Holds, error) {
	own := s.view.Incident.ID
	mine, began := firstSent(st)
	var out act.Holds
	var earliest time.Time
	err := s.desk.eachState(ctx, func(id string, other *run.State) error {
		if id == own || settled(other) {
			return nil
		}
		for _, o := range other.Steps {
			if o.Action != st.Action || o.Target.Key() != st.Target.Key() || o.Undo != "" || o.Status == quell.StepUndone {
				continue
			}
			theirs, sent := firstSent(o)
			switch {
			case sent && (!began || theirs.Before(mine) || theirs.Equal(mine) && id < own):
				if out.Before == nil || theirs.Before(earliest) {
					out.Before, earliest = o.Before, theirs
				}
				if err := inversesOf(o, id, &out); err != nil {
					return err
				}
			case began && (sent || o.Status == quell.StepDone):
				out.Later = append(out.Later, id)
			}
		}
		return nil
	})
	return out, err
}

func inversesOf(o *run.Step, id string, out *act.Holds) error {
	for _, sent := range o.Sent {
		if sent.Call.Undo == nil {
			continue
		}
		digest, err := quell.Digest(sent.Call.Undo)
		if err != nil {
			return fmt.Errorf("name inverse of %s: %w", sent.Call.Op, err)
		}
		if out.Earlier == nil {
			out.Earlier = map[string]string{}
		}
		out.Earlier[digest] = id
	}
	return nil
}

func firstSent(st *run.Step) (time.Time, bool) {
	if len(st.Sent) == 0 {
		return time.Time{}, false
	}
	return st.Sent[0].At, true
}

// settled says that an incident holds nothing any more: it is over, was a false alarm, or went into another one.
func settled(s *run.State) bool {
	return s.Closed || s.Merged || s.Standing == quell.Ended || s.Standing == quell.Dismissed
}
