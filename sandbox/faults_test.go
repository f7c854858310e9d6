package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quell-ir/quell/sandbox"
)

// story is a fixed run of calls under faults, the errors of which do not matter.
func story(ctx context.Context, seed int64) (trail []json.RawMessage, truth []sandbox.Act, state json.RawMessage) {
	w := sandbox.New(sandbox.Options{Seed: seed, Faults: sandbox.Faults{Throttle: 0.2, ServerError: 0.1, LostResponse: 0.1}})
	key := w.AddUser("alice", "AdministratorAccess")
	client := iam.NewFromConfig(w.Config(key, region))
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		_, _ = client.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String(name)})
		_, _ = client.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String(name)})
	}
	_ = w.Clock().Sleep(ctx, time.Hour)
	return w.Delivered(0), w.Truth(), w.Snapshot()
}

func TestOneSeedOneHistory(t *testing.T) {
	trail, truth, state := story(t.Context(), 42)
	trail2, truth2, state2 := story(t.Context(), 42)
	if diff := cmp.Diff(truth, truth2); diff != "" {
		t.Errorf("two truths: %s", diff)
	}
	if !slices.EqualFunc(trail, trail2, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }) {
		t.Error("two trails")
	}
	if !bytes.Equal(state, state2) {
		t.Error("two states")
	}
	other, _, _ := story(t.Context(), 43)
	if len(other) > 0 && len(trail) > 0 && bytes.Equal(other[0], trail[0]) {
		t.Error("another seed gave the same record")
	}
}

func TestFaults(t *testing.T) {
	ctx := t.Context()
	create := func(f sandbox.Faults) (*sandbox.World, error) {
		w := sandbox.New(sandbox.Options{Seed: 1, Faults: f})
		_, err := iam.NewFromConfig(w.Admin(region), func(o *iam.Options) { o.Retryer = aws.NopRetryer{} }).
			CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("a")})
		return w, err
	}
	w, err := create(sandbox.Faults{Throttle: 1})
	code(t, err, "Throttling")
	if bytes.Contains(w.Snapshot(), []byte(`:user/a"`)) {
		t.Error("a throttled call was carried out")
	}
	_, err = create(sandbox.Faults{ServerError: 1})
	code(t, err, "InternalFailure")
	w, err = create(sandbox.Faults{LostResponse: 1})
	if err == nil || !bytes.Contains(w.Snapshot(), []byte(`:user/a"`)) {
		t.Errorf("a lost answer must be an error after the effect: %v", err)
	}
	// The standard retryer repeats a lost call, and so meets its own effect.
	w = sandbox.New(sandbox.Options{Seed: 1, Faults: sandbox.Faults{LostResponse: 1}})
	_, err = iam.NewFromConfig(w.Admin(region)).CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("a")})
	code(t, err, "EntityAlreadyExists")
}

func TestEventsFireInOrderAndNeverNested(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := sandbox.New(sandbox.Options{Seed: 1})
		clock, start := w.Clock(), w.Clock().Now()
		delays := rapid.SliceOfN(rapid.IntRange(0, 50), 1, 12).Draw(rt, "delays")
		var fired []int
		inside := false
		for _, d := range delays {
			clock.At(start.Add(time.Duration(d)*time.Second), func() {
				if inside {
					rt.Fatal("an event ran inside another")
				}
				inside = true
				if now := clock.Now(); now.Before(start.Add(time.Duration(d) * time.Second)) {
					rt.Fatalf("event of second %d ran at %s", d, now)
				}
				fired = append(fired, d)
				_ = clock.Sleep(t.Context(), 3*time.Second)
				inside = false
			})
		}
		_ = clock.Sleep(t.Context(), time.Minute)
		if !slices.IsSorted(fired) || len(fired) != len(delays) {
			rt.Fatalf("delays %v fired as %v", delays, fired)
		}
		if clock.Now().Before(start.Add(time.Minute)) {
			rt.Fatal("slept too short")
		}
	})
}

func TestAnEventMayMakeCallsAndIsSeenBeforeTheNextCall(t *testing.T) {
	ctx := t.Context()
	w := sandbox.New(sandbox.Options{Seed: 2})
	client := iam.NewFromConfig(w.Admin(region))
	w.Clock().At(w.Clock().Now().Add(10*time.Millisecond), func() {
		_, err := client.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("intruder")})
		check(t, err)
	})
	users, err := client.ListUsers(ctx, &iam.ListUsersInput{})
	check(t, err)
	if len(users.Users) != 2 {
		t.Errorf("%d users: the event due before the call was not seen", len(users.Users))
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if err := w.Clock().Sleep(cancelled, time.Hour); err == nil {
		t.Error("slept under a cancelled context")
	}
}

func TestSeveralGoroutinesMayShareAWorld(t *testing.T) {
	w := sandbox.New(sandbox.Options{Seed: 1})
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			client := iam.NewFromConfig(w.Admin(region))
			for range 20 {
				if _, err := client.ListUsers(t.Context(), &iam.ListUsersInput{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if n := len(w.Truth()); n != 80 {
		t.Errorf("%d acts", n)
	}
}
