package s3

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/quell-ir/quell/call"
)

// A bucket's configuration is eventually consistent, other than its objects. AWS names no bound; a few seconds are what
// is usually seen. Source: S3 user guide, "Amazon S3 data consistency model".
var visible = call.VisibleAfter(5 * time.Second)

// The operations that the actions of this package write with, inverses included. The IAM actions of the public access
// block are named otherwise than its operations, and deleting takes the permission to put.
// Source: Service Authorization Reference, Amazon S3.
var (
	putPublicAccessBlock = call.Define("s3:PutPublicAccessBlock", s3.NewFromConfig, (*s3.Client).PutPublicAccessBlock, visible,
		call.Needs("s3:PutBucketPublicAccessBlock"))
	deletePublicAccessBlock = call.Define("s3:DeletePublicAccessBlock", s3.NewFromConfig, (*s3.Client).DeletePublicAccessBlock,
		visible, call.Needs("s3:PutBucketPublicAccessBlock"))

	getBucketPolicy    = call.Define("s3:GetBucketPolicy", s3.NewFromConfig, (*s3.Client).GetBucketPolicy)
	deleteBucketPolicy = call.Define("s3:DeleteBucketPolicy", s3.NewFromConfig, (*s3.Client).DeleteBucketPolicy, visible)
	putBucketPolicy    = call.Define("s3:PutBucketPolicy", s3.NewFromConfig, (*s3.Client).PutBucketPolicy, visible,
		call.Edits(call.Document{
			Read: getBucketPolicy.Definition, Delete: deleteBucketPolicy.Definition, Field: "Policy", List: "Statement", Name: "Sid",
			Absent: []string{"NoSuchBucketPolicy"}, Empty: `{"Version":"2012-10-17","Statement":[]}`,
		}))
)
