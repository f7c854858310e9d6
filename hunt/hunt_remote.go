package hunt

import (
	"context"
	"fmt"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source"
	"github.com/quell-ir/quell/source/athena"
	"github.com/quell-ir/quell/source/cloudwatch"
	"github.com/quell-ir/quell/source/queue"
)

// Prefix judges every log below a bucket's prefix. mark is told how far the reading has come, for a later one to go on from;
// with record it is told after the findings up to there are kept (nil: they are in the result only).
func (h *Hunter) Prefix(ctx context.Context, p queue.Prefix, record Record, mark func(after string) error) (Result, error) {
	report, err := p.Read(ctx, h.document, func(after string) error {
		if err := h.keep(ctx, record); err != nil {
			return err
		}
		return mark(after)
	})
	h.skipAll(report.Skipped)
	r := h.Result()
	r.Files = report.Objects
	if report.Filtered > 0 {
		r.Read = append(r.Read, fmt.Sprintf("s3://%s/%s: %d objects read, %d left out by date, account or region in the key", p.Bucket, p.Key, report.Objects, report.Filtered))
	}
	return r, err
}

// Queue judges what a queue's messages hold or tell of. A message is deleted only after record has kept what was found in
// it; those that can never be read go to aside.
func (h *Hunter) Queue(ctx context.Context, q queue.Queue, record Record, aside func(context.Context, queue.Aside) error) (Result, error) {
	report, err := q.Messages(ctx, func(ctx context.Context, d source.Document) error {
		if err := h.document(ctx, d); err != nil {
			return err
		}
		if err := h.keep(ctx, record); err != nil {
			return err
		}
		if !q.Drain {
			h.Forget(h.through())
		}
		return nil
	}, aside)
	h.skipAll(report.Partly)
	r := h.streamed()
	if q.Drain {
		r = h.Result() // nothing was let go yet
	}
	r.Files = report.Objects
	r.Read = append(r.Read, fmt.Sprintf("%s: %d messages, %d deleted, %d set aside, %d told of nothing to read", q.URL, report.Messages, report.Deleted, report.Aside, report.Nothing))
	if report.Again > 0 {
		r.Blind = append(r.Blind, fmt.Sprintf("%s: %d messages were read and could not be deleted: they come again, and what they hold is known then", quell.Clean(q.URL), report.Again))
	}
	if report.Left > 0 {
		r.Blind = append(r.Blind, fmt.Sprintf("%s: %d messages could not be read for now and come again", quell.Clean(q.URL), report.Left))
	}
	return r, err
}

// Group judges a log group's lines.
func (h *Hunter) Group(ctx context.Context, reader cloudwatch.Reader, q cloudwatch.Query) (Result, error) {
	return h.GroupAgain(ctx, reader, NewAgain(q.Since), q)
}

// GroupAgain judges the lines that have come to a log group since the look before; q.Since is where the first one began.
func (h *Hunter) GroupAgain(ctx context.Context, reader cloudwatch.Reader, again *Again, q cloudwatch.Query) (Result, error) {
	w := again.window(reader.Config.Region)
	q.Since, q.First = w.since, w.isFirst
	coverage, err := reader.Each(ctx, q, h.document)
	if err != nil {
		w.broken()
	} else {
		w.done(coverage.Through)
	}
	h.skipAll(coverage.Skipped)
	r := h.Result()
	r.Read = append(r.Read, fmt.Sprintf("log group %s: %d lines in %d pages, read up to %s", quell.Clean(coverage.Group), coverage.Events, coverage.Pages,
		coverage.Through.UTC().Format(time.RFC3339)))
	return r, err
}

// Table judges the rows of a scan that somebody has agreed to.
func (h *Hunter) Table(ctx context.Context, reader athena.Reader, scan athena.Scan) (Result, error) {
	coverage, err := reader.Run(ctx, scan, h.document)
	h.skipAll(coverage.Skipped)
	r := h.Result()
	r.Read = append(r.Read, fmt.Sprintf("athena query %s: %d rows in %d pages, %d bytes scanned", quell.Clean(coverage.Query), coverage.Rows, coverage.Pages, coverage.Scanned))
	return r, err
}

// keep records what was found since it was called last.
func (h *Hunter) keep(ctx context.Context, record Record) error {
	if record == nil {
		return nil
	}
	fresh := append(h.unkept, h.Fresh()...)
	if h.unkept = nil; len(fresh) == 0 {
		return nil
	}
	if err := record(ctx, fresh); err != nil {
		// A finding is told once: one that was not recorded must not count as told.
		h.unkept = fresh
		return fmt.Errorf("record %d findings: %w", len(fresh), err)
	}
	return nil
}

func (h *Hunter) skipAll(list []source.Skipped) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.skipped = append(h.skipped, list...)
}
