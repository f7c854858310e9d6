package respond_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"golang.org/x/mod/sumdb/note"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/approve"
	"github.com/quell-ir/quell/evidence"
	"github.com/quell-ir/quell/ledger"
	"github.com/quell-ir/quell/respond"
	"github.com/quell-ir/quell/run"
	"github.com/quell-ir/quell/sandbox"
	"github.com/quell-ir/quell/simulate"
	"github.com/quell-ir/quell/store/memory"
)

// office is an account with a leaked key in it, a ledger, and desks over both.
type office struct {
	t      *testing.T
	world  *sandbox.World
	victim simulate.Victim
	store  ledger.Store
	signer note.Signer
	key    *ledger.PublicKey
	level  approve.Level
	keeper *evidence.Memory
	owners int
}

func newOffice(t *testing.T, level approve.Level) *office {
	t.Helper()
	secret, public, err := note.GenerateKey(nil, "quell-test")
	ok(t, err)
	signer, err := note.NewSigner(secret)
	ok(t, err)
	key, err := ledger.ParsePublicKey(public)
	ok(t, err)
	w := sandbox.New(sandbox.Options{Seed: 5, Regions: []string{"us-east-1"}, TrailLagMin: time.Minute, TrailLagMax: 2 * time.Minute})
	return &office{
		t: t, world: w, victim: simulate.NewVictim(w), store: memory.New(), signer: signer, key: key, level: level,
		keeper: &evidence.Memory{},
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// desk is a new process.
func (o *office) desk() *respond.Desk {
	o.t.Helper()
	kit, err := simulate.NewKit()
	ok(o.t, err)
	d := kit.Desk(o.world, ledger.Open(o.store, o.signer, o.key, o.world.Clock()), o.keeper, o.level)
	o.owners++
	d.Owner += string(rune('a' + o.owners))
	return d
}

func (o *office) sleep(d time.Duration) {
	o.t.Helper()
	ok(o.t, o.world.Clock().Sleep(o.t.Context(), d))
}

// open records somebody's word that the key has leaked.
func (o *office) open() string {
	o.t.Helper()
	opened, err := o.desk().Open(o.t.Context(), []quell.Finding{simulate.Told(o.victim, o.world.Clock().Now())})
	ok(o.t, err)
	return opened[0].ID
}

func (o *office) respond(id string, options respond.Options) respond.Outcome {
	o.t.Helper()
	out, err := o.desk().Respond(o.t.Context(), id, options)
	ok(o.t, err)
	return out
}

func (o *office) undo(id string, options respond.UndoOptions) respond.Outcome {
	o.t.Helper()
	out, err := o.desk().Undo(o.t.Context(), id, options)
	ok(o.t, err)
	return out
}

func (o *office) change(id, what, to string) {
	o.t.Helper()
	ok(o.t, o.desk().Change(o.t.Context(), id, quell.Change{What: what, To: to, Reason: "test"}))
}

func (o *office) iam() *iam.Client { return iam.NewFromConfig(o.world.Admin("us-east-1")) }

// user is what stands of the quarantine of a user: how many inline policies, and the status of its first key.
func (o *office) user(name string) (policies int, key types.StatusType) {
	o.t.Helper()
	inline, err := o.iam().ListUserPolicies(o.t.Context(), &iam.ListUserPoliciesInput{UserName: &name})
	ok(o.t, err)
	keys, err := o.iam().ListAccessKeys(o.t.Context(), &iam.ListAccessKeysInput{UserName: &name})
	ok(o.t, err)
	if len(keys.AccessKeyMetadata) > 0 {
		key = keys.AccessKeyMetadata[0].Status
	}
	return len(inline.PolicyNames), key
}

func (o *office) wantUser(when string, policies int, key types.StatusType) {
	o.t.Helper()
	if p, k := o.user(o.victim.User); p != policies || k != key {
		o.t.Errorf("%s: the user has %d policies and a key that is %s; want %d and %s", when, p, k, policies, key)
	}
}

func status(out respond.Outcome, id string) quell.StepStatus {
	for _, p := range out.Plan.Steps {
		if p.ID == id {
			return p.Status
		}
	}
	return ""
}

// calls counts what was sent, by operation.
func (o *office) calls(id, op string) int {
	o.t.Helper()
	records, err := ledger.Open(o.store, o.signer, o.key, o.world.Clock()).Records(o.t.Context(), id, 0)
	ok(o.t, err)
	n := 0
	for _, r := range records {
		if r.Kind == quell.RecordIntent {
			i, err := quell.Payload[quell.Intent](r)
			ok(o.t, err)
			if op == "" || i.Op == op {
				n++
			}
		}
	}
	return n
}

func (o *office) state(id string) *run.State {
	o.t.Helper()
	out, err := o.desk().Show(o.t.Context(), id)
	ok(o.t, err)
	return out.Run
}

// with changes how a desk reaches the account.
func with(d *respond.Desk, change func(cfg aws.Config, calls []quell.Call) (aws.Config, error)) *respond.Desk {
	inner := d.Config
	d.Config = func(ctx context.Context, account, region string, calls []quell.Call) (aws.Config, error) {
		cfg, err := inner(ctx, account, region, calls)
		if err != nil {
			return cfg, err
		}
		return change(cfg, calls)
	}
	return d
}
