package baseline

import (
	"regexp"
	"strings"
)

// What names of one duty differ by from account to account. Sources: IAM Identity Center (AWSReservedSSO_set_hex16), the
// CDK (role-account-region), CloudFormation (stack-Role-9RANDOM8) and how people number things.
var (
	ssoSuffix    = regexp.MustCompile(`^(AWSReservedSSO_.+)_[0-9a-f]{16}$`)
	regionName   = regexp.MustCompile(`\b[a-z]{2}(-[a-z]+){1,2}-[0-9]\b`)
	randomSuffix = regexp.MustCompile(`-[0-9A-Z]*[0-9][0-9A-Z]*$|-[0-9A-Za-z]{12}$`)
	numbers      = regexp.MustCompile(`[0-9]+`)
)

// duty is a name without what is random or counted in it, so that the same role in another account has the same.
func duty(name string) string {
	if m := ssoSuffix.FindStringSubmatch(name); m != nil {
		return m[1]
	}
	name = regionName.ReplaceAllString(name, "*")
	if cut := randomSuffix.ReplaceAllStringFunc(name, keepWord); cut != "" {
		name = cut
	}
	return numbers.ReplaceAllString(name, "*")
}

// keepWord replaces a suffix with a digit in it, which is a number or random; "-integration" is a word.
func keepWord(suffix string) string {
	if strings.ContainsAny(suffix, "0123456789") {
		return "-*"
	}
	return suffix
}
