package sandbox

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/quell-ir/quell/sandbox/policy"
)

func registerSecrets(r registry) {
	reads(r, "Secrets Manager.ListSecrets", (*call).listSecrets)
	reads(r, "Secrets Manager.DescribeSecret", (*call).describeSecret)
	reads(r, "Secrets Manager.GetSecretValue", (*call).getSecretValue)
	writes(r, "Secrets Manager.CreateSecret", (*call).createSecret, hiding("SecretString", "SecretBinary"),
		at(func(c *call, in *sm.CreateSecretInput) target {
			return target{
				arn: secretARN(c.region, c.account.id, aws.ToString(in.Name)) + "-??????", kind: "AWS::SecretsManager::Secret",
				name: aws.ToString(in.Name),
			}
		}))
	writes(r, "Secrets Manager.PutSecretValue", (*call).putSecretValue, hiding("SecretString", "SecretBinary"))
	writes(r, "Secrets Manager.RotateSecret", (*call).rotateSecret)
	writes(r, "Secrets Manager.UpdateSecretVersionStage", (*call).updateStage)
	reads(r, "Secrets Manager.ListSecretVersionIds", (*call).listVersions)
	reads(r, "Secrets Manager.GetResourcePolicy", (*call).getResourcePolicy)
	writes(r, "Secrets Manager.PutResourcePolicy", (*call).putResourcePolicy)
	writes(r, "Secrets Manager.DeleteResourcePolicy", (*call).deleteResourcePolicy)
	writes(r, "Secrets Manager.TagResource", (*call).tagSecret)
	writes(r, "Secrets Manager.UntagResource", (*call).untagSecret)
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// day is how LastAccessedDate is told: AWS keeps the day only.
func day(t time.Time) *time.Time { return timeOrNil(t.Truncate(24 * time.Hour)) }

func (c *call) listSecrets(in *sm.ListSecretsInput) (*sm.ListSecretsOutput, error) {
	all := slices.DeleteFunc(values(c.account.secrets), func(s *secret) bool {
		return s.region != c.region || !s.passes(in.Filters)
	})
	shown, next, ok := page(all, func(s *secret) string { return s.name }, in.NextToken, in.MaxResults, 100)
	if !ok {
		return nil, &smtypes.InvalidNextTokenException{Message: aws.String("Invalid NextToken.")}
	}
	out := &sm.ListSecretsOutput{NextToken: next, SecretList: []smtypes.SecretListEntry{}}
	for _, s := range shown {
		out.SecretList = append(out.SecretList, smtypes.SecretListEntry{
			ARN: aws.String(s.arn), Name: aws.String(s.name), Description: emptyNil(s.description), Tags: showSecretTags(s.tags),
			CreatedDate: aws.Time(s.created), LastChangedDate: aws.Time(s.changed), LastAccessedDate: day(s.accessed),
			LastRotatedDate: timeOrNil(s.rotated), RotationEnabled: aws.Bool(s.rotation != ""),
			RotationLambdaARN: emptyNil(s.rotation), SecretVersionsToStages: s.stages(),
		})
	}
	return out, nil
}

// passes applies the filters: every one must match, by prefix.
func (s *secret) passes(filters []smtypes.Filter) bool {
	for _, f := range filters {
		var have []string
		switch f.Key {
		case smtypes.FilterNameStringTypeName:
			have = []string{s.name}
		case smtypes.FilterNameStringTypeDescription:
			have = []string{s.description}
		case smtypes.FilterNameStringTypeTagKey:
			for _, t := range s.tags {
				have = append(have, t.key)
			}
		case smtypes.FilterNameStringTypeTagValue:
			for _, t := range s.tags {
				have = append(have, t.value)
			}
		default:
			continue
		}
		match := func(h string) bool {
			return slices.ContainsFunc(f.Values, func(want string) bool { return strings.HasPrefix(h, want) })
		}
		if !slices.ContainsFunc(have, match) {
			return false
		}
	}
	return true
}

func (c *call) describeSecret(in *sm.DescribeSecretInput) (*sm.DescribeSecretOutput, error) {
	s, err := c.secret(in.SecretId)
	if err != nil {
		return nil, err
	}
	return &sm.DescribeSecretOutput{
		ARN: aws.String(s.arn), Name: aws.String(s.name), Description: emptyNil(s.description), Tags: showSecretTags(s.tags),
		CreatedDate: aws.Time(s.created), LastChangedDate: aws.Time(s.changed), LastAccessedDate: day(s.accessed),
		LastRotatedDate: timeOrNil(s.rotated), RotationEnabled: aws.Bool(s.rotation != ""),
		RotationLambdaARN: emptyNil(s.rotation), VersionIdsToStages: s.stages(),
	}, nil
}

// rotateSecret works only where a function is configured or given; what such a function would do is out of scope, so a
// rotation here makes a new random version and finishes at once.
func (c *call) rotateSecret(in *sm.RotateSecretInput) (*sm.RotateSecretOutput, error) {
	s, err := c.secret(in.SecretId)
	if err != nil {
		return nil, err
	}
	if in.RotationLambdaARN != nil {
		s.rotation = *in.RotationLambdaARN
	}
	if s.rotation == "" {
		return nil, &smtypes.InvalidRequestException{Message: aws.String("No Lambda rotation function ARN is associated with this secret.")}
	}
	out := &sm.RotateSecretOutput{ARN: aws.String(s.arn), Name: aws.String(s.name)}
	if in.RotateImmediately == nil || *in.RotateImmediately {
		v := s.store(aws.ToString(in.ClientRequestToken), aws.String(c.w.newSecret()), nil, nil, c.now)
		s.rotated, out.VersionId = c.now, aws.String(v.id)
	}
	return out, nil
}

func (c *call) updateStage(in *sm.UpdateSecretVersionStageInput) (*sm.UpdateSecretVersionStageOutput, error) {
	s, err := c.secret(in.SecretId)
	if err != nil {
		return nil, err
	}
	stage := aws.ToString(in.VersionStage)
	holder := s.staged(stage)
	if holder != nil && in.MoveToVersionId != nil && holder.id != aws.ToString(in.RemoveFromVersionId) && holder.id != *in.MoveToVersionId {
		return nil, &smtypes.InvalidParameterException{Message: aws.String("The parameter RemoveFromVersionId can't be empty. Staging " +
			"label " + stage + " is currently attached to version " + holder.id + ", so you must explicitly reference that version.")}
	}
	if in.MoveToVersionId == nil {
		if holder != nil && holder.id == aws.ToString(in.RemoveFromVersionId) && stage != stageCurrent {
			holder.stages = without(holder.stages, stage)
		} else if stage == stageCurrent {
			return nil, &smtypes.InvalidParameterException{Message: aws.String("You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.")}
		}
		return &sm.UpdateSecretVersionStageOutput{ARN: aws.String(s.arn), Name: aws.String(s.name)}, nil
	}
	to := s.byID(*in.MoveToVersionId)
	if to == nil {
		return nil, &smtypes.ResourceNotFoundException{Message: aws.String("Secrets Manager can't find the specified secret value for VersionId: " + *in.MoveToVersionId)}
	}
	s.move(stage, to)
	s.changed = c.now
	return &sm.UpdateSecretVersionStageOutput{ARN: aws.String(s.arn), Name: aws.String(s.name)}, nil
}

func (c *call) listVersions(in *sm.ListSecretVersionIdsInput) (*sm.ListSecretVersionIdsOutput, error) {
	s, err := c.secret(in.SecretId)
	if err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(slices.Clone(s.versions), func(v *secretVersion) bool {
		return len(v.stages) == 0 && !aws.ToBool(in.IncludeDeprecated)
	})
	shown, next, ok := page(all, func(v *secretVersion) string { return v.id }, in.NextToken, in.MaxResults, 100)
	if !ok {
		return nil, &smtypes.InvalidNextTokenException{Message: aws.String("Invalid NextToken.")}
	}
	out := &sm.ListSecretVersionIdsOutput{ARN: aws.String(s.arn), Name: aws.String(s.name), NextToken: next}
	for _, v := range shown {
		out.Versions = append(out.Versions, smtypes.SecretVersionsListEntry{
			VersionId: aws.String(v.id), VersionStages: slices.Clone(v.stages), CreatedDate: aws.Time(v.created),
		})
	}
	return out, nil
}

func (c *call) getResourcePolicy(in *sm.GetResourcePolicyInput) (*sm.GetResourcePolicyOutput, error) {
	s, err := c.secret(in.SecretId)
	if err != nil {
		return nil, err
	}
	return &sm.GetResourcePolicyOutput{ARN: aws.String(s.arn), Name: aws.String(s.name), ResourcePolicy: emptyNil(s.policy)}, nil
}

func (c *call) putResourcePolicy(in *sm.PutResourcePolicyInput) (*sm.PutResourcePolicyOutput, error) {
	s, err := c.secret(in.SecretId)
	if err != nil {
		return nil, err
	}
	doc, err := policy.Parse(aws.ToString(in.ResourcePolicy), policy.Resource)
	if err != nil {
		return nil, &smtypes.MalformedPolicyDocumentException{Message: aws.String("This resource policy contains invalid syntax: " + err.Error())}
	}
	if aws.ToBool(in.BlockPublicPolicy) && doc.Public() {
		return nil, &smtypes.PublicPolicyException{Message: aws.String("This resource policy grants public access and BlockPublicPolicy is on.")}
	}
	doc.ID, doc.Type = s.name, "secret"
	s.policy, s.policyDoc = *in.ResourcePolicy, doc
	return &sm.PutResourcePolicyOutput{ARN: aws.String(s.arn), Name: aws.String(s.name)}, nil
}

func (c *call) deleteResourcePolicy(in *sm.DeleteResourcePolicyInput) (*sm.DeleteResourcePolicyOutput, error) {
	s, err := c.secret(in.SecretId)
	if err != nil {
		return nil, err
	}
	s.policy, s.policyDoc = "", nil
	return &sm.DeleteResourcePolicyOutput{ARN: aws.String(s.arn), Name: aws.String(s.name)}, nil
}

func (c *call) tagSecret(in *sm.TagResourceInput) (*sm.TagResourceOutput, error) {
	s, err := c.secret(in.SecretId)
	if err != nil {
		return nil, err
	}
	for _, t := range in.Tags {
		s.tags = dropTags(s.tags, []string{aws.ToString(t.Key)})
		s.tags = append(s.tags, tag{aws.ToString(t.Key), aws.ToString(t.Value)})
	}
	slices.SortFunc(s.tags, func(a, b tag) int { return strings.Compare(a.key, b.key) })
	return nil, nil
}

func (c *call) untagSecret(in *sm.UntagResourceInput) (*sm.UntagResourceOutput, error) {
	s, err := c.secret(in.SecretId)
	if err != nil {
		return nil, err
	}
	s.tags = dropTags(s.tags, in.TagKeys)
	return nil, nil
}
