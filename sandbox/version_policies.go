package sandbox

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/quell-ir/quell/sandbox/policy"
)

// managed is a managed policy; those of AWS have an empty account and belong to no World.
type managed struct {
	id, name, path, arn, description string
	created, updated                 time.Time
	versions                         []policyVersion // oldest first
	current                          int             // number of the default version
	next                             int
	tags                             []tag
}

type policyVersion struct {
	number  int
	text    string
	doc     *policy.Document
	created time.Time
}

const mostVersions = 5

func registerManaged(r registry) {
	writes(r, "IAM.CreatePolicy", (*call).createPolicy, at(func(c *call, in *iam.CreatePolicyInput) target {
		arn := c.account.policyARN(aws.ToString(in.Path), aws.ToString(in.PolicyName))
		return target{arn: arn, kind: "AWS::IAM::Policy", name: arn}
	}))
	reads(r, "IAM.GetPolicy", (*call).getPolicy)
	reads(r, "IAM.ListPolicies", (*call).listPolicies)
	writes(r, "IAM.DeletePolicy", (*call).deletePolicy)
	writes(r, "IAM.CreatePolicyVersion", (*call).createPolicyVersion)
	reads(r, "IAM.GetPolicyVersion", (*call).getPolicyVersion)
	reads(r, "IAM.ListPolicyVersions", (*call).listPolicyVersions)
	writes(r, "IAM.DeletePolicyVersion", (*call).deletePolicyVersion)
	writes(r, "IAM.SetDefaultPolicyVersion", (*call).setDefaultPolicyVersion)
	writes(r, "IAM.TagPolicy", func(c *call, in *iam.TagPolicyInput) (*iam.TagPolicyOutput, error) {
		m, err := c.ownPolicy(in.PolicyArn)
		if err == nil {
			m.tags = setTags(m.tags, in.Tags)
		}
		return nil, err
	})
	reads(r, "IAM.ListPolicyTags", func(c *call, in *iam.ListPolicyTagsInput) (*iam.ListPolicyTagsOutput, error) {
		m, err := c.policy(in.PolicyArn)
		if err != nil {
			return nil, err
		}
		tags, next, err := iamPage(showTags(m.tags), tagKey, in.Marker, in.MaxItems)
		return &iam.ListPolicyTagsOutput{Tags: tags, Marker: next, IsTruncated: next != nil}, err
	})
}

func (a *account) policyARN(path, name string) string {
	if path == "" {
		path = "/"
	}
	return "arn:aws:iam::" + a.id + ":policy" + path + name
}

func (m *managed) version(number int) *policyVersion {
	for i := range m.versions {
		if m.versions[i].number == number {
			return &m.versions[i]
		}
	}
	return nil
}

// policy finds a managed policy of the account or of AWS.
func (a *account) policy(arn string) *managed {
	if m := a.policies[arn]; m != nil {
		return m
	}
	return awsPolicies()[arn]
}

// document is the default version's, nil where there is no such policy.
func (a *account) document(arn string) *policy.Document {
	if m := a.policy(arn); m != nil {
		return m.version(m.current).doc
	}
	return nil
}

func (c *call) policy(arn *string) (*managed, error) {
	if m := c.account.policy(aws.ToString(arn)); m != nil {
		return m, nil
	}
	return nil, noSuchEntity("Policy %s was not found.", aws.ToString(arn))
}

// ownPolicy finds a policy that may be changed.
func (c *call) ownPolicy(arn *string) (*managed, error) {
	if awsPolicies()[aws.ToString(arn)] != nil {
		return nil, apiError("AccessDenied", "Policy %s is managed by AWS and cannot be changed.", aws.ToString(arn))
	}
	return c.policy(arn)
}

