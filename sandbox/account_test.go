package sandbox_test

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/quell-ir/quell/sandbox"
)

const denyDocument = `{"Version":"2012-10-17","Statement":[{"Sid":"D","Effect":"Deny","Action":"*","Resource":"*"}]}`

func TestQuotas(t *testing.T) {
	ctx := t.Context()
	w := sandbox.New(sandbox.Options{Seed: 1})
	w.AddUser("alice")
	w.AddRole("ops", trustAccount)
	client := iam.NewFromConfig(w.Admin(region))
	user := aws.String("alice")
	_, err := client.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: user})
	check(t, err)
	_, err = client.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: user})
	code(t, err, "LimitExceeded")

	// A document of n characters that count, the rest white space, which does not.
	padded := func(n int) *string {
		base := `{"Statement":{"Sid":"%s","Effect":"Deny","Action":"*","Resource":"*"}}`
		return aws.String(strings.Repeat(" ", 50) + fmt.Sprintf(base, strings.Repeat("x", n-len(base)+2)))
	}
	put := func(name string, n int) error {
		_, err := client.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: user, PolicyName: aws.String(name), PolicyDocument: padded(n)})
		return err
	}
	check(t, put("a", 2000))
	code(t, put("b", 100), "LimitExceeded")
	check(t, put("a", 2048)) // replacing does not count twice
	_, err = client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("ops"), PolicyName: aws.String("a"), PolicyDocument: padded(10241)})
	code(t, err, "LimitExceeded")

	for i := range 11 {
		made, err := client.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String(fmt.Sprint("p", i)), PolicyDocument: aws.String(denyDocument)})
		check(t, err)
		_, err = client.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: user, PolicyArn: made.Policy.Arn})
		code(t, err, map[bool]string{true: "LimitExceeded"}[i == 10])
	}
	_, err = client.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: user, PolicyName: aws.String("x"), PolicyDocument: aws.String("{")})
	code(t, err, "MalformedPolicyDocument")
}

func TestDeletionKeepsItsOrder(t *testing.T) {
	ctx := t.Context()
	w := sandbox.New(sandbox.Options{Seed: 1})
	key := w.AddUser("alice", denyDocument, "SecurityAudit")
	w.AddGroup("staff", []string{"alice"})
	client := iam.NewFromConfig(w.Admin(region))
	user := aws.String("alice")
	_, err := client.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: user, Password: aws.String("Correct-Horse-1")})
	check(t, err)
	for _, step := range []func() error{
		func() error {
			_, err := client.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: user, AccessKeyId: aws.String(key.AccessKeyID)})
			return err
		},
		func() error {
			_, err := client.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: user, PolicyName: aws.String("inline-1")})
			return err
		},
		func() error {
			_, err := client.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: user, PolicyArn: aws.String("arn:aws:iam::aws:policy/SecurityAudit")})
			return err
		},
		func() error {
			_, err := client.RemoveUserFromGroup(ctx, &iam.RemoveUserFromGroupInput{UserName: user, GroupName: aws.String("staff")})
			return err
		},
		func() error {
			_, err := client.DeleteLoginProfile(ctx, &iam.DeleteLoginProfileInput{UserName: user})
			return err
		},
	} {
		_, err := client.DeleteUser(ctx, &iam.DeleteUserInput{UserName: user})
		code(t, err, "DeleteConflict")
		check(t, step())
	}
	_, err = client.DeleteUser(ctx, &iam.DeleteUserInput{UserName: user})
	check(t, err)
	_, err = client.GetUser(ctx, &iam.GetUserInput{UserName: user})
	code(t, err, "NoSuchEntity")
}

