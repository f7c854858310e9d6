package local_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/run"
	"github.com/quell-ir/quell/sandbox"
)

func playbook() []quell.PlanStep {
	return []quell.PlanStep{step("deny", "toy.deny", "alice", "tag"), step("tag", "toy.tag", "alice"), step("collect", "toy.collect", "alice")}
}

// TestKilledAtEveryRecord: whichever record was the last, the next process ends the same, and undo takes all of it back.
func TestKilledAtEveryRecord(t *testing.T) {
	for _, lossy := range []sandbox.Faults{{}, {LostResponse: 0.3}, {Throttle: 0.3}} {
		whole := newBench(t, sandbox.Options{Faults: lossy})
		ok(t, whole.apply(t, playbook()...))
		for n := 1; n < len(whole.journal.records); n++ {
			b := newBench(t, sandbox.Options{Faults: lossy})
			b.journal.dieAt = n
			if err := b.apply(t, playbook()...); !errors.Is(err, errKilled) {
				t.Fatalf("killed after %d records: %v", n, err)
			}
			b.open(t)
			ok(t, b.apply(t, playbook()...))
			for _, id := range b.driver.State.Order {
				if b.status(id) != quell.StepDone {
					t.Fatalf("%+v, killed after %d records: %s is %s (%s)", lossy, n, id, b.status(id), b.driver.State.Steps[id].WhyNot)
				}
			}
			if got := b.look(t, "alice"); got != (userState{true, true}) || len(b.keeper) != 2 {
				t.Fatalf("killed after %d records: %+v, %d artefacts", n, got, len(b.keeper))
			}
			if kept := b.journal.count(quell.RecordEvidence, "collect"); kept != 2 {
				t.Errorf("killed after %d records: %d artefacts recorded, some twice", n, kept)
			}
			b.open(t)
			ok(t, b.put(t, quell.RecordUndo, quell.UndoBound{Steps: run.UndoSteps(b.driver.State, "")}))
			ok(t, b.apply(t))
			if got := b.look(t, "alice"); got != (userState{true, true}) {
				t.Fatalf("killed after %d records: a run went on with an undo that nobody asked it for: %+v", n, got)
			}
			ok(t, b.driver.SettleUndo(t.Context()))
			if got := b.look(t, "alice"); got != (userState{}) {
				t.Fatalf("%+v, killed after %d records, undone: %+v", lossy, n, got)
			}
		}
	}
}

// TestEachCallHasItsIntentAndItsAnswer in the journal, in that order.
func TestEachCallHasItsIntentAndItsAnswer(t *testing.T) {
	b := newBench(t, sandbox.Options{})
	ok(t, b.apply(t, playbook()...))
	open := ""
	for _, r := range b.journal.records {
		switch r.Kind {
		case quell.RecordIntent:
			i, err := quell.Payload[quell.Intent](r)
			ok(t, err)
			if open != "" || i.Key == "" {
				t.Errorf("record %d: an intent while %s is open", r.Seq, open)
			}
			open = i.Key
		case quell.RecordResult:
			x, err := quell.Payload[quell.Result](r)
			ok(t, err)
			if x.Key != open || !x.OK || x.RequestID == "" {
				t.Errorf("record %d answers %s, open is %s: %+v", r.Seq, x.Key, open, x)
			}
			open = ""
		}
	}
	if b.journal.count(quell.RecordIntent, "") != 2 {
		t.Errorf("%d intents", b.journal.count(quell.RecordIntent, ""))
	}
}

func TestStopSwitch(t *testing.T) {
	b := newBench(t, sandbox.Options{})
	b.driver.Stop = func() error { return errors.New("stopped by alice; `quell start` lets it go on") }
	ok(t, b.apply(t, playbook()...))
	if b.status("tag") != quell.StepRefused || !strings.Contains(b.driver.State.Steps["tag"].WhyNot, "stopped by alice") {
		t.Errorf("tag is %s (%s)", b.status("tag"), b.driver.State.Steps["tag"].WhyNot)
	}
	if b.journal.count(quell.RecordIntent, "") != 0 || b.look(t, "alice").Tagged || b.status("collect") != quell.StepDone {
		t.Errorf("something left while stopped, or collecting was stopped too (%s)", b.status("collect"))
	}
	b.driver.Stop = nil
	ok(t, b.apply(t))
	if b.status("deny") != quell.StepDone {
		t.Errorf("deny is %s once the switch is off", b.status("deny"))
	}
}

