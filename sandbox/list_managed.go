package sandbox

import (
	"sync"
	"time"
)

// FullAccess allows everything: AdministratorAccess as a document, and what an organisation attaches by default.
const FullAccess = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

const (
	readOnlyAccess = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:Get*","iam:List*","iam:Generate*",
"iam:Simulate*","s3:Get*","s3:List*","cloudtrail:Describe*","cloudtrail:Get*","cloudtrail:List*","cloudtrail:LookupEvents",
"ec2:Describe*","ec2:Get*","sts:GetAccessKeyInfo","sts:GetCallerIdentity","secretsmanager:Describe*","secretsmanager:List*",
"secretsmanager:GetResourcePolicy"],"Resource":"*"}]}`
	securityAudit = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GenerateCredentialReport",
"iam:GenerateServiceLastAccessedDetails","iam:Get*","iam:List*","iam:SimulateCustomPolicy","iam:SimulatePrincipalPolicy",
"s3:GetAccountPublicAccessBlock","s3:GetBucket*","s3:GetEncryptionConfiguration","s3:ListAllMyBuckets","s3:ListBucket",
"cloudtrail:DescribeTrails","cloudtrail:GetEventSelectors","cloudtrail:GetTrailStatus","cloudtrail:ListTrails",
"cloudtrail:LookupEvents","ec2:Describe*","secretsmanager:DescribeSecret","secretsmanager:GetResourcePolicy",
"secretsmanager:ListSecrets","secretsmanager:ListSecretVersionIds"],"Resource":"*"}]}`
	s3ReadOnly = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:Get*","s3:List*","s3:Describe*"],
"Resource":"*"}]}`
	s3Full    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`
	iamFull   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*"],"Resource":"*"}]}`
	powerUser = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],
"Resource":"*"},{"Effect":"Allow","Action":["iam:ListRoles","organizations:DescribeOrganization"],"Resource":"*"}]}`
	denyAll    = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["*"],"Resource":["*"]}]}`
	quarantine = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["iam:AddUserToGroup","iam:AttachGroupPolicy",
"iam:AttachRolePolicy","iam:AttachUserPolicy","iam:ChangePassword","iam:CreateAccessKey","iam:CreateInstanceProfile",
"iam:CreateLoginProfile","iam:CreatePolicyVersion","iam:CreateRole","iam:CreateUser","iam:DetachUserPolicy","iam:PassRole",
"iam:PutGroupPolicy","iam:PutRolePolicy","iam:PutUserPermissionsBoundary","iam:PutUserPolicy","iam:SetDefaultPolicyVersion",
"iam:UpdateAccessKey","iam:UpdateAccountPasswordPolicy","iam:UpdateAssumeRolePolicy","iam:UpdateLoginProfile",
"iam:UpdateUser","ec2:RunInstances","ec2:StartInstances","lambda:CreateFunction","lightsail:*","organizations:CreateAccount",
"s3:DeleteBucket","s3:DeleteObject","s3:PutBucketPolicy"],"Resource":["*"]}]}`
)

// awsPolicies are the policies AWS itself keeps, by ARN: a selection, each with the substance of the real one for the
// services this world has. AWSCompromisedKeyQuarantineV2 denies far less than people believe; that is its point here.
var awsPolicies = sync.OnceValue(func() map[string]*managed {
	out := map[string]*managed{}
	made := time.Date(2015, 2, 6, 18, 39, 46, 0, time.UTC)
	for _, one := range []struct{ id, name, text string }{
		{"ANPAIWMBCKSKIEE64ZLYK", "AdministratorAccess", FullAccess},
		{"ANPAILL3HVNFSB6DCOWYQ", "ReadOnlyAccess", readOnlyAccess},
		{"ANPAIX2T3QCXHR2OGGCTO", "SecurityAudit", securityAudit},
		{"ANPAIZTJ4DXE7G6AGAE6M", "AmazonS3ReadOnlyAccess", s3ReadOnly},
		{"ANPAIFIR6V6BVTRAHWINE", "AmazonS3FullAccess", s3Full},
		{"ANPAI7XKCFMBPM3QQRRVQ", "IAMFullAccess", iamFull},
		{"ANPAJYRXTHIB4FOVS3ZXS", "PowerUserAccess", powerUser},
		{"ANPAJH3FDMKDTCCCBCE4E", "AWSDenyAll", denyAll},
		{"ANPAJDMKDTCCCBCE4EQV2", "AWSCompromisedKeyQuarantineV2", quarantine},
	} {
		doc, err := parseIdentity(one.text, one.name, "managed")
		if err != nil {
			panic("sandbox: policy " + one.name + ": " + err.Error())
		}
		arn := "arn:aws:iam::aws:policy/" + one.name
		out[arn] = &managed{
			id: one.id, name: one.name, path: "/", arn: arn, created: made, updated: made, current: 1, next: 2,
			versions: []policyVersion{{1, one.text, doc, made}},
		}
	}
	return out
})
