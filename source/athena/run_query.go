package athena

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source"
)

// Coverage says what was read. Scanned is what Athena says it read and asks money for.
type Coverage struct {
	Query       string // Athena's id of it
	Pages, Rows int
	Scanned     int64
	Skipped     []source.Skipped
}

// Waiting between two looks at a query grows from firstWait to lastWait.
const (
	firstWait = time.Second
	lastWait  = 15 * time.Second
)

// Run starts a scan, waits for it, and hands its rows over, a page to a document. The error is the context's, the first of
// each, or a quell.Error where the query failed.
func (r Reader) Run(ctx context.Context, scan Scan, each func(context.Context, source.Document) error) (Coverage, error) {
	var c Coverage
	in := &athena.StartQueryExecutionInput{
		QueryString: &scan.Statement, WorkGroup: orNil(r.Workgroup),
		QueryExecutionContext: &types.QueryExecutionContext{Catalog: &scan.Table.Catalog, Database: &scan.Table.Database},
	}
	if r.Output != "" {
		in.ResultConfiguration = &types.ResultConfiguration{OutputLocation: &r.Output}
	}
	client := athena.NewFromConfig(r.Config)
	started, err := client.StartQueryExecution(ctx, in)
	if err != nil {
		return c, failed(ctx, "start the query", err, "allow athena:StartQueryExecution, and name --workgroup or --output")
	}
	c.Query = aws.ToString(started.QueryExecutionId)
	if err := r.wait(ctx, &c); err != nil {
		return c, err
	}
	return c, r.results(ctx, &c, each)
}

// wait looks at the query until it has ended.
func (r Reader) wait(ctx context.Context, c *Coverage) error {
	client := athena.NewFromConfig(r.Config)
	for pause := firstWait; ; pause = min(2*pause, lastWait) {
		out, err := client.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: &c.Query})
		if err != nil {
			r.stop(ctx, c.Query)
			return failed(ctx, "look at query "+c.Query, err, "allow athena:GetQueryExecution")
		}
		run := out.QueryExecution
		if run == nil || run.Status == nil {
			r.stop(ctx, c.Query)
			return fmt.Errorf("look at query %s: the answer has no status", c.Query)
		}
		if run.Statistics != nil {
			c.Scanned = aws.ToInt64(run.Statistics.DataScannedInBytes)
		}
		switch run.Status.State {
		case types.QueryExecutionStateSucceeded:
			return nil
		case types.QueryExecutionStateFailed, types.QueryExecutionStateCancelled:
			return &quell.Error{Code: quell.CodeFailed, What: fmt.Sprintf("query %s has %s: %s", c.Query, run.Status.State, aws.ToString(run.Status.StateChangeReason)),
				Next: "read the reason in Athena's console"}
		}
		if err := r.Clock.Sleep(ctx, pause); err != nil {
			r.stop(ctx, c.Query)
			return err
		}
	}
}

// stop ends a query that nobody waits for any more. It goes out though the context has ended, else it could not.
func (r Reader) stop(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWait)
	defer cancel()
	// A failure changes nothing for the caller, who is leaving: the query ends by itself.
	_, _ = athena.NewFromConfig(r.Config).StopQueryExecution(ctx, &athena.StopQueryExecutionInput{QueryExecutionId: &id})
}

// results hands over the rows. The names of the columns stand in the first page only, so every page is given them.
func (r Reader) results(ctx context.Context, c *Coverage, each func(context.Context, source.Document) error) error {
	client := athena.NewFromConfig(r.Config)
	in := &athena.GetQueryResultsInput{QueryExecutionId: &c.Query}
	var header *row
	for {
		page, err := client.GetQueryResults(ctx, in)
		if err != nil {
			return failed(ctx, "read the result of query "+c.Query, err, "allow athena:GetQueryResults, and s3:GetObject where results are kept")
		}
		c.Pages++
		var rows []row
		if page.ResultSet != nil {
			for _, from := range page.ResultSet.Rows {
				rows = append(rows, rowOf(from))
			}
		}
		if header == nil && len(rows) > 0 {
			header, rows = &rows[0], rows[1:]
		}
		c.Rows += len(rows)
		if err := r.page(ctx, c, header, rows, each); err != nil {
			return err
		}
		next := aws.ToString(page.NextToken)
		if next == "" {
			return nil
		}
		if next == aws.ToString(in.NextToken) { // an emulator that ignores the token would keep us for ever
			return fmt.Errorf("read the result of query %s: the same page is offered again and again", c.Query)
		}
		in.NextToken = &next
	}
}

// row is a row in the shape of "aws athena get-query-results", which package source opens like a file of it.
type row struct {
	Data []datum `json:"Data"`
}

type datum struct {
	Value *string `json:"VarCharValue,omitempty"`
}

func rowOf(from types.Row) row {
	out := row{Data: make([]datum, 0, len(from.Data))}
	for _, d := range from.Data {
		out.Data = append(out.Data, datum{d.VarCharValue})
	}
	return out
}

func (r Reader) page(ctx context.Context, c *Coverage, header *row, rows []row, each func(context.Context, source.Document) error) error {
	if len(rows) == 0 {
		return nil
	}
	text, err := json.Marshal(map[string]any{"ResultSet": map[string]any{"Rows": append([]row{*header}, rows...)}})
	if err != nil {
		return fmt.Errorf("write page %d of query %s: %w", c.Pages, c.Query, err)
	}
	report, err := source.Stream(ctx, fmt.Sprintf("athena query %s, page %d", c.Query, c.Pages), bytes.NewReader(text), int64(len(text)), r.Options, each)
	c.Skipped = append(c.Skipped, report.Skipped...)
	return err
}

func failed(ctx context.Context, what string, err error, next string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &quell.Error{Code: quell.CodeFailed, What: "cannot " + what, Err: err, Next: next}
}
