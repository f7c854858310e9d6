package sandbox

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/quell-ir/quell/sandbox/policy"
)

// principal is what users, roles and groups have in common: a name, policies, tags.
type principal struct {
	kind     string // user, role, group
	id       string
	name     string
	path     string
	arn      string
	created  time.Time
	tags     []tag
	inline   []inlinePolicy // sorted by name
	attached []string       // ARNs of managed policies, sorted
	boundary string
	groups   []*group // of a user, sorted by name
	trust    string   // of a role, as written
	trustDoc *policy.Document
	deleted  bool

	enforced lagged[*permissions]
}

type tag struct{ key, value string }

type inlinePolicy struct {
	name, text string
	doc        *policy.Document
}

type user struct {
	principal
	keys    []*accessKey
	login   *login
	devices []*device
	ssh     []*sshKey
	certs   []*certificate
	service []*serviceCredential
}

type role struct {
	principal
	account     *account
	description string
	maxSession  int32
	usedAt      time.Time
	usedRegion  string
}

type group struct {
	principal
	members []*user // sorted by name
}

func (w *World) newPrincipal(a *account, kind, idPrefix, path, name string, now time.Time) principal {
	if path == "" {
		path = "/"
	}
	return principal{
		kind: kind, id: w.newID(idPrefix), name: name, path: path, created: now,
		arn: "arn:aws:iam::" + a.id + ":" + kind + path + name,
	}
}

// holds says whether a managed policy (as policy or boundary) or a group bears on the principal.
func (p *principal) holds(arn string) bool {
	if p.boundary == arn || slices.Contains(p.attached, arn) {
		return true
	}
	return slices.ContainsFunc(p.groups, func(g *group) bool { return g.arn == arn || slices.Contains(g.attached, arn) })
}

func (p *principal) findInline(name string) (int, bool) {
	return slices.BinarySearchFunc(p.inline, name, func(in inlinePolicy, n string) int { return strings.Compare(in.name, n) })
}

// nonSpace counts what counts against an inline quota: everything but white space.
func nonSpace(text string) int {
	n := 0
	for _, r := range text {
		if r != ' ' && r != '\n' && r != '\t' && r != '\r' {
			n++
		}
	}
	return n
}

func setTags(have []tag, add []iamtypes.Tag) []tag {
	merged := map[string]string{}
	for _, t := range have {
		merged[t.key] = t.value
	}
	for _, t := range add {
		merged[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	out := make([]tag, 0, len(merged))
	for _, key := range slices.Sorted(maps.Keys(merged)) {
		out = append(out, tag{key, merged[key]})
	}
	return out
}

func dropTags(have []tag, keys []string) []tag {
	return slices.DeleteFunc(slices.Clone(have), func(t tag) bool { return slices.Contains(keys, t.key) })
}

func showTags(have []tag) []iamtypes.Tag {
	if len(have) == 0 {
		return nil
	}
	out := make([]iamtypes.Tag, len(have))
	for i, t := range have {
		out[i] = iamtypes.Tag{Key: aws.String(t.key), Value: aws.String(t.value)}
	}
	return out
}

func tagKey(t iamtypes.Tag) string { return aws.ToString(t.Key) }

// values returns a map's values sorted by key, so that no listing shows the map's order.
func values[T any](m map[string]T) []T {
	out := make([]T, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[key])
	}
	return out
}

// user finds a user; an empty name means the caller, as in IAM's own operations.
func (c *call) user(name *string) (*user, error) {
	n := aws.ToString(name)
	if n == "" && c.caller.user != nil {
		n = c.caller.user.name
	}
	if n == "" {
		return nil, validation("Must specify userName when calling with non-User credentials")
	}
	if u := c.account.users[n]; u != nil {
		return u, nil
	}
	return nil, noSuchEntity("The user with name %s cannot be found.", n)
}

func (c *call) role(name *string) (*role, error) {
	if r := c.account.roles[aws.ToString(name)]; r != nil {
		return r, nil
	}
	return nil, noSuchEntity("The role with name %s cannot be found.", aws.ToString(name))
}

func (c *call) group(name *string) (*group, error) {
	if g := c.account.groups[aws.ToString(name)]; g != nil {
		return g, nil
	}
	return nil, noSuchEntity("The group with name %s cannot be found.", aws.ToString(name))
}

func showBoundary(arn string) *iamtypes.AttachedPermissionsBoundary {
	if arn == "" {
		return nil
	}
	return &iamtypes.AttachedPermissionsBoundary{
		PermissionsBoundaryArn: aws.String(arn), PermissionsBoundaryType: iamtypes.PermissionsBoundaryAttachmentTypePolicy,
	}
}
