package iam

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/call"
)

// rogueParams: the step takes none.
type rogueParams struct{}

// rogueState lists what must go, each thing by what its deletion names it by.
type rogueState struct {
	head
	Made string `json:"made"`
	// Denied says that everything is denied to the user, by whichever of the three routes.
	Denied bool `json:"denied"`
	Login  bool `json:"login"`
	// What hangs on the user, by id, name or ARN. Keys, SSH, Certificates and Service hold statuses.
	Keys         map[string]string `json:"keys"`
	LastUse      map[string]string `json:"last_use"`
	MFA          map[string]bool   `json:"mfa"`
	SSH          map[string]string `json:"ssh"`
	Certificates map[string]string `json:"certificates"`
	Service      map[string]string `json:"service"`
	// Unseen says that service credentials could not be listed: emulators and some partitions lack the call.
	Unseen   bool            `json:"unseen,omitempty"`
	Inline   map[string]bool `json:"inline"`
	Attached map[string]bool `json:"attached"`
	Groups   map[string]bool `json:"groups"`
	// Loose are virtual MFA devices that were this user's and still lie in the account.
	Loose map[string]bool `json:"loose"`
}

// DeleteRogueUser deletes a user that the intruder made, with everything that hangs on it.
var DeleteRogueUser = action.Define(action.Spec[rogueParams, rogueState]{
	Name:         "iam.delete-rogue-user",
	Title:        "delete a user that the intruder made",
	Irreversible: true,
	Phase:        quell.Eradicate,
	Target:       quell.KindUser,
	Doc: action.Doc{
		What:   "Deletes a user and all that IAM wants gone before: access keys, console password, MFA devices, certificates, SSH keys, service credentials, group memberships, policies; what denies it everything goes last.",
		Why:    "A quarantined user is harmless but still there: a careless hand lifts the deny, and the name stays trusted by whatever policy names it.",
		Breaks: "Everything that works as this user, for good: keys and passwords cannot be restored.",
		Undo:   "None. The snapshot tells what the user was; one made anew under the name has another id, and policies that named the old one do not fit it.",
		Traps: []string{
			"IAM refuses to delete a user on whom anything hangs (DeleteConflict): each child is its own call, all of them shown.",
			"The deny is taken off right before the user goes, so that a plan cut short leaves no user that can act.",
			"A permissions boundary need not go first and is left to hold until the end.",
			"A virtual MFA device outlives its user, and an intruder may enable it on another one: it is deleted too.",
			"Refused for a user that the incident does not show to be made by the intruder, unless it was made since the first hostile act and is quarantined.",
			"Delete last: its keys' ids are what hunting looks for.",
		},
		D3FEND: []string{"D3-UAP", "D3-CR"},
		Source: []string{"IAM API reference, DeleteUser, DeactivateMFADevice, DeleteVirtualMFADevice", "IAM user guide, Remove or deactivate an IAM user"},
	},
	Reads: []string{
		"iam:GetUser", "iam:GetUserPolicy", "iam:ListUserPolicies", "iam:ListAttachedUserPolicies", "iam:ListGroupsForUser",
		"iam:ListAccessKeys", "iam:GetAccessKeyLastUsed", "iam:GetLoginProfile", "iam:ListMFADevices", "iam:ListVirtualMFADevices",
		"iam:ListSSHPublicKeys", "iam:ListSigningCertificates", "iam:ListServiceSpecificCredentials",
	},
	Writes: []*call.Definition{
		deleteAccessKey.Definition, deleteLoginProfile.Definition, deactivateMFADevice.Definition, deleteVirtualMFADevice.Definition,
		deleteSigningCertificate.Definition, deleteSSHPublicKey.Definition, deleteServiceCredential.Definition,
		removeUserFromGroup.Definition, deleteUserPolicy.Definition, detachUserPolicy.Definition, deleteUser.Definition,
	},
	Volatile: []string{"/last_use"},
	Destroys: []string{"user", "login-profile"},
	Look:     lookRogue,
	Plan:     planRogue,
	Refuse:   refuseRogue,
	Unseen: func(in action.In[rogueParams, rogueState], now rogueState) []string {
		if !now.Unseen {
			return nil
		}
		return []string{fmt.Sprintf("service-specific credentials of user %s: not available at this endpoint", quell.Clean(nameOf(in.Target)))}
	},
	Breaks: func(in action.In[rogueParams, rogueState], now rogueState) []string {
		if !now.Exists {
			return nil
		}
		user := quell.Clean(nameOf(in.Target))
		out := []string{fmt.Sprintf("user %s (%s, made %s) is gone for good", user, now.UserID, now.Made)}
		for _, id := range slices.Sorted(maps.Keys(now.Keys)) {
			out = append(out, fmt.Sprintf("key %s (%s)", id, now.LastUse[id]))
		}
		if !now.Denied {
			out = append(out, "nothing denies this user anything yet: while the calls run it may still act; quarantine it first")
		}
		return out
	},
})

// refuseRogue lets through only what the intruder surely made. A name alone proves nothing: names are given anew.
func refuseRogue(in action.In[rogueParams, rogueState], now rogueState) string {
	if !now.Exists {
		return ""
	}
	user := quell.Clean(nameOf(in.Target))
	if why := notOurs(in.Target, now.UserID, now.HeldBy, in.Incident.ID); why != "" {
		return why
	}
	if madeByIntruder(in, now) {
		return ""
	}
	if !sinceIncident(now.Made, in.Incident) {
		return fmt.Sprintf("nothing shows that the intruder made user %s (made %s, first hostile act %s); quarantine it instead, or delete it by hand",
			user, now.Made, stamp(&in.Incident.Since))
	}
	if !now.Denied && !bare(now) {
		return fmt.Sprintf("user %s was made since the first hostile act (%s), but nobody was seen making it, and nothing denies it anything; "+
			"quarantine it first (iam.quarantine-user) and see who misses it", user, now.Made)
	}
	return ""
}

// madeByIntruder says whether the incident saw this very user being made: by its id, or, where the record had no id, by
// name in the same account and by a date that fits.
func madeByIntruder(in action.In[rogueParams, rogueState], now rogueState) bool {
	return slices.ContainsFunc(in.Incident.Pick(quell.KindUser, quell.PartMade), func(e quell.Entity) bool {
		if strings.HasPrefix(e.ID, "AIDA") {
			return e.ID == now.UserID
		}
		here := e.Account == "" || in.Target.Account == "" || e.Account == in.Target.Account
		return here && nameOf(e) == nameOf(in.Target) && sinceIncident(now.Made, in.Incident)
	})
}

// bare says that nothing is left on the user but itself: it can neither sign in nor do anything.
func bare(now rogueState) bool {
	return !now.Login && len(now.Keys)+len(now.SSH)+len(now.Certificates)+len(now.Service)+
		len(now.Inline)+len(now.Attached)+len(now.Groups) == 0
}

// planRogue takes off credentials first, then permissions, then what denies, then the user.
func planRogue(in action.In[rogueParams, rogueState], now rogueState) ([]quell.Call, error) {
	user := nameOf(in.Target)
	var calls []quell.Call
	add := func(c quell.Call, pointer ...string) {
		calls = append(calls, c.AsIrreversible().Touching(quell.Pointer(pointer...)))
	}
	for _, id := range slices.Sorted(maps.Keys(now.Keys)) {
		add(deleteAccessKey.With(&iam.DeleteAccessKeyInput{UserName: &user, AccessKeyId: &id}), "keys", id)
	}
	if now.Login {
		add(deleteLoginProfile.With(&iam.DeleteLoginProfileInput{UserName: &user}), "login")
	}
	for _, serial := range sorted(now.MFA) {
		add(deactivateMFADevice.With(&iam.DeactivateMFADeviceInput{UserName: &user, SerialNumber: &serial}), "mfa", serial)
	}
	for _, serial := range sorted(now.Loose) {
		add(deleteVirtualMFADevice.With(&iam.DeleteVirtualMFADeviceInput{SerialNumber: &serial}), "loose", serial)
	}
	for _, id := range slices.Sorted(maps.Keys(now.Certificates)) {
		add(deleteSigningCertificate.With(&iam.DeleteSigningCertificateInput{UserName: &user, CertificateId: &id}), "certificates", id)
	}
	for _, id := range slices.Sorted(maps.Keys(now.SSH)) {
		add(deleteSSHPublicKey.With(&iam.DeleteSSHPublicKeyInput{UserName: &user, SSHPublicKeyId: &id}), "ssh", id)
	}
	for _, id := range slices.Sorted(maps.Keys(now.Service)) {
		add(deleteServiceCredential.With(&iam.DeleteServiceSpecificCredentialInput{
			UserName: &user, ServiceSpecificCredentialId: &id,
		}), "service", id)
	}
	for _, name := range sorted(now.Groups) {
		add(removeUserFromGroup.With(&iam.RemoveUserFromGroupInput{UserName: &user, GroupName: aws.String(name)}), "groups", name)
	}
	// Ours is the deny: it goes last, and with it AWSDenyAll, whoever attached that.
	ours := in.Made()
	inline := func(name string) {
		add(deleteUserPolicy.With(&iam.DeleteUserPolicyInput{UserName: &user, PolicyName: &name}), "inline", name)
	}
	detach := func(arn string) {
		add(detachUserPolicy.With(&iam.DetachUserPolicyInput{UserName: &user, PolicyArn: &arn}), "attached", arn)
	}
	for _, name := range sorted(now.Inline) {
		if name != ours {
			inline(name)
		}
	}
	for _, arn := range sorted(now.Attached) {
		if arn != denyAll(partitionOf(arn)) {
			detach(arn)
		}
	}
	for _, arn := range sorted(now.Attached) {
		if arn == denyAll(partitionOf(arn)) {
			detach(arn)
		}
	}
	if now.Inline[ours] {
		inline(ours)
	}
	if now.Exists {
		add(deleteUser.With(&iam.DeleteUserInput{UserName: &user}), "exists")
	}
	return calls, nil
}
