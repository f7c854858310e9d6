package sandbox

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// mostAttached is the quota of managed policies per user, role or group.
const mostAttached = 10

func registerAttached(r registry) {
	writes(r, "IAM.AttachUserPolicy", func(c *call, in *iam.AttachUserPolicyInput) (*iam.AttachUserPolicyOutput, error) {
		u, err := c.user(in.UserName)
		if err != nil {
			return nil, err
		}
		return nil, c.attach(&u.principal, in.PolicyArn)
	})
	writes(r, "IAM.AttachRolePolicy", func(c *call, in *iam.AttachRolePolicyInput) (*iam.AttachRolePolicyOutput, error) {
		role, err := c.role(in.RoleName)
		if err != nil {
			return nil, err
		}
		return nil, c.attach(&role.principal, in.PolicyArn)
	})
	writes(r, "IAM.AttachGroupPolicy", func(c *call, in *iam.AttachGroupPolicyInput) (*iam.AttachGroupPolicyOutput, error) {
		g, err := c.group(in.GroupName)
		if err != nil {
			return nil, err
		}
		return nil, c.attach(&g.principal, in.PolicyArn)
	})
	writes(r, "IAM.DetachUserPolicy", func(c *call, in *iam.DetachUserPolicyInput) (*iam.DetachUserPolicyOutput, error) {
		u, err := c.user(in.UserName)
		if err != nil {
			return nil, err
		}
		return nil, c.detach(&u.principal, in.PolicyArn)
	})
	writes(r, "IAM.DetachRolePolicy", func(c *call, in *iam.DetachRolePolicyInput) (*iam.DetachRolePolicyOutput, error) {
		role, err := c.role(in.RoleName)
		if err != nil {
			return nil, err
		}
		return nil, c.detach(&role.principal, in.PolicyArn)
	})
	writes(r, "IAM.DetachGroupPolicy", func(c *call, in *iam.DetachGroupPolicyInput) (*iam.DetachGroupPolicyOutput, error) {
		g, err := c.group(in.GroupName)
		if err != nil {
			return nil, err
		}
		return nil, c.detach(&g.principal, in.PolicyArn)
	})
	registerAttachedReads(r)
	registerBoundaries(r)
}

func registerAttachedReads(r registry) {
	reads(r, "IAM.ListAttachedUserPolicies",
		func(c *call, in *iam.ListAttachedUserPoliciesInput) (*iam.ListAttachedUserPoliciesOutput, error) {
			u, err := c.user(in.UserName)
			if err != nil {
				return nil, err
			}
			shown, next, err := c.attachedPage(&u.principal, in.PathPrefix, in.Marker, in.MaxItems)
			return &iam.ListAttachedUserPoliciesOutput{AttachedPolicies: shown, Marker: next, IsTruncated: next != nil}, err
		})
	reads(r, "IAM.ListAttachedRolePolicies",
		func(c *call, in *iam.ListAttachedRolePoliciesInput) (*iam.ListAttachedRolePoliciesOutput, error) {
			role, err := c.role(in.RoleName)
			if err != nil {
				return nil, err
			}
			shown, next, err := c.attachedPage(&role.principal, in.PathPrefix, in.Marker, in.MaxItems)
			return &iam.ListAttachedRolePoliciesOutput{AttachedPolicies: shown, Marker: next, IsTruncated: next != nil}, err
		})
	reads(r, "IAM.ListAttachedGroupPolicies",
		func(c *call, in *iam.ListAttachedGroupPoliciesInput) (*iam.ListAttachedGroupPoliciesOutput, error) {
			g, err := c.group(in.GroupName)
			if err != nil {
				return nil, err
			}
			shown, next, err := c.attachedPage(&g.principal, in.PathPrefix, in.Marker, in.MaxItems)
			return &iam.ListAttachedGroupPoliciesOutput{AttachedPolicies: shown, Marker: next, IsTruncated: next != nil}, err
		})
	reads(r, "IAM.ListEntitiesForPolicy", (*call).listEntitiesForPolicy)
}

func (c *call) attach(p *principal, arn *string) error {
	if c.account.policy(aws.ToString(arn)) == nil {
		return noSuchEntity("Policy %s does not exist or is not attachable.", aws.ToString(arn))
	}
	i, found := slices.BinarySearch(p.attached, *arn)
	if found {
		return nil
	}
	if len(p.attached) >= mostAttached {
		return limitExceeded("Cannot exceed quota for PoliciesPer%s%s: %d", strings.ToUpper(p.kind[:1]), p.kind[1:], mostAttached)
	}
	p.attached = slices.Insert(p.attached, i, *arn)
	c.changed(p)
	return nil
}

func (c *call) detach(p *principal, arn *string) error {
	i, found := slices.BinarySearch(p.attached, aws.ToString(arn))
	if !found {
		return noSuchEntity("Policy %s was not found.", aws.ToString(arn))
	}
	p.attached = slices.Delete(p.attached, i, i+1)
	c.changed(p)
	return nil
}

func (c *call) attachedPage(p *principal, prefix, marker *string, limit *int32) (
	[]iamtypes.AttachedPolicy, *string, error,
) {
	shown := []iamtypes.AttachedPolicy{}
	for _, arn := range p.attached {
		m := c.account.policy(arn)
		if strings.HasPrefix(m.path, aws.ToString(prefix)) {
			shown = append(shown, iamtypes.AttachedPolicy{PolicyArn: aws.String(arn), PolicyName: aws.String(m.name)})
		}
	}
	return iamPage(shown, func(a iamtypes.AttachedPolicy) string { return *a.PolicyArn }, marker, limit)
}

func (c *call) listEntitiesForPolicy(in *iam.ListEntitiesForPolicyInput) (*iam.ListEntitiesForPolicyOutput, error) {
	m, err := c.policy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	var all []*principal
	for _, p := range c.account.principals() {
		use := slices.Contains(p.attached, m.arn)
		if in.PolicyUsageFilter == iamtypes.PolicyUsageTypePermissionsBoundary {
			use = p.boundary == m.arn
		}
		kind := in.EntityFilter == "" || strings.EqualFold(string(in.EntityFilter), p.kind)
		if use && kind && strings.HasPrefix(p.path, aws.ToString(in.PathPrefix)) {
			all = append(all, p)
		}
	}
	shown, next, err := iamPage(all, func(p *principal) string { return p.kind + "/" + p.name }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListEntitiesForPolicyOutput{Marker: next, IsTruncated: next != nil}
	for _, p := range shown {
		switch p.kind {
		case "user":
			out.PolicyUsers = append(out.PolicyUsers, iamtypes.PolicyUser{UserId: aws.String(p.id), UserName: aws.String(p.name)})
		case "role":
			out.PolicyRoles = append(out.PolicyRoles, iamtypes.PolicyRole{RoleId: aws.String(p.id), RoleName: aws.String(p.name)})
		case "group":
			out.PolicyGroups = append(out.PolicyGroups, iamtypes.PolicyGroup{GroupId: aws.String(p.id), GroupName: aws.String(p.name)})
		}
	}
	return out, nil
}
