package sandbox

import (
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func registerServiceCredentials(r registry) {
	writes(r, "IAM.CreateServiceSpecificCredential", (*call).createServiceCredential,
		recorded(func(out *iam.CreateServiceSpecificCredentialOutput) any {
			shown := *out.ServiceSpecificCredential
			shown.ServicePassword = nil
			return map[string]any{"serviceSpecificCredential": shape(shown, nil)}
		}))
	reads(r, "IAM.ListServiceSpecificCredentials", (*call).listServiceCredentials)
	writes(r, "IAM.UpdateServiceSpecificCredential", (*call).updateServiceCredential)
	writes(r, "IAM.DeleteServiceSpecificCredential", (*call).deleteServiceCredential)
}

func serviceCredentialID(k *serviceCredential) string { return k.id }

func (c *call) createServiceCredential(in *iam.CreateServiceSpecificCredentialInput) (
	*iam.CreateServiceSpecificCredentialOutput, error,
) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	same := 0
	for _, k := range u.service {
		if k.service == aws.ToString(in.ServiceName) {
			same++
		}
	}
	if same >= 2 {
		return nil, limitExceeded("Cannot exceed quota for ServiceSpecificCredentialsPerUser: 2")
	}
	k := &serviceCredential{
		id: c.w.newID("ACCA"), name: fmt.Sprintf("%s-at-%s", u.name, c.account.id), service: aws.ToString(in.ServiceName),
		status: iamtypes.StatusTypeActive, created: c.now,
	}
	if same > 0 {
		k.name = fmt.Sprintf("%s+%d-at-%s", u.name, same, c.account.id)
	}
	u.service = append(u.service, k)
	return &iam.CreateServiceSpecificCredentialOutput{ServiceSpecificCredential: &iamtypes.ServiceSpecificCredential{
		ServiceSpecificCredentialId: aws.String(k.id), ServiceName: aws.String(k.service), ServiceUserName: aws.String(k.name),
		ServicePassword: aws.String(c.w.newSecret()), Status: k.status, UserName: aws.String(u.name), CreateDate: aws.Time(k.created),
	}}, nil
}

// listServiceCredentials lists the caller's own user's where none is named; filtered by service where one is.
func (c *call) listServiceCredentials(in *iam.ListServiceSpecificCredentialsInput) (
	*iam.ListServiceSpecificCredentialsOutput, error,
) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(slices.Clone(u.service), func(k *serviceCredential) bool {
		return in.ServiceName != nil && k.service != *in.ServiceName
	})
	shown, next, err := iamPage(all, serviceCredentialID, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListServiceSpecificCredentialsOutput{
		Marker: next, IsTruncated: next != nil, ServiceSpecificCredentials: []iamtypes.ServiceSpecificCredentialMetadata{},
	}
	for _, k := range shown {
		out.ServiceSpecificCredentials = append(out.ServiceSpecificCredentials, iamtypes.ServiceSpecificCredentialMetadata{
			ServiceSpecificCredentialId: aws.String(k.id), ServiceName: aws.String(k.service), ServiceUserName: aws.String(k.name),
			Status: k.status, UserName: aws.String(u.name), CreateDate: aws.Time(k.created),
		})
	}
	return out, nil
}

func (c *call) updateServiceCredential(in *iam.UpdateServiceSpecificCredentialInput) (
	*iam.UpdateServiceSpecificCredentialOutput, error,
) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	k, err := pick(u.service, serviceCredentialID, in.ServiceSpecificCredentialId, "service specific credential")
	if err != nil {
		return nil, err
	}
	k.status = in.Status
	return nil, nil
}

func (c *call) deleteServiceCredential(in *iam.DeleteServiceSpecificCredentialInput) (
	*iam.DeleteServiceSpecificCredentialOutput, error,
) {
	u, err := c.user(in.UserName)
	if err != nil {
		return nil, err
	}
	k, err := pick(u.service, serviceCredentialID, in.ServiceSpecificCredentialId, "service specific credential")
	if err != nil {
		return nil, err
	}
	u.service = slices.DeleteFunc(slices.Clone(u.service), func(other *serviceCredential) bool { return other == k })
	return nil, nil
}
