package local_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/act"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/call"
	"github.com/quell-ir/quell/run"
	"github.com/quell-ir/quell/run/local"
	"github.com/quell-ir/quell/sandbox"
)

var errKilled = errors.New("killed")

// journal keeps records in memory and may die, lose its lease, or be heard.
type journal struct {
	clock   quell.Clock
	records []quell.Record
	dieAt   int
	ready   error
	hear    func(quell.Record)
}

func (j *journal) Append(_ context.Context, records ...quell.Record) ([]quell.Record, error) {
	var kept []quell.Record
	for _, r := range records {
		if j.dieAt > 0 && len(j.records) >= j.dieAt {
			return kept, errKilled
		}
		r.Seq, r.Time = int64(len(j.records)), j.clock.Now()
		j.records = append(j.records, r)
		kept = append(kept, r)
		if j.hear != nil {
			j.hear(r)
		}
	}
	return kept, nil
}

func (j *journal) Ready(context.Context) error {
	if j.dieAt > 0 && len(j.records) >= j.dieAt {
		return errKilled
	}
	return j.ready
}

// count says how many records of a kind a step has; an empty step counts all.
func (j *journal) count(kind quell.RecordKind, step string) int {
	n := 0
	for _, r := range j.records {
		if r.Kind == kind && (step == "" || r.Step == step) {
			n++
		}
	}
	return n
}

type keeper map[string]string

func (k keeper) Put(_ context.Context, name, from string, content io.Reader, missing []string) (quell.Evidence, error) {
	text, err := io.ReadAll(content)
	if err != nil {
		return quell.Evidence{}, err
	}
	k[name] = string(text)
	return quell.Evidence{Name: name, SHA256: quell.ShortHash(64, string(text)), From: from, Complete: len(missing) == 0, Missing: missing}, nil
}

// The toy playbook's calls.
var (
	tagUser    = call.Define("iam:TagUser", iam.NewFromConfig, (*iam.Client).TagUser, call.VisibleAfter(2*time.Second))
	untagUser  = call.Define("iam:UntagUser", iam.NewFromConfig, (*iam.Client).UntagUser)
	putPolicy  = call.Define("iam:PutUserPolicy", iam.NewFromConfig, (*iam.Client).PutUserPolicy, call.VisibleAfter(2*time.Second))
	dropPolicy = call.Define("iam:DeleteUserPolicy", iam.NewFromConfig, (*iam.Client).DeleteUserPolicy, call.DoneOn("NoSuchEntity"))
	makeLogin  = call.Define("iam:CreateLoginProfile", iam.NewFromConfig, (*iam.Client).CreateLoginProfile)
)

var doc = action.Doc{What: "w", Why: "w", Breaks: "b", Undo: "u"}

type userState struct {
	Tagged bool `json:"tagged"`
	Denied bool `json:"denied"`
}

