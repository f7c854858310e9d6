package iam

import (
	"cmp"
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// userParts lists what is kept of a user. The first part is the user itself: without it there is nothing to keep.
func userParts() []part {
	return []part{
		{"user.json", "iam:GetUser", func(ctx context.Context, s *snapshot) (any, error) {
			out, err := iam.NewFromConfig(s.cfg).GetUser(ctx, &iam.GetUserInput{UserName: &s.name})
			if err != nil {
				return nil, err
			}
			return out.User, nil
		}},
		{"inline-policies.json", "iam:ListUserPolicies, iam:GetUserPolicy", userInline},
		{"policies.json", "iam:ListAttachedUserPolicies, iam:GetPolicy, iam:ListPolicyVersions, iam:GetPolicyVersion", userPolicies},
		{"groups.json", "iam:ListGroupsForUser, iam:ListGroupPolicies, iam:GetGroupPolicy, iam:ListAttachedGroupPolicies", userGroups},
		{"access-keys.json", "iam:ListAccessKeys, iam:GetAccessKeyLastUsed", userKeys},
		{"login-profile.json", "iam:GetLoginProfile", func(ctx context.Context, s *snapshot) (any, error) {
			return readLogin(ctx, s.cfg, s.name) // null: there is none
		}},
		{"mfa-devices.json", "iam:ListMFADevices", func(ctx context.Context, s *snapshot) (any, error) {
			list, err := readMFA(ctx, s.cfg, s.name)
			return byID(list, func(d types.MFADevice) *string { return d.SerialNumber }), err
		}},
		{"ssh-keys.json", "iam:ListSSHPublicKeys, iam:GetSSHPublicKey", userSSHKeys},
		{"certificates.json", "iam:ListSigningCertificates", func(ctx context.Context, s *snapshot) (any, error) {
			list, err := readCertificates(ctx, s.cfg, s.name)
			return byID(list, func(c types.SigningCertificate) *string { return c.CertificateId }), err
		}},
		{"service-credentials.json", "iam:ListServiceSpecificCredentials", func(ctx context.Context, s *snapshot) (any, error) {
			list, err := readServiceCredentials(ctx, s.cfg, s.name)
			return byID(list, func(c types.ServiceSpecificCredentialMetadata) *string { return c.ServiceSpecificCredentialId }), err
		}},
	}
}

// byID sorts a list, so that the same facts make the same artefact; an empty one is [] rather than null.
func byID[T any](list []T, id func(T) *string) []T {
	slices.SortFunc(list, func(a, b T) int { return cmp.Compare(aws.ToString(id(a)), aws.ToString(id(b))) })
	return append([]T{}, list...)
}

// readUserPolicyNames lists a user's inline policies.
func readUserPolicyNames(ctx context.Context, cfg aws.Config, user string) ([]string, error) {
	names, err := everyPage(func(marker *string) ([]string, bool, *string, error) {
		out, err := iam.NewFromConfig(cfg).ListUserPolicies(ctx, &iam.ListUserPoliciesInput{UserName: &user, Marker: marker})
		if err != nil {
			return nil, false, nil, err
		}
		return out.PolicyNames, out.IsTruncated, out.Marker, nil
	})
	return names, wrap(err, "list inline policies of", user)
}

func readUserAttached(ctx context.Context, cfg aws.Config, user string) ([]types.AttachedPolicy, error) {
	list, err := everyPage(func(marker *string) ([]types.AttachedPolicy, bool, *string, error) {
		out, err := iam.NewFromConfig(cfg).ListAttachedUserPolicies(ctx, &iam.ListAttachedUserPoliciesInput{UserName: &user, Marker: marker})
		if err != nil {
			return nil, false, nil, err
		}
		return out.AttachedPolicies, out.IsTruncated, out.Marker, nil
	})
	return list, wrap(err, "list policies attached to", user)
}

func readGroups(ctx context.Context, cfg aws.Config, user string) ([]types.Group, error) {
	list, err := everyPage(func(marker *string) ([]types.Group, bool, *string, error) {
		out, err := iam.NewFromConfig(cfg).ListGroupsForUser(ctx, &iam.ListGroupsForUserInput{UserName: &user, Marker: marker})
		if err != nil {
			return nil, false, nil, err
		}
		return out.Groups, out.IsTruncated, out.Marker, nil
	})
	return list, wrap(err, "list groups of", user)
}

// userInline keeps the names even of policies whose documents may not be read.
func userInline(ctx context.Context, s *snapshot) (any, error) {
	names, err := readUserPolicyNames(ctx, s.cfg, s.name)
	if err != nil {
		return nil, err
	}
	return s.documents(names, func(name string) (*string, error) {
		out, err := iam.NewFromConfig(s.cfg).GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: &s.name, PolicyName: &name})
		if err != nil {
			return nil, err
		}
		return out.PolicyDocument, nil
	})
}

