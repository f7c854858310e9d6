package local_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/run"
	"github.com/quell-ir/quell/sandbox"
)

// watched is a bench whose steps are bound and whose run has begun.
func watched(t *testing.T, steps ...quell.PlanStep) *bench {
	t.Helper()
	b := newBench(t, sandbox.Options{})
	ok(t, b.put(t, quell.RecordBound, quell.Bound{Steps: steps}))
	ok(t, b.driver.Start(t.Context(), quell.RunStarted{Apply: true}))
	return b
}

// silent is a trail that is read up to a lag ago, is live, and shows nothing.
func (b *bench) silent(_ context.Context, _ *run.State) (quell.Probe, error) {
	now := b.world.Clock().Now()
	return quell.Probe{What: run.ProbeTrail, At: now, Through: now.Add(-run.TrailLag), Live: true}, nil
}

// TestADenyThatVanishedIsPutBack: an intruder who is still in takes it off, twice.
func TestADenyThatVanishedIsPutBack(t *testing.T) {
	b := watched(t, step("tag", "toy.tag", "alice"), step("deny", "toy.deny", "alice", "tag"))
	b.driver.Watch = b.silent
	clock := b.world.Clock()
	client := iam.NewFromConfig(b.world.Admin("us-east-1"))
	takeOff := func() {
		if _, err := client.DeleteUserPolicy(t.Context(), &iam.DeleteUserPolicyInput{UserName: aws.String("alice"), PolicyName: aws.String("quell-q-1")}); err != nil {
			t.Errorf("the intruder: %v", err)
		}
	}
	first := true
	b.journal.hear = func(r quell.Record) {
		if r.Kind == quell.RecordStep && r.Step == "deny" && first {
			first = false
			clock.At(clock.Now().Add(3*time.Second), takeOff)
			clock.At(clock.Now().Add(12*time.Second), takeOff)
		}
	}
	ok(t, b.driver.Run(t.Context(), time.Hour))
	s := b.driver.State
	if s.Reapplied != 2 || !b.look(t, "alice").Denied || b.status("deny") != quell.StepDone {
		t.Errorf("put back %d times, denied %v, step %s", s.Reapplied, b.look(t, "alice").Denied, b.status("deny"))
	}
	if s.Verdict.Verdict != quell.Held || s.Verdict.SeenThrough.Before(s.ContainedAt.Add(run.Propagation+run.Watch)) {
		t.Errorf("verdict %+v, contained at %s", s.Verdict, s.ContainedAt)
	}
	if sent := s.Steps["deny"].Sent; len(sent) != 3 || !s.ContainedAt.Equal(sent[2].At) {
		t.Errorf("%d calls, contained at %s: the last one counts", len(sent), s.ContainedAt)
	}
	if n := b.journal.count(quell.RecordPlanned, "deny"); n > 12 {
		t.Errorf("%d looks were recorded: one that finds nothing to do is not worth a record", n)
	}
}

// TestRunStopsAtItsWait without claiming what it cannot know.
func TestRunStopsAtItsWait(t *testing.T) {
	for _, wait := range []time.Duration{0, 30 * time.Second, 5 * time.Minute} {
		b := watched(t, step("tag", "toy.tag", "alice"), step("deny", "toy.deny", "alice", "tag"))
		b.driver.Watch = b.silent
		start := b.world.Clock().Now()
		ok(t, b.driver.Run(t.Context(), wait))
		// What runs over is calls already begun and the pause after them.
		if took := b.world.Clock().Now().Sub(start); took > wait+time.Minute {
			t.Errorf("with --wait %s it took %s", wait, took)
		}
		if v := b.driver.State.Verdict; v.Verdict != quell.Unknown || v.Proof != quell.Configured || v.KnownBy.IsZero() {
			t.Errorf("with --wait %s the verdict is %+v", wait, v)
		}
	}
}

