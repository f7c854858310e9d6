package simulate

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/actions"
	"github.com/quell-ir/quell/approve"
	"github.com/quell-ir/quell/ledger"
	"github.com/quell-ir/quell/plan"
	"github.com/quell-ir/quell/playbooks"
	"github.com/quell-ir/quell/respond"
	"github.com/quell-ir/quell/sandbox"
	"github.com/quell-ir/quell/source/scope"
)

// Responder is the identity that responds in a sandbox account.
func Responder(w *sandbox.World) string {
	return "arn:aws:iam::" + w.Account() + ":user/quell-responder"
}

// Kit is what every desk needs and what takes time to read: the actions and the playbooks.
type Kit struct {
	Actions  *action.Catalogue
	Books    []quell.Playbook
	Compiled *plan.Compiled
}

// NewKit reads the kit once.
func NewKit() (Kit, error) {
	catalogue, err := actions.Catalogue()
	if err != nil {
		return Kit{}, err
	}
	books, problems := plan.ReadPlaybooks(playbooks.Files)
	if len(problems) > 0 {
		return Kit{}, problems[0]
	}
	return Kit{catalogue, books, &plan.Compiled{}}, nil
}

// Desk is a desk in a sandbox account: the real one, with the account's clock and the responder's credentials.
func (k Kit) Desk(w *sandbox.World, log *ledger.Log, evidence action.Keeper, level approve.Level) *respond.Desk {
	reader := scope.Reader{Config: ReaderConfig(w), Clock: w.Clock(), Home: "us-east-1", Memory: scope.NewMemory()}
	return &respond.Desk{
		Log: log, Evidence: evidence, Compiled: k.Compiled, Actions: k.Actions, Books: k.Books, People: approve.Policy{Level: level},
		Settings: action.Settings{Responders: []string{Responder(w)}}, Clock: w.Clock(),
		Config: func(_ context.Context, _, region string, _ []quell.Call) (aws.Config, error) {
			if region == "" {
				region = "us-east-1"
			}
			return w.Admin(region), nil
		},
		Trail: func(ctx context.Context, principals []quell.Entity, since time.Time) (scope.Sighting, error) {
			return reader.Trail(ctx, principals, since, w.Clock().Now())
		},
		Live: reader.Live, Simulate: reader.Simulate, Self: Responder(w),
		Secret: func(reference string) (string, error) { return "Sandbox!" + reference, nil },
		By:     "responder", Owner: "sandbox", Credentials: "using the sandbox's administrator",
	}
}

// ReaderConfig gives the responder's credentials for reading.
func ReaderConfig(w *sandbox.World) func(context.Context, string) (aws.Config, error) {
	return func(_ context.Context, region string) (aws.Config, error) { return w.Admin(region), nil }
}

// Naive is the response that people reach for first: switch the key off, and nothing else.
func Naive() quell.Playbook {
	return quell.Playbook{
		ID: "naive", Title: "Switch the leaked key off", Version: "1", When: "true", Rank: 1,
		Steps: []quell.Step{{
			ID: "deactivate", Title: "Make the leaked key inactive", Action: "iam.deactivate-access-key", Mode: quell.Auto,
			ForEach: `incident.entities.filter(e, e.kind == "access-key" && e.id.startsWith("AKIA") && e.part != "made")`,
		}},
	}
}
