package sandbox

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

func registerBoundaries(r registry) {
	writes(r, "IAM.PutUserPermissionsBoundary",
		func(c *call, in *iam.PutUserPermissionsBoundaryInput) (*iam.PutUserPermissionsBoundaryOutput, error) {
			u, err := c.user(in.UserName)
			if err != nil {
				return nil, err
			}
			return nil, c.bound(&u.principal, aws.ToString(in.PermissionsBoundary))
		})
	writes(r, "IAM.PutRolePermissionsBoundary",
		func(c *call, in *iam.PutRolePermissionsBoundaryInput) (*iam.PutRolePermissionsBoundaryOutput, error) {
			role, err := c.role(in.RoleName)
			if err != nil {
				return nil, err
			}
			return nil, c.bound(&role.principal, aws.ToString(in.PermissionsBoundary))
		})
	writes(r, "IAM.DeleteUserPermissionsBoundary",
		func(c *call, in *iam.DeleteUserPermissionsBoundaryInput) (*iam.DeleteUserPermissionsBoundaryOutput, error) {
			u, err := c.user(in.UserName)
			if err != nil {
				return nil, err
			}
			return nil, c.unbound(&u.principal)
		})
	writes(r, "IAM.DeleteRolePermissionsBoundary",
		func(c *call, in *iam.DeleteRolePermissionsBoundaryInput) (*iam.DeleteRolePermissionsBoundaryOutput, error) {
			role, err := c.role(in.RoleName)
			if err != nil {
				return nil, err
			}
			return nil, c.unbound(&role.principal)
		})
}

// checkBoundary refuses what is no policy; an empty ARN means none.
func (a *account) checkBoundary(arn string) error {
	if arn != "" && a.policy(arn) == nil {
		return noSuchEntity("Scope ARN: %s does not exist or is not attachable.", arn)
	}
	return nil
}

func (c *call) bound(p *principal, arn string) error {
	if err := c.account.checkBoundary(arn); err != nil {
		return err
	}
	p.boundary = arn
	c.spread(p)
	return nil
}

func (c *call) unbound(p *principal) error {
	if p.boundary == "" {
		return noSuchEntity("The %s with name %s does not have a permissions boundary.", p.kind, p.name)
	}
	p.boundary = ""
	c.spread(p)
	return nil
}
