package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/quell-ir/quell/internal/moto"
)

// cast is a script's view of the emulator, past any proxy the script put before the program.
type cast struct {
	ts  *testscript.TestScript
	ctx context.Context
	cfg aws.Config
	iam *iam.Client
}

func enter(ts *testscript.TestScript) cast {
	cfg := (&moto.Server{URL: ts.Getenv("ENDPOINT")}).Config("us-east-1")
	return cast{ts: ts, ctx: context.Background(), cfg: cfg, iam: iam.NewFromConfig(cfg)}
}

// owner prepares the account: `owner user NAME` makes a user with a key and sets $KEY, $ARN and $USERID; `owner login NAME` gives it
// a password; `owner role NAME`; `owner bucket NAME`.
func owner(ts *testscript.TestScript, _ bool, args []string) {
	c, name := enter(ts), args[1]
	switch args[0] {
	case "user":
		out, err := c.iam.CreateUser(c.ctx, &iam.CreateUserInput{UserName: &name})
		ts.Check(err)
		ts.Setenv("ARN", aws.ToString(out.User.Arn))
		ts.Setenv("USERID", aws.ToString(out.User.UserId))
		c.key(name, "KEY")
	case "login":
		_, err := c.iam.CreateLoginProfile(c.ctx, &iam.CreateLoginProfileInput{UserName: &name, Password: aws.String("Correct-horse-9")})
		ts.Check(err)
	case "role":
		trust := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}`
		_, err := c.iam.CreateRole(c.ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
		ts.Check(err)
	case "bucket":
		_, err := s3.NewFromConfig(c.cfg, func(o *s3.Options) { o.UsePathStyle = true }).CreateBucket(c.ctx, &s3.CreateBucketInput{Bucket: &name})
		ts.Check(err)
	default:
		ts.Fatalf("the owner does no %q", args[0])
	}
}

// intruder works with what leaked: `intruder key NAME` makes another key and sets $KEY2; `intruder strip NAME` takes every
// inline policy off, Quell's deny too; `intruder reborn NAME` deletes the user and makes one of the same name.
func intruder(ts *testscript.TestScript, _ bool, args []string) {
	c, name := enter(ts), args[1]
	switch args[0] {
	case "key":
		c.key(name, "KEY2")
	case "strip":
		c.strip(name)
	case "reborn":
		c.strip(name)
		keys, err := c.iam.ListAccessKeys(c.ctx, &iam.ListAccessKeysInput{UserName: &name})
		ts.Check(err)
		for _, k := range keys.AccessKeyMetadata {
			_, err := c.iam.DeleteAccessKey(c.ctx, &iam.DeleteAccessKeyInput{UserName: &name, AccessKeyId: k.AccessKeyId})
			ts.Check(err)
		}
		_, err = c.iam.DeleteUser(c.ctx, &iam.DeleteUserInput{UserName: &name})
		ts.Check(err)
		_, err = c.iam.CreateUser(c.ctx, &iam.CreateUserInput{UserName: &name})
		ts.Check(err)
	default:
		ts.Fatalf("the intruder does no %q", args[0])
	}
}

// colleague meddles: `colleague holds NAME INCIDENT` tags a user as another incident's; `colleague activates NAME KEY`.
func colleague(ts *testscript.TestScript, _ bool, args []string) {
	c, name := enter(ts), args[1]
	switch args[0] {
	case "holds":
		tag := types.Tag{Key: aws.String("quell:incident"), Value: &args[2]}
		_, err := c.iam.TagUser(c.ctx, &iam.TagUserInput{UserName: &name, Tags: []types.Tag{tag}})
		ts.Check(err)
	case "activates":
		_, err := c.iam.UpdateAccessKey(c.ctx, &iam.UpdateAccessKeyInput{UserName: &name, AccessKeyId: &args[2], Status: types.StatusTypeActive})
		ts.Check(err)
	default:
		ts.Fatalf("the colleague does no %q", args[0])
	}
}

// account prints what the account itself says of a user, as JSON: keys by id, policies by name, tags, login.
func account(ts *testscript.TestScript, _ bool, args []string) {
	text, err := json.Marshal(enter(ts).user(args[0]))
	ts.Check(err)
	fmt.Fprintln(ts.Stdout(), string(text))
}

// userState is a user as the account shows it, in an order that never changes.
type userState struct {
	Keys   map[string]string `json:"keys"`
	Inline map[string]string `json:"inline"`
	Tags   map[string]string `json:"tags"`
	Login  bool              `json:"login"`
	Denies int               `json:"denies"`
}

func (c cast) user(name string) userState {
	s := userState{Keys: map[string]string{}, Inline: map[string]string{}, Tags: map[string]string{}}
	keys, err := c.iam.ListAccessKeys(c.ctx, &iam.ListAccessKeysInput{UserName: &name})
	c.ts.Check(err)
	for _, k := range keys.AccessKeyMetadata {
		s.Keys[aws.ToString(k.AccessKeyId)] = string(k.Status)
	}
	for _, policy := range c.policies(name) {
		out, err := c.iam.GetUserPolicy(c.ctx, &iam.GetUserPolicyInput{UserName: &name, PolicyName: &policy})
		c.ts.Check(err)
		text, err := url.QueryUnescape(aws.ToString(out.PolicyDocument))
		c.ts.Check(err)
		s.Inline[policy] = text
		if strings.Contains(text, `"Deny"`) {
			s.Denies++
		}
	}
	tags, err := c.iam.ListUserTags(c.ctx, &iam.ListUserTagsInput{UserName: &name})
	c.ts.Check(err)
	for _, tag := range tags.Tags {
		s.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	_, err = c.iam.GetLoginProfile(c.ctx, &iam.GetLoginProfileInput{UserName: &name})
	s.Login = err == nil
	return s
}

func (c cast) key(user, variable string) {
	out, err := c.iam.CreateAccessKey(c.ctx, &iam.CreateAccessKeyInput{UserName: &user})
	c.ts.Check(err)
	c.ts.Setenv(variable, aws.ToString(out.AccessKey.AccessKeyId))
}

func (c cast) policies(user string) []string {
	out, err := c.iam.ListUserPolicies(c.ctx, &iam.ListUserPoliciesInput{UserName: &user})
	c.ts.Check(err)
	slices.Sort(out.PolicyNames)
	return out.PolicyNames
}

func (c cast) strip(user string) {
	for _, policy := range c.policies(user) {
		_, err := c.iam.DeleteUserPolicy(c.ctx, &iam.DeleteUserPolicyInput{UserName: &user, PolicyName: &policy})
		c.ts.Check(err)
	}
}
