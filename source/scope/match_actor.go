package scope

import (
	"encoding/json"

	"github.com/quell-ir/quell"
)

// party is whom acts are attributed to. Names are chosen by whoever makes a session or a user, and come back after a
// deletion; keys and unique ids do not.
type party struct {
	keys, ids, arns  map[string]bool
	users, roles     map[string]bool // whose sessions count as their own acts
	instances, roots map[string]bool
}

func newParty() *party {
	p := &party{}
	for _, m := range []*map[string]bool{&p.keys, &p.ids, &p.arns, &p.users, &p.roles, &p.instances, &p.roots} {
		*m = map[string]bool{}
	}
	return p
}

func (p *party) add(e quell.Entity) {
	switch e.Kind {
	case quell.KindAccessKey:
		p.keys[e.ID] = true
		return
	case quell.KindInstance:
		p.instances[e.ID] = true
		return
	case quell.KindRoot:
		p.roots[e.ID] = true
		return
	case quell.KindUser:
		p.users[e.ID] = true
	case quell.KindRole:
		p.roles[e.ID] = true
	case quell.KindSession, quell.KindFederated:
	default:
		return // what does not act did nothing
	}
	p.ids[e.ID] = true
	// Sources that give no unique id put the ARN in its place, and then the ARN is all there is to go by.
	if e.ID == e.ARN {
		p.arns[e.ARN] = true
	}
}

// did says whether the event is an act of the party: signed by its key, made by its principal, or by a session issued
// from it (a federated user of a user, a session of a role).
func (p *party) did(e quell.Event) bool {
	a := e.Actor
	switch {
	case a.AccessKey != "" && p.keys[a.AccessKey]:
		return true
	case a.Principal != "" && p.ids[a.Principal]:
		return true
	case a.ARN != "" && p.arns[a.ARN] || a.IssuerARN != "" && p.arns[a.IssuerARN]:
		return true
	case a.IssuerID != "" && (p.users[a.IssuerID] || p.roles[a.IssuerID]):
		return true
	case a.Type == "Root":
		return p.roots[a.Account]
	case a.Type == "AssumedRole":
		return p.instances[sessionOf(a.Principal)] && fromInstance(e.Raw)
	}
	return false
}

// sessionOf is what stands behind the colon of AROA...:session.
func sessionOf(principal string) string {
	for i := range len(principal) {
		if principal[i] == ':' {
			return principal[i+1:]
		}
	}
	return ""
}

// fromInstance says whether the instance itself got the session: CloudTrail writes ec2RoleDelivery for those alone. A session
// that somebody merely named after an instance has none.
func fromInstance(raw json.RawMessage) bool {
	var record struct {
		UserIdentity struct {
			SessionContext struct {
				EC2RoleDelivery string `json:"ec2RoleDelivery"`
			} `json:"sessionContext"`
		} `json:"userIdentity"`
	}
	return json.Unmarshal(raw, &record) == nil && record.UserIdentity.SessionContext.EC2RoleDelivery != ""
}
