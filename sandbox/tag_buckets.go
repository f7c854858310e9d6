package sandbox

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func registerBucketSettings(r registry) {
	reads(r, "S3.GetBucketTagging", (*call).getBucketTagging)
	writes(r, "S3.PutBucketTagging", (*call).putBucketTagging)
	writes(r, "S3.DeleteBucketTagging", (*call).deleteBucketTagging, withAction("s3:PutBucketTagging"))
	reads(r, "S3.GetBucketVersioning", (*call).getBucketVersioning)
	writes(r, "S3.PutBucketVersioning", (*call).putBucketVersioning)
	reads(r, "S3.GetBucketOwnershipControls", (*call).getOwnership)
	writes(r, "S3.PutBucketOwnershipControls", (*call).putOwnership)
}

func (c *call) getBucketTagging(in *s3.GetBucketTaggingInput) (*s3.GetBucketTaggingOutput, error) {
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	if len(b.tags) == 0 {
		return nil, apiError("NoSuchTagSet", "The TagSet does not exist")
	}
	out := &s3.GetBucketTaggingOutput{}
	for _, t := range b.tags {
		out.TagSet = append(out.TagSet, s3types.Tag{Key: aws.String(t.key), Value: aws.String(t.value)})
	}
	return out, nil
}

// putBucketTagging replaces the whole set: whoever adds one tag this way loses the others.
func (c *call) putBucketTagging(in *s3.PutBucketTaggingInput) (*s3.PutBucketTaggingOutput, error) {
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	b.tags = nil
	for _, t := range in.Tagging.TagSet {
		b.tags = append(b.tags, tag{aws.ToString(t.Key), aws.ToString(t.Value)})
	}
	return nil, nil
}

func (c *call) deleteBucketTagging(in *s3.DeleteBucketTaggingInput) (*s3.DeleteBucketTaggingOutput, error) {
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	b.tags = nil
	return nil, nil
}

func (c *call) getBucketVersioning(in *s3.GetBucketVersioningInput) (*s3.GetBucketVersioningOutput, error) {
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	return &s3.GetBucketVersioningOutput{Status: b.versioning}, nil
}

func (c *call) putBucketVersioning(in *s3.PutBucketVersioningInput) (*s3.PutBucketVersioningOutput, error) {
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	b.versioning = in.VersioningConfiguration.Status
	return nil, nil
}

func (c *call) getOwnership(in *s3.GetBucketOwnershipControlsInput) (*s3.GetBucketOwnershipControlsOutput, error) {
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	return &s3.GetBucketOwnershipControlsOutput{OwnershipControls: &s3types.OwnershipControls{
		Rules: []s3types.OwnershipControlsRule{{ObjectOwnership: b.ownership}},
	}}, nil
}

func (c *call) putOwnership(in *s3.PutBucketOwnershipControlsInput) (*s3.PutBucketOwnershipControlsOutput, error) {
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	if in.OwnershipControls == nil || len(in.OwnershipControls.Rules) != 1 {
		return nil, apiError("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	b.ownership = in.OwnershipControls.Rules[0].ObjectOwnership
	return nil, nil
}
