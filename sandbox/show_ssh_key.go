package sandbox

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// getSSHKey answers with the body as it was uploaded, whichever encoding was asked for.
func (c *call) getSSHKey(in *iam.GetSSHPublicKeyInput) (*iam.GetSSHPublicKeyOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	k, err := pick(u.ssh, sshID, in.SSHPublicKeyId, "SSH Public Key")
	if err != nil {
		return nil, err
	}
	return &iam.GetSSHPublicKeyOutput{SSHPublicKey: &iamtypes.SSHPublicKey{
		SSHPublicKeyId: aws.String(k.id), SSHPublicKeyBody: aws.String(k.body), Fingerprint: aws.String(k.print), Status: k.status,
		UserName: aws.String(u.name), UploadDate: aws.Time(k.uploaded),
	}}, nil
}