func TestBudget(t *testing.T) {
	b := newBench(t, sandbox.Options{})
	b.driver.Budget = 1
	ok(t, b.apply(t, step("a", "toy.tag", "alice"), step("deny", "toy.deny", "alice", "a"), step("b", "toy.tag", "bob")))
	if b.status("a") != quell.StepDone || b.status("deny") != quell.StepDone {
		t.Errorf("a second change of the same target: %s", b.status("deny"))
	}
	if b.status("b") != quell.StepRefused || !strings.Contains(b.driver.State.Steps["b"].WhyNot, "budget") || b.look(t, "bob").Tagged {
		t.Errorf("a second target: %s (%s)", b.status("b"), b.driver.State.Steps["b"].WhyNot)
	}
	b.driver.Budget = 2
	ok(t, b.apply(t))
	if b.status("b") != quell.StepDone {
		t.Errorf("with a larger budget: %s", b.status("b"))
	}
}

// TestLookFailureFailsThatStepOnly and says which permission is missing.
func TestLookFailureFailsThatStepOnly(t *testing.T) {
	b := newBench(t, sandbox.Options{})
	b.fail = func(target string) error {
		if target == "alice" {
			return &smithy.GenericAPIError{Code: "AccessDenied", Message: "no\x1b[2J"}
		}
		return nil
	}
	ok(t, b.apply(t, step("a", "toy.tag", "alice"), step("after", "toy.deny", "alice", "a"), step("b", "toy.tag", "bob"), step("gone", "toy.collect", "carol")))
	why := b.driver.State.Steps["a"].WhyNot
	if b.status("a") != quell.StepFailed || !strings.Contains(why, "quell doctor") || quell.Clean(why) != why {
		t.Errorf("a is %s (%q)", b.status("a"), why)
	}
	if b.status("b") != quell.StepDone || b.status("after") != quell.StepFailed || b.status("gone") != quell.StepFailed || b.looks["alice"] != 2 {
		t.Errorf("beside it: b %s, after %s, gone %s, looked %d times", b.status("b"), b.status("after"), b.status("gone"), b.looks["alice"])
	}
}

func TestThrottledLooksAreRepeated(t *testing.T) {
	for _, test := range []struct {
		times int
		want  quell.StepStatus
		looks int
	}{{3, quell.StepDone, 5}, {99, quell.StepFailed, 4}} {
		b := newBench(t, sandbox.Options{})
		b.fail = func(string) error {
			if b.looks["bob"] <= test.times {
				return throttled
			}
			return nil
		}
		ok(t, b.apply(t, step("b", "toy.tag", "bob")))
		if b.status("b") != test.want || b.looks["bob"] != test.looks {
			t.Errorf("throttled %d times: %s after %d looks", test.times, b.status("b"), b.looks["bob"])
		}
	}
}

// TestApprovalHoldsBack what it covers, and nothing else.
func TestApprovalHoldsBack(t *testing.T) {
	b := newBench(t, sandbox.Options{})
	yes := time.Time{}
	b.driver.Covers = func(_ *run.Step, now time.Time) bool { return now.Before(yes) }
	asked := step("a", "toy.tag", "alice")
	asked.Mode = quell.Approve
	ok(t, b.apply(t, asked, step("b", "toy.tag", "bob")))
	if !b.driver.NeedsPerson(b.driver.State.Steps["a"]) || b.driver.NeedsPerson(b.driver.State.Steps["b"]) || b.look(t, "alice").Tagged {
		t.Errorf("a is %s, b is %s", b.status("a"), b.status("b"))
	}
	yes = b.world.Clock().Now().Add(time.Hour)
	ok(t, b.driver.SettleSome(t.Context(), func(st *run.Step) bool { return st.ID == "b" }))
	if b.look(t, "alice").Tagged {
		t.Error("a step that was not chosen was settled")
	}
	ok(t, b.driver.Settle(t.Context()))
	if b.status("a") != quell.StepDone || b.driver.NeedsPerson(b.driver.State.Steps["a"]) {
		t.Errorf("after the yes a is %s", b.status("a"))
	}
}

