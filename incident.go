package quell

import "time"

// Phase is a stage of a response, after NIST SP 800-61r3 and the order in which a playbook goes.
type Phase string

// The phases of a response.
const (
	Detect    Phase = "detect"
	Analyse   Phase = "analyse"
	Isolate   Phase = "isolate"
	Contain   Phase = "contain"
	Eradicate Phase = "eradicate"
	Recover   Phase = "recover"
	Preserve  Phase = "preserve"
	Review    Phase = "review"
	Closed    Phase = "closed"
)

// Standing is what people hold an incident to be.
type Standing string

// An incident starts open, is confirmed or dismissed by a person or a certain source, and ends closed.
const (
	Open      Standing = "open"
	Confirmed Standing = "confirmed"
	Dismissed Standing = "dismissed" // a false positive: what was kept may be given back
	Ended     Standing = "closed"
)

// Incident is findings that belong together and what is known of them. It is read from the ledger's records, never
// stored by itself.
type Incident struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Severity Severity `json:"severity"`
	Playbook string   `json:"playbook"`
	Phase    Phase    `json:"phase"`
	Findings []string `json:"findings"`
	Entities []Entity `json:"entities"`

	Standing Standing `json:"standing,omitempty"`
	// Subject is the principal or resource the incident is about: the compromised user, the exposed bucket.
	Subject Entity `json:"subject,omitzero"`
	Account string `json:"account,omitempty"`
	// Exposed says a credential is publicly known, which ends every argument about waiting.
	Exposed  bool      `json:"exposed,omitempty"`
	Opened   time.Time `json:"opened,omitzero"`
	Since    time.Time `json:"since,omitzero"`     // first act known to be hostile
	LastSeen time.Time `json:"last_seen,omitzero"` // last act known to be hostile
	// Blind names what could not be seen: "s3-data", "eu-west-3: AccessDenied".
	Blind  []string        `json:"blind,omitempty"`
	People map[Role]string `json:"people,omitempty"`
	// MergedInto is the incident that took this one over.
	MergedInto string `json:"merged_into,omitempty"`
}

// Pick returns the incident's entities of a kind that play a part; an empty part matches every part.
func (i Incident) Pick(kind EntityKind, part Part) []Entity {
	var out []Entity
	for _, e := range i.Entities {
		if e.Kind == kind && (part == "" || e.Part == part) {
			out = append(out, e)
		}
	}
	return out
}

// Role is a function that people hold in a response.
type Role string

// The five roles. Their names are what `quell approve --as` takes.
const (
	IncidentManager     Role = "incident-manager"
	SecurityAnalyst     Role = "security-analyst"
	SystemAdministrator Role = "system-administrator"
	Legal               Role = "legal"
	Communications      Role = "communications"
)

// Roles lists every role.
var Roles = []Role{IncidentManager, SecurityAnalyst, SystemAdministrator, Legal, Communications}