func TestPagesShowEverythingOnce(t *testing.T) {
	ctx := t.Context()
	w := sandbox.New(sandbox.Options{Seed: 1})
	for i := range 25 {
		w.AddUser(fmt.Sprintf("user-%02d", i))
	}
	client := iam.NewFromConfig(w.Admin(region))
	seen := map[string]int{}
	var marker *string
	pages := 0
	for {
		out, err := client.ListUsers(ctx, &iam.ListUsersInput{MaxItems: aws.Int32(7), Marker: marker})
		check(t, err)
		pages++
		for _, u := range out.Users {
			seen[*u.UserName]++
		}
		if out.IsTruncated != (out.Marker != nil) {
			t.Fatal("IsTruncated and Marker disagree")
		}
		if !out.IsTruncated {
			break
		}
		if pages == 1 { // what was already shown may vanish between two pages
			delete(seen, "quell-responder")
		}
		marker = out.Marker
	}
	for i := range 25 {
		if n := seen[fmt.Sprintf("user-%02d", i)]; n != 1 {
			t.Errorf("user %d was shown %d times", i, n)
		}
	}
	if pages != 4 {
		t.Errorf("%d pages", pages)
	}
	_, err := client.ListUsers(ctx, &iam.ListUsersInput{Marker: aws.String("forged")})
	code(t, err, "ValidationError")
}

func TestUndoRestoresTheSnapshot(t *testing.T) {
	ctx := t.Context()
	w := sandbox.New(sandbox.Options{Seed: 1})
	key := w.AddUser("alice", "AdministratorAccess")
	client := iam.NewFromConfig(w.Admin(region))
	before := w.Snapshot()
	user, name := aws.String("alice"), aws.String("quell-deny")
	_, err := client.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: user, PolicyName: name, PolicyDocument: aws.String(denyDocument)})
	check(t, err)
	_, err = client.TagUser(ctx, &iam.TagUserInput{UserName: user, Tags: []iamtypes.Tag{{Key: aws.String("quell:incident"), Value: aws.String("1")}}})
	check(t, err)
	_, err = client.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: user, PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/AWSDenyAll")})
	check(t, err)
	if bytes.Equal(before, w.Snapshot()) {
		t.Fatal("the snapshot does not see changes")
	}
	got, err := client.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: user, PolicyName: name})
	check(t, err)
	if text, err := url.PathUnescape(*got.PolicyDocument); err != nil || text != denyDocument {
		t.Errorf("document came back as %s (%v)", text, err)
	}
	sleep(t, w, time.Minute)
	code(t, listUsers(t, w, key), "AccessDenied")
	_, err = client.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: user, PolicyName: name})
	check(t, err)
	_, err = client.UntagUser(ctx, &iam.UntagUserInput{UserName: user, TagKeys: []string{"quell:incident"}})
	check(t, err)
	_, err = client.DeleteUserPermissionsBoundary(ctx, &iam.DeleteUserPermissionsBoundaryInput{UserName: user})
	check(t, err)
	if !bytes.Equal(before, w.Snapshot()) {
		t.Errorf("state after undo differs:\n%s\n%s", before, w.Snapshot())
	}
}

func TestManagedPoliciesAndGroupsReachTheirHolders(t *testing.T) {
	ctx := t.Context()
	w := sandbox.New(sandbox.Options{Seed: 1})
	key := w.AddUser("alice")
	w.AddGroup("staff", []string{"alice"})
	client := iam.NewFromConfig(w.Admin(region))
	made, err := client.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("p"), PolicyDocument: aws.String(sandbox.FullAccess)})
	check(t, err)
	_, err = client.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: aws.String("staff"), PolicyArn: made.Policy.Arn})
	check(t, err)
	sleep(t, w, time.Minute)
	check(t, listUsers(t, w, key))
	_, err = client.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: made.Policy.Arn, PolicyDocument: aws.String(denyDocument), SetAsDefault: true})
	check(t, err)
	sleep(t, w, time.Minute)
	code(t, listUsers(t, w, key), "AccessDenied")
	_, err = client.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: made.Policy.Arn, VersionId: aws.String("v2")})
	code(t, err, "DeleteConflict")
	_, err = client.SetDefaultPolicyVersion(ctx, &iam.SetDefaultPolicyVersionInput{PolicyArn: made.Policy.Arn, VersionId: aws.String("v1")})
	check(t, err)
	sleep(t, w, time.Minute)
	check(t, listUsers(t, w, key))
	_, err = client.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: made.Policy.Arn})
	code(t, err, "DeleteConflict")
	holders, err := client.ListEntitiesForPolicy(ctx, &iam.ListEntitiesForPolicyInput{PolicyArn: made.Policy.Arn})
	check(t, err)
	if len(holders.PolicyGroups) != 1 || *holders.PolicyGroups[0].GroupName != "staff" {
		t.Errorf("holders %+v", holders)
	}
}

