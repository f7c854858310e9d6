package scope

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/sandbox"
)

// begin gives an instant that later calls are younger than by their records too, which hold whole seconds.
func begin(t *testing.T, w *sandbox.World) time.Time {
	t.Helper()
	now := w.Clock().Now()
	check(t, w.Clock().Sleep(t.Context(), 2*time.Second))
	return now
}

func TestLive(t *testing.T) {
	w := sandbox.New(sandbox.Options{Seed: 20})
	other := w.AddUser("other", "AdministratorAccess")
	user := userOf(t, w, "other")
	since := begin(t, w)
	ask := func(r Reader, since time.Time) bool {
		t.Helper()
		live, err := r.Live(t.Context(), since)
		check(t, err)
		return live
	}
	if ask(readerOf(w), since) {
		t.Error("live before anything of ours can show")
	}
	_, err := readerOf(w, other).Trail(t.Context(), []quell.Entity{user}, since, time.Time{})
	check(t, err)
	settle(t, w)
	// That first Live asked in every region.
	if !ask(readerOf(w), since) {
		t.Error("not live though every region shows our calls")
	}
	if ask(readerOf(w), w.Clock().Now()) {
		t.Error("live by calls older than what was asked")
	}
	reads := w.AddUser("reads", "AdministratorAccess")
	if ask(readerOf(w, reads), since) {
		t.Error("live by somebody else's calls")
	}

	r := readerOf(w)
	r.Regions = []string{home}
	late := begin(t, w)
	_, err = r.Trail(t.Context(), []quell.Entity{user}, since, time.Time{})
	check(t, err)
	settle(t, w)
	if !ask(r, late) {
		t.Error("not live where the one region read shows our calls")
	}
	if ask(readerOf(w), late) {
		t.Error("live though three regions are silent")
	}
}

func TestLiveAcrossRenewedCredentials(t *testing.T) {
	w := sandbox.New(sandbox.Options{Seed: 21})
	admin := w.AddUser("op", "AdministratorAccess")
	role := w.AddRole("responder", anyone, "AdministratorAccess")
	since := begin(t, w)
	first := assume(t, w, admin, role, "quell-1")
	_, err := readerOf(w, first).Live(t.Context(), since)
	check(t, err)
	settle(t, w)
	second := assume(t, w, admin, role, "quell-2")
	live, err := readerOf(w, second).Live(t.Context(), since)
	if check(t, err); !live {
		t.Error("a session of the same role does not count as ours")
	}
}

func TestLiveWithoutATrail(t *testing.T) {
	live, err := stranger(t, map[string]string{"GetCallerIdentity": callerAnswer}).Live(t.Context(), time.Time{})
	if err != nil || live {
		t.Errorf("live %v, %v", live, err)
	}
	_, err = stranger(t, nil).Live(t.Context(), time.Time{})
	wantError(t, err, quell.CodeFailed, "sts:GetCallerIdentity")
	broken := errors.New("no profile")
	r := Reader{Config: func(context.Context, string) (aws.Config, error) { return aws.Config{}, broken }}
	if _, err := r.Live(t.Context(), time.Time{}); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if _, err := r.Trail(t.Context(), nil, time.Time{}, time.Time{}); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}