// TestNothingLeavesWithoutALease: the intent is down, the lease is gone, the call stays.
func TestNothingLeavesWithoutALease(t *testing.T) {
	b := newBench(t, sandbox.Options{})
	b.journal.ready = errors.New("the lease has run out")
	if err := b.apply(t, step("a", "toy.tag", "alice")); !errors.Is(err, b.journal.ready) || b.look(t, "alice").Tagged {
		t.Fatalf("%v, tagged %v", err, b.look(t, "alice").Tagged)
	}
	b.journal.ready = nil
	b.open(t)
	ok(t, b.apply(t))
	if b.status("a") != quell.StepDone {
		t.Errorf("the next owner ends %s", b.status("a"))
	}
}

// TestASecretInTheClearIsRefused before it reaches the journal.
func TestASecretInTheClearIsRefused(t *testing.T) {
	b := newBench(t, sandbox.Options{})
	ok(t, b.apply(t, step("a", "toy.leak", "alice")))
	if b.status("a") != quell.StepPending || b.journal.count(quell.RecordIntent, "a") != 0 {
		t.Errorf("what cannot be taken back went on by itself: a is %s", b.status("a"))
	}
	b.driver.Covers = func(*run.Step, time.Time) bool { return true }
	ok(t, b.apply(t))
	if b.status("a") != quell.StepRefused || b.journal.count(quell.RecordIntent, "a") != 0 {
		t.Errorf("a is %s after %d intents", b.status("a"), b.journal.count(quell.RecordIntent, "a"))
	}
}

// TestAResultIsKeptThoughThePersonHasGone: interrupted while a call is on its way.
func TestAResultIsKeptThoughThePersonHasGone(t *testing.T) {
	b := newBench(t, sandbox.Options{})
	ctx, stop := context.WithCancel(t.Context())
	b.journal.hear = func(r quell.Record) {
		if r.Kind == quell.RecordIntent {
			stop()
		}
	}
	ok(t, b.put(t, quell.RecordBound, quell.Bound{Steps: []quell.PlanStep{step("a", "toy.tag", "alice")}}))
	ok(t, b.driver.Start(ctx, quell.RunStarted{Apply: true}))
	if err := b.driver.Settle(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("settled with %v", err)
	}
	if b.journal.count(quell.RecordResult, "a") != 1 || b.driver.State.Steps["a"].Open != nil {
		t.Error("the result is lost")
	}
	b.open(t)
	ok(t, b.apply(t))
	if b.status("a") != quell.StepDone {
		t.Errorf("the next run ends %s", b.status("a"))
	}
}

// TestNoCredentialsForSending fails the step with the operation's name, and sends nothing.
func TestNoCredentialsForSending(t *testing.T) {
	b := newBench(t, sandbox.Options{})
	config := b.actor.Config
	b.actor.Config = func(ctx context.Context, account, region string, calls []quell.Call) (aws.Config, error) {
		if len(calls) > 0 {
			return aws.Config{}, errors.New("the responder role cannot be entered")
		}
		return config(ctx, account, region, calls)
	}
	ok(t, b.apply(t, step("a", "toy.tag", "alice")))
	if why := b.driver.State.Steps["a"].WhyNot; b.status("a") != quell.StepFailed || !strings.Contains(why, "iam:TagUser") || !strings.Contains(why, "responder role") {
		t.Errorf("a is %s (%s)", b.status("a"), why)
	}
}
