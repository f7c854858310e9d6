package s3

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/call"
)

// bucket is what every action on a bucket must know before it does anything.
type bucket struct {
	Exists bool   `json:"exists"`
	Region string `json:"region"`
	HeldBy string `json:"held_by"` // the value of the tag quell:incident
}

// A fact that only warns people is yes, no, or unknown with the reason.
const (
	yes = "yes"
	no  = "no"
)

// nameOf is the bucket's name: the entity's id, or what an ARN ends in.
func nameOf(e quell.Entity) string {
	for _, s := range []string{e.ID, e.ARN, e.Name} {
		if s == "" {
			continue
		}
		name := s[strings.LastIndexByte(s, ':')+1:]
		name, _, _ = strings.Cut(name, "/")
		return name
	}
	return ""
}

// ownerOf is the account that must own the bucket, nil where it is not known. Bucket names are global: without it a
// bucket that was deleted and taken by a stranger under the same name would be answered for.
func ownerOf(e quell.Entity) *string {
	if e.Account == "" {
		return nil
	}
	return aws.String(e.Account)
}

// partitionOf takes the partition out of the bucket's ARN; where there is none, out of the settings.
func partitionOf(e quell.Entity, settings action.Settings) string {
	for _, s := range []string{e.ARN, e.ID} {
		if parts := strings.SplitN(s, ":", 3); len(parts) == 3 && parts[0] == "arn" && parts[1] != "" {
			return parts[1]
		}
	}
	if settings.Partition != "" {
		return settings.Partition
	}
	return "aws"
}

// readBucket finds the bucket and returns a configuration for its region.
func readBucket(ctx context.Context, cfg aws.Config, target quell.Entity) (bucket, aws.Config, error) {
	name := nameOf(target)
	out, err := s3.NewFromConfig(cfg).GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: &name, ExpectedBucketOwner: ownerOf(target)})
	if call.Code(err) == "NoSuchBucket" {
		return bucket{}, cfg, nil
	}
	if err != nil {
		return bucket{}, cfg, fmt.Errorf("find the region of bucket %s: %w", name, err)
	}
	b := bucket{Exists: true, Region: regionOf(out.LocationConstraint)}
	cfg = cfg.Copy()
	cfg.Region = b.Region
	b.HeldBy, err = readHolder(ctx, cfg, target)
	return b, cfg, err
}

// regionOf reads a location constraint: the oldest regions have names of their own here.
// Source: S3 API reference, GetBucketLocation.
func regionOf(constraint types.BucketLocationConstraint) string {
	switch constraint {
	case "":
		return "us-east-1"
	case types.BucketLocationConstraintEu:
		return "eu-west-1"
	}
	return string(constraint)
}

// readHolder fails where the tags may not be read: a guard that cannot see must not let pass.
func readHolder(ctx context.Context, cfg aws.Config, target quell.Entity) (string, error) {
	name := nameOf(target)
	out, err := s3.NewFromConfig(cfg).GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &name, ExpectedBucketOwner: ownerOf(target)})
	if call.Code(err) == "NoSuchTagSet" {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read tags of bucket %s: %w", name, err)
	}
	for _, t := range out.TagSet {
		if aws.ToString(t.Key) == action.TagKey {
			return aws.ToString(t.Value), nil
		}
	}
	return "", nil
}

// heldByOther says why a bucket is left alone that another incident's steps work on.
func heldByOther(target quell.Entity, heldBy, incident string) string {
	if heldBy == "" || heldBy == incident {
		return ""
	}
	return fmt.Sprintf("another responder holds bucket %s: it is tagged %s=%s; settle that incident first, or merge",
		quell.Clean(nameOf(target)), action.TagKey, quell.Clean(heldBy))
}

// answer turns the outcome of a reading that only warns into yes, no or unknown. Codes in absent mean no. Whatever else
// went wrong is returned, because looking again may help.
func answer(is bool, err error, absent ...string) (string, error) {
	code := call.Code(err)
	switch {
	case err == nil && is:
		return yes, nil
	case err == nil:
		return no, nil
	case call.Denied(code) || code == call.CodeNotAvailable || code == "NotImplemented": // the last by emulators
		return "unknown: " + code, nil
	}
	for _, a := range absent {
		if code == a {
			return no, nil
		}
	}
	return "", err
}

// isPublic asks S3 whether it holds the bucket's policy to be public.
func isPublic(ctx context.Context, cfg aws.Config, target quell.Entity) (string, error) {
	name := nameOf(target)
	out, err := s3.NewFromConfig(cfg).GetBucketPolicyStatus(ctx, &s3.GetBucketPolicyStatusInput{Bucket: &name, ExpectedBucketOwner: ownerOf(target)})
	is := err == nil && out.PolicyStatus != nil && aws.ToBool(out.PolicyStatus.IsPublic)
	said, err := answer(is, err, "NoSuchBucketPolicy")
	if err != nil {
		return "", fmt.Errorf("read policy status of bucket %s: %w", name, err)
	}
	return said, nil
}

// readBlock returns the bucket's own public access block, nil where it has none.
func readBlock(ctx context.Context, cfg aws.Config, target quell.Entity) (*types.PublicAccessBlockConfiguration, error) {
	name := nameOf(target)
	out, err := s3.NewFromConfig(cfg).GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &name, ExpectedBucketOwner: ownerOf(target)})
	if call.Code(err) == "NoSuchPublicAccessBlockConfiguration" {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read public access block of bucket %s: %w", name, err)
	}
	return out.PublicAccessBlockConfiguration, nil
}
