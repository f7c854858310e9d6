package sandbox

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func registerGroups(r registry) {
	writes(r, "IAM.CreateGroup", (*call).createGroup)
	reads(r, "IAM.GetGroup", (*call).getGroup)
	reads(r, "IAM.ListGroups", (*call).listGroups)
	writes(r, "IAM.DeleteGroup", (*call).deleteGroup)
	writes(r, "IAM.AddUserToGroup", (*call).addUserToGroup)
	writes(r, "IAM.RemoveUserFromGroup", (*call).removeUserFromGroup)
	reads(r, "IAM.ListGroupsForUser", (*call).listGroupsForUser)
}

func (g *group) show() iamtypes.Group {
	return iamtypes.Group{
		Arn: aws.String(g.arn), GroupId: aws.String(g.id), GroupName: aws.String(g.name), Path: aws.String(g.path),
		CreateDate: aws.Time(g.created),
	}
}

func userName(u *user) string   { return u.name }
func groupName(g *group) string { return g.name }

func (c *call) createGroup(in *iam.CreateGroupInput) (*iam.CreateGroupOutput, error) {
	name := aws.ToString(in.GroupName)
	for existing := range c.account.groups {
		if strings.EqualFold(existing, name) {
			return nil, alreadyExists("Group with name %s already exists.", name)
		}
	}
	g := &group{principal: c.w.newPrincipal(c.account, "group", "AGPA", aws.ToString(in.Path), name, c.now)}
	c.account.groups[name] = g
	shown := g.show()
	return &iam.CreateGroupOutput{Group: &shown}, nil
}

func (c *call) getGroup(in *iam.GetGroupInput) (*iam.GetGroupOutput, error) {
	g, err := c.group(in.GroupName)
	if err != nil {
		return nil, err
	}
	members, next, err := iamPage(slices.Clone(g.members), userName, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	shown := g.show()
	out := &iam.GetGroupOutput{Group: &shown, Marker: next, IsTruncated: next != nil, Users: []iamtypes.User{}}
	for _, u := range members {
		one := u.show()
		one.Tags, one.PermissionsBoundary = nil, nil
		out.Users = append(out.Users, *one)
	}
	return out, nil
}

func (c *call) listGroups(in *iam.ListGroupsInput) (*iam.ListGroupsOutput, error) {
	all := slices.DeleteFunc(values(c.account.groups), func(g *group) bool {
		return !strings.HasPrefix(g.path, aws.ToString(in.PathPrefix))
	})
	shown, next, err := showGroups(all, in.Marker, in.MaxItems)
	return &iam.ListGroupsOutput{Groups: shown, Marker: next, IsTruncated: next != nil}, err
}

func (c *call) listGroupsForUser(in *iam.ListGroupsForUserInput) (*iam.ListGroupsForUserOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	shown, next, err := showGroups(slices.Clone(u.groups), in.Marker, in.MaxItems)
	return &iam.ListGroupsForUserOutput{Groups: shown, Marker: next, IsTruncated: next != nil}, err
}

func showGroups(all []*group, marker *string, limit *int32) ([]iamtypes.Group, *string, error) {
	part, next, err := iamPage(all, groupName, marker, limit)
	shown := make([]iamtypes.Group, 0, len(part))
	for _, g := range part {
		shown = append(shown, g.show())
	}
	return shown, next, err
}

func (c *call) deleteGroup(in *iam.DeleteGroupInput) (*iam.DeleteGroupOutput, error) {
	g, err := c.group(in.GroupName)
	if err != nil {
		return nil, err
	}
	switch {
	case len(g.members) > 0:
		return nil, deleteConflict("Cannot delete entity, must remove users from group first.")
	case len(g.inline) > 0:
		return nil, deleteConflict("Cannot delete entity, must delete policies first.")
	case len(g.attached) > 0:
		return nil, deleteConflict("Cannot delete entity, must detach all policies first.")
	}
	delete(c.account.groups, g.name)
	return nil, nil
}

func (c *call) addUserToGroup(in *iam.AddUserToGroupInput) (*iam.AddUserToGroupOutput, error) {
	g, err := c.group(in.GroupName)
	if err != nil {
		return nil, err
	}
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	if slices.Contains(u.groups, g) {
		return nil, nil
	}
	if len(u.groups) >= 10 {
		return nil, limitExceeded("Cannot exceed quota for GroupsPerUser: 10")
	}
	u.join(g)
	c.spread(&u.principal)
	return nil, nil
}

// join keeps both sides sorted by name.
func (u *user) join(g *group) {
	u.groups = append(slices.Clone(u.groups), g)
	slices.SortFunc(u.groups, func(a, b *group) int { return strings.Compare(a.name, b.name) })
	g.members = append(slices.Clone(g.members), u)
	slices.SortFunc(g.members, func(a, b *user) int { return strings.Compare(a.name, b.name) })
}

func (c *call) removeUserFromGroup(in *iam.RemoveUserFromGroupInput) (*iam.RemoveUserFromGroupOutput, error) {
	g, err := c.group(in.GroupName)
	if err != nil {
		return nil, err
	}
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(u.groups, g) {
		return nil, noSuchEntity("User %s not in group %s", u.name, g.name)
	}
	u.groups = slices.DeleteFunc(slices.Clone(u.groups), func(other *group) bool { return other == g })
	g.members = slices.DeleteFunc(slices.Clone(g.members), func(other *user) bool { return other == u })
	c.spread(&u.principal)
	return nil, nil
}
