package sandbox

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/quell-ir/quell/sandbox/policy"
)

func registerRoles(r registry) {
	writes(r, "IAM.CreateRole", (*call).createRole)
	reads(r, "IAM.GetRole", (*call).getRole)
	reads(r, "IAM.ListRoles", (*call).listRoles)
	writes(r, "IAM.UpdateRole", (*call).updateRole)
	writes(r, "IAM.DeleteRole", (*call).deleteRole)
	writes(r, "IAM.UpdateAssumeRolePolicy", (*call).updateAssumeRolePolicy)
	writes(r, "IAM.TagRole", func(c *call, in *iam.TagRoleInput) (*iam.TagRoleOutput, error) {
		role, err := c.role(in.RoleName)
		if err != nil {
			return nil, err
		}
		role.tags = setTags(role.tags, in.Tags)
		c.spread(&role.principal)
		return nil, nil
	})
	writes(r, "IAM.UntagRole", func(c *call, in *iam.UntagRoleInput) (*iam.UntagRoleOutput, error) {
		role, err := c.role(in.RoleName)
		if err != nil {
			return nil, err
		}
		role.tags = dropTags(role.tags, in.TagKeys)
		c.spread(&role.principal)
		return nil, nil
	})
	reads(r, "IAM.ListRoleTags", func(c *call, in *iam.ListRoleTagsInput) (*iam.ListRoleTagsOutput, error) {
		role, err := c.role(in.RoleName)
		if err != nil {
			return nil, err
		}
		tags, next, err := iamPage(showTags(role.tags), tagKey, in.Marker, in.MaxItems)
		return &iam.ListRoleTagsOutput{Tags: tags, Marker: next, IsTruncated: next != nil}, err
	})
	reads(r, "IAM.ListInstanceProfilesForRole",
		func(c *call, in *iam.ListInstanceProfilesForRoleInput) (*iam.ListInstanceProfilesForRoleOutput, error) {
			_, err := c.role(in.RoleName)
			return &iam.ListInstanceProfilesForRoleOutput{InstanceProfiles: []iamtypes.InstanceProfile{}}, err
		})
}

func (r *role) show() *iamtypes.Role {
	out := &iamtypes.Role{
		Arn: aws.String(r.arn), RoleId: aws.String(r.id), RoleName: aws.String(r.name), Path: aws.String(r.path),
		CreateDate: aws.Time(r.created), AssumeRolePolicyDocument: aws.String(encodeDocument(r.trust)),
		MaxSessionDuration: aws.Int32(r.maxSession), Description: emptyNil(r.description), Tags: showTags(r.tags),
		PermissionsBoundary: showBoundary(r.boundary),
	}
	if !r.usedAt.IsZero() {
		out.RoleLastUsed = &iamtypes.RoleLastUsed{LastUsedDate: aws.Time(r.usedAt), Region: aws.String(r.usedRegion)}
	}
	return out
}

// parseTrust reads a trust policy and refuses principals of known accounts that do not exist, as IAM does.
func (w *World) parseTrust(text *string) (*policy.Document, error) {
	doc, err := policy.Parse(aws.ToString(text), policy.Trust)
	if err != nil {
		return nil, &iamtypes.MalformedPolicyDocumentException{Message: aws.String(err.Error())}
	}
	if stranger := w.findStranger(doc); stranger != "" {
		return nil, &iamtypes.MalformedPolicyDocumentException{
			Message: aws.String(`Invalid principal in policy: "AWS":"` + stranger + `"`),
		}
	}
	return doc, nil
}

// findStranger returns the first principal ARN that names nobody in an account this world knows.
func (w *World) findStranger(doc *policy.Document) string {
	for _, arn := range doc.Principals() {
		parts := strings.SplitN(arn, ":", 6)
		if len(parts) != 6 || parts[2] != "iam" {
			continue
		}
		a := w.accounts[parts[4]]
		if a == nil || parts[5] == "root" {
			continue
		}
		if !slices.ContainsFunc(a.principals(), func(p *principal) bool { return p.arn == arn }) {
			return arn
		}
	}
	return ""
}

