package s3

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/call"
)

type denyParams struct {
	// Allow are ARNs of principals that go on besides the responders.
	Allow []string `json:"allow,omitempty"`
}

type denyState struct {
	bucket
	// Ours is our statement as it stands in the policy, canonical; "" where there is none.
	Ours string `json:"ours"`
	// Theirs names the other statements, Allowed whom they let in, Size how many bytes they take.
	Theirs  map[string]bool `json:"theirs"`
	Allowed map[string]bool `json:"allowed"`
	Size    int             `json:"size"`
	// Public is S3's word on the policy, Blocked whether a public policy may be written at all.
	Public  string `json:"public"`
	Blocked bool   `json:"blocked"`
}

// sizeOfPolicy is how many bytes a bucket policy may have. Source: S3 user guide, Bucket policies.
const sizeOfPolicy = 20 * 1024

// DenyAllExcept shuts a bucket to all but the responders and named principals.
var DenyAllExcept = action.Define(action.Spec[denyParams, denyState]{
	Name:   "s3.deny-all-except",
	Title:  "deny the bucket to all but the responders",
	Phase:  quell.Contain,
	Target: quell.KindBucket,
	Doc: action.Doc{
		What:   "Adds one statement to the bucket's policy that denies everything on the bucket and its objects to everybody but the responders, the principals in the parameter allow, and AWS services acting for themselves.",
		Why:    "It stops every way in at once, from the next request on: stolen credentials, foreign accounts, presigned URLs, public access. Without it each must be found and shut by itself.",
		Breaks: "Every workload on the bucket that is not named in allow, replication and batch jobs (they work under a role) included.",
		Undo:   "Our statement alone is taken out; where it was the only one, the policy is deleted. What others wrote meanwhile stays.",
		Traps: []string{
			"PutBucketPolicy replaces the whole policy: it is read, merged and read back; a statement that vanished because somebody wrote at the same time is reported by its Sid.",
			"Whoever denies the bucket to himself can be helped by the account's root user only: without a known responder the step is refused, and the statement is tried against each responder before it is sent.",
			"A role's session shows as its role in aws:PrincipalArn, never as the session.",
			"Log delivery, CloudTrail and CloudFront with origin access control are spared (aws:PrincipalIsAWSService); service roles and replication are not.",
			"With the public access block on, S3 refuses to write a policy that is public elsewhere, even to add a deny: do this step before s3.block-public.",
			"Objects already copied elsewhere, and copies made by replication, are not reached.",
			"Lifecycle rules go on: S3 itself expires objects, and no policy stops it.",
		},
		D3FEND: []string{"D3-RFAM", "D3-UAP"},
		Source: []string{
			"S3 user guide, Bucket policies", "S3 API reference, PutBucketPolicy (root keeps access to the policy)",
			"IAM user guide, AWS global condition context keys, aws:PrincipalArn and aws:PrincipalIsAWSService",
			"IAM user guide, Policy evaluation logic",
		},
	},
	Reads: []string{
		"s3:GetBucketLocation", "s3:GetBucketTagging", "s3:GetBucketPolicy", "s3:GetBucketPolicyStatus", "s3:GetPublicAccessBlock",
	},
	Writes:   []*call.Definition{putBucketPolicy.Definition},
	Volatile: []string{"/theirs", "/allowed", "/size", "/public", "/blocked", "/held_by"},
	Look:     lookDeny,
	Plan:     planDeny,
	Refuse:   refuseDeny,
	Breaks:   breaksDeny,
})

type denyStatement struct {
	Sid       string        `json:"Sid"`
	Effect    string        `json:"Effect"`
	Principal string        `json:"Principal"`
	Action    string        `json:"Action"`
	Resource  []string      `json:"Resource"`
	Condition denyCondition `json:"Condition"`
}

type denyCondition struct {
	ArnNotLike   map[string][]string `json:"ArnNotLike"`
	BoolIfExists map[string]string   `json:"BoolIfExists"`
}

// sidOf names our statement; a Sid takes letters and digits only.
func sidOf(incident string) string {
	return "Quell" + strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, incident)
}

// statementOf is our statement. An anonymous request carries neither key: a Not condition then holds, and IfExists makes
// the other one hold too, so that it is denied.
func statementOf(in action.In[denyParams, denyState]) (denyStatement, error) {
	spared, err := exceptions(in.Settings.Responders, in.With.Allow)
	if err != nil {
		return denyStatement{}, err
	}
	arn := "arn:" + partitionOf(in.Target, in.Settings) + ":s3:::" + nameOf(in.Target)
	return denyStatement{
		Sid: sidOf(in.Incident.ID), Effect: "Deny", Principal: "*", Action: "s3:*", Resource: []string{arn, arn + "/*"},
		Condition: denyCondition{
			ArnNotLike:   map[string][]string{"aws:PrincipalArn": spared},
			BoolIfExists: map[string]string{"aws:PrincipalIsAWSService": "false"},
		},
	}, nil
}