func TestSimulatorAndSCP(t *testing.T) {
	ctx := t.Context()
	w := sandbox.New(sandbox.Options{Seed: 1})
	key := w.AddUser("alice", "AmazonS3ReadOnlyAccess")
	client := iam.NewFromConfig(w.Admin(region))
	simulate := func(action string) iamtypes.PolicyEvaluationDecisionType {
		out, err := client.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{
			PolicySourceArn: aws.String("arn:aws:iam::123456789012:user/alice"), ActionNames: []string{action},
		})
		check(t, err)
		return out.EvaluationResults[0].EvalDecision
	}
	if got := simulate("s3:GetObject"); got != iamtypes.PolicyEvaluationDecisionTypeAllowed {
		t.Errorf("read: %s", got)
	}
	if got := simulate("s3:PutObject"); got != iamtypes.PolicyEvaluationDecisionTypeImplicitDeny {
		t.Errorf("write: %s", got)
	}
	check(t, listBuckets(t, w, key))
	w.SetSCPs(sandbox.FullAccess, `{"Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/quell-responder"}}}}`)
	code(t, listBuckets(t, w, key), "AccessDenied")
	if got := simulate("s3:GetObject"); got != iamtypes.PolicyEvaluationDecisionTypeExplicitDeny {
		t.Errorf("read under the SCP: %s", got)
	}
	w.SetSCPs()
	check(t, listBuckets(t, w, key))
}

func TestAccountViews(t *testing.T) {
	ctx := t.Context()
	w := sandbox.New(sandbox.Options{Seed: 1})
	key := w.AddUser("alice", "AdministratorAccess", denyDocument)
	w.AddRole("ops", trustAccount, "ReadOnlyAccess")
	client := iam.NewFromConfig(w.Admin(region))
	code(t, listBuckets(t, w, key), "AccessDenied")
	used, err := client.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: aws.String(key.AccessKeyID)})
	check(t, err)
	if *used.UserName != "alice" || *used.AccessKeyLastUsed.ServiceName != "s3" {
		t.Errorf("last used %+v", used.AccessKeyLastUsed)
	}
	users, roles := 0, 0
	var marker *string
	for {
		out, err := client.GetAccountAuthorizationDetails(ctx, &iam.GetAccountAuthorizationDetailsInput{MaxItems: aws.Int32(2), Marker: marker})
		check(t, err)
		users, roles = users+len(out.UserDetailList), roles+len(out.RoleDetailList)
		if marker = out.Marker; marker == nil {
			break
		}
	}
	if users != 2 || roles != 1 {
		t.Errorf("%d users and %d roles in the details", users, roles)
	}
	_, err = client.GetCredentialReport(ctx, &iam.GetCredentialReportInput{})
	code(t, err, "ReportNotPresent")
	_, err = client.GenerateCredentialReport(ctx, &iam.GenerateCredentialReportInput{})
	check(t, err)
	report, err := client.GetCredentialReport(ctx, &iam.GetCredentialReportInput{})
	check(t, err)
	lines := strings.Split(strings.TrimSpace(string(report.Content)), "\n")
	if len(lines) != 3 || strings.Count(lines[0], ",") != strings.Count(lines[1], ",") || !strings.HasPrefix(lines[1], "alice,") {
		t.Errorf("credential report %q", lines)
	}
}
