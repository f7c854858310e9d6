package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	metrictypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"
	"github.com/rogpeppe/go-internal/testscript"
)

// stock fills the places that logs lie in: `stock object BUCKET KEY FILE`, `stock message QUEUE FILE` (which sets $QUEUE),
// `stock lines GROUP TIME FILE`, `stock filter GROUP NAME PATTERN NAMESPACE METRIC`, `stock alarm NAME NAMESPACE METRIC`; `stock left QUEUE` prints how many
// messages there are.
func stock(ts *testscript.TestScript, _ bool, args []string) {
	c := enter(ts)
	switch args[0] {
	case "object":
		_, err := s3.NewFromConfig(c.cfg, func(o *s3.Options) { o.UsePathStyle = true }).PutObject(c.ctx,
			&s3.PutObjectInput{Bucket: &args[1], Key: &args[2], Body: strings.NewReader(ts.ReadFile(args[3]))})
		ts.Check(err)
	case "message", "left":
		mail := sqs.NewFromConfig(c.cfg)
		made, err := mail.CreateQueue(c.ctx, &sqs.CreateQueueInput{QueueName: &args[1]})
		ts.Check(err)
		ts.Setenv("QUEUE", aws.ToString(made.QueueUrl))
		if args[0] == "left" {
			out, err := mail.GetQueueAttributes(c.ctx, &sqs.GetQueueAttributesInput{QueueUrl: made.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll}})
			ts.Check(err)
			fmt.Fprintf(ts.Stdout(), "%s waiting, %s held\n", out.Attributes["ApproximateNumberOfMessages"], out.Attributes["ApproximateNumberOfMessagesNotVisible"])
			return
		}
		_, err = mail.SendMessage(c.ctx, &sqs.SendMessageInput{QueueUrl: made.QueueUrl, MessageBody: aws.String(ts.ReadFile(args[2]))})
		ts.Check(err)
	case "lines":
		logs := cloudwatchlogs.NewFromConfig(c.cfg)
		_, err := logs.CreateLogGroup(c.ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &args[1]})
		ts.Check(err)
		_, err = logs.CreateLogStream(c.ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &args[1], LogStreamName: aws.String("one")})
		ts.Check(err)
		at, err := time.Parse(time.RFC3339, args[2])
		if args[2] == "now" {
			at, err = time.Now(), nil
		}
		ts.Check(err)
		var events []types.InputLogEvent
		for line := range strings.Lines(ts.ReadFile(args[3])) {
			events = append(events, types.InputLogEvent{Timestamp: aws.Int64(at.UnixMilli()), Message: aws.String(strings.TrimSpace(line))})
		}
		_, err = logs.PutLogEvents(c.ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: &args[1], LogStreamName: aws.String("one"), LogEvents: events})
		ts.Check(err)
		ts.Setenv("NOW", at.UTC().Add(time.Minute).Format(time.RFC3339))
	case "alarm":
		// The emulator knows CloudWatch's older protocol only.
		older := func(o *cloudwatch.Options) { o.Protocol = awsquery.New(schemas.GraniteServiceVersion20100801) }
		_, err := cloudwatch.NewFromConfig(c.cfg, older).PutMetricAlarm(c.ctx, &cloudwatch.PutMetricAlarmInput{
			AlarmName: &args[1], Namespace: &args[2], MetricName: &args[3], Period: aws.Int32(300), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1),
			Statistic: metrictypes.StatisticSum, ComparisonOperator: metrictypes.ComparisonOperatorGreaterThanOrEqualToThreshold,
		})
		ts.Check(err)
	case "filter":
		_, err := cloudwatchlogs.NewFromConfig(c.cfg).PutMetricFilter(c.ctx, &cloudwatchlogs.PutMetricFilterInput{
			LogGroupName: &args[1], FilterName: &args[2], FilterPattern: &args[3],
			MetricTransformations: []types.MetricTransformation{{MetricNamespace: &args[4], MetricName: &args[5], MetricValue: aws.String("1")}},
		})
		ts.Check(err)
	default:
		ts.Fatalf("there is no stock of %q", args[0])
	}
}
