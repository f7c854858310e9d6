package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/term"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/hunt"
	"github.com/quell-ir/quell/source"
	"github.com/quell-ir/quell/source/athena"
	"github.com/quell-ir/quell/source/cloudwatch"
	"github.com/quell-ir/quell/source/queue"
	"github.com/quell-ir/quell/store/journal"
)

// RemoteFlags say where to hunt other than in files and the event history.
type RemoteFlags struct {
	Queue     string        `help:"An SQS queue that tells of logs or holds events; also as the path sqs:URL. What is found is recorded." placeholder:"URL"`
	Visible   time.Duration `help:"How long a message stays hidden from other readers; renewed while it is worked on." default:"5m"`
	Buckets   []string      `help:"Buckets that the queue's messages may have fetched; all by default."`
	Aside     string        `help:"Where to keep messages that cannot be read, with the reason." type:"path" placeholder:"HOME/aside.jsonl"`
	LogGroup  string        `help:"A log group of CloudWatch Logs." placeholder:"NAME"`
	Filter    string        `help:"Filter pattern for the log group." placeholder:"PATTERN"`
	Metrics   bool          `help:"Hunt for denial of service in CloudWatch's metrics, every enabled region; read-only, billed by the metrics asked for."`
	Athena    string        `help:"A table of logs in Athena; the cost is shown first." placeholder:"TABLE"`
	Workgroup string        `help:"Athena workgroup." placeholder:"NAME"`
	Results   string        `help:"Where Athena keeps its results." placeholder:"s3://..."`
	Yes       bool          `help:"Agree to what the Athena query costs."`
	Resume    string        `help:"File that keeps how far a bucket's prefix was read; it goes on from there." type:"path" placeholder:"FILE"`
	Follow    bool          `short:"f" help:"Go on as new logs come, until interrupted." group:"on"`
	Every     time.Duration `help:"How often --follow looks; 2s for files, 1m otherwise." group:"on" placeholder:"SPAN"`
}

// place is where a hunt reads.
type place string

const (
	inFiles  place = "files"
	inBucket place = "s3"
	inQueue  place = "queue"
	inTrail  place = "aws"
	inGroup  place = "log-group"
	inTable  place = "athena"
	inMetric place = "metrics"
)

// sources says how to name a place to hunt.
const sources = "quell hunt FOLDER, s3://BUCKET/PREFIX, sqs:URL, --aws, --log-group NAME, --athena TABLE or --metrics"

// choosePlace finds the one place that the command line names, and puts what the paths say into flags.
func (c *HuntCmd) choosePlace() error {
	usage := func(what string) error {
		return &quell.Error{Code: quell.CodeUsage, What: what, Next: sources}
	}
	var named []place
	add := func(yes bool, p place) {
		if yes {
			named = append(named, p)
		}
	}
	buckets := 0
	for _, path := range c.Paths {
		if strings.HasPrefix(path, "s3://") {
			buckets++
		}
	}
	if len(c.Paths) == 1 && c.Queue == "" {
		if url, ok := strings.CutPrefix(c.Paths[0], "sqs:"); ok {
			c.Queue, c.Paths = url, nil
		}
	}
	add(buckets > 0, inBucket)
	add(len(c.Paths) > buckets, inFiles)
	add(c.Queue != "", inQueue)
	add(c.AWS, inTrail)
	add(c.LogGroup != "", inGroup)
	add(c.Athena != "", inTable)
	add(c.Metrics, inMetric)
	switch {
	case len(named) == 0:
		return usage("hunt takes paths, or --aws")
	case len(named) > 1:
		return usage("hunt reads one kind of place at a time")
	}
	c.place = named[0]
	switch {
	case c.Follow && (c.place == inBucket || c.place == inTable || c.place == inMetric):
		return usage("--follow watches files, a queue, the event history or a log group; for a bucket use --resume again, or a queue it tells")
	case c.Resume != "" && (c.place != inBucket || len(c.Paths) > 1):
		return usage("--resume belongs to one s3:// prefix")
	case c.Mapping != "" && (c.place == inTrail || c.place == inTable || c.place == inMetric):
		return usage("--mapping reads files, a bucket, a queue or a log group")
	case c.Filter != "" && c.place != inGroup:
		return usage("--filter belongs to --log-group")
	}
	return nil
}

