package sandbox

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/quell-ir/quell/sandbox/policy"
)

// bucket is an S3 bucket. Its policy is in force as soon as it is written.
type bucket struct {
	name, region string
	account      *account
	created      time.Time
	policy       string
	policyDoc    *policy.Document
	block        *s3types.PublicAccessBlockConfiguration
	tags         []tag
	versioning   s3types.BucketVersioningStatus
	ownership    s3types.ObjectOwnership
	objects      map[string]*object
}

func registerBuckets(r registry) {
	reads(r, "S3.ListBuckets", (*call).listBuckets, withAction("s3:ListAllMyBuckets"))
	writes(r, "S3.CreateBucket", (*call).createBucket)
	writes(r, "S3.DeleteBucket", (*call).deleteBucket)
	reads(r, "S3.GetBucketLocation", (*call).getBucketLocation)
	reads(r, "S3.HeadBucket", (*call).headBucket, withAction("s3:ListBucket"), asData)
	reads(r, "S3.GetBucketAcl", (*call).getBucketACL)
	registerBucketPolicies(r)
	registerBucketSettings(r)
	registerObjects(r)
	for name, op := range r {
		if strings.HasPrefix(name, "S3.") {
			op.request = s3Request
			op.response = func(any) any { return nil }
		}
	}
}

func s3Target(in reflect.Type) func(*call, any) target {
	bucketName, key := fieldOf(in, "Bucket"), fieldOf(in, "Key")
	return func(_ *call, given any) target {
		name := bucketName.of(given)
		switch {
		case name == "":
			return target{arn: "*"}
		case key >= 0:
			return target{arn: "arn:aws:s3:::" + name + "/" + key.of(given), kind: "AWS::S3::Object", name: name}
		}
		return target{arn: "arn:aws:s3:::" + name, kind: "AWS::S3::Bucket", name: name}
	}
}

// bucketOf finds the bucket in an S3 ARN; nil where there is none.
func (w *World) bucketOf(arn string) *bucket {
	rest, found := strings.CutPrefix(arn, "arn:aws:s3:::")
	if !found {
		return nil
	}
	name, _, _ := strings.Cut(rest, "/")
	return w.buckets[name]
}

// bucket finds the bucket of a call made in its region.
func (c *call) bucket(name *string) (*bucket, error) {
	b := c.w.buckets[aws.ToString(name)]
	head := strings.HasPrefix(c.operation.name, "Head")
	switch {
	case b == nil && head:
		return nil, &s3types.NotFound{Message: aws.String("Not Found")}
	case b == nil:
		return nil, &s3types.NoSuchBucket{Message: aws.String("The specified bucket does not exist")}
	case b.region != c.region && c.operation.name != "GetBucketLocation":
		if head {
			return nil, apiError("MovedPermanently", "Moved Permanently")
		}
		return nil, apiError("PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified "+
			"endpoint. Please send all future requests to this endpoint.")
	}
	return b, nil
}

func (c *call) listBuckets(in *s3.ListBucketsInput) (*s3.ListBucketsOutput, error) {
	var all []*bucket
	for _, b := range values(c.w.buckets) {
		region := aws.ToString(in.BucketRegion)
		if b.account == c.account && strings.HasPrefix(b.name, aws.ToString(in.Prefix)) && (region == "" || region == b.region) {
			all = append(all, b)
		}
	}
	shown, next, ok := page(all, func(b *bucket) string { return b.name }, in.ContinuationToken, in.MaxBuckets, 10000)
	if !ok {
		return nil, apiError("InvalidArgument", "The continuation token provided is incorrect")
	}
	out := &s3.ListBucketsOutput{ContinuationToken: next, Prefix: in.Prefix, Buckets: []s3types.Bucket{}}
	for _, b := range shown {
		out.Buckets = append(out.Buckets, s3types.Bucket{
			Name: aws.String(b.name), CreationDate: aws.Time(b.created), BucketRegion: aws.String(b.region),
			BucketArn: aws.String("arn:aws:s3:::" + b.name),
		})
	}
	return out, nil
}

// newBucket makes one as AWS does since April 2023: public access blocked, ACLs off.
func (w *World) newBucket(a *account, name, region string, now time.Time) *bucket {
	b := &bucket{
		name: name, region: region, account: a, created: now, objects: map[string]*object{},
		ownership: s3types.ObjectOwnershipBucketOwnerEnforced,
		block: &s3types.PublicAccessBlockConfiguration{
			BlockPublicAcls: aws.Bool(true), IgnorePublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true),
			RestrictPublicBuckets: aws.Bool(true),
		},
	}
	w.buckets[name] = b
	return b
}