// toy makes the actions of the toy playbook. looks hears of each look, and may fail it.
func toy(t *testing.T, looks func(target string) error) *action.Catalogue {
	t.Helper()
	look := func(ctx context.Context, cfg aws.Config, in action.In[struct{}, userState]) (userState, error) {
		var s userState
		if err := looks(in.Target.Name); err != nil {
			return s, err
		}
		client := iam.NewFromConfig(cfg)
		tags, err := client.ListUserTags(ctx, &iam.ListUserTagsInput{UserName: &in.Target.Name})
		if err != nil {
			return s, err
		}
		s.Tagged = slices.ContainsFunc(tags.Tags, func(tag types.Tag) bool { return *tag.Key == action.TagKey })
		policies, err := client.ListUserPolicies(ctx, &iam.ListUserPoliciesInput{UserName: &in.Target.Name})
		if err != nil {
			return s, err
		}
		s.Denied = slices.Contains(policies.PolicyNames, in.Made())
		return s, nil
	}
	reads := []string{"iam:ListUserTags", "iam:ListUserPolicies"}
	tag := action.Define(action.Spec[struct{}, userState]{
		Name: "toy.tag", Title: "tag", Phase: quell.Preserve, Target: quell.KindUser, Doc: doc, Reads: reads,
		Writes: []*call.Definition{tagUser.Definition, untagUser.Definition}, Look: look,
		Plan: func(in action.In[struct{}, userState], now userState) ([]quell.Call, error) {
			if now.Tagged {
				return nil, nil
			}
			return []quell.Call{tagUser.With(&iam.TagUserInput{
				UserName: &in.Target.Name, Tags: []types.Tag{{Key: aws.String(action.TagKey), Value: &in.Incident.ID}},
			}).UndoneBy(untagUser.With(&iam.UntagUserInput{UserName: &in.Target.Name, TagKeys: []string{action.TagKey}})).Touching("/tagged")}, nil
		},
	})
	deny := action.Define(action.Spec[struct{}, userState]{
		Name: "toy.deny", Title: "deny", Phase: quell.Contain, Target: quell.KindUser, Doc: doc, Reads: reads,
		Writes: []*call.Definition{putPolicy.Definition, dropPolicy.Definition}, Look: look,
		Plan: func(in action.In[struct{}, userState], now userState) ([]quell.Call, error) {
			if now.Denied {
				return nil, nil
			}
			return []quell.Call{putPolicy.With(&iam.PutUserPolicyInput{
				UserName: &in.Target.Name, PolicyName: aws.String(in.Made()),
				PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`),
			}).UndoneBy(dropPolicy.With(&iam.DeleteUserPolicyInput{UserName: &in.Target.Name, PolicyName: aws.String(in.Made())})).Touching("/denied")}, nil
		},
		// Deny without the tag would leave a policy that nobody can tell the origin of; the playbook's order prevents it.
		Refuse: func(_ action.In[struct{}, userState], now userState) string {
			if !now.Tagged {
				return "the user is not tagged yet"
			}
			return ""
		},
	})
	leak := action.Define(action.Spec[struct{}, userState]{
		Name: "toy.leak", Title: "leak", Phase: quell.Recover, Target: quell.KindUser, Doc: doc, Reads: reads,
		Writes: []*call.Definition{makeLogin.Definition}, Look: look, Irreversible: true,
		Plan: func(in action.In[struct{}, userState], _ userState) ([]quell.Call, error) {
			return []quell.Call{makeLogin.With(&iam.CreateLoginProfileInput{UserName: &in.Target.Name, Password: aws.String("in the clear")})}, nil
		},
	})
	collect := action.Define(action.Spec[struct{}, userState]{
		Name: "toy.collect", Title: "collect", Phase: quell.Preserve, Target: quell.KindUser, Doc: doc, Reads: []string{"iam:GetUser"},
		Collect: func(ctx context.Context, cfg aws.Config, in action.In[struct{}, userState], sink action.Sink) error {
			for _, name := range []string{"a.json", "b.json"} {
				if sink.Has(name) {
					continue
				}
				out, err := iam.NewFromConfig(cfg).GetUser(ctx, &iam.GetUserInput{UserName: &in.Target.Name})
				if err != nil {
					return err
				}
				text, err := json.Marshal(out.User)
				if err != nil {
					return err
				}
				if err := sink.Put(ctx, name, "iam:GetUser", bytes.NewReader(text), nil); err != nil {
					return err
				}
			}
			return nil
		},
	})
	catalogue, err := action.NewCatalogue(tag, deny, leak, collect)
	if err != nil {
		t.Fatal(err)
	}
	return catalogue
}

// bench is a simulated account and a driver over it.
type bench struct {
	world   *sandbox.World
	journal *journal
	keeper  keeper
	actor   *act.Actor
	looks   map[string]int
	fail    func(target string) error // fails a look
	driver  *local.Driver
}

func newBench(t *testing.T, options sandbox.Options) *bench {
	t.Helper()
	options.Seed = 1
	w := sandbox.New(options)
	w.AddUser("alice", "AdministratorAccess")
	w.AddUser("bob", "AdministratorAccess")
	b := &bench{world: w, journal: &journal{clock: w.Clock()}, keeper: keeper{}, looks: map[string]int{}}
	b.actor = &act.Actor{
		Clock: w.Clock(),
		Actions: toy(t, func(target string) error {
			b.looks[target]++
			if b.fail != nil {
				return b.fail(target)
			}
			return nil
		}),
		Config: func(_ context.Context, _, _ string, calls []quell.Call) (aws.Config, error) {
			if calls == nil {
				return w.Admin("us-east-1"), nil
			}
			return act.WithoutRetries(w.Admin("us-east-1")), nil
		},
	}
	b.open(t)
	return b
}

// open is a new process over the same journal.
func (b *bench) open(t *testing.T) *local.Driver {
	t.Helper()
	state, err := run.Replay(b.journal.records)
	if err != nil {
		t.Fatal(err)
	}
	state.Incident = "q-1"
	b.journal.dieAt = 0
	b.driver = &local.Driver{
		Journal: b.journal, Actor: b.actor, Clock: b.world.Clock(), Evidence: b.keeper, By: "tester", State: state,
		Incident: func() quell.Incident { return quell.Incident{ID: "q-1", Account: b.world.Account()} },
	}
	return b.driver
}

func step(id, name, user string, needs ...string) quell.PlanStep {
	phase := quell.Preserve
	if name == "toy.deny" {
		phase = quell.Contain
	}
	return quell.PlanStep{
		ID: id, Action: name, Mode: quell.Auto, Phase: phase, Needs: needs,
		Target: quell.Entity{Kind: quell.KindUser, ID: "AIDA" + user, Name: user, Account: "123456789012"},
	}
}

func (b *bench) put(t *testing.T, kind quell.RecordKind, payload any) error {
	t.Helper()
	r, err := quell.NewRecord("q-1", kind, "tester", "", payload)
	if err != nil {
		t.Fatal(err)
	}
	return b.driver.Append(t.Context(), r)
}

// apply binds steps where none are, begins a run and settles it.
func (b *bench) apply(t *testing.T, steps ...quell.PlanStep) error {
	t.Helper()
	if len(b.driver.State.Order) == 0 {
		if err := b.put(t, quell.RecordBound, quell.Bound{Steps: steps}); err != nil {
			return err
		}
	}
	if err := b.driver.Start(t.Context(), quell.RunStarted{Apply: true}); err != nil {
		return err
	}
	return b.driver.Settle(t.Context())
}

func (b *bench) status(id string) quell.StepStatus { return b.driver.State.Steps[id].Status }

// look is what stands in the account.
func (b *bench) look(t *testing.T, user string) userState {
	t.Helper()
	client := iam.NewFromConfig(b.world.Admin("us-east-1"))
	tags, err := client.ListUserTags(t.Context(), &iam.ListUserTagsInput{UserName: &user})
	ok(t, err)
	policies, err := client.ListUserPolicies(t.Context(), &iam.ListUserPoliciesInput{UserName: &user})
	ok(t, err)
	return userState{Tagged: len(tags.Tags) > 0, Denied: len(policies.PolicyNames) > 0}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var throttled = &smithy.GenericAPIError{Code: "Throttling", Message: "slower"}
