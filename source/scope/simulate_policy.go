package scope

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/call"
)

// Judgements are what policy evaluation says of actions: allowed or denied. An action that could not be asked about is
// missing.
type Judgements map[string]bool

// perRequest is how many actions one simulation is asked about; a page of its results holds 100.
const perRequest = 100

// Simulate asks IAM what a principal may do on every resource. It sees identity policies, boundaries and SCPs, neither
// resource policies nor those of a session. why says why an action is missing from the judgements.
// Source: IAM API reference, SimulatePrincipalPolicy.
func (r Reader) Simulate(ctx context.Context, arn string, actions []string) (out Judgements, why string) {
	out = Judgements{}
	cfg, err := r.Config(ctx, r.Home)
	if err != nil {
		return out, quell.Cut(err.Error(), 200)
	}
	for batch := range slices.Chunk(actions, perRequest) {
		var marker *string
		for {
			page, err := iam.NewFromConfig(cfg).SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{
				PolicySourceArn: &arn, ActionNames: batch, Marker: marker,
			})
			if err != nil {
				return out, whyNotSimulated(err)
			}
			for _, result := range page.EvaluationResults {
				out[aws.ToString(result.EvalActionName)] = result.EvalDecision == types.PolicyEvaluationDecisionTypeAllowed
			}
			if !page.IsTruncated {
				break
			}
			marker = page.Marker
		}
	}
	return out, "not every permission could be judged"
}

func whyNotSimulated(err error) string {
	switch code := call.Code(err); {
	case code == call.CodeNotAvailable:
		return "iam:SimulatePrincipalPolicy is not available at this endpoint"
	case call.Denied(code):
		return "iam:SimulatePrincipalPolicy is not allowed to this principal"
	}
	return quell.Cut(err.Error(), 200)
}
