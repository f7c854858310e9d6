package sandbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/quell-ir/quell/sandbox"
)

const trustAccount = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole"}]}`

func credentials(c *ststypes.Credentials) aws.Credentials {
	return aws.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken}
}

func listUsers(t *testing.T, w *sandbox.World, c aws.Credentials) error {
	t.Helper()
	_, err := iam.NewFromConfig(w.Config(c, region)).ListUsers(t.Context(), &iam.ListUsersInput{})
	return err
}

func listBuckets(t *testing.T, w *sandbox.World, c aws.Credentials) error {
	t.Helper()
	_, err := s3.NewFromConfig(w.Config(c, region)).ListBuckets(t.Context(), &s3.ListBucketsInput{})
	return err
}

func sleep(t *testing.T, w *sandbox.World, d time.Duration) {
	t.Helper()
	check(t, w.Clock().Sleep(t.Context(), d))
}

func TestADeactivatedKeyWorksForSecondsThenStopsWithoutATrace(t *testing.T) {
	w := sandbox.New(sandbox.Options{Seed: 3, PropagationMin: 2 * time.Second, PropagationMax: 4 * time.Second})
	key := w.AddUser("alice", "AdministratorAccess")
	admin := iam.NewFromConfig(w.Admin(region))
	check(t, listUsers(t, w, key))
	_, err := admin.UpdateAccessKey(t.Context(), &iam.UpdateAccessKeyInput{
		UserName: aws.String("alice"), AccessKeyId: aws.String(key.AccessKeyID), Status: iamtypes.StatusTypeInactive,
	})
	check(t, err)
	shown, err := admin.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: aws.String("alice")})
	check(t, err)
	if shown.AccessKeyMetadata[0].Status != iamtypes.StatusTypeInactive {
		t.Error("a read does not show the write at once")
	}
	check(t, listUsers(t, w, key)) // still works: the write has not taken hold
	sleep(t, w, 4*time.Second)
	code(t, listUsers(t, w, key), "InvalidClientTokenId")

	sleep(t, w, time.Hour)
	byAlice := 0
	for _, raw := range w.Delivered(0) {
		if strings.Contains(string(raw), `"accessKeyId":"`+key.AccessKeyID) && strings.Contains(string(raw), `"eventName":"ListUsers"`) {
			byAlice++
		}
	}
	if byAlice != 2 {
		t.Errorf("%d records of alice's calls, want the two that were let in", byAlice)
	}
	last := w.Truth()[len(w.Truth())-1]
	if last.Allowed || last.Code != "InvalidClientTokenId" || last.AccessKey != key.AccessKeyID {
		t.Errorf("the oracle holds %+v", last)
	}
}

func TestSessionsOutliveTheirKeyAndEndByTokenIssueTime(t *testing.T) {
	ctx := t.Context()
	w := sandbox.New(sandbox.Options{Seed: 4})
	key := w.AddUser("alice", "AdministratorAccess")
	admin := iam.NewFromConfig(w.Admin(region))
	issued, err := sts.NewFromConfig(w.Config(key, region)).GetSessionToken(ctx, &sts.GetSessionTokenInput{DurationSeconds: aws.Int32(129600)})
	check(t, err)
	session := credentials(issued.Credentials)
	federated, err := sts.NewFromConfig(w.Config(key, region)).GetFederationToken(ctx, &sts.GetFederationTokenInput{
		Name: aws.String("ghost"), Policy: aws.String(sandbox.FullAccess), DurationSeconds: aws.Int32(129600),
	})
	check(t, err)
	ghost := credentials(federated.Credentials)

	_, err = admin.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: aws.String("alice"), AccessKeyId: aws.String(key.AccessKeyID)})
	check(t, err)
	sleep(t, w, time.Minute)
	code(t, listBuckets(t, w, key), "InvalidAccessKeyId")
	check(t, listBuckets(t, w, session))
	check(t, listBuckets(t, w, ghost))
	code(t, listUsers(t, w, session), "InvalidClientTokenId") // IAM refuses such sessions without MFA
	code(t, listUsers(t, w, ghost), "InvalidClientTokenId")

	second := w.AddKey("alice")
	revoke := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":%q}}}]}`,
		w.Clock().Now().Format(time.RFC3339))
	_, err = admin.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("alice"), PolicyName: aws.String("revoke"), PolicyDocument: aws.String(revoke)})
	check(t, err)
	sleep(t, w, 10*time.Second)
	code(t, listBuckets(t, w, session), "AccessDenied")
	code(t, listBuckets(t, w, ghost), "AccessDenied")
	check(t, listBuckets(t, w, second)) // a long-term key carries no issue time
	who, err := sts.NewFromConfig(w.Config(ghost, region)).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	check(t, err) // answers under any deny
	if *who.Arn != "arn:aws:sts::123456789012:federated-user/ghost" || *who.UserId != "123456789012:ghost" {
		t.Errorf("federated caller %s %s", *who.Arn, *who.UserId)
	}
	sleep(t, w, 36*time.Hour)
	code(t, listBuckets(t, w, session), "ExpiredToken")
}

