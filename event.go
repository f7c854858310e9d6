package quell

import (
	"encoding/json"
	"time"
)

// Event is one thing that happened, as its source told it. Raw is untouched; the head beside it is what grouping,
// timelines and people need. Everything in an event was written by whoever acted, so all of it is hostile text.
type Event struct {
	ID        string    `json:"id"`
	Time      time.Time `json:"time"`
	Source    string    `json:"source"` // iam.amazonaws.com
	Name      string    `json:"name"`   // CreateUser
	Account   string    `json:"account,omitempty"`
	Region    string    `json:"region,omitempty"`
	Actor     Actor     `json:"actor"`
	SourceIP  string    `json:"source_ip,omitempty"`
	UserAgent string    `json:"user_agent,omitempty"`
	// ErrorCode is empty where the call succeeded.
	ErrorCode string   `json:"error_code,omitempty"`
	ReadOnly  bool     `json:"read_only,omitempty"`
	Resources []Entity `json:"resources,omitempty"`
	// Origin tells a person where the record was read: a path, a region's event history.
	Origin string          `json:"origin,omitempty"`
	Raw    json.RawMessage `json:"-"`
}

// Actor is who made a call.
type Actor struct {
	Type      string `json:"type,omitempty"`         // CloudTrail's userIdentity.type
	Principal string `json:"principal_id,omitempty"` // AIDA..., AROA...:session, account:federated-name
	ARN       string `json:"arn,omitempty"`
	Name      string `json:"name,omitempty"` // user name, role name, federated name
	Account   string `json:"account,omitempty"`
	AccessKey string `json:"access_key,omitempty"`
	// Issuer is who a temporary session was issued from: the role of a role session, the user of a federated one.
	IssuerType string `json:"issuer_type,omitempty"`
	IssuerID   string `json:"issuer_id,omitempty"`
	IssuerARN  string `json:"issuer_arn,omitempty"`
	// SourceIdentity is set by whoever first assumed a role and cannot be changed along a chain.
	SourceIdentity string `json:"source_identity,omitempty"`
	InvokedBy      string `json:"invoked_by,omitempty"` // an AWS service acting on the actor's behalf
	MFA            bool   `json:"mfa,omitempty"`
}

// Succeeded says whether the call was carried out.
func (e Event) Succeeded() bool { return e.ErrorCode == "" }
