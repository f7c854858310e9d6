package iam

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/call"
)

// mostUsers is up to how many users every one is asked for keys and password; beyond, only those that matter are.
const mostUsers = 500

// sweep is one look on its way.
type sweep struct {
	cfg   aws.Config
	in    action.In[sweepParams, sweepState]
	by    attribution
	state sweepState
}

// lookSweep reads the whole account rather than the incident's entities alone: what the trail missed shows by its date.
func lookSweep(ctx context.Context, cfg aws.Config, in action.In[sweepParams, sweepState]) (sweepState, error) {
	s := &sweep{cfg: cfg, in: in, by: attributing(in), state: sweepState{
		Users: map[string]sweptUser{}, Keys: map[string]sweptKey{}, Roles: map[string]sweptRole{}, Seen: map[string]candidate{},
		LastUse: map[string]string{}, Gaps: map[string]bool{},
	}}
	if in.Incident.Since.IsZero() {
		s.state.Gaps["when the intrusion began is not known: nothing is judged by its date"] = true
	}
	for _, part := range []func(context.Context) error{s.users, s.roles, s.groups, s.policies, s.providers} {
		if err := part(ctx); err != nil {
			return s.state, err
		}
	}
	s.others()
	return s.state, nil
}

// note keys a candidate by kind and name, so that no order of lists shows in the state.
func (s *sweep) note(c candidate) { s.state.Seen[c.Kind+"/"+firstOf(c.Name, c.ID)] = c }

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// gap notes a refusal as a place that was not looked at; any other failure may pass, and the look is made again.
func (s *sweep) gap(what string, err error) error {
	code := call.Code(err)
	if call.Denied(code) || code == call.CodeNotAvailable || code == "NotImplemented" { // the last by emulators
		s.state.Gaps[what+": "+code] = true
		return nil
	}
	return wrap(err, "list", what)
}

// users fails where they cannot be listed: a sweep that sees no users must not end as done.
func (s *sweep) users(ctx context.Context) error {
	users, err := everyPage(func(marker *string) ([]types.User, bool, *string, error) {
		out, err := iam.NewFromConfig(s.cfg).ListUsers(ctx, &iam.ListUsersInput{Marker: marker})
		if err != nil {
			return nil, false, nil, err
		}
		return out.Users, out.IsTruncated, out.Marker, nil
	})
	if err != nil {
		return wrap(err, "list", "users")
	}
	if len(users) > mostUsers {
		s.state.Gaps[fmt.Sprintf("keys and console passwords of %d users: only those were asked for that are new or part of the incident", len(users))] = true
	}
	for _, u := range users {
		if err := s.user(ctx, u, len(users) > mostUsers); err != nil {
			return err
		}
	}
	return nil
}

// user looks at one user, and at its keys and password where it matters or there are few users.
func (s *sweep) user(ctx context.Context, u types.User, many bool) error {
	id, name, arn, made := aws.ToString(u.UserId), aws.ToString(u.UserName), aws.ToString(u.Arn), stamp(u.CreateDate)
	how := s.by.made(wordUser, quell.KindUser, id, name, arn, made)
	touched := s.by.touched(quell.KindUser, id, name, arn)
	isNew := sinceIncident(made, s.in.Incident)
	if how != "" || isNew || touched {
		c := candidate{Kind: wordUser, ID: id, Name: name, Made: made, How: how}
		if how == "" && touched {
			c.How = "the trail shows the intruder changing it"
		}
		if err := s.describeUser(ctx, name, how == "" && touched, &c); err != nil {
			return err
		}
		if how != "" {
			if err := s.sweptUser(ctx, name, arn, &c); err != nil {
				return err
			}
		}
		s.note(c)
	}
	mentioned := how != "" || isNew || touched || s.mentions(id, name, arn)
	if many && !mentioned {
		return nil
	}
	_, neutralised := s.state.Users[name]
	return s.userCredentials(ctx, name, id, arn, neutralised)
}

// mentions says whether the incident knows a user in any part, such as the owner of the leaked key.
func (s *sweep) mentions(id, name, arn string) bool {
	for _, e := range s.in.Incident.Entities {
		if e.Kind == quell.KindUser && (e.ID == id || e.ARN == arn || e.Name == name) || e.Kind == quell.KindAccessKey && (e.Of == id || e.Of == arn) {
			return true
		}
	}
	return false
}

