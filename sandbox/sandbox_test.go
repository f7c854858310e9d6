package sandbox_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	sm "github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/sandbox"
)

var _ quell.Clock = (*sandbox.Clock)(nil)

const region = "us-east-1"

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// code fails unless err carries the wanted code; "" wants success.
func code(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	var api smithy.APIError
	switch {
	case errors.As(err, &api):
		got = api.ErrorCode()
	case err != nil:
		got = "other: " + err.Error()
	}
	if got != want {
		t.Fatalf("error code %q, want %q (%v)", got, want, err)
	}
}

func TestEveryServiceAnswersThroughRealClients(t *testing.T) {
	ctx := t.Context()
	w := sandbox.New(sandbox.Options{Seed: 1})
	w.AddBucket("records", region)
	w.AddObject("records", "a.txt", []byte("alpha"))
	arn := w.AddSecret("db", region, "hunter2")
	cfg := w.Admin(region)

	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	check(t, err)
	if *who.Arn != "arn:aws:iam::123456789012:user/quell-responder" {
		t.Errorf("caller %s", *who.Arn)
	}
	user, err := iam.NewFromConfig(cfg).CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("alice")})
	check(t, err)
	if !strings.HasPrefix(*user.User.UserId, "AIDA") || len(*user.User.UserId) != 21 {
		t.Errorf("user id %s", *user.User.UserId)
	}
	_, err = iam.NewFromConfig(cfg).CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("alice")})
	var exists *iamtypes.EntityAlreadyExistsException
	if !errors.As(err, &exists) {
		t.Errorf("second user: %v", err)
	}
	_, err = iam.NewFromConfig(cfg).CreateUser(ctx, &iam.CreateUserInput{})
	var invalid smithy.InvalidParamsError
	if !errors.As(err, &invalid) {
		t.Errorf("the SDK's validation did not run: %v", err)
	}

	store := s3.NewFromConfig(cfg)
	_, err = store.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("records"), Key: aws.String("b.txt"), Body: strings.NewReader("beta")})
	check(t, err)
	got, err := store.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("records"), Key: aws.String("b.txt")})
	check(t, err)
	body, err := io.ReadAll(got.Body)
	check(t, err)
	if string(body) != "beta" {
		t.Errorf("object %q", body)
	}
	listed, err := store.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("records")})
	check(t, err)
	if len(listed.Contents) != 2 {
		t.Errorf("%d objects", len(listed.Contents))
	}

	secret, err := sm.NewFromConfig(cfg).GetSecretValue(ctx, &sm.GetSecretValueInput{SecretId: aws.String("db")})
	check(t, err)
	if *secret.SecretString != "hunter2" || *secret.ARN != arn {
		t.Errorf("secret %s of %s", *secret.SecretString, *secret.ARN)
	}
	regions, err := ec2.NewFromConfig(cfg).DescribeRegions(ctx, &ec2.DescribeRegionsInput{})
	check(t, err)
	if len(regions.Regions) != 4 {
		t.Errorf("%d regions", len(regions.Regions))
	}

	trails := cloudtrail.NewFromConfig(cfg)
	early, err := trails.LookupEvents(ctx, &cloudtrail.LookupEventsInput{})
	check(t, err)
	if len(early.Events) != 0 {
		t.Errorf("%d events before CloudTrail's delay", len(early.Events))
	}
	check(t, w.Clock().Sleep(ctx, time.Hour))
	late, err := trails.LookupEvents(ctx, &cloudtrail.LookupEventsInput{})
	check(t, err)
	names := map[string]bool{}
	for _, e := range late.Events {
		names[*e.EventName] = true
		var record map[string]any
		check(t, json.Unmarshal([]byte(*e.CloudTrailEvent), &record))
		if record["eventID"] != *e.EventId {
			t.Errorf("event id %v in the record of %s", record["eventID"], *e.EventId)
		}
	}
	if !names["CreateUser"] || !names["GetCallerIdentity"] || !names["GetSecretValue"] || names["GetObject"] {
		t.Errorf("event history holds %v", names)
	}
	for _, raw := range w.Delivered(0) {
		if strings.Contains(string(raw), "hunter2") {
			t.Errorf("a secret in the trail: %s", raw)
		}
	}
}

func TestWhatIsNotSimulatedNamesItself(t *testing.T) {
	w := sandbox.New(sandbox.Options{})
	_, err := ec2.NewFromConfig(w.Admin(region)).DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{})
	code(t, err, "NotImplemented")
	if !strings.Contains(err.Error(), "EC2:DescribeInstances") {
		t.Errorf("error does not say what is missing: %v", err)
	}
}

func TestPresignedRequestsMeetAClosedNetwork(t *testing.T) {
	w := sandbox.New(sandbox.Options{})
	signed, err := s3.NewPresignClient(s3.NewFromConfig(w.Admin(region))).PresignGetObject(t.Context(),
		&s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
	check(t, err)
	if !strings.Contains(signed.URL, "X-Amz-Signature=") {
		t.Errorf("presigned %s", signed.URL)
	}
}

func BenchmarkCall(b *testing.B) {
	w := sandbox.New(sandbox.Options{})
	client := iam.NewFromConfig(w.Admin(region))
	for b.Loop() {
		if _, err := client.ListAccessKeys(b.Context(), &iam.ListAccessKeysInput{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWorld(b *testing.B) {
	for b.Loop() {
		sandbox.New(sandbox.Options{})
	}
}
