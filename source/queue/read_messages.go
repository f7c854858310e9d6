package queue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source"
)

// Queue is a queue to read. Config, URL and Clock must be set.
type Queue struct {
	Config aws.Config
	URL    string
	Clock  quell.Clock
	// Buckets are those that objects are fetched from; whoever may send to the queue could else name any. Empty: all.
	Buckets []string
	// Visible is for how long a received message is hidden from others; it is renewed at half of that for as long as work
	// goes on (default 5 min). Tries is how often a message may fail for reasons that may pass (default 5).
	Visible time.Duration
	Tries   int
	// Drain ends the reading when a receive comes back empty. Otherwise it goes on until the context ends.
	Drain   bool
	Options source.Options
	// Tell hears of receives that fail once the queue has answered, of which there is another after a while. It may be nil.
	Tell func(error)
}

// A receive that fails is tried again after firstWait, and each time after twice as long, up to lastWait. The SDK has tried a few
// times within a second by then: this is for the minutes without a network that a reading of weeks meets.
const (
	firstWait = 5 * time.Second
	lastWait  = 40 * time.Second
)

// Aside is a message that cannot be read, and why. Body and Why are hostile text.
type Aside struct {
	ID, Body, Why string
	Received      int // how often it was received
}

// Report counts what became of the messages. Left are those that failed for now and come again, Late those whose
// invisibility could not be renewed, and Again those that were recorded and could not be deleted: they may be handed over
// twice. Nothing are those that told of nothing to read: test events, objects that were deleted.
type Report struct {
	Messages, Objects, Deleted, Aside, Left, Late, Again, Nothing int
	// Partly lists what was recorded though some of it could not be read.
	Partly []source.Skipped
}

// record takes one document and returns once it is recorded.
type record = func(context.Context, source.Document) error

// Messages receives messages and hands over what they hold or tell of: events in the envelopes of EventBridge and SNS, and
// objects that S3, EventBridge, CloudTrail or Security Lake announce. aside is told of a message that can't ever be read;
// when it returns nil the message is deleted, because it would come again for ever.
//
// The error is the context's where it did not end by itself, the first of each or aside, whose message is then left in the
// queue, or a quell.Error where the queue cannot be read.
func (q Queue) Messages(ctx context.Context, each record, aside func(context.Context, Aside) error) (Report, error) {
	var report Report
	client := sqs.NewFromConfig(q.Config)
	// SQS counts in whole seconds, up to twelve hours; nought would hide nothing.
	visible := min(max(cmp.Or(max(q.Visible, 0), 5*time.Minute), time.Second), 12*time.Hour)
	wait := time.Duration(0) // before the next try; 0 until the queue has answered once
	for {
		if err := ctx.Err(); err != nil {
			return report, err
		}
		out, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &q.URL, MaxNumberOfMessages: 10, WaitTimeSeconds: q.patience(), VisibilityTimeout: int32(visible / time.Second),
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameApproximateReceiveCount},
		})
		if err != nil {
			if ctx.Err() != nil {
				return report, ctx.Err()
			}
			failure := &quell.Error{Code: quell.CodeFailed, What: "cannot receive from " + q.URL, Err: err, Next: "check the queue's URL and the permission sqs:ReceiveMessage"}
			if q.Drain || wait == 0 {
				return report, failure
			}
			if q.Tell != nil {
				q.Tell(failure)
			}
			if err := q.Clock.Sleep(ctx, wait); err != nil {
				return report, err
			}
			wait = min(2*wait, lastWait)
			continue
		}
		wait = firstWait
		if len(out.Messages) == 0 && q.Drain {
			return report, nil
		}
		if err := q.batch(ctx, out.Messages, visible, each, aside, &report); err != nil {
			return report, err
		}
	}
}

// patience is how long a receive waits for a first message, in seconds: the longest that SQS allows, unless there is
// nothing to wait for.
func (q Queue) patience() int32 {
	if q.Drain {
		return 0
	}
	return 20
}

// batch works through the messages of one receive, all of which stay invisible until they are deleted, together: SQS bills
// by the request. What is recorded is deleted too where a later one fails.
func (q Queue) batch(ctx context.Context, messages []types.Message, visible time.Duration, each record, aside func(context.Context, Aside) error, report *Report) error {
	hold := newHold(messages)
	return hold.during(ctx, q, visible, report, func(ctx context.Context) error {
		var recorded []types.Message
		for _, m := range messages {
			report.Messages++
			done, err := q.one(ctx, m, each, aside, report)
			if err != nil {
				return errors.Join(err, q.delete(ctx, recorded, report))
			}
			if done {
				recorded = append(recorded, m)
			} else {
				report.Left++
				hold.release(aws.ToString(m.ReceiptHandle))
			}
		}
		return q.delete(ctx, recorded, report)
	})
}

// one hands over what a message holds; done says that it may go. Its error ends the reading.
func (q Queue) one(ctx context.Context, m types.Message, each record, aside func(context.Context, Aside) error, report *Report) (done bool, err error) {
	body := aws.ToString(m.Body)
	received, err := strconv.Atoi(m.Attributes[string(types.MessageSystemAttributeNameApproximateReceiveCount)])
	if err != nil {
		received = 1 // an emulator that does not count
	}
	err = q.hand(ctx, aws.ToString(m.MessageId), body, each, report)
	var why poison
	var stop stop
	switch {
	case err == nil:
		return true, nil
	case ctx.Err() != nil:
		return false, ctx.Err()
	case errors.As(err, &stop):
		return false, stop.error
	case !errors.As(err, &why) && received < cmp.Or(max(q.Tries, 0), 5):
		return false, nil // it comes again when its time is up
	}
	a := Aside{ID: aws.ToString(m.MessageId), Body: body, Why: err.Error(), Received: received}
	if err := aside(ctx, a); err != nil {
		return false, fmt.Errorf("set message %s aside: %w", a.ID, err)
	}
	report.Aside++
	return true, nil
}

// hand reads a message's objects, or the message itself.
func (q Queue) hand(ctx context.Context, id, body string, each record, report *Report) error {
	objects, inline, err := readNotice([]byte(body))
	if err != nil {
		return poison{err}
	}
	for _, o := range objects {
		skipped, err := fetch(ctx, q.Config, o, q.Buckets, q.Options, each)
		if err != nil {
			return err
		}
		report.Objects++
		report.Partly = append(report.Partly, skipped...)
	}
	if inline == nil {
		if len(objects) == 0 {
			report.Nothing++
		}
		return nil
	}
	skipped, err := read(ctx, "sqs:"+id, strings.NewReader(string(inline)), int64(len(inline)), q.Options, each)
	report.Partly = append(report.Partly, skipped...)
	return err
}

// poison is a failure that trying again cannot mend.
type poison struct{ error }

func (p poison) Unwrap() error { return p.error }

// stop is the callback's own failure, which ends the reading.
type stop struct{ error }

func (s stop) Unwrap() error { return s.error }
