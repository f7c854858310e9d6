package approve

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
)

func at(hours int) time.Time { return time.Date(2026, 3, 1, hours, 0, 0, 0, time.UTC) }

func call(n int) quell.Call {
	return quell.Call{Op: "iam:UpdateAccessKey", Kind: quell.Reversible, Account: account, Input: json.RawMessage(fmt.Sprintf(`{"n":%d}`, n)),
		Undo: &quell.Inverse{Op: "iam:UpdateAccessKey", Input: json.RawMessage(`{"undo":true}`)}}
}

func yes(person string, calls ...quell.Call) quell.Decision {
	return quell.Decision{Step: "cut", Yes: true, Person: person, As: quell.SecurityAnalyst, Expires: at(12), Calls: calls}
}

func no(person string) quell.Decision {
	return quell.Decision{Step: "cut", Person: person, As: quell.SecurityAnalyst}
}

func TestCovered(t *testing.T) {
	a, b, c := call(1), call(2), call(3)
	sameCall := a
	sameCall.Input = json.RawMessage(`{ "n": 1 }`)
	otherUndo, otherWay, broken := a, a, a
	otherUndo.Undo = &quell.Inverse{Op: "iam:DeleteUser", Input: json.RawMessage(`{}`)}
	otherWay.Else = []quell.Call{b}
	broken.Input = json.RawMessage(`{`)
	forever := yes("x", a)
	forever.Expires = time.Time{}
	tests := []struct {
		name      string
		decisions []quell.Decision
		calls     []quell.Call
		now       time.Time
		want      bool
	}{
		{"no decision", nil, []quell.Call{a}, at(1), false},
		{"no decision, no calls", nil, nil, at(1), false},
		{"the same", []quell.Decision{yes("x", a, b)}, []quell.Call{a, b}, at(1), true},
		{"the same, written otherwise", []quell.Decision{yes("x", a)}, []quell.Call{sameCall}, at(1), true},
		{"fewer", []quell.Decision{yes("x", a, b, c)}, []quell.Call{a, c}, at(1), true},
		{"none left", []quell.Decision{yes("x", a)}, nil, at(1), true},
		{"another order", []quell.Decision{yes("x", a, b)}, []quell.Call{b, a}, at(1), false},
		{"one more", []quell.Decision{yes("x", a, b)}, []quell.Call{a, b, c}, at(1), false},
		{"one twice", []quell.Decision{yes("x", a, b)}, []quell.Call{a, a}, at(1), false},
		{"another inverse", []quell.Decision{yes("x", a)}, []quell.Call{otherUndo}, at(1), false},
		{"another alternative", []quell.Decision{yes("x", a)}, []quell.Call{otherWay}, at(1), false},
		{"two halves are no whole", []quell.Decision{yes("x", a), yes("y", b)}, []quell.Call{a, b}, at(1), false},
		{"not JSON", []quell.Decision{yes("x", broken)}, []quell.Call{broken}, at(1), false},
		{"nobody's", []quell.Decision{yes("", a)}, []quell.Call{a}, at(1), false},
		{"expired", []quell.Decision{yes("x", a)}, []quell.Call{a}, at(12), false},
		{"not yet expired", []quell.Decision{yes("x", a)}, []quell.Call{a}, at(12).Add(-1), true},
		{"without expiry", []quell.Decision{forever}, []quell.Call{a}, at(100), true},
		{"no after yes", []quell.Decision{yes("x", a), no("y")}, []quell.Call{a}, at(1), false},
		{"yes after no", []quell.Decision{no("y"), yes("x", a)}, []quell.Call{a}, at(1), true},
		{"no voids yes for other calls too", []quell.Decision{yes("x", a), yes("x", a, b), no("x")}, []quell.Call{a}, at(1), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Covered(tt.decisions, tt.calls, tt.now); got != tt.want {
				t.Errorf("covered: %v, want %v", got, tt.want)
			}
		})
	}
}

func TestPolicyCovered(t *testing.T) {
	a := call(1)
	gone := call(2).AsIrreversible()
	step := quell.PlanStep{ID: "cut", Phase: quell.Contain, Roles: []quell.Role{quell.SecurityAnalyst}}
	two := team()
	two.Quorum = map[string]int{IrreversibleQuorum: 2}
	mallory := userIncident("mallory")
	closed, dismissed := mallory, mallory
	closed.Standing, dismissed.Standing = quell.Ended, quell.Dismissed
	otherStep := yes("Bob", a)
	otherStep.Step = "other"
	tests := []struct {
		name      string
		policy    Policy
		incident  quell.Incident
		decisions []quell.Decision
		call      quell.Call
		want      bool
	}{
		{"one", team(), mallory, []quell.Decision{yes("Bob", a)}, a, true},
		{"local operator", Policy{}, mallory, []quell.Decision{yes("me", a)}, a, true},
		{"of another step", team(), mallory, []quell.Decision{otherStep}, a, false},
		{"closed", team(), closed, []quell.Decision{yes("Bob", a)}, a, false},
		{"dismissed", team(), dismissed, []quell.Decision{yes("Bob", a)}, a, false},
		{"no longer one of the people", team(), mallory, []quell.Decision{yes("Eve", a)}, a, false},
		{"turned out to be the subject", team(), userIncident("bob"), []quell.Decision{yes(bobARN, a)}, a, false},
		{"the subject's no counts", team(), userIncident("bob"), []quell.Decision{yes("Alice", a), no(bobARN)}, a, false},
		{"quorum not for the reversible", two, mallory, []quell.Decision{yes("Bob", a)}, a, true},
		{"one of two", two, mallory, []quell.Decision{yes("Bob", gone)}, gone, false},
		{"two of two", two, mallory, []quell.Decision{yes("Bob", gone), yes(aliceARN, gone)}, gone, true},
		{"the same person twice", two, mallory, []quell.Decision{yes(bobARN, gone), yes(bobARN, gone)}, gone, false},
		{"one person, two identities", two, mallory, []quell.Decision{yes(aliceARN, gone), yes("source-identity/alice", gone)}, gone, false},
		{"no between two", two, mallory, []quell.Decision{yes("Bob", gone), no("Alice"), yes("Alice", gone)}, gone, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.policy.Covered(tt.incident, step, tt.decisions, []quell.Call{tt.call}, at(1)); got != tt.want {
				t.Errorf("covered: %v, want %v", got, tt.want)
			}
		})
	}
}

