package sandbox_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/quell-ir/quell/sandbox"
)

func publicRead(name string) *string {
	return aws.String(`{"Version":"2012-10-17","Statement":[{"Sid":"P","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::` + name + `/*"}]}`)
}

func TestBucketsOpenAndClose(t *testing.T) {
	ctx := t.Context()
	w := sandbox.New(sandbox.Options{Seed: 1})
	w.AddBucket("site", "eu-west-1")
	w.AddObject("site", "index.html", []byte("hello"))
	owner := s3.NewFromConfig(w.Admin("eu-west-1"))
	name := aws.String("site")
	read := func(c aws.Credentials) error {
		_, err := s3.NewFromConfig(w.Config(c, "eu-west-1")).GetObject(ctx, &s3.GetObjectInput{Bucket: name, Key: aws.String("index.html")})
		return err
	}
	outsider := w.AddOutsider("999999999999", "mallory")
	_, err := owner.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: name})
	code(t, err, "NoSuchBucketPolicy")
	_, err = owner.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: name, Policy: publicRead("site")})
	code(t, err, "AccessDenied") // BlockPublicPolicy
	code(t, read(aws.Credentials{}), "AccessDenied")

	_, err = owner.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: name})
	check(t, err)
	_, err = owner.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: name})
	code(t, err, "NoSuchPublicAccessBlockConfiguration")
	_, err = owner.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: name, Policy: publicRead("site")})
	check(t, err)
	status, err := owner.GetBucketPolicyStatus(ctx, &s3.GetBucketPolicyStatusInput{Bucket: name})
	check(t, err)
	if !*status.PolicyStatus.IsPublic {
		t.Error("a public policy is not told as public")
	}
	check(t, read(aws.Credentials{}))
	check(t, read(outsider))
	_, err = owner.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{
		Bucket: name, PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{RestrictPublicBuckets: aws.Bool(true)},
	})
	check(t, err)
	code(t, read(aws.Credentials{}), "AccessDenied")
	code(t, read(outsider), "AccessDenied")

	_, err = s3.NewFromConfig(w.Admin("us-west-2")).GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: name})
	code(t, err, "PermanentRedirect")
	_, err = owner.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: name})
	code(t, err, "BucketNotEmpty")
	_, err = owner.HeadObject(ctx, &s3.HeadObjectInput{Bucket: name, Key: aws.String("none")})
	var missing *s3types.NotFound
	if !errors.As(err, &missing) {
		t.Errorf("head of nothing: %v", err)
	}
	_, err = owner.GetObject(ctx, &s3.GetObjectInput{Bucket: name, Key: aws.String("none")})
	code(t, err, "NoSuchKey")
	_, err = owner.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: aws.String("nobody-has-this")})
	code(t, err, "NoSuchBucket")
	_, err = owner.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: name, Tagging: &s3types.Tagging{TagSet: []s3types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}})
	check(t, err)
	tags, err := owner.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: name})
	check(t, err)
	if len(tags.TagSet) != 1 {
		t.Errorf("tags %v", tags.TagSet)
	}
}

func TestObjectListsFoldAndPage(t *testing.T) {
	ctx := t.Context()
	w := sandbox.New(sandbox.Options{Seed: 1})
	w.AddBucket("b", region)
	for _, key := range []string{"a/1", "a/2", "b/1", "c", "d"} {
		w.AddObject("b", key, nil)
	}
	client := s3.NewFromConfig(w.Admin(region))
	var got []string
	var token *string
	for {
		out, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{
			Bucket: aws.String("b"), Delimiter: aws.String("/"), MaxKeys: aws.Int32(3), ContinuationToken: token,
		})
		check(t, err)
		for _, p := range out.CommonPrefixes {
			got = append(got, *p.Prefix)
		}
		for _, o := range out.Contents {
			got = append(got, *o.Key)
		}
		if token = out.NextContinuationToken; token == nil {
			break
		}
	}
	if strings.Join(got, " ") != "a/ b/ c d" {
		t.Errorf("listed %v", got)
	}
}

func TestSecretsRotateAndKeepTheirStages(t *testing.T) {
	ctx := t.Context()
	w := sandbox.New(sandbox.Options{Seed: 1})
	w.AddSecret("db", region, "one")
	client := sm.NewFromConfig(w.Admin(region))
	id := aws.String("db")
	_, err := client.RotateSecret(ctx, &sm.RotateSecretInput{SecretId: id})
	var refused *smtypes.InvalidRequestException
	if !errors.As(err, &refused) {
		t.Errorf("rotation without a function: %v", err)
	}
	put, err := client.PutSecretValue(ctx, &sm.PutSecretValueInput{SecretId: id, SecretString: aws.String("two")})
	check(t, err)
	value := func(stage string) string {
		out, err := client.GetSecretValue(ctx, &sm.GetSecretValueInput{SecretId: id, VersionStage: aws.String(stage)})
		check(t, err)
		return *out.SecretString
	}
	if value("AWSCURRENT") != "two" || value("AWSPREVIOUS") != "one" {
		t.Error("stages did not move on")
	}
	versions, err := client.ListSecretVersionIds(ctx, &sm.ListSecretVersionIdsInput{SecretId: id})
	check(t, err)
	var first string
	for _, v := range versions.Versions {
		if *v.VersionId != *put.VersionId {
			first = *v.VersionId
		}
	}
	_, err = client.UpdateSecretVersionStage(ctx, &sm.UpdateSecretVersionStageInput{SecretId: id, VersionStage: aws.String("AWSCURRENT"), MoveToVersionId: aws.String(first)})
	code(t, err, "InvalidParameterException") // the present holder must be named
	_, err = client.UpdateSecretVersionStage(ctx, &sm.UpdateSecretVersionStageInput{
		SecretId: id, VersionStage: aws.String("AWSCURRENT"), MoveToVersionId: aws.String(first), RemoveFromVersionId: put.VersionId,
	})
	check(t, err)
	if value("AWSCURRENT") != "one" || value("AWSPREVIOUS") != "two" {
		t.Error("stages did not move back")
	}
	_, err = client.DescribeSecret(ctx, &sm.DescribeSecretInput{SecretId: aws.String("none")})
	code(t, err, "ResourceNotFoundException")
	sleep(t, w, time.Hour)
	for _, raw := range w.Delivered(0) {
		if strings.Contains(string(raw), `"two"`) {
			t.Errorf("the value stands in the trail: %s", raw)
		}
	}
}

