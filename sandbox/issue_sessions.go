package sandbox

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/quell-ir/quell/sandbox/policy"
)

func registerSessions(r registry) {
	reads(r, "STS.GetCallerIdentity", (*call).getCallerIdentity, func(o *operation) { o.open = true })
	reads(r, "STS.GetAccessKeyInfo", (*call).getAccessKeyInfo)
	reads(r, "STS.AssumeRole", (*call).assumeRole, at(func(_ *call, in *sts.AssumeRoleInput) target {
		t := target{arn: aws.ToString(in.RoleArn), kind: "AWS::IAM::Role", name: aws.ToString(in.RoleArn)}
		t.extra = map[string][]string{"sts:rolesessionname": {aws.ToString(in.RoleSessionName)}}
		if in.ExternalId != nil {
			t.extra["sts:externalid"] = []string{*in.ExternalId}
		}
		return t
	}), recorded(func(out *sts.AssumeRoleOutput) any {
		return map[string]any{
			"assumedRoleUser": shape(*out.AssumedRoleUser, nil), "credentials": shapeCredentials(out.Credentials),
		}
	}))
	reads(r, "STS.GetSessionToken", (*call).getSessionToken, hiding("TokenCode"), func(o *operation) { o.open = true },
		recorded(func(out *sts.GetSessionTokenOutput) any {
			return map[string]any{"credentials": shapeCredentials(out.Credentials)}
		}))
	reads(r, "STS.GetFederationToken", (*call).getFederationToken, at(func(c *call, in *sts.GetFederationTokenInput) target {
		return target{arn: "arn:aws:sts::" + c.account.id + ":federated-user/" + aws.ToString(in.Name)}
	}), recorded(func(out *sts.GetFederationTokenOutput) any {
		return map[string]any{
			"federatedUser": shape(*out.FederatedUser, nil), "credentials": shapeCredentials(out.Credentials),
		}
	}))
}

// shapeCredentials keeps the id, which correlates a session with its acts, and leaves the secrets out.
func shapeCredentials(c *ststypes.Credentials) any {
	return map[string]any{"accessKeyId": aws.ToString(c.AccessKeyId), "expiration": shapeTime(aws.ToTime(c.Expiration))}
}

func (c *call) getCallerIdentity(*sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	arn, id := c.caller.names()
	return &sts.GetCallerIdentityOutput{
		Account: aws.String(c.caller.account.id), Arn: aws.String(arn), UserId: aws.String(id),
	}, nil
}

func (c *call) getAccessKeyInfo(in *sts.GetAccessKeyInfoInput) (*sts.GetAccessKeyInfoOutput, error) {
	account, ok := accountOfKey(aws.ToString(in.AccessKeyId))
	if !ok {
		return nil, validation("Invalid Access Key ID")
	}
	return &sts.GetAccessKeyInfoOutput{Account: aws.String(account)}, nil
}

// authorizeAssume asks the trust policy, and the caller's own policies where trust names only the account.
func (c *call) authorizeAssume(r *role) error {
	view, known := r.enforced.read(c.now)
	set := c.caller.set()
	set.Trust, set.Foreign = true, c.caller.account != r.account
	if known && !view.gone {
		set.Resource = view.trust
	}
	d := policy.Decide(c.question("sts:AssumeRole", r.arn, c.target.extra), set)
	if d.Allowed {
		return nil
	}
	return c.denied("sts:AssumeRole", r.arn, d)
}

// issue makes credentials. They live until they expire: nothing done to the key that asked for them ends them.
func (c *call) issue(s *session, seconds int32) *ststypes.Credentials {
	s.account = c.caller.account
	if s.role != nil {
		s.account = s.role.account
	}
	s.id = c.w.newKeyID("ASIA", s.account.id)
	s.secret, s.token = c.w.newSecret(), "IQoJb3JpZ2luX2Vj"+letters(c.w.ids, base64Digits, 64)
	s.issued, s.expires = c.now.Truncate(time.Second), c.now.Add(time.Duration(seconds)*time.Second)
	c.w.sessions[s.id] = s
	c.issued = s.id
	// Calls of a session come from where the caller is, until told otherwise.
	if from, known := c.w.origins[c.caller.accessKeyID()]; known {
		c.w.origins[s.id] = from
	}
	return &ststypes.Credentials{
		AccessKeyId: aws.String(s.id), SecretAccessKey: aws.String(s.secret), SessionToken: aws.String(s.token),
		Expiration: aws.Time(s.expires),
	}
}

