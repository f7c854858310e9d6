package iam

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/call"
)

type serviceCredsParams struct{}

// serviceCredsState keeps each kind by its ids, so that the order of IAM's lists never shows.
type serviceCredsState struct {
	head
	// Service, SSH and Certificates map an id to its status: Active, Inactive or Expired.
	Service      map[string]string `json:"service"`
	SSH          map[string]string `json:"ssh"`
	Certificates map[string]string `json:"certificates"`
	// Known says of each id, for people, what it is for and when it was made.
	Known map[string]string `json:"known"`
	// Unseen maps a kind to why it could not be listed: emulators and some partitions lack these calls.
	Unseen map[string]string `json:"unseen"`
}

// DisableServiceCreds makes a user's credentials for single services inactive.
var DisableServiceCreds = action.Define(action.Spec[serviceCredsParams, serviceCredsState]{
	Name:   "iam.disable-service-creds",
	Title:  "make service credentials, SSH keys and signing certificates inactive",
	Phase:  quell.Contain,
	Target: quell.KindUser,
	Doc: action.Doc{
		What:   "Sets each active service-specific credential (CodeCommit, Keyspaces, Bedrock and other API keys), SSH public key and signing certificate of the user to Inactive.",
		Why:    "These are passwords and keys of their own: they go on working when every access key of the user is inactive and its console password gone.",
		Breaks: "Whatever signs in with them: git over HTTPS and SSH to CodeCommit, Cassandra drivers to Keyspaces, programs with a Bedrock API key. IAM keeps no last use of them.",
		Undo:   "They stay inactive; only after the incident was dismissed as a false alarm are those that were active made active again.",
		Traps: []string{
			"They are in no credential report and no list of access keys.",
			"A short-term Bedrock key is no credential of IAM's: it is signed by a session and dies with that session's deny.",
			"Deleting or resetting one cannot be taken back, and inactive stops it as well.",
		},
		D3FEND: []string{"D3-ANCI", "D3-CR"},
		Source: []string{
			"IAM API reference, ListServiceSpecificCredentials, UpdateServiceSpecificCredential, UpdateSSHPublicKey, UpdateSigningCertificate",
			"IAM user guide, API keys for AWS services",
		},
	},
	Reads: []string{
		"iam:GetUser", "iam:ListServiceSpecificCredentials", "iam:ListSSHPublicKeys", "iam:ListSigningCertificates",
	},
	Writes: []*call.Definition{
		updateServiceCredential.Definition, updateSSHPublicKey.Definition, updateSigningCertificate.Definition,
	},
	Leaves: map[string]string{
		"/service":      "a compromised credential stays inactive",
		"/ssh":          "a compromised key stays inactive",
		"/certificates": "a compromised certificate stays inactive",
	},
	Look: lookServiceCreds,
	Plan: planServiceCreds,
	Refuse: func(in action.In[serviceCredsParams, serviceCredsState], now serviceCredsState) string {
		return notOurs(in.Target, now.UserID, now.HeldBy, in.Incident.ID)
	},
	Unseen: func(in action.In[serviceCredsParams, serviceCredsState], now serviceCredsState) []string {
		var out []string
		for _, kind := range slices.Sorted(maps.Keys(now.Unseen)) {
			out = append(out, fmt.Sprintf("%s of user %s: %s", kind, quell.Clean(nameOf(in.Target)), now.Unseen[kind]))
		}
		return out
	},
	Breaks: func(_ action.In[serviceCredsParams, serviceCredsState], now serviceCredsState) []string {
		var out []string
		for _, kind := range []map[string]string{now.Service, now.SSH, now.Certificates} {
			for _, id := range active(kind) {
				out = append(out, fmt.Sprintf("whatever signs in with %s: %s; IAM does not say when it was used last", id, now.Known[id]))
			}
		}
		return out
	},
})

