package iam

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/call"
)

type quarantineParams struct{}

type quarantineState struct {
	Exists bool   `json:"exists"`
	UserID string `json:"user_id"`
	// Name is what the user is called now, where that is not what the incident calls it: who may do everything may also
	// give the user another name, and whoever asks for the old one finds nothing to contain.
	Name string `json:"name,omitempty"`
	// The three routes by which everything is denied.
	Inline   bool   `json:"inline"`   // our inline policy is there and says what it must
	Attached bool   `json:"attached"` // AWSDenyAll is attached
	Boundary string `json:"boundary"` // ARN of the permissions boundary
	// Keys maps a key's id to its status.
	Keys    map[string]string `json:"keys"`
	LastUse map[string]string `json:"last_use"`
	HeldBy  string            `json:"held_by"` // the value of the tag quell:incident
}

// sessionsOfUser is how long federation and session tokens made from a user's key may live.
// Source: STS API reference, GetFederationToken and GetSessionToken, DurationSeconds up to 129,600.
const sessionsOfUser = 36 * 60 * 60

// QuarantineUser denies a user everything and deactivates its keys, deny first.
var QuarantineUser = action.Define(action.Spec[quarantineParams, quarantineState]{
	Name:   "iam.quarantine-user",
	Title:  "deny the user everything, then deactivate its keys",
	Phase:  quell.Contain,
	Target: quell.KindUser,
	Doc: action.Doc{
		What:   "Denies the user every action (inline policy; where that does not fit AWSDenyAll attached; else as boundary), then sets each active key to Inactive, and tags the user with the incident.",
		Why:    "The deny reaches what a deactivated key leaves alive: session and federation tokens, for up to 36 hours, and console sessions.",
		Breaks: "Everything that works as this user, from seconds after the deny.",
		Undo:   "The deny and the tag are taken back once no session can be alive any more; keys stay inactive unless the incident was dismissed.",
		Traps: []string{
			"A deny under a date condition passes long-term keys by: this one has no condition.",
			"The user's inline policies together hold 2,048 characters, a user ten attached policies: there are three routes, chosen by the error.",
			"An intruder who is an administrator takes the deny off before it bites: it is looked at again after 5, 15 and 60 seconds and put back.",
			"AWSCompromisedKeyQuarantine is not a deny of everything and never counts as one.",
			"Sessions of roles that the user assumed are other principals: iam.revoke-role-sessions answers for those.",
		},
		D3FEND: []string{"D3-ANCI", "D3-UAP"},
		Source: []string{
			"IAM user guide, Disabling permissions for temporary security credentials", "IAM user guide, IAM and AWS STS quotas",
			"STS API reference, GetFederationToken",
		},
	},
	Reads: []string{
		"iam:GetUser", "iam:GetUserPolicy", "iam:ListAttachedUserPolicies", "iam:ListAccessKeys", "iam:GetAccessKeyLastUsed",
	},
	Writes: []*call.Definition{
		putUserPolicy.Definition, deleteUserPolicy.Definition, attachUserPolicy.Definition, detachUserPolicy.Definition,
		putUserBoundary.Definition, deleteUserBoundary.Definition, updateAccessKey.Definition, tagUser.Definition,
		untagUser.Definition,
	},
	Volatile: []string{"/last_use"},
	Leaves:   map[string]string{"/keys": "a compromised key stays inactive"},
	Look:     lookQuarantine,
	Plan:     planQuarantine,
	Refuse: func(in action.In[quarantineParams, quarantineState], now quarantineState) string {
		if why := recreated(in.Target, now.UserID); why != "" {
			return why
		}
		if now.HeldBy != "" && now.HeldBy != in.Incident.ID {
			return fmt.Sprintf("another responder holds user %s: it is tagged %s=%s; settle that incident first, or merge",
				nameOf(in.Target), action.TagKey, quell.Clean(now.HeldBy))
		}
		return ""
	},
	Breaks: func(in action.In[quarantineParams, quarantineState], now quarantineState) []string {
		out := []string{fmt.Sprintf("everything that works as user %s, its console and its sessions included", quell.Clean(nameOf(in.Target)))}
		for _, id := range slices.Sorted(maps.Keys(now.Keys)) {
			if now.Keys[id] == string(types.StatusTypeActive) {
				out = append(out, fmt.Sprintf("whatever signs with %s (%s)", id, now.LastUse[id]))
			}
		}
		return out
	},
})

func planQuarantine(in action.In[quarantineParams, quarantineState], now quarantineState) ([]quell.Call, error) {
	if !now.Exists {
		return nil, nil
	}
	user := firstOf(now.Name, nameOf(in.Target))
	deny := denyAll(partitionOf(in.Target.ARN))
	var calls []quell.Call
	if !now.Inline && !now.Attached && now.Boundary != deny {
		calls = append(calls, denyCall(in, user, deny))
	}
	for _, id := range slices.Sorted(maps.Keys(now.Keys)) {
		if now.Keys[id] == string(types.StatusTypeActive) {
			wasActive := in.Before.Keys[id] == string(types.StatusTypeActive)
			calls = append(calls, deactivate(user, id, wasActive).Touching(quell.Pointer("keys", id)))
		}
	}
	if now.HeldBy == "" {
		tag := types.Tag{Key: aws.String(action.TagKey), Value: aws.String(in.Incident.ID)}
		calls = append(calls, tagUser.With(&iam.TagUserInput{UserName: &user, Tags: []types.Tag{tag}}).
			UndoneBy(untagUser.With(&iam.UntagUserInput{UserName: &user, TagKeys: []string{action.TagKey}})).
			Touching("/held_by"))
	}
	return calls, nil
}

