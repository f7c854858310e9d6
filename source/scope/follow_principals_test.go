package scope

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/sandbox"
)

// signed counts events by the key they were signed with.
func signed(events []quell.Event) map[string]int {
	out := map[string]int{}
	for _, e := range events {
		out[e.Actor.AccessKey]++
	}
	return out
}

// truly counts what the world knows of these keys' recorded calls.
func truly(w *sandbox.World, keys ...aws.Credentials) map[string]int {
	out := map[string]int{}
	for _, a := range w.Truth() {
		if slices.ContainsFunc(keys, func(k aws.Credentials) bool { return k.AccessKeyID == a.AccessKey }) {
			out[a.AccessKey]++
		}
	}
	return out
}

func TestTrailFollowsWhatThePrincipalsMade(t *testing.T) {
	w := sandbox.New(sandbox.Options{Seed: 7, Faults: sandbox.Faults{LookupPerSecond: 2, Throttle: 0.02, ServerError: 0.01}})
	// Seeding must not meet the faults, so everything that acts is made beforehand where possible.
	alice := w.AddUser("alice", "AdministratorAccess")
	bob := w.AddUser("bob", "AdministratorAccess")
	role := w.AddRole("/app/deploy", anyone, "AdministratorAccess")

	act(t, w, alice, "eu-central-1", 120) // three pages
	session := assume(t, w, alice, role, "s1")
	act(t, w, session, "eu-west-1", 2)
	chained := assume(t, w, session, role, "s2")
	act(t, w, chained, "us-west-2", 3)
	guest := federate(t, w, alice, "guest")
	act(t, w, guest, "eu-west-1", 2)
	evil := makeUser(t, w, alice, "evil")
	act(t, w, evil, "eu-west-1", 1)
	onBob := makeKey(t, w, evil, "bob")
	check(t, w.Clock().Sleep(t.Context(), time.Minute))
	act(t, w, onBob, "us-west-2", 2)

	// Others, some under the same names.
	act(t, w, bob, "eu-west-1", 4)
	namesake := federate(t, w, bob, "alice")
	act(t, w, namesake, "eu-west-1", 3)
	other := assume(t, w, bob, role, "alice")
	act(t, w, other, "eu-west-1", 3)
	settle(t, w)

	user := userOf(t, w, "alice")
	got, err := readerOf(w).Trail(t.Context(), []quell.Entity{user, keyEntity(alice, user)}, time.Time{}, w.Clock().Now())
	check(t, err)
	if diff := cmp.Diff(truly(w, alice, session, chained, guest, evil, onBob), signed(got.Events)); diff != "" {
		t.Errorf("calls by key: %s", diff)
	}
	if !slices.IsSortedFunc(got.Events, func(a, b quell.Event) int { return a.Time.Compare(b.Time) }) {
		t.Error("events are not in the order of time")
	}
	seen := map[string]bool{}
	for _, e := range got.Events {
		if seen[e.ID] {
			t.Errorf("event %s twice", e.ID)
		}
		seen[e.ID] = true
	}
	if diff := cmp.Diff([]string{"cloudtrail eu-central-1", "cloudtrail eu-west-1", "cloudtrail us-east-1", "cloudtrail us-west-2"}, got.Read); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"s3-data"}, got.Blind); diff != "" {
		t.Error(diff)
	}
	if len(got.Watermarks) != 4 {
		t.Errorf("watermarks %v", got.Watermarks)
	}
	for _, through := range got.Watermarks {
		if through.Before(got.Through) {
			t.Errorf("through %v, but a region only %v", got.Through, through)
		}
	}
}

// Through must never promise what is still on its way.
func TestTrailIsCompleteUpToThrough(t *testing.T) {
	for seed := range int64(5) {
		w := sandbox.New(sandbox.Options{Seed: seed})
		alice := w.AddUser("alice", "AdministratorAccess")
		user := userOf(t, w, "alice")
		for i := range 30 {
			act(t, w, alice, []string{"us-east-1", "eu-west-1"}[i%2], 1)
			check(t, w.Clock().Sleep(t.Context(), time.Minute))
		}
		asked := w.Clock().Now()
		got, err := readerOf(w).Trail(t.Context(), []quell.Entity{user}, time.Time{}, asked)
		check(t, err)
		// The asking itself takes some of the world's time; more than that would be a promise.
		if lag := asked.Sub(got.Through); lag < 14*time.Minute || lag > 15*time.Minute {
			t.Errorf("seed %d: asked at %v, through %v", seed, asked, got.Through)
		}
		want := 0
		for _, a := range w.Truth() {
			if a.AccessKey == alice.AccessKeyID && !a.Time.After(got.Through) {
				want++
			}
		}
		have := 0
		for _, e := range got.Events {
			if !e.Time.After(got.Through) {
				have++
			}
		}
		if have < want || want == 0 {
			t.Errorf("seed %d: %d of %d acts up to %v", seed, have, want, got.Through)
		}
	}
}