// Calls are covered exactly when they are what is left of those approved after some were taken out.
func TestCoveredProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		approved := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 6).Draw(t, "approved")
		now := rapid.SliceOfN(rapid.IntRange(0, 5), 0, 6).Draw(t, "now")
		if rapid.Bool().Draw(t, "permuted") {
			now = rapid.Permutation(approved).Draw(t, "permutation")
		}
		got := Covered([]quell.Decision{yes("x", calls(approved)...)}, calls(now), at(1))
		if want := leftOver(now, approved); got != want {
			t.Fatalf("%v of %v covered: %v, want %v", now, approved, got, want)
		}
	})
}

// Taking calls out keeps them covered; changing any field of one that stays does not.
func TestCoveredAlteration(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "n")
		var all, some []quell.Call
		for i := range n {
			all = append(all, call(i))
			if rapid.Bool().Draw(t, "stays") {
				some = append(some, call(i))
			}
		}
		decisions := []quell.Decision{yes("x", all...)}
		if !Covered(decisions, some, at(1)) {
			t.Fatal("fewer calls are not covered")
		}
		if len(some) == 0 {
			return
		}
		c := &some[rapid.IntRange(0, len(some)-1).Draw(t, "which")]
		changes := []func(){
			func() { c.Op = "iam:DeleteUser" },
			func() { c.Kind = quell.Kept },
			func() { c.Account = "999988887777" },
			func() { c.Region = "eu-west-3" },
			func() { c.Input = json.RawMessage(`{"n":99}`) },
			func() { c.Undo = nil },
			func() { c.Edit = &quell.Edit{Remove: []string{"x"}} },
			func() { c.Denies = &quell.Deny{Seconds: 1} },
			func() { *c = c.Or(call(7), "LimitExceeded") },
		}
		changes[rapid.IntRange(0, len(changes)-1).Draw(t, "change")]()
		if Covered(decisions, some, at(1)) {
			t.Fatal("an altered call is covered")
		}
	})
}

func calls(ns []int) []quell.Call {
	var out []quell.Call
	for _, n := range ns {
		out = append(out, call(n))
	}
	return out
}

// leftOver is the slow judge: it tries every way to take elements out.
func leftOver(part, whole []int) bool {
	if slices.Equal(part, whole) {
		return true
	}
	for i := range whole {
		if leftOver(part, append(slices.Clone(whole[:i]), whole[i+1:]...)) {
			return true
		}
	}
	return false
}

func TestAnswerable(t *testing.T) {
	wait := func(id string, roles ...quell.Role) quell.PlanStep {
		return quell.PlanStep{ID: id, Status: quell.StepWaiting, Mode: quell.Approve, Roles: roles}
	}
	ready, manual, gone, goneCall := wait("ready"), wait("manual"), wait("gone"), wait("gone-call")
	ready.Status, manual.Mode, gone.Irreversible = quell.StepReady, quell.Manual, true
	goneCall.Calls = []quell.Call{call(1).Or(call(2).AsIrreversible(), "X")}
	steps := []quell.PlanStep{wait("a", quell.Legal, quell.SecurityAnalyst), ready, wait("b"), manual, gone, goneCall, wait("c", quell.Legal)}
	tests := []struct {
		roles []quell.Role
		want  []string
	}{
		{quell.Roles, []string{"a legal", "b incident-manager", "c legal"}},
		{[]quell.Role{quell.SecurityAnalyst}, []string{"a security-analyst"}},
		{[]quell.Role{quell.IncidentManager}, []string{"b incident-manager"}},
		{nil, nil},
	}
	for _, tt := range tests {
		var got []string
		for _, answer := range Answerable(steps, tt.roles) {
			got = append(got, answer.Step.ID+" "+string(answer.As))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%v may answer %v, want %v", tt.roles, got, tt.want)
		}
	}
}

func TestDecide(t *testing.T) {
	step := quell.PlanStep{ID: "cut", Digest: "sha256:1", Calls: []quell.Call{call(1)}}
	d := Policy{}.Decide(step, "me", quell.Legal, true, "because", at(1))
	if d.Step != "cut" || d.Digest != "sha256:1" || !d.Yes || d.Person != "me" || d.As != quell.Legal || d.Reason != "because" || !d.Expires.Equal(at(25)) {
		t.Errorf("decided %+v", d)
	}
	if !Covered([]quell.Decision{d}, step.Calls, at(24)) || Covered([]quell.Decision{d}, step.Calls, at(25)) {
		t.Error("a decision does not cover what it was made for, until it expires")
	}
	if short := (Policy{Expiry: time.Hour}).Decide(step, "me", quell.Legal, true, "", at(1)); !short.Expires.Equal(at(2)) {
		t.Errorf("expires %s", short.Expires)
	}
}
