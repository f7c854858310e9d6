package iam

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/call"
)

// revokeParams are the step's parameters.
type revokeParams struct {
	// Session narrows the deny to the role session of this name.
	Session string `json:"session,omitempty"`
	// After is when a session is known to have been taken: a deny that was stamped before it lets that session pass.
	After time.Time `json:"after,omitzero"`
}

// revokeState holds the facts about a role: whether our deny is on it, and what tells people whom the deny hits and whom
// it lets pass.
type revokeState struct {
	Exists bool   `json:"exists"`
	RoleID string `json:"role_id"`
	ARN    string `json:"arn"`
	HeldBy string `json:"held_by"`
	// Revoked says that our policy is there, says what it must, and that its time is not before the incident was opened.
	Revoked bool `json:"revoked"`
	// Stamp is the time our policy denies sessions up to, whoever wrote it; "" where there is none to be found.
	Stamp string `json:"stamp"`
	// Longest is how long a session taken now may live, in seconds.
	Longest int64 `json:"longest"`
	// Inline is how many characters the role's other inline policies take, white space not counted.
	Inline   int    `json:"inline"`
	LastUsed string `json:"last_used"`
	// Trusted are the principals that may take new sessions; Profiles the instance profiles that hand them to instances.
	Trusted  map[string]bool `json:"trusted"`
	Profiles map[string]bool `json:"profiles"`
}

// inlineOfRole is how many characters a role's inline policies may hold together, white space not counted.
// Source: IAM user guide, IAM and AWS STS quotas. It only warns: AWS judges at the call.
const inlineOfRole = 10240

// RevokeRoleSessions denies everything to the sessions a role has given out so far.
var RevokeRoleSessions = action.Define(action.Spec[revokeParams, revokeState]{
	Name:   "iam.revoke-role-sessions",
	Title:  "end the role's live sessions",
	Phase:  quell.Contain,
	Target: quell.KindRole,
	Doc: action.Doc{
		What:   "Puts an inline policy on the role that denies everything to sessions issued before now (or, with the parameter session, to the one session of that name), and tags the role with the incident.",
		Why:    "A role session lives up to 12 hours, whatever becomes of the key or trust that it came from; there is no call that ends it. The deny is judged at every request.",
		Breaks: "Every workload that uses the role fails until it takes new credentials: SDKs do so only when the old ones expire, unless restarted. With session, that one session alone.",
		Undo:   "The policy and the tag are taken off once the last session that was denied must have ended.",
		Traps: []string{
			"New sessions pass: close first how they are taken (the trusted principals and instance profiles are listed), or the intruder takes another.",
			"Roles that may assume each other hand each other new sessions: revoke all of them.",
			"Changing the trust policy ends no session.",
			"Service-linked roles cannot be changed, AWSReservedSSO roles only by Identity Center: refused, with what to do instead.",
			"The time is UTC and set when the call is sent; a policy whose time lies before the incident does not count as done.",
			"A session's name is chosen by whoever assumes the role, except where AWS sets it (instance, function, task): elsewhere the intruder returns under another name.",
			"Where the role's inline policies are full (10,240 characters) there is no other way: AWSDenyAll attached would stop every later session too, so that is for a person to decide.",
		},
		D3FEND: []string{"D3-ST", "D3-UAP"},
		Source: []string{
			"IAM user guide, Revoke IAM role temporary security credentials",
			"IAM user guide, Disabling permissions for temporary security credentials", "IAM user guide, IAM and AWS STS quotas",
			"IAM user guide, IAM JSON policy elements: global condition keys, aws:TokenIssueTime and aws:userid",
		},
	},
	Reads: []string{
		"iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies", "iam:ListInstanceProfilesForRole",
	},
	Writes: []*call.Definition{
		putRolePolicy.Definition, deleteRolePolicy.Definition, tagRole.Definition, untagRole.Definition,
	},
	Volatile: []string{"/last_used", "/stamp", "/inline"},
	Look:     lookRevoke,
	Plan:     planRevoke,
	Refuse:   refuseRevoke,
	Breaks:   breaksRevoke,
})

