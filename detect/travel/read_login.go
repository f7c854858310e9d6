package travel

import (
	"cmp"
	"encoding/json"
	"strings"

	"github.com/quell-ir/quell"
)

// Rule is the Sigma rule, on CloudTrail, for the sign-ins that count: a person at a keyboard who got in. Of the steps of
// Identity Center only those are named that tell a success.
// Source: CloudTrail user guide, "AWS Management Console sign-in events"; Identity Center user guide, "sign-in events".
const Rule = `title: A person signed in
id: quell-human-login
logsource: {product: aws, service: cloudtrail}
level: informational
detection:
  console:
    eventSource: signin.amazonaws.com
    eventName: ConsoleLogin
    responseElements.ConsoleLogin: Success
  session:
    eventSource: [signin.amazonaws.com, sso.amazonaws.com]
    eventName: UserAuthentication
    serviceEventDetails.UserAuthentication: Success
  password:
    eventSource: [signin.amazonaws.com, sso.amazonaws.com]
    eventName: CredentialVerification
    serviceEventDetails.CredentialVerification: Success
  condition: console or session or password
`

// RuleID is the id of Rule.
const RuleID = "quell-human-login"

// whoOf is the key of the human being behind a sign-in, "" where the record does not tell one from another.
//
// The name of a role session is chosen by whoever opens it. With an address of mail in it, it is a person's name at their
// own provider, and the same person whichever role they chose; any other name counts only within its role, for "admin" may
// be anybody.
func whoOf(e *quell.Event) string {
	a := &e.Actor
	// Names are unique within an account only.
	account := cmp.Or(a.Account, e.Account)
	switch a.Type {
	case "Root":
		return "root of " + account
	case "AssumedRole", "FederatedUser":
		// AROA...:session of a role, account:name of a federated user.
		_, session, _ := strings.Cut(a.Principal, ":")
		if session == "" {
			_, session, _ = cutLast(a.ARN, "/")
		}
		if strings.Contains(session, "@") {
			return strings.ToLower(session)
		}
		return cmp.Or(a.Principal, a.ARN)
	}
	// A name that somebody typed wrong is hidden by AWS, lest a password stand in a log. It is nobody's.
	name := a.Name
	if name == "" || strings.HasPrefix(name, "HIDDEN_") {
		name = userName(e.Raw)
	}
	// The same key as for the sessions that follow: the portal's sign-in and the console's are one person's.
	if strings.Contains(name, "@") {
		return strings.ToLower(name)
	}
	if a.Type == "IAMUser" {
		return cmp.Or(a.ARN, account+" "+name)
	}
	// Identity Center calls the account of the directory the principal, which is nobody in particular.
	if a.Principal != "" && a.Principal != account {
		return a.Principal
	}
	if name == "" {
		return ""
	}
	return account + " " + strings.ToLower(name)
}

// userName is where the sign-in of Identity Center writes the name in records without it in userIdentity.
func userName(raw []byte) string {
	var record struct {
		AdditionalEventData struct {
			UserName string
		} `json:"additionalEventData"`
	}
	if json.Unmarshal(raw, &record) != nil {
		return "" // fields of other types: a record that does not tell
	}
	return record.AdditionalEventData.UserName
}

// cutLast is strings.Cut around the last separator.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
