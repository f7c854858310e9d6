package sandbox

import (
	"strings"
	"time"

	"github.com/quell-ir/quell/sandbox/policy"
)

// caller is who made a call: a user by a long-term key, or a session.
type caller struct {
	account *account
	key     *accessKey
	session *session
	user    *user // the user, or the one a session was issued to
	role    *role
	view    *permissions
}

// keyState is what enforcement knows of a key.
type keyState string

const (
	keyActive   keyState = "Active"
	keyInactive keyState = "Inactive"
	keyDeleted  keyState = "Deleted"
)

// accessKey is a long-term key. Keys stay known after deletion, so that old ones are refused and not mistaken.
type accessKey struct {
	id, secret string
	owner      *user
	account    *account
	created    time.Time
	status     keyState
	enforced   lagged[keyState]

	usedAt                  time.Time
	usedService, usedRegion string
}

// session is a set of temporary credentials. It is bound to the principal itself, not to its name and not to the key
// that asked for it: neither deleting the key nor recreating the user under the same name touches it.
type session struct {
	id, secret, token string
	account           *account
	user              *user
	role              *role
	federated         bool
	name              string // role session name or federated name
	issued, expires   time.Time
	policies          []*policy.Document
	narrowed          bool
	mfa               bool
	sourceIdentity    string
	tags              map[string]string
}

// identify finds the caller behind a signature. Its errors are the refusals of the front door, which leave no record.
func (w *World) identify(a arrival, now time.Time) (caller, error) {
	if a.accessKey == "" {
		if a.service == "S3" {
			return caller{}, nil
		}
		return caller{}, frontDoor(a.service, "missing", "Request is missing Authentication Token")
	}
	if s := w.sessions[a.accessKey]; s != nil {
		return s.identify(a, now)
	}
	key := w.keys[a.accessKey]
	if key == nil || a.token != "" {
		return caller{}, frontDoor(a.service, "invalid", "The security token included in the request is invalid.")
	}
	status, known := key.enforced.read(now)
	if !known || status != keyActive {
		return caller{account: key.account, key: key, user: key.owner},
			frontDoor(a.service, "invalid", "The security token included in the request is invalid.")
	}
	view, known := key.owner.enforced.read(now)
	c := caller{account: key.account, key: key, user: key.owner, view: view}
	if !known || view.gone {
		return c, frontDoor(a.service, "invalid", "The security token included in the request is invalid.")
	}
	return c, nil
}

func (s *session) identify(a arrival, now time.Time) (caller, error) {
	c := caller{account: s.account, session: s, user: s.user, role: s.role}
	switch {
	case a.token != s.token:
		return c, frontDoor(a.service, "invalid", "The security token included in the request is invalid.")
	case !now.Before(s.expires):
		return c, frontDoor(a.service, "expired", "The security token included in the request is expired")
	}
	p := c.principal()
	view, known := p.enforced.read(now)
	c.view = view
	if !known || view.gone {
		return c, frontDoor(a.service, "invalid", "The security token included in the request is invalid.")
	}
	return c, nil
}

// principal is the user or role whose policies apply; nil for an anonymous caller.
func (c caller) principal() *principal {
	switch {
	case c.role != nil:
		return &c.role.principal
	case c.user != nil:
		return &c.user.principal
	}
	return nil
}

// accessKeyID is the id the call was signed with.
func (c caller) accessKeyID() string {
	switch {
	case c.session != nil:
		return c.session.id
	case c.key != nil:
		return c.key.id
	}
	return ""
}

// names are the caller's ARN and unique id, as GetCallerIdentity tells them.
func (c caller) names() (arn, id string) {
	switch {
	case c.role != nil:
		return "arn:aws:sts::" + c.account.id + ":assumed-role/" + c.role.name + "/" + c.session.name,
			c.role.id + ":" + c.session.name
	case c.session != nil && c.session.federated:
		return "arn:aws:sts::" + c.account.id + ":federated-user/" + c.session.name, c.account.id + ":" + c.session.name
	case c.user != nil:
		return c.user.arn, c.user.id
	}
	return "", ""
}

// frontDoor words a refusal in the codes of the service's protocol.
func frontDoor(service, why, message string) error {
	codes := map[string]string{"invalid": "InvalidClientTokenId", "expired": "ExpiredToken", "missing": "MissingAuthenticationToken"}
	switch {
	case service == "S3":
		codes = map[string]string{"invalid": "InvalidAccessKeyId", "expired": "ExpiredToken", "missing": "AccessDenied"}
	case service == "EC2":
		codes = map[string]string{"invalid": "AuthFailure", "expired": "RequestExpired", "missing": "AuthFailure"}
	case isJSONService(service):
		codes = map[string]string{
			"invalid": "UnrecognizedClientException", "expired": "ExpiredTokenException",
			"missing": "MissingAuthenticationTokenException",
		}
	}
	return apiError(codes[why], "%s", message)
}

func isJSONService(service string) bool {
	return service == "Secrets Manager" || service == "CloudTrail"
}

// restricted says which services a temporary session may not call at all. GetSessionToken and GetFederationToken give
// credentials that IAM and most of STS refuse before any policy is asked, unless MFA was used for a session token.
func (c caller) restricted(a arrival) error {
	s := c.session
	if s == nil || s.role != nil {
		return nil
	}
	switch a.service {
	case "IAM":
		if s.federated || !s.mfa {
			return frontDoor(a.service, "invalid", "The security token included in the request is invalid")
		}
	case "STS":
		switch {
		case a.operation == "GetCallerIdentity":
		case a.operation == "AssumeRole" && !s.federated:
		case strings.HasPrefix(a.operation, "Get") && a.operation != "GetAccessKeyInfo":
			return apiError("AccessDenied", "Cannot call %s with session credentials", a.operation)
		case a.operation == "AssumeRole":
			return apiError("AccessDenied", "Cannot call AssumeRole with federated user credentials")
		}
	}
	return nil
}