// read hunts in the place chosen.
func (c *HuntCmd) read(ctx context.Context, m *Main, hunter *hunt.Hunter) (hunt.Result, error) {
	switch c.place {
	case inTrail:
		return c.huntAccount(ctx, m, hunter)
	case inFiles:
		return c.huntFiles(ctx, m, hunter)
	}
	base, err := m.awsConfig(ctx)
	if err != nil {
		return hunt.Result{}, err
	}
	switch c.place {
	case inBucket:
		return c.huntBucket(ctx, m, hunter, base)
	case inQueue:
		return c.huntQueue(ctx, m, hunter, base)
	case inGroup:
		return c.huntGroup(ctx, m, hunter, base, c.window.since, c.window.until)
	}
	if c.place == inMetric {
		return c.huntMetrics(ctx, m, hunter, base)
	}
	return c.huntTable(ctx, m, hunter, base)
}

func (c *HuntCmd) options(m *Main) source.Options {
	return source.Options{Since: c.window.since, Until: c.window.until, Accounts: c.Account, Regions: m.cli.Regions, Stdin: m.Stdin, Mapping: c.mapping}
}

// huntBucket reads prefixes. How far it came is kept only behind findings that are recorded or printed.
func (c *HuntCmd) huntBucket(ctx context.Context, m *Main, hunter *hunt.Hunter, base aws.Config) (hunt.Result, error) {
	after, err := readMark(c.Resume)
	if err != nil {
		return hunt.Result{}, err
	}
	options := c.options(m)
	defer c.watchReading(m, hunter, &options)()
	var total hunt.Result
	for _, path := range c.Paths {
		bucket, key, _ := strings.Cut(strings.TrimPrefix(path, "s3://"), "/")
		if bucket == "" {
			return total, &quell.Error{Code: quell.CodeUsage, What: path + " names no bucket", Next: "write s3://BUCKET/PREFIX"}
		}
		prefix := queue.Prefix{Config: base, Bucket: bucket, Key: key, After: after, Options: options}
		files, read := total.Files, total.Read
		if total, err = hunter.Prefix(ctx, prefix, nil, func(at string) error { c.mark = at; return nil }); err != nil {
			return total, err
		}
		total.Files, total.Read = total.Files+files, append(read, total.Read...)
	}
	return total, nil
}

// readMark is where an earlier reading ended; a file that is not there yet is a beginning.
func readMark(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", &quell.Error{Code: quell.CodeFailed, What: "read where to resume", Err: err, Next: "name another file with --resume"}
	}
	return strings.TrimSuffix(string(data), "\n"), nil
}

// keepMark writes how far a reading came, whole or not at all.
func (c *HuntCmd) keepMark() error {
	if c.Resume == "" || c.mark == "" {
		return nil
	}
	next := c.Resume + ".new"
	err := os.WriteFile(next, []byte(c.mark+"\n"), 0o600)
	if err == nil {
		err = os.Rename(next, c.Resume)
	}
	if err != nil {
		return &quell.Error{Code: quell.CodeFailed, What: "keep where to resume", Err: err, Next: "name another file with --resume"}
	}
	return nil
}

// huntQueue empties a queue, or with --follow reads on. Messages are gone once read, so that what is found in them is kept
// first, whether or not --open was said: all of it in the journal, and what is medium or higher as incidents.
func (c *HuntCmd) huntQueue(ctx context.Context, m *Main, hunter *hunt.Hunter, base aws.Config) (r hunt.Result, err error) {
	c.Open = false // done here, before a message is deleted
	beat, err := c.heartbeat(ctx, m, hunter)
	if err != nil {
		return r, err
	}
	err = m.withHome(ctx, func(h *home) (failure error) {
		kept := journal.In(m.cli.Home, m.Clock)
		defer func() { failure = errors.Join(failure, kept.Close()) }()
		record := func(ctx context.Context, fresh []quell.Finding) error {
			if err := kept.Keep(fresh); err != nil {
				return err
			}
			_, err := c.recordIn(ctx, m, h, fresh)
			if err == nil && c.Follow {
				err = c.tell(m, fresh)
			}
			return err
		}
		options := c.options(m)
		defer c.watchReading(m, hunter, &options)()
		q := queue.Queue{Config: base, URL: c.Queue, Clock: m.Clock, Buckets: c.Buckets, Visible: c.Visible, Drain: !c.Follow, Options: options,
			Tell: func(err error) { m.say("not read for now: %s", quell.Cut(err.Error(), 300)) }}
		err := beside(ctx, beat, hunter, record, func(ctx context.Context, record hunt.Record) (err error) {
			r, err = hunter.Queue(ctx, q, record, c.aside(m))
			return err
		})
		if c.Follow && ctx.Err() != nil {
			return nil // that is how following ends
		}
		return err
	})
	return r, err
}