// sessionPolicies reads the policies that narrow a session.
func (c *call) sessionPolicies(inline *string, arns []ststypes.PolicyDescriptorType) ([]*policy.Document, error) {
	var docs []*policy.Document
	if inline != nil {
		if len(*inline) > 2048 {
			return nil, &ststypes.PackedPolicyTooLargeException{Message: aws.String("Packed size of session policy exceeds 2048 characters")}
		}
		doc, err := policy.Parse(*inline, policy.Identity)
		if err != nil {
			return nil, &ststypes.MalformedPolicyDocumentException{Message: aws.String(err.Error())}
		}
		doc.Type, doc.ID = "session", "session"
		docs = append(docs, doc)
	}
	for _, one := range arns {
		doc := c.account.document(aws.ToString(one.Arn))
		if doc == nil {
			return nil, validation("Policy %s does not exist", aws.ToString(one.Arn))
		}
		docs = append(docs, doc)
	}
	return docs, nil
}

// duration checks what is asked for; AWS words all three cases so.
func duration(asked *int32, usual, most int32) (int32, error) {
	seconds := aws.ToInt32(asked)
	if asked == nil {
		return usual, nil
	}
	if seconds < 900 || seconds > most {
		return 0, validation("1 validation error detected: Value '%d' at 'durationSeconds' failed to satisfy constraint: Member "+
			"must have value between 900 and %d", seconds, most)
	}
	return seconds, nil
}

func (c *call) assumeRole(in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	r := c.w.roleByARN(aws.ToString(in.RoleArn))
	if r == nil {
		// A role that does not exist is refused in the words of one that may not be assumed.
		return nil, c.denied("sts:AssumeRole", aws.ToString(in.RoleArn), policy.Decision{Where: "resource-based policy"})
	}
	seconds, err := duration(in.DurationSeconds, 3600, 43200)
	if err != nil {
		return nil, err
	}
	if seconds > r.maxSession {
		return nil, validation("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	if c.caller.role != nil && seconds > 3600 {
		return nil, validation("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	}
	docs, err := c.sessionPolicies(in.Policy, in.PolicyArns)
	if err != nil {
		return nil, err
	}
	s := &session{role: r, name: aws.ToString(in.RoleSessionName), policies: docs, narrowed: len(docs) > 0, tags: map[string]string{}}
	s.sourceIdentity = aws.ToString(in.SourceIdentity)
	if was := c.caller.session; was != nil {
		if was.sourceIdentity != "" {
			s.sourceIdentity = was.sourceIdentity
		}
	}
	for _, t := range in.Tags {
		s.tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	creds := c.issue(s, seconds)
	arn, id := caller{account: r.account, role: r, session: s}.names()
	return &sts.AssumeRoleOutput{
		Credentials: creds, AssumedRoleUser: &ststypes.AssumedRoleUser{Arn: aws.String(arn), AssumedRoleId: aws.String(id)},
		SourceIdentity: in.SourceIdentity,
	}, nil
}

func (c *call) getSessionToken(in *sts.GetSessionTokenInput) (*sts.GetSessionTokenOutput, error) {
	seconds, err := duration(in.DurationSeconds, 43200, 129600)
	if err != nil {
		return nil, err
	}
	s := &session{user: c.caller.user}
	if serial := aws.ToString(in.SerialNumber); serial != "" {
		if d := c.caller.user.device(serial); d == nil || len(aws.ToString(in.TokenCode)) != 6 {
			return nil, apiError("AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code.")
		}
		s.mfa = true
	}
	return &sts.GetSessionTokenOutput{Credentials: c.issue(s, seconds)}, nil
}

// getFederationToken narrows the user's permissions to the passed policies; without any the session may do nothing.
func (c *call) getFederationToken(in *sts.GetFederationTokenInput) (*sts.GetFederationTokenOutput, error) {
	seconds, err := duration(in.DurationSeconds, 43200, 129600)
	if err != nil {
		return nil, err
	}
	docs, err := c.sessionPolicies(in.Policy, in.PolicyArns)
	if err != nil {
		return nil, err
	}
	name := aws.ToString(in.Name)
	if strings.ContainsAny(name, " /:") {
		return nil, validation("1 validation error detected: Value '%s' at 'name' failed to satisfy constraint", name)
	}
	s := &session{user: c.caller.user, federated: true, name: name, policies: docs, narrowed: true}
	creds := c.issue(s, seconds)
	arn, id := caller{account: s.account, user: s.user, session: s}.names()
	return &sts.GetFederationTokenOutput{
		Credentials: creds, FederatedUser: &ststypes.FederatedUser{Arn: aws.String(arn), FederatedUserId: aws.String(id)},
	}, nil
}