// planServiceCreds makes inactive what is active. Each call is kept: it takes from nobody but whoever holds a leaked
// credential, and the person gets a new one rather than the old one back.
func planServiceCreds(in action.In[serviceCredsParams, serviceCredsState], now serviceCredsState) ([]quell.Call, error) {
	user := nameOf(in.Target)
	var calls []quell.Call
	add := func(field string, before, now map[string]string, set func(id string, status types.StatusType) quell.Call) {
		for _, id := range active(now) {
			c := set(id, types.StatusTypeInactive)
			// One that was inactive, or not there, at the first look was made active by somebody since.
			if before[id] == string(types.StatusTypeActive) {
				c = c.UndoneBy(set(id, types.StatusTypeActive))
			}
			calls = append(calls, c.AsKept().Touching(quell.Pointer(field, id)))
		}
	}
	add("service", in.Before.Service, now.Service, func(id string, status types.StatusType) quell.Call {
		return updateServiceCredential.With(&iam.UpdateServiceSpecificCredentialInput{
			UserName: &user, ServiceSpecificCredentialId: &id, Status: status,
		})
	})
	add("ssh", in.Before.SSH, now.SSH, func(id string, status types.StatusType) quell.Call {
		return updateSSHPublicKey.With(&iam.UpdateSSHPublicKeyInput{UserName: &user, SSHPublicKeyId: &id, Status: status})
	})
	add("certificates", in.Before.Certificates, now.Certificates, func(id string, status types.StatusType) quell.Call {
		return updateSigningCertificate.With(&iam.UpdateSigningCertificateInput{UserName: &user, CertificateId: &id, Status: status})
	})
	return calls, nil
}

// active lists the ids whose status is Active, sorted.
func active(status map[string]string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(status)), func(id string) bool {
		return status[id] != string(types.StatusTypeActive)
	})
}

func lookServiceCreds(ctx context.Context, cfg aws.Config, in action.In[serviceCredsParams, serviceCredsState]) (serviceCredsState, error) {
	// Empty maps rather than nil ones: a state is compared as JSON, and {} is not null.
	user := nameOf(in.Target)
	state := serviceCredsState{
		Service: map[string]string{}, SSH: map[string]string{}, Certificates: map[string]string{}, Known: map[string]string{},
		Unseen: map[string]string{},
	}
	var err error
	if state.head, _, err = readHead(ctx, cfg, user); err != nil || !state.Exists {
		return state, err
	}
	service, err := readServiceCredentials(ctx, cfg, user)
	if err := state.unless(err, "service-specific credentials"); err != nil {
		return state, err
	}
	for _, c := range service {
		id := aws.ToString(c.ServiceSpecificCredentialId)
		state.Service[id] = string(c.Status)
		state.Known[id] = fmt.Sprintf("%s, made %s", quell.Clean(aws.ToString(c.ServiceName)), stamp(c.CreateDate))
	}
	keys, err := readSSHKeys(ctx, cfg, user)
	if err := state.unless(err, "SSH public keys"); err != nil {
		return state, err
	}
	for _, k := range keys {
		id := aws.ToString(k.SSHPublicKeyId)
		state.SSH[id] = string(k.Status)
		state.Known[id] = "SSH public key for CodeCommit, uploaded " + stamp(k.UploadDate)
	}
	certificates, err := readCertificates(ctx, cfg, user)
	if err := state.unless(err, "signing certificates"); err != nil {
		return state, err
	}
	for _, c := range certificates {
		id := aws.ToString(c.CertificateId)
		state.Certificates[id] = string(c.Status)
		state.Known[id] = "signing certificate, uploaded " + stamp(c.UploadDate)
	}
	return state, nil
}

// unless passes an error on, but for one that says that the endpoint does not know the call: that is noted, and the
// other kinds go on.
func (s *serviceCredsState) unless(err error, kind string) error {
	if call.Code(err) == call.CodeNotAvailable {
		s.Unseen[kind] = "not available at this endpoint"
		return nil
	}
	return err
}
