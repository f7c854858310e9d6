package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Kind is what a document holds, found by looking at it.
type Kind string

// The kinds of documents handed out. Anything else is skipped with a reason.
const (
	KindJSON     Kind = "json"     // CloudTrail records, or whatever else the detection engine may know
	KindFlowLog  Kind = "flowlog"  // for EachFlow
	KindS3Access Kind = "s3access" // for ReadS3Access
	KindELB      Kind = "elb"      // for ReadELB
	KindWAF      Kind = "waf"      // for ReadWAF
	KindResolver Kind = "resolver" // for ReadResolver
	KindEKSAudit Kind = "eksaudit" // for ReadEKSAudit
	KindMapped   Kind = "mapped"   // for ReadMapped, by the mapping in Options
)

// Document is one file, decompressed while it is read, and taken out of what a search or a service exported it in: its
// Reader then gives a record a line. It is valid until the callback returns.
type Document struct {
	Origin string // the path, or "-"
	Kind   Kind
	Reader io.Reader
	Size   int64 // bytes as stored, 0 where unknown (a pipe)
	// Worker is the number, from 0, of the goroutine that makes this callback: per-worker buffers need no lock.
	Worker int
	// Mapping is how to read a document of KindMapped.
	Mapping  *Mapping
	findings *rowFindings // see TakeFindings
}

// Skipped says why a file was not read, or not to its end. Path and Why are hostile text.
// Rows names the rows of an export that gave no whole record, the first hundred of them.
type Skipped struct {
	Path string    `json:"path"`
	Why  string    `json:"why"`
	Rows []BadLine `json:"rows,omitempty"`
}

// Report is what became of the paths: files handed out, bytes as stored, files left out by the options, and every
// file that could not be read whole, sorted by path.
type Report struct {
	Files    int
	Bytes    int64
	Filtered int
	Skipped  []Skipped
}

// Options narrows and bounds the reading. The zero value reads everything, with a worker per core and default caps.
type Options struct {
	// Since, Until, Accounts and Regions leave out files by the account, region and day in their S3 key. A file whose
	// path tells none of these is read.
	Since, Until      time.Time
	Accounts, Regions []string
	// Stdin is what "-" reads.
	Stdin   io.Reader
	Workers int
	// Mapping, where there is one, says how every document is written; nothing is guessed at then.
	Mapping *Mapping
	// MaxExpanded is the most bytes one file may expand to (default 16 GiB), MaxRatio the most bytes out per byte in,
	// counted once a file has given 256 MiB (default 300: log files that a trail writes stay far below).
	MaxExpanded, MaxRatio int64
	// Progress, where there is one, is kept up while files are read.
	Progress *Progress
}

func (o Options) withDefaults() Options {
	o.Workers = cmp.Or(max(o.Workers, 0), runtime.GOMAXPROCS(0))
	o.MaxExpanded = cmp.Or(max(o.MaxExpanded, 0), 16<<30)
	o.MaxRatio = cmp.Or(max(o.MaxRatio, 0), 300)
	return o
}

// Files walks paths and calls each for every log file in them, from several goroutines at once and in no certain
// order. What cannot be read is in the report and stops nothing; a file that breaks off in the middle is handed out up
// to there, its Reader then fails, and the report says so whether or not each returned that failure.
//
// The error is the first one of each that is not its reader's own, the context's, or a quell.Error for a path that
// does not exist.
func Files(ctx context.Context, paths []string, opts Options, each func(context.Context, Document) error) (Report, error) {
	opts = opts.withDefaults()
	if err := checkPaths(paths, opts); err != nil {
		return Report{}, err
	}
	t := &tally{}
	defer opts.Progress.count(ctx, paths, opts)()
	// A short queue: the walk may run ahead of the workers, but a million names need not be held.
	found := make(chan string, 4*opts.Workers)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(found)
		w := walker{opts: opts, tally: t, send: func(path string) error {
			select {
			case found <- path:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}}
		return w.walk(ctx, paths)
	})
	// As many goroutines as cores, each with one file at a time: decompression and judging need no other concurrency.
	for number := range opts.Workers {
		group.Go(func() error {
			r := reader{opts: opts, tally: t, worker: number}
			defer r.close()
			for path := range found {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := r.read(ctx, path, each); err != nil {
					return err
				}
			}
			return nil
		})
	}
	// Workers finish in any order; two runs over the same files must still report the same.
	err := group.Wait()
	slices.SortFunc(t.report.Skipped, func(a, b Skipped) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Why, b.Why))
	})
	return t.report, err
}

