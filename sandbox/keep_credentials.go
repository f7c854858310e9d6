package sandbox

import (
	"crypto/md5" //nolint:gosec // the fingerprint IAM shows of an SSH key is an MD5
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// The lesser credentials of a user: each survives the deactivation of access keys.

type sshKey struct {
	id, body, print string
	status          iamtypes.StatusType
	uploaded        time.Time
}

type certificate struct {
	id, body string
	status   iamtypes.StatusType
	uploaded time.Time
}

// serviceCredential is a user name and password for one service, such as CodeCommit or Bedrock.
type serviceCredential struct {
	id, name, service string
	status            iamtypes.StatusType
	created           time.Time
}

func registerCredentials(r registry) {
	writes(r, "IAM.UploadSSHPublicKey", (*call).uploadSSHKey)
	reads(r, "IAM.ListSSHPublicKeys", (*call).listSSHKeys)
	reads(r, "IAM.GetSSHPublicKey", (*call).getSSHKey)
	writes(r, "IAM.UpdateSSHPublicKey", (*call).updateSSHKey)
	writes(r, "IAM.DeleteSSHPublicKey", (*call).deleteSSHKey)
	writes(r, "IAM.UploadSigningCertificate", (*call).uploadCertificate)
	reads(r, "IAM.ListSigningCertificates", (*call).listCertificates)
	writes(r, "IAM.UpdateSigningCertificate", (*call).updateCertificate)
	writes(r, "IAM.DeleteSigningCertificate", (*call).deleteCertificate)
	registerServiceCredentials(r)
}

// pick finds one of a user's credentials by its id.
func pick[T any](list []T, id func(T) string, want *string, what string) (T, error) {
	if i := slices.IndexFunc(list, func(one T) bool { return id(one) == aws.ToString(want) }); i >= 0 {
		return list[i], nil
	}
	var zero T
	return zero, noSuchEntity("The %s with id %s cannot be found.", what, aws.ToString(want))
}

func sshID(k *sshKey) string              { return k.id }
func certificateID(k *certificate) string { return k.id }

func (c *call) uploadSSHKey(in *iam.UploadSSHPublicKeyInput) (*iam.UploadSSHPublicKeyOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	body := aws.ToString(in.SSHPublicKeyBody)
	if !strings.HasPrefix(body, "ssh-rsa ") && !strings.HasPrefix(body, "-----BEGIN") {
		return nil, &iamtypes.UnrecognizedPublicKeyEncodingException{Message: aws.String("The public key encoding is not recognized.")}
	}
	if len(u.ssh) >= 5 {
		return nil, limitExceeded("Cannot exceed quota for SSHPublicKeysPerUser: 5")
	}
	k := &sshKey{
		id: c.w.newID("APKA"), body: body, status: iamtypes.StatusTypeActive, uploaded: c.now,
		print: fmt.Sprintf("%x", md5.Sum([]byte(body))), //nolint:gosec // see above
	}
	u.ssh = append(u.ssh, k)
	return &iam.UploadSSHPublicKeyOutput{SSHPublicKey: &iamtypes.SSHPublicKey{
		SSHPublicKeyId: aws.String(k.id), SSHPublicKeyBody: aws.String(body), Fingerprint: aws.String(k.print), Status: k.status,
		UserName: aws.String(u.name), UploadDate: aws.Time(k.uploaded),
	}}, nil
}

func (c *call) listSSHKeys(in *iam.ListSSHPublicKeysInput) (*iam.ListSSHPublicKeysOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	shown, next, err := iamPage(slices.Clone(u.ssh), sshID, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListSSHPublicKeysOutput{Marker: next, IsTruncated: next != nil, SSHPublicKeys: []iamtypes.SSHPublicKeyMetadata{}}
	for _, k := range shown {
		out.SSHPublicKeys = append(out.SSHPublicKeys, iamtypes.SSHPublicKeyMetadata{
			SSHPublicKeyId: aws.String(k.id), Status: k.status, UserName: aws.String(u.name), UploadDate: aws.Time(k.uploaded),
		})
	}
	return out, nil
}

func (c *call) updateSSHKey(in *iam.UpdateSSHPublicKeyInput) (*iam.UpdateSSHPublicKeyOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	k, err := pick(u.ssh, sshID, in.SSHPublicKeyId, "SSH Public Key")
	if err != nil {
		return nil, err
	}
	k.status = in.Status
	return nil, nil
}

func (c *call) deleteSSHKey(in *iam.DeleteSSHPublicKeyInput) (*iam.DeleteSSHPublicKeyOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	k, err := pick(u.ssh, sshID, in.SSHPublicKeyId, "SSH Public Key")
	if err != nil {
		return nil, err
	}
	u.ssh = slices.DeleteFunc(slices.Clone(u.ssh), func(other *sshKey) bool { return other == k })
	return nil, nil
}

func (c *call) uploadCertificate(in *iam.UploadSigningCertificateInput) (*iam.UploadSigningCertificateOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	body := aws.ToString(in.CertificateBody)
	if !strings.Contains(body, "-----BEGIN CERTIFICATE-----") {
		return nil, &iamtypes.MalformedCertificateException{Message: aws.String("Certificate is malformed.")}
	}
	if len(u.certs) >= 2 {
		return nil, limitExceeded("Cannot exceed quota for CertificatesPerUser: 2")
	}
	k := &certificate{id: letters(c.w.ids, base32Digits, 32), body: body, status: iamtypes.StatusTypeActive, uploaded: c.now}
	u.certs = append(u.certs, k)
	return &iam.UploadSigningCertificateOutput{Certificate: u.showCertificate(k)}, nil
}

func (u *user) showCertificate(k *certificate) *iamtypes.SigningCertificate {
	return &iamtypes.SigningCertificate{
		CertificateId: aws.String(k.id), CertificateBody: aws.String(k.body), Status: k.status, UserName: aws.String(u.name),
		UploadDate: aws.Time(k.uploaded),
	}
}

func (c *call) listCertificates(in *iam.ListSigningCertificatesInput) (*iam.ListSigningCertificatesOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	shown, next, err := iamPage(slices.Clone(u.certs), certificateID, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListSigningCertificatesOutput{Marker: next, IsTruncated: next != nil, Certificates: []iamtypes.SigningCertificate{}}
	for _, k := range shown {
		out.Certificates = append(out.Certificates, *u.showCertificate(k))
	}
	return out, nil
}

func (c *call) updateCertificate(in *iam.UpdateSigningCertificateInput) (*iam.UpdateSigningCertificateOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	k, err := pick(u.certs, certificateID, in.CertificateId, "Certificate")
	if err != nil {
		return nil, err
	}
	k.status = in.Status
	return nil, nil
}

func (c *call) deleteCertificate(in *iam.DeleteSigningCertificateInput) (*iam.DeleteSigningCertificateOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	k, err := pick(u.certs, certificateID, in.CertificateId, "Certificate")
	if err != nil {
		return nil, err
	}
	u.certs = slices.DeleteFunc(slices.Clone(u.certs), func(other *certificate) bool { return other == k })
	return nil, nil
}