// sessionName is what AWS takes as a RoleSessionName: nothing in it can turn into a wildcard or a policy variable.
// Source: STS API reference, AssumeRole.
var sessionName = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)

// refuseRevoke keeps off roles that nobody may change, roles that others hold, and the one Quell acts with: a deny on that
// would end the response, and only somebody else could lift it.
func refuseRevoke(in action.In[revokeParams, revokeState], now revokeState) string {
	role := quell.Clean(nameOf(in.Target))
	if why := notOurs(in.Target, now.RoleID, now.HeldBy, in.Incident.ID); why != "" {
		return why
	}
	// What the account says comes before what a log said; a role that is not there is judged by its name alone.
	arn := in.Target.ARN
	if now.ARN != "" {
		arn = now.ARN
	}
	switch {
	case strings.Contains(arn, ":role/aws-service-role/") || strings.HasPrefix(role, "AWSServiceRoleFor"):
		return fmt.Sprintf("%s is a service-linked role, which nobody can change; contain the service's own resource that uses it", role)
	case strings.Contains(arn, ":role/aws-reserved/") || strings.HasPrefix(role, "AWSReservedSSO_"):
		return fmt.Sprintf("%s belongs to Identity Center and cannot be changed here; disable the person there, remove the assignment, end the active sessions, "+
			"and until they have ended deny the role by a service control policy", role)
	case in.With.Session != "" && !sessionName.MatchString(in.With.Session):
		return fmt.Sprintf("%q is no role session name; give the part after the colon of the session's AROA...:name", quell.Clean(in.With.Session))
	}
	for _, responder := range in.Settings.Responders {
		if session, same := sessionOf(responder, arn, nameOf(in.Target)); same && (in.With.Session == "" || session == "" || session == in.With.Session) {
			return fmt.Sprintf("%s is the role Quell itself acts with (%s); answer with another identity, or narrow the step to one session", role, quell.Clean(responder))
		}
	}
	return ""
}

// sessionOf says whether a responder's ARN is the role, and which of its sessions ("" for the role itself).
func sessionOf(responder, role, name string) (session string, same bool) {
	if responder == role && role != "" {
		return "", true
	}
	parts := strings.SplitN(responder, ":", 6)
	if len(parts) != 6 || parts[2] != "sts" {
		return "", false
	}
	resource := strings.Split(parts[5], "/")
	if len(resource) != 3 || resource[0] != "assumed-role" || resource[1] != name {
		return "", false
	}
	// The ARN of a session names the account, and no path of the role's.
	if of := strings.SplitN(role, ":", 6); len(of) == 6 && of[4] != parts[4] {
		return "", false
	}
	return resource[2], true
}

// planRevoke puts the policy on before the tag: seconds count for the one and not for the other. There is no alternative
// to an inline policy; see Traps.
func planRevoke(in action.In[revokeParams, revokeState], now revokeState) ([]quell.Call, error) {
	if !now.Exists {
		return nil, nil
	}
	role, name := nameOf(in.Target), revokeName(in)
	var calls []quell.Call
	if !now.Revoked {
		document, err := revokeDocument(now.RoleID, in.With.Session, call.FillNow)
		if err != nil {
			return nil, err
		}
		who := "sessions of role " + role
		if in.With.Session != "" {
			who = fmt.Sprintf("session %s of role %s", in.With.Session, role)
		}
		calls = append(calls, putRolePolicy.With(&iam.PutRolePolicyInput{
			RoleName: &role, PolicyName: &name, PolicyDocument: &document,
		}).UndoneBy(deleteRolePolicy.With(&iam.DeleteRolePolicyInput{RoleName: &role, PolicyName: &name})).
			Touching("/revoked").KeepingOut(who, now.Longest))
	}
	if now.HeldBy == "" {
		tag := types.Tag{Key: aws.String(action.TagKey), Value: aws.String(in.Incident.ID)}
		calls = append(calls, tagRole.With(&iam.TagRoleInput{RoleName: &role, Tags: []types.Tag{tag}}).
			UndoneBy(untagRole.With(&iam.UntagRoleInput{RoleName: &role, TagKeys: []string{action.TagKey}})).
			Touching("/held_by"))
	}
	return calls, nil
}

