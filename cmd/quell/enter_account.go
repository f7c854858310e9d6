package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
)

// credentials gives configurations per region; what changes something goes through the responder role where one is
// configured, in a session that may do no more than the calls at hand.
type credentials struct {
	base    aws.Config
	role    string
	actions *action.Catalogue
}

func newCredentials(base aws.Config, role string, actions *action.Catalogue) credentials {
	return credentials{base: base, role: role, actions: actions}
}

// sessionTime is how long a narrowed session lasts; a step's calls need less.
const sessionTime = 15 * time.Minute

func (c credentials) config(_ context.Context, account, region string, calls []quell.Call) (aws.Config, error) {
	cfg := c.base.Copy()
	if region != "" {
		cfg.Region = region
	}
	if c.role == "" || calls == nil {
		return cfg, nil
	}
	policy, err := c.actions.Calls.SessionPolicy(account, calls)
	if err != nil {
		return cfg, err
	}
	role := strings.ReplaceAll(c.role, "{account}", account)
	provider := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(c.base), role, func(o *stscreds.AssumeRoleOptions) {
		o.Policy = &policy
		o.RoleSessionName = "quell"
		o.Duration = sessionTime
	})
	cfg.Credentials = aws.NewCredentialsCache(provider)
	return cfg, nil
}

// principalARN is what aws:PrincipalArn holds for a caller: for a role session, the role's ARN. The path of an ordinary
// role is not in the session's ARN; that of a role of Identity Center is known.
// Source: IAM user guide, AWS global condition context keys, aws:PrincipalArn.
func principalARN(caller string) string {
	parts := strings.SplitN(caller, ":", 6)
	if len(parts) != 6 || !strings.HasPrefix(parts[5], "assumed-role/") {
		return caller
	}
	role := strings.Split(parts[5], "/")[1]
	path := ""
	if strings.HasPrefix(role, "AWSReservedSSO_") {
		path = "aws-reserved/sso.amazonaws.com/*/"
	}
	return fmt.Sprintf("arn:%s:iam::%s:role/%s%s", parts[1], parts[4], path, role)
}
