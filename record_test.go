package quell

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var instant = time.Date(2026, 3, 2, 9, 0, 0, 123456789, time.UTC)

// roundTrip puts a payload into a record, the record into JSON and back, and wants the same payload.
func roundTrip[T any](kind RecordKind, want T) func(*testing.T) {
	return func(t *testing.T) {
		r, err := NewRecord("q-1", kind, "alice", "deny", want)
		if err != nil {
			t.Fatal(err)
		}
		r.Seq, r.Time = 7, instant
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var back Record
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r, back); diff != "" {
			t.Errorf("the record changed: %s", diff)
		}
		got, err := Payload[T](back)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the payload changed: %s", diff)
		}
	}
}

func TestRecordRoundTrip(t *testing.T) {
	user := Entity{Kind: KindUser, ID: "AIDA1", Name: "o'brien\x1b", Part: PartActor}
	call := Call{
		Op: "iam:PutUserPolicy", Account: "1", Region: "us-east-1", Input: json.RawMessage(`{"PolicyName":"${now}"}`),
	}.UndoneBy(Call{Op: "iam:DeleteUserPolicy", Input: json.RawMessage(`{}`)}).ThenUndoneBy(Call{Op: "iam:UntagUser", Input: json.RawMessage(`{}`)}).
		Touching("/a", "/b").Keeping("/Id").KeepingOut("alice", 129600).
		Or(Call{Op: "iam:AttachUserPolicy", Kind: Kept, Input: json.RawMessage(`{}`)}, "LimitExceeded")
	event := Event{ID: "e", Time: instant, Name: "CreateUser", Actor: Actor{Type: "IAMUser", ARN: "arn"}}
	t.Run("opened", roundTrip(RecordOpened, Incident{ID: "q-1", Severity: High, Entities: []Entity{user}, Opened: instant,
		People: map[Role]string{Legal: "lee"}, Standing: Open, Subject: user}))
	t.Run("finding", roundTrip(RecordFinding, Finding{ID: "f", Severity: Critical, Time: instant, Entities: []Entity{user}, Seen: []Event{event}}))
	t.Run("scope", roundTrip(RecordScope, Scope{Subject: user, Since: instant, Entities: []Entity{user}, Watermarks: map[string]string{"r": "t"}}))
	t.Run("change", roundTrip(RecordChanged, Change{What: "standing", From: "open", To: "confirmed"}))
	t.Run("bound", roundTrip(RecordBound, Bound{Playbook: "p", Steps: []PlanStep{{ID: "s", Mode: Auto, Needs: []string{"r"}, With: json.RawMessage(`{"a":1}`)}}}))
	t.Run("planned", roundTrip(RecordPlanned, Planned{Round: 2, State: json.RawMessage(`{"a":[1]}`), Calls: []Call{call}, Digest: "sha256:0"}))
	t.Run("decision", roundTrip(RecordDecision, Decision{Step: "s", Yes: true, As: Legal, Expires: instant, Calls: []Call{call}}))
	t.Run("attempt", roundTrip(RecordAttempt, Attempt{Digest: "a", Why: "moved", Now: "b"}))
	t.Run("intent", roundTrip(RecordIntent, Intent{Key: "k", Op: call.Op, Input: call.Input, Edit: &Edit{Remove: []string{"Sid"}}, Try: 2, Of: 1, Way: 1}))
	t.Run("result", roundTrip(RecordResult, Result{Key: "k", OK: true, Before: json.RawMessage(`{}`), Lost: []string{"x"}}))
	t.Run("evidence", roundTrip(RecordEvidence, Evidence{Name: "n", SHA256: "0", Size: 3, Missing: []string{"page 2"}}))
	t.Run("probe", roundTrip(RecordProbe, Probe{What: "trail", At: instant, Through: instant, Live: true, Successes: []Event{event}}))
	t.Run("verdict", roundTrip(RecordVerdict, Verdict{Verdict: Held, Proof: Observed, SeenThrough: instant, Blind: []string{"s3-data"}}))
	t.Run("undo", roundTrip(RecordUndo, UndoBound{Steps: []PlanStep{{ID: "undo.s", Undo: "s"}}, Lift: true}))
	t.Run("closed", roundTrip(RecordClosed, Closing{Size: 9, Root: "r"}))
}

