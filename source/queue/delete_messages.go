package queue

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	// deleteTries is how often a deletion that SQS could not carry out for now is asked for.
	deleteTries = 4
	// lastWords is how long an interrupted reading may take to delete what it has recorded.
	lastWords = 5 * time.Second
)

// delete deletes messages that are recorded. A batch is carried out in parts: what fails for now is asked for again, and what
// can't be deleted is counted, for it comes again and its findings are known by then. The error is one of the whole batch: a
// permission that is missing would have the same messages come for ever.
func (q Queue) delete(ctx context.Context, recorded []types.Message, report *Report) error {
	if len(recorded) == 0 {
		return nil
	}
	if ctx.Err() != nil {
		// Interrupted after recording: that it comes again would only be work.
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
		defer cancel()
		ctx = bounded
	}
	entries := make([]types.DeleteMessageBatchRequestEntry, len(recorded))
	for i, m := range recorded {
		entries[i] = types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle}
	}
	for try := 1; ; try++ {
		out, err := sqs.NewFromConfig(q.Config).DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &q.URL, Entries: entries})
		if err != nil {
			return fmt.Errorf("delete %d messages, which are recorded and will come again: %w", len(entries), err)
		}
		again, lost := q.refused(entries, out.Failed)
		report.Deleted += len(entries) - len(again) - lost
		report.Again += lost
		if len(again) == 0 {
			return nil
		}
		if try == deleteTries {
			report.Again += len(again)
			return nil
		}
		if err := q.Clock.Sleep(ctx, time.Second<<try); err != nil {
			report.Again += len(again)
			return err
		}
		entries = again
	}
}

// refused are the entries worth another try, and how many are not: SQS calls it the sender's fault where a handle is no longer
// good, because the message was received again.
func (q Queue) refused(entries []types.DeleteMessageBatchRequestEntry, failed []types.BatchResultErrorEntry) (again []types.DeleteMessageBatchRequestEntry, lost int) {
	for _, f := range failed {
		i, err := strconv.Atoi(aws.ToString(f.Id))
		for _, e := range entries {
			switch {
			case err != nil || aws.ToString(e.Id) != strconv.Itoa(i):
			case f.SenderFault:
				lost++
			default:
				again = append(again, e)
			}
		}
	}
	return again, lost
}
