package sandbox

import "reflect"

// targetFinder derives an operation's target from the members of its input. Names of members mean the same in all of a
// service's operations, so one derivation serves nearly all of them; the few exceptions register their own.
func targetFinder(service string, in reflect.Type) func(*call, any) target {
	switch service {
	case "IAM":
		return iamTarget(in)
	case "STS":
		return func(*call, any) target { return target{arn: "*"} }
	case "S3":
		return s3Target(in)
	case "Secrets Manager":
		id := fieldOf(in, "SecretId")
		return func(c *call, given any) target {
			name := id.of(given)
			if name == "" {
				return target{arn: "*"}
			}
			if s := c.account.findSecret(name, c.region); s != nil {
				return target{arn: s.arn, kind: "AWS::SecretsManager::Secret", name: s.arn}
			}
			return target{arn: secretARN(c.region, c.account.id, name) + "-??????", kind: "AWS::SecretsManager::Secret", name: name}
		}
	case "CloudTrail":
		return trailTarget(in)
	}
	return func(*call, any) target { return target{arn: "*"} }
}

func iamTarget(in reflect.Type) func(*call, any) target {
	groupName, roleName := fieldOf(in, "GroupName"), fieldOf(in, "RoleName")
	userName, policyARN := fieldOf(in, "UserName"), fieldOf(in, "PolicyArn")
	boundary := fieldOf(in, "PermissionsBoundary")
	path := fieldOf(in, "Path")
	return func(c *call, given any) target {
		t := target{arn: "*"}
		switch {
		case groupName >= 0:
			t.kind, t.name = "AWS::IAM::Group", groupName.of(given)
			t.arn = c.account.principalARN("group", path.of(given), t.name)
		case roleName >= 0:
			t.kind, t.name = "AWS::IAM::Role", roleName.of(given)
			t.arn = c.account.principalARN("role", path.of(given), t.name)
		case userName >= 0:
			t.kind, t.name = "AWS::IAM::User", userName.of(given)
			if t.name == "" && c.caller.user != nil {
				t.name = c.caller.user.name
			}
			t.arn = c.account.principalARN("user", path.of(given), t.name)
		case policyARN >= 0:
			t.kind, t.arn = "AWS::IAM::Policy", policyARN.of(given)
			t.name = t.arn
		}
		if v := policyARN.of(given); v != "" {
			t.extra = map[string][]string{"iam:policyarn": {v}}
		}
		if v := boundary.of(given); v != "" {
			t.extra = map[string][]string{"iam:permissionsboundary": {v}}
		}
		return t
	}
}

// principalARN is the ARN of an existing principal, with its path, or the one it would have.
func (a *account) principalARN(kind, path, name string) string {
	switch {
	case name == "":
		return "*"
	case kind == "user" && a.users[name] != nil:
		return a.users[name].arn
	case kind == "role" && a.roles[name] != nil:
		return a.roles[name].arn
	case kind == "group" && a.groups[name] != nil:
		return a.groups[name].arn
	case path == "":
		path = "/"
	}
	return "arn:aws:iam::" + a.id + ":" + kind + path + name
}

// actionPrefix is the service's name in IAM actions and, with .amazonaws.com, in CloudTrail.
func actionPrefix(service string) string {
	switch service {
	case "IAM":
		return "iam"
	case "STS":
		return "sts"
	case "S3":
		return "s3"
	case "Secrets Manager":
		return "secretsmanager"
	case "CloudTrail":
		return "cloudtrail"
	case "EC2":
		return "ec2"
	}
	return service
}
