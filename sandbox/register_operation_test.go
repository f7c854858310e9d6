package sandbox

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// promised is what the package says it answers, by service.
const promised = `
IAM: CreateUser GetUser ListUsers DeleteUser TagUser UntagUser ListUserTags CreateAccessKey ListAccessKeys UpdateAccessKey
 DeleteAccessKey GetAccessKeyLastUsed PutUserPolicy GetUserPolicy ListUserPolicies DeleteUserPolicy AttachUserPolicy
 DetachUserPolicy ListAttachedUserPolicies PutUserPermissionsBoundary DeleteUserPermissionsBoundary GetLoginProfile
 CreateLoginProfile UpdateLoginProfile DeleteLoginProfile ListMFADevices ListSSHPublicKeys UploadSSHPublicKey
 UpdateSSHPublicKey DeleteSSHPublicKey ListSigningCertificates UploadSigningCertificate UpdateSigningCertificate
 DeleteSigningCertificate ListServiceSpecificCredentials CreateServiceSpecificCredential UpdateServiceSpecificCredential
 DeleteServiceSpecificCredential DeactivateMFADevice DeleteVirtualMFADevice CreateVirtualMFADevice EnableMFADevice
 ListVirtualMFADevices CreateGroup AddUserToGroup RemoveUserFromGroup ListGroupsForUser ListGroups GetGroup DeleteGroup
 PutGroupPolicy GetGroupPolicy ListGroupPolicies DeleteGroupPolicy AttachGroupPolicy DetachGroupPolicy
 ListAttachedGroupPolicies CreateRole GetRole ListRoles DeleteRole TagRole UntagRole ListRoleTags UpdateAssumeRolePolicy
 PutRolePolicy GetRolePolicy ListRolePolicies DeleteRolePolicy AttachRolePolicy DetachRolePolicy ListAttachedRolePolicies
 PutRolePermissionsBoundary DeleteRolePermissionsBoundary CreatePolicy GetPolicy ListPolicies DeletePolicy
 CreatePolicyVersion GetPolicyVersion ListPolicyVersions DeletePolicyVersion SetDefaultPolicyVersion ListEntitiesForPolicy
 ListAccountAliases GetAccountSummary GetAccountAuthorizationDetails ListOpenIDConnectProviders ListSAMLProviders
 GenerateCredentialReport GetCredentialReport SimulatePrincipalPolicy
STS: GetCallerIdentity GetAccessKeyInfo AssumeRole GetSessionToken GetFederationToken
S3: ListBuckets CreateBucket DeleteBucket PutBucketPolicy GetBucketPolicy DeleteBucketPolicy GetBucketPolicyStatus
 PutPublicAccessBlock GetPublicAccessBlock DeletePublicAccessBlock GetBucketAcl GetBucketLocation GetBucketTagging
 PutBucketTagging GetBucketVersioning PutBucketVersioning ListObjectsV2 GetObject PutObject HeadBucket HeadObject
 DeleteObject GetBucketOwnershipControls PutBucketOwnershipControls
Secrets Manager: ListSecrets DescribeSecret GetSecretValue CreateSecret PutSecretValue RotateSecret
 UpdateSecretVersionStage ListSecretVersionIds GetResourcePolicy TagResource UntagResource
CloudTrail: LookupEvents DescribeTrails GetTrailStatus GetEventSelectors CreateTrail StartLogging StopLogging DeleteTrail
 PutEventSelectors
EC2: DescribeRegions`

func TestEveryPromisedOperationIsAnswered(t *testing.T) {
	known := operations()
	service := ""
	for _, line := range strings.Split(strings.TrimSpace(promised), "\n") {
		if name, rest, found := strings.Cut(line, ":"); found {
			service, line = name, rest
		}
		for _, op := range strings.Fields(line) {
			if known[service+"."+op] == nil {
				t.Errorf("%s:%s is not answered", service, op)
			}
		}
	}
}

func TestReadingWritesAndReadsIsRecordedTruthfully(t *testing.T) {
	for name, op := range operations() {
		_, method := splitName(name)
		reading := false
		for _, prefix := range []string{"Get", "List", "Describe", "Head", "Lookup", "Simulate", "Generate", "AssumeRole"} {
			reading = reading || strings.HasPrefix(method, prefix)
		}
		if reading != op.readOnly {
			t.Errorf("%s is registered with readOnly %t", name, op.readOnly)
		}
	}
}

func TestShapeHidesAndLowersMembers(t *testing.T) {
	got, ok := shape(&iam.UpdateLoginProfileInput{UserName: aws.String("alice"), Password: aws.String("hunter2")}, []string{"Password"}).(map[string]any)
	if !ok || got["userName"] != "alice" || got["password"] != hiddenMark || len(got) != 2 {
		t.Errorf("shaped %v", got)
	}
}

func FuzzReadSignature(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=AKIA/20260302/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=00")
	f.Add("AWS4-HMAC-SHA256 Credential=")
	f.Add("")
	f.Fuzz(func(t *testing.T, authorization string) {
		a := readSignature(http.Header{"Authorization": {authorization}})
		if a.accessKey != "" && !strings.Contains(authorization, "Credential="+a.accessKey+"/") {
			t.Errorf("key %q out of %q", a.accessKey, authorization)
		}
	})
}
