package respond

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/act"
	"github.com/quell-ir/quell/ledger"
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

// eachState reads what every incident's records say about its plan. A record is folded once in a desk's life.
func (d *Desk) eachState(ctx context.Context, use func(id string, s *run.State) error) error {
	ids, err := d.Log.Incidents(ctx)
	if err != nil {
		return fmt.Errorf("list incidents: %w", err)
	}
	for _, id := range ids {
		state, err := d.folded.read(ctx, d.Log, id)
		if err != nil {
			return fmt.Errorf("read incident %s: %w", id, err)
		}
		if err := use(id, state); err != nil {
			return err
		}
	}
	return nil
}

// folded remembers the states of incidents up to the record that was read last.
type folded struct {
	mu     sync.Mutex
	states map[string]*run.State
	next   map[string]int64
}

// read folds the records that came since, and gives a copy that others may keep.
func (f *folded) read(ctx context.Context, log *ledger.Log, id string) (*run.State, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.states == nil {
		f.states, f.next = map[string]*run.State{}, map[string]int64{}
	}
	records, err := log.Records(ctx, id, f.next[id])
	if err != nil {
		return nil, err
	}
	state := f.states[id]
	if state == nil {
		state = run.NewState()
		f.states[id] = state
	}
	for _, r := range records {
		if err := state.Apply(r); err != nil {
			delete(f.states, id)
			delete(f.next, id)
			return nil, err
		}
		f.next[id] = r.Seq + 1
	}
	return state.Clone(), nil
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
