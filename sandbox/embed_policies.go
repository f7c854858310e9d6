package sandbox

import (
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/quell-ir/quell/sandbox/policy"
)

func registerEmbedded(r registry) {
	writes(r, "IAM.PutUserPolicy", func(c *call, in *iam.PutUserPolicyInput) (*iam.PutUserPolicyOutput, error) {
		u, err := c.user(in.UserName)
		if err != nil {
			return nil, err
		}
		return nil, c.putInline(&u.principal, in.PolicyName, in.PolicyDocument)
	})
	writes(r, "IAM.PutRolePolicy", func(c *call, in *iam.PutRolePolicyInput) (*iam.PutRolePolicyOutput, error) {
		role, err := c.role(in.RoleName)
		if err != nil {
			return nil, err
		}
		return nil, c.putInline(&role.principal, in.PolicyName, in.PolicyDocument)
	})
	writes(r, "IAM.PutGroupPolicy", func(c *call, in *iam.PutGroupPolicyInput) (*iam.PutGroupPolicyOutput, error) {
		g, err := c.group(in.GroupName)
		if err != nil {
			return nil, err
		}
		return nil, c.putInline(&g.principal, in.PolicyName, in.PolicyDocument)
	})
	writes(r, "IAM.DeleteUserPolicy", func(c *call, in *iam.DeleteUserPolicyInput) (*iam.DeleteUserPolicyOutput, error) {
		u, err := c.user(in.UserName)
		if err != nil {
			return nil, err
		}
		return nil, c.deleteInline(&u.principal, in.PolicyName)
	})
	writes(r, "IAM.DeleteRolePolicy", func(c *call, in *iam.DeleteRolePolicyInput) (*iam.DeleteRolePolicyOutput, error) {
		role, err := c.role(in.RoleName)
		if err != nil {
			return nil, err
		}
		return nil, c.deleteInline(&role.principal, in.PolicyName)
	})
	writes(r, "IAM.DeleteGroupPolicy", func(c *call, in *iam.DeleteGroupPolicyInput) (*iam.DeleteGroupPolicyOutput, error) {
		g, err := c.group(in.GroupName)
		if err != nil {
			return nil, err
		}
		return nil, c.deleteInline(&g.principal, in.PolicyName)
	})
	registerEmbeddedReads(r)
}

func registerEmbeddedReads(r registry) {
	reads(r, "IAM.GetUserPolicy", func(c *call, in *iam.GetUserPolicyInput) (*iam.GetUserPolicyOutput, error) {
		u, err := c.user(in.UserName)
		if err != nil {
			return nil, err
		}
		text, err := u.getInline(in.PolicyName)
		return &iam.GetUserPolicyOutput{UserName: aws.String(u.name), PolicyName: in.PolicyName, PolicyDocument: text}, err
	})
	reads(r, "IAM.GetRolePolicy", func(c *call, in *iam.GetRolePolicyInput) (*iam.GetRolePolicyOutput, error) {
		role, err := c.role(in.RoleName)
		if err != nil {
			return nil, err
		}
		text, err := role.getInline(in.PolicyName)
		return &iam.GetRolePolicyOutput{RoleName: aws.String(role.name), PolicyName: in.PolicyName, PolicyDocument: text}, err
	})
	reads(r, "IAM.GetGroupPolicy", func(c *call, in *iam.GetGroupPolicyInput) (*iam.GetGroupPolicyOutput, error) {
		g, err := c.group(in.GroupName)
		if err != nil {
			return nil, err
		}
		text, err := g.getInline(in.PolicyName)
		return &iam.GetGroupPolicyOutput{GroupName: aws.String(g.name), PolicyName: in.PolicyName, PolicyDocument: text}, err
	})
	reads(r, "IAM.ListUserPolicies", func(c *call, in *iam.ListUserPoliciesInput) (*iam.ListUserPoliciesOutput, error) {
		u, err := c.user(in.UserName)
		if err != nil {
			return nil, err
		}
		names, next, err := iamPage(u.inlineNames(), plainKey, in.Marker, in.MaxItems)
		return &iam.ListUserPoliciesOutput{PolicyNames: names, Marker: next, IsTruncated: next != nil}, err
	})
	reads(r, "IAM.ListRolePolicies", func(c *call, in *iam.ListRolePoliciesInput) (*iam.ListRolePoliciesOutput, error) {
		role, err := c.role(in.RoleName)
		if err != nil {
			return nil, err
		}
		names, next, err := iamPage(role.inlineNames(), plainKey, in.Marker, in.MaxItems)
		return &iam.ListRolePoliciesOutput{PolicyNames: names, Marker: next, IsTruncated: next != nil}, err
	})
	reads(r, "IAM.ListGroupPolicies", func(c *call, in *iam.ListGroupPoliciesInput) (*iam.ListGroupPoliciesOutput, error) {
		g, err := c.group(in.GroupName)
		if err != nil {
			return nil, err
		}
		names, next, err := iamPage(g.inlineNames(), plainKey, in.Marker, in.MaxItems)
		return &iam.ListGroupPoliciesOutput{PolicyNames: names, Marker: next, IsTruncated: next != nil}, err
	})
}

