package act_test

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
	"github.com/quell-ir/quell/act"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/call"
	"github.com/quell-ir/quell/run"
)

// still is a clock that stands.
type still struct{}

func (still) Now() time.Time                                   { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }
func (still) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// newActor acts with one action that always plans the given calls.
func newActor(t *testing.T, settings action.Settings, calls ...quell.Call) *act.Actor {
	t.Helper()
	toy := action.Define(action.Spec[struct{}, map[string]string]{
		Name: "toy.set", Title: "set", Phase: quell.Contain, Target: quell.KindUser,
		Doc: action.Doc{What: "w", Why: "w", Breaks: "b", Undo: "u"}, Reads: []string{"iam:GetUser"},
		Writes: []*call.Definition{{Op: "iam:TagUser", Actions: []string{"iam:TagUser"}}},
		Look: func(context.Context, aws.Config, action.In[struct{}, map[string]string]) (map[string]string, error) {
			return map[string]string{"k": "quell"}, nil
		},
		Plan: func(action.In[struct{}, map[string]string], map[string]string) ([]quell.Call, error) {
			return calls, nil
		},
	})
	catalogue, err := action.NewCatalogue(toy)
	if err != nil {
		t.Fatal(err)
	}
	return &act.Actor{
		Actions: catalogue, Settings: settings, Clock: still{},
		Config: func(context.Context, string, string, []quell.Call) (aws.Config, error) { return aws.Config{}, nil },
	}
}

func alice() quell.PlanStep {
	return quell.PlanStep{ID: "s", Action: "toy.set", Target: quell.Entity{
		Kind: quell.KindUser, ID: "AIDA1", Name: "alice", ARN: "arn:aws:iam::1:user/alice", Account: "1",
	}}
}

// TestGuards refuse before anything is read, whichever way the setting names the target.
func TestGuards(t *testing.T) {
	for _, test := range []struct {
		name     string
		settings action.Settings
		undo     string
		refused  string
	}{
		{"free", action.Settings{Protected: []string{"bob"}}, "", ""},
		{"protected by name", action.Settings{Protected: []string{"alice"}}, "", "protected"},
		{"by id", action.Settings{Protected: []string{"AIDA1"}}, "", "protected"},
		{"by ARN", action.Settings{Protected: []string{"arn:aws:iam::1:user/alice"}}, "", "protected"},
		{"by account", action.Settings{Protected: []string{"1"}}, "", "protected"},
		{"Quell's own identity", action.Settings{Responders: []string{"arn:aws:iam::1:user/alice"}}, "", "itself acts with"},
		{"undo is never held up", action.Settings{Protected: []string{"alice"}}, "of", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := newActor(t, test.settings, quell.Call{Op: "iam:TagUser", Kind: quell.Reversible})
			st := &run.Step{PlanStep: alice()}
			st.Undo = test.undo
			planned, err := a.Look(t.Context(), quell.Incident{ID: "q-1"}, st, &run.Step{}, run.NewState())
			if err != nil || (planned.Refused != "") != (test.refused != "") || !strings.Contains(planned.Refused, test.refused) {
				t.Fatalf("%+v, %v", planned, err)
			}
			if planned.Refused != "" && len(planned.Calls) > 0 {
				t.Error("a refused step has calls")
			}
		})
	}
}

func TestLookCountsRoundsAndDigests(t *testing.T) {
	a := newActor(t, action.Settings{}, quell.Call{Op: "iam:TagUser", Input: json.RawMessage(`{"a":"${now}"}`)})
	st := &run.Step{PlanStep: alice(), Round: 2, Progress: []run.Progress{{}}}
	one, err := a.Look(t.Context(), quell.Incident{}, st, nil, run.NewState())
	if err != nil || one.Round != 2 || one.Digest == "" || one.Settled {
		t.Fatalf("%+v, %v", one, err)
	}
	st.Progress[0].Tries = 1
	two, err := a.Look(t.Context(), quell.Incident{}, st, nil, run.NewState())
	if err != nil || two.Round != 3 || two.Digest != one.Digest {
		t.Errorf("the round counts sends, and no digest: %+v, %v", two, err)
	}
	for name, change := range map[string]func(*quell.PlanStep){
		"step": func(p *quell.PlanStep) { p.ID = "x" }, "action": func(p *quell.PlanStep) { p.Action = "x" },
		"target": func(p *quell.PlanStep) { p.Target.ID = "x" }, "parameters": func(p *quell.PlanStep) { p.With = json.RawMessage(`{"x":1}`) },
	} {
		p := alice()
		change(&p)
		if d, err := act.StepDigest(p, one.Calls); err != nil || d == one.Digest {
			t.Errorf("the digest does not cover the %s: %v", name, err)
		}
	}
	if d, err := act.StepDigest(alice(), nil); err != nil || d == one.Digest {
		t.Errorf("the digest does not cover the calls: %v", err)
	}
	x, _ := act.PlanDigest([]quell.PlanStep{{Digest: "a"}, {Digest: "b"}})
	y, _ := act.PlanDigest([]quell.PlanStep{{Digest: "b"}, {Digest: "a"}})
	if x == y {
		t.Error("a plan's digest does not cover the order of its steps")
	}
	st.Action = "toy.unknown"
	if _, err := a.Look(t.Context(), quell.Incident{}, st, nil, run.NewState()); quell.CodeOf(err) != quell.CodeUsage {
		t.Errorf("an unknown action: %v", err)
	}
}

