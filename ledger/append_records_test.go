package ledger_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/ledger"
	"github.com/quell-ir/quell/store/memory"
)

func TestAppend(t *testing.T) {
	log, _ := filled(t, 3)
	lease, err := log.Acquire(t.Context(), "inc", "bob", time.Minute)
	check(t, err)
	wrote, err := log.Append(t.Context(), lease, newRecord(t, "inc", 3), newRecord(t, "inc", 4))
	check(t, err)
	read, err := log.Records(t.Context(), "inc", 3)
	check(t, err)
	if diff := cmp.Diff(wrote, read); diff != "" {
		t.Error("what Append returned and Records read differ:", diff)
	}
	if read[0].Seq != 3 || read[1].Seq != 4 || !read[0].Time.Equal(newClock().Now()) {
		t.Errorf("the records are %+v", read)
	}
	size, root, err := log.Root(t.Context(), "inc")
	check(t, err)
	signed, err := log.Checkpoint(t.Context(), "inc")
	check(t, err)
	c, err := ledger.OpenCheckpoint(signed, log.Key())
	check(t, err)
	if size != 5 || c.Size != 5 || c.Root.String() != root || c.Tree() != "inc" {
		t.Errorf("the root is %d %s and the checkpoint %+v", size, root, c)
	}
	names, err := log.Incidents(t.Context())
	check(t, err)
	if diff := cmp.Diff([]string{"inc"}, names); diff != "" {
		t.Error("incidents:", diff)
	}
	if _, err := log.Checkpoint(t.Context(), "other"); quell.CodeOf(err) != quell.CodeUsage {
		t.Errorf("the checkpoint of an unknown incident: %v", err)
	}
}

func TestRefuseAppend(t *testing.T) {
	log, store := filled(t, 1)
	lease, err := log.Acquire(t.Context(), "inc", "bob", time.Minute)
	check(t, err)
	if _, err := log.Append(t.Context(), lease, newRecord(t, "inc", 1), newRecord(t, "other", 2)); err == nil {
		t.Error("another incident's record was taken")
	}
	if size, err := log.Size(t.Context(), "inc"); err != nil || size != 1 {
		t.Errorf("a refused append left %d records (%v)", size, err)
	}
	_, key := testKey(t, 1)
	if _, err := ledger.Open(store, nil, key, newClock()).Append(t.Context(), lease, newRecord(t, "inc", 1)); err == nil {
		t.Error("a log without a key was appended to")
	}
	for _, name := range []string{"", "../up", "a b", "a\n", ".hidden", "-flag", ledger.Global} {
		if _, err := log.Acquire(t.Context(), name, "bob", time.Minute); err == nil {
			t.Errorf("the name %q was taken", name)
		}
	}
}

func TestTwoOwners(t *testing.T) {
	ctx, time0, store := t.Context(), newClock(), memory.New()
	signer, key := testKey(t, 1)
	log := ledger.Open(store, signer, key, time0)
	ann, err := log.Acquire(ctx, "inc", "ann", time.Minute)
	check(t, err)
	_, err = log.Append(ctx, ann, newRecord(t, "inc", 0))
	check(t, err)
	check(t, ann.Valid(59*time.Second))
	if err := ann.Valid(time.Minute); !errors.Is(err, ledger.ErrExpired) {
		t.Errorf("a minute's margin of a minute's lease: %v, want ErrExpired", err)
	}

	var held *ledger.HeldError
	_, err = log.Acquire(ctx, "inc", "bob", time.Minute)
	if !errors.Is(err, ledger.ErrHeld) || !errors.As(err, &held) || held.Owner != "ann" || !held.Until.Equal(ann.Until()) {
		t.Fatalf("bob comes while ann holds the lease: %v", err)
	}
	check(t, time0.Sleep(ctx, 2*time.Minute))
	if err := ann.Valid(0); !errors.Is(err, ledger.ErrExpired) {
		t.Errorf("a lease that ran out: %v, want ErrExpired", err)
	}
	// Nobody took it, so a late result is still kept, and the lease can be renewed.
	_, err = log.Append(ctx, ann, newRecord(t, "inc", 1))
	check(t, err)
	check(t, ann.Renew(ctx, time.Minute))
	check(t, ann.Valid(0))

	check(t, time0.Sleep(ctx, 2*time.Minute))
	bob, err := log.Acquire(ctx, "inc", "bob", time.Minute)
	check(t, err)
	if bob.Token() <= ann.Token() {
		t.Errorf("bob's token %d is not above ann's %d", bob.Token(), ann.Token())
	}
	if _, err := log.Append(ctx, ann, newRecord(t, "inc", 2)); !errors.Is(err, ledger.ErrFenced) || quell.CodeOf(err) != quell.CodeRefused {
		t.Errorf("ann appends after bob came: %v, want ErrFenced", err)
	}
	if err := ann.Renew(ctx, time.Minute); !errors.Is(err, ledger.ErrFenced) {
		t.Errorf("ann renews after bob came: %v, want ErrFenced", err)
	}
	check(t, ann.Release(ctx))
	check(t, bob.Valid(0))
	_, err = log.Append(ctx, bob, newRecord(t, "inc", 2))
	check(t, err)
	if n, err := log.Size(ctx, ledger.Global); err != nil || n != 1 {
		t.Errorf("the handover left %d anchors, want 1 (%v)", n, err)
	}
}

