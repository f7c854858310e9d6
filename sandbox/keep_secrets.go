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

// secret is a secret with its versions. A version without a stage is deprecated and soon forgotten.
type secret struct {
	arn, name, region, description string
	created, changed, accessed     time.Time
	tags                           []tag
	versions                       []*secretVersion // oldest first
	rotation                       string           // the rotation function's ARN
	rotated                        time.Time
	policy                         string
	policyDoc                      *policy.Document
}

type secretVersion struct {
	id      string
	text    *string
	binary  []byte
	stages  []string
	created time.Time
}

const (
	stageCurrent  = "AWSCURRENT"
	stagePrevious = "AWSPREVIOUS"
)

func secretARN(region, account, name string) string {
	return "arn:aws:secretsmanager:" + region + ":" + account + ":secret:" + name
}

// findSecret takes a name, an ARN, or an ARN without its random suffix.
func (a *account) findSecret(id, region string) *secret {
	if s := a.secrets[id]; s != nil && s.region == region {
		return s
	}
	for _, s := range a.secrets {
		if s.region == region && (s.name == id || secretARN(region, a.id, s.name) == id) {
			return s
		}
	}
	return nil
}

func (c *call) secret(id *string) (*secret, error) {
	if s := c.account.findSecret(aws.ToString(id), c.region); s != nil {
		return s, nil
	}
	return nil, &smtypes.ResourceNotFoundException{Message: aws.String("Secrets Manager can't find the specified secret.")}
}

func (w *World) newSecretIn(a *account, name, region string, now time.Time) *secret {
	s := &secret{
		arn: secretARN(region, a.id, name) + "-" + letters(w.ids, base64Digits[:62], 6), name: name, region: region,
		created: now, changed: now,
	}
	a.secrets[s.arn] = s
	return s
}

// store adds a version and moves the stages: what was current becomes previous.
func (s *secret) store(id string, text *string, binary []byte, stages []string, now time.Time) *secretVersion {
	v := &secretVersion{id: id, text: text, binary: slices.Clone(binary), created: now}
	if len(stages) == 0 {
		stages = []string{stageCurrent}
	}
	s.versions = append(s.versions, v)
	for _, stage := range stages {
		s.move(stage, v)
	}
	s.changed = now
	return v
}

// move puts a stage on a version, taking it off the other; AWSPREVIOUS follows AWSCURRENT.
func (s *secret) move(stage string, to *secretVersion) {
	for _, v := range s.versions {
		if !slices.Contains(v.stages, stage) || v == to {
			continue
		}
		v.stages = without(v.stages, stage)
		if stage == stageCurrent {
			s.move(stagePrevious, v)
			to.stages = without(to.stages, stagePrevious)
		}
	}
	if to != nil && !slices.Contains(to.stages, stage) {
		to.stages = append(slices.Clone(to.stages), stage)
		slices.Sort(to.stages)
	}
}

func without(list []string, one string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == one })
}

func (s *secret) staged(stage string) *secretVersion {
	for _, v := range s.versions {
		if slices.Contains(v.stages, stage) {
			return v
		}
	}
	return nil
}

func (s *secret) byID(id string) *secretVersion {
	for _, v := range s.versions {
		if v.id == id {
			return v
		}
	}
	return nil
}

// AddSecret makes a secret with one version and returns its ARN.
func (w *World) AddSecret(name, region, value string) string {
	now := w.clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.newSecretIn(w.home, name, region, seeded(now))
	s.store(newUUID(w.ids), &value, nil, nil, seeded(now))
	return s.arn
}

func showSecretTags(tags []tag) []smtypes.Tag {
	var out []smtypes.Tag
	for _, t := range tags {
		out = append(out, smtypes.Tag{Key: aws.String(t.key), Value: aws.String(t.value)})
	}
	return out
}

func (s *secret) stages() map[string][]string {
	out := map[string][]string{}
	for _, v := range s.versions {
		if len(v.stages) > 0 {
			out[v.id] = slices.Clone(v.stages)
		}
	}
	return out
}

