package sandbox_test

import (
	"bytes"
	"errors"
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/quell-ir/quell/sandbox"
)

func TestRolesThereAndBack(t *testing.T) {
	ctx := t.Context()
	w := sandbox.New(sandbox.Options{Seed: 1})
	c := iam.NewFromConfig(w.Admin(region))
	before := w.Snapshot()
	name, inline := aws.String("ops"), aws.String("in")
	_, err := c.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: aws.String(`{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/nobody"},"Action":"sts:AssumeRole"}}`)})
	code(t, err, "MalformedPolicyDocument") // a principal that does not exist
	made, err := c.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: aws.String(trustAccount), MaxSessionDuration: aws.Int32(7200)})
	check(t, err)
	if *made.Role.MaxSessionDuration != 7200 || (*made.Role.RoleId)[:4] != "AROA" {
		t.Errorf("role %+v", made.Role)
	}
	_, err = c.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("OPS"), AssumeRolePolicyDocument: aws.String(trustAccount)})
	code(t, err, "EntityAlreadyExists") // names know no case
	_, err = c.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: aws.String(`{"Statement":{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}}`)})
	check(t, err)
	got, err := c.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
	check(t, err)
	if text, err := url.PathUnescape(*got.Role.AssumeRolePolicyDocument); err != nil || !bytes.Contains([]byte(text), []byte(`"Deny"`)) {
		t.Errorf("trust %s (%v)", text, err)
	}
	_, err = c.TagRole(ctx, &iam.TagRoleInput{RoleName: name, Tags: []iamtypes.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})
	check(t, err)
	tags, err := c.ListRoleTags(ctx, &iam.ListRoleTagsInput{RoleName: name})
	check(t, err)
	if len(tags.Tags) != 1 {
		t.Errorf("tags %v", tags.Tags)
	}
	_, err = c.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: inline, PolicyDocument: aws.String(denyDocument)})
	check(t, err)
	_, err = c.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: name, PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/None")})
	code(t, err, "NoSuchEntity")
	_, err = c.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
	code(t, err, "DeleteConflict")
	listed, err := c.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: name})
	check(t, err)
	if len(listed.PolicyNames) != 1 || listed.PolicyNames[0] != "in" {
		t.Errorf("inline %v", listed.PolicyNames)
	}
	_, err = c.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: inline})
	check(t, err)
	_, err = c.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: inline})
	code(t, err, "NoSuchEntity")
	_, err = c.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
	check(t, err)
	if !bytes.Equal(before, w.Snapshot()) {
		t.Error("something of the role stayed")
	}
}

func TestGroupsThereAndBack(t *testing.T) {
	ctx := t.Context()
	w := sandbox.New(sandbox.Options{Seed: 1})
	w.AddUser("alice")
	c := iam.NewFromConfig(w.Admin(region))
	before := w.Snapshot()
	group, user := aws.String("staff"), aws.String("alice")
	_, err := c.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: group})
	check(t, err)
	_, err = c.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: group, UserName: user})
	check(t, err)
	_, err = c.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: group, PolicyName: aws.String("p"), PolicyDocument: aws.String(denyDocument)})
	check(t, err)
	members, err := c.GetGroup(ctx, &iam.GetGroupInput{GroupName: group})
	check(t, err)
	groups, err := c.ListGroupsForUser(ctx, &iam.ListGroupsForUserInput{UserName: user})
	check(t, err)
	if len(members.Users) != 1 || len(groups.Groups) != 1 {
		t.Errorf("%d members, %d groups", len(members.Users), len(groups.Groups))
	}
	_, err = c.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: group})
	code(t, err, "DeleteConflict")
	_, err = c.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{GroupName: group, UserName: user})
	check(t, err)
	_, err = c.DeleteGroupPolicy(ctx, &iam.DeleteGroupPolicyInput{GroupName: group, PolicyName: aws.String("p")})
	check(t, err)
	_, err = c.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: group})
	check(t, err)
	if !bytes.Equal(before, w.Snapshot()) {
		t.Error("something of the group stayed")
	}
}

