package sandbox

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// mostKeys is the quota of access keys per user.
const mostKeys = 2

func registerKeys(r registry) {
	writes(r, "IAM.CreateAccessKey", (*call).createAccessKey, recorded(func(out *iam.CreateAccessKeyOutput) any {
		k := *out.AccessKey
		k.SecretAccessKey = nil
		return map[string]any{"accessKey": shape(k, nil)}
	}))
	reads(r, "IAM.ListAccessKeys", (*call).listAccessKeys)
	writes(r, "IAM.UpdateAccessKey", (*call).updateAccessKey)
	writes(r, "IAM.DeleteAccessKey", (*call).deleteAccessKey)
	reads(r, "IAM.GetAccessKeyLastUsed", (*call).getAccessKeyLastUsed,
		at(func(c *call, in *iam.GetAccessKeyLastUsedInput) target {
			if k := c.w.keys[aws.ToString(in.AccessKeyId)]; k != nil {
				return target{arn: k.owner.arn, kind: "AWS::IAM::AccessKey", name: k.id}
			}
			return target{arn: "*", kind: "AWS::IAM::AccessKey", name: aws.ToString(in.AccessKeyId)}
		}))
}

// addKey gives the user a key that is enforced from the given time on.
func (w *World) addKey(a *account, u *user, c *call) *accessKey {
	k := &accessKey{
		id: w.newKeyID("AKIA", a.id), secret: w.newSecret(), owner: u, account: a, status: keyActive, created: w.opt.Start,
	}
	if c != nil {
		k.created = c.now
		k.enforced.write(c.effective(), keyActive)
	} else {
		k.created = w.clock.Now()
		k.enforced.write(k.created, keyActive)
	}
	u.keys = append(u.keys, k)
	w.keys[k.id] = k
	return k
}

func (c *call) createAccessKey(in *iam.CreateAccessKeyInput) (*iam.CreateAccessKeyOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	if len(u.keys) >= mostKeys {
		return nil, limitExceeded("Cannot exceed quota for AccessKeysPerUser: %d", mostKeys)
	}
	k := c.w.addKey(c.account, u, c)
	c.issued = k.id
	return &iam.CreateAccessKeyOutput{AccessKey: &iamtypes.AccessKey{
		AccessKeyId: aws.String(k.id), SecretAccessKey: aws.String(k.secret), Status: iamtypes.StatusTypeActive,
		UserName: aws.String(u.name), CreateDate: aws.Time(k.created),
	}}, nil
}

func (c *call) listAccessKeys(in *iam.ListAccessKeysInput) (*iam.ListAccessKeysOutput, error) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	keys, next, err := iamPage(slices.Clone(u.keys), func(k *accessKey) string { return k.id }, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListAccessKeysOutput{Marker: next, IsTruncated: next != nil, AccessKeyMetadata: []iamtypes.AccessKeyMetadata{}}
	for _, k := range keys {
		out.AccessKeyMetadata = append(out.AccessKeyMetadata, iamtypes.AccessKeyMetadata{
			AccessKeyId: aws.String(k.id), Status: iamtypes.StatusType(k.status), UserName: aws.String(u.name),
			CreateDate: aws.Time(k.created),
		})
	}
	return out, nil
}

func (c *call) key(userName, id *string) (*accessKey, error) {
	u, err := c.user(userName)
	if err != nil {
		return nil, err
	}
	for _, k := range u.keys {
		if k.id == aws.ToString(id) {
			return k, nil
		}
	}
	return nil, noSuchEntity("The Access Key with id %s cannot be found.", aws.ToString(id))
}

func (c *call) updateAccessKey(in *iam.UpdateAccessKeyInput) (*iam.UpdateAccessKeyOutput, error) {
	k, err := c.key(in.UserName, in.AccessKeyId)
	if err != nil {
		return nil, err
	}
	if in.Status != iamtypes.StatusTypeActive && in.Status != iamtypes.StatusTypeInactive {
		return nil, validation("1 validation error detected: Value '%s' at 'status' failed to satisfy constraint", in.Status)
	}
	k.status = keyState(in.Status)
	k.enforced.write(c.effective(), k.status)
	return nil, nil
}

func (c *call) deleteAccessKey(in *iam.DeleteAccessKeyInput) (*iam.DeleteAccessKeyOutput, error) {
	k, err := c.key(in.UserName, in.AccessKeyId)
	if err != nil {
		return nil, err
	}
	k.status = keyDeleted
	k.enforced.write(c.effective(), keyDeleted)
	k.owner.keys = slices.DeleteFunc(k.owner.keys, func(other *accessKey) bool { return other == k })
	return nil, nil
}

func (c *call) getAccessKeyLastUsed(in *iam.GetAccessKeyLastUsedInput) (*iam.GetAccessKeyLastUsedOutput, error) {
	k := c.w.keys[aws.ToString(in.AccessKeyId)]
	if k == nil || k.account != c.account || k.status == keyDeleted {
		// AWS refuses rather than admit that a key does not exist.
		return nil, apiError("AccessDenied", "User is not authorized to perform: iam:GetAccessKeyLastUsed on resource: access key %s",
			aws.ToString(in.AccessKeyId))
	}
	used := &iamtypes.AccessKeyLastUsed{ServiceName: aws.String("N/A"), Region: aws.String("N/A")}
	if !k.usedAt.IsZero() {
		used = &iamtypes.AccessKeyLastUsed{
			LastUsedDate: aws.Time(k.usedAt), ServiceName: aws.String(k.usedService), Region: aws.String(k.usedRegion),
		}
	}
	return &iam.GetAccessKeyLastUsedOutput{UserName: aws.String(k.owner.name), AccessKeyLastUsed: used}, nil
}