func (c *call) createBucket(in *s3.CreateBucketInput) (*s3.CreateBucketOutput, error) {
	name := aws.ToString(in.Bucket)
	if b := c.w.buckets[name]; b != nil {
		if b.account == c.caller.account {
			return nil, &s3types.BucketAlreadyOwnedByYou{Message: aws.String("Your previous request to create the named bucket succeeded and you already own it.")}
		}
		return nil, &s3types.BucketAlreadyExists{Message: aws.String("The requested bucket name is not available.")}
	}
	constraint := ""
	if in.CreateBucketConfiguration != nil {
		constraint = string(in.CreateBucketConfiguration.LocationConstraint)
	}
	if c.region != "us-east-1" && constraint != c.region {
		return nil, apiError("IllegalLocationConstraintException", "The %s location constraint is incompatible for the region "+
			"specific endpoint this request was sent to.", constraint)
	}
	region := c.region
	if constraint != "" {
		region = constraint
	}
	c.w.newBucket(c.account, name, region, c.now)
	return &s3.CreateBucketOutput{Location: aws.String("/" + name)}, nil
}

func (c *call) deleteBucket(in *s3.DeleteBucketInput) (*s3.DeleteBucketOutput, error) {
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	if len(b.objects) > 0 {
		return nil, apiError("BucketNotEmpty", "The bucket you tried to delete is not empty")
	}
	delete(c.w.buckets, b.name)
	return nil, nil
}

func (c *call) getBucketLocation(in *s3.GetBucketLocationInput) (*s3.GetBucketLocationOutput, error) {
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	out := &s3.GetBucketLocationOutput{}
	if b.region != "us-east-1" { // us-east-1 is told by an empty constraint
		out.LocationConstraint = s3types.BucketLocationConstraint(b.region)
	}
	return out, nil
}

func (c *call) headBucket(in *s3.HeadBucketInput) (*s3.HeadBucketOutput, error) {
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	return &s3.HeadBucketOutput{BucketRegion: aws.String(b.region)}, nil
}

func (c *call) getBucketACL(in *s3.GetBucketAclInput) (*s3.GetBucketAclOutput, error) {
	b, err := c.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	owner := canonicalID(b.account.id)
	return &s3.GetBucketAclOutput{
		Owner: &s3types.Owner{ID: aws.String(owner)},
		Grants: []s3types.Grant{{
			Grantee: &s3types.Grantee{ID: aws.String(owner), Type: s3types.TypeCanonicalUser}, Permission: s3types.PermissionFullControl,
		}},
	}, nil
}

// s3Request has S3's own recorded shape: the bucket as bucketName, its host, the sub-resource as an empty member, and a
// policy as JSON rather than as text.
func s3Request(c *call, in any) any {
	out := map[string]any{}
	shaped, _ := shape(in, []string{"Body", "SSECustomerKey"}).(map[string]any)
	for key, value := range shaped {
		switch key {
		case "bucket", "body", "policy", "publicAccessBlockConfiguration", "checksumAlgorithm":
		default:
			out[key] = value
		}
	}
	if c.target.name != "" {
		out["bucketName"] = c.target.name
		out["Host"] = c.target.name + ".s3." + c.region + ".amazonaws.com"
	}
	switch typed := in.(type) {
	case *s3.PutBucketPolicyInput:
		out["policy"] = ""
		var doc any
		if json.Unmarshal([]byte(aws.ToString(typed.Policy)), &doc) == nil {
			out["bucketPolicy"] = doc
		}
	case *s3.GetBucketPolicyInput, *s3.DeleteBucketPolicyInput:
		out["policy"] = ""
	case *s3.PutPublicAccessBlockInput:
		out["publicAccessBlock"] = ""
		if b := typed.PublicAccessBlockConfiguration; b != nil {
			out["PublicAccessBlockConfiguration"] = map[string]any{
				"BlockPublicAcls": aws.ToBool(b.BlockPublicAcls), "IgnorePublicAcls": aws.ToBool(b.IgnorePublicAcls),
				"BlockPublicPolicy": aws.ToBool(b.BlockPublicPolicy), "RestrictPublicBuckets": aws.ToBool(b.RestrictPublicBuckets),
			}
		}
	case *s3.GetPublicAccessBlockInput, *s3.DeletePublicAccessBlockInput:
		out["publicAccessBlock"] = ""
	}
	return out
}

func s3Resources(c *call) []resourceItem {
	bucket := resourceItem{c.account.id, "AWS::S3::Bucket", "arn:aws:s3:::" + c.target.name}
	if c.target.kind == "AWS::S3::Object" {
		return []resourceItem{{"", "AWS::S3::Object", c.target.arn}, bucket}
	}
	return []resourceItem{bucket}
}
