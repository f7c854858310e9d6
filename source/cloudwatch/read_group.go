package cloudwatch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source"
)

// Reader reads the log groups of one region. Config and Clock must be set.
type Reader struct {
	Config aws.Config
	Clock  quell.Clock
	// Tries is how often one request is sent where AWS asks for patience (default 8).
	Tries int
	// Options bound what the documents expand to.
	Options source.Options
}

// Query says what to read. Group is a log group's name, or its ARN for another account's. Pattern is a filter pattern of
// CloudWatch Logs, empty for every line. A zero time is an open end; both are times of log lines, which for CloudTrail is
// the delivery, minutes after the event.
type Query struct {
	Group, Pattern string
	Since, Until   time.Time
	// First, where it is set, says of a line by its id and time whether it was not handed over before: looks that follow
	// one another overlap, for lines arrive late.
	First func(id string, at time.Time) bool
}

// Coverage says what was read: Through is the time up to which lines could be there when the reading began.
type Coverage struct {
	Group         string
	Pages, Events int
	Through       time.Time
	Skipped       []source.Skipped
}

// Each hands over the log lines, a page to a document, in the order in which CloudWatch Logs gives them.
//
// The error is the context's, the first of each, or a quell.Error where the group cannot be read; the coverage then tells
// what was read before.
func (r Reader) Each(ctx context.Context, q Query, each func(context.Context, source.Document) error) (Coverage, error) {
	c := Coverage{Group: q.Group, Through: r.Clock.Now()}
	if !q.Until.IsZero() && q.Until.Before(c.Through) {
		c.Through = q.Until
	}
	// The client lives as long as this function: kept in a field it would keep every operation of the service in the
	// program.
	client := cloudwatchlogs.NewFromConfig(r.Config, func(o *cloudwatchlogs.Options) { o.Retryer = aws.NopRetryer{} })
	in := filterInput(q)
	pace := r.pace()
	for {
		var out *cloudwatchlogs.FilterLogEventsOutput
		err := pace.Send(ctx, func() (err error) {
			out, err = client.FilterLogEvents(ctx, in)
			return err
		})
		if err != nil {
			return c, refused(ctx, "read the log group "+q.Group, "logs:FilterLogEvents", err)
		}
		c.Pages++
		c.Events += len(out.Events)
		if err := r.page(ctx, q, c.Pages, out.Events, each, &c); err != nil {
			return c, err
		}
		// Pages may be empty long before the last: only the token tells the end.
		next := aws.ToString(out.NextToken)
		if next == "" {
			return c, nil
		}
		if next == aws.ToString(in.NextToken) { // an emulator that ignores the token would keep us for ever
			return c, fmt.Errorf("read the log group %s: the same page is offered again and again", q.Group)
		}
		in.NextToken = &next
	}
}

func filterInput(q Query) *cloudwatchlogs.FilterLogEventsInput {
	in := &cloudwatchlogs.FilterLogEventsInput{}
	if strings.HasPrefix(q.Group, "arn:") {
		in.LogGroupIdentifier = aws.String(strings.TrimSuffix(q.Group, ":*"))
	} else {
		in.LogGroupName = aws.String(q.Group)
	}
	if q.Pattern != "" {
		in.FilterPattern = aws.String(q.Pattern)
	}
	if !q.Since.IsZero() {
		in.StartTime = aws.Int64(q.Since.UnixMilli())
	}
	if !q.Until.IsZero() {
		in.EndTime = aws.Int64(q.Until.UnixMilli())
	}
	return in
}

// page hands over one page in the shape of "aws logs filter-log-events", which package source opens like a file of it.
func (r Reader) page(ctx context.Context, q Query, number int, events []types.FilteredLogEvent, each func(context.Context, source.Document) error, c *Coverage) error {
	if q.First != nil {
		events = slices.DeleteFunc(events, func(e types.FilteredLogEvent) bool {
			return e.EventId != nil && !q.First(*e.EventId, time.UnixMilli(aws.ToInt64(e.Timestamp)))
		})
	}
	if len(events) == 0 {
		return nil
	}
	type line struct {
		Stream    string `json:"logStreamName,omitempty"`
		Timestamp int64  `json:"timestamp"`
		Message   string `json:"message"`
		ID        string `json:"eventId,omitempty"`
	}
	lines := make([]line, 0, len(events))
	for _, e := range events {
		lines = append(lines, line{aws.ToString(e.LogStreamName), aws.ToInt64(e.Timestamp), aws.ToString(e.Message), aws.ToString(e.EventId)})
	}
	text, err := json.Marshal(map[string]any{"events": lines})
	if err != nil {
		return fmt.Errorf("write page %d of %s: %w", number, q.Group, err)
	}
	report, err := source.Stream(ctx, fmt.Sprintf("log group %s, page %d", q.Group, number), bytes.NewReader(text), int64(len(text)), r.Options, each)
	c.Skipped = append(c.Skipped, report.Skipped...)
	return err
}

// refused explains a failure to people, unless they ended it themselves.
func refused(ctx context.Context, what, permission string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	next := "allow " + permission + ", or sign in again if the credentials are no longer good"
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		next = "check the name and the region (--region)"
	}
	var invalid *types.InvalidParameterException
	if errors.As(err, &invalid) {
		next = "check the filter pattern"
	}
	return &quell.Error{Code: quell.CodeFailed, What: "cannot " + what, Err: err, Next: next}
}
