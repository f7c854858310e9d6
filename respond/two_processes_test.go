package respond_test

import (
	"context"
	"testing"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/approve"
	"github.com/quell-ir/quell/ledger"
	"github.com/quell-ir/quell/respond"
	"github.com/quell-ir/quell/simulate"
	"github.com/quell-ir/quell/store/memory"
)

// racing is a store in which another process gets in between, once, at a given moment.
type racing struct {
	*memory.Store
	heads, take func()
}

func once(f *func()) {
	if run := *f; run != nil {
		*f = nil
		run()
	}
}

// Heads implements ledger.Reader.
func (r *racing) Heads(ctx context.Context) ([]ledger.Head, error) {
	out, err := r.Store.Heads(ctx)
	once(&r.heads) // after what was read
	return out, err
}

// Take implements ledger.Leaser.
func (r *racing) Take(ctx context.Context, tree, owner string, now, until time.Time) (ledger.Holding, error) {
	once(&r.take)
	return r.Store.Take(ctx, tree, owner, now, until)
}

// TestTheSameFindingAtTheSameInstant makes one incident, wherever the other process comes in between.
func TestTheSameFindingAtTheSameInstant(t *testing.T) {
	for _, at := range []string{"after the ledger was read", "before the lease"} {
		t.Run(at, func(t *testing.T) {
			o := newOffice(t, approve.Automatic)
			store := &racing{Store: memory.New()}
			o.store = store
			finding := simulate.Told(o.victim, o.world.Clock().Now())
			var theirs []respond.Opened
			other := func() {
				var err error
				theirs, err = o.desk().Open(t.Context(), []quell.Finding{finding})
				ok(t, err)
			}
			if at == "before the lease" {
				store.take = other
			} else {
				store.heads = other
			}
			ours, err := o.desk().Open(t.Context(), []quell.Finding{finding})
			ok(t, err)
			if len(theirs) != 1 || len(ours) != 1 || ours[0].ID != theirs[0].ID || ours[0].New || !theirs[0].New {
				t.Fatalf("two processes opened %+v and %+v", theirs, ours)
			}
			opened := 0
			records, err := o.desk().Log.Records(t.Context(), ours[0].ID, 0)
			ok(t, err)
			for _, r := range records {
				if r.Kind == quell.RecordOpened {
					opened++
				}
			}
			if incidents, err := o.desk().Incidents(t.Context()); err != nil || len(incidents) != 1 || opened != 1 {
				t.Errorf("%d incidents, opened %d times, %v", len(incidents), opened, err)
			}
		})
	}
}

// TestNobodyTakesOverALongRun: while one process watches for minutes, others are turned away and send nothing.
func TestNobodyTakesOverALongRun(t *testing.T) {
	o := newOffice(t, approve.Automatic)
	id := o.open()
	turned := 0
	for after := 30 * time.Second; after < 10*time.Minute; after += 45 * time.Second {
		o.world.Clock().At(o.world.Clock().Now().Add(after), func() {
			if _, err := o.desk().Respond(t.Context(), id, respond.Options{Apply: true}); quell.CodeOf(err) == quell.CodeRefused {
				turned++
			} else {
				t.Errorf("after %s somebody else came in: %v", after, err)
			}
		})
	}
	out := o.respond(id, respond.Options{Apply: true, Wait: 30 * time.Minute})
	if out.Verdict != quell.Held || turned == 0 {
		t.Errorf("%s (%s), %d turned away", out.Verdict, out.Why, turned)
	}
	if n := o.calls(id, "iam:PutUserPolicy"); n != 1 {
		t.Errorf("%d denies", n)
	}
}