// conflicted is a store to which somebody else appends first, once.
type conflicted struct {
	ledger.Store
	first *ledger.Write
}

func (c *conflicted) Append(ctx context.Context, w ledger.Write) error {
	if w.Tree != ledger.Global && c.first == nil {
		c.first = &w
		if err := c.Store.Append(ctx, w); err != nil {
			return err
		}
	}
	return c.Store.Append(ctx, w)
}

func TestConflict(t *testing.T) {
	log := newLog(t, &conflicted{Store: memory.New()})
	lease, err := log.Acquire(t.Context(), "inc", "ann", time.Minute)
	check(t, err)
	if _, err := log.Append(t.Context(), lease, newRecord(t, "inc", 0)); !errors.Is(err, ledger.ErrConflict) {
		t.Fatalf("append to a tree that moved: %v, want ErrConflict", err)
	}
	got, err := log.Append(t.Context(), lease, newRecord(t, "inc", 1))
	check(t, err)
	if got[0].Seq != 1 {
		t.Errorf("after a conflict the record has number %d, want 1", got[0].Seq)
	}
}

// failing is a store whose appends begin to fail, as on a full disk or when the process dies before the commit.
type failing struct {
	ledger.Store
	left int
}

var errDisk = errors.New("the disk is gone")

func (f *failing) Append(ctx context.Context, w ledger.Write) error {
	if f.left--; f.left < 0 {
		return errDisk
	}
	return f.Store.Append(ctx, w)
}

// TestCrash lets the store fail at each append in turn and goes on with a new log: nothing is lost, doubled or unsound.
func TestCrash(t *testing.T) {
	for left := range 6 {
		store := memory.New()
		log := newLog(t, &failing{Store: store, left: left})
		lease, err := log.Acquire(t.Context(), "inc", "ann", time.Minute)
		check(t, err)
		acknowledged := 0
		for i := range 3 {
			if _, err := log.Append(t.Context(), lease, newRecord(t, "inc", 2*i), newRecord(t, "inc", 2*i+1)); err == nil {
				acknowledged += 2
			} else if !errors.Is(err, errDisk) {
				t.Fatal(err)
			}
		}
		check(t, lease.Release(t.Context()))
		again := newLog(t, store)
		size, err := again.Size(t.Context(), "inc")
		check(t, err)
		if size != int64(acknowledged) {
			t.Errorf("%d records were acknowledged and %d are there", acknowledged, size)
		}
		fill(t, again, "inc", 2)
		report, err := again.Verify(t.Context())
		check(t, err)
		if !report.OK {
			t.Errorf("after a crash at append %d: %v", left, report.Problems)
		}
	}
}

// TestManyWriters lets incidents be written at once: they share nothing but the global tree.
func TestManyWriters(t *testing.T) {
	log := newLog(t, memory.New())
	var group errgroup.Group
	for _, incident := range []string{"a", "b", "c", "d", ledger.System} {
		lease, err := log.Acquire(t.Context(), incident, "ann", time.Minute)
		check(t, err)
		closing, err := quell.NewRecord(incident, quell.RecordClosed, "ann", "", quell.Closing{})
		check(t, err)
		for range 4 {
			group.Go(func() error {
				for range 10 {
					if _, err := log.Append(t.Context(), lease, closing); err != nil {
						return err
					}
				}
				return nil
			})
		}
	}
	check(t, group.Wait())
	report, err := log.Verify(t.Context())
	check(t, err)
	if !report.OK || report.Size != 5*40*2 {
		t.Errorf("the report is %+v", report)
	}
}
