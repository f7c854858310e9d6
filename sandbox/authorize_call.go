package sandbox

import (
	"fmt"
	"strings"
	"time"

	"github.com/quell-ir/quell/sandbox/policy"
)

// question builds the policy question of a call.
func (c *call) question(action, resource string, extra map[string][]string) *policy.Request {
	r := &policy.Request{Action: action, Resource: resource, Context: c.context()}
	r.Caller.ARN, r.Caller.ID = c.caller.names()
	if c.caller.account != nil {
		r.Caller.Account = c.caller.account.id
	}
	if c.caller.role != nil {
		r.Caller.RoleARN = c.caller.role.arn
	}
	for key, values := range extra {
		r.Context[key] = values
	}
	return r
}

// context holds the global condition keys, after "AWS global condition context keys" in the IAM User Guide.
func (c *call) context() map[string][]string {
	from := c.w.originOf(c.caller)
	ctx := map[string][]string{
		"aws:currenttime":           {c.now.Format(time.RFC3339)},
		"aws:epochtime":             {fmt.Sprint(c.now.Unix())},
		"aws:sourceip":              {from.ip},
		"aws:useragent":             {from.agent},
		"aws:securetransport":       {fmt.Sprint(c.arrival.secure)},
		"aws:requestedregion":       {c.recordedRegion()},
		"aws:principalisawsservice": {"false"},
		"aws:viaawsservice":         {"false"},
	}
	if c.caller.account == nil {
		ctx["aws:principaltype"] = []string{"Anonymous"}
		return ctx
	}
	c.caller.describe(ctx)
	return ctx
}

// describe adds the keys that tell of the principal. aws:TokenIssueTime exists for temporary credentials alone, which
// is why a deny by it leaves long-term keys alive.
func (c caller) describe(ctx map[string][]string) {
	arn, id := c.names()
	ctx["aws:userid"] = []string{id}
	ctx["aws:principalaccount"] = []string{c.account.id}
	ctx["aws:principalarn"] = []string{arn}
	s := c.session
	switch {
	case c.role != nil:
		ctx["aws:principaltype"] = []string{"AssumedRole"}
		ctx["aws:principalarn"] = []string{c.role.arn}
	case s != nil && s.federated:
		ctx["aws:principaltype"] = []string{"FederatedUser"}
	default:
		ctx["aws:principaltype"] = []string{"User"}
		ctx["aws:username"] = []string{c.user.name}
	}
	if c.view != nil {
		for key, value := range c.view.tags {
			ctx["aws:principaltag/"+strings.ToLower(key)] = []string{value}
		}
	}
	if s == nil {
		return
	}
	ctx["aws:tokenissuetime"] = []string{s.issued.Format(time.RFC3339)}
	ctx["aws:multifactorauthpresent"] = []string{fmt.Sprint(s.mfa)}
	if s.sourceIdentity != "" {
		ctx["aws:sourceidentity"] = []string{s.sourceIdentity}
	}
	for key, value := range s.tags {
		ctx["aws:principaltag/"+strings.ToLower(key)] = []string{value}
	}
}

// set collects the caller's own policies; the resource's are added by who knows the resource.
func (c caller) set() policy.Set {
	s := policy.Set{}
	if c.view != nil {
		s.Identity, s.Boundary = c.view.identity, c.view.boundary
	}
	if c.account != nil {
		s.SCPs = c.account.scps
	}
	if c.session != nil {
		s.Session, s.Narrowed = c.session.policies, c.session.narrowed
	}
	return s
}

// authorize asks whether the call may go on. Operations on things with a policy of their own bring it in.
func (c *call) authorize() error {
	op := c.operation
	if op.open {
		return nil
	}
	set := c.caller.set()
	owner := c.account
	switch op.service {
	case "S3":
		if b := c.w.bucketOf(c.target.arn); b != nil {
			set.Resource, owner = b.policyDoc, b.account
			if b.shutOut(c.caller.account) {
				set.Resource = nil
			}
		}
	case "Secrets Manager":
		if s := owner.secrets[c.target.arn]; s != nil {
			set.Resource = s.policyDoc
		}
	case "STS":
		if r := c.w.roleByARN(c.target.arn); r != nil {
			return c.authorizeAssume(r)
		}
	}
	// An anonymous caller has no account whose policies could be asked.
	set.Foreign = c.caller.account != nil && c.caller.account != owner
	d := policy.Decide(c.question(op.action, c.target.arn, c.target.extra), set)
	if d.Allowed {
		return nil
	}
	return c.denied(op.action, c.target.arn, d)
}

// denied words a refusal as AWS does, in the code of the service's protocol.
func (c *call) denied(action, resource string, d policy.Decision) error {
	arn, _ := c.caller.names()
	why := "no " + d.Where + " allows the " + action + " action"
	if d.Explicit {
		why = "an explicit deny in a"
		if strings.HasPrefix(d.Where, "identity") {
			why += "n"
		}
		why = "with " + why + " " + d.Where
	} else {
		why = "because " + why
	}
	c.decision = d
	text := fmt.Sprintf("User: %s is not authorized to perform: %s on resource: %s %s", arn, action, resource, why)
	if c.caller.account == nil {
		text = "Access Denied"
	}
	switch {
	case isJSONService(c.operation.service):
		return apiError("AccessDeniedException", "%s", text)
	case c.operation.service == "EC2":
		return apiError("UnauthorizedOperation", "You are not authorized to perform this operation. %s", text)
	case c.operation.name == "HeadBucket" || c.operation.name == "HeadObject":
		// An answer to HEAD has no body to put a code in; the SDK makes one of the status.
		return apiError("Forbidden", "Forbidden")
	}
	return apiError("AccessDenied", "%s", text)
}
