package iam

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/call"
)

// snapshotParams: the step takes none.
type snapshotParams struct{}

// SnapshotPrincipal keeps everything IAM says about a user or role, as it is now.
var SnapshotPrincipal = action.Define(action.Spec[snapshotParams, struct{}]{
	Name:   "iam.snapshot-principal",
	Title:  "keep a record of the user or role as it is",
	Phase:  quell.Preserve,
	Target: quell.KindUser,
	Doc: action.Doc{
		What: "Writes down a user (or role, where the target is one): itself with tags and boundary, inline policies, attached policies with every version, groups and theirs, " +
			"access keys with their last use, login profile, MFA devices, SSH keys, certificates, service credentials; of a role its trust and instance profiles.",
		Why:    "Deleting and changing destroys what an investigation and a rebuilding need; IAM keeps no history of it.",
		Breaks: "Nothing: it only reads.",
		Undo:   "Nothing to take back; what was kept stays.",
		Traps: []string{
			"A part that may not be read is named in the manifest and holds the others back in nothing.",
			"The default version of a policy may be an innocent one put back: every version of the account's own policies is kept.",
			"Last use is coarse and late: one service and region, up to hours behind.",
			"No secret is in it: IAM gives out neither passwords nor secret keys nor MFA seeds.",
		},
		D3FEND: []string{"D3-AM"},
		Source: []string{"IAM API reference", "IAM user guide, Versioning IAM policies"},
	},
	Reads: []string{
		"iam:GetUser", "iam:ListUserPolicies", "iam:GetUserPolicy", "iam:ListAttachedUserPolicies", "iam:ListGroupsForUser",
		"iam:ListGroupPolicies", "iam:GetGroupPolicy", "iam:ListAttachedGroupPolicies", "iam:GetPolicy", "iam:ListPolicyVersions",
		"iam:GetPolicyVersion", "iam:ListAccessKeys", "iam:GetAccessKeyLastUsed", "iam:GetLoginProfile", "iam:ListMFADevices",
		"iam:ListSSHPublicKeys", "iam:GetSSHPublicKey", "iam:ListSigningCertificates", "iam:ListServiceSpecificCredentials",
		"iam:GetRole", "iam:ListRolePolicies", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole",
	},
	Preserves: []string{"user", "role", "login-profile"},
	Collect:   collectPrincipal,
})

// part is one artefact of a snapshot.
type part struct {
	name string
	from string // the operations it was read with
	read func(ctx context.Context, s *snapshot) (any, error)
}

// snapshot is one collection on its way.
type snapshot struct {
	cfg  aws.Config
	name string // of the user or role
	// gaps are what could not be read into the part in hand.
	gaps []string
}

// manifest is the last artefact: it lists the others.
type manifest struct {
	Kind    quell.EntityKind `json:"kind"`
	Name    string           `json:"name"`
	ID      string           `json:"id"`
	Account string           `json:"account"`
	At      string           `json:"at"`
	Parts   []manifestPart   `json:"parts"`
	Missing []string         `json:"missing"`
}

// manifestPart is an artefact of the snapshot. One that an earlier, interrupted collection kept has its digest in the
// ledger's record of it.
type manifestPart struct {
	Name    string `json:"name"`
	SHA256  string `json:"sha256,omitempty"`
	Size    int    `json:"size,omitempty"`
	Earlier bool   `json:"kept_earlier,omitempty"`
}

// collectPrincipal keeps one artefact per part, skips those kept before, and writes the manifest last: where there is a
// manifest, the snapshot came to its end.
func collectPrincipal(ctx context.Context, cfg aws.Config, in action.In[snapshotParams, struct{}], sink action.Sink) error {
	s := &snapshot{cfg: cfg, name: nameOf(in.Target)}
	parts := userParts
	if in.Target.Kind == quell.KindRole {
		parts = roleParts
	}
	folder := fmt.Sprintf("%s-%s/", in.Target.Kind, fileName(s.name))
	last := folder + "manifest.json"
	if sink.Has(last) {
		return nil
	}
	m := manifest{
		Kind: in.Target.Kind, Name: s.name, ID: in.Target.ID, Account: in.Target.Account, Missing: []string{},
		At: in.Clock.Now().UTC().Format("2006-01-02T15:04:05Z"),
	}
	for i, p := range parts() {
		name := folder + p.name
		if sink.Has(name) {
			m.Parts = append(m.Parts, manifestPart{Name: name, Earlier: true})
			continue
		}
		s.gaps = nil
		value, err := p.read(ctx, s)
		switch {
		case i == 0 && missing(err):
			return &quell.Error{
				Code: quell.CodeFailed, What: fmt.Sprintf("%s %s is not there any more", in.Target.Kind, s.name), Err: err,
				Next: "the trail still tells what it did: see the evidence of cloudtrail.export-evidence",
			}
		case err != nil && !s.gap(p.name, err):
			return fmt.Errorf("read %s: %w", p.name, err)
		case err != nil:
			m.Missing = append(m.Missing, s.gaps...)
			continue
		}
		m.Missing = append(m.Missing, s.gaps...)
		kept, err := put(ctx, sink, name, p.from, value, s.gaps)
		if err != nil {
			return err
		}
		m.Parts = append(m.Parts, kept)
	}
	_, err := put(ctx, sink, last, "quell", m, m.Missing)
	return err
}

// put keeps a value as indented JSON, which people read and programs too.
func put(ctx context.Context, sink action.Sink, name, from string, value any, gaps []string) (manifestPart, error) {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return manifestPart{}, fmt.Errorf("encode %s: %w", name, err)
	}
	text = append(text, '\n')
	if err := sink.Put(ctx, name, from, bytes.NewReader(text), slices.Clone(gaps)); err != nil {
		return manifestPart{}, fmt.Errorf("keep %s: %w", name, err)
	}
	sum := sha256.Sum256(text)
	return manifestPart{Name: name, SHA256: hex.EncodeToString(sum[:]), Size: len(text)}, nil
}

// gap notes what a refusal, or an endpoint that does not know the call, keeps from us; for any other error it says no,
// because trying again later may well succeed.
func (s *snapshot) gap(what string, err error) bool {
	code := call.Code(err)
	if !call.Denied(code) && code != call.CodeNotAvailable {
		return false
	}
	s.gaps = append(s.gaps, fmt.Sprintf("%s: %s", what, code))
	return true
}

// fileName keeps what IAM allows in a name and replaces the rest, so that a name from a log chooses no path.
func fileName(name string) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_+=,.@-", r) {
			return r
		}
		return '_'
	}, name)
	if strings.Trim(clean, ".") == "" {
		return "_" + clean
	}
	return clean
}
