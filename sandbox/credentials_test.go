package sandbox_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/quell-ir/quell/sandbox"
)

func TestLesserCredentials(t *testing.T) {
	ctx := t.Context()
	w := sandbox.New(sandbox.Options{Seed: 1})
	w.AddUser("alice")
	c := iam.NewFromConfig(w.Admin(region))
	user := aws.String("alice")

	ssh, err := c.UploadSSHPublicKey(ctx, &iam.UploadSSHPublicKeyInput{UserName: user, SSHPublicKeyBody: aws.String("ssh-rsa AAAA")})
	check(t, err)
	_, err = c.UpdateSSHPublicKey(ctx, &iam.UpdateSSHPublicKeyInput{UserName: user, SSHPublicKeyId: ssh.SSHPublicKey.SSHPublicKeyId, Status: iamtypes.StatusTypeInactive})
	check(t, err)
	keys, err := c.ListSSHPublicKeys(ctx, &iam.ListSSHPublicKeysInput{UserName: user})
	check(t, err)
	if len(keys.SSHPublicKeys) != 1 || keys.SSHPublicKeys[0].Status != iamtypes.StatusTypeInactive {
		t.Errorf("SSH keys %+v", keys.SSHPublicKeys)
	}
	_, err = c.DeleteUser(ctx, &iam.DeleteUserInput{UserName: user})
	code(t, err, "DeleteConflict")
	_, err = c.DeleteSSHPublicKey(ctx, &iam.DeleteSSHPublicKeyInput{UserName: user, SSHPublicKeyId: ssh.SSHPublicKey.SSHPublicKeyId})
	check(t, err)
	_, err = c.DeleteSSHPublicKey(ctx, &iam.DeleteSSHPublicKeyInput{UserName: user, SSHPublicKeyId: ssh.SSHPublicKey.SSHPublicKeyId})
	code(t, err, "NoSuchEntity")

	service := aws.String("codecommit.amazonaws.com")
	made, err := c.CreateServiceSpecificCredential(ctx, &iam.CreateServiceSpecificCredentialInput{UserName: user, ServiceName: service})
	check(t, err)
	id := made.ServiceSpecificCredential.ServiceSpecificCredentialId
	_, err = c.UpdateServiceSpecificCredential(ctx, &iam.UpdateServiceSpecificCredentialInput{UserName: user, ServiceSpecificCredentialId: id, Status: iamtypes.StatusTypeInactive})
	check(t, err)
	listed, err := c.ListServiceSpecificCredentials(ctx, &iam.ListServiceSpecificCredentialsInput{UserName: user})
	check(t, err)
	if len(listed.ServiceSpecificCredentials) != 1 || listed.ServiceSpecificCredentials[0].Status != iamtypes.StatusTypeInactive {
		t.Errorf("service credentials %+v", listed.ServiceSpecificCredentials)
	}
	_, err = c.DeleteServiceSpecificCredential(ctx, &iam.DeleteServiceSpecificCredentialInput{UserName: user, ServiceSpecificCredentialId: id})
	check(t, err)

	cert, err := c.UploadSigningCertificate(ctx, &iam.UploadSigningCertificateInput{UserName: user, CertificateBody: aws.String("-----BEGIN CERTIFICATE-----\nx")})
	check(t, err)
	_, err = c.UpdateSigningCertificate(ctx, &iam.UpdateSigningCertificateInput{UserName: user, CertificateId: cert.Certificate.CertificateId, Status: iamtypes.StatusTypeInactive})
	check(t, err)
	certs, err := c.ListSigningCertificates(ctx, &iam.ListSigningCertificatesInput{UserName: user})
	check(t, err)
	if len(certs.Certificates) != 1 || certs.Certificates[0].Status != iamtypes.StatusTypeInactive {
		t.Errorf("certificates %+v", certs.Certificates)
	}
	_, err = c.DeleteSigningCertificate(ctx, &iam.DeleteSigningCertificateInput{UserName: user, CertificateId: cert.Certificate.CertificateId})
	check(t, err)
}

func TestDevicesAreFreedBeforeTheyGo(t *testing.T) {
	ctx := t.Context()
	w := sandbox.New(sandbox.Options{Seed: 1})
	w.AddUser("alice")
	c := iam.NewFromConfig(w.Admin(region))
	user := aws.String("alice")
	made, err := c.CreateVirtualMFADevice(ctx, &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: aws.String("d")})
	check(t, err)
	serial := made.VirtualMFADevice.SerialNumber
	_, err = c.EnableMFADevice(ctx, &iam.EnableMFADeviceInput{UserName: user, SerialNumber: serial, AuthenticationCode1: aws.String("111111"), AuthenticationCode2: aws.String("222222")})
	check(t, err)
	_, err = c.DeleteVirtualMFADevice(ctx, &iam.DeleteVirtualMFADeviceInput{SerialNumber: serial})
	code(t, err, "DeleteConflict")
	assigned, err := c.ListVirtualMFADevices(ctx, &iam.ListVirtualMFADevicesInput{AssignmentStatus: iamtypes.AssignmentStatusTypeAssigned})
	check(t, err)
	if len(assigned.VirtualMFADevices) != 1 || *assigned.VirtualMFADevices[0].User.UserName != "alice" {
		t.Errorf("assigned %+v", assigned.VirtualMFADevices)
	}
	_, err = c.DeactivateMFADevice(ctx, &iam.DeactivateMFADeviceInput{UserName: user, SerialNumber: serial})
	check(t, err)
	_, err = c.DeleteVirtualMFADevice(ctx, &iam.DeleteVirtualMFADeviceInput{SerialNumber: serial})
	check(t, err)
}

func TestLoginProfiles(t *testing.T) {
	ctx := t.Context()
	w := sandbox.New(sandbox.Options{Seed: 1})
	w.AddUser("alice")
	c := iam.NewFromConfig(w.Admin(region))
	user := aws.String("alice")
	_, err := c.GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: user})
	code(t, err, "NoSuchEntity")
	_, err = c.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: user, Password: aws.String("short")})
	code(t, err, "PasswordPolicyViolation")
	_, err = c.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: user, Password: aws.String("Correct-Horse-1")})
	check(t, err)
	_, err = c.UpdateLoginProfile(ctx, &iam.UpdateLoginProfileInput{UserName: user, PasswordResetRequired: aws.Bool(true)})
	check(t, err)
	got, err := c.GetLoginProfile(ctx, &iam.GetLoginProfileInput{UserName: user})
	check(t, err)
	if !got.LoginProfile.PasswordResetRequired {
		t.Error("reset was not kept")
	}
	_, err = c.DeleteLoginProfile(ctx, &iam.DeleteLoginProfileInput{UserName: user})
	check(t, err)
}
