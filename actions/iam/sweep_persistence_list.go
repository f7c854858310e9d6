package iam

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/quell-ir/quell"
)

// roles looks at roles made or changed. One made by the intruder trusts whom the intruder likes, often another account.
func (s *sweep) roles(ctx context.Context) error {
	roles, err := everyPage(func(marker *string) ([]types.Role, bool, *string, error) {
		out, err := iam.NewFromConfig(s.cfg).ListRoles(ctx, &iam.ListRolesInput{Marker: marker})
		if err != nil {
			return nil, false, nil, err
		}
		return out.Roles, out.IsTruncated, out.Marker, nil
	})
	if err != nil {
		return wrap(err, "list", "roles")
	}
	for _, r := range roles {
		id, name, arn, made := aws.ToString(r.RoleId), aws.ToString(r.RoleName), aws.ToString(r.Arn), stamp(r.CreateDate)
		how := s.by.made(wordRole, quell.KindRole, id, name, arn, made)
		touched := s.by.touched(quell.KindRole, id, name, arn)
		if how == "" && !touched && !sinceIncident(made, s.in.Incident) {
			continue
		}
		c := candidate{Kind: wordRole, ID: id, Name: name, Made: made, How: how}
		c.Note = "trusts " + trustNote(aws.ToString(r.AssumeRolePolicyDocument))
		if how == "" && touched {
			c.How = "the trail shows the intruder changing it"
			if err := s.describeRole(ctx, name, &c); err != nil {
				return err
			}
		}
		if how != "" {
			if err := s.sweptRole(ctx, r, &c); err != nil {
				return err
			}
		}
		s.note(c)
	}
	return nil
}

// trustNote names whom a role lets in: a trust policy has no date, and a foreign account in it is a way back.
func trustNote(document string) string {
	who, err := trusted(document)
	if err != nil {
		return "nobody knows whom: its trust policy cannot be read"
	}
	if len(who) == 0 {
		return "nobody"
	}
	return strings.Join(sorted(who), ", ")
}

// describeRole lists a changed role's policies for a person.
func (s *sweep) describeRole(ctx context.Context, name string, c *candidate) error {
	inline, err := readRolePolicyNames(ctx, s.cfg, name)
	if missing(err) {
		return nil
	}
	if err != nil {
		return s.gap("policies of role "+name, err)
	}
	attached, err := s.roleAttached(ctx, name)
	if err != nil {
		return s.gap("policies of role "+name, err)
	}
	c.Note += "; " + policiesNote(inline, attached)
	return nil
}

func (s *sweep) roleAttached(ctx context.Context, name string) ([]types.AttachedPolicy, error) {
	return everyPage(func(marker *string) ([]types.AttachedPolicy, bool, *string, error) {
		out, err := iam.NewFromConfig(s.cfg).ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &name, Marker: marker})
		if err != nil {
			return nil, false, nil, err
		}
		return out.AttachedPolicies, out.IsTruncated, out.Marker, nil
	})
}

// sweptRole reads how the role is denied. ListRoles leaves tags out, so that the role is read once more.
func (s *sweep) sweptRole(ctx context.Context, r types.Role, c *candidate) error {
	name, arn := c.Name, aws.ToString(r.Arn)
	got, err := iam.NewFromConfig(s.cfg).GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if missing(err) {
		return nil
	}
	if err != nil {
		return wrap(err, "read role", name)
	}
	role := sweptRole{RoleID: c.ID, ARN: arn, HeldBy: holder(got.Role.Tags), Longest: int64(aws.ToInt32(got.Role.MaxSessionDuration))}
	if who, err := trusted(aws.ToString(got.Role.AssumeRolePolicyDocument)); err != nil || role.Longest == 0 || usedByService(who) {
		role.Longest = longestSession
	}
	document, err := readRolePolicy(ctx, s.cfg, name, s.in.Made())
	if err != nil {
		return err
	}
	role.Inline = samePolicy(document, denyDocument)
	attached, err := s.roleAttached(ctx, name)
	if err != nil {
		return wrap(err, "list policies attached to role", name)
	}
	for policy := range arnsOf(attached) {
		role.Attached = role.Attached || policy == denyAll(partitionOf(policy))
	}
	c.Dealt = role.Inline || role.Attached
	if why := spared(s.in, c.ID, name, arn, role.HeldBy); why != "" {
		c.Note += "; " + why
		return nil
	}
	s.state.Roles[name] = role
	return nil
}

// groups only lists: a group acts through its users, and a deny on it would strike them all.
func (s *sweep) groups(ctx context.Context) error {
	groups, err := everyPage(func(marker *string) ([]types.Group, bool, *string, error) {
		out, err := iam.NewFromConfig(s.cfg).ListGroups(ctx, &iam.ListGroupsInput{Marker: marker})
		if err != nil {
			return nil, false, nil, err
		}
		return out.Groups, out.IsTruncated, out.Marker, nil
	})
	if err != nil {
		return s.gap("groups", err)
	}
	for _, g := range groups {
		id, name, arn, made := aws.ToString(g.GroupId), aws.ToString(g.GroupName), aws.ToString(g.Arn), stamp(g.CreateDate)
		how := s.by.made(wordGroup, quell.KindGroup, id, name, arn, made)
		touched := s.by.touched(quell.KindGroup, id, name, arn)
		if how == "" && touched {
			how = "the trail shows the intruder changing it"
		}
		if how == "" && !sinceIncident(made, s.in.Incident) {
			continue
		}
		c := candidate{Kind: wordGroup, ID: arn, Name: name, Made: made, How: how}
		if err := s.describeGroup(ctx, name, &c); err != nil {
			return err
		}
		s.note(c)
	}
	return nil
}

