package iam

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/call"
)

// quarantineRoleParams: the step takes none.
type quarantineRoleParams struct{}

// quarantineRoleState is how everything is denied to a role, or not yet.
type quarantineRoleState struct {
	Exists bool   `json:"exists"`
	RoleID string `json:"role_id"`
	HeldBy string `json:"held_by"`
	// The two routes by which everything is denied.
	Inline   bool   `json:"inline"`
	Attached bool   `json:"attached"`
	Longest  int64  `json:"longest"` // how long a session taken now may live, in seconds
	LastUsed string `json:"last_used"`
	// Trusted are the principals that may take sessions.
	Trusted map[string]bool `json:"trusted"`
}

// QuarantineRole denies a role everything: its live sessions and those still to be taken.
var QuarantineRole = action.Define(action.Spec[quarantineRoleParams, quarantineRoleState]{
	Name:   "iam.quarantine-role",
	Title:  "deny the role everything",
	Phase:  quell.Contain,
	Target: quell.KindRole,
	Doc: action.Doc{
		What:   "Denies a role every action, to the sessions it has and to all it will give out (inline policy; where that does not fit AWSDenyAll attached), and tags it with the incident.",
		Why:    "A role that the intruder made and that trusts an account of theirs is a way in that outlives every key: iam.revoke-role-sessions ends the sessions there are, and the next one passes.",
		Breaks: "Everything that works as this role, until the deny is taken off.",
		Undo:   "The deny and the tag are taken off once the last session that may have been taken must have ended.",
		Traps: []string{
			"For roles that only the intruder has use for: a role that others share is answered with iam.revoke-role-sessions.",
			"Assuming the role goes on succeeding, for the trust policy is left as it is, as evidence; what the session then does is refused.",
			"A deny without condition: one on the time of issue would let later sessions pass.",
			"Service-linked and Identity Center roles cannot be changed: refused, with what to do instead.",
		},
		D3FEND: []string{"D3-UAP"},
		Source: []string{"IAM user guide, Disabling permissions for temporary security credentials", "IAM user guide, IAM and AWS STS quotas"},
	},
	Reads: []string{"iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies"},
	Writes: []*call.Definition{
		putRolePolicy.Definition, deleteRolePolicy.Definition, attachRolePolicy.Definition, detachRolePolicy.Definition,
		tagRole.Definition, untagRole.Definition,
	},
	Volatile: []string{"/last_used"},
	Look:     lookQuarantineRole,
	Plan: func(in action.In[quarantineRoleParams, quarantineRoleState], now quarantineRoleState) ([]quell.Call, error) {
		if !now.Exists {
			return nil, nil
		}
		sweep := action.In[sweepParams, sweepState]{Target: in.Target, Incident: in.Incident, Settings: in.Settings}
		calls := planRole(sweep, nameOf(in.Target), sweptRole{
			RoleID: now.RoleID, ARN: in.Target.ARN, Inline: now.Inline, Attached: now.Attached, HeldBy: now.HeldBy, Longest: now.Longest,
		})
		for i := range calls {
			calls[i] = flat(calls[i])
		}
		return calls, nil
	},
	Refuse: func(in action.In[quarantineRoleParams, quarantineRoleState], now quarantineRoleState) string {
		return refuseRevoke(action.In[revokeParams, revokeState]{Target: in.Target, Incident: in.Incident, Settings: in.Settings},
			revokeState{RoleID: now.RoleID, HeldBy: now.HeldBy})
	},
	Breaks: func(in action.In[quarantineRoleParams, quarantineRoleState], now quarantineRoleState) []string {
		used := "no use on record"
		if now.LastUsed != "" {
			used = "last used " + now.LastUsed
		}
		out := []string{fmt.Sprintf("everything that works as role %s (%s)", quell.Clean(nameOf(in.Target)), used)}
		for _, principal := range sorted(now.Trusted) {
			out = append(out, "trusted to take its sessions, which can do nothing from then on: "+quell.Clean(principal))
		}
		return out
	},
})

// flat moves the pointers of a call that the sweep plans for one role among several to where they stand here.
func flat(c quell.Call) quell.Call {
	touches := make([]string, 0, len(c.Touches))
	for _, p := range c.Touches {
		for _, field := range []string{"/inline", "/attached", "/held_by"} {
			if len(p) >= len(field) && p[len(p)-len(field):] == field {
				touches = append(touches, field)
			}
		}
	}
	c.Touches = touches
	others := make([]quell.Call, len(c.Else))
	for i := range c.Else {
		others[i] = flat(c.Else[i])
	}
	if c.Else != nil {
		c.Else = others
	}
	return c
}

func lookQuarantineRole(ctx context.Context, cfg aws.Config, in action.In[quarantineRoleParams, quarantineRoleState]) (quarantineRoleState, error) {
	role := nameOf(in.Target)
	state := quarantineRoleState{Trusted: map[string]bool{}}
	got, err := iam.NewFromConfig(cfg).GetRole(ctx, &iam.GetRoleInput{RoleName: &role})
	if missing(err) {
		return state, nil
	}
	if err != nil {
		return state, fmt.Errorf("read role %s: %w", role, err)
	}
	state.Exists, state.RoleID, state.HeldBy = true, aws.ToString(got.Role.RoleId), holder(got.Role.Tags)
	if used := got.Role.RoleLastUsed; used != nil && used.LastUsedDate != nil {
		state.LastUsed = stamp(used.LastUsedDate) + " in " + aws.ToString(used.Region)
	}
	if state.Trusted, err = trusted(aws.ToString(got.Role.AssumeRolePolicyDocument)); err != nil {
		return state, fmt.Errorf("read trust policy of %s: %w", role, err)
	}
	if state.Longest = int64(aws.ToInt32(got.Role.MaxSessionDuration)); state.Longest == 0 || usedByService(state.Trusted) {
		state.Longest = longestSession
	}
	document, err := readRolePolicy(ctx, cfg, role, in.Made())
	if err != nil {
		return state, err
	}
	state.Inline = samePolicy(document, denyDocument)
	attached, err := everyPage(func(marker *string) ([]string, bool, *string, error) {
		out, err := iam.NewFromConfig(cfg).ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &role, Marker: marker})
		if err != nil {
			return nil, false, nil, err
		}
		var arns []string
		for _, p := range out.AttachedPolicies {
			arns = append(arns, aws.ToString(p.PolicyArn))
		}
		return arns, out.IsTruncated, out.Marker, nil
	})
	for _, arn := range attached {
		state.Attached = state.Attached || arn == denyAll(partitionOf(arn))
	}
	return state, wrap(err, "list policies attached to", role)
}
