package incident

import (
	"net/netip"
	"strings"

	"github.com/quell-ir/quell"
)

// class is how strongly a mention of an entity ties its finding to others.
type class uint8

const (
	// subject: the entity acted, or came into being by the act. It ties to every other mention.
	subject class = iota
	// object: something was done to the entity. Two findings that merely have it in common stay apart, or everything
	// that ever touched the administrators' group would be one incident.
	object
	// origin: the role behind a session. Two sessions of one role are two people until shown otherwise, but a session
	// is tied to what was done to its role.
	origin
	// address: a shared source address, admitted by the IP rule before it gets here.
	address
	classes
)

// joins says which classes tie two mentions of the same key together.
var joins = [classes][classes]bool{
	subject: {subject: true, object: true, origin: true},
	object:  {subject: true, origin: true},
	origin:  {subject: true, object: true},
	address: {address: true},
}

// links returns how a list of entities (a finding's or an incident's) can be tied to others: by key, the classes in
// which the entity is mentioned. The account scopes addresses, because the same address in two accounts proves little.
func links(entities []quell.Entity, severity quell.Severity, account string, o Options) map[string]map[class]bool {
	out := map[string]map[class]bool{}
	add := func(key string, c class) {
		if out[key] == nil {
			out[key] = map[class]bool{}
		}
		out[key][c] = true
	}
	sessions := sessionRoles(entities)
	nobody := !hasActor(entities)
	for _, e := range entities {
		if e.ID == "" {
			continue
		}
		switch e.Kind {
		case quell.KindAccount, quell.KindService:
			continue // shared by everybody
		case quell.KindIP:
			if key, ok := addressKey(e, severity, account, o); ok {
				add(key, address)
			}
			continue
		case quell.KindResource:
			if isShared(e) {
				continue
			}
		}
		c, ok := classify(e, sessions, nobody)
		if !ok {
			continue
		}
		add(e.Key(), c)
		// A key or a session stands for its owner too; but a thing made for somebody only concerns them.
		// A session that was made says nothing about the role's other sessions.
		if owner, ownerClass := ownerOf(e); owner != "" && (e.Part != quell.PartMade || ownerClass != origin) {
			if e.Part == quell.PartMade || c == object {
				ownerClass = object
			}
			add(owner, ownerClass)
		}
	}
	return out
}

// classify gives an entity's class among the others of its finding; false where it ties nothing by itself.
func classify(e quell.Entity, sessions map[string]quell.Part, nobody bool) (class, bool) {
	switch e.Part {
	case quell.PartMade:
		return subject, true
	case quell.PartActor, quell.PartUsed:
		if e.Kind == quell.KindRole {
			switch sessions[e.ID] {
			case quell.PartActor:
				return origin, true
			case quell.PartMade:
				return 0, false // the session that came of it is the sharper tie
			}
		}
		if e.Part == quell.PartActor || (isPrincipal(e.Kind) && e.Kind != quell.KindRole) {
			return subject, true
		}
		return object, true
	}
	// A verdict on a resource alone (an open bucket, a vulnerable instance) is about that resource.
	if nobody && e.Part != quell.PartRead {
		return subject, true
	}
	if e.Part == "" && isPrincipal(e.Kind) {
		return subject, true
	}
	return object, true
}

// sessionRoles maps the id of each role to the part its sessions play here.
func sessionRoles(entities []quell.Entity) map[string]quell.Part {
	out := map[string]quell.Part{}
	for _, e := range entities {
		if e.Kind != quell.KindSession {
			continue
		}
		role, _, _ := strings.Cut(e.ID, ":")
		for _, id := range []string{role, e.Of} {
			// A session that acts outweighs one that was made: its role is then an origin.
			if id != "" && out[id] != quell.PartActor {
				out[id] = e.Part
			}
		}
	}
	return out
}

// hasActor leaves out services and accounts, which stand behind everybody's acts.
func hasActor(entities []quell.Entity) bool {
	for _, e := range entities {
		if e.Part == quell.PartActor && e.Kind != quell.KindService && e.Kind != quell.KindAccount {
			return true
		}
	}
	return false
}

// isPrincipal tells what can act by itself and be dealt with as such.
func isPrincipal(k quell.EntityKind) bool {
	switch k {
	case quell.KindRoot, quell.KindUser, quell.KindRole, quell.KindSession, quell.KindFederated, quell.KindAccessKey:
		return true
	}
	return false
}

// isShared tells resources that a whole estate has in common: the organisation, its root and units.
func isShared(e quell.Entity) bool {
	return strings.Contains(e.ID, ":organizations:") || strings.Contains(e.ARN, ":organizations:") ||
		strings.HasPrefix(e.ID, "o-") || strings.HasPrefix(e.ID, "ou-")
}

// ownerOf reads the kind of Entity.Of from the form of AWS's unique ids (IAM user guide, "unique identifiers").
func ownerOf(e quell.Entity) (key string, c class) {
	if e.Of == "" {
		return "", 0
	}
	owner := quell.Entity{ID: e.Of}
	switch {
	case strings.HasPrefix(e.Of, "AIDA"):
		owner.Kind = quell.KindUser
	case strings.HasPrefix(e.Of, "AROA") && strings.Contains(e.Of, ":"):
		owner.Kind = quell.KindSession
	case strings.HasPrefix(e.Of, "AROA"):
		return quell.Entity{Kind: quell.KindRole, ID: e.Of}.Key(), origin
	case strings.Contains(e.Of, ":user/"):
		owner.Kind = quell.KindUser
	case len(e.Of) == 12 && isDigits(e.Of):
		owner.Kind = quell.KindRoot
	case len(e.Of) > 13 && isDigits(e.Of[:12]) && e.Of[12] == ':':
		owner.Kind = quell.KindFederated
	default:
		return "", 0
	}
	return owner.Key(), subject
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// addressKey admits an address as a tie, or refuses it. What is no address ("AWS Internal",
// cloudformation.amazonaws.com) is a service; a private address means another host in every network.
func addressKey(e quell.Entity, severity quell.Severity, account string, o Options) (string, bool) {
	rule := o.ipRule()
	if rule == IPNever || e.Part == quell.PartTarget || e.Part == quell.PartRead {
		return "", false
	}
	addr, err := netip.ParseAddr(e.ID)
	if err != nil {
		return "", false
	}
	addr = addr.Unmap().WithZone("")
	if !addr.IsGlobalUnicast() || addr.IsPrivate() || carrierNAT.Contains(addr) {
		return "", false
	}
	for _, p := range o.Trusted {
		if p.Contains(addr) {
			return "", false
		}
	}
	if rule == IPAlways {
		return "ip/" + addr.String(), true
	}
	if severity < quell.Medium {
		return "", false
	}
	return "ip/" + addr.String() + "@" + account, true
}

// carrierNAT is RFC 6598's shared space, which AWS uses inside VPCs as well.
var carrierNAT = netip.MustParsePrefix("100.64.0.0/10")
