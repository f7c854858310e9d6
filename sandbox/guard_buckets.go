package sandbox

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/quell-ir/quell/sandbox/policy"
)

func registerBucketPolicies(r registry) {
	reads(r, "S3.GetBucketPolicy", (*call).getBucketPolicy)
	writes(r, "S3.PutBucketPolicy", (*call).putBucketPolicy)
	writes(r, "S3.DeleteBucketPolicy", (*call).deleteBucketPolicy)
	reads(r, "S3.GetBucketPolicyStatus", (*call).getBucketPolicyStatus)
	reads(r, "S3.GetPublicAccessBlock", (*call).getPublicAccessBlock,
		withAction("s3:GetBucketPublicAccessBlock"), withEvent("GetBucketPublicAccessBlock"))
	writes(r, "S3.PutPublicAccessBlock", (*call).putPublicAccessBlock,
		withAction("s3:PutBucketPublicAccessBlock"), withEvent("PutBucketPublicAccessBlock"))
	writes(r, "S3.DeletePublicAccessBlock", (*call).deletePublicAccessBlock,
		withAction("s3:PutBucketPublicAccessBlock"), withEvent("DeleteBucketPublicAccessBlock"))
}

// canonicalID is the 64 hex digits by which S3 knows an account.
func canonicalID(account string) string {
	sum := sha256.Sum256([]byte(account))
	return hex.EncodeToString(sum[:])
}

func (c *call) getBucketPolicy(in *s3.GetBucketPolicyInput) (*s3.GetBucketPolicyOutput, error) {
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	if b.policy == "" {
		return nil, apiError("NoSuchBucketPolicy", "The bucket policy does not exist")
	}
	return &s3.GetBucketPolicyOutput{Policy: aws.String(b.policy)}, nil
}

func (c *call) putBucketPolicy(in *s3.PutBucketPolicyInput) (*s3.PutBucketPolicyOutput, error) {
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	doc, err := policy.Parse(aws.ToString(in.Policy), policy.Resource)
	if err != nil {
		return nil, apiError("MalformedPolicy", "%s", err)
	}
	if stranger := c.w.findStranger(doc); stranger != "" {
		return nil, apiError("MalformedPolicy", "Invalid principal in policy")
	}
	if len(*in.Policy) > 20480 {
		return nil, apiError("PolicyTooLarge", "Policy exceeds the maximum allowed document size.")
	}
	if b.block != nil && aws.ToBool(b.block.BlockPublicPolicy) && doc.Public() {
		arn, _ := c.caller.names()
		return nil, apiError("AccessDenied", "User: %s is not authorized to perform: s3:PutBucketPolicy on resource: %q because "+
			"public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.", arn, c.target.arn)
	}
	doc.ID, doc.Type = b.name, "bucket"
	b.policy, b.policyDoc = *in.Policy, doc
	return nil, nil
}

func (c *call) deleteBucketPolicy(in *s3.DeleteBucketPolicyInput) (*s3.DeleteBucketPolicyOutput, error) {
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	b.policy, b.policyDoc = "", nil
	return nil, nil
}

func (c *call) getBucketPolicyStatus(in *s3.GetBucketPolicyStatusInput) (*s3.GetBucketPolicyStatusOutput, error) {
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	if b.policyDoc == nil {
		return nil, apiError("NoSuchBucketPolicy", "The bucket policy does not exist")
	}
	return &s3.GetBucketPolicyStatusOutput{PolicyStatus: &s3types.PolicyStatus{IsPublic: aws.Bool(b.policyDoc.Public())}}, nil
}

// shutOut says whether RestrictPublicBuckets keeps a caller out: a public policy then serves the owner's account alone.
func (b *bucket) shutOut(who *account) bool {
	return b.block != nil && aws.ToBool(b.block.RestrictPublicBuckets) && b.policyDoc != nil && b.policyDoc.Public() &&
		who != b.account
}

func (c *call) getPublicAccessBlock(in *s3.GetPublicAccessBlockInput) (*s3.GetPublicAccessBlockOutput, error) {
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	if b.block == nil {
		return nil, apiError("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found")
	}
	shown := *b.block
	return &s3.GetPublicAccessBlockOutput{PublicAccessBlockConfiguration: &shown}, nil
}

// putPublicAccessBlock replaces all four settings; one left out is false, which is a trap of its own.
func (c *call) putPublicAccessBlock(in *s3.PutPublicAccessBlockInput) (*s3.PutPublicAccessBlockOutput, error) {
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	given := in.PublicAccessBlockConfiguration
	b.block = &s3types.PublicAccessBlockConfiguration{
		BlockPublicAcls: aws.Bool(aws.ToBool(given.BlockPublicAcls)), IgnorePublicAcls: aws.Bool(aws.ToBool(given.IgnorePublicAcls)),
		BlockPublicPolicy:     aws.Bool(aws.ToBool(given.BlockPublicPolicy)),
		RestrictPublicBuckets: aws.Bool(aws.ToBool(given.RestrictPublicBuckets)),
	}
	return nil, nil
}

func (c *call) deletePublicAccessBlock(in *s3.DeletePublicAccessBlockInput) (*s3.DeletePublicAccessBlockOutput, error) {
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	b.block = nil
	return nil, nil
}
