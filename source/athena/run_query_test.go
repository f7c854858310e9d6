package athena

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeClock jumps where others sleep; after stop it ends them.
type fakeClock struct {
	now   time.Time
	sleep func()
}

func (c *fakeClock) Now() time.Time { return c.now }

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	c.now = c.now.Add(d)
	if c.sleep != nil {
		c.sleep()
	}
	return ctx.Err()
}

const description = `{"TableMetadata":{"Name":"trail","Columns":[{"Name":"eventtime","Type":"string"}],
	"PartitionKeys":[{"Name":"account"},{"Name":"region"},{"Name":"timestamp"}],
	"Parameters":{"location":"s3://logs/AWSLogs/","projection.timestamp.format":"yyyy/MM/dd"}}}`

// serve answers Athena by operation, each time the next answer and the last one for ever, and S3 with a listing.
func serve(t *testing.T, answers map[string][]string) (Reader, *fakeClock, *[]string) {
	t.Helper()
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target := r.Header.Get("X-Amz-Target")
		op := target[strings.LastIndex(target, ".")+1:]
		if target == "" {
			op = "List"
		}
		body, _ := io.ReadAll(r.Body) // what is missing shows in what was asked
		asked = append(asked, op+" "+string(body))
		list := answers[op]
		if len(list) == 0 {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type":"AccessDeniedException","message":"no"}`)
			return
		}
		fmt.Fprint(w, list[0])
		if len(list) > 1 {
			answers[op] = list[1:]
		}
	}))
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	clock := &fakeClock{now: time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)}
	return Reader{Clock: clock, Workgroup: "ir", Output: "s3://results/", Config: aws.Config{
		Region: "eu-west-1", BaseEndpoint: &server.URL, HTTPClient: &http.Client{Transport: transport}, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", "")}}, clock, &asked
}

func listing(keys ...string) string {
	text := "<ListBucketResult><IsTruncated>false</IsTruncated>"
	for _, key := range keys {
		text += "<Contents><Key>" + key + "</Key><Size>40000000</Size></Contents>"
	}
	return text + "</ListBucketResult>"
}

func TestPrepare(t *testing.T) {
	const day = "AWSLogs/111122223333/CloudTrail/%s/2026/03/%02d/a.json.gz"
	keys := []string{fmt.Sprintf(day, "eu-west-1", 1), fmt.Sprintf(day, "eu-west-1", 3), fmt.Sprintf(day, "us-east-1", 3)}
	q := Query{Since: time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC), Until: time.Date(2026, 3, 3, 3, 0, 0, 0, time.UTC), Accounts: []string{"111122223333"}, Regions: []string{"eu-west-1"}}
	r, _, asked := serve(t, map[string][]string{"GetTableMetadata": {description}, "List": {listing(keys...)}})
	scan, err := r.Prepare(t.Context(), Table{"AwsDataCatalog", "default", "trail"}, q)
	if err != nil {
		t.Fatal(err)
	}
	want := Scan{Table: Table{"AwsDataCatalog", "default", "trail"}, Location: "s3://logs/AWSLogs/", Objects: 1, Bytes: 40e6,
		Statement: `SELECT * FROM "default"."trail" WHERE "account" IN ('111122223333') AND "region" IN ('eu-west-1') AND "timestamp" >= '2026/03/02'` +
			` AND "eventtime" >= '2026-03-02T03:00:00Z' AND "timestamp" <= '2026/03/04' AND "eventtime" <= '2026-03-03T03:00:00Z'`}
	if diff := cmp.Diff(want, scan); diff != "" {
		t.Error(diff)
	}
	if scan.Dollars() != 0.0002 || !strings.Contains(scan.String(), "0.040 GB in 1 objects below s3://logs/AWSLogs/, about 0.01 USD") {
		t.Errorf("%v: %s", scan.Dollars(), scan)
	}
	if slices.ContainsFunc(*asked, func(s string) bool { return strings.HasPrefix(s, "Start") }) {
		t.Errorf("preparing started something: %v", *asked)
	}
	// Without partition keys a condition on a column narrows nothing of what is scanned.
	bare := strings.NewReplacer(`{"Name":"account"},{"Name":"region"},{"Name":"timestamp"}`, "").Replace(description)
	r, _, _ = serve(t, map[string][]string{"GetTableMetadata": {bare}, "List": {listing(keys...)}})
	if scan, err := r.Prepare(t.Context(), Table{"c", "d", "t"}, q); err != nil || scan.Objects != 3 || strings.Contains(scan.Statement, "account") {
		t.Errorf("%+v, %v", scan, err)
	}
	// What cannot be learnt is said.
	for name, answers := range map[string]map[string][]string{
		"GetTableMetadata": {}, "s3:ListBucket": {"GetTableMetadata": {description}}, "names no place": {"GetTableMetadata": {`{"TableMetadata":{"Name":"t"}}`}},
	} {
		r, _, _ := serve(t, answers)
		if scan, err := r.Prepare(t.Context(), Table{"c", "d", "t"}, Query{}); err != nil || !strings.Contains(scan.String(), name) || !strings.Contains(scan.String(), "not known") {
			t.Errorf("%s: %s, %v", name, scan, err)
		}
	}
	if _, err := r.Prepare(t.Context(), Table{"c", "d", "t"}, Query{Regions: []string{"x' OR '1'='1"}}); err != nil {
		t.Errorf("a region no key is for must not matter: %v", err)
	}
	r, _, _ = serve(t, map[string][]string{"GetTableMetadata": {description}})
	if _, err := r.Prepare(t.Context(), Table{"c", "d", "t"}, Query{Regions: []string{"x' OR '1'='1"}}); quell.CodeOf(err) != quell.CodeUsage {
		t.Errorf("error %v", err)
	}
}

