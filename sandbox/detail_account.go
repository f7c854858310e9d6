package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func registerAccount(r registry) {
	reads(r, "IAM.ListAccountAliases", func(*call, *iam.ListAccountAliasesInput) (*iam.ListAccountAliasesOutput, error) {
		return &iam.ListAccountAliasesOutput{AccountAliases: []string{"simulated-account"}}, nil
	})
	reads(r, "IAM.ListOpenIDConnectProviders",
		func(*call, *iam.ListOpenIDConnectProvidersInput) (*iam.ListOpenIDConnectProvidersOutput, error) {
			return &iam.ListOpenIDConnectProvidersOutput{OpenIDConnectProviderList: []iamtypes.OpenIDConnectProviderListEntry{}}, nil
		})
	reads(r, "IAM.ListSAMLProviders", func(*call, *iam.ListSAMLProvidersInput) (*iam.ListSAMLProvidersOutput, error) {
		return &iam.ListSAMLProvidersOutput{SAMLProviderList: []iamtypes.SAMLProviderListEntry{}}, nil
	})
	reads(r, "IAM.GetAccountSummary", (*call).summary)
	reads(r, "IAM.GetAccountAuthorizationDetails", (*call).details)
	reads(r, "IAM.GenerateCredentialReport",
		func(c *call, _ *iam.GenerateCredentialReportInput) (*iam.GenerateCredentialReportOutput, error) {
			c.account.reported = c.now
			return &iam.GenerateCredentialReportOutput{State: iamtypes.ReportStateTypeComplete}, nil
		})
	reads(r, "IAM.GetCredentialReport", (*call).credentialReport)
}

func (c *call) summary(*iam.GetAccountSummaryInput) (*iam.GetAccountSummaryOutput, error) {
	a, inUse := c.account, int32(0)
	for _, d := range a.devices {
		if d.owner != nil {
			inUse++
		}
	}
	return &iam.GetAccountSummaryOutput{SummaryMap: map[string]int32{
		"Users": int32(len(a.users)), "Roles": int32(len(a.roles)), "Groups": int32(len(a.groups)),
		"Policies": int32(len(a.policies)), "MFADevices": int32(len(a.devices)), "MFADevicesInUse": inUse,
		"AccountMFAEnabled": 1, "AccountAccessKeysPresent": 0, "AccessKeysPerUserQuota": mostKeys,
		"AttachedPoliciesPerUserQuota": mostAttached, "AttachedPoliciesPerRoleQuota": mostAttached,
		"UserPolicySizeQuota": int32(inlineQuota("user")), "RolePolicySizeQuota": int32(inlineQuota("role")),
		"GroupPolicySizeQuota": int32(inlineQuota("group")), "PolicySizeQuota": 6144, "VersionsPerPolicyQuota": mostVersions,
	}}, nil
}

// detail is one entry of the account's authorisation details, of any kind.
type detail struct {
	key  string
	fill func(*iam.GetAccountAuthorizationDetailsOutput)
}