// userPolicies takes the boundary in: it decides with the policies what the user could do.
func userPolicies(ctx context.Context, s *snapshot) (any, error) {
	list, err := readUserAttached(ctx, s.cfg, s.name)
	if err != nil {
		return nil, err
	}
	arns := arnsOf(list)
	out, err := iam.NewFromConfig(s.cfg).GetUser(ctx, &iam.GetUserInput{UserName: &s.name})
	if err != nil {
		return nil, err
	}
	if b := out.User.PermissionsBoundary; b != nil {
		arns[aws.ToString(b.PermissionsBoundaryArn)] = true
	}
	return s.policies(ctx, arns)
}

// group is a group with what it grants to its members.
type group struct {
	types.Group
	Inline   map[string]document
	Attached map[string]policy
}

// userGroups keeps what each group granted at this moment; groups change, and their history is nowhere.
func userGroups(ctx context.Context, s *snapshot) (any, error) {
	list, err := readGroups(ctx, s.cfg, s.name)
	if err != nil {
		return nil, err
	}
	out := make(map[string]group, len(list))
	for _, g := range list {
		one := group{Group: g}
		if one.Inline, err = s.groupInline(ctx, g.GroupName); err != nil {
			return nil, err
		}
		if one.Attached, err = s.groupPolicies(ctx, g.GroupName); err != nil {
			return nil, err
		}
		out[aws.ToString(g.GroupName)] = one
	}
	return out, nil
}

func (s *snapshot) groupInline(ctx context.Context, name *string) (map[string]document, error) {
	names, err := everyPage(func(marker *string) ([]string, bool, *string, error) {
		out, err := iam.NewFromConfig(s.cfg).ListGroupPolicies(ctx, &iam.ListGroupPoliciesInput{GroupName: name, Marker: marker})
		if err != nil {
			return nil, false, nil, err
		}
		return out.PolicyNames, out.IsTruncated, out.Marker, nil
	})
	if err != nil {
		return nil, s.tolerate("inline policies of group "+aws.ToString(name), err)
	}
	return s.documents(names, func(policy string) (*string, error) {
		out, err := iam.NewFromConfig(s.cfg).GetGroupPolicy(ctx, &iam.GetGroupPolicyInput{GroupName: name, PolicyName: &policy})
		if err != nil {
			return nil, err
		}
		return out.PolicyDocument, nil
	})
}

func (s *snapshot) groupPolicies(ctx context.Context, name *string) (map[string]policy, error) {
	list, err := everyPage(func(marker *string) ([]types.AttachedPolicy, bool, *string, error) {
		out, err := iam.NewFromConfig(s.cfg).ListAttachedGroupPolicies(ctx, &iam.ListAttachedGroupPoliciesInput{GroupName: name, Marker: marker})
		if err != nil {
			return nil, false, nil, err
		}
		return out.AttachedPolicies, out.IsTruncated, out.Marker, nil
	})
	if err != nil {
		return nil, s.tolerate("policies attached to group "+aws.ToString(name), err)
	}
	return s.policies(ctx, arnsOf(list))
}

// accessKey is a key with its last use; of the secret IAM shows nothing.
type accessKey struct {
	types.AccessKeyMetadata
	LastUsed *types.AccessKeyLastUsed
}

func userKeys(ctx context.Context, s *snapshot) (any, error) {
	list, err := readKeys(ctx, s.cfg, s.name)
	if err != nil {
		return nil, err
	}
	keys := make(map[string]accessKey, len(list))
	for _, k := range list {
		one := accessKey{AccessKeyMetadata: k}
		used, err := iam.NewFromConfig(s.cfg).GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: k.AccessKeyId})
		if err := s.tolerate("last use of "+aws.ToString(k.AccessKeyId), err); err != nil {
			return nil, err
		}
		if used != nil {
			one.LastUsed = used.AccessKeyLastUsed
		}
		keys[aws.ToString(k.AccessKeyId)] = one
	}
	return keys, nil
}

func userSSHKeys(ctx context.Context, s *snapshot) (any, error) {
	list, err := readSSHKeys(ctx, s.cfg, s.name)
	if err != nil {
		return nil, err
	}
	keys := make(map[string]*types.SSHPublicKey, len(list))
	for _, k := range list {
		id := aws.ToString(k.SSHPublicKeyId)
		// Where the body may not be read, what the list says of the key is still kept.
		keys[id] = &types.SSHPublicKey{SSHPublicKeyId: k.SSHPublicKeyId, Status: k.Status, UploadDate: k.UploadDate, UserName: k.UserName}
		out, err := iam.NewFromConfig(s.cfg).GetSSHPublicKey(ctx,
			&iam.GetSSHPublicKeyInput{UserName: &s.name, SSHPublicKeyId: k.SSHPublicKeyId, Encoding: types.EncodingTypeSsh})
		if err := s.tolerate("body of SSH key "+id, err); err != nil {
			return nil, err
		}
		if out != nil && out.SSHPublicKey != nil {
			keys[id] = out.SSHPublicKey
		}
	}
	return keys, nil
}
