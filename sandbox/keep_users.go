package sandbox

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func registerUsers(r registry) {
	writes(r, "IAM.CreateUser", (*call).createUser)
	reads(r, "IAM.GetUser", (*call).getUser)
	reads(r, "IAM.ListUsers", (*call).listUsers)
	writes(r, "IAM.DeleteUser", (*call).deleteUser)
	writes(r, "IAM.TagUser", (*call).tagUser)
	writes(r, "IAM.UntagUser", (*call).untagUser)
	reads(r, "IAM.ListUserTags", (*call).listUserTags)
}

func (u *user) show() *iamtypes.User {
	return &iamtypes.User{
		Arn: aws.String(u.arn), UserId: aws.String(u.id), UserName: aws.String(u.name), Path: aws.String(u.path),
		CreateDate: aws.Time(u.created), Tags: showTags(u.tags), PermissionsBoundary: showBoundary(u.boundary),
	}
}

func (c *call) createUser(in *iam.CreateUserInput) (*iam.CreateUserOutput, error) {
	name := aws.ToString(in.UserName)
	for existing := range c.account.users {
		if strings.EqualFold(existing, name) {
			return nil, alreadyExists("User with name %s already exists.", name)
		}
	}
	if err := c.account.checkBoundary(aws.ToString(in.PermissionsBoundary)); err != nil {
		return nil, err
	}
	u := &user{principal: c.w.newPrincipal(c.account, "user", "AIDA", aws.ToString(in.Path), name, c.now)}
	u.tags = setTags(nil, in.Tags)
	u.boundary = aws.ToString(in.PermissionsBoundary)
	c.account.users[name] = u
	c.spread(&u.principal)
	return &iam.CreateUserOutput{User: u.show()}, nil
}

func (c *call) getUser(in *iam.GetUserInput) (*iam.GetUserOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	shown := u.show()
	if u.login != nil && !u.login.used.IsZero() {
		shown.PasswordLastUsed = aws.Time(u.login.used)
	}
	return &iam.GetUserOutput{User: shown}, nil
}

func (c *call) listUsers(in *iam.ListUsersInput) (*iam.ListUsersOutput, error) {
	all := slices.DeleteFunc(values(c.account.users), func(u *user) bool {
		return !strings.HasPrefix(u.path, aws.ToString(in.PathPrefix))
	})
	shown, next, err := iamPage(all, func(u *user) string { return u.name }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListUsersOutput{Marker: next, IsTruncated: next != nil, Users: []iamtypes.User{}}
	for _, u := range shown {
		one := u.show()
		// A list carries neither tags nor boundary; only GetUser does.
		one.Tags, one.PermissionsBoundary = nil, nil
		out.Users = append(out.Users, *one)
	}
	return out, nil
}

// deleteUser insists, as AWS does, that everything hanging on the user went first.
func (c *call) deleteUser(in *iam.DeleteUserInput) (*iam.DeleteUserOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	for _, left := range []struct {
		there bool
		what  string
	}{
		{len(u.keys) > 0, "delete access keys first."},
		{len(u.inline) > 0, "delete policies first."},
		{len(u.attached) > 0, "detach all policies first."},
		{len(u.groups) > 0, "remove users from group first."},
		{u.login != nil, "delete login profile first."},
		{len(u.devices) > 0, "delete MFA device first."},
		{len(u.ssh) > 0, "delete SSH public keys first."},
		{len(u.certs) > 0, "delete signing certificates first."},
		{len(u.service) > 0, "delete service specific credentials first."},
	} {
		if left.there {
			return nil, deleteConflict("Cannot delete entity, must %s", left.what)
		}
	}
	u.deleted = true
	delete(c.account.users, u.name)
	c.spread(&u.principal)
	return nil, nil
}

func (c *call) tagUser(in *iam.TagUserInput) (*iam.TagUserOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	u.tags = setTags(u.tags, in.Tags)
	c.spread(&u.principal)
	return nil, nil
}

func (c *call) untagUser(in *iam.UntagUserInput) (*iam.UntagUserOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	u.tags = dropTags(u.tags, in.TagKeys)
	c.spread(&u.principal)
	return nil, nil
}

func (c *call) listUserTags(in *iam.ListUserTagsInput) (*iam.ListUserTagsOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	tags, next, err := iamPage(showTags(u.tags), tagKey, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &iam.ListUserTagsOutput{Tags: tags, Marker: next, IsTruncated: next != nil}, nil
}
