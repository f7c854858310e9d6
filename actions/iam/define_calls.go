package iam

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/quell-ir/quell/call"
)

// IAM is eventually consistent: what was written is usually readable within a second or two, and bites within some
// more. Source: IAM user guide, "Troubleshoot IAM: changes that I make are not always immediately visible".
var visible = call.VisibleAfter(2 * time.Second)

// The operations that the actions of this package write with, inverses included.
var (
	updateAccessKey = call.Define("iam:UpdateAccessKey", iam.NewFromConfig, (*iam.Client).UpdateAccessKey, visible, call.Global())

	putUserPolicy    = call.Define("iam:PutUserPolicy", iam.NewFromConfig, (*iam.Client).PutUserPolicy, visible, call.Global())
	deleteUserPolicy = call.Define("iam:DeleteUserPolicy", iam.NewFromConfig, (*iam.Client).DeleteUserPolicy, visible, call.Global(),
		call.DoneOn("NoSuchEntity"))
	attachUserPolicy = call.Define("iam:AttachUserPolicy", iam.NewFromConfig, (*iam.Client).AttachUserPolicy, visible, call.Global())
	detachUserPolicy = call.Define("iam:DetachUserPolicy", iam.NewFromConfig, (*iam.Client).DetachUserPolicy, visible, call.Global(),
		call.DoneOn("NoSuchEntity"))
	putUserBoundary = call.Define("iam:PutUserPermissionsBoundary", iam.NewFromConfig, (*iam.Client).PutUserPermissionsBoundary,
		visible, call.Global())
	deleteUserBoundary = call.Define("iam:DeleteUserPermissionsBoundary", iam.NewFromConfig,
		(*iam.Client).DeleteUserPermissionsBoundary, visible, call.Global(), call.DoneOn("NoSuchEntity"))
	tagUser   = call.Define("iam:TagUser", iam.NewFromConfig, (*iam.Client).TagUser, visible, call.Global())
	untagUser = call.Define("iam:UntagUser", iam.NewFromConfig, (*iam.Client).UntagUser, visible, call.Global(),
		call.DoneOn("NoSuchEntity"))
)

// The console password, and what signs in without one.
var (
	createLoginProfile = call.Define("iam:CreateLoginProfile", iam.NewFromConfig, (*iam.Client).CreateLoginProfile, visible,
		call.Global())
	deleteLoginProfile = call.Define("iam:DeleteLoginProfile", iam.NewFromConfig, (*iam.Client).DeleteLoginProfile, visible,
		call.Global(), call.DoneOn("NoSuchEntity"))
	deactivateMFADevice = call.Define("iam:DeactivateMFADevice", iam.NewFromConfig, (*iam.Client).DeactivateMFADevice, visible,
		call.Global(), call.DoneOn("NoSuchEntity"))
	updateServiceCredential = call.Define("iam:UpdateServiceSpecificCredential", iam.NewFromConfig,
		(*iam.Client).UpdateServiceSpecificCredential, visible, call.Global())
	updateSSHPublicKey       = call.Define("iam:UpdateSSHPublicKey", iam.NewFromConfig, (*iam.Client).UpdateSSHPublicKey, visible, call.Global())
	updateSigningCertificate = call.Define("iam:UpdateSigningCertificate", iam.NewFromConfig,
		(*iam.Client).UpdateSigningCertificate, visible, call.Global())
)

// Roles.
var (
	putRolePolicy    = call.Define("iam:PutRolePolicy", iam.NewFromConfig, (*iam.Client).PutRolePolicy, visible, call.Global())
	deleteRolePolicy = call.Define("iam:DeleteRolePolicy", iam.NewFromConfig, (*iam.Client).DeleteRolePolicy, visible, call.Global(),
		call.DoneOn("NoSuchEntity"))
	tagRole   = call.Define("iam:TagRole", iam.NewFromConfig, (*iam.Client).TagRole, visible, call.Global())
	untagRole = call.Define("iam:UntagRole", iam.NewFromConfig, (*iam.Client).UntagRole, visible, call.Global(),
		call.DoneOn("NoSuchEntity"))
)

// Deleting a user and all that hangs on it. What is gone already is done.
var (
	deleteAccessKey = call.Define("iam:DeleteAccessKey", iam.NewFromConfig, (*iam.Client).DeleteAccessKey, visible, call.Global(),
		call.DoneOn("NoSuchEntity"))
	deleteVirtualMFADevice = call.Define("iam:DeleteVirtualMFADevice", iam.NewFromConfig, (*iam.Client).DeleteVirtualMFADevice, visible,
		call.Global(), call.DoneOn("NoSuchEntity"))
	deleteSigningCertificate = call.Define("iam:DeleteSigningCertificate", iam.NewFromConfig, (*iam.Client).DeleteSigningCertificate,
		visible, call.Global(), call.DoneOn("NoSuchEntity"))
	deleteSSHPublicKey = call.Define("iam:DeleteSSHPublicKey", iam.NewFromConfig, (*iam.Client).DeleteSSHPublicKey, visible,
		call.Global(), call.DoneOn("NoSuchEntity"))
	deleteServiceCredential = call.Define("iam:DeleteServiceSpecificCredential", iam.NewFromConfig,
		(*iam.Client).DeleteServiceSpecificCredential, visible, call.Global(), call.DoneOn("NoSuchEntity"))
	removeUserFromGroup = call.Define("iam:RemoveUserFromGroup", iam.NewFromConfig, (*iam.Client).RemoveUserFromGroup, visible,
		call.Global(), call.DoneOn("NoSuchEntity"))
	deleteUser = call.Define("iam:DeleteUser", iam.NewFromConfig, (*iam.Client).DeleteUser, visible, call.Global(),
		call.DoneOn("NoSuchEntity"))
)