func (c *call) showPolicy(m *managed) *iamtypes.Policy {
	attached, bounded := 0, 0
	for _, p := range c.account.principals() {
		if slices.Contains(p.attached, m.arn) {
			attached++
		}
		if p.boundary == m.arn {
			bounded++
		}
	}
	return &iamtypes.Policy{
		Arn: aws.String(m.arn), PolicyId: aws.String(m.id), PolicyName: aws.String(m.name), Path: aws.String(m.path),
		DefaultVersionId: aws.String(versionID(m.current)), IsAttachable: true, Tags: showTags(m.tags),
		CreateDate: aws.Time(m.created), UpdateDate: aws.Time(m.updated), Description: emptyNil(m.description),
		AttachmentCount: aws.Int32(int32(attached)), PermissionsBoundaryUsageCount: aws.Int32(int32(bounded)),
	}
}

// principals returns users, roles and groups, each kind by name.
func (a *account) principals() []*principal {
	var out []*principal
	for _, u := range values(a.users) {
		out = append(out, &u.principal)
	}
	for _, r := range values(a.roles) {
		out = append(out, &r.principal)
	}
	for _, g := range values(a.groups) {
		out = append(out, &g.principal)
	}
	return out
}

func emptyNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func versionID(n int) string { return "v" + strconv.Itoa(n) }

func (m *managed) findVersion(id *string) (*policyVersion, error) {
	n, err := strconv.Atoi(strings.TrimPrefix(aws.ToString(id), "v"))
	if err == nil {
		if v := m.version(n); v != nil {
			return v, nil
		}
	}
	return nil, noSuchEntity("Policy %s version %s does not exist or is not attachable.", m.arn, aws.ToString(id))
}

func (m *managed) showVersion(v *policyVersion, whole bool) iamtypes.PolicyVersion {
	out := iamtypes.PolicyVersion{
		VersionId: aws.String(versionID(v.number)), IsDefaultVersion: v.number == m.current, CreateDate: aws.Time(v.created),
	}
	if whole {
		out.Document = aws.String(encodeDocument(v.text))
	}
	return out
}

func (c *call) createPolicy(in *iam.CreatePolicyInput) (*iam.CreatePolicyOutput, error) {
	name := aws.ToString(in.PolicyName)
	arn := c.account.policyARN(aws.ToString(in.Path), name)
	for _, m := range c.account.policies {
		if strings.EqualFold(m.name, name) {
			return nil, alreadyExists("A policy called %s already exists. Duplicate names are not allowed.", name)
		}
	}
	m := &managed{
		id: c.w.newID("ANPA"), name: name, path: aws.ToString(in.Path), arn: arn, description: aws.ToString(in.Description),
		created: c.now, tags: setTags(nil, in.Tags), next: 1,
	}
	if m.path == "" {
		m.path = "/"
	}
	if err := m.add(in.PolicyDocument, true, c.now); err != nil {
		return nil, err
	}
	c.account.policies[arn] = m
	return &iam.CreatePolicyOutput{Policy: c.showPolicy(m)}, nil
}

func (m *managed) add(text *string, makeDefault bool, now time.Time) error {
	doc, err := parseIdentity(aws.ToString(text), m.name, "managed")
	if err != nil {
		return err
	}
	if size := nonSpace(*text); size > 6144 {
		return limitExceeded("Cannot exceed quota for PolicySize: 6144")
	}
	if len(m.versions) >= mostVersions {
		return limitExceeded("A managed policy can have up to %d versions. Before you create a new version, you must delete an "+
			"existing version.", mostVersions)
	}
	m.versions = append(m.versions, policyVersion{m.next, *text, doc, now})
	if makeDefault {
		m.current = m.next
	}
	m.next++
	m.updated = now
	return nil
}

func (c *call) getPolicy(in *iam.GetPolicyInput) (*iam.GetPolicyOutput, error) {
	m, err := c.policy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	return &iam.GetPolicyOutput{Policy: c.showPolicy(m)}, nil
}