func (s *sweep) describeGroup(ctx context.Context, name string, c *candidate) error {
	inline, err := everyPage(func(marker *string) ([]string, bool, *string, error) {
		out, err := iam.NewFromConfig(s.cfg).ListGroupPolicies(ctx, &iam.ListGroupPoliciesInput{GroupName: &name, Marker: marker})
		if err != nil {
			return nil, false, nil, err
		}
		return out.PolicyNames, out.IsTruncated, out.Marker, nil
	})
	if missing(err) {
		return nil
	}
	if err != nil {
		return s.gap("policies of group "+name, err)
	}
	attached, err := everyPage(func(marker *string) ([]types.AttachedPolicy, bool, *string, error) {
		out, err := iam.NewFromConfig(s.cfg).ListAttachedGroupPolicies(ctx, &iam.ListAttachedGroupPoliciesInput{GroupName: &name, Marker: marker})
		if err != nil {
			return nil, false, nil, err
		}
		return out.AttachedPolicies, out.IsTruncated, out.Marker, nil
	})
	if err != nil {
		return s.gap("policies of group "+name, err)
	}
	c.Note = policiesNote(inline, attached)
	return nil
}

// policies looks at the account's own managed policies, attached or not: a new default version of an old one gives
// everybody who has it more, and shows as an update.
func (s *sweep) policies(ctx context.Context) error {
	policies, err := everyPage(func(marker *string) ([]types.Policy, bool, *string, error) {
		out, err := iam.NewFromConfig(s.cfg).ListPolicies(ctx,
			&iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal, OnlyAttached: false, Marker: marker})
		if err != nil {
			return nil, false, nil, err
		}
		return out.Policies, out.IsTruncated, out.Marker, nil
	})
	if err != nil {
		return wrap(err, "list", "managed policies")
	}
	for _, p := range policies {
		arn, name, made, updated := aws.ToString(p.Arn), aws.ToString(p.PolicyName), stamp(p.CreateDate), stamp(p.UpdateDate)
		how := s.by.made(wordPolicy, quell.KindPolicy, aws.ToString(p.PolicyId), name, arn, made)
		if how == "" && s.by.touched(quell.KindPolicy, aws.ToString(p.PolicyId), name, arn) {
			how = "the trail shows the intruder changing it"
		}
		isNew := sinceIncident(made, s.in.Incident)
		if how == "" && !isNew && !sinceIncident(updated, s.in.Incident) {
			continue
		}
		c := candidate{Kind: wordPolicy, ID: arn, Name: name, Made: made, How: how}
		c.Note = fmt.Sprintf("attached %d times", aws.ToInt32(p.AttachmentCount))
		if !isNew {
			c.Made = updated
			c.Note += "; older than the incident, its versions were changed: compare the default version " +
				aws.ToString(p.DefaultVersionId) + " with the one before"
		}
		s.note(c)
	}
	return nil
}

// providers looks at who else may vouch for people and workloads.
func (s *sweep) providers(ctx context.Context) error {
	saml, err := iam.NewFromConfig(s.cfg).ListSAMLProviders(ctx, &iam.ListSAMLProvidersInput{})
	if err == nil {
		for _, p := range saml.SAMLProviderList {
			s.provider(aws.ToString(p.Arn), stamp(p.CreateDate), "delete-saml-provider --saml-provider-arn")
		}
	} else if err := s.gap("SAML providers", err); err != nil {
		return err
	}
	oidc, err := iam.NewFromConfig(s.cfg).ListOpenIDConnectProviders(ctx, &iam.ListOpenIDConnectProvidersInput{})
	if err != nil {
		return s.gap("OpenID Connect providers", err)
	}
	for _, p := range oidc.OpenIDConnectProviderList {
		arn := aws.ToString(p.Arn)
		got, err := iam.NewFromConfig(s.cfg).GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: &arn})
		if missing(err) {
			continue
		}
		if err != nil {
			if err := s.gap("OpenID Connect provider "+arn, err); err != nil {
				return err
			}
			continue
		}
		s.provider(arn, stamp(got.CreateDate), "delete-open-id-connect-provider --open-id-connect-provider-arn")
	}
	return nil
}

// provider notes one that came since. It is not removed here: roles that trust it would stop, and only a person knows
// which of them are real.
func (s *sweep) provider(arn, made, remove string) {
	how := s.by.made(wordIdP, quell.KindResource, arn, "", arn, made)
	if how == "" && s.by.touched(quell.KindResource, arn, "", arn) {
		how = "the trail shows the intruder changing it"
	}
	if how != "" || sinceIncident(made, s.in.Incident) {
		s.note(candidate{Kind: wordIdP, ID: arn, Made: made, How: how, Note: "to remove it: aws iam " + remove + " " + quell.Clean(arn)})
	}
}

// others notes what the trail saw being made that no listing here shows: SSH keys, service credentials, certificates and
// MFA devices on users.
func (s *sweep) others() {
	for _, e := range s.in.Incident.Pick(quell.KindResource, quell.PartMade) {
		provider := strings.Contains(e.ID, ":saml-provider/") || strings.Contains(e.ID, ":oidc-provider/")
		if strings.HasPrefix(e.ID, "login-profile/") || provider || e.Of == "" {
			continue
		}
		s.note(candidate{
			Kind: wordOther, ID: e.ID, How: "the trail shows the intruder making it",
			Note: "of " + e.Of + "; iam.disable-service-creds and iam.disable-console answer for such credentials",
		})
	}
}