func TestRecordErrors(t *testing.T) {
	if _, err := NewRecord("q-1", RecordNote, "a", "", make(chan int)); err == nil || !strings.Contains(err.Error(), "encode note record") {
		t.Errorf("a channel was recorded: %v", err)
	}
	_, err := Payload[Verdict](Record{Incident: "q-1", Seq: 4, Kind: RecordVerdict, Data: json.RawMessage(`{"blind":3}`)})
	if err == nil || !strings.Contains(err.Error(), "verdict record 4 of q-1") {
		t.Errorf("error %v does not name the record", err)
	}
}

// TestCallBuilders changes a call without changing the one it was made from, and walks its ways.
func TestCallBuilders(t *testing.T) {
	base := Call{Op: "a:A", Kind: Irreversible, Touches: make([]string, 0, 8)}
	one, two := base.Touching("/1"), base.Touching("/2")
	if one.Touches[0] != "/1" || two.Touches[0] != "/2" || len(base.Touches) != 0 {
		t.Errorf("calls share their lists: %v, %v, %v", base.Touches, one.Touches, two.Touches)
	}
	undone := base.UndoneBy(Call{Op: "a:B"})
	further := undone.ThenUndoneBy(Call{Op: "a:C"})
	if undone.Kind != Reversible || len(undone.Undo.Then) != 0 || len(further.Undo.Then) != 1 {
		t.Errorf("inverses: %+v, %+v", undone.Undo, further.Undo)
	}
	if k := further.AsIrreversible(); k.Undo != nil || k.Kind != Irreversible || further.Undo == nil {
		t.Errorf("irreversible: %+v", k)
	}
	if further.AsKept().Undo == nil || further.AsKept().Kind != Kept || further.AsPassing().Kind != Passing {
		t.Error("kept or passing lost its inverse or kind")
	}
	ways := base.Or(Call{Op: "b:B"}, "X").Or(Call{Op: "c:C"}, "Y")
	for n, want := range []string{"a:A", "b:B", "c:C"} {
		if way, ok := ways.Way(n); !ok || way.Op != want || len(way.Else) != 0 {
			t.Errorf("way %d = %+v, %v", n, way, ok)
		}
	}
	for _, n := range []int{-1, 3} {
		if _, ok := ways.Way(n); ok {
			t.Errorf("there is a way %d", n)
		}
	}
	if diff := cmp.Diff([]string{"X", "Y"}, ways.ElseOn); diff != "" {
		t.Error(diff)
	}
}

func TestErrorForPeople(t *testing.T) {
	cause := errors.New("AccessDenied\x1b[2J")
	for _, test := range []struct {
		err  *Error
		want string
	}{
		{&Error{What: "read trail"}, "read trail"},
		{&Error{What: "read\ntrail", Err: cause}, "read trail: AccessDenied␛[2J"},
		{&Error{What: "read trail", Err: cause, Next: "give it\u202E"}, "read trail: AccessDenied␛[2J; give it\uFFFD"},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
	wrapped := fmt.Errorf("respond: %w", &Error{Code: CodeWaiting, What: "w", Err: cause})
	if !errors.Is(wrapped, cause) {
		t.Error("the cause is hidden")
	}
	for _, test := range []struct {
		err  error
		want ErrorCode
	}{
		{nil, ""}, {cause, CodeFailed}, {wrapped, CodeWaiting}, {errors.Join(cause, wrapped), CodeWaiting},
		{&Error{Code: CodeRefused, Err: &Error{Code: CodeUsage}}, CodeRefused},
	} {
		if got := CodeOf(test.err); got != test.want {
			t.Errorf("CodeOf(%v) = %q, want %q", test.err, got, test.want)
		}
	}
}

func TestWallClock(t *testing.T) {
	var clock WallClock
	if clock.Now().Location() != time.UTC {
		t.Error("not in UTC")
	}
	cause := errors.New("stopped")
	ended, stop := context.WithCancelCause(t.Context())
	stop(cause)
	for _, d := range []time.Duration{time.Hour, 0, -1} {
		if err := clock.Sleep(ended, d); !errors.Is(err, context.Canceled) {
			t.Errorf("slept %s under a cancelled context: %v", d, err)
		}
	}
	for _, d := range []time.Duration{0, -time.Hour, time.Nanosecond} {
		if err := clock.Sleep(t.Context(), d); err != nil {
			t.Error(err)
		}
	}
	live, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- clock.Sleep(live, time.Hour) }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("a sleeper woke with %v", err)
	}
}
