package secrets

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/call"
)

type rotateParams struct{}

type rotateState struct {
	Exists  bool   `json:"exists"`
	Region  string `json:"region"`
	Primary string `json:"primary"` // the region to change it in, where this is a copy
	HeldBy  string `json:"held_by"` // the value of the tag quell:incident
	Deleted string `json:"deleted"` // when it goes, where it is scheduled for deletion
	// Rotation says how it can be rotated: "lambda", "managed" by the service that owns it, or "" where it cannot.
	Rotation string `json:"rotation"`
	// Current is the version that readers get, Pending one that a rotation is making; each with when it was made.
	Current     string `json:"current"`
	CurrentMade string `json:"current_made"`
	Pending     string `json:"pending"`
	PendingMade string `json:"pending_made"`
	// Renewed says that the current version came after the incident was opened; Waiting that a rotation begun after it is
	// still under way.
	Renewed bool   `json:"renewed"`
	Waiting bool   `json:"waiting"`
	Rotated string `json:"rotated"` // when a rotation last ended
	Read    string `json:"read"`    // the day it was last read
	// Foreign are the principals of other accounts that the secret's resource policy lets in; PolicyKnown is "yes" where
	// that policy could be read.
	Foreign     map[string]bool `json:"foreign"`
	PolicyKnown string          `json:"policy_known"`
}

// The operations this package writes with. A new version can be read soon; how long the rotation itself takes is the
// rotation function's affair, and waiting for it is the step's.
var rotateSecret = call.Define("secretsmanager:RotateSecret", secretsmanager.NewFromConfig, (*secretsmanager.Client).RotateSecret,
	call.VisibleAfter(5*time.Second), call.Token("ClientRequestToken"),
	// Source: Secrets Manager API reference, RotateSecret, "Required permissions".
	call.Needs("secretsmanager:RotateSecret", "lambda:InvokeFunction"))

// Rotate starts a secret's rotation and waits until the new version is the current one.
var Rotate = action.Define(action.Spec[rotateParams, rotateState]{
	Name:   "secrets.rotate",
	Title:  "rotate the secret",
	Phase:  quell.Eradicate,
	Target: quell.KindSecret,
	Doc: action.Doc{
		What:   "Starts the rotation that is configured for the secret at once, and is done when the version that readers get was made after the incident was opened and no rotation is under way.",
		Why:    "Whoever read the secret goes on using what it opens, from outside the account and without a trace in it, until the password or token behind it is changed.",
		Breaks: "Clients that keep the old value until they fetch the secret again. With a single-user rotation their open connections may be refused in between.",
		Undo:   "None: the old value is known to the intruder, and going back to it (AWSCURRENT on the earlier version) would hand the thing back. The earlier version stays as AWSPREVIOUS for the rotation function.",
		Traps: []string{
			"Rotate after the intruder is out: a secret rotated before is read again.",
			"A rotation is asynchronous; the accepted call proves nothing. The version's own date does: LastChangedDate moves with every tag.",
			"With two alternating users the earlier version (AWSPREVIOUS) still opens the database until the next rotation: rotate twice.",
			"A rotation that failed leaves AWSPENDING on a version of its own, and every later one is refused until that is taken off.",
			"The secret's resource policy may let another account read the new value too: its foreign principals are listed.",
			"Without a rotation function nobody but its owner can change what the secret opens: the step is refused and says so.",
			"A value changed by hand after the incident was opened counts as done: it cannot be told who changed it, so look at who called PutSecretValue.",
		},
		D3FEND: []string{"D3-CRO"},
		Source: []string{
			"Secrets Manager API reference, RotateSecret, DescribeSecret", "Secrets Manager user guide, How rotation works; Troubleshoot rotation",
		},
	},
	Reads: []string{
		"secretsmanager:DescribeSecret", "secretsmanager:ListSecretVersionIds", "secretsmanager:GetResourcePolicy",
	},
	Writes: []*call.Definition{rotateSecret.Definition},
	Volatile: []string{
		"/rotated", "/read", "/current_made", "/pending_made", "/held_by", "/foreign", "/policy_known", "/waiting", "/pending",
	},
	Leaves: map[string]string{
		"/current": "a value that leaked is not put back",
		"/renewed": "a value that leaked is not put back",
	},
	Look: lookSecret,
	Plan: func(in action.In[rotateParams, rotateState], now rotateState) ([]quell.Call, error) {
		if !now.Exists || now.Renewed || now.Waiting {
			return nil, nil
		}
		id := idOf(in.Target)
		// The token is the new version's id: sent twice, it is one rotation.
		c := rotateSecret.With(&secretsmanager.RotateSecretInput{
			SecretId: &id, ClientRequestToken: aws.String(call.FillToken), RotateImmediately: aws.Bool(true),
		}).AsKept().Touching("/current").Keeping("/VersionId")
		c.Region = now.Region
		return []quell.Call{c}, nil
	},
	Settled: func(_ action.In[rotateParams, rotateState], now rotateState) bool {
		return !now.Exists || now.Renewed && !now.Waiting
	},
	Refuse: refuseRotation,
	Breaks: breaksRotation,
	Outputs: func(_ action.In[rotateParams, rotateState], now rotateState) any {
		return map[string]any{"current": now.Current, "made": now.CurrentMade, "foreign": slices.Sorted(maps.Keys(now.Foreign))}
	},
})