func TestAStoppedTrailStillLeavesEventHistory(t *testing.T) {
	ctx := t.Context()
	w := sandbox.New(sandbox.Options{Seed: 1, DataEvents: true})
	w.AddBucket("b", region)
	w.AddObject("b", "k", nil)
	cfg := w.Admin(region)
	trails := cloudtrail.NewFromConfig(cfg)
	get := func() {
		_, err := s3.NewFromConfig(cfg).GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
		check(t, err)
	}
	get()
	_, err := trails.StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: aws.String("account-trail")})
	check(t, err)
	get()
	check(t, listUsers(t, w, aws.Credentials{AccessKeyID: w.Truth()[0].AccessKey, SecretAccessKey: "x"}))
	if n := len(w.Delivered(0)); n != 0 {
		t.Errorf("%d records before their time", n)
	}
	sleep(t, w, time.Hour)
	var names []string
	for _, raw := range w.Delivered(0) {
		var r struct{ EventName, EventCategory string }
		check(t, json.Unmarshal(raw, &r))
		names = append(names, r.EventName+" "+r.EventCategory)
	}
	if len(names) != 1 || names[0] != "GetObject Data" {
		t.Errorf("the trail delivered %v", names)
	}
	history, err := trails.LookupEvents(ctx, &cloudtrail.LookupEventsInput{LookupAttributes: []cttypes.LookupAttribute{{
		AttributeKey: cttypes.LookupAttributeKeyUsername, AttributeValue: aws.String("quell-responder"),
	}}})
	check(t, err)
	got := map[string]bool{}
	for _, e := range history.Events {
		got[*e.EventName] = true
	}
	if !got["StopLogging"] || !got["ListUsers"] || got["GetObject"] {
		t.Errorf("event history %v", got)
	}
	status, err := trails.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: aws.String("account-trail")})
	check(t, err)
	if *status.IsLogging {
		t.Error("still logging")
	}
	_, err = trails.StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: aws.String("none")})
	code(t, err, "TrailNotFoundException")
}

func TestLookupPagesNewestFirstAndFilters(t *testing.T) {
	ctx := t.Context()
	w := sandbox.New(sandbox.Options{Seed: 7})
	alice := w.AddUser("alice", "ReadOnlyAccess")
	w.Where(alice.AccessKeyID, "203.0.113.66", "curl/8")
	for range 120 {
		check(t, listUsers(t, w, alice))
	}
	sleep(t, w, time.Hour)
	client := cloudtrail.NewFromConfig(w.Admin(region))
	in := &cloudtrail.LookupEventsInput{LookupAttributes: []cttypes.LookupAttribute{{
		AttributeKey: cttypes.LookupAttributeKeyAccessKeyId, AttributeValue: aws.String(alice.AccessKeyID),
	}}}
	seen, last := map[string]bool{}, time.Time{}
	for pages := 1; ; pages++ {
		out, err := client.LookupEvents(ctx, in)
		check(t, err)
		if len(out.Events) > 50 {
			t.Errorf("page of %d", len(out.Events))
		}
		for _, e := range out.Events {
			if !last.IsZero() && e.EventTime.After(last) {
				t.Error("not newest first")
			}
			last, seen[*e.EventId] = *e.EventTime, true
			if !strings.Contains(*e.CloudTrailEvent, `"sourceIPAddress":"203.0.113.66"`) {
				t.Error("origin is not recorded")
			}
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			if pages != 3 {
				t.Errorf("%d pages", pages)
			}
			break
		}
	}
	if len(seen) != 120 {
		t.Errorf("%d events", len(seen))
	}
	elsewhere, err := cloudtrail.NewFromConfig(w.Admin("eu-west-1")).LookupEvents(ctx, &cloudtrail.LookupEventsInput{})
	check(t, err)
	if len(elsewhere.Events) != 0 {
		t.Errorf("IAM events appeared outside us-east-1")
	}
	_, err = client.LookupEvents(ctx, &cloudtrail.LookupEventsInput{MaxResults: aws.Int32(51)})
	code(t, err, "InvalidMaxResultsException")
}
