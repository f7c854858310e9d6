package iam

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/call"
)

// longestSession is the longest life of any role session. A role's own maximum does not limit the sessions that AWS
// services take with it, such as those of instances and functions. Source: IAM user guide, Update settings for a role.
const longestSession = 12 * 60 * 60

// lookRevoke reads the role, its inline policies and its instance profiles.
func lookRevoke(ctx context.Context, cfg aws.Config, in action.In[revokeParams, revokeState]) (revokeState, error) {
	role := nameOf(in.Target)
	state := revokeState{Trusted: map[string]bool{}, Profiles: map[string]bool{}}
	got, err := iam.NewFromConfig(cfg).GetRole(ctx, &iam.GetRoleInput{RoleName: &role})
	if missing(err) {
		return state, nil
	}
	if err != nil {
		return state, fmt.Errorf("read role %s: %w", role, err)
	}
	state.Exists = true
	state.RoleID, state.ARN = aws.ToString(got.Role.RoleId), aws.ToString(got.Role.Arn)
	state.HeldBy = holder(got.Role.Tags)
	if used := got.Role.RoleLastUsed; used != nil && used.LastUsedDate != nil {
		state.LastUsed = stamp(used.LastUsedDate) + " in " + aws.ToString(used.Region)
	}
	if state.Trusted, err = trusted(aws.ToString(got.Role.AssumeRolePolicyDocument)); err != nil {
		return state, fmt.Errorf("read trust policy of %s: %w", role, err)
	}
	state.Longest = int64(aws.ToInt32(got.Role.MaxSessionDuration))
	if state.Longest == 0 || usedByService(state.Trusted) {
		state.Longest = longestSession
	}
	if err := readInline(ctx, cfg, in, role, &state); err != nil {
		return state, err
	}
	profiles, err := readProfiles(ctx, cfg, role)
	if err != nil {
		return state, err
	}
	for _, p := range profiles {
		state.Profiles[aws.ToString(p.InstanceProfileName)] = true
	}
	return state, nil
}

// readInline reads every inline policy of the role: ours to judge it, the others to know what room is left.
func readInline(ctx context.Context, cfg aws.Config, in action.In[revokeParams, revokeState], role string, state *revokeState) error {
	names, err := readRolePolicyNames(ctx, cfg, role)
	if err != nil {
		return err
	}
	for _, name := range names {
		document, err := readRolePolicy(ctx, cfg, role, name)
		if err != nil {
			return err
		}
		if name == revokeName(in) {
			state.Revoked, state.Stamp = readRevoke(document, state.RoleID, in.With.Session, later(in.Incident.Opened, in.With.After))
			continue
		}
		state.Inline += sizeOf(document)
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func readRolePolicyNames(ctx context.Context, cfg aws.Config, role string) ([]string, error) {
	names, err := everyPage(func(marker *string) ([]string, bool, *string, error) {
		out, err := iam.NewFromConfig(cfg).ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: &role, Marker: marker})
		if err != nil {
			return nil, false, nil, err
		}
		return out.PolicyNames, out.IsTruncated, out.Marker, nil
	})
	return names, wrap(err, "list inline policies of", role)
}

// readRolePolicy returns the document, "" where it went between listing and reading.
func readRolePolicy(ctx context.Context, cfg aws.Config, role, name string) (string, error) {
	out, err := iam.NewFromConfig(cfg).GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &name})
	if missing(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read policy %s of %s: %w", name, role, err)
	}
	return aws.ToString(out.PolicyDocument), nil
}

func readProfiles(ctx context.Context, cfg aws.Config, role string) ([]types.InstanceProfile, error) {
	list, err := everyPage(func(marker *string) ([]types.InstanceProfile, bool, *string, error) {
		out, err := iam.NewFromConfig(cfg).ListInstanceProfilesForRole(ctx,
			&iam.ListInstanceProfilesForRoleInput{RoleName: &role, Marker: marker})
		if err != nil {
			return nil, false, nil, err
		}
		return out.InstanceProfiles, out.IsTruncated, out.Marker, nil
	})
	return list, wrap(err, "list instance profiles of", role)
}

// sizeOf counts a policy's characters as IAM's quota does, without white space.
func sizeOf(document string) int {
	plain, err := call.PolicyText(document)
	if err != nil {
		plain = json.RawMessage(document)
	}
	n := 0
	for _, r := range string(plain) {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

// trusted lists whom a trust policy allows to assume the role, as "AWS: arn", "Service: ec2.amazonaws.com". Conditions
// are not judged: a principal under a condition is still one that may come back.
func trusted(document string) (map[string]bool, error) {
	out := map[string]bool{}
	plain, err := call.PolicyText(document)
	if err != nil || plain == nil {
		return out, err
	}
	// IAM takes a single statement, and a single principal, with or without a list around it.
	var policy struct {
		Statement call.OneOrMany[struct {
			Effect    string
			Principal json.RawMessage
		}]
	}
	if err := json.Unmarshal(plain, &policy); err != nil {
		return out, err
	}
	for _, s := range policy.Statement {
		if s.Effect != "Allow" {
			continue
		}
		var kinds map[string]call.OneOrMany[string]
		if json.Unmarshal(s.Principal, &kinds) != nil {
			out["anybody"] = true // "Principal": "*", the only form that is no object
			continue
		}
		for kind, names := range kinds {
			for _, name := range names {
				out[kind+": "+name] = true
			}
		}
	}
	return out, nil
}

func usedByService(trusted map[string]bool) bool {
	return slices.ContainsFunc(sorted(trusted), func(principal string) bool { return strings.HasPrefix(principal, "Service: ") })
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }
