package iam

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/call"
)

// consoleParams: the step takes none.
type consoleParams struct{}

// consoleState holds what can be seen of a user's way into the console. The password itself is nowhere to be read.
type consoleState struct {
	head
	Login         bool   `json:"login"` // there is a console password
	LoginMade     string `json:"login_made"`
	ResetRequired bool   `json:"reset_required"`
	SignedIn      string `json:"signed_in"` // when the password was used last
	// MFA maps a device's serial number to when it was enabled.
	MFA map[string]string `json:"mfa"`
}

// DisableConsole takes a user's console password away.
var DisableConsole = action.Define(action.Spec[consoleParams, consoleState]{
	Name:   "iam.disable-console",
	Title:  "take the console password away",
	Phase:  quell.Contain,
	Target: quell.KindUser,
	Doc: action.Doc{
		What: "Deletes the user's login profile, and deactivates the MFA devices that were enabled since the first hostile act.",
		Why:  "Nobody signs in to the console as this user any more. A password that the intruder set or read works until then, whatever happens to the keys.",
		Breaks: "The person cannot sign in to the console. The old password is lost: AWS hands out none and takes no hash, so even undo gives a new one. " +
			"MFA devices enabled since the incident began are off, also those that the person enabled in good faith.",
		Undo: "A login profile with a new random password, to be changed at the first sign-in; the password lies where the operator's secrets are kept, never in the ledger. " +
			"A profile that was made since the incident began comes back only after a false alarm. MFA devices stay off: enabling one takes two codes from the device.",
		Traps: []string{
			"IAM cannot switch a password off; deleting is the only way, so the reversible answer is the deny of iam.quarantine-user, and that goes first.",
			"A console session that is signed in lives on with credentials of its own, up to 12 hours: only the deny reaches it.",
			"A user may have eight MFA devices: an intruder adds a second one and leaves the first alone.",
			"Which devices are the intruder's is judged by their date; older ones are never touched, and without a known beginning none is.",
		},
		D3FEND: []string{"D3-CR", "D3-AL"},
		Source: []string{
			"IAM API reference, DeleteLoginProfile, CreateLoginProfile, DeactivateMFADevice",
			"IAM user guide, AWS multi-factor authentication in IAM", "IAM user guide, IAM and AWS STS quotas",
		},
	},
	Reads:    []string{"iam:GetUser", "iam:GetLoginProfile", "iam:ListMFADevices"},
	Writes:   []*call.Definition{deleteLoginProfile.Definition, createLoginProfile.Definition, deactivateMFADevice.Definition},
	Destroys: []string{"login-profile"},
	Volatile: []string{"/signed_in"},
	Leaves: map[string]string{
		"/login_made":     "the profile that undo makes is a new one",
		"/reset_required": "the new password must be changed at the first sign-in",
		"/mfa":            "a device enabled since the incident began stays off",
	},
	Look: lookConsole,
	Plan: planConsole,
	Refuse: func(in action.In[consoleParams, consoleState], now consoleState) string {
		return notOurs(in.Target, now.UserID, now.HeldBy, in.Incident.ID)
	},
	Breaks: func(in action.In[consoleParams, consoleState], now consoleState) []string {
		var out []string
		if now.Login {
			used := "never used"
			if now.SignedIn != "" {
				used = "last used " + now.SignedIn
			}
			out = append(out, fmt.Sprintf("console sign-in of user %s (password made %s, %s); the old password is lost for good",
				quell.Clean(nameOf(in.Target)), now.LoginMade, used))
		}
		for _, serial := range slices.Sorted(maps.Keys(now.MFA)) {
			if sinceIncident(now.MFA[serial], in.Incident) {
				out = append(out, fmt.Sprintf("MFA device %s, enabled %s and so after the first hostile act", quell.Clean(serial), now.MFA[serial]))
			}
		}
		return out
	},
})

// planConsole deletes the profile first: while a device is off and the password still there, signing in would be easier
// than before.
func planConsole(in action.In[consoleParams, consoleState], now consoleState) ([]quell.Call, error) {
	user := nameOf(in.Target)
	var calls []quell.Call
	if now.Login {
		c := deleteLoginProfile.With(&iam.DeleteLoginProfileInput{UserName: &user})
		// Only what was there at the first look can be owed to anybody.
		if in.Before.Login {
			c = c.UndoneBy(createLoginProfile.With(&iam.CreateLoginProfileInput{
				UserName: &user, Password: aws.String(call.FillSecret), PasswordResetRequired: true,
			}))
		}
		// A password from the intruder's time is the intruder's; one that came after the first look is nobody else's.
		if !in.Before.Login || sinceIncident(now.LoginMade, in.Incident) {
			c = c.AsKept()
		}
		calls = append(calls, c.Touching("/login"))
	}
	// No inverse: enabling a device takes two codes that only its holder can read.
	for _, serial := range slices.Sorted(maps.Keys(now.MFA)) {
		if sinceIncident(now.MFA[serial], in.Incident) {
			calls = append(calls, deactivateMFADevice.With(&iam.DeactivateMFADeviceInput{UserName: &user, SerialNumber: &serial}).
				AsKept().Touching(quell.Pointer("mfa", serial)))
		}
	}
	return calls, nil
}

// lookConsole reads three things that IAM keeps apart: the user, the profile, the devices.
func lookConsole(ctx context.Context, cfg aws.Config, in action.In[consoleParams, consoleState]) (consoleState, error) {
	user := nameOf(in.Target)
	state := consoleState{MFA: map[string]string{}}
	h, found, err := readHead(ctx, cfg, user)
	if err != nil || !h.Exists {
		return state, err
	}
	state.head, state.SignedIn = h, stamp(found.PasswordLastUsed)
	login, err := readLogin(ctx, cfg, user)
	if err != nil {
		return state, err
	}
	if login != nil {
		state.Login, state.LoginMade, state.ResetRequired = true, stamp(login.CreateDate), login.PasswordResetRequired
	}
	devices, err := readMFA(ctx, cfg, user)
	if err != nil {
		return state, err
	}
	for _, d := range devices {
		state.MFA[aws.ToString(d.SerialNumber)] = stamp(d.EnableDate)
	}
	return state, nil
}
