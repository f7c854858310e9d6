package iam

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/call"
)

// lookRogue lists everything that would make IAM refuse to delete the user. It goes on to the loose devices even where the
// user is gone already.
func lookRogue(ctx context.Context, cfg aws.Config, in action.In[rogueParams, rogueState]) (rogueState, error) {
	user := nameOf(in.Target)
	state := rogueState{
		Keys: map[string]string{}, LastUse: map[string]string{}, MFA: map[string]bool{}, SSH: map[string]string{},
		Certificates: map[string]string{}, Service: map[string]string{}, Inline: map[string]bool{}, Attached: map[string]bool{},
		Groups: map[string]bool{}, Loose: map[string]bool{},
	}
	h, found, err := readHead(ctx, cfg, user)
	if err != nil {
		return state, err
	}
	state.head = h
	if state.Exists {
		state.Made = stamp(found.CreateDate)
		if err := readRogueCredentials(ctx, cfg, user, &state); err != nil {
			return state, err
		}
		if err := readRoguePermissions(ctx, cfg, in, user, &state); err != nil {
			return state, err
		}
		if b := found.PermissionsBoundary; b != nil {
			arn := aws.ToString(b.PermissionsBoundaryArn)
			state.Denied = state.Denied || arn == denyAll(partitionOf(arn))
		}
	}
	return state, readLoose(ctx, cfg, in, &state)
}

// readRogueCredentials reads what the user could sign in with.
func readRogueCredentials(ctx context.Context, cfg aws.Config, user string, state *rogueState) error {
	keys, err := readKeys(ctx, cfg, user)
	if err != nil {
		return err
	}
	for _, k := range keys {
		id := aws.ToString(k.AccessKeyId)
		state.Keys[id] = string(k.Status)
		if state.LastUse[id], err = lastUse(ctx, cfg, id); err != nil {
			return err
		}
	}
	login, err := readLogin(ctx, cfg, user)
	if err != nil {
		return err
	}
	state.Login = login != nil
	devices, err := readMFA(ctx, cfg, user)
	if err != nil {
		return err
	}
	for _, d := range devices {
		state.MFA[aws.ToString(d.SerialNumber)] = true
	}
	ssh, err := readSSHKeys(ctx, cfg, user)
	if err != nil {
		return err
	}
	for _, k := range ssh {
		state.SSH[aws.ToString(k.SSHPublicKeyId)] = string(k.Status)
	}
	certificates, err := readCertificates(ctx, cfg, user)
	if err != nil {
		return err
	}
	for _, c := range certificates {
		state.Certificates[aws.ToString(c.CertificateId)] = string(c.Status)
	}
	service, err := readServiceCredentials(ctx, cfg, user)
	if call.Code(err) == call.CodeNotAvailable {
		state.Unseen, err = true, nil // were there any, DeleteUser would say so
	}
	if err != nil {
		return err
	}
	for _, c := range service {
		state.Service[aws.ToString(c.ServiceSpecificCredentialId)] = string(c.Status)
	}
	return nil
}

// readRoguePermissions reads what the user may do, and whether one of the three denies holds it. Permissions that come
// from a group go with the membership; the group itself is other people's.
func readRoguePermissions(ctx context.Context, cfg aws.Config, in action.In[rogueParams, rogueState], user string, state *rogueState) error {
	names, err := readUserPolicyNames(ctx, cfg, user)
	if err != nil {
		return err
	}
	for _, name := range names {
		state.Inline[name] = true
	}
	if state.Inline[in.Made()] {
		out, err := iam.NewFromConfig(cfg).GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: &user, PolicyName: aws.String(in.Made())})
		if err != nil && !missing(err) {
			return wrap(err, "read the deny of", user)
		}
		state.Denied = err == nil && samePolicy(aws.ToString(out.PolicyDocument), denyDocument)
	}
	attached, err := readUserAttached(ctx, cfg, user)
	if err != nil {
		return err
	}
	for arn := range arnsOf(attached) {
		state.Attached[arn] = true
		state.Denied = state.Denied || arn == denyAll(partitionOf(arn))
	}
	groups, err := readGroups(ctx, cfg, user)
	if err != nil {
		return err
	}
	for _, g := range groups {
		state.Groups[aws.ToString(g.GroupName)] = true
	}
	return nil
}

// readLoose finds the virtual devices that belong to the user, or did at the first look: once deactivated they show on
// nobody, and a plan cut short there would forget them.
func readLoose(ctx context.Context, cfg aws.Config, in action.In[rogueParams, rogueState], state *rogueState) error {
	// A hardware device or security key has no such ARN, and nothing of it stays in the account.
	virtual := func(serial string) bool {
		return strings.HasPrefix(serial, "arn:") && strings.Contains(serial, ":mfa/")
	}
	wanted := map[string]bool{}
	for serial := range state.MFA {
		wanted[serial] = virtual(serial)
	}
	if in.Before != nil {
		for serial := range in.Before.Loose {
			wanted[serial] = virtual(serial)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	list, err := everyPage(func(marker *string) ([]types.VirtualMFADevice, bool, *string, error) {
		out, err := iam.NewFromConfig(cfg).ListVirtualMFADevices(ctx, &iam.ListVirtualMFADevicesInput{Marker: marker})
		if err != nil {
			return nil, false, nil, err
		}
		return out.VirtualMFADevices, out.IsTruncated, out.Marker, nil
	})
	if err != nil {
		return wrap(err, "list virtual MFA devices for", nameOf(in.Target))
	}
	for _, d := range list {
		serial := aws.ToString(d.SerialNumber)
		if !wanted[serial] {
			continue
		}
		// Somebody else may have taken a loose device into use meanwhile; then it is theirs.
		if owner := d.User; owner != nil && aws.ToString(owner.UserName) != nameOf(in.Target) {
			continue
		}
		state.Loose[serial] = true
	}
	return nil
}
