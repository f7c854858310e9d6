package sandbox

import "strconv"

// userIdentity is CloudTrail's, after "CloudTrail userIdentity element" in its user guide.
type userIdentity struct {
	Type           string          `json:"type"`
	PrincipalID    string          `json:"principalId,omitempty"`
	ARN            string          `json:"arn,omitempty"`
	AccountID      string          `json:"accountId,omitempty"`
	AccessKeyID    string          `json:"accessKeyId,omitempty"`
	UserName       string          `json:"userName,omitempty"`
	SessionContext *sessionContext `json:"sessionContext,omitempty"`
}

type sessionContext struct {
	SessionIssuer  *sessionIssuer    `json:"sessionIssuer,omitempty"`
	SourceIdentity string            `json:"sourceIdentity,omitempty"`
	Attributes     map[string]string `json:"attributes"`
}

type sessionIssuer struct {
	Type        string `json:"type"`
	PrincipalID string `json:"principalId"`
	ARN         string `json:"arn"`
	AccountID   string `json:"accountId"`
	UserName    string `json:"userName"`
}

// identity tells who called. An account that sees a caller from outside learns the account and little more.
func (c *call) identity() userIdentity {
	who := c.caller
	if who.account == nil {
		return userIdentity{Type: "AWSAccount", AccountID: "ANONYMOUS_PRINCIPAL"}
	}
	arn, id := who.names()
	if who.account != c.account {
		return userIdentity{Type: "AWSAccount", PrincipalID: id, AccountID: who.account.id}
	}
	out := userIdentity{Type: "IAMUser", PrincipalID: id, ARN: arn, AccountID: who.account.id, AccessKeyID: who.accessKeyID()}
	s := who.session
	if s != nil {
		out.SessionContext = &sessionContext{SourceIdentity: s.sourceIdentity, Attributes: map[string]string{
			"creationDate": s.issued.UTC().Format("2006-01-02T15:04:05Z"), "mfaAuthenticated": strconv.FormatBool(s.mfa),
		}}
	}
	issuer := func(kind string, p *principal) *sessionIssuer {
		return &sessionIssuer{Type: kind, PrincipalID: p.id, ARN: p.arn, AccountID: who.account.id, UserName: p.name}
	}
	switch {
	case who.role != nil:
		out.Type = "AssumedRole"
		out.SessionContext.SessionIssuer = issuer("Role", &who.role.principal)
	case s != nil && s.federated:
		out.Type = "FederatedUser"
		out.SessionContext.SessionIssuer = issuer("IAMUser", &who.user.principal)
	default:
		out.UserName = who.user.name
	}
	return out
}