func (c *call) listPolicies(in *iam.ListPoliciesInput) (*iam.ListPoliciesOutput, error) {
	var all []*managed
	if in.Scope != iamtypes.PolicyScopeTypeAws {
		all = append(all, values(c.account.policies)...)
	}
	if in.Scope != iamtypes.PolicyScopeTypeLocal {
		all = append(all, values(awsPolicies())...)
	}
	var shown []iamtypes.Policy
	for _, m := range all {
		one := c.showPolicy(m)
		if (in.OnlyAttached && *one.AttachmentCount == 0) || !strings.HasPrefix(m.path, aws.ToString(in.PathPrefix)) {
			continue
		}
		one.Tags, one.Description = nil, nil
		shown = append(shown, *one)
	}
	shown, next, err := iamPage(shown, func(p iamtypes.Policy) string { return *p.Arn }, in.Marker, in.MaxItems)
	return &iam.ListPoliciesOutput{Policies: shown, Marker: next, IsTruncated: next != nil}, err
}

func (c *call) deletePolicy(in *iam.DeletePolicyInput) (*iam.DeletePolicyOutput, error) {
	m, err := c.ownPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	shown := c.showPolicy(m)
	if *shown.AttachmentCount+*shown.PermissionsBoundaryUsageCount > 0 {
		return nil, deleteConflict("Cannot delete a policy attached to entities.")
	}
	if len(m.versions) > 1 {
		return nil, deleteConflict("This policy has more than one version. Before you delete a policy, you must delete the " +
			"policy's versions. The default version is deleted with the policy.")
	}
	delete(c.account.policies, m.arn)
	return nil, nil
}

func (c *call) createPolicyVersion(in *iam.CreatePolicyVersionInput) (*iam.CreatePolicyVersionOutput, error) {
	m, err := c.ownPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	if err := m.add(in.PolicyDocument, in.SetAsDefault, c.now); err != nil {
		return nil, err
	}
	if in.SetAsDefault {
		c.account.spreadFrom(m.arn, c.effective())
	}
	shown := m.showVersion(&m.versions[len(m.versions)-1], false)
	return &iam.CreatePolicyVersionOutput{PolicyVersion: &shown}, nil
}

func (c *call) getPolicyVersion(in *iam.GetPolicyVersionInput) (*iam.GetPolicyVersionOutput, error) {
	m, err := c.policy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	v, err := m.findVersion(in.VersionId)
	if err != nil {
		return nil, err
	}
	shown := m.showVersion(v, true)
	return &iam.GetPolicyVersionOutput{PolicyVersion: &shown}, nil
}

func (c *call) listPolicyVersions(in *iam.ListPolicyVersionsInput) (*iam.ListPolicyVersionsOutput, error) {
	m, err := c.policy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	var all []iamtypes.PolicyVersion
	for i := range m.versions {
		all = append(all, m.showVersion(&m.versions[i], false))
	}
	all, next, err := iamPage(all, func(v iamtypes.PolicyVersion) string { return *v.VersionId }, in.Marker, in.MaxItems)
	return &iam.ListPolicyVersionsOutput{Versions: all, Marker: next, IsTruncated: next != nil}, err
}

func (c *call) deletePolicyVersion(in *iam.DeletePolicyVersionInput) (*iam.DeletePolicyVersionOutput, error) {
	m, err := c.ownPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	v, err := m.findVersion(in.VersionId)
	if err != nil {
		return nil, err
	}
	if v.number == m.current {
		return nil, deleteConflict("Cannot delete the default version of a policy.")
	}
	m.versions = slices.DeleteFunc(m.versions, func(other policyVersion) bool { return other.number == v.number })
	return nil, nil
}

func (c *call) setDefaultPolicyVersion(in *iam.SetDefaultPolicyVersionInput) (*iam.SetDefaultPolicyVersionOutput, error) {
	m, err := c.ownPolicy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	v, err := m.findVersion(in.VersionId)
	if err != nil {
		return nil, err
	}
	m.current, m.updated = v.number, c.now
	c.account.spreadFrom(m.arn, c.effective())
	return nil, nil
}