func TestParseTable(t *testing.T) {
	for text, want := range map[string]Table{
		"trail": {"AwsDataCatalog", "default", "trail"}, "logs.trail": {"AwsDataCatalog", "logs", "trail"}, "c.logs.trail_1": {"c", "logs", "trail_1"},
	} {
		if got, err := ParseTable(text); got != want || err != nil {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "a.b.c.d", `t"; DROP TABLE x`, "a..b", "t t"} {
		if _, err := ParseTable(text); quell.CodeOf(err) != quell.CodeUsage {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// FuzzParseTable: no name that is taken can end the quotes it is put into.
func FuzzParseTable(f *testing.F) {
	f.Add("a.b.c")
	f.Add(`x"."y`)
	f.Fuzz(func(t *testing.T, text string) {
		table, err := ParseTable(text)
		if err == nil && strings.ContainsAny(table.Catalog+table.Database+table.Name, "\"'`; \n.") {
			t.Errorf("%+v", table)
		}
	})
}

func rows(next string, values ...[]string) string {
	var list []any
	for _, row := range values {
		var data []any
		for _, v := range row {
			data = append(data, map[string]string{"VarCharValue": v})
		}
		list = append(list, map[string]any{"Data": data})
	}
	out := map[string]any{"ResultSet": map[string]any{"Rows": list}}
	if next != "" {
		out["NextToken"] = next
	}
	text, _ := json.Marshal(out) // strings only
	return string(text)
}

func TestRun(t *testing.T) {
	header := []string{"eventversion", "eventtime", "eventsource", "eventname", "eventid"}
	row := func(id string) []string {
		return []string{"1.11", "2026-03-02T03:00:00Z", "iam.amazonaws.com", "CreateUser", id}
	}
	r, _, asked := serve(t, map[string][]string{
		"StartQueryExecution": {`{"QueryExecutionId":"q1"}`},
		"GetQueryExecution":   {`{"QueryExecution":{"Status":{"State":"QUEUED"}}}`, `{"QueryExecution":{"Status":{"State":"SUCCEEDED"},"Statistics":{"DataScannedInBytes":77}}}`},
		"GetQueryResults":     {rows("two", header, row("e1")), rows("", row("e2"), row("e3"))},
	})
	var got []string
	c, err := r.Run(t.Context(), Scan{Table: Table{"c", "d", "t"}, Statement: "SELECT 1"}, func(_ context.Context, d source.Document) error {
		text, err := io.ReadAll(d.Reader)
		for line := range strings.Lines(string(text)) {
			var record struct{ EventID, EventName string }
			if err := json.Unmarshal([]byte(line), &record); err != nil {
				t.Errorf("%q: %v", line, err)
			}
			got = append(got, record.EventName+" "+record.EventID)
		}
		return err
	})
	if err != nil || !slices.Equal(got, []string{"CreateUser e1", "CreateUser e2", "CreateUser e3"}) {
		t.Errorf("%v, %v", got, err)
	}
	if diff := cmp.Diff(Coverage{Query: "q1", Pages: 2, Rows: 3, Scanned: 77}, c); diff != "" {
		t.Error(diff)
	}
	if in := (*asked)[0]; !strings.Contains(in, `"WorkGroup":"ir"`) || !strings.Contains(in, `"OutputLocation":"s3://results/"`) || !strings.Contains(in, `"Database":"d"`) {
		t.Errorf("asked %s", in)
	}
}

func TestRunFailures(t *testing.T) {
	none := func(context.Context, source.Document) error { return nil }
	started := []string{`{"QueryExecutionId":"q1"}`}
	for name, answers := range map[string]map[string][]string{
		"allow athena:StartQueryExecution": {},
		"allow athena:GetQueryExecution":   {"StartQueryExecution": started},
		"has FAILED: no such column": {"StartQueryExecution": started,
			"GetQueryExecution": {`{"QueryExecution":{"Status":{"State":"FAILED","StateChangeReason":"no such column"}}}`}},
		"allow athena:GetQueryResults": {"StartQueryExecution": started, "GetQueryExecution": {`{"QueryExecution":{"Status":{"State":"SUCCEEDED"}}}`}},
		"again and again": {"StartQueryExecution": started, "GetQueryExecution": {`{"QueryExecution":{"Status":{"State":"SUCCEEDED"}}}`},
			"GetQueryResults": {rows("same", []string{"eventname"})}},
	} {
		r, _, _ := serve(t, answers)
		if _, err := r.Run(t.Context(), Scan{Statement: "SELECT 1"}, none); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Whoever leaves does not leave a query behind.
	r, clock, asked := serve(t, map[string][]string{"StartQueryExecution": started, "GetQueryExecution": {`{"QueryExecution":{"Status":{"State":"RUNNING"}}}`},
		"StopQueryExecution": {"{}"}})
	ctx, cancel := context.WithCancel(t.Context())
	clock.sleep = cancel
	if _, err := r.Run(ctx, Scan{Statement: "SELECT 1"}, none); err == nil || !strings.HasPrefix((*asked)[len(*asked)-1], `StopQueryExecution {"QueryExecutionId":"q1"`) {
		t.Errorf("error %v, asked %v", err, *asked)
	}
}
