package iam

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action/actiontest"
)

func makeServiceCredential(t *testing.T, a actiontest.Account, user, service string) *types.ServiceSpecificCredential {
	t.Helper()
	return sure[*iam.CreateServiceSpecificCredentialOutput](t)(client(a).CreateServiceSpecificCredential(t.Context(),
		&iam.CreateServiceSpecificCredentialInput{UserName: &user, ServiceName: &service})).ServiceSpecificCredential
}

func makeSSHKey(t *testing.T, a actiontest.Account, user string) string {
	t.Helper()
	out := sure[*iam.UploadSSHPublicKeyOutput](t)(client(a).UploadSSHPublicKey(t.Context(), &iam.UploadSSHPublicKeyInput{
		UserName: &user, SSHPublicKeyBody: aws.String("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7 " + user + "@laptop"),
	}))
	return aws.ToString(out.SSHPublicKey.SSHPublicKeyId)
}

func makeCertificate(t *testing.T, a actiontest.Account, user string) string {
	t.Helper()
	out := sure[*iam.UploadSigningCertificateOutput](t)(client(a).UploadSigningCertificate(t.Context(), &iam.UploadSigningCertificateInput{
		UserName: &user, CertificateBody: aws.String("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"),
	}))
	return aws.ToString(out.Certificate.CertificateId)
}

// seedServiceCredentials gives a user some of every kind, one of them inactive already.
func seedServiceCredentials(t *testing.T, a actiontest.Account) quell.Entity {
	target := makeUser(t, a, "alice")
	makeServiceCredential(t, a, "alice", "codecommit.amazonaws.com")
	makeServiceCredential(t, a, "alice", "bedrock.amazonaws.com")
	idle := makeServiceCredential(t, a, "alice", "cassandra.amazonaws.com")
	sure[*iam.UpdateServiceSpecificCredentialOutput](t)(client(a).UpdateServiceSpecificCredential(t.Context(),
		&iam.UpdateServiceSpecificCredentialInput{
			UserName: aws.String("alice"), ServiceSpecificCredentialId: idle.ServiceSpecificCredentialId, Status: types.StatusTypeInactive,
		}))
	makeSSHKey(t, a, "alice")
	makeCertificate(t, a, "alice")
	return target
}

func TestDisableServiceCreds(t *testing.T) {
	check := func(t *testing.T, a actiontest.Account, _ quell.Entity) {
		user := aws.String("alice")
		for _, c := range sure[*iam.ListServiceSpecificCredentialsOutput](t)(client(a).ListServiceSpecificCredentials(t.Context(),
			&iam.ListServiceSpecificCredentialsInput{UserName: user})).ServiceSpecificCredentials {
			if c.Status != types.StatusTypeInactive {
				t.Errorf("%s for %s is %s", *c.ServiceSpecificCredentialId, *c.ServiceName, c.Status)
			}
		}
		for _, k := range sure[*iam.ListSSHPublicKeysOutput](t)(client(a).ListSSHPublicKeys(t.Context(),
			&iam.ListSSHPublicKeysInput{UserName: user})).SSHPublicKeys {
			if k.Status != types.StatusTypeInactive {
				t.Errorf("SSH key %s is %s", *k.SSHPublicKeyId, k.Status)
			}
		}
		for _, c := range sure[*iam.ListSigningCertificatesOutput](t)(client(a).ListSigningCertificates(t.Context(),
			&iam.ListSigningCertificatesInput{UserName: user})).Certificates {
			if c.Status != types.StatusTypeInactive {
				t.Errorf("certificate %s is %s", *c.CertificateId, c.Status)
			}
		}
	}
	for _, dismissed := range []bool{false, true} {
		name := "they stay inactive"
		if dismissed {
			name = "a false alarm gives back what was active"
		}
		contractInSandbox(t, noServiceCredentials, actiontest.Case{
			Name: name, Action: DisableServiceCreds, Seed: seedServiceCredentials, Dismissed: dismissed, Check: check,
		})
	}
}

func TestServiceCredsSaysWhatBreaks(t *testing.T) {
	a := inSandbox(t)
	out := newBench(a, DisableServiceCreds, seedServiceCredentials(t, a), quell.Incident{}).plan(t)
	said := strings.Join(out.Breaks, "\n")
	for _, want := range []string{"codecommit.amazonaws.com", "bedrock.amazonaws.com", "SSH public key", "signing certificate"} {
		if !strings.Contains(said, want) {
			t.Errorf("what breaks does not name %s:\n%s", want, said)
		}
	}
	if strings.Contains(said, "cassandra") {
		t.Errorf("an inactive credential breaks nothing:\n%s", said)
	}
	for _, c := range out.Calls {
		if c.Kind != quell.Kept || c.Undo == nil {
			t.Errorf("%s is %s, undo %v; want kept, with an inverse for a false alarm", c.Op, c.Kind, c.Undo)
		}
	}
}

// What the intruder made active, and was not when first seen, has nothing to go back to.
func TestServiceCredsThatTurnActive(t *testing.T) {
	a := inSandbox(t)
	target := makeUser(t, a, "alice")
	set := func(id *string, status types.StatusType) {
		sure[*iam.UpdateServiceSpecificCredentialOutput](t)(client(a).UpdateServiceSpecificCredential(t.Context(),
			&iam.UpdateServiceSpecificCredentialInput{UserName: aws.String("alice"), ServiceSpecificCredentialId: id, Status: status}))
	}
	idle := makeServiceCredential(t, a, "alice", "codecommit.amazonaws.com").ServiceSpecificCredentialId
	set(idle, types.StatusTypeInactive)
	b := newBench(a, DisableServiceCreds, target, quell.Incident{})
	if out := b.plan(t); !out.Settled {
		t.Fatalf("nothing is active: %v", opsOf(out.Calls))
	}
	set(idle, types.StatusTypeActive)
	makeSSHKey(t, a, "alice")
	out := b.plan(t)
	if len(out.Calls) != 2 {
		t.Fatalf("both are to be made inactive: %v", opsOf(out.Calls))
	}
	for _, c := range out.Calls {
		if c.Undo != nil {
			t.Errorf("%s would be made active by a false alarm, and was not at first", c.Input)
		}
	}
}
