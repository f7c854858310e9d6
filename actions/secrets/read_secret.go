package secrets

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/call"
)

// The stages that a version can be in. Source: Secrets Manager API reference, DescribeSecret, VersionIdsToStages.
const (
	stageCurrent = "AWSCURRENT"
	stagePending = "AWSPENDING"
)

// idOf is what names the secret to the service: its ARN before its name, which may have been given anew.
func idOf(e quell.Entity) string {
	for _, s := range []string{e.ARN, e.ID, e.Name} {
		if s != "" {
			return s
		}
	}
	return ""
}

func nameOf(e quell.Entity) string {
	if e.Name != "" {
		return e.Name
	}
	return idOf(e)
}

// regionOf is where the secret lies: its ARN says it.
func regionOf(e quell.Entity, otherwise string) string {
	if parts := strings.SplitN(idOf(e), ":", 6); len(parts) == 6 && parts[0] == "arn" && parts[3] != "" {
		return parts[3]
	}
	if e.Region != "" {
		return e.Region
	}
	return otherwise
}

func stamp(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// after says whether a stamp is not before the incident was opened. Stamps hold whole seconds.
func after(made string, incident quell.Incident) bool {
	at, err := time.Parse(time.RFC3339, made)
	return err == nil && !at.Before(incident.Opened.Truncate(time.Second))
}

// lookSecret reads what is known about a secret, never the secret: GetSecretValue is not among the reads.
func lookSecret(ctx context.Context, cfg aws.Config, in action.In[rotateParams, rotateState]) (rotateState, error) {
	id := idOf(in.Target)
	state := rotateState{Foreign: map[string]bool{}, Region: regionOf(in.Target, cfg.Region)}
	cfg = cfg.Copy()
	cfg.Region = state.Region
	got, err := secretsmanager.NewFromConfig(cfg).DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &id})
	if missing(err) {
		return state, nil
	}
	if err != nil {
		return state, fmt.Errorf("read secret %s: %w", id, err)
	}
	state.Exists = true
	state.Primary, state.Deleted = aws.ToString(got.PrimaryRegion), stamp(got.DeletedDate)
	state.Rotated = stamp(got.LastRotatedDate)
	if got.LastAccessedDate != nil {
		state.Read = got.LastAccessedDate.UTC().Format(time.DateOnly)
	}
	switch {
	case !aws.ToBool(got.RotationEnabled):
	case aws.ToString(got.RotationLambdaARN) != "":
		state.Rotation = "lambda"
	default:
		state.Rotation = "managed"
	}
	for _, t := range got.Tags {
		if aws.ToString(t.Key) == action.TagKey {
			state.HeldBy = aws.ToString(t.Value)
		}
	}
	if err := readVersions(ctx, cfg, id, in.Incident, &state); err != nil {
		return state, err
	}
	return state, readResourcePolicy(ctx, cfg, id, in.Target.Account, &state)
}

func missing(err error) bool { return call.Code(err) == "ResourceNotFoundException" }

// readVersions finds the versions that count and when each was made; DescribeSecret gives no dates.
func readVersions(ctx context.Context, cfg aws.Config, id string, incident quell.Incident, state *rotateState) error {
	versions, err := listVersions(ctx, cfg, id)
	if err != nil {
		return fmt.Errorf("list versions of secret %s: %w", id, err)
	}
	for _, v := range versions {
		switch {
		case slices.Contains(v.VersionStages, stageCurrent):
			// AWSPENDING may stay on the version that became current: that rotation has ended.
			state.Current, state.CurrentMade = aws.ToString(v.VersionId), stamp(v.CreatedDate)
		case slices.Contains(v.VersionStages, stagePending):
			state.Pending, state.PendingMade = aws.ToString(v.VersionId), stamp(v.CreatedDate)
		}
	}
	state.Renewed = after(state.CurrentMade, incident)
	state.Waiting = state.Pending != "" && after(state.PendingMade, incident)
	return nil
}

func listVersions(ctx context.Context, cfg aws.Config, id string) ([]types.SecretVersionsListEntry, error) {
	var all []types.SecretVersionsListEntry
	in := &secretsmanager.ListSecretVersionIdsInput{SecretId: &id, MaxResults: aws.Int32(100)}
	for {
		out, err := secretsmanager.NewFromConfig(cfg).ListSecretVersionIds(ctx, in)
		if err != nil {
			return nil, err
		}
		all = append(all, out.Versions...)
		if aws.ToString(out.NextToken) == "" {
			return all, nil
		}
		in.NextToken = out.NextToken
	}
}

// readResourcePolicy lists whom the secret lets in from elsewhere. It only warns, so that a refusal is noted and no more.
func readResourcePolicy(ctx context.Context, cfg aws.Config, id, account string, state *rotateState) error {
	out, err := secretsmanager.NewFromConfig(cfg).GetResourcePolicy(ctx, &secretsmanager.GetResourcePolicyInput{SecretId: &id})
	switch code := call.Code(err); {
	case call.Denied(code) || code == call.CodeNotAvailable || code == "NotImplemented":
		state.PolicyKnown = "unknown: " + code
		return nil
	case err != nil:
		return fmt.Errorf("read resource policy of secret %s: %w", id, err)
	}
	state.PolicyKnown = "yes"
	if state.Foreign, err = foreignPrincipals(aws.ToString(out.ResourcePolicy), accountOf(id, account)); err != nil {
		return fmt.Errorf("resource policy of secret %s: %w", id, err)
	}
	return nil
}

// accountOf is the account in an ARN.
func accountOf(id, otherwise string) string {
	if parts := strings.SplitN(id, ":", 6); len(parts) == 6 && parts[0] == "arn" {
		return parts[4]
	}
	return otherwise
}

// foreignPrincipals lists whom a policy's Allow statements name outside the account, everybody included. Conditions are not
// judged: a principal under a condition is still one to look at.
func foreignPrincipals(document, account string) (map[string]bool, error) {
	out := map[string]bool{}
	if document == "" {
		return out, nil
	}
	var policy struct {
		Statement call.OneOrMany[struct {
			Effect    string
			Principal json.RawMessage
		}]
	}
	if err := json.Unmarshal([]byte(document), &policy); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	for _, s := range policy.Statement {
		if s.Effect != "Allow" {
			continue
		}
		var kinds map[string]call.OneOrMany[string]
		if json.Unmarshal(s.Principal, &kinds) != nil {
			out["everybody"] = true // "Principal": "*", the only form that is no object
			continue
		}
		for kind, names := range kinds {
			for _, name := range names {
				if kind != "Service" && name != account && accountOf(name, "") != account {
					out[kind+": "+name] = true
				}
			}
		}
	}
	return out, nil
}