func TestTrailsThereAndBack(t *testing.T) {
	ctx := t.Context()
	w := sandbox.New(sandbox.Options{Seed: 1})
	w.AddBucket("logs", region)
	c := cloudtrail.NewFromConfig(w.Admin(region))
	before := w.Snapshot()
	name := aws.String("second")
	_, err := c.CreateTrail(ctx, &cloudtrail.CreateTrailInput{Name: name, S3BucketName: aws.String("none")})
	code(t, err, "S3BucketDoesNotExistException")
	made, err := c.CreateTrail(ctx, &cloudtrail.CreateTrailInput{Name: name, S3BucketName: aws.String("logs"), IsMultiRegionTrail: aws.Bool(true)})
	check(t, err)
	status, err := c.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: made.TrailARN})
	check(t, err)
	if *status.IsLogging {
		t.Error("a new trail logs before StartLogging")
	}
	_, err = c.StartLogging(ctx, &cloudtrail.StartLoggingInput{Name: name})
	check(t, err)
	_, err = c.PutEventSelectors(ctx, &cloudtrail.PutEventSelectorsInput{TrailName: name, EventSelectors: []cttypes.EventSelector{{IncludeManagementEvents: aws.Bool(false)}}})
	check(t, err)
	selectors, err := c.GetEventSelectors(ctx, &cloudtrail.GetEventSelectorsInput{TrailName: name})
	check(t, err)
	if len(selectors.EventSelectors) != 1 || *selectors.EventSelectors[0].IncludeManagementEvents {
		t.Errorf("selectors %+v", selectors.EventSelectors)
	}
	abroad, err := cloudtrail.NewFromConfig(w.Admin("eu-west-1")).DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{})
	check(t, err)
	if len(abroad.TrailList) != 2 {
		t.Errorf("%d multi-region trails seen from elsewhere", len(abroad.TrailList))
	}
	_, err = c.DeleteTrail(ctx, &cloudtrail.DeleteTrailInput{Name: name})
	check(t, err)
	if !bytes.Equal(before, w.Snapshot()) {
		t.Error("something of the trail stayed")
	}
}

func TestSecretsThereAndBack(t *testing.T) {
	ctx := t.Context()
	w := sandbox.New(sandbox.Options{Seed: 1})
	key := w.AddUser("alice", `{"Statement":{"Effect":"Allow","Action":"secretsmanager:*","Resource":"*"}}`)
	c := sm.NewFromConfig(w.Admin(region))
	made, err := c.CreateSecret(ctx, &sm.CreateSecretInput{Name: aws.String("s"), SecretString: aws.String("x")})
	check(t, err)
	_, err = c.CreateSecret(ctx, &sm.CreateSecretInput{Name: aws.String("s"), SecretString: aws.String("x")})
	var exists *smtypes.ResourceExistsException
	if !errors.As(err, &exists) {
		t.Errorf("second secret: %v", err)
	}
	before := w.Snapshot()
	_, err = c.TagResource(ctx, &sm.TagResourceInput{SecretId: made.ARN, Tags: []smtypes.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})
	check(t, err)
	read := func() error {
		_, err := sm.NewFromConfig(w.Config(key, region)).GetSecretValue(ctx, &sm.GetSecretValueInput{SecretId: made.ARN})
		return err
	}
	check(t, read())
	_, err = c.PutResourcePolicy(ctx, &sm.PutResourcePolicyInput{SecretId: made.ARN, ResourcePolicy: aws.String(`{"Statement":{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::123456789012:user/alice"},"Action":"secretsmanager:GetSecretValue","Resource":"*"}}`)})
	check(t, err)
	code(t, read(), "AccessDeniedException")
	_, err = c.DeleteResourcePolicy(ctx, &sm.DeleteResourcePolicyInput{SecretId: made.ARN})
	check(t, err)
	check(t, read())
	_, err = c.UntagResource(ctx, &sm.UntagResourceInput{SecretId: made.ARN, TagKeys: []string{"k"}})
	check(t, err)
	listed, err := c.ListSecrets(ctx, &sm.ListSecretsInput{Filters: []smtypes.Filter{{Key: smtypes.FilterNameStringTypeName, Values: []string{"s"}}}})
	check(t, err)
	if len(listed.SecretList) != 1 || !bytes.Equal(before, w.Snapshot()) {
		t.Errorf("listed %d, or something stayed", len(listed.SecretList))
	}
}

func TestBucketSettingsThereAndBack(t *testing.T) {
	ctx := t.Context()
	w := sandbox.New(sandbox.Options{Seed: 1})
	c := s3.NewFromConfig(w.Admin("eu-west-1"))
	name := aws.String("fresh")
	_, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: name})
	code(t, err, "IllegalLocationConstraintException")
	_, err = c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: name, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"}})
	check(t, err)
	where, err := s3.NewFromConfig(w.Admin(region)).GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: name})
	check(t, err)
	if where.LocationConstraint != "eu-west-1" {
		t.Errorf("location %s", where.LocationConstraint)
	}
	_, err = c.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: name, VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled}})
	check(t, err)
	versioning, err := c.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: name})
	check(t, err)
	owner, err := c.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: name})
	check(t, err)
	if versioning.Status != "Enabled" || owner.OwnershipControls.Rules[0].ObjectOwnership != "BucketOwnerEnforced" {
		t.Errorf("versioning %s, ownership %+v", versioning.Status, owner.OwnershipControls)
	}
	acl, err := c.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: name})
	check(t, err)
	if len(acl.Grants) != 1 {
		t.Errorf("grants %+v", acl.Grants)
	}
	_, err = c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: name})
	check(t, err)
	_, err = c.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: name})
	code(t, err, "NotFound")
}