// aside keeps messages that cannot be read. The file is synced before a message is deleted.
func (c *HuntCmd) aside(m *Main) func(context.Context, queue.Aside) error {
	path := c.Aside
	if path == "" {
		path = filepath.Join(m.cli.Home, "aside.jsonl")
	}
	return func(_ context.Context, a queue.Aside) error {
		line, err := json.Marshal(map[string]any{"message": a.ID, "why": a.Why, "received": a.Received, "at": m.Clock.Now().UTC(), "body": a.Body})
		if err != nil {
			return err
		}
		file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, err = file.Write(append(line, '\n'))
		if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
			m.say("message %s set aside in %s: %s", quell.Cut(a.ID, 64), path, quell.Cut(a.Why, 200))
		}
		return err
	}
}

// huntGroup reads a log group in the home region, or in those named with --regions.
func (c *HuntCmd) huntGroup(ctx context.Context, m *Main, hunter *hunt.Hunter, base aws.Config, since, until time.Time) (hunt.Result, error) {
	if since.IsZero() {
		since = c.started.Add(-24 * time.Hour)
	}
	if c.again == nil {
		c.again = hunt.NewAgain(since)
	}
	regions := m.cli.Regions
	if len(regions) == 0 {
		regions = []string{base.Region}
	}
	var total hunt.Result
	var failed []string // the regions that could not be read, and why
	var done atomic.Int64
	defer c.watch(m, hunter, func() standing {
		s := unknown()
		s.done, s.of = done.Load(), int64(len(regions))
		return s
	})()
	for _, region := range regions {
		reader := cloudwatch.Reader{Config: base.Copy(), Clock: m.Clock, Options: source.Options{Mapping: c.mapping}}
		reader.Config.Region = region
		read := total.Read
		r, err := hunter.GroupAgain(ctx, reader, c.again, cloudwatch.Query{Group: c.LogGroup, Pattern: c.Filter, Until: until})
		switch {
		case err != nil && (len(regions) == 1 || ctx.Err() != nil):
			return r, err
		case err != nil: // the other regions are read all the same
			r.Read, failed = nil, append(failed, quell.Clean(region+": "+err.Error()))
		}
		r.Read = append(read, r.Read...)
		total = r // of all regions so far
		done.Add(1)
	}
	total.Blind = append(failed, total.Blind...)
	return total, nil
}

// huntTable shows what a query costs and asks before it starts.
func (c *HuntCmd) huntTable(ctx context.Context, m *Main, hunter *hunt.Hunter, base aws.Config) (hunt.Result, error) {
	table, err := athena.ParseTable(c.Athena)
	if err != nil {
		return hunt.Result{}, err
	}
	reader := athena.Reader{Config: base, Clock: m.Clock, Workgroup: c.Workgroup, Output: c.Results}
	scan, err := reader.Prepare(ctx, table, athena.Query{Since: c.window.since, Until: c.window.until, Accounts: c.Account, Regions: m.cli.Regions})
	if err != nil {
		return hunt.Result{}, err
	}
	m.say("%s\n%s", quell.Clean(scan.Statement), quell.Clean(scan.String()))
	if !c.Yes && !m.agrees("Run it?") {
		return hunt.Result{}, &quell.Error{Code: quell.CodeRefused, What: "the query was not run: " + scan.String(), Next: "agree with --yes"}
	}
	defer c.watch(m, hunter, unknown)()
	return hunter.Table(ctx, reader, scan)
}

// agrees asks on a terminal; anywhere else nobody can answer, and the answer is no.
func (m *Main) agrees(question string) bool {
	in, ok := m.Stdin.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return false
	}
	fmt.Fprintf(m.Stderr, "%s [y/N] ", question)
	line, err := bufio.NewReader(io.LimitReader(in, 64)).ReadString('\n')
	answer := strings.ToLower(strings.TrimSpace(line))
	return err == nil && (answer == "y" || answer == "yes")
}
