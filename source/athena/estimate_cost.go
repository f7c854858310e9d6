package athena

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source"
)

// Athena asks five dollars for a terabyte scanned, and for ten megabytes at least. Source: Athena pricing, most regions;
// a few ask more.
const (
	dollarsPerTerabyte = 5.0
	terabyte           = 1e12
	leastBytes         = 10_000_000
)

// Reader reads tables. Config and Clock must be set.
type Reader struct {
	Config aws.Config
	Clock  quell.Clock
	// Workgroup and Output say where a query runs and where Athena keeps its result (s3://...); a workgroup may have its own.
	Workgroup, Output string
	// Options bound what the documents expand to.
	Options source.Options
}

// Scan is a query that has not been started. Unknown says why its size could not be learnt, and is then all that is known
// of its cost.
type Scan struct {
	Table     Table
	Statement string
	Location  string
	Objects   int
	Bytes     int64
	Unknown   string
}

// Dollars is the price of the scan in US dollars.
func (s Scan) Dollars() float64 {
	return math.Max(float64(s.Bytes), leastBytes) / terabyte * dollarsPerTerabyte
}

// String says what the scan would cost.
func (s Scan) String() string {
	if s.Unknown != "" {
		return fmt.Sprintf("what it costs is not known: %s; Athena asks %.0f USD per terabyte scanned", s.Unknown, dollarsPerTerabyte)
	}
	return fmt.Sprintf("it scans at most %.3f GB in %d objects below %s, about %.2f USD", float64(s.Bytes)/1e9, s.Objects, s.Location, math.Max(s.Dollars(), 0.01))
}

// Prepare writes the statement and adds up the objects that it can reach. Nothing is started. The error is a quell.Error for
// a table that cannot be looked at, or the context's.
func (r Reader) Prepare(ctx context.Context, t Table, q Query) (Scan, error) {
	scan := Scan{Table: t}
	out, err := athena.NewFromConfig(r.Config).GetTableMetadata(ctx, &athena.GetTableMetadataInput{
		CatalogName: &t.Catalog, DatabaseName: &t.Database, TableName: &t.Name, WorkGroup: orNil(r.Workgroup),
	})
	if ctx.Err() != nil {
		return scan, ctx.Err()
	}
	var s shape
	switch {
	case err != nil:
		scan.Unknown = "the table's description cannot be read (athena:GetTableMetadata, glue:GetTable): " + quell.Cut(err.Error(), 200)
		s = readShape([]string{"eventtime"}, nil, nil)
	case out.TableMetadata == nil:
		scan.Unknown = "the table has no description"
		s = readShape([]string{"eventtime"}, nil, nil)
	default:
		var columns, partitions []string
		for _, c := range out.TableMetadata.Columns {
			columns = append(columns, aws.ToString(c.Name))
		}
		for _, c := range out.TableMetadata.PartitionKeys {
			partitions = append(partitions, aws.ToString(c.Name))
		}
		s = readShape(columns, partitions, out.TableMetadata.Parameters)
	}
	if scan.Statement, err = s.statement(t, q); err != nil {
		return scan, err
	}
	if scan.Unknown == "" {
		err = r.measure(ctx, s, q, &scan)
	}
	return scan, err
}

// measure lists what lies below the table's location. A failure makes the size unknown; the error is the context's.
func (r Reader) measure(ctx context.Context, s shape, q Query, scan *Scan) error {
	scan.Location = s.location
	bucket, prefix, _ := strings.Cut(strings.TrimPrefix(s.location, "s3://"), "/")
	if bucket == "" || !strings.HasPrefix(s.location, "s3://") {
		scan.Unknown = "the table's description names no place in S3"
		return nil
	}
	// Only what the statement leaves out by a partition key is not scanned: a condition on a column reads it all.
	narrow := source.Options{}
	if s.day != "" {
		narrow.Since, narrow.Until = q.Since, q.Until
	}
	if s.account != "" {
		narrow.Accounts = q.Accounts
	}
	if s.region != "" {
		narrow.Regions = q.Regions
	}
	client := s3.NewFromConfig(r.Config)
	after := ""
	for {
		in := &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix}
		if after != "" {
			in.StartAfter = &after
		}
		page, err := client.ListObjectsV2(ctx, in)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			scan.Unknown = "its objects cannot be listed (s3:ListBucket): " + quell.Cut(err.Error(), 200)
			return nil
		}
		next := after
		for _, o := range page.Contents {
			key := aws.ToString(o.Key)
			next = max(next, key)
			skip, behind := narrow.Skip(key)
			if skip {
				next = max(next, behind)
				continue
			}
			scan.Objects++
			scan.Bytes += aws.ToInt64(o.Size)
		}
		if !aws.ToBool(page.IsTruncated) || next == after {
			return nil
		}
		after = next
	}
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