func TestTrailByKindOfPrincipal(t *testing.T) {
	w := sandbox.New(sandbox.Options{Seed: 8})
	alice := w.AddUser("alice", "AdministratorAccess")
	bob := w.AddUser("bob", "AdministratorAccess")
	deploy := w.AddRole("deploy", anyone, "AdministratorAccess")
	audit := w.AddRole("audit", anyone, "AdministratorAccess")
	act(t, w, alice, home, 1)
	one := assume(t, w, alice, deploy, "one")
	act(t, w, one, "eu-west-1", 2)
	again := assume(t, w, bob, deploy, "one")
	act(t, w, again, "us-west-2", 1)
	two := assume(t, w, bob, deploy, "two")
	act(t, w, two, "eu-west-1", 1)
	elsewhere := assume(t, w, bob, audit, "one")
	act(t, w, elsewhere, "eu-west-1", 5)
	instance := assume(t, w, bob, audit, "i-0123456789abcdef0") // only called like one
	act(t, w, instance, "eu-west-1", 5)
	guest := federate(t, w, alice, "guest")
	act(t, w, guest, "eu-west-1", 2)
	settle(t, w)

	user, role := userOf(t, w, "alice"), roleOf(t, w, "deploy")
	account := w.Account()
	sessionARN := "arn:aws:sts::" + account + ":assumed-role/deploy/one"
	tests := []struct {
		name      string
		principal quell.Entity
		keys      []aws.Credentials
	}{
		{"key alone", keyEntity(guest, quell.Entity{}), []aws.Credentials{guest}},
		{"user known by ARN only", quell.Entity{Kind: quell.KindUser, ID: user.ARN, ARN: user.ARN}, []aws.Credentials{alice, one, again, guest}},
		{"session, whoever opened it", quell.Entity{Kind: quell.KindSession, ID: role.ID + ":one", Of: role.ID}, []aws.Credentials{one, again}},
		{"session known by ARN only", quell.Entity{Kind: quell.KindSession, ID: sessionARN, ARN: sessionARN, Name: "one"}, []aws.Credentials{one, again}},
		{"federated user", quell.Entity{Kind: quell.KindFederated, ID: account + ":guest"}, []aws.Credentials{guest}},
		{"role", role, []aws.Credentials{one, again, two}},
		{"instance", quell.Entity{Kind: quell.KindInstance, ID: "i-0123456789abcdef0"}, nil},
		{"root", quell.Entity{Kind: quell.KindRoot, ID: account}, nil},
		{"user of the same name, made anew", quell.Entity{Kind: quell.KindUser, ID: "AIDAANOTHER", Name: "alice"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := readerOf(w).Trail(t.Context(), []quell.Entity{test.principal}, time.Time{}, time.Time{})
			check(t, err)
			if diff := cmp.Diff(truly(w, test.keys...), signed(got.Events)); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("bucket", func(t *testing.T) {
		got, err := readerOf(w).Trail(t.Context(), []quell.Entity{{Kind: quell.KindBucket, ID: "books"}}, time.Time{}, time.Time{})
		check(t, err)
		if len(got.Events) != 0 || !strings.Contains(strings.Join(got.Blind, "\n"), "bucket books") {
			t.Errorf("events %d, blind %v", len(got.Events), got.Blind)
		}
	})
	t.Run("window", func(t *testing.T) {
		got, err := readerOf(w).Trail(t.Context(), []quell.Entity{user}, w.Clock().Now().Add(-time.Minute), w.Clock().Now())
		check(t, err)
		if len(got.Events) != 0 {
			t.Errorf("%d events outside the window", len(got.Events))
		}
	})
}

func TestTrailSaysWhatItCannotSee(t *testing.T) {
	w := sandbox.New(sandbox.Options{Seed: 9})
	alice := w.AddUser("alice", "AdministratorAccess")
	act(t, w, alice, "eu-west-1", 1)
	act(t, w, alice, "us-west-2", 1)
	settle(t, w)
	user := userOf(t, w, "alice")
	w.SetSCPs(all, `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"cloudtrail:LookupEvents","Resource":"*","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}}]}`)
	r := readerOf(w)
	inner := r.Config
	r.Config = func(ctx context.Context, region string) (aws.Config, error) {
		if region == "eu-central-1" {
			return aws.Config{}, errors.New("no endpoint")
		}
		return inner(ctx, region)
	}
	got, err := r.Trail(t.Context(), []quell.Entity{user, keyEntity(alice, user)}, time.Time{}, time.Time{})
	check(t, err)
	blind := strings.Join(got.Blind, "\n")
	for _, word := range []string{"s3-data", "eu-west-1: AccessDenied", "eu-central-1: no configuration: no endpoint"} {
		if !strings.Contains(blind, word) {
			t.Errorf("blind %q does not say %q", blind, word)
		}
	}
	if diff := cmp.Diff([]string{"cloudtrail us-east-1", "cloudtrail us-west-2"}, got.Read); diff != "" || len(got.Events) != 1 || got.Through.IsZero() {
		t.Errorf("%s, %d events, through %v", diff, len(got.Events), got.Through)
	}

	emulator, err := stranger(t, nil).Trail(t.Context(), []quell.Entity{user}, time.Time{}, time.Time{})
	check(t, err)
	want := Sighting{Principals: []quell.Entity{user}, Blind: []string{"s3-data", "cloudtrail: not available at this endpoint"}, Watermarks: map[string]time.Time{}}
	if diff := cmp.Diff(want, emulator); diff != "" {
		t.Error(diff)
	}

	// An emulator may answer with a page of status 500 as well; that must neither be waited out nor be an error.
	emulator, err = emulatorOf(t, http.StatusInternalServerError, nil).Trail(t.Context(), []quell.Entity{user}, time.Time{}, time.Time{})
	check(t, err)
	if !slices.Contains(emulator.Blind, "cloudtrail: not available at this endpoint") || !emulator.Through.IsZero() {
		t.Errorf("blind %v, through %v", emulator.Blind, emulator.Through)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := readerOf(w).Trail(ctx, []quell.Entity{user}, time.Time{}, time.Time{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
}

// The event history allows two questions a second: a pipeline's day of sessions must not cost one each.
func TestTrailAsksOncePerName(t *testing.T) {
	w := sandbox.New(sandbox.Options{Seed: 12})
	ci := w.AddUser("ci", "AdministratorAccess")
	role := w.AddRole("deploy", anyone, "AdministratorAccess")
	for range 30 {
		act(t, w, assume(t, w, ci, role, "pipeline"), "eu-west-1", 1)
	}
	settle(t, w)
	user := userOf(t, w, "ci")
	before := len(w.Truth())
	got, err := readerOf(w).Trail(t.Context(), []quell.Entity{user, keyEntity(ci, user)}, time.Time{}, time.Time{})
	check(t, err)
	if len(got.Events) != 60 || len(got.Principals) != 3 {
		t.Errorf("%d events, %d principals", len(got.Events), len(got.Principals))
	}
	// The list of regions, the knock at CloudTrail's door, and in four regions a question each for user, key and session; thirty more events fit no page's rest.
	if calls := len(w.Truth()) - before; calls != 2+4*3 {
		t.Errorf("%d calls", calls)
	}
}

func TestTrailIsBounded(t *testing.T) {
	t.Run("wide", func(t *testing.T) {
		w := sandbox.New(sandbox.Options{Seed: 10, Regions: []string{home}})
		alice := w.AddUser("alice", "AdministratorAccess")
		role := w.AddRole("deploy", anyone)
		for i := range 210 {
			assume(t, w, alice, role, fmt.Sprintf("s%d", i))
		}
		settle(t, w)
		got, err := readerOf(w).Trail(t.Context(), []quell.Entity{userOf(t, w, "alice")}, time.Time{}, time.Time{})
		check(t, err)
		if len(got.Principals) != maxPrincipals || !strings.Contains(strings.Join(got.Blind, "\n"), "11 principals") || len(got.Events) != 210 {
			t.Errorf("%d principals, %d events, blind %v", len(got.Principals), len(got.Events), got.Blind)
		}
	})
	t.Run("deep", func(t *testing.T) {
		w := sandbox.New(sandbox.Options{Seed: 11, Regions: []string{home}})
		keys := []aws.Credentials{w.AddUser("u0", "AdministratorAccess")}
		for i := range maxDepth + 2 {
			keys = append(keys, makeUser(t, w, keys[i], fmt.Sprintf("u%d", i+1)))
		}
		act(t, w, keys[len(keys)-1], home, 1)
		settle(t, w)
		got, err := readerOf(w).Trail(t.Context(), []quell.Entity{userOf(t, w, "u0")}, time.Time{}, time.Time{})
		check(t, err)
		if diff := cmp.Diff(truly(w, keys[:maxDepth+1]...), signed(got.Events)); diff != "" {
			t.Error(diff)
		}
		if !strings.Contains(strings.Join(got.Blind, "\n"), "were not followed") {
			t.Errorf("blind %v", got.Blind)
		}
	})
}

func TestTakeStopsWhenFull(t *testing.T) {
	h := &reading{who: newParty(), events: map[string]quell.Event{}, notes: map[string]bool{}, through: map[string]time.Time{home: time.Unix(1, 0)}}
	h.who.keys["AKIA1"] = true
	for i := range maxEvents {
		h.events[fmt.Sprint(i)] = quell.Event{}
	}
	record := []byte(`{"eventID":"new","eventTime":"2026-03-04T05:06:07Z","eventName":"X","userIdentity":{"accessKeyId":"AKIA1"}}`)
	if err := h.take(home, record, 0); !errors.Is(err, errFull) {
		t.Fatalf("error %v", err)
	}
	h.full = true
	s := h.sighting()
	if !s.Through.IsZero() || len(s.Read) != 0 || !strings.Contains(strings.Join(s.Blind, "\n"), "more than 50000 events") {
		t.Errorf("through %v, read %v, blind %v", s.Through, s.Read, s.Blind)
	}
	if err := h.take(home, []byte(`{"eventID":"bad"}`), 0); err != nil || len(h.notes) != 1 {
		t.Errorf("a record that cannot be read: %v, notes %v", err, slices.Collect(maps.Keys(h.notes)))
	}
}
