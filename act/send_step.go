package act

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/call"
	"github.com/quell-ir/quell/run"
)

// Prepared is a call about to leave: what is recorded, and what is sent. They differ in secrets only.
type Prepared struct {
	Intent quell.Intent
	send   quell.Call
}

// Prepare fills a call of a step for sending.
func (a *Actor) Prepare(st *run.Step, c run.Command) (Prepared, error) {
	planned, ok := st.Calls[c.Call].Way(c.Way)
	if !ok {
		return Prepared{}, fmt.Errorf("step %s has no alternative %d of call %d", st.ID, c.Way, c.Call)
	}
	key := quell.ShortHash(32, st.ID, st.Digest, fmt.Sprint(c.Call), fmt.Sprint(c.Way))
	reference := quell.ShortHash(16, st.ID, key)
	secret := func() (string, error) {
		if a.Secret == nil {
			return "", errors.New("no place to keep a secret is set up")
		}
		return a.Secret(reference)
	}
	send, record, err := call.Fill(planned, a.Clock.Now(), key, secret)
	if st.Undo != "" {
		send, record, err = call.FillInverse(planned, key, secret)
	}
	if err != nil {
		return Prepared{}, err
	}
	return Prepared{
		Intent: quell.Intent{
			Key: key, Op: record.Op, Input: record.Input, Edit: record.Edit, Try: c.Try, Undo: st.Undo != "",
			Of: c.Call, Way: c.Way,
		},
		send: send,
	}, nil
}

// sendTimeout bounds one call, so that a new owner of the incident knows when an open intent can no longer be on its
// way.
const sendTimeout = 30 * time.Second

// Send sends a prepared call and says what became of it. It fails only where nothing can be said.
func (a *Actor) Send(ctx context.Context, st *run.Step, p Prepared) quell.Result {
	result := quell.Result{Key: p.Intent.Key}
	cfg, err := a.Config(ctx, p.send.Account, p.send.Region, []quell.Call{p.send})
	if err != nil {
		result.Code, result.Message = "NoCredentials", quell.Clean(err.Error())
		return result
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	sent, err := a.Actions.Calls.Send(ctx, cfg, p.send)
	result.RequestID = sent.RequestID
	result.Outputs, result.Before, result.After, result.Lost = sent.Outputs, sent.Before, sent.After, sent.Lost
	if err != nil {
		result.Code = call.Code(err)
		if errors.Is(err, call.ErrNotApplied) {
			result.Code = run.CodeNotApplied
		}
		result.Message = explain(result.Code, err)
		return result
	}
	result.OK = true
	if sent.AlreadyDone {
		result.Message = "the effect was there already"
	}
	return result
}

// explain shortens the SDK's error to what a person needs.
func explain(code string, err error) string {
	switch {
	case code == call.CodeNotAvailable:
		return "the endpoint does not know this call (its answer was not the service's own)"
	case call.Expired(code):
		return "the credentials at hand are expired or no longer valid; sign in again and run `quell run`"
	}
	return quell.Cut(err.Error(), 400)
}

// Collect gathers a step's evidence.
func (a *Actor) Collect(ctx context.Context, incident quell.Incident, st *run.Step, sink action.Sink) error {
	act, err := a.find(st.Action)
	if err != nil {
		return err
	}
	cfg, err := a.Config(ctx, st.Target.Account, st.Target.Region, nil)
	if err != nil {
		return fmt.Errorf("credentials for %s: %w", st.Target.Account, err)
	}
	if err := act.Collect(ctx, cfg, a.input(incident, st), sink); err != nil {
		return fmt.Errorf("collect %s: %w", act.Name, err)
	}
	return nil
}

// Rules are the parts of deciding that depend on the actions.
func (a *Actor) Rules(covered func(*run.Step) bool) run.Rules {
	return run.Rules{
		Collects: func(name string) bool {
			act, ok := a.Actions.Find(name)
			return ok && act.Collects
		},
		Delay:   func(calls []quell.Call) time.Duration { return action.Delay(a.Actions.Calls, calls) },
		Covered: covered,
		Retry:   call.Throttled,
		Lost:    func(code string) bool { return code == call.CodeNoAnswer || code == run.CodeNotApplied },
	}
}

// WithoutRetries is a copy of cfg whose calls are sent once: the decider counts tries, and each try has its intent.
func WithoutRetries(cfg aws.Config) aws.Config {
	cfg = cfg.Copy()
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return cfg
}

// secretFields are the fields whose values never enter a record.
var secretFields = []string{"Password", "SecretString", "SecretBinary", "SecretAccessKey", "SessionToken"}

// CheckNoSecret refuses an input that would put a secret into the ledger: such fields may only hold ${secret}.
func CheckNoSecret(input json.RawMessage) error {
	var fields map[string]any
	if err := json.Unmarshal(input, &fields); err != nil {
		return fmt.Errorf("decode input: %w", err)
	}
	for _, name := range secretFields {
		if v, ok := fields[name]; ok && v != call.FillSecret {
			return fmt.Errorf("field %s may only hold %s", name, call.FillSecret)
		}
	}
	return nil
}