func plainKey(s string) string { return s }

// inlineQuota is the total of non-white-space characters of a principal's embedded policies, from "IAM and STS quotas".
func inlineQuota(kind string) int {
	switch kind {
	case "user":
		return 2048
	case "role":
		return 10240
	}
	return 5120
}

// parseIdentity reads a document for IAM and turns its error into the service's own.
func parseIdentity(text, id, kind string) (*policy.Document, error) {
	doc, err := policy.Parse(text, policy.Identity)
	if err != nil {
		return nil, &iamtypes.MalformedPolicyDocumentException{Message: aws.String(err.Error())}
	}
	doc.ID, doc.Type = id, kind
	return doc, nil
}

func (c *call) putInline(p *principal, name, text *string) error {
	doc, err := parseIdentity(aws.ToString(text), p.kind+"_"+p.name+"_"+aws.ToString(name), p.kind)
	if err != nil {
		return err
	}
	total := nonSpace(aws.ToString(text))
	for _, in := range p.inline {
		if in.name != aws.ToString(name) {
			total += nonSpace(in.text)
		}
	}
	if quota := inlineQuota(p.kind); total > quota {
		return limitExceeded("Maximum policy size of %d bytes exceeded for %s %s", quota, p.kind, p.name)
	}
	i, found := p.findInline(aws.ToString(name))
	if found {
		p.inline[i] = inlinePolicy{*name, *text, doc}
	} else {
		p.inline = slices.Insert(p.inline, i, inlinePolicy{*name, *text, doc})
	}
	c.changed(p)
	return nil
}

func (c *call) deleteInline(p *principal, name *string) error {
	i, found := p.findInline(aws.ToString(name))
	if !found {
		return p.noInline(name)
	}
	p.inline = slices.Delete(slices.Clone(p.inline), i, i+1)
	c.changed(p)
	return nil
}

// getInline returns the document as IAM sends it: percent-encoded after RFC 3986.
func (p *principal) getInline(name *string) (*string, error) {
	i, found := p.findInline(aws.ToString(name))
	if !found {
		return nil, p.noInline(name)
	}
	return aws.String(encodeDocument(p.inline[i].text)), nil
}

func (p *principal) noInline(name *string) error {
	return noSuchEntity("The %s policy with name %s cannot be found.", p.kind, aws.ToString(name))
}

func (p *principal) inlineNames() []string {
	names := make([]string, len(p.inline))
	for i, in := range p.inline {
		names[i] = in.name
	}
	return names
}

func encodeDocument(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// changed publishes a principal, and with a group its members.
func (c *call) changed(p *principal) {
	if p.kind != "group" {
		c.spread(p)
		return
	}
	c.account.spreadFrom(p.arn, c.effective())
}