// revokeName names our policy. Steps for several sessions of one role each have their own, so that none overwrites
// another's.
func revokeName(in action.In[revokeParams, revokeState]) string {
	name := in.Made() + "-sessions"
	if in.With.Session != "" {
		name += "-" + quell.ShortHash(8, in.With.Session)
	}
	return name
}

// revokeStatement has its fields in the order in which IAM's own examples write them.
type revokeStatement struct {
	Sid       string                       `json:"Sid"`
	Effect    string                       `json:"Effect"`
	Action    string                       `json:"Action"`
	Resource  string                       `json:"Resource"`
	Condition map[string]map[string]string `json:"Condition"`
}

type revokePolicy struct {
	Version   string            `json:"Version"`
	Statement []revokeStatement `json:"Statement"`
}

// revokeDocument denies everything to sessions issued before a time, or to one session whenever it was issued: an
// instance is handed new credentials under the same session name every few hours.
func revokeDocument(roleID, session, before string) (string, error) {
	condition := map[string]map[string]string{"DateLessThan": {"aws:TokenIssueTime": before}}
	if session != "" {
		condition = map[string]map[string]string{"StringEquals": {"aws:userid": roleID + ":" + session}}
	}
	text, err := json.Marshal(revokePolicy{Version: "2012-10-17", Statement: []revokeStatement{{
		Sid: "QuellRevokeSessions", Effect: "Deny", Action: "*", Resource: "*", Condition: condition,
	}}})
	return string(text), err
}

// readRevoke judges a policy found under our name: whether it does what ours must, and the time in it.
func readRevoke(document, roleID, session string, opened time.Time) (revoked bool, before string) {
	plain, err := call.PolicyText(document)
	if err != nil || plain == nil {
		return false, ""
	}
	var policy revokePolicy
	if json.Unmarshal(plain, &policy) == nil && len(policy.Statement) == 1 {
		before = policy.Statement[0].Condition["DateLessThan"]["aws:TokenIssueTime"]
	}
	// Whatever else stands in the policy, it counts only where it is, but for the time, the very document we write.
	want, err := revokeDocument(roleID, session, before)
	if err != nil || !samePolicy(document, want) {
		return false, before
	}
	if session != "" {
		return true, ""
	}
	at, err := time.Parse(time.RFC3339, before)
	return err == nil && !at.Before(opened.Truncate(time.Second)), before
}

// breaksRevoke says who is hit, and who may come back at once: without the second list a person would take the sessions'
// end for the end of it.
func breaksRevoke(in action.In[revokeParams, revokeState], now revokeState) []string {
	role := quell.Clean(nameOf(in.Target))
	if in.With.Session != "" {
		return append([]string{fmt.Sprintf("session %s of role %s, from now on and under new credentials too", in.With.Session, role)}, crowded(now)...)
	}
	used := "no use on record"
	if now.LastUsed != "" {
		used = "last used " + now.LastUsed
	}
	out := []string{fmt.Sprintf("every live session of role %s until it takes new credentials (%s)", role, used)}
	for _, e := range in.Incident.Entities {
		if e.Kind == quell.KindSession && e.Of != "" && e.Of == now.RoleID {
			line := "session seen in this incident: " + quell.Clean(nameOf(e))
			if !slices.Contains(out, line) {
				out = append(out, line)
			}
		}
	}
	for _, profile := range sorted(now.Profiles) {
		out = append(out, "instances with profile "+quell.Clean(profile)+", until they fetch new credentials")
	}
	for _, principal := range sorted(now.Trusted) {
		out = append(out, "not stopped: "+quell.Clean(principal)+" is trusted and may take a new session")
	}
	return append(out, crowded(now)...)
}

// crowded warns where the policy may not fit.
func crowded(now revokeState) []string {
	if now.Inline+400 <= inlineOfRole {
		return nil
	}
	return []string{fmt.Sprintf("the role's other inline policies take %d of %d characters: where AWS answers LimitExceeded, this way is unavailable; "+
		"make room, or decide by hand for AWSDenyAll, which stops later sessions too", now.Inline, inlineOfRole)}
}