// TestPrepare fills a call; what is recorded never has the secret, and the same call has the same key.
func TestPrepare(t *testing.T) {
	a := newActor(t, action.Settings{})
	var references []string
	a.Secret = func(reference string) (string, error) {
		references = append(references, reference)
		return "hunter2", nil
	}
	st := &run.Step{PlanStep: alice()}
	st.Digest = "d"
	st.Calls = []quell.Call{quell.Call{Op: "iam:A", Input: json.RawMessage(`{"Password":"${secret}","At":"${now}"}`)}.
		Or(quell.Call{Op: "iam:B", Input: json.RawMessage(`{"Token":"${token}"}`)}, "X")}
	one, err := a.Prepare(st, run.Command{Try: 1})
	if err != nil || string(one.Intent.Input) != `{"Password":"${secret}","At":"2026-03-02T09:00:00Z"}` {
		t.Fatalf("%s, %v", one.Intent.Input, err)
	}
	again, err := a.Prepare(st, run.Command{Try: 2})
	if err != nil || again.Intent.Key != one.Intent.Key || again.Intent.Try != 2 {
		t.Errorf("%+v, %v", again.Intent, err)
	}
	if len(references) != 2 || references[0] != references[1] || strings.Contains(references[0], "hunter2") {
		t.Errorf("references %q", references)
	}
	other, err := a.Prepare(st, run.Command{Way: 1, Try: 1})
	if err != nil || other.Intent.Op != "iam:B" || other.Intent.Key == one.Intent.Key || string(other.Intent.Input) != `{"Token":"`+other.Intent.Key+`"}` {
		t.Errorf("%+v, %v", other.Intent, err)
	}
	if _, err := a.Prepare(st, run.Command{Way: 2}); err == nil {
		t.Error("a way that is not there was prepared")
	}
	a.Secret = nil
	if _, err := a.Prepare(st, run.Command{}); err == nil {
		t.Error("a secret was made with no place to keep it")
	}
}

func TestCheckNoSecret(t *testing.T) {
	for input, fine := range map[string]bool{
		`{"Password":"${secret}"}`: true, `{"Password":"x"}`: false, `{"SecretString":"x${secret}"}`: false, `{"SecretBinary":null}`: false,
		`{"SessionToken":""}`: false, `{"UserName":"Password"}`: true, `{}`: true, `[]`: false, `{`: false,
	} {
		if err := act.CheckNoSecret(json.RawMessage(input)); (err == nil) != fine {
			t.Errorf("%s: %v", input, err)
		}
	}
}

func TestSendSaysWhatBecameOfIt(t *testing.T) {
	a := newActor(t, action.Settings{})
	st := &run.Step{PlanStep: alice()}
	st.Calls = []quell.Call{{Op: "iam:NoSuchOperation", Input: json.RawMessage(`{}`)}}
	p, err := a.Prepare(st, run.Command{Try: 1})
	if err != nil {
		t.Fatal(err)
	}
	if r := a.Send(t.Context(), st, p); r.OK || r.Code != call.CodeInput || r.Key != p.Intent.Key {
		t.Errorf("an unknown operation: %+v", r)
	}
	a.Config = func(context.Context, string, string, []quell.Call) (aws.Config, error) {
		return aws.Config{}, errors.New("no\x1brole")
	}
	want := quell.Result{Key: p.Intent.Key, Code: "NoCredentials", Message: "no␛role"}
	if diff := cmp.Diff(want, a.Send(t.Context(), st, p)); diff != "" {
		t.Error(diff)
	}
}
