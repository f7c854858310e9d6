package action

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/call"
)

// Doc is the compulsory documentation of an action; docs/actions is generated from it.
type Doc struct {
	What   string   // one sentence: what it does
	Why    string   // what it stops, and what goes on without it
	Breaks string   // what may stop working
	Undo   string   // what undo does, and what it leaves
	Traps  []string // what naive implementations get wrong, and what this one does
	D3FEND []string // D3FEND technique ids
	Source []string // where the facts come from
}

// Settings are what an action may know of how Quell is set up.
type Settings struct {
	// Responders are ARNs that must never lock themselves out.
	Responders []string `json:"responders,omitempty"`
	// Protected are ids, names or ARNs that no step may touch.
	Protected []string `json:"protected,omitempty"`
	// RunsOn is the partition's name, aws by default.
	Partition string `json:"partition,omitempty"`
}

// Input is what the engine hands to an action, as data.
type Input struct {
	Target   quell.Entity
	With     json.RawMessage
	Incident quell.Incident
	Settings Settings
	Before   json.RawMessage // this step's first recorded state, nil on the first look
	// Clock serves collections that must pace themselves; Plan has no access to time.
	Clock quell.Clock
}

// In is Input with the action's own types.
type In[W, S any] struct {
	Target   quell.Entity
	With     W
	Incident quell.Incident
	Settings Settings
	Before   *S
	Clock    quell.Clock
}

// Made is the name of a thing that this incident's steps make: quell- and the incident's id.
func (in In[W, S]) Made() string { return MadeName(in.Incident.ID) }

// MadeName names what Quell makes for an incident.
func MadeName(incident string) string { return "quell-" + incident }

// TagKey is the tag on everything that Quell makes or holds; its value is the incident's id.
const TagKey = "quell:incident"

// Outcome is what a plan comes to.
type Outcome struct {
	Calls   []quell.Call
	Settled bool
	Breaks  []string
	Unseen  []string
	Outputs json.RawMessage
	// Refused is a guard's no, with its reason and what to do instead.
	Refused string
}

// Sink takes artefacts while an action collects.
type Sink interface {
	// Has says whether an artefact of this name is kept already, so that a collection can go on where it stopped.
	Has(name string) bool
	// Put keeps an artefact; missing says what could not be read into it.
	Put(ctx context.Context, name, from string, content io.Reader, missing []string) error
}

// Keeper keeps artefacts by their content.
type Keeper interface {
	Put(ctx context.Context, name, from string, content io.Reader, missing []string) (quell.Evidence, error)
}

// Spec defines an action over its parameters W and its state S. S must encode to the same JSON for the same facts:
// maps keyed by id rather than lists.
type Spec[W, S any] struct {
	Name   string // service.verb-noun
	Title  string // a few words for people
	Phase  quell.Phase
	Target quell.EntityKind
	Doc    Doc
	// Reads are the operations that Look, Collect and Simulate may call; nothing else can leave while they run.
	Reads []string
	// Writes are the operations the planned calls use, inverses included.
	Writes []*call.Definition
	// Leaves are JSON pointers into the state that undo may leave different, each with its reason.
	Leaves map[string]string
	// Volatile are state pointers outside drift and done.
	Volatile []string
	// Destroys and Preserves name evidence: "login-profile", "user".
	Destroys, Preserves []string
	// Irreversible says that some of its calls cannot be taken back, so that it always needs a person.
	Irreversible bool

	Look func(ctx context.Context, cfg aws.Config, in In[W, S]) (S, error)
	Plan func(in In[W, S], now S) ([]quell.Call, error)
	// Optional.
	Settled func(in In[W, S], now S) bool
	Breaks  func(in In[W, S], now S) []string
	Refuse  func(in In[W, S], now S) string
	Outputs func(in In[W, S], now S) any
	// Unseen says what a look could not see because the endpoint does not know the call, for people.
	Unseen func(in In[W, S], now S) []string
	// Collect makes the action one that gathers evidence instead of changing anything.
	Collect func(ctx context.Context, cfg aws.Config, in In[W, S], sink Sink) error
}

