package policy

import (
	"slices"
	"strings"
)

// Caller is who asks, in the forms a Principal element can name it.
type Caller struct {
	Account string
	// ARN is the user's, the session's (arn:aws:sts::...:assumed-role/role/session) or the federated user's.
	ARN string
	// RoleARN is set for role sessions only.
	RoleARN string
	// ID is AIDA..., AROA...:session or account:name.
	ID string
	// Service is set where an AWS service asks: lambda.amazonaws.com.
	Service string
}

// Request is one question. Context keys are lower case: aws:tokenissuetime.
type Request struct {
	Caller   Caller
	Action   string // service:Action
	Resource string // an ARN, or "*"
	Context  map[string][]string
}

// Set is every policy that has a say.
type Set struct {
	// SCPs are the organisation's; an empty list means the account is in none.
	SCPs     []*Document
	Identity []*Document
	Boundary *Document
	// Session narrows a session. Narrowed with an empty list allows nothing: a federated user without a policy.
	Session  []*Document
	Narrowed bool
	// Resource is the policy of the thing acted on. Trust says it is a role's: it must then allow by itself.
	Resource *Document
	Trust    bool
	// Foreign says the thing belongs to another account, and so both sides must allow.
	Foreign bool
}

// Decision is the answer. Where names the kind of policy in AWS's words: "identity-based policy".
type Decision struct {
	Allowed bool
	// Explicit says that a statement denied, not merely that none allowed.
	Explicit bool
	Where    string
	// By is the document and Sid the statement that decided, where one did.
	By  *Document
	Sid string
}

// The kinds of policy as AWS names them in its refusals.
const (
	whereSCP      = "service control policy"
	whereIdentity = "identity-based policy"
	whereBoundary = "permissions boundary"
	whereSession  = "session policy"
	whereResource = "resource-based policy"
)

// grant is how directly a resource policy names the caller.
type grant int

const (
	none    grant = iota
	account       // the whole account: leaves the decision to its identity policies
	viaRole       // the role: still limited by boundary and session policy
	direct        // the user, the session, or everybody
)

// Decide answers a request.
func Decide(r *Request, s Set) Decision {
	lower := *r
	lower.Action = strings.ToLower(r.Action)
	r = &lower
	if d, denied := findDeny(r, s); denied {
		return d
	}
	if len(s.SCPs) > 0 && !anyAllows(r, s.SCPs) {
		return Decision{Where: whereSCP}
	}
	boundary := s.Boundary == nil || allows(r, s.Boundary)
	session := !s.Narrowed || anyAllows(r, s.Session)
	level, by, sid := granted(r, s.Resource)
	switch {
	case s.Foreign || s.Trust:
		if level == none {
			return Decision{Where: whereResource}
		}
	case level == direct:
		// A grant to the caller itself is not cut by boundary or session policy.
		return Decision{Allowed: true, Where: whereResource, By: by, Sid: sid}
	}
	if !boundary && level != direct {
		return Decision{Where: whereBoundary}
	}
	if !session && level != direct {
		return Decision{Where: whereSession}
	}
	if !s.Foreign && level >= viaRole {
		return Decision{Allowed: true, Where: whereResource, By: by, Sid: sid}
	}
	for _, doc := range s.Identity {
		if st := find(r, doc, true); st != nil {
			return Decision{Allowed: true, Where: whereIdentity, By: doc, Sid: st.Sid}
		}
	}
	return Decision{Where: whereIdentity}
}

func findDeny(r *Request, s Set) (Decision, bool) {
	for _, doc := range s.Identity {
		if st := find(r, doc, false); st != nil {
			return Decision{Explicit: true, Where: whereIdentity, By: doc, Sid: st.Sid}, true
		}
	}
	for _, doc := range s.SCPs {
		if st := find(r, doc, false); st != nil {
			return Decision{Explicit: true, Where: whereSCP, By: doc, Sid: st.Sid}, true
		}
	}
	for _, doc := range s.Session {
		if st := find(r, doc, false); st != nil {
			return Decision{Explicit: true, Where: whereSession, By: doc, Sid: st.Sid}, true
		}
	}
	for _, one := range []struct {
		doc   *Document
		where string
	}{{s.Boundary, whereBoundary}, {s.Resource, whereResource}} {
		if one.doc == nil {
			continue
		}
		if st := find(r, one.doc, false); st != nil {
			return Decision{Explicit: true, Where: one.where, By: one.doc, Sid: st.Sid}, true
		}
	}
	return Decision{}, false
}

func allows(r *Request, doc *Document) bool { return find(r, doc, true) != nil }

func anyAllows(r *Request, docs []*Document) bool {
	return slices.ContainsFunc(docs, func(d *Document) bool { return allows(r, d) })
}

// find returns the first statement of the wanted effect that matches the request.
func find(r *Request, doc *Document, allow bool) *Statement {
	for i := range doc.Statements {
		s := &doc.Statements[i]
		if s.Allow == allow && s.names(r) != none && s.covers(r) {
			return s
		}
	}
	return nil
}

// granted returns the most direct grant of a resource policy.
func granted(r *Request, doc *Document) (best grant, by *Document, sid string) {
	if doc == nil {
		return none, nil, ""
	}
	for i := range doc.Statements {
		s := &doc.Statements[i]
		if level := s.names(r); s.Allow && level > best && s.covers(r) {
			best, by, sid = level, doc, s.Sid
		}
	}
	return best, by, sid
}

// names says how the statement's principals name the caller; a statement without any names everybody.
func (s *Statement) names(r *Request) grant {
	if len(s.notPrincipal) > 0 {
		if matchPrincipals(s.notPrincipal, r.Caller) == none {
			return direct
		}
		return none
	}
	if len(s.principals) == 0 {
		return direct
	}
	return matchPrincipals(s.principals, r.Caller)
}

func matchPrincipals(list []principal, c Caller) grant {
	best := none
	for _, p := range list {
		level := none
		switch {
		case p.kind == "Service":
			if c.Service != "" && p.value == c.Service {
				level = direct
			}
		case p.kind != "AWS":
		case p.value == "*":
			level = direct
		case c.Account == "":
			// An anonymous caller is nobody but everybody.
		case p.value == c.ARN || p.value == c.ID:
			level = direct
		case c.RoleARN != "" && (p.value == c.RoleARN || strings.HasPrefix(c.ID, p.value+":")):
			level = viaRole
		case p.value == c.Account || p.value == "arn:aws:iam::"+c.Account+":root":
			level = account
		}
		best = max(best, level)
	}
	return best
}

// covers says whether action, resource and conditions match.
func (s *Statement) covers(r *Request) bool {
	if len(s.actions) > 0 {
		if !slices.ContainsFunc(s.actions, func(p string) bool { return glob(p, r.Action) }) {
			return false
		}
	} else if slices.ContainsFunc(s.notActions, func(p string) bool { return glob(p, r.Action) }) {
		return false
	}
	inList := func(p string) bool {
		expanded, ok := r.expand(p)
		return ok && glob(expanded, r.Resource)
	}
	switch {
	case len(s.resources) > 0 && !slices.ContainsFunc(s.resources, inList):
		return false
	case len(s.notResources) > 0 && slices.ContainsFunc(s.notResources, inList):
		return false
	}
	for i := range s.conditions {
		if !s.conditions[i].holds(r) {
			return false
		}
	}
	return true
}
