package queue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithy "github.com/aws/smithy-go"
	"github.com/quell-ir/quell/source"
)

// fetch reads one object. The list is what of it could not be read; the error is a poison where it never can, a stop where
// the callback failed, and anything else is worth another try.
func fetch(ctx context.Context, cfg aws.Config, o object, buckets []string, opts source.Options, each record) ([]source.Skipped, error) {
	if len(buckets) > 0 && !slices.Contains(buckets, o.bucket) {
		return nil, poison{fmt.Errorf("bucket %s is none of those that logs are read from", o.bucket)}
	}
	if skip, _ := opts.Skip(o.key); skip {
		return nil, nil
	}
	// The client lives as long as this function: kept in a field it would keep every operation of the service in the
	// program.
	in := &s3.GetObjectInput{Bucket: &o.bucket, Key: &o.key}
	if o.version != "" {
		in.VersionId = &o.version
	}
	out, err := s3.NewFromConfig(cfg).GetObject(ctx, in)
	if err != nil {
		var api smithy.APIError
		// A log file that lifecycle or somebody has deleted is not coming back.
		if errors.As(err, &api) && slices.Contains([]string{"NoSuchKey", "NoSuchVersion", "NoSuchBucket"}, api.ErrorCode()) {
			return nil, poison{fmt.Errorf("get s3://%s/%s: %s: %s", o.bucket, o.key, api.ErrorCode(), api.ErrorMessage())}
		}
		return nil, fmt.Errorf("get s3://%s/%s: %w", o.bucket, o.key, err)
	}
	defer out.Body.Close()
	return read(ctx, "s3://"+o.bucket+"/"+o.key, out.Body, aws.ToInt64(out.ContentLength), opts, each)
}

// read hands over a stream's document. A connection that breaks off is told from a file that does.
func read(ctx context.Context, origin string, in io.Reader, size int64, opts source.Options, each record) ([]source.Skipped, error) {
	wire := &watched{in: in}
	handed := false
	report, err := source.Stream(ctx, origin, wire, size, opts, func(ctx context.Context, d source.Document) error {
		handed = true
		return each(ctx, d)
	})
	switch {
	case wire.err != nil && ctx.Err() == nil:
		return nil, fmt.Errorf("read %s: %w", origin, wire.err)
	case err != nil:
		return nil, stop{err}
	// Nothing in it was a log, whoever asks again.
	case !handed && len(report.Skipped) > 0:
		return nil, poison{fmt.Errorf("%s: %s", origin, report.Skipped[0].Why)}
	}
	return report.Skipped, nil
}

// watched remembers why a stream failed.
type watched struct {
	in  io.Reader
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.in.Read(p)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}