// Action is a Spec free of its types.
type Action struct {
	Name                string
	Title               string
	Phase               quell.Phase
	Target              quell.EntityKind
	Doc                 Doc
	Reads               []string
	Writes              []*call.Definition
	Leaves              map[string]string
	Volatile            []string
	Destroys, Preserves []string
	Irreversible        bool
	Collects            bool

	look    func(ctx context.Context, cfg aws.Config, in Input) (json.RawMessage, error)
	plan    func(in Input, state json.RawMessage) (Outcome, error)
	collect func(ctx context.Context, cfg aws.Config, in Input, sink Sink) error
}

// Define checks a spec and frees it of its types. It panics where the spec is incomplete: specs are package variables,
// so the first test finds it.
func Define[W, S any](spec Spec[W, S]) *Action {
	if err := check(spec); err != nil {
		panic(fmt.Sprintf("action %q: %v", spec.Name, err))
	}
	typed := func(in Input) (In[W, S], error) {
		out := In[W, S]{Target: in.Target, Incident: in.Incident, Settings: in.Settings, Clock: in.Clock}
		if len(in.With) > 0 {
			dec := json.NewDecoder(bytes.NewReader(in.With))
			dec.DisallowUnknownFields()
			if err := dec.Decode(&out.With); err != nil {
				return out, fmt.Errorf("parameters of %s: %w", spec.Name, err)
			}
		}
		if len(in.Before) > 0 {
			out.Before = new(S)
			if err := json.Unmarshal(in.Before, out.Before); err != nil {
				return out, fmt.Errorf("first state of %s: %w", spec.Name, err)
			}
		}
		return out, nil
	}
	a := &Action{
		Name: spec.Name, Title: spec.Title, Phase: spec.Phase, Target: spec.Target, Doc: spec.Doc, Reads: spec.Reads,
		Writes: spec.Writes, Leaves: spec.Leaves, Volatile: spec.Volatile, Destroys: spec.Destroys,
		Preserves: spec.Preserves, Irreversible: spec.Irreversible, Collects: spec.Collect != nil,
	}
	if spec.Collect != nil {
		a.collect = func(ctx context.Context, cfg aws.Config, in Input, sink Sink) error {
			t, err := typed(in)
			if err != nil {
				return err
			}
			return spec.Collect(ctx, call.Only(cfg, spec.Reads...), t, sink)
		}
		return a
	}
	a.look = func(ctx context.Context, cfg aws.Config, in Input) (json.RawMessage, error) {
		t, err := typed(in)
		if err != nil {
			return nil, err
		}
		state, err := spec.Look(ctx, call.Only(cfg, spec.Reads...), t)
		if err != nil {
			return nil, err
		}
		return quell.Canonical(state)
	}
	a.plan = func(in Input, raw json.RawMessage) (Outcome, error) {
		t, err := typed(in)
		if err != nil {
			return Outcome{}, err
		}
		var now S
		if err := json.Unmarshal(raw, &now); err != nil {
			return Outcome{}, fmt.Errorf("decode state of %s: %w", spec.Name, err)
		}
		if t.Before == nil {
			t.Before = &now
		}
		return outcome(spec, t, now)
	}
	return a
}

func outcome[W, S any](spec Spec[W, S], in In[W, S], now S) (Outcome, error) {
	var out Outcome
	if spec.Refuse != nil {
		if out.Refused = spec.Refuse(in, now); out.Refused != "" {
			return out, nil
		}
	}
	calls, err := spec.Plan(in, now)
	if err != nil {
		return out, fmt.Errorf("plan %s: %w", spec.Name, err)
	}
	for i := range calls {
		setAccount(&calls[i], in.Target)
	}
	out.Calls = calls
	out.Settled = len(calls) == 0 && (spec.Settled == nil || spec.Settled(in, now))
	if spec.Breaks != nil && len(calls) > 0 {
		out.Breaks = spec.Breaks(in, now)
	}
	if spec.Unseen != nil {
		out.Unseen = spec.Unseen(in, now)
	}
	if spec.Outputs != nil && out.Settled {
		if out.Outputs, err = json.Marshal(spec.Outputs(in, now)); err != nil {
			return out, fmt.Errorf("outputs of %s: %w", spec.Name, err)
		}
	}
	return out, nil
}