// denyCall is the deny with its alternatives. The boundary is a way only where there was none, or its inverse would
// have to restore what Look saw at first.
func denyCall(in action.In[quarantineParams, quarantineState], user, deny string) quell.Call {
	who := "tokens made from keys of user " + user
	c := putUserPolicy.With(&iam.PutUserPolicyInput{
		UserName: &user, PolicyName: aws.String(in.Made()), PolicyDocument: aws.String(denyDocument),
	}).UndoneBy(deleteUserPolicy.With(&iam.DeleteUserPolicyInput{UserName: &user, PolicyName: aws.String(in.Made())})).
		Touching("/inline").KeepingOut(who, sessionsOfUser)
	attach := attachUserPolicy.With(&iam.AttachUserPolicyInput{UserName: &user, PolicyArn: &deny}).
		UndoneBy(detachUserPolicy.With(&iam.DetachUserPolicyInput{UserName: &user, PolicyArn: &deny})).
		Touching("/attached").KeepingOut(who, sessionsOfUser)
	boundary := putUserBoundary.With(&iam.PutUserPermissionsBoundaryInput{UserName: &user, PermissionsBoundary: &deny})
	if in.Before.Boundary == "" {
		boundary = boundary.UndoneBy(deleteUserBoundary.With(&iam.DeleteUserPermissionsBoundaryInput{UserName: &user}))
	} else {
		boundary = boundary.UndoneBy(putUserBoundary.With(&iam.PutUserPermissionsBoundaryInput{
			UserName: &user, PermissionsBoundary: aws.String(in.Before.Boundary),
		}))
	}
	boundary = boundary.Touching("/boundary").KeepingOut(who, sessionsOfUser)
	return c.Or(attach, "LimitExceeded").Or(boundary, "LimitExceeded")
}

func lookQuarantine(ctx context.Context, cfg aws.Config, in action.In[quarantineParams, quarantineState]) (quarantineState, error) {
	user := nameOf(in.Target)
	state := quarantineState{Keys: map[string]string{}, LastUse: map[string]string{}}
	got, err := iam.NewFromConfig(cfg).GetUser(ctx, &iam.GetUserInput{UserName: &user})
	if missing(err) {
		if user, err = renamed(ctx, cfg, in); err != nil || user == "" {
			return state, err
		}
		state.Name = user
		got, err = iam.NewFromConfig(cfg).GetUser(ctx, &iam.GetUserInput{UserName: &user})
	}
	if err != nil {
		return state, fmt.Errorf("read user %s: %w", user, err)
	}
	state.Exists = true
	state.UserID = aws.ToString(got.User.UserId)
	if b := got.User.PermissionsBoundary; b != nil {
		state.Boundary = aws.ToString(b.PermissionsBoundaryArn)
	}
	for _, t := range got.User.Tags {
		if aws.ToString(t.Key) == action.TagKey {
			state.HeldBy = aws.ToString(t.Value)
		}
	}
	policy, err := iam.NewFromConfig(cfg).GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: &user, PolicyName: aws.String(in.Made())})
	switch {
	case err == nil:
		state.Inline = samePolicy(aws.ToString(policy.PolicyDocument), denyDocument)
	case !missing(err):
		return state, fmt.Errorf("read policy %s of %s: %w", in.Made(), user, err)
	}
	if state.Attached, err = hasDenyAll(ctx, cfg, user); err != nil {
		return state, err
	}
	keys, err := readKeys(ctx, cfg, user)
	if err != nil {
		return state, err
	}
	for _, k := range keys {
		id := aws.ToString(k.AccessKeyId)
		state.Keys[id] = string(k.Status)
		if state.LastUse[id], err = lastUse(ctx, cfg, id); err != nil {
			return state, err
		}
	}
	return state, nil
}

// renamed finds the user's present name by a key that the incident knows to be the user's; "" where there is none left. The
// id tells in Refuse whether it is the same user.
func renamed(ctx context.Context, cfg aws.Config, in action.In[quarantineParams, quarantineState]) (string, error) {
	for _, key := range in.Incident.Pick(quell.KindAccessKey, "") {
		if key.Of == "" || key.Of != in.Target.ID || !strings.HasPrefix(key.ID, "AKIA") {
			continue
		}
		used, err := iam.NewFromConfig(cfg).GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: &key.ID})
		if missing(err) || call.Denied(call.Code(err)) {
			continue // IAM answers so for a key that is gone
		}
		if err != nil {
			return "", fmt.Errorf("find the user of %s: %w", key.ID, err)
		}
		if name := aws.ToString(used.UserName); name != "" && name != nameOf(in.Target) {
			return name, nil
		}
	}
	return "", nil
}

// hasDenyAll reads every page of the attached policies.
func hasDenyAll(ctx context.Context, cfg aws.Config, user string) (bool, error) {
	var marker *string
	for {
		out, err := iam.NewFromConfig(cfg).ListAttachedUserPolicies(ctx, &iam.ListAttachedUserPoliciesInput{UserName: &user, Marker: marker})
		if err != nil {
			return false, fmt.Errorf("list policies attached to %s: %w", user, err)
		}
		for _, p := range out.AttachedPolicies {
			if arn := aws.ToString(p.PolicyArn); arn == denyAll(partitionOf(arn)) {
				return true, nil
			}
		}
		if !out.IsTruncated {
			return false, nil
		}
		marker = out.Marker
	}
}
