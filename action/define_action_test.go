package action_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/call"
)

type with struct{ Days int }

type state map[string]bool

// spec is a complete action over a map of flags: each flag that is off gets a call.
func spec() action.Spec[with, state] {
	return action.Spec[with, state]{
		Name: "toy.set", Title: "set", Phase: quell.Contain, Target: quell.KindUser,
		Doc:   action.Doc{What: "w", Why: "w", Breaks: "b", Undo: "u", Traps: []string{"one trap"}},
		Reads: []string{"iam:GetUser", "s3:ListBuckets", "iam:GetUser"},
		Writes: []*call.Definition{
			{Op: "iam:TagUser", Actions: []string{"iam:TagUser", "iam:PassRole"}, VisibleAfter: 3 * time.Second}, {Op: "iam:UntagUser", Actions: []string{"iam:UntagUser"}},
		},
		Look: func(context.Context, aws.Config, action.In[with, state]) (state, error) {
			return state{"b": false, "a": true}, nil
		},
		Plan: func(_ action.In[with, state], now state) ([]quell.Call, error) {
			var calls []quell.Call
			if !now["b"] {
				calls = append(calls, quell.Call{Op: "iam:TagUser"}.Or(quell.Call{Op: "iam:UntagUser", Region: "r"}, "X"))
			}
			return calls, nil
		},
	}
}

func TestLookAndPlan(t *testing.T) {
	s := spec()
	var before []state
	s.Plan = func(in action.In[with, state], now state) ([]quell.Call, error) {
		before = append(before, *in.Before)
		return spec().Plan(in, now)
	}
	s.Breaks = func(action.In[with, state], state) []string { return []string{"something"} }
	s.Outputs = func(in action.In[with, state], _ state) any { return map[string]int{"days": in.With.Days} }
	s.Settled = func(_ action.In[with, state], now state) bool { return now["a"] }
	a := action.Define(s)
	in := action.Input{Target: quell.Entity{Account: "1", Region: "eu-west-1"}, With: json.RawMessage(`{"Days":3}`)}
	seen, err := a.Look(t.Context(), aws.Config{}, in)
	if err != nil || string(seen) != `{"a":true,"b":false}` {
		t.Fatalf("state %s is not canonical: %v", seen, err)
	}
	out, err := a.Plan(in, seen)
	if err != nil || len(out.Calls) != 1 || out.Settled || out.Outputs != nil || len(out.Breaks) != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	if c := out.Calls[0]; c.Account != "1" || c.Region != "eu-west-1" || c.Else[0].Account != "1" || c.Else[0].Region != "r" {
		t.Errorf("a call goes where its target is unless it says so: %+v", c)
	}
	in.Before = json.RawMessage(`{"first":true}`)
	for _, test := range []struct {
		state   string
		settled bool
		outputs string
	}{{`{"a":true,"b":true}`, true, `{"days":3}`}, {`{"b":true}`, false, ""}} {
		out, err := a.Plan(in, json.RawMessage(test.state))
		if err != nil || out.Settled != test.settled || string(out.Outputs) != test.outputs || len(out.Breaks) != 0 {
			t.Errorf("%s: %+v, %v", test.state, out, err)
		}
	}
	if diff := cmp.Diff([]state{{"a": true, "b": false}, {"first": true}, {"first": true}}, before); diff != "" {
		t.Errorf("Before: %s", diff)
	}
}

func TestPlanErrorsAndRefusals(t *testing.T) {
	s := spec()
	s.Refuse = func(_ action.In[with, state], now state) string {
		if now["guarded"] {
			return "no"
		}
		return ""
	}
	broken := errors.New("broken")
	s.Plan = func(action.In[with, state], state) ([]quell.Call, error) { return nil, broken }
	a := action.Define(s)
	if out, err := a.Plan(action.Input{}, json.RawMessage(`{"guarded":true}`)); err != nil || out.Refused != "no" || out.Settled {
		t.Errorf("%+v, %v", out, err)
	}
	if _, err := a.Plan(action.Input{}, json.RawMessage(`{}`)); !errors.Is(err, broken) || !strings.Contains(err.Error(), "toy.set") {
		t.Errorf("%v", err)
	}
	for name, in := range map[string]action.Input{
		"an unknown parameter": {With: json.RawMessage(`{"Dayz":3}`)}, "a parameter of another type": {With: json.RawMessage(`{"Days":"x"}`)},
		"a broken first state": {Before: json.RawMessage(`[]`)},
	} {
		if _, err := a.Plan(in, json.RawMessage(`{}`)); err == nil {
			t.Errorf("%s was planned with", name)
		}
		if _, err := a.Look(t.Context(), aws.Config{}, in); err == nil {
			t.Errorf("%s was looked with", name)
		}
	}
	if _, err := a.Plan(action.Input{}, json.RawMessage(`[]`)); err == nil {
		t.Error("a broken state was planned from")
	}
}

// TestDefineRefusesHalfASpec: specs are package variables, so the first test of a new action meets this.
func TestDefineRefusesHalfASpec(t *testing.T) {
	collect := func(context.Context, aws.Config, action.In[with, state], action.Sink) error { return nil }
	for name, change := range map[string]func(*action.Spec[with, state]){
		"no name": func(s *action.Spec[with, state]) { s.Name = "" }, "no phase": func(s *action.Spec[with, state]) { s.Phase = "" },
		"no doc": func(s *action.Spec[with, state]) { s.Doc.Undo = "" }, "no look": func(s *action.Spec[with, state]) { s.Look = nil },
		"no plan": func(s *action.Spec[with, state]) { s.Plan = nil }, "no writes": func(s *action.Spec[with, state]) { s.Writes = nil },
		"no reads": func(s *action.Spec[with, state]) { s.Reads = nil }, "collects and plans": func(s *action.Spec[with, state]) { s.Collect = collect },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("it was taken")
				}
			}()
			s := spec()
			change(&s)
			action.Define(s)
		})
	}
}

func TestPermissionsAndCatalogue(t *testing.T) {
	a := action.Define(spec())
	if diff := cmp.Diff([]string{"iam:GetUser", "iam:PassRole", "iam:TagUser", "iam:UntagUser", "s3:ListAllMyBuckets"}, a.Permissions()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"iam:GetUser", "s3:ListAllMyBuckets"}, a.ReadPermissions()); diff != "" {
		t.Error(diff)
	}
	c, err := action.NewCatalogue(a)
	if err != nil || len(c.All()) != 1 {
		t.Fatal(err)
	}
	if found, ok := c.Find("toy.set"); !ok || found != a {
		t.Error("not found by its name")
	}
	if _, ok := c.Find("toy.other"); ok {
		t.Error("found what is not there")
	}
	if _, err := action.NewCatalogue(a, a); err == nil {
		t.Error("one name twice")
	}
	other := spec()
	other.Name = "toy.other"
	if _, err := action.NewCatalogue(a, action.Define(other)); err == nil {
		t.Error("two definitions of one operation")
	}
	if d := action.Delay(c.Calls, []quell.Call{{Op: "iam:UntagUser"}, {Op: "iam:TagUser"}, {Op: "x:Y"}}); d != 3*time.Second {
		t.Errorf("delay %s", d)
	}
	page := action.Describe(a)
	for _, want := range []string{"# toy.set", "## What breaks", "one trap", "can be taken back", "iam:PassRole"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}
