package cloudtrail

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/call"
)

// The history answers two requests a second and region; a throttled one is repeated after 1, 2, 4 ... seconds.
const (
	spacing  = 500 * time.Millisecond
	tries    = 7
	pageSize = 50
)

// keepHistory keeps one region's records for one lookup, as JSON lines. An error means that the whole collection must end.
func (e *exporter) keepHistory(ctx context.Context, region string, l lookup) error {
	name := fmt.Sprintf("%s%s/%s-%s.jsonl", e.folder, region, strings.ToLower(string(l.Attribute)), fileName(l.Value))
	if e.sink.Has(name) {
		e.m.Artefacts = append(e.m.Artefacts, artefact{Name: name, Earlier: true})
		return nil
	}
	h := &history{ctx: ctx, e: e, region: region, in: &cloudtrail.LookupEventsInput{
		LookupAttributes: []types.LookupAttribute{{AttributeKey: l.Attribute, AttributeValue: aws.String(l.Value)}},
		StartTime:        aws.Time(e.from), EndTime: aws.Time(e.until), MaxResults: aws.Int32(pageSize),
	}}
	// The first page is read before anything is kept: a region that refuses has no artefact, and is named instead.
	if err := h.fetch(); err != nil {
		return e.fail(ctx, region+" "+string(l.Attribute)+" "+quell.Clean(l.Value), err)
	}
	e.answered = true
	from := fmt.Sprintf("cloudtrail:LookupEvents %s %s=%s from %s until %s", region, l.Attribute, quell.Clean(l.Value), e.m.From, e.m.Until)
	if err := e.put(ctx, name, from, h, nil); err != nil {
		if h.err == nil {
			return err // the store failed, not the history
		}
		return e.fail(ctx, name, h.err)
	}
	return nil
}

// history reads records page by page as they are asked for, so that one page is all that is held.
type history struct {
	ctx    context.Context //nolint:containedctx // io.Reader has no place for one, and this lives within one call
	e      *exporter
	region string
	in     *cloudtrail.LookupEventsInput
	buf    bytes.Buffer
	done   bool
	err    error
}

// Read implements io.Reader.
func (h *history) Read(p []byte) (int, error) {
	for h.buf.Len() == 0 {
		if h.err != nil {
			return 0, h.err
		}
		if h.done {
			return 0, io.EOF
		}
		if err := h.fetch(); err != nil {
			return 0, err
		}
	}
	return h.buf.Read(p)
}

// fetch reads the next page into the buffer.
func (h *history) fetch() error {
	var out *cloudtrail.LookupEventsOutput
	h.err = h.e.ask(h.ctx, h.region, func(cfg aws.Config) (err error) {
		out, err = cloudtrail.NewFromConfig(cfg).LookupEvents(h.ctx, h.in)
		return err
	})
	if h.err != nil {
		return h.err
	}
	for _, event := range out.Events {
		h.write(event)
	}
	next := aws.ToString(out.NextToken)
	if next != "" && next == aws.ToString(h.in.NextToken) {
		h.err = errors.New("the same page of event history is offered again and again")
		return h.err
	}
	h.in.NextToken, h.done = out.NextToken, next == ""
	return nil
}

// write adds a record as one line. What came without its record is kept as its head, rather than not at all.
func (h *history) write(event types.Event) {
	raw := []byte(aws.ToString(event.CloudTrailEvent))
	if !json.Valid(raw) {
		head := map[string]any{
			"quell": "came without a readable record", "eventID": aws.ToString(event.EventId), "eventName": aws.ToString(event.EventName),
			"eventSource": aws.ToString(event.EventSource), "username": aws.ToString(event.Username), "text": string(raw),
		}
		if event.EventTime != nil {
			head["eventTime"] = spell(*event.EventTime)
		}
		raw, _ = json.Marshal(head) // text only: it cannot fail
	}
	// JSON knows line breaks as white space only, so that a compact record is one line with nothing changed in it.
	if json.Compact(&h.buf, raw) == nil {
		h.buf.WriteByte('\n')
	}
}

// ask sends a request to a region at the pace the history allows, again while it is throttled.
func (e *exporter) ask(ctx context.Context, region string, send func(cfg aws.Config) error) error {
	cfg := e.cfg.Copy()
	cfg.Region = region
	// Waits follow the clock; the SDK's own back-off would not.
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	var err error
	for try := range tries {
		if wait := e.next[region].Sub(e.clock.Now()); wait > 0 {
			if err := e.clock.Sleep(ctx, wait); err != nil {
				return err
			}
		}
		e.next[region] = e.clock.Now().Add(spacing)
		err = send(cfg)
		code := call.Code(err)
		if err == nil || !call.Throttled(code) && code != call.CodeNoAnswer || ctx.Err() != nil {
			return err
		}
		e.next[region] = e.clock.Now().Add(time.Second << try)
	}
	return fmt.Errorf("asked %d times: %w", tries, err)
}
