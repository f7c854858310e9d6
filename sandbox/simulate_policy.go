package sandbox

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/quell-ir/quell/sandbox/policy"
)

func registerSimulation(r registry) {
	reads(r, "IAM.SimulatePrincipalPolicy", (*call).simulatePrincipal,
		at(func(_ *call, in *iam.SimulatePrincipalPolicyInput) target {
			return target{arn: aws.ToString(in.PolicySourceArn)}
		}))
}

// simulatePrincipal evaluates the policies as they are written now. Enforcement may lag behind, which is why an answer
// of the simulator is a lesser proof than a refusal.
func (c *call) simulatePrincipal(in *iam.SimulatePrincipalPolicyInput) (*iam.SimulatePrincipalPolicyOutput, error) {
	source := aws.ToString(in.PolicySourceArn)
	all := c.account.principals()
	i := slices.IndexFunc(all, func(p *principal) bool { return p.arn == source })
	if i < 0 {
		return nil, noSuchEntity("The entity with ARN %s cannot be found.", source)
	}
	set, err := c.simulationSet(all[i], in)
	if err != nil {
		return nil, err
	}
	resources := in.ResourceArns
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	var results []iamtypes.EvaluationResult
	for _, action := range in.ActionNames {
		for _, resource := range resources {
			q := simulated(c.account, all[i], action, resource, in)
			results = append(results, evaluate(q, set))
		}
	}
	shown, next, err := iamPage(results, func(e iamtypes.EvaluationResult) string {
		return aws.ToString(e.EvalActionName) + " " + aws.ToString(e.EvalResourceName)
	}, in.Marker, in.MaxItems)
	return &iam.SimulatePrincipalPolicyOutput{EvaluationResults: shown, Marker: next, IsTruncated: next != nil}, err
}

func (c *call) simulationSet(p *principal, in *iam.SimulatePrincipalPolicyInput) (policy.Set, error) {
	set := policy.Set{SCPs: c.account.scps, Identity: c.account.collect(nil, p)}
	for _, g := range p.groups {
		set.Identity = c.account.collect(set.Identity, &g.principal)
	}
	if p.boundary != "" {
		set.Boundary = c.account.document(p.boundary)
	}
	for _, text := range in.PolicyInputList {
		doc, err := parseIdentity(text, "PolicyInputList", "none")
		if err != nil {
			return set, invalidInput("%s", err)
		}
		set.Identity = append(set.Identity, doc)
	}
	for _, text := range in.PermissionsBoundaryPolicyInputList {
		doc, err := parseIdentity(text, "PermissionsBoundaryPolicyInputList", "none")
		if err != nil {
			return set, invalidInput("%s", err)
		}
		set.Boundary = doc
	}
	if in.ResourcePolicy != nil {
		doc, err := policy.Parse(*in.ResourcePolicy, policy.Resource)
		if err != nil {
			return set, invalidInput("%s", err)
		}
		doc.ID = "ResourcePolicy"
		set.Resource = doc
	}
	return set, nil
}

// simulated is the question as the simulator poses it: only what the caller passes is in the context, and nothing that
// belongs to a session.
func simulated(a *account, p *principal, action, resource string, in *iam.SimulatePrincipalPolicyInput) *policy.Request {
	q := &policy.Request{Action: action, Resource: resource, Context: map[string][]string{"aws:principalarn": {p.arn}}}
	q.Caller = policy.Caller{Account: a.id, ARN: p.arn, ID: p.id}
	if p.kind == "user" {
		q.Context["aws:username"], q.Context["aws:userid"] = []string{p.name}, []string{p.id}
	}
	for _, e := range in.ContextEntries {
		q.Context[strings.ToLower(aws.ToString(e.ContextKeyName))] = e.ContextKeyValues
	}
	return q
}

func evaluate(q *policy.Request, set policy.Set) iamtypes.EvaluationResult {
	d := policy.Decide(q, set)
	e := iamtypes.EvaluationResult{
		EvalActionName: aws.String(q.Action), EvalResourceName: aws.String(q.Resource),
		EvalDecision: iamtypes.PolicyEvaluationDecisionTypeImplicitDeny, MatchedStatements: []iamtypes.Statement{},
	}
	switch {
	case d.Allowed:
		e.EvalDecision = iamtypes.PolicyEvaluationDecisionTypeAllowed
	case d.Explicit:
		e.EvalDecision = iamtypes.PolicyEvaluationDecisionTypeExplicitDeny
	}
	if d.By != nil {
		e.MatchedStatements = append(e.MatchedStatements, iamtypes.Statement{
			SourcePolicyId: aws.String(d.By.ID), SourcePolicyType: sourceType(d.By.Type),
		})
	}
	if len(set.SCPs) > 0 {
		e.OrganizationsDecisionDetail = &iamtypes.OrganizationsDecisionDetail{
			AllowedByOrganizations: d.Where != "service control policy",
		}
	}
	if set.Boundary != nil {
		e.PermissionsBoundaryDecisionDetail = &iamtypes.PermissionsBoundaryDecisionDetail{
			AllowedByPermissionsBoundary: d.Where != "permissions boundary",
		}
	}
	return e
}

func sourceType(kind string) iamtypes.PolicySourceType {
	switch kind {
	case "user":
		return iamtypes.PolicySourceTypeUser
	case "role":
		return iamtypes.PolicySourceTypeRole
	case "group":
		return iamtypes.PolicySourceTypeGroup
	case "managed":
		return iamtypes.PolicySourceTypeUserManaged
	}
	return iamtypes.PolicySourceTypeNone
}
