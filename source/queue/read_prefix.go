package queue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source"
	"golang.org/x/sync/errgroup"
)

// Prefix is a part of a bucket to read. Config and Bucket must be set.
type Prefix struct {
	Config      aws.Config
	Bucket, Key string
	// After is a mark of an earlier reading: what it covers is not read again.
	After string
	// Options narrow by the account, region and day in a key, and bound the objects and the workers (default: one a core).
	Options source.Options
}

// PrefixReport is what became of the objects. Filtered counts those seen in a listing and left out by their key; listings
// that were jumped over are in no count.
type PrefixReport struct {
	Pages, Objects, Filtered int
	Bytes                    int64 // as stored
	Skipped                  []source.Skipped
}

// Read lists the prefix in the order of its keys and hands over every object that is wanted, a page's objects by several
// workers at once. After each page whose documents are all recorded mark is told a mark to go on from, or to keep.
//
// What cannot be read is in the report and stops nothing, save where the bucket does not answer at all. The error is the
// context's, the first of each or mark, or a quell.Error where the prefix cannot be listed.
func (p Prefix) Read(ctx context.Context, each record, mark func(after string) error) (PrefixReport, error) {
	var report PrefixReport
	client := s3.NewFromConfig(p.Config)
	after := p.After
	for {
		// By the last key and not by the service's token: a mark must be good tomorrow, and keys can be jumped over.
		in := &s3.ListObjectsV2Input{Bucket: &p.Bucket, Prefix: &p.Key}
		if after != "" {
			in.StartAfter = &after
		}
		page, err := client.ListObjectsV2(ctx, in)
		if err != nil {
			if ctx.Err() != nil {
				return report, ctx.Err()
			}
			return report, &quell.Error{Code: quell.CodeFailed, What: "cannot list s3://" + p.Bucket + "/" + p.Key, Err: err, Next: "check the bucket's name and the permission s3:ListBucket"}
		}
		report.Pages++
		var keys []string
		next := after
		for _, o := range page.Contents {
			key := aws.ToString(o.Key)
			next = max(next, key)
			skip, behind := p.Options.Skip(key)
			switch {
			case skip:
				report.Filtered++
				next = max(next, behind)
			case strings.HasSuffix(key, "/"): // a folder's marker has no content
			default:
				keys = append(keys, key)
			}
		}
		if err := p.fetch(ctx, keys, each, &report); err != nil {
			return report, err
		}
		if next != after {
			if err := mark(next); err != nil {
				return report, fmt.Errorf("keep the mark %s: %w", next, err)
			}
		}
		if !aws.ToBool(page.IsTruncated) || next == after { // an emulator that gives the same page would keep us for ever
			slices.SortFunc(report.Skipped, func(a, b source.Skipped) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Why, b.Why)) })
			return report, nil
		}
		after = next
	}
}

// fetch reads one page's objects, each worker with a number of its own.
func (p Prefix) fetch(ctx context.Context, keys []string, each record, report *PrefixReport) error {
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	found := make(chan string)
	group.Go(func() error {
		defer close(found)
		for _, key := range keys {
			select {
			case found <- key:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for worker := range cmp.Or(max(p.Options.Workers, 0), runtime.GOMAXPROCS(0)) {
		group.Go(func() error {
			for key := range found {
				size := int64(0)
				skipped, err := fetch(ctx, p.Config, object{bucket: p.Bucket, key: key}, nil, p.Options, func(ctx context.Context, d source.Document) error {
					d.Worker, size = worker, d.Size
					return each(ctx, d)
				})
				var stopped stop
				switch {
				case errors.As(err, &stopped):
					return stopped.error
				case ctx.Err() != nil:
					return ctx.Err()
				}
				mu.Lock()
				report.Objects++
				report.Bytes += size
				report.Skipped = append(report.Skipped, skipped...)
				if err != nil {
					report.Skipped = append(report.Skipped, source.Skipped{Path: "s3://" + p.Bucket + "/" + key, Why: err.Error()})
				}
				mu.Unlock()
			}
			return nil
		})
	}
	return group.Wait()
}
