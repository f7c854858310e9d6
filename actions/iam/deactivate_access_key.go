package iam

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/call"
)

type keyParams struct{}

type keyState struct {
	User    string `json:"user"`
	Status  string `json:"status"` // Active, Inactive, or "" where the key is gone
	LastUse string `json:"last_use"`
}

// DeactivateAccessKey makes one key inactive.
var DeactivateAccessKey = action.Define(action.Spec[keyParams, keyState]{
	Name:   "iam.deactivate-access-key",
	Title:  "deactivate the access key",
	Phase:  quell.Contain,
	Target: quell.KindAccessKey,
	Doc: action.Doc{
		What:   "Sets one long-term access key to Inactive.",
		Why:    "New calls signed with the key are refused within seconds. Sessions already made from it live on for up to 36 hours: use iam.quarantine-user for those.",
		Breaks: "Everything that signs with this key, from the next request on.",
		Undo:   "The key stays inactive; only after the incident was dismissed as a false alarm is it made active again.",
		Traps: []string{
			"A key is deactivated, never deleted: its id is needed for hunting, and deleting cannot be taken back.",
			"Calls with an inactive key leave no CloudTrail record, so their absence proves nothing.",
			"Temporary keys (ASIA...) cannot be deactivated; their principal must be denied.",
		},
		D3FEND: []string{"D3-ANCI"},
		Source: []string{"IAM API reference, UpdateAccessKey", "IAM user guide, Managing access keys"},
	},
	Reads:    []string{"iam:GetAccessKeyLastUsed", "iam:ListAccessKeys"},
	Writes:   []*call.Definition{updateAccessKey.Definition},
	Volatile: []string{"/last_use"},
	Look:     lookAccessKey,
	Plan: func(in action.In[keyParams, keyState], now keyState) ([]quell.Call, error) {
		if now.Status != string(types.StatusTypeActive) {
			return nil, nil
		}
		return []quell.Call{deactivate(now.User, in.Target.ID, in.Before.Status == string(types.StatusTypeActive)).Touching("/status")}, nil
	},
	Refuse: func(in action.In[keyParams, keyState], now keyState) string {
		if strings.HasPrefix(in.Target.ID, "ASIA") {
			return fmt.Sprintf("%s is a temporary key and cannot be deactivated; deny the principal it belongs to", in.Target.ID)
		}
		return ""
	},
	Breaks: func(in action.In[keyParams, keyState], now keyState) []string {
		return []string{fmt.Sprintf("whatever signs with %s of user %s (%s)", in.Target.ID, quell.Clean(now.User), now.LastUse)}
	},
})

// deactivate makes a key inactive. The inverse is kept for a false alarm, and only where the key was active at first.
func deactivate(user, key string, wasActive bool) quell.Call {
	set := func(status types.StatusType) quell.Call {
		return updateAccessKey.With(&iam.UpdateAccessKeyInput{UserName: &user, AccessKeyId: &key, Status: status})
	}
	c := set(types.StatusTypeInactive)
	if wasActive {
		c = c.UndoneBy(set(types.StatusTypeActive))
	}
	return c.AsKept()
}

func lookAccessKey(ctx context.Context, cfg aws.Config, in action.In[keyParams, keyState]) (keyState, error) {
	key := in.Target.ID
	if strings.HasPrefix(key, "ASIA") {
		return keyState{}, nil
	}
	used, err := iam.NewFromConfig(cfg).GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: &key})
	if missing(err) {
		return keyState{}, nil
	}
	if call.Denied(call.Code(err)) {
		// For a key that is gone IAM answers as for another account's; its user, where known, tells the two apart.
		if gone, lookErr := keyGone(ctx, cfg, in); gone && lookErr == nil {
			return keyState{}, nil
		}
	}
	if err != nil {
		return keyState{}, fmt.Errorf("find the user of %s: %w", key, err)
	}
	state := keyState{User: aws.ToString(used.UserName)}
	if state.LastUse, err = lastUse(ctx, cfg, key); err != nil {
		return keyState{}, err
	}
	keys, err := readKeys(ctx, cfg, state.User)
	if err != nil && !missing(err) {
		return keyState{}, err
	}
	for _, k := range keys {
		if aws.ToString(k.AccessKeyId) == key {
			state.Status = string(k.Status)
		}
	}
	return state, nil
}

// keyGone says that the user the key belongs to, as the incident knows it, has no such key any more.
func keyGone(ctx context.Context, cfg aws.Config, in action.In[keyParams, keyState]) (bool, error) {
	for _, e := range in.Incident.Pick(quell.KindUser, "") {
		if in.Target.Of == "" || e.ID != in.Target.Of {
			continue
		}
		keys, err := readKeys(ctx, cfg, nameOf(e))
		if missing(err) {
			return true, nil
		}
		return err == nil && !slices.ContainsFunc(keys, func(k types.AccessKeyMetadata) bool {
			return aws.ToString(k.AccessKeyId) == in.Target.ID
		}), err
	}
	return false, nil
}