func TestFederationIsTheIntersection(t *testing.T) {
	ctx := t.Context()
	w := sandbox.New(sandbox.Options{Seed: 5})
	key := w.AddUser("bob", "AmazonS3ReadOnlyAccess", `{"Statement":{"Effect":"Allow","Action":"sts:GetFederationToken","Resource":"*"}}`)
	issue := func(policy *string) aws.Credentials {
		out, err := sts.NewFromConfig(w.Config(key, region)).GetFederationToken(ctx, &sts.GetFederationTokenInput{Name: aws.String("x"), Policy: policy})
		check(t, err)
		return credentials(out.Credentials)
	}
	check(t, listBuckets(t, w, issue(aws.String(sandbox.FullAccess))))
	code(t, listBuckets(t, w, issue(nil)), "AccessDenied")
	code(t, listBuckets(t, w, issue(aws.String(`{"Statement":{"Effect":"Allow","Action":"ec2:*","Resource":"*"}}`))), "AccessDenied")
	_, err := sts.NewFromConfig(w.Config(issue(nil), region)).GetSessionToken(ctx, &sts.GetSessionTokenInput{})
	code(t, err, "AccessDenied")
}

func TestAssumeRole(t *testing.T) {
	ctx := t.Context()
	w := sandbox.New(sandbox.Options{Seed: 6})
	alice := w.AddUser("alice", `{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}`)
	bob := w.AddUser("bob")
	mallory := w.AddOutsider("999999999999", "mallory")
	ops := w.AddRole("ops", trustAccount, "AdministratorAccess")
	back := w.AddRole("back", strings.Replace(trustAccount, "123456789012:root", "999999999999:root", 1), "AdministratorAccess")
	assume := func(c aws.Credentials, arn string, seconds int32, policy *string) (aws.Credentials, error) {
		out, err := sts.NewFromConfig(w.Config(c, region)).AssumeRole(ctx, &sts.AssumeRoleInput{
			RoleArn: aws.String(arn), RoleSessionName: aws.String("s"), DurationSeconds: aws.Int32(seconds), Policy: policy,
		})
		if err != nil {
			return aws.Credentials{}, err
		}
		return credentials(out.Credentials), nil
	}
	session, err := assume(alice, ops, 43200, nil)
	check(t, err)
	check(t, listUsers(t, w, session))
	_, err = assume(bob, ops, 3600, nil)
	code(t, err, "AccessDenied")
	_, err = assume(alice, back, 3600, nil)
	code(t, err, "AccessDenied")
	_, err = assume(alice, ops+"-none", 3600, nil)
	code(t, err, "AccessDenied")
	_, err = assume(mallory, ops, 3600, nil)
	code(t, err, "AccessDenied")
	foreign, err := assume(mallory, back, 3600, nil)
	check(t, err)
	check(t, listUsers(t, w, foreign))
	_, err = assume(session, ops, 7200, nil)
	code(t, err, "ValidationError") // role chaining ends after an hour
	chained, err := assume(session, ops, 3600, aws.String(`{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}`))
	check(t, err)
	check(t, listBuckets(t, w, chained))
	code(t, listUsers(t, w, chained), "AccessDenied")
	_, err = assume(alice, ops, 43201, nil)
	code(t, err, "ValidationError")

	// A role deleted and made again under its name is another role.
	admin := iam.NewFromConfig(w.Admin(region))
	_, err = admin.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: aws.String("ops"), PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")})
	check(t, err)
	_, err = admin.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String("ops")})
	check(t, err)
	w.AddRole("ops", trustAccount, "AdministratorAccess")
	sleep(t, w, time.Minute)
	code(t, listUsers(t, w, session), "InvalidClientTokenId")
}

func TestKeyIDsTellTheirAccount(t *testing.T) {
	for _, account := range []string{"123456789012", "000000000001", "999999999999"} {
		w := sandbox.New(sandbox.Options{Account: account, Seed: 9})
		key := w.AddUser("alice")
		out, err := sts.NewFromConfig(w.Admin(region)).GetAccessKeyInfo(t.Context(), &sts.GetAccessKeyInfoInput{AccessKeyId: aws.String(key.AccessKeyID)})
		check(t, err)
		if *out.Account != account {
			t.Errorf("%s read back as %s", account, *out.Account)
		}
	}
}

func TestMFASessionsMayCallIAM(t *testing.T) {
	ctx := t.Context()
	w := sandbox.New(sandbox.Options{Seed: 10})
	key := w.AddUser("alice", "AdministratorAccess")
	own := iam.NewFromConfig(w.Config(key, region))
	made, err := own.CreateVirtualMFADevice(ctx, &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: aws.String("phone")})
	check(t, err)
	serial := made.VirtualMFADevice.SerialNumber
	issue := func(serial *string) (*sts.GetSessionTokenOutput, error) {
		return sts.NewFromConfig(w.Config(key, region)).GetSessionToken(ctx, &sts.GetSessionTokenInput{SerialNumber: serial, TokenCode: aws.String("123456")})
	}
	_, err = issue(serial)
	code(t, err, "AccessDenied") // not enabled yet
	_, err = own.EnableMFADevice(ctx, &iam.EnableMFADeviceInput{
		UserName: aws.String("alice"), SerialNumber: serial, AuthenticationCode1: aws.String("123456"), AuthenticationCode2: aws.String("654321"),
	})
	check(t, err)
	out, err := issue(serial)
	check(t, err)
	check(t, listUsers(t, w, credentials(out.Credentials)))
}