// planDeny compares the statement whole, so that one which somebody weakened is put back.
func planDeny(in action.In[denyParams, denyState], now denyState) ([]quell.Call, error) {
	if !now.Exists {
		return nil, nil
	}
	statement, err := statementOf(in)
	if err != nil {
		return nil, err
	}
	want, err := quell.Canonical(statement)
	if err != nil {
		return nil, err
	}
	if now.Ours == string(want) {
		return nil, nil
	}
	// A statement of our name that was there at first comes back at undo; another hand wrote it, or an earlier step.
	var before []json.RawMessage
	if in.Before.Ours != "" {
		before = append(before, json.RawMessage(in.Before.Ours))
	}
	name := nameOf(in.Target)
	c := putBucketPolicy.Editing(&s3.PutBucketPolicyInput{Bucket: &name, ExpectedBucketOwner: ownerOf(in.Target)},
		[]json.RawMessage{want}, before)
	c.Region = now.Region
	return []quell.Call{c.Touching("/ours")}, nil
}

// refuseDeny guards against the one mistake here that only the root user can repair: shutting ourselves out.
func refuseDeny(in action.In[denyParams, denyState], now denyState) string {
	name := quell.Clean(nameOf(in.Target))
	if why := heldByOther(in.Target, now.HeldBy, in.Incident.ID); why != "" || !now.Exists {
		return why
	}
	if len(in.Settings.Responders) == 0 {
		return fmt.Sprintf("nobody is known who must keep access to %s: denied to all, only the account's root user could open it again; "+
			"set responders to the ARNs that answer, Quell's own first", name)
	}
	for _, arn := range in.With.Allow {
		if intruder(arn, in.Incident) {
			return fmt.Sprintf("%s takes part in the incident as its actor, and the parameter allow would leave it in; take it off the list", quell.Clean(arn))
		}
	}
	statement, err := statementOf(in)
	if err != nil {
		return err.Error() + "; correct responders or the parameter allow"
	}
	// Asked of the very statement that would be sent, not of how it was made.
	for _, arn := range in.Settings.Responders {
		for _, shown := range shownAs(arn) {
			if denies(statement, shown) {
				return fmt.Sprintf("the statement would deny %s to %s, which responds; nothing is sent", name, quell.Clean(arn))
			}
		}
	}
	text, err := json.Marshal(statement)
	if err != nil {
		return err.Error()
	}
	const frame = len(`{"Version":"2012-10-17","Statement":[]},`)
	if size := max(now.Size+1, frame) + len(text); now.Ours == "" && size > sizeOfPolicy {
		return fmt.Sprintf("the policy of %s would have %d bytes of the %d that S3 takes; shorten it or the list of allowed principals, "+
			"or deny the principals instead (iam.quarantine-user, iam.revoke-role-sessions)", name, size, sizeOfPolicy)
	}
	return ""
}

// breaksDeny names whom the policy lets in so far: that is all S3 knows of who uses a bucket.
func breaksDeny(in action.In[denyParams, denyState], now denyState) []string {
	name := quell.Clean(nameOf(in.Target))
	out := []string{fmt.Sprintf("every reader and writer of %s but: %s", name,
		quell.Clean(strings.Join(append(slices.Clone(in.Settings.Responders), in.With.Allow...), ", ")))}
	for _, principal := range slices.Sorted(maps.Keys(now.Allowed)) {
		if strings.HasPrefix(principal, "Service: ") {
			out = append(out, "goes on: "+quell.Clean(principal))
			continue
		}
		out = append(out, "let in by the policy until now: "+quell.Clean(principal))
	}
	if now.Blocked && now.Public != no {
		out = append(out, "the policy may be public ("+quell.Clean(now.Public)+") while BlockPublicPolicy is on: S3 may refuse to have it written (AccessDenied) "+
			"until the public statement is taken out by hand")
	}
	return append(out, "who used the bucket in the last day is known only where data events or access logs are kept")
}

// lookDeny keeps facts about the others' statements only; the document itself is read afresh when the edit is sent.
func lookDeny(ctx context.Context, cfg aws.Config, in action.In[denyParams, denyState]) (denyState, error) {
	state := denyState{Theirs: map[string]bool{}, Allowed: map[string]bool{}}
	found, cfg, err := readBucket(ctx, cfg, in.Target)
	state.bucket = found
	if err != nil || !found.Exists {
		return state, err
	}
	policy, err := readStatements(ctx, cfg, in.Target, sidOf(in.Incident.ID))
	if err != nil {
		return state, err
	}
	state.Ours, state.Theirs, state.Allowed, state.Size = policy.ours, policy.sids, policy.allowed, policy.size
	if state.Public, err = isPublic(ctx, cfg, in.Target); err != nil {
		return state, err
	}
	block, err := readBlock(ctx, cfg, in.Target)
	if err != nil {
		return state, err
	}
	state.Blocked = block != nil && aws.ToBool(block.BlockPublicPolicy)
	return state, nil
}