func (c *call) details(in *iam.GetAccountAuthorizationDetailsInput) (*iam.GetAccountAuthorizationDetailsOutput, error) {
	wanted := func(t iamtypes.EntityType) bool { return len(in.Filter) == 0 || slices.Contains(in.Filter, t) }
	var all []detail
	if wanted(iamtypes.EntityTypeUser) {
		for _, u := range values(c.account.users) {
			all = append(all, detail{"user/" + u.name, func(o *iam.GetAccountAuthorizationDetailsOutput) {
				o.UserDetailList = append(o.UserDetailList, c.userDetail(u))
			}})
		}
	}
	if wanted(iamtypes.EntityTypeRole) {
		for _, r := range values(c.account.roles) {
			all = append(all, detail{"role/" + r.name, func(o *iam.GetAccountAuthorizationDetailsOutput) {
				o.RoleDetailList = append(o.RoleDetailList, c.roleDetail(r))
			}})
		}
	}
	if wanted(iamtypes.EntityTypeGroup) {
		for _, g := range values(c.account.groups) {
			all = append(all, detail{"group/" + g.name, func(o *iam.GetAccountAuthorizationDetailsOutput) {
				o.GroupDetailList = append(o.GroupDetailList, c.groupDetail(g))
			}})
		}
	}
	for _, m := range append(values(c.account.policies), values(awsPolicies())...) {
		local := strings.Contains(m.arn, ":"+c.account.id+":")
		used := aws.ToInt32(c.showPolicy(m).AttachmentCount) > 0
		if (local && wanted(iamtypes.EntityTypeLocalManagedPolicy)) || (!local && used && wanted(iamtypes.EntityTypeAWSManagedPolicy)) {
			all = append(all, detail{"policy/" + m.arn, func(o *iam.GetAccountAuthorizationDetailsOutput) {
				o.Policies = append(o.Policies, c.policyDetail(m))
			}})
		}
	}
	shown, next, err := iamPage(all, func(d detail) string { return d.key }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.GetAccountAuthorizationDetailsOutput{Marker: next, IsTruncated: next != nil}
	for _, d := range shown {
		d.fill(out)
	}
	return out, nil
}

func (c *call) heldBy(p *principal) (inline []iamtypes.PolicyDetail, attached []iamtypes.AttachedPolicy) {
	for _, in := range p.inline {
		inline = append(inline, iamtypes.PolicyDetail{PolicyName: aws.String(in.name), PolicyDocument: aws.String(encodeDocument(in.text))})
	}
	for _, arn := range p.attached {
		attached = append(attached, iamtypes.AttachedPolicy{PolicyArn: aws.String(arn), PolicyName: aws.String(c.account.policy(arn).name)})
	}
	return inline, attached
}

func (c *call) userDetail(u *user) iamtypes.UserDetail {
	inline, attached := c.heldBy(&u.principal)
	d := iamtypes.UserDetail{
		Arn: aws.String(u.arn), UserId: aws.String(u.id), UserName: aws.String(u.name), Path: aws.String(u.path),
		CreateDate: aws.Time(u.created), Tags: showTags(u.tags), PermissionsBoundary: showBoundary(u.boundary),
		UserPolicyList: inline, AttachedManagedPolicies: attached,
	}
	for _, g := range u.groups {
		d.GroupList = append(d.GroupList, g.name)
	}
	return d
}

func (c *call) roleDetail(r *role) iamtypes.RoleDetail {
	inline, attached := c.heldBy(&r.principal)
	shown := r.show()
	return iamtypes.RoleDetail{
		Arn: shown.Arn, RoleId: shown.RoleId, RoleName: shown.RoleName, Path: shown.Path, CreateDate: shown.CreateDate,
		AssumeRolePolicyDocument: shown.AssumeRolePolicyDocument, Tags: shown.Tags, PermissionsBoundary: shown.PermissionsBoundary,
		RoleLastUsed: shown.RoleLastUsed, RolePolicyList: inline, AttachedManagedPolicies: attached,
	}
}

func (c *call) groupDetail(g *group) iamtypes.GroupDetail {
	inline, attached := c.heldBy(&g.principal)
	return iamtypes.GroupDetail{
		Arn: aws.String(g.arn), GroupId: aws.String(g.id), GroupName: aws.String(g.name), Path: aws.String(g.path),
		CreateDate: aws.Time(g.created), GroupPolicyList: inline, AttachedManagedPolicies: attached,
	}
}

func (c *call) policyDetail(m *managed) iamtypes.ManagedPolicyDetail {
	p := c.showPolicy(m)
	d := iamtypes.ManagedPolicyDetail{
		Arn: p.Arn, PolicyId: p.PolicyId, PolicyName: p.PolicyName, Path: p.Path, DefaultVersionId: p.DefaultVersionId,
		AttachmentCount: p.AttachmentCount, PermissionsBoundaryUsageCount: p.PermissionsBoundaryUsageCount,
		IsAttachable: true, CreateDate: p.CreateDate, UpdateDate: p.UpdateDate,
	}
	for i := range m.versions {
		d.PolicyVersionList = append(d.PolicyVersionList, m.showVersion(&m.versions[i], true))
	}
	return d
}

// credentialReport holds the columns people read, in AWS's order and with its words for what is not there.
func (c *call) credentialReport(*iam.GetCredentialReportInput) (*iam.GetCredentialReportOutput, error) {
	if c.account.reported.IsZero() {
		return nil, &iamtypes.CredentialReportNotPresentException{Message: aws.String("No report has been generated.")}
	}
	var b strings.Builder
	b.WriteString("user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed," +
		"password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date," +
		"access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated," +
		"access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service," +
		"cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated\n")
	when := func(t time.Time) string {
		if t.IsZero() {
			return "N/A"
		}
		return t.UTC().Format("2006-01-02T15:04:05+00:00")
	}
	for _, u := range values(c.account.users) {
		password, changed := "false", "N/A"
		if u.login != nil {
			password, changed = "true", when(u.login.created)
		}
		fmt.Fprintf(&b, "%s,%s,%s,%s,no_information,%s,N/A,%t", u.name, u.arn, when(u.created), password, changed, len(u.devices) > 0)
		for i := range mostKeys {
			if i >= len(u.keys) {
				b.WriteString(",false,N/A,N/A,N/A,N/A")
				continue
			}
			k := u.keys[i]
			where, service := k.usedRegion, k.usedService
			if k.usedAt.IsZero() {
				where, service = "N/A", "N/A"
			}
			fmt.Fprintf(&b, ",%t,%s,%s,%s,%s", k.status == keyActive, when(k.created), when(k.usedAt), where, service)
		}
		for i := range 2 {
			if i >= len(u.certs) {
				b.WriteString(",false,N/A")
				continue
			}
			fmt.Fprintf(&b, ",%t,%s", u.certs[i].status == iamtypes.StatusTypeActive, when(u.certs[i].uploaded))
		}
		b.WriteByte('\n')
	}
	return &iam.GetCredentialReportOutput{
		Content: []byte(b.String()), GeneratedTime: aws.Time(c.account.reported), ReportFormat: iamtypes.ReportFormatTypeTextCsv,
	}, nil
}
