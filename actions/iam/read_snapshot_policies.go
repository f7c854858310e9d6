package iam

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/quell-ir/quell/call"
)

// document is a policy document as JSON; one that is no JSON is kept as the text it is.
type document = json.RawMessage

func documentOf(text *string) document {
	plain, err := call.PolicyText(aws.ToString(text))
	if err == nil && plain != nil {
		return plain
	}
	quoted, err := json.Marshal(aws.ToString(text))
	if err != nil {
		return document("null") // a string always encodes
	}
	return quoted
}

// policy is a managed policy with the documents of all its versions.
type policy struct {
	*types.Policy
	Versions map[string]policyVersion
}

type policyVersion struct {
	types.PolicyVersion
	Document document
}

// documents reads one document per name; what may not be read becomes a gap.
func (s *snapshot) documents(names []string, get func(name string) (*string, error)) (map[string]document, error) {
	out := make(map[string]document, len(names))
	for _, name := range names {
		text, err := get(name)
		if err != nil {
			if err := s.tolerate("policy "+name, err); err != nil {
				return nil, err
			}
			out[name] = document("null")
			continue
		}
		out[name] = documentOf(text)
	}
	return out, nil
}

// policies reads managed policies, the account's own with every version: the default one may be an innocent one put back.
func (s *snapshot) policies(ctx context.Context, arns map[string]bool) (map[string]policy, error) {
	out := make(map[string]policy, len(arns))
	for _, arn := range slices.Sorted(maps.Keys(arns)) {
		one := policy{Versions: map[string]policyVersion{}}
		got, err := iam.NewFromConfig(s.cfg).GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &arn})
		if err := s.tolerate("policy "+arn, err); err != nil {
			return nil, err
		}
		if got != nil {
			one.Policy = got.Policy
		}
		if err := s.versions(ctx, arn, one.Versions); err != nil {
			return nil, err
		}
		out[arn] = one
	}
	return out, nil
}

func (s *snapshot) versions(ctx context.Context, arn string, into map[string]policyVersion) error {
	list, err := everyPage(func(marker *string) ([]types.PolicyVersion, bool, *string, error) {
		out, err := iam.NewFromConfig(s.cfg).ListPolicyVersions(ctx, &iam.ListPolicyVersionsInput{PolicyArn: &arn, Marker: marker})
		if err != nil {
			return nil, false, nil, err
		}
		return out.Versions, out.IsTruncated, out.Marker, nil
	})
	if err != nil {
		return s.tolerate("versions of "+arn, err)
	}
	for _, v := range list {
		if ofAWS(arn) && !v.IsDefaultVersion {
			continue // AWS keeps some of its own policies in a hundred versions, and nobody else can change them
		}
		id := aws.ToString(v.VersionId)
		out, err := iam.NewFromConfig(s.cfg).GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &arn, VersionId: &id})
		if err := s.tolerate(fmt.Sprintf("version %s of %s", id, arn), err); err != nil {
			return err
		}
		one := policyVersion{PolicyVersion: v, Document: document("null")}
		if out != nil && out.PolicyVersion != nil {
			one.Document = documentOf(out.PolicyVersion.Document)
		}
		into[id] = one
	}
	return nil
}

// ofAWS says whether a managed policy is AWS's own, in any partition.
func ofAWS(arn string) bool { return strings.Contains(arn, ":iam::aws:policy/") }

// tolerate turns a refusal, and a thing that went while we read, into a gap; any other error stays one.
func (s *snapshot) tolerate(what string, err error) error {
	switch {
	case err == nil || s.gap(what, err):
		return nil
	case missing(err):
		s.gaps = append(s.gaps, what+": gone while it was read")
		return nil
	}
	return fmt.Errorf("read %s: %w", what, err)
}

func arnsOf(list []types.AttachedPolicy) map[string]bool {
	arns := make(map[string]bool, len(list))
	for _, p := range list {
		arns[aws.ToString(p.PolicyArn)] = true
	}
	return arns
}

// roleParts lists what is kept of a role.
func roleParts() []part {
	return []part{
		{"role.json", "iam:GetRole", func(ctx context.Context, s *snapshot) (any, error) {
			out, err := iam.NewFromConfig(s.cfg).GetRole(ctx, &iam.GetRoleInput{RoleName: &s.name})
			if err != nil {
				return nil, err
			}
			return struct {
				types.Role
				Trust document
			}{*out.Role, documentOf(out.Role.AssumeRolePolicyDocument)}, nil
		}},
		{"inline-policies.json", "iam:ListRolePolicies, iam:GetRolePolicy", func(ctx context.Context, s *snapshot) (any, error) {
			names, err := readRolePolicyNames(ctx, s.cfg, s.name)
			if err != nil {
				return nil, err
			}
			return s.documents(names, func(name string) (*string, error) {
				out, err := iam.NewFromConfig(s.cfg).GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &s.name, PolicyName: &name})
				if err != nil {
					return nil, err
				}
				return out.PolicyDocument, nil
			})
		}},
		{"policies.json", "iam:ListAttachedRolePolicies, iam:GetPolicy, iam:ListPolicyVersions, iam:GetPolicyVersion", rolePolicies},
		{"instance-profiles.json", "iam:ListInstanceProfilesForRole", func(ctx context.Context, s *snapshot) (any, error) {
			list, err := readProfiles(ctx, s.cfg, s.name)
			return byID(list, func(p types.InstanceProfile) *string { return p.InstanceProfileId }), err
		}},
	}
}

func rolePolicies(ctx context.Context, s *snapshot) (any, error) {
	list, err := everyPage(func(marker *string) ([]types.AttachedPolicy, bool, *string, error) {
		out, err := iam.NewFromConfig(s.cfg).ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &s.name, Marker: marker})
		if err != nil {
			return nil, false, nil, err
		}
		return out.AttachedPolicies, out.IsTruncated, out.Marker, nil
	})
	if err != nil {
		return nil, wrap(err, "list policies attached to", s.name)
	}
	arns := arnsOf(list)
	out, err := iam.NewFromConfig(s.cfg).GetRole(ctx, &iam.GetRoleInput{RoleName: &s.name})
	if err != nil {
		return nil, err
	}
	if b := out.Role.PermissionsBoundary; b != nil {
		arns[aws.ToString(b.PermissionsBoundaryArn)] = true
	}
	return s.policies(ctx, arns)
}
