package queue

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/internal/moto"
	"github.com/quell-ir/quell/source"
)

// TestOverTheWire reads a real queue and bucket of the emulator: the fake in the other tests knows only what we know.
func TestOverTheWire(t *testing.T) {
	server := moto.Start(t)
	server.Reset(t)
	ctx := t.Context()
	cfg := server.Config("us-east-1")
	const name = "quell-source-queue"
	store := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := store.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(name)}); err != nil {
		t.Fatal(err)
	}
	keys := []string{"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/04/a b.json", "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/05/b.json"}
	for _, key := range keys {
		if _, err := store.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(name), Key: &key, Body: strings.NewReader(`{"Records":[]}`)}); err != nil {
			t.Fatal(err)
		}
	}
	mail := sqs.NewFromConfig(cfg)
	made, err := mail.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(name)})
	if err != nil {
		t.Fatal(err)
	}
	body := `{"Records":[{"eventSource":"aws:s3","s3":{"bucket":{"name":"` + name + `"},"object":{"key":"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/04/a+b.json"}}}]}`
	for _, text := range []string{body, "hello"} {
		if _, err := mail.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: made.QueueUrl, MessageBody: &text}); err != nil {
			t.Fatal(err)
		}
	}
	texts, asides, report := drain(t, Queue{Config: cfg, URL: *made.QueueUrl, Clock: quell.WallClock{}})
	if texts["s3://"+name+"/"+keys[0]] != `json {"Records":[]}` || len(asides) != 1 || report.Deleted != 2 {
		t.Errorf("read %v, set aside %+v, %+v", texts, asides, report)
	}
	if _, _, again := drain(t, Queue{Config: cfg, URL: *made.QueueUrl, Clock: quell.WallClock{}}); again.Messages != 0 {
		t.Errorf("what was deleted comes again: %+v", again)
	}
	origins, marks, _ := readPrefix(t, Prefix{Config: cfg, Bucket: name, Key: "AWSLogs/"})
	if len(origins) != 2 || len(marks) != 1 || marks[0] != keys[1] {
		t.Errorf("read %v, marks %v", origins, marks)
	}
	count := 0
	if _, err := (Prefix{Config: cfg, Bucket: name, After: keys[0]}).Read(ctx, func(_ context.Context, d source.Document) error {
		count++
		_, err := io.Copy(io.Discard, d.Reader)
		return err
	}, func(string) error { return nil }); err != nil || count != 1 {
		t.Errorf("%d objects after the first mark, %v", count, err)
	}
}
