package baseline

import (
	"strings"

	"github.com/quell-ir/quell"
)

// weight is what a call can do.
type weight int

const (
	reads    weight = iota
	changes         // it changes something
	empowers        // it changes who may do what, hands out credentials, or reads a secret
)

// globals are services whose records carry one region wherever the caller is. Sources: reference pages of each service's
// CloudTrail logging; STS and sign-in answer in many regions, chosen by SDK defaults and not by people.
var globals = [...]string{"iam", "sts", "signin", "organizations", "account", "cloudfront", "route53", "route53domains", "sso", "sso-directory",
	"identitystore", "billingconsole", "billing", "ce", "cur", "budgets", "health", "support", "trustedadvisor", "shield", "waf",
	"globalaccelerator", "networkmanager", "artifact", "tax", "payments", "freetier", "consolidatedbilling", "aws-portal", "chatbot"}

// privileged are services through which rights and secrets are had. To use one for the first time
// is worth a finding; STS is not among them, for every program asks it who it is.
var privileged = [...]string{"iam", "organizations", "sso", "identitystore", "secretsmanager", "kms", "rolesanywhere", "account"}

// serviceOf is the service's short name: iam of iam.amazonaws.com.
func serviceOf(e quell.Event) string {
	name, _, _ := strings.Cut(strings.ToLower(e.Source), ".")
	return quell.Cut(name, maxName)
}

// weigh says what a call that succeeded could do.
func weigh(service, name string, readOnly bool) weight {
	switch {
	case service == "sts" && name != "GetCallerIdentity" && name != "GetAccessKeyInfo" && name != "DecodeAuthorizationMessage",
		service == "secretsmanager" && (name == "GetSecretValue" || name == "BatchGetSecretValue"):
		return empowers // most of them are marked read-only in the trail, and hand out credentials
	case readOnly || service == "signin":
		return reads
	}
	switch service {
	case "iam", "organizations", "sso", "identitystore", "secretsmanager", "rolesanywhere":
		return empowers
	}
	return changes
}

// counted are the reads whose number a day is kept: each hands out content,
// and no rule on single calls can tell the thousandth from the first.
func counted(service, name string) bool {
	return service == "s3" && name == "GetObject" || service == "secretsmanager" && name == "GetSecretValue"
}