// Stream reads one file that does not lie on a disk, an object in a bucket or the body of a request, as Files does; name
// takes the place of the path. size is what is stored, 0 where unknown.
func Stream(ctx context.Context, name string, in io.Reader, size int64, opts Options, each func(context.Context, Document) error) (Report, error) {
	t := &tally{}
	r := reader{opts: opts.withDefaults(), tally: t}
	defer r.close()
	err := r.stream(ctx, name, in, size, each)
	return t.report, err
}

// reader is one worker: its buffers and decompressors are used again for file after file.
type reader struct {
	opts   Options
	tally  *tally
	worker int
	expander
}

// read hands one file to each. Its result is an error only where reading must stop altogether.
func (r *reader) read(ctx context.Context, path string, each func(context.Context, Document) error) error {
	var in io.Reader = r.opts.Stdin
	var size int64
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			r.tally.skip(path, "unreadable: "+plainError(err))
			r.opts.Progress.pass(path)
			return nil
		}
		defer file.Close()
		// The size serves progress only; what is no regular file has none worth telling.
		in, size = file, regularSize(file)
	}
	return r.stream(ctx, path, in, size, each)
}

// stream hands out what in holds.
func (r *reader) stream(ctx context.Context, path string, in io.Reader, size int64, each func(context.Context, Document) error) error {
	in, done := r.opts.Progress.watch(in, size)
	defer done()
	body, err := r.open(in, r.opts.MaxExpanded, r.opts.MaxRatio)
	if err != nil {
		r.tally.skip(path, plainError(err))
		return nil
	}
	text, err := r.unwrap(body, path)
	if err != nil {
		r.tally.skip(path, err.Error())
		return nil
	}
	if text.why != "" {
		r.tally.add(Skipped{Path: path, Why: text.why, Rows: text.bad()})
		return nil
	}
	// Size is told before reading, Bytes in the report after: a file that grows meanwhile differs.
	doc := Document{Origin: path, Kind: text.kind, Reader: text, Size: size, Worker: r.worker, Mapping: r.opts.Mapping, findings: text.findings}
	err = each(ctx, doc)
	r.tally.done(body.in)
	if unread := text.unread(); unread != "" {
		r.tally.add(Skipped{Path: path, Why: unread, Rows: text.bad()})
	}
	if untaken := text.findings.untaken(); untaken != "" {
		r.tally.skip(path, untaken)
	}
	if cut := body.shrunk(size); cut != "" {
		r.tally.skip(path, cut)
	}
	// The caller may have passed the reader's error on or kept it. Either way it ends this file and no other.
	if broken := body.err; broken != nil {
		r.tally.skip(path, fmt.Sprintf("read up to byte %d, then: %s", body.out, plainError(broken)))
		if errors.Is(err, broken) {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

// plainError takes the operation and path off an error of the os package: the report names the path already.
func plainError(err error) string {
	var pathError *os.PathError
	if errors.As(err, &pathError) {
		return pathError.Err.Error()
	}
	return err.Error()
}

// tally collects the report from all goroutines.
type tally struct {
	mu     sync.Mutex
	report Report
}

func (t *tally) skip(path, why string) { t.add(Skipped{Path: path, Why: why}) }

func (t *tally) add(s Skipped) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.report.Skipped = append(t.report.Skipped, s)
}

func (t *tally) filter() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.report.Filtered++
}

func (t *tally) done(bytes int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.report.Files++
	t.report.Bytes += bytes
}
