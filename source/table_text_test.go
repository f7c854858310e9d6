package source

import (
	"bytes"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// lake is as much of Security Lake's table as a record needs.
type lake struct {
	Class int32 `parquet:"class_uid"`
	Time  int64 `parquet:"time"`
	API   struct {
		Operation string `parquet:"operation"`
		Service   struct {
			Name string `parquet:"name"`
		} `parquet:"service"`
	} `parquet:"api"`
	Metadata struct {
		UID string `parquet:"uid"`
	} `parquet:"metadata"`
	Unmapped map[string]string `parquet:"unmapped"`
}

func TestTables(t *testing.T) {
	row := lake{Class: 6003, Time: 1772600767000, Unmapped: map[string]string{"userIdentity.type": "Root"}}
	row.API.Operation, row.API.Service.Name, row.Metadata.UID = "StopLogging", "cloudtrail.amazonaws.com", "e-1"
	got := handed(t, "t.gz.parquet", parquetOf(t, row, lake{Class: 4001}))
	want := `json
{"eventID":"e-1","eventName":"StopLogging","eventSource":"cloudtrail.amazonaws.com","eventTime":"2026-03-04T05:06:07Z","userIdentity":{"type":"Root"}}
skipped: 1 of 2 rows gave no whole record, first row 2: a VPC flow record among CloudTrail records: they are judged apart, so split them
  row 2: a VPC flow record among CloudTrail records: they are judged apart, so split them
`
	if got != want {
		t.Errorf("%s", got)
	}
	type flow struct {
		Src   string `parquet:"srcaddr"`
		Dst   string `parquet:"dstaddr"`
		Start int64  `parquet:"start"`
	}
	table := parquetOf(t, flow{"10.0.0.1", "203.0.113.9", 1772600000})
	got = handed(t, "flows", gz(t, table))
	if want := "flowlog\nsrcaddr dstaddr start\n10.0.0.1 203.0.113.9 1772600000\n"; got != want {
		t.Errorf("%s", got)
	}
	if events, report := flows(t, strings.TrimPrefix(got, "flowlog\n")); len(events) != 1 || report.BadTotal != 0 {
		t.Errorf("%+v", report)
	}
	if got := handed(t, "flows", table[:len(table)-3]); !strings.HasPrefix(got, "skipped: broken Parquet table: ") {
		t.Errorf("%s", got)
	}
}

func parquetOf[T any](t *testing.T, rows ...T) string {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