func (c *call) createSecret(in *sm.CreateSecretInput) (*sm.CreateSecretOutput, error) {
	name := aws.ToString(in.Name)
	if old := c.account.findSecret(name, c.region); old != nil {
		if v := old.byID(aws.ToString(in.ClientRequestToken)); v != nil && aws.ToString(v.text) == aws.ToString(in.SecretString) {
			return &sm.CreateSecretOutput{ARN: aws.String(old.arn), Name: in.Name, VersionId: aws.String(v.id)}, nil
		}
		return nil, &smtypes.ResourceExistsException{
			Message: aws.String("The operation failed because the secret " + name + " already exists."),
		}
	}
	s := c.w.newSecretIn(c.account, name, c.region, c.now)
	s.description = aws.ToString(in.Description)
	for _, t := range in.Tags {
		s.tags = append(s.tags, tag{aws.ToString(t.Key), aws.ToString(t.Value)})
	}
	out := &sm.CreateSecretOutput{ARN: aws.String(s.arn), Name: in.Name}
	if in.SecretString != nil || in.SecretBinary != nil {
		v := s.store(aws.ToString(in.ClientRequestToken), in.SecretString, in.SecretBinary, nil, c.now)
		out.VersionId = aws.String(v.id)
	}
	return out, nil
}

func (c *call) putSecretValue(in *sm.PutSecretValueInput) (*sm.PutSecretValueOutput, error) {
	s, err := c.secret(in.SecretId)
	if err != nil {
		return nil, err
	}
	id := aws.ToString(in.ClientRequestToken)
	if old := s.byID(id); old != nil {
		// The same token with the same value is the same request once more; with another it is a mistake.
		if aws.ToString(old.text) == aws.ToString(in.SecretString) && string(old.binary) == string(in.SecretBinary) {
			return &sm.PutSecretValueOutput{ARN: aws.String(s.arn), Name: aws.String(s.name), VersionId: aws.String(id), VersionStages: old.stages}, nil
		}
		return nil, &smtypes.ResourceExistsException{Message: aws.String("You can't use ClientRequestToken " + id + " because that value is already in use for a version of secret " + s.arn + ".")}
	}
	if (in.SecretString == nil) == (in.SecretBinary == nil) {
		return nil, &smtypes.InvalidRequestException{Message: aws.String("You must provide either SecretString or SecretBinary.")}
	}
	v := s.store(id, in.SecretString, in.SecretBinary, in.VersionStages, c.now)
	return &sm.PutSecretValueOutput{
		ARN: aws.String(s.arn), Name: aws.String(s.name), VersionId: aws.String(v.id), VersionStages: slices.Clone(v.stages),
	}, nil
}

func (c *call) getSecretValue(in *sm.GetSecretValueInput) (*sm.GetSecretValueOutput, error) {
	s, err := c.secret(in.SecretId)
	if err != nil {
		return nil, err
	}
	var v *secretVersion
	stage := aws.ToString(in.VersionStage)
	switch {
	case in.VersionId != nil:
		v = s.byID(*in.VersionId)
		if v != nil && stage != "" && !slices.Contains(v.stages, stage) {
			v = nil
		}
	case stage != "":
		v = s.staged(stage)
	default:
		v = s.staged(stageCurrent)
	}
	if v == nil {
		what := strings.TrimSpace("value for " + aws.ToString(in.VersionId) + " " + stage)
		return nil, &smtypes.ResourceNotFoundException{Message: aws.String("Secrets Manager can't find the specified secret " + what)}
	}
	s.accessed = c.now
	return &sm.GetSecretValueOutput{
		ARN: aws.String(s.arn), Name: aws.String(s.name), VersionId: aws.String(v.id), VersionStages: slices.Clone(v.stages),
		SecretString: v.text, SecretBinary: slices.Clone(v.binary), CreatedDate: aws.Time(v.created),
	}, nil
}