// setAccount says where a call goes, in itself and in its alternatives, where the action did not.
func setAccount(c *quell.Call, target quell.Entity) {
	if c.Account == "" {
		c.Account = target.Account
	}
	if c.Region == "" {
		c.Region = target.Region
	}
	for i := range c.Else {
		setAccount(&c.Else[i], target)
	}
}

func check[W, S any](spec Spec[W, S]) error {
	switch {
	case spec.Name == "" || spec.Title == "" || spec.Phase == "" || spec.Target == "":
		return errors.New("needs a name, a title, a phase and a target kind")
	case spec.Doc.What == "" || spec.Doc.Why == "" || spec.Doc.Undo == "" || spec.Doc.Breaks == "":
		return errors.New("needs Doc.What, Doc.Why, Doc.Breaks and Doc.Undo")
	case spec.Collect == nil && (spec.Look == nil || spec.Plan == nil):
		return errors.New("needs Look and Plan, or Collect")
	case spec.Collect != nil && (spec.Look != nil || spec.Plan != nil):
		return errors.New("either collects or plans")
	case spec.Collect == nil && len(spec.Writes) == 0:
		return errors.New("needs Writes")
	case len(spec.Reads) == 0:
		return errors.New("needs Reads")
	}
	return nil
}

// Look reads the target's state, as canonical JSON.
func (a *Action) Look(ctx context.Context, cfg aws.Config, in Input) (json.RawMessage, error) {
	return a.look(ctx, cfg, in)
}

// Plan derives what is left to do. It is pure.
func (a *Action) Plan(in Input, state json.RawMessage) (Outcome, error) { return a.plan(in, state) }

// Collect gathers evidence into the sink.
func (a *Action) Collect(ctx context.Context, cfg aws.Config, in Input, sink Sink) error {
	return a.collect(ctx, cfg, in, sink)
}

// Permissions lists the IAM actions that the action may need, sorted: reads, writes and inverses.
func (a *Action) Permissions() []string {
	set := map[string]bool{}
	for _, r := range a.Reads {
		set[permissionOf(r)] = true
	}
	for _, w := range a.Writes {
		for _, p := range w.Actions {
			set[p] = true
		}
	}
	out := make([]string, 0, len(set))
	for p := range set {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

// ReadPermissions lists the IAM actions that looking and collecting need, sorted.
func (a *Action) ReadPermissions() []string {
	set := make([]string, 0, len(a.Reads))
	for _, r := range a.Reads {
		set = append(set, permissionOf(r))
	}
	slices.Sort(set)
	return slices.Compact(set)
}

// readPermissions are the reads whose IAM action differs from the operation's name. Source: the S3 and IAM pages of
// the Service Authorization Reference.
var readPermissions = map[string]string{
	"s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
	"s3:ListBuckets":          "s3:ListAllMyBuckets",
	"s3:HeadBucket":           "s3:ListBucket",
	"s3:ListObjectsV2":        "s3:ListBucket",
	"s3:HeadObject":           "s3:GetObject",
}

func permissionOf(op string) string {
	if p, ok := readPermissions[op]; ok {
		return p
	}
	return op
}

// Delay is how long until reads are sure to show the writes of these calls.
func Delay(c call.Catalogue, calls []quell.Call) time.Duration {
	var longest time.Duration
	for _, k := range calls {
		if d, ok := c[k.Op]; ok {
			longest = max(longest, d.VisibleAfter)
		}
	}
	return longest
}