func TestNothingContainedIsNotWatched(t *testing.T) {
	b := watched(t, step("tag", "toy.tag", "alice"))
	b.driver.Watch = func(context.Context, *run.State) (quell.Probe, error) {
		t.Error("the trail was asked")
		return quell.Probe{}, nil
	}
	ok(t, b.driver.Run(t.Context(), time.Hour))
	if b.driver.State.Verdict.Verdict != quell.Unknown {
		t.Errorf("%+v", b.driver.State.Verdict)
	}
}

// TestWatchMayBindSteps: what is seen binds a step, which is settled before the verdict.
func TestWatchExtendsThePlan(t *testing.T) {
	b := watched(t, step("tag", "toy.tag", "alice"), step("deny", "toy.deny", "alice", "tag"))
	b.driver.Watch = func(ctx context.Context, s *run.State) (quell.Probe, error) {
		if s.Steps["more"] == nil {
			ok(t, b.put(t, quell.RecordBound, quell.Bound{Steps: []quell.PlanStep{step("tag", "toy.tag", "alice"), step("more", "toy.tag", "bob")}}))
		}
		return b.silent(ctx, s)
	}
	var told []quell.RecordKind
	b.driver.Tell = func(r quell.Record) { told = append(told, r.Kind) }
	ok(t, b.driver.Run(t.Context(), time.Hour))
	if b.status("more") != quell.StepDone || !b.look(t, "bob").Tagged || b.journal.count(quell.RecordBound, "") != 2 {
		t.Errorf("more is %s, bound %d times", b.status("more"), b.journal.count(quell.RecordBound, ""))
	}
	if !slices.Contains(told, quell.RecordVerdict) || !slices.Contains(told, quell.RecordIntent) {
		t.Errorf("told of %v", told)
	}
}

// TestATrailThatCannotBeReadIsBlindness, not silence; and a containing step that cannot be looked at is said to be so.
func TestATrailThatCannotBeReadIsBlindness(t *testing.T) {
	b := watched(t, step("tag", "toy.tag", "alice"), step("deny", "toy.deny", "alice", "tag"))
	b.driver.Watch = func(context.Context, *run.State) (quell.Probe, error) {
		return quell.Probe{}, errors.New("AccessDenied\x1b")
	}
	b.journal.hear = func(r quell.Record) {
		if r.Kind == quell.RecordVerdict {
			b.fail = func(string) error { return errors.New("no permission any more") }
		}
	}
	ok(t, b.driver.Run(t.Context(), 10*time.Minute))
	v := b.driver.State.Verdict
	if v.Verdict != quell.Unknown || !slices.Contains(v.Blind, "cloudtrail") {
		t.Errorf("%+v", v)
	}
	looks := 0
	for _, p := range b.driver.State.Probes {
		if p.What == "look" && p.Note != "" {
			looks++
		}
		if quell.Clean(p.Note) != p.Note {
			t.Errorf("a note is not fit to show: %q", p.Note)
		}
	}
	if looks == 0 {
		t.Error("that the step could not be looked at is nowhere said")
	}
}

// TestWatchingStopsWhereAPersonIsAsked: without an answer nothing can be said to hold, and waiting longer tells nothing.
func TestWatchingStopsWhereAPersonIsAsked(t *testing.T) {
	asked := step("ask", "toy.deny", "bob", "tag bob")
	asked.Mode = quell.Approve
	b := watched(t, step("tag", "toy.tag", "alice"), step("deny", "toy.deny", "alice", "tag"), step("tag bob", "toy.tag", "bob"), asked)
	b.driver.Watch = b.silent
	start := b.world.Clock().Now()
	ok(t, b.driver.Run(t.Context(), 24*time.Hour))
	if took := b.world.Clock().Now().Sub(start); took > time.Minute || b.driver.State.Verdict.Verdict != quell.Unknown || b.look(t, "bob").Denied {
		t.Errorf("it took %s, verdict %+v", took, b.driver.State.Verdict)
	}
}