// describeUser lists a changed user's policies, which have no dates: a person must tell which of them are new.
func (s *sweep) describeUser(ctx context.Context, name string, changed bool, c *candidate) error {
	if !changed {
		return nil
	}
	inline, err := readUserPolicyNames(ctx, s.cfg, name)
	if missing(err) {
		return nil
	}
	if err != nil {
		return s.gap("policies of user "+name, err)
	}
	attached, err := readUserAttached(ctx, s.cfg, name)
	if err != nil {
		return s.gap("policies of user "+name, err)
	}
	c.Note = policiesNote(inline, attached)
	return nil
}

// sweptUser reads how the user is denied, with the very look of the quarantine.
func (s *sweep) sweptUser(ctx context.Context, name, arn string, c *candidate) error {
	now, err := lookQuarantine(ctx, s.cfg, quarantineOf(s.in, name, sweptUser{UserID: c.ID, ARN: arn}, nil))
	if err != nil || !now.Exists {
		return err
	}
	for key, use := range now.LastUse {
		s.state.LastUse[key] = use
	}
	c.Dealt = now.Inline || now.Attached || now.Boundary == denyAll(partitionOf(arn))
	// Keys are planned apart: a user's keys stay off at undo, its deny does not.
	if c.Note = spared(s.in, c.ID, name, arn, now.HeldBy); c.Note == "" {
		s.state.Users[name] = sweptUser{
			UserID: now.UserID, ARN: arn, Inline: now.Inline, Attached: now.Attached, Boundary: now.Boundary, HeldBy: now.HeldBy,
		}
	}
	return nil
}

// userCredentials looks at a user's ways in. New keys on old users are how an intruder stays under a known name.
func (s *sweep) userCredentials(ctx context.Context, name, id, arn string, neutralised bool) error {
	keys, err := readKeys(ctx, s.cfg, name)
	if missing(err) {
		return nil // deleted since it was listed
	}
	if err != nil {
		return err
	}
	for _, k := range keys {
		if err := s.key(ctx, name, arn, k, neutralised); err != nil {
			return err
		}
	}
	login, err := readLogin(ctx, s.cfg, name)
	if err != nil {
		return s.gap("console password of user "+name, err)
	}
	if login == nil {
		return nil
	}
	made := stamp(login.CreateDate)
	how := ""
	for _, e := range s.in.Incident.Pick(quell.KindResource, quell.PartMade) {
		if of, ok := strings.CutPrefix(e.ID, "login-profile/"); ok && (of == id || of == arn || e.Name == name && e.Of == "") {
			how = "the trail shows the intruder making it"
		}
	}
	if how != "" || sinceIncident(made, s.in.Incident) {
		s.note(candidate{
			Kind: wordLogin, ID: id, Name: name, Made: made, How: how, Dealt: neutralised && s.denied(name),
			Note: "iam.disable-console takes the password away",
		})
	}
	return nil
}

func (s *sweep) denied(user string) bool {
	u := s.state.Users[user]
	return u.Inline || u.Attached || u.Boundary == denyAll(partitionOf(u.ARN))
}

// key judges one access key. Every key of a user that is the intruder's is the intruder's.
func (s *sweep) key(ctx context.Context, user, arn string, k types.AccessKeyMetadata, neutralised bool) error {
	id, made := aws.ToString(k.AccessKeyId), stamp(k.CreateDate)
	how := s.by.made(wordKey, quell.KindAccessKey, id, id, "", made)
	if how == "" && neutralised {
		how = "it belongs to user " + user + ", who is the intruder's"
	}
	if how == "" && !sinceIncident(made, s.in.Incident) {
		return nil
	}
	c := candidate{
		Kind: wordKey, ID: id, Made: made, How: how, Dealt: k.Status != types.StatusTypeActive, Note: "of user " + user,
	}
	if how != "" {
		if why := spared(s.in, id, user, arn, ""); why != "" {
			c.Note += "; " + why
		} else {
			s.state.Keys[id] = sweptKey{User: user, Status: string(k.Status)}
		}
	}
	use, err := lastUse(ctx, s.cfg, id)
	if err != nil {
		if err := s.gap("last use of "+id, err); err != nil {
			return err
		}
	}
	s.state.LastUse[id] = use
	s.note(c)
	return nil
}

// policiesNote lists policies without judging them: IAM does not say when one was attached, nor by whom.
func policiesNote(inline []string, attached []types.AttachedPolicy) string {
	names := map[string]bool{}
	for _, n := range inline {
		names["embedded "+n] = true
	}
	for _, p := range attached {
		names[aws.ToString(p.PolicyName)] = true
	}
	if len(names) == 0 {
		return "it has no policies of its own"
	}
	return "its policies, of which a person must tell the new ones: " + strings.Join(sorted(names), ", ")
}
