package approve

import (
	"regexp"
	"strings"
)

// ssoRole is the name of a role that Identity Center made: the permission set's name and 16 hex digits. Identity Center
// sets the session name to the person's user name. The path that only AWS can use is not part of a session's ARN; where
// people of the account may make roles of any name, list people by SourceIdentity instead.
var ssoRole = regexp.MustCompile(`^AWSReservedSSO_.+_[0-9a-f]{16}$`)

// Prefixes of persons who are not named by an ARN.
const (
	identityCenter = "identity-center/"
	sourceIdentity = "source-identity/"
)

// Identify tells which person is behind a caller, from the ARN that sts:GetCallerIdentity gives and the source identity of
// the session ("" without). The person is the ARN of an IAM user, "identity-center/NAME" or "source-identity/NAME".
// False means that nobody in particular is: the root user is shared, and the names of other role sessions and of federated
// users are chosen by whoever calls.
func Identify(arn, source string) (string, bool) {
	p, ok := parsePrincipal(arn)
	switch {
	case !ok:
		return "", false
	case p.kind == "user":
		return arn, true
	case p.kind == "assumed-role" && ssoRole.MatchString(p.role):
		return identityCenter + p.name, true
	case p.kind == "assumed-role" && source != "":
		return sourceIdentity + source, true
	}
	return "", false
}

// principal is the parts of an ARN of IAM or STS.
type principal struct {
	account string
	kind    string // user, role, assumed-role, federated-user, root
	role    string // of a session
	name    string // of the user, role, session or federated user
}

// parsePrincipal reads the ARNs that sts:GetCallerIdentity can give; anything else is nobody.
func parsePrincipal(arn string) (principal, bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "iam" && parts[2] != "sts" || len(parts[4]) != 12 {
		return principal{}, false
	}
	segments := strings.Split(parts[5], "/")
	p := principal{account: parts[4], kind: segments[0], name: segments[len(segments)-1]}
	switch {
	case parts[2] == "iam" && parts[5] == "root":
		return p, true
	case len(segments) < 2 || p.name == "":
		return principal{}, false
	case parts[2] == "iam":
		return p, p.kind == "user" || p.kind == "role"
	case p.kind == "assumed-role" && len(segments) == 3:
		p.role = segments[1]
		return p, p.role != ""
	}
	return p, p.kind == "federated-user" && len(segments) == 2
}

// samePerson compares persons; IAM's and Identity Center's names do not differ by case alone.
func samePerson(a, b string) bool { return strings.EqualFold(a, b) }
