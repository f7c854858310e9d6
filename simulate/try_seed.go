package simulate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/approve"
	"github.com/quell-ir/quell/evidence"
	"github.com/quell-ir/quell/ledger"
	"github.com/quell-ir/quell/respond"
	"github.com/quell-ir/quell/run"
	"github.com/quell-ir/quell/sandbox"
	"github.com/quell-ir/quell/store/memory"
)

// Trial is what Quell claimed in one seeded run, and what was true.
type Trial struct {
	Seed    int64
	Verdict quell.Verdict
	Kills   int
	Calls   int // SDK calls of everybody
	// FalseHeld are the intruder's acts that went through in the time for which Quell said held.
	FalseHeld []sandbox.Act
	// UndoLeft says what undo left that it should have taken back.
	UndoLeft []string
}

// Try runs the intruder against Quell once, in weather drawn from the seed: throttling, server errors, lost answers,
// slow enforcement, a late trail, and Quell killed at random records.
func (k Kit) Try(ctx context.Context, seed int64) (Trial, error) {
	rng := rand.New(rand.NewPCG(uint64(seed), 4242))
	quiet := rng.IntN(2) == 0
	// One in four is a storm.
	rough, slowest := 0.05, 10
	if rng.IntN(4) == 0 {
		rough, slowest = 0.2, 28
	}
	w := sandbox.New(sandbox.Options{
		Seed: seed, Regions: []string{"us-east-1", "eu-west-1"},
		PropagationMin: 500 * time.Millisecond, PropagationMax: time.Duration(2+rng.IntN(slowest)) * time.Second,
		TrailLagMin: time.Duration(1+rng.IntN(4)) * time.Minute, TrailLagMax: time.Duration(6+rng.IntN(9)) * time.Minute,
		Faults: sandbox.Faults{
			Throttle: rng.Float64() * rough, ServerError: rng.Float64() * rough / 2, LostResponse: rng.Float64() * rough / 2,
		},
	})
	victim := NewVictim(w)
	pace := time.Duration(3+rng.IntN(30)) * time.Second
	intruder := NewIntruder(ctx, victim, seed, pace)
	intruder.Widen(seed)
	intruder.Start()
	if err := w.Clock().Sleep(ctx, time.Duration(1+rng.IntN(12))*time.Minute); err != nil {
		return Trial{}, err
	}
	if quiet {
		// An intruder who went to sleep leaves the account to Quell alone, so that undo can be held against it exactly.
		intruder.Stop()
	}
	before := w.Snapshot()
	t := Trial{Seed: seed}
	store := &mortal{Store: memory.New(), rng: rng}
	signer, key, err := testKey()
	if err != nil {
		return t, err
	}
	keeper := &evidence.Memory{}
	desk := func() (*respond.Desk, error) {
		return k.Desk(w, ledger.Open(store, signer, key, w.Clock()), keeper, approve.Automatic), nil
	}
	state, id, err := t.contain(ctx, w, victim, store, desk)
	if err != nil {
		return t, err
	}
	t.Verdict = state.Verdict
	if state.Verdict.Verdict == quell.Held {
		// Held means that it stays so: an intruder who was dormant comes back, and gets nowhere either.
		intruder.Resume()
		if err := w.Clock().Sleep(ctx, laterWork); err != nil {
			return t, err
		}
		t.FalseHeld = wentThrough(w.Truth(), state.ContainedAt.Add(run.Propagation), w.Clock().Now())
	}
	intruder.Stop()
	done, err := t.undo(ctx, w, store, desk, id)
	if err != nil {
		return t, err
	}
	if !done && t.Verdict.Verdict != quell.Held {
		// Undo refuses to take a deny off while the intruder has switched a key on again: that is no leaving behind.
		t.Calls = len(w.Truth())
		return t, nil
	}
	after := w.Snapshot()
	t.UndoLeft = left(id, after)
	if quiet {
		if diff := differ(before, after); diff != "" {
			t.UndoLeft = append(t.UndoLeft, diff)
		}
	}
	t.Calls = len(w.Truth())
	return t, nil
}

// contain opens the incident, approves what waits, and stays until the verdict is known, through every kill.
func (t *Trial) contain(ctx context.Context, w *sandbox.World, v Victim, store *mortal, open func() (*respond.Desk, error)) (*run.State, string, error) {
	var id string
	var state *run.State
	now := w.Clock().Now()
	finding := Told(v, now)
	rounds := []respond.Options{{Apply: true, Wait: 0}, {Apply: true, Wait: 30 * time.Minute}, {Apply: true, Wait: 30 * time.Minute}}
	for n, o := range rounds {
		err := t.survive(ctx, w, store, open, func(d *respond.Desk) error {
			opened, err := d.Open(ctx, []quell.Finding{finding})
			if err != nil {
				return err
			}
			id = opened[0].ID
			out, err := d.Respond(ctx, id, o)
			state = out.Run
			return err
		})
		if err != nil {
			return nil, id, fmt.Errorf("round %d: %w", n, err)
		}
		if state.Verdict.Verdict == quell.Held {
			break
		}
		err = t.survive(ctx, w, store, open, func(d *respond.Desk) error {
			_, err := d.Approve(ctx, id, respond.Answer{All: true, Reason: "trial"})
			if quell.CodeOf(err) == quell.CodeWaiting && !errors.Is(err, errKilled) {
				return nil
			}
			return err
		})
		if err != nil {
			return nil, id, fmt.Errorf("approve in round %d: %w", n, err)
		}
	}
	return state, id, nil
}

