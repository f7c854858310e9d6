package queue

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"
)

// hold keeps the messages of one receive invisible to others while they wait or are worked on.
type hold struct {
	mu      sync.Mutex
	handles map[string]bool
	late    int
}

func newHold(messages []types.Message) *hold {
	h := &hold{handles: map[string]bool{}}
	for _, m := range messages {
		h.handles[aws.ToString(m.ReceiptHandle)] = true
	}
	return h
}

func (h *hold) release(handle string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.handles, handle)
}

func (h *hold) held() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]string, 0, len(h.handles))
	for handle := range h.handles {
		out = append(out, handle)
	}
	return out
}

// errWorked ends the renewing when the work is over.
var errWorked = errors.New("the work is over")

// during runs work and renews the invisibility of what is still held, until work ends.
func (h *hold) during(ctx context.Context, q Queue, visible time.Duration, report *Report, work func(context.Context) error) error {
	group, ctx := errgroup.WithContext(ctx)
	renewing, stopRenewing := context.WithCancelCause(ctx)
	group.Go(func() error {
		defer stopRenewing(errWorked)
		return work(ctx)
	})
	group.Go(func() error {
		for {
			if err := q.Clock.Sleep(renewing, visible/2); err != nil {
				return nil // the work is over, or its own error says why
			}
			h.renew(renewing, q, visible)
		}
	})
	err := group.Wait()
	report.Late += h.late
	return err
}

// renew asks for the full time again from now. A refusal ends nothing: the message may be handed over twice, and is counted.
func (h *hold) renew(ctx context.Context, q Queue, visible time.Duration) {
	client := sqs.NewFromConfig(q.Config)
	for _, handle := range h.held() {
		_, err := client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
			QueueUrl: &q.URL, ReceiptHandle: &handle, VisibilityTimeout: int32(visible / time.Second),
		})
		if err != nil && ctx.Err() == nil {
			h.late++
		}
	}
}