// refuseRotation says no where a rotation cannot succeed, and who must do what instead. A value that is newer than the
// incident settles the step whoever wrote it.
func refuseRotation(in action.In[rotateParams, rotateState], now rotateState) string {
	name := quell.Clean(nameOf(in.Target))
	switch {
	case !now.Exists:
		return ""
	case now.HeldBy != "" && now.HeldBy != in.Incident.ID:
		return fmt.Sprintf("another responder holds secret %s: it is tagged %s=%s; settle that incident first, or merge",
			name, action.TagKey, quell.Clean(now.HeldBy))
	case now.Renewed || now.Waiting:
		return ""
	case now.Primary != "" && now.Primary != now.Region:
		return fmt.Sprintf("secret %s in %s is a copy; rotate the original in %s, the copies follow", name, now.Region, now.Primary)
	case now.Deleted != "":
		return fmt.Sprintf("secret %s is scheduled for deletion (%s) and cannot be rotated, but what it opens still opens; "+
			"its owner changes the password or token there", name, now.Deleted)
	case now.Pending != "":
		return fmt.Sprintf("a rotation of secret %s began before the incident (%s) and has not ended, so that AWS starts no other; "+
			"look at the rotation function's log, take the stage AWSPENDING off version %s, and run again", name, now.PendingMade, now.Pending)
	case now.Rotation == "":
		return fmt.Sprintf("no rotation is configured for secret %s, so that only the owner of what it opens can change it: change the password or token there, "+
			"write the new value with `aws secretsmanager put-secret-value --secret-id %s --region %s --secret-string file://new-value`, and run again; "+
			"the step is done once the current version is newer than the incident", name, quell.Clean(idOf(in.Target)), now.Region)
	}
	return ""
}

// breaksRotation names who may be surprised, and who can read the new value as they read the old.
func breaksRotation(in action.In[rotateParams, rotateState], now rotateState) []string {
	name := quell.Clean(nameOf(in.Target))
	read := "never read in this region"
	if now.Read != "" {
		read = "last read on " + now.Read
	}
	out := []string{fmt.Sprintf("whatever keeps the old value of %s until it fetches the new one (%s)", name, read)}
	for _, who := range slices.Sorted(maps.Keys(now.Foreign)) {
		out = append(out, fmt.Sprintf("not stopped: the resource policy lets %s in, who may read the new value too", quell.Clean(who)))
	}
	if now.PolicyKnown != "yes" {
		out = append(out, "whether another account may read the new value: the resource policy could not be read ("+quell.Clean(now.PolicyKnown)+")")
	}
	return append(out, "not stopped: with alternating users the earlier version still opens the database until the next rotation")
}
