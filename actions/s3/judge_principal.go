package s3

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/quell-ir/quell"
)

// principalARN is what may stand in an exception: one user, role, session or account root. Anything that could turn into
// a wildcard or a policy variable is refused, for it would let in more than was approved.
var principalARN = regexp.MustCompile(`^arn:[a-z-]+:(iam|sts)::[0-9]{12}:(root|(user|role|assumed-role|federated-user)/[\w+=,.@/-]+)$`)

// patternsOf says how a principal shows in aws:PrincipalArn. A role's session shows as the role, and the ARN of a session
// does not tell the role's path. Role names are unique in an account whatever their path, so that a pattern for any path
// names one role. Source: IAM user guide, global condition keys, aws:PrincipalArn; IAM and AWS STS quotas.
func patternsOf(arn string) ([]string, error) {
	if !principalARN.MatchString(arn) {
		return nil, fmt.Errorf("%q is not the ARN of one user, role, session or account root", quell.Clean(arn))
	}
	parts := strings.SplitN(arn, ":", 6)
	resource := strings.Split(parts[5], "/")
	if resource[0] != "assumed-role" {
		return []string{arn}, nil
	}
	if len(resource) != 3 {
		return nil, fmt.Errorf("%q is not the ARN of a role session", quell.Clean(arn))
	}
	role := "arn:" + parts[1] + ":iam::" + parts[4] + ":role/"
	return []string{role + resource[1], role + "*/" + resource[1]}, nil
}

// shownAs are the values aws:PrincipalArn may have in requests of a principal, for asking the statement about it.
func shownAs(arn string) []string {
	patterns, err := patternsOf(arn)
	if err != nil {
		return []string{arn}
	}
	out := make([]string, 0, len(patterns))
	for _, p := range patterns {
		out = append(out, strings.Replace(p, "*", "any/path", 1))
	}
	return out
}

// exceptions are the patterns that the statement spares: the responders' and what the parameters allow, sorted.
func exceptions(responders, allow []string) ([]string, error) {
	var out []string
	for _, arn := range append(slices.Clone(responders), allow...) {
		patterns, err := patternsOf(arn)
		if err != nil {
			return nil, err
		}
		out = append(out, patterns...)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// denies asks a statement of ours, as it will be sent, whether it denies requests of a principal ("" for an anonymous one).
// It is the same reading that IAM makes: a condition with Not holds where the request lacks the key.
func denies(s denyStatement, principal string) bool {
	if s.Effect != "Deny" {
		return false
	}
	spared := s.Condition.ArnNotLike["aws:PrincipalArn"]
	return principal == "" || !slices.ContainsFunc(spared, func(pattern string) bool { return likeARN(pattern, principal) })
}

// likeARN is ArnLike for patterns of ours: they hold a star in the last part only, and it may span slashes.
func likeARN(pattern, arn string) bool {
	before, after, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == arn
	}
	return len(arn) >= len(before)+len(after) && strings.HasPrefix(arn, before) && strings.HasSuffix(arn, after)
}

// intruder says whether an ARN belongs to what acted or was made in the incident: an exception for it would leave the
// door open.
func intruder(arn string, incident quell.Incident) bool {
	same := func(e quell.Entity) bool {
		return e.ARN != "" && slices.ContainsFunc(shownAs(arn), func(shown string) bool {
			return slices.ContainsFunc(shownAs(e.ARN), func(other string) bool { return shown == other })
		})
	}
	if k := incident.Subject.Kind; (k == quell.KindUser || k == quell.KindRole || k == quell.KindSession) && same(incident.Subject) {
		return true
	}
	return slices.ContainsFunc(incident.Entities, func(e quell.Entity) bool {
		return (e.Part == quell.PartActor || e.Part == quell.PartMade) && same(e)
	})
}
