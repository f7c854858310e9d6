package people

import (
	"strings"
	"time"
)

// Placeholders are the values of the placeholders that every rule shares:
//
//	own_accounts          each account's id
//	own_account_re        one regular expression for any of them, to be part of a longer one
//	only_own_accounts_re  one for a text in which every number of twelve digits is one of them: a policy may name several
//	                      accounts, and naming one's own beside a stranger's must not excuse the stranger's
//	break_glass_arns      ARN patterns of the emergency principals given by ARN
//	break_glass_names     name patterns of those given by name
//	break_glass_roles     ARN patterns for both, as a request to assume a role names it
//	trusted_networks      networks in CIDR notation
//
// Every name is there, so that rules which use one without a list are blind rather than refused.
func (l *Lists) Placeholders() map[string][]string {
	out := map[string][]string{"own_accounts": l.Accounts, "own_account_re": nil, "only_own_accounts_re": nil,
		"break_glass_arns": nil, "break_glass_names": nil, "break_glass_roles": nil, "trusted_networks": nil}
	if len(l.Accounts) > 0 {
		own := "(?:" + strings.Join(l.Accounts, "|") + ")"
		out["own_account_re"] = []string{own}
		// A run of digits is taken whole with what ends it, so that none can be split into harmless parts.
		out["only_own_accounts_re"] = []string{`(?:[^0-9]|[0-9]{1,11}(?:[^0-9]|$)|[0-9]{13,}(?:[^0-9]|$)|` + own + `(?:[^0-9]|$))*`}
	}
	for _, entry := range l.BreakGlass {
		entry = strings.ReplaceAll(entry, `\`, `\\`)
		if isARN(entry) {
			out["break_glass_arns"] = append(out["break_glass_arns"], entry)
			out["break_glass_roles"] = append(out["break_glass_roles"], entry)
			continue
		}
		out["break_glass_names"] = append(out["break_glass_names"], entry)
		// Roles may lie under a path, which their name does not tell.
		out["break_glass_roles"] = append(out["break_glass_roles"], "arn:*:iam::*:role/"+entry, "arn:*:iam::*:role/*/"+entry)
	}
	for _, net := range l.Trusted {
		out["trusted_networks"] = append(out["trusted_networks"], net.String())
	}
	return out
}

// Placeholders are the values for one leaver's copy of the rule on leavers:
//
//	leaver_names  the name or id as a field holds it alone
//	leaver_ends   the name as the end of a longer id: ".../role/name" and "AROA...:name"
//	leaver_arns   the ARN, where one was given
//	leaver_since  the first instant without a right to act, in RFC 3339
func (l *Leaver) Placeholders() map[string][]string {
	since := []string{l.Since.UTC().Format(time.RFC3339Nano)}
	who := plain(l.Who)
	if isARN(l.Who) {
		return map[string][]string{"leaver_names": nil, "leaver_ends": nil, "leaver_arns": {who}, "leaver_since": since}
	}
	return map[string][]string{"leaver_names": {who}, "leaver_ends": {"/" + who, ":" + who}, "leaver_arns": nil, "leaver_since": since}
}

// plain takes the meaning of wildcards from a text: a leaver called * must not be everybody.
func plain(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`).Replace(text)
}

func isARN(text string) bool { return strings.HasPrefix(text, "arn:") }
