package iam

import (
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
)

// quarantineOf is a user of the sweep as the quarantine takes it, so that both deny in one and the same way.
func quarantineOf(in action.In[sweepParams, sweepState], name string, now sweptUser, before *sweptUser) action.In[quarantineParams, quarantineState] {
	if before == nil {
		before = &now
	}
	state := before.quarantine()
	return action.In[quarantineParams, quarantineState]{
		Target: quell.Entity{
			Kind: quell.KindUser, ID: now.UserID, Name: name, ARN: now.ARN, Account: in.Target.Account, Region: in.Target.Region,
		},
		Incident: in.Incident, Settings: in.Settings, Before: &state, Clock: in.Clock,
	}
}

func (u sweptUser) quarantine() quarantineState {
	return quarantineState{
		Exists: true, UserID: u.UserID, Inline: u.Inline, Attached: u.Attached, Boundary: u.Boundary, HeldBy: u.HeldBy,
		Keys: map[string]string{}, LastUse: map[string]string{},
	}
}

// planSweep denies first, for a deny reaches the sessions that a key's end leaves alive.
func planSweep(in action.In[sweepParams, sweepState], now sweepState) ([]quell.Call, error) {
	var calls []quell.Call
	for _, name := range slices.Sorted(maps.Keys(now.Users)) {
		user := now.Users[name]
		var before *sweptUser
		if was, ok := in.Before.Users[name]; ok {
			before = &was
		}
		deny, err := planQuarantine(quarantineOf(in, name, user, before), user.quarantine())
		if err != nil {
			return nil, fmt.Errorf("deny user %s: %w", name, err)
		}
		for _, c := range deny {
			calls = append(calls, under(c, "users", name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(now.Roles)) {
		calls = append(calls, planRole(in, name, now.Roles[name])...)
	}
	// A key that came after the first look has no inverse: nobody but the intruder can have made it.
	for _, id := range slices.Sorted(maps.Keys(now.Keys)) {
		if key := now.Keys[id]; key.Status == string(types.StatusTypeActive) {
			wasActive := in.Before.Keys[id].Status == string(types.StatusTypeActive)
			calls = append(calls, deactivate(key.User, id, wasActive).Touching(quell.Pointer("keys", id, "status")))
		}
	}
	return calls, nil
}

// under moves the pointers of a call that was planned for a user alone to where that user stands in the sweep's state.
func under(c quell.Call, parts ...string) quell.Call {
	prefix := quell.Pointer(parts...)
	touches := make([]string, 0, len(c.Touches))
	for _, p := range c.Touches {
		touches = append(touches, prefix+p)
	}
	c.Touches = touches
	alternatives := make([]quell.Call, 0, len(c.Else))
	for _, other := range c.Else {
		alternatives = append(alternatives, under(other, parts...))
	}
	if c.Else != nil {
		c.Else = alternatives
	}
	return c
}

// planRole denies a role everything. Nobody but the intruder has use for it, so that no session is spared.
func planRole(in action.In[sweepParams, sweepState], role string, now sweptRole) []quell.Call {
	var calls []quell.Call
	if !now.Inline && !now.Attached {
		who, name, policy := "sessions of role "+role, in.Made(), denyAll(partitionOf(now.ARN))
		deny := putRolePolicy.With(&iam.PutRolePolicyInput{RoleName: &role, PolicyName: &name, PolicyDocument: aws.String(denyDocument)}).
			UndoneBy(deleteRolePolicy.With(&iam.DeleteRolePolicyInput{RoleName: &role, PolicyName: &name})).
			Touching("/inline").KeepingOut(who, now.Longest)
		attach := attachRolePolicy.With(&iam.AttachRolePolicyInput{RoleName: &role, PolicyArn: &policy}).
			UndoneBy(detachRolePolicy.With(&iam.DetachRolePolicyInput{RoleName: &role, PolicyArn: &policy})).
			Touching("/attached").KeepingOut(who, now.Longest)
		calls = append(calls, under(deny.Or(attach, "LimitExceeded"), "roles", role))
	}
	if now.HeldBy == "" {
		tag := types.Tag{Key: aws.String(action.TagKey), Value: aws.String(in.Incident.ID)}
		c := tagRole.With(&iam.TagRoleInput{RoleName: &role, Tags: []types.Tag{tag}}).
			UndoneBy(untagRole.With(&iam.UntagRoleInput{RoleName: &role, TagKeys: []string{action.TagKey}})).Touching("/held_by")
		calls = append(calls, under(c, "roles", role))
	}
	return calls
}

// mostLines bounds what a preview lists for a person; the outputs hold everything.
const mostLines = 50

// breaksSweep tells what stops first, and after it what was found and left alone: that list is the reason to sweep.
func breaksSweep(_ action.In[sweepParams, sweepState], now sweepState) []string {
	var out, left []string
	for _, key := range slices.Sorted(maps.Keys(now.Seen)) {
		c := now.Seen[key]
		line := c.line(now)
		switch {
		case now.neutralises(c) && !c.Dealt:
			out = append(out, "whatever works as "+line)
		case !c.Dealt:
			left = append(left, "not touched, for a person to judge: "+line)
		}
	}
	if more := len(left) - mostLines; more > 0 {
		left = append(left[:mostLines], fmt.Sprintf("not touched: %d more, see the step's outputs", more))
	}
	out = append(out, left...)
	for _, gap := range sorted(now.Gaps) {
		out = append(out, "not looked at: "+quell.Clean(gap))
	}
	return out
}

// neutralises says whether the plan answers for a candidate.
func (s sweepState) neutralises(c candidate) bool {
	var ok bool
	switch c.Kind {
	case wordUser:
		_, ok = s.Users[c.Name]
	case wordRole:
		_, ok = s.Roles[c.Name]
	case wordKey:
		_, ok = s.Keys[c.ID]
	}
	return ok
}

// line tells a person about a candidate.
func (c candidate) line(now sweepState) string {
	out := c.Kind + " " + firstOf(c.Name, c.ID)
	if c.Made != "" {
		out += " (" + c.Made + ")"
	}
	if c.How != "" {
		out += ": " + c.How
	} else {
		out += ": nobody was seen making it"
	}
	if c.Note != "" {
		out += "; " + c.Note
	}
	if use := now.LastUse[c.ID]; use != "" {
		out += "; " + use
	}
	return quell.Clean(out)
}

// outputsOfSweep is the whole list: what was dealt with, and what is left for a person.
func outputsOfSweep(_ action.In[sweepParams, sweepState], now sweepState) any {
	candidates, left := []candidate{}, 0
	for _, key := range slices.Sorted(maps.Keys(now.Seen)) {
		c := now.Seen[key]
		if !c.Dealt {
			left++
		}
		candidates = append(candidates, c)
	}
	return map[string]any{"candidates": candidates, "left": left, "gaps": sorted(now.Gaps)}
}