// undo takes everything back once no session can be alive, and says whether all of it went.
func (t *Trial) undo(ctx context.Context, w *sandbox.World, store *mortal, open func() (*respond.Desk, error), id string) (bool, error) {
	if err := w.Clock().Sleep(ctx, 37*time.Hour); err != nil {
		return false, err
	}
	for range 4 {
		var out respond.Outcome
		err := t.survive(ctx, w, store, open, func(d *respond.Desk) (err error) {
			out, err = d.Undo(ctx, id, respond.UndoOptions{Apply: true})
			return err
		})
		if err != nil {
			return false, fmt.Errorf("undo: %w", err)
		}
		if out.State == respond.Done || len(out.Plan.Steps) == 0 {
			return true, nil
		}
	}
	return false, nil
}

// survive does a piece of work in a new process each time it is killed.
func (t *Trial) survive(ctx context.Context, w *sandbox.World, store *mortal, open func() (*respond.Desk, error), work func(*respond.Desk) error) error {
	for {
		store.live()
		d, err := open()
		if err != nil {
			return err
		}
		err = work(d)
		if !errors.Is(err, errKilled) {
			return err
		}
		t.Kills++
		// The dead process's lease is waited out.
		if err := w.Clock().Sleep(ctx, 2*time.Minute); err != nil {
			return err
		}
	}
}

var errKilled = errors.New("killed")

// mortal is a store whose process dies at a random append, a few times per trial.
type mortal struct {
	*memory.Store
	rng   *rand.Rand
	left  int
	lives int
}

func (m *mortal) live() {
	m.left = -1
	if m.lives < 4 && m.rng.IntN(3) > 0 {
		m.left = m.rng.IntN(60)
		m.lives++
	}
}

// Append implements ledger.Writer.
func (m *mortal) Append(ctx context.Context, w ledger.Write) error {
	if m.left == 0 {
		return errKilled
	}
	if m.left > 0 {
		m.left--
	}
	return m.Store.Append(ctx, w)
}

// Extend implements ledger.Leaser: the dead release nothing.
func (m *mortal) Extend(ctx context.Context, h ledger.Holding) error {
	if m.left == 0 {
		return errKilled
	}
	return m.Store.Extend(ctx, h)
}

// Told is the finding of somebody who says that the victim's key has leaked.
func Told(v Victim, now time.Time) quell.Finding {
	arn := "arn:aws:iam::" + v.World.Account() + ":user/" + v.User
	id := v.World.UserID(v.User)
	return quell.Finding{
		ID: "told-" + v.Leaked.AccessKeyID, Rule: "operator", Title: "Named by the operator", Severity: quell.High,
		Techniques: []string{"T1078.004"}, Time: now, Account: v.World.Account(), Region: "us-east-1", Source: "operator",
		Entities: []quell.Entity{
			{Kind: quell.KindUser, ID: id, Name: v.User, ARN: arn, Account: v.World.Account(), Part: quell.PartActor},
			{Kind: quell.KindAccessKey, ID: v.Leaked.AccessKeyID, Account: v.World.Account(), Of: id, Part: quell.PartActor},
		},
	}
}

// wentThrough lists the acts of everybody but the responder that succeeded in a time, leaving out what proves nothing.
func wentThrough(truth []sandbox.Act, after, through time.Time) []sandbox.Act {
	var out []sandbox.Act
	for _, a := range truth {
		if a.Allowed && !a.Open && a.Time.After(after) && !a.Time.After(through) && !strings.HasSuffix(a.ARN, ":user/quell-responder") && !outside(a) {
			out = append(out, a)
		}
	}
	return out
}

// outside says that an act was the intruder's in an account of their own: taking a session of a role goes on succeeding
// where the trust stays, and what counts is what the session then does.
func outside(a sandbox.Act) bool {
	return strings.Contains(a.ARN, ":"+outsideAccount+":") && a.Op == "sts:AssumeRole"
}

// left finds what an incident made and did not take back: names and tags that carry its id.
func left(id string, snapshot json.RawMessage) []string {
	var out []string
	walk("", snapshot, func(path, value string) {
		if strings.Contains(path, id) || strings.Contains(value, id) {
			out = append(out, path+" = "+quell.Cut(value, 60))
		}
	})
	slices.Sort(out)
	return out
}

// walk visits every scalar of a JSON document with its path.
func walk(path string, raw json.RawMessage, visit func(path, value string)) {
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) == nil {
		for k, v := range object {
			walk(path+"/"+k, v, visit)
		}
		return
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		for i, v := range list {
			walk(fmt.Sprintf("%s/%d", path, i), v, visit)
		}
		return
	}
	visit(path, string(raw))
}

// differ names what is not as it was, but for what is kept on purpose: keys stay inactive.
func differ(before, after json.RawMessage) string {
	a, b := map[string]string{}, map[string]string{}
	walk("", before, func(p, v string) { a[p] = v })
	walk("", after, func(p, v string) { b[p] = v })
	var out []string
	for p, v := range a {
		if b[p] != v && !kept(p, b[p]) {
			out = append(out, fmt.Sprintf("%s was %s and is %s", p, quell.Cut(v, 40), quell.Cut(b[p], 40)))
		}
	}
	for p, v := range b {
		if _, ok := a[p]; !ok && !kept(p, v) {
			out = append(out, fmt.Sprintf("%s is new: %s", p, quell.Cut(v, 40)))
		}
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

// kept says that undo leaves a difference on purpose: keys stay inactive, and a new password must be changed.
func kept(path, value string) bool {
	return value == `"Inactive"` || strings.HasSuffix(path, "/login/reset")
}