func (c *call) createRole(in *iam.CreateRoleInput) (*iam.CreateRoleOutput, error) {
	name := aws.ToString(in.RoleName)
	for existing := range c.account.roles {
		if strings.EqualFold(existing, name) {
			return nil, alreadyExists("Role with name %s already exists.", name)
		}
	}
	doc, err := c.w.parseTrust(in.AssumeRolePolicyDocument)
	if err != nil {
		return nil, err
	}
	if err := c.account.checkBoundary(aws.ToString(in.PermissionsBoundary)); err != nil {
		return nil, err
	}
	longest := aws.ToInt32(in.MaxSessionDuration)
	if longest == 0 {
		longest = 3600
	}
	if err := checkLongest(longest); err != nil {
		return nil, err
	}
	r := &role{
		principal: c.w.newPrincipal(c.account, "role", "AROA", aws.ToString(in.Path), name, c.now), account: c.account,
		description: aws.ToString(in.Description), maxSession: longest,
	}
	r.trust, r.trustDoc = aws.ToString(in.AssumeRolePolicyDocument), doc
	r.tags, r.boundary = setTags(nil, in.Tags), aws.ToString(in.PermissionsBoundary)
	c.account.roles[name] = r
	c.spread(&r.principal)
	return &iam.CreateRoleOutput{Role: r.show()}, nil
}

func checkLongest(seconds int32) error {
	if seconds < 3600 || seconds > 43200 {
		return validation("1 validation error detected: Value '%d' at 'maxSessionDuration' failed to satisfy constraint: "+
			"Member must have value between 3600 and 43200", seconds)
	}
	return nil
}

func (c *call) getRole(in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
	r, err := c.role(in.RoleName)
	if err != nil {
		return nil, err
	}
	return &iam.GetRoleOutput{Role: r.show()}, nil
}

func (c *call) listRoles(in *iam.ListRolesInput) (*iam.ListRolesOutput, error) {
	all := slices.DeleteFunc(values(c.account.roles), func(r *role) bool {
		return !strings.HasPrefix(r.path, aws.ToString(in.PathPrefix))
	})
	shown, next, err := iamPage(all, func(r *role) string { return r.name }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListRolesOutput{Marker: next, IsTruncated: next != nil, Roles: []iamtypes.Role{}}
	for _, r := range shown {
		one := r.show()
		one.Tags, one.PermissionsBoundary, one.RoleLastUsed = nil, nil, nil
		out.Roles = append(out.Roles, *one)
	}
	return out, nil
}

func (c *call) updateRole(in *iam.UpdateRoleInput) (*iam.UpdateRoleOutput, error) {
	r, err := c.role(in.RoleName)
	if err != nil {
		return nil, err
	}
	if in.MaxSessionDuration != nil {
		if err := checkLongest(*in.MaxSessionDuration); err != nil {
			return nil, err
		}
		r.maxSession = *in.MaxSessionDuration
	}
	if in.Description != nil {
		r.description = *in.Description
	}
	return nil, nil
}

func (c *call) deleteRole(in *iam.DeleteRoleInput) (*iam.DeleteRoleOutput, error) {
	r, err := c.role(in.RoleName)
	if err != nil {
		return nil, err
	}
	if len(r.inline) > 0 {
		return nil, deleteConflict("Cannot delete entity, must delete policies first.")
	}
	if len(r.attached) > 0 {
		return nil, deleteConflict("Cannot delete entity, must detach all policies first.")
	}
	r.deleted = true
	delete(c.account.roles, r.name)
	c.spread(&r.principal)
	return nil, nil
}

func (c *call) updateAssumeRolePolicy(in *iam.UpdateAssumeRolePolicyInput) (*iam.UpdateAssumeRolePolicyOutput, error) {
	r, err := c.role(in.RoleName)
	if err != nil {
		return nil, err
	}
	doc, err := c.w.parseTrust(in.PolicyDocument)
	if err != nil {
		return nil, err
	}
	r.trust, r.trustDoc = aws.ToString(in.PolicyDocument), doc
	c.spread(&r.principal)
	return nil, nil
}

// roleByARN finds a role in any account; nil for everything else.
func (w *World) roleByARN(arn string) *role {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[2] != "iam" || !strings.HasPrefix(parts[5], "role/") {
		return nil
	}
	a := w.accounts[parts[4]]
	if a == nil {
		return nil
	}
	r := a.roles[parts[5][strings.LastIndexByte(parts[5], '/')+1:]]
	if r == nil || r.arn != arn {
		return nil
	}
	return r
}
