package hunt

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/quell-ir/quell/source"
)

// TestOCSFRows: of one file's rows calls go to the rules, findings are findings, and what is neither is named.
func TestOCSFRows(t *testing.T) {
	dir := t.TempDir()
	lines := []string{
		`{"class_uid":2004,"class_name":"Detection Finding","severity_id":4,"time":1772420400000,"metadata":{"product":{"name":"GuardDuty"}},"cloud":{"account":{"uid":"111122223333"},"region":"eu-west-1"},"finding_info":{"uid":"arn:aws:guardduty:eu-west-1:111122223333:detector/d/finding/f1","title":"A trail was stopped","types":["Stealth:IAMUser/CloudTrailLoggingDisabled"]}}`,
		`{"class_uid":3001,"class_name":"Account Change","time":1772420400000,"metadata":{"uid":"o-1","product":{"name":"CloudTrail","version":"1.08"}},"api":{"operation":"CreateUser","service":{"name":"iam.amazonaws.com"}},"actor":{"user":{"type":"IAMUser","uid":"arn:aws:iam::111122223333:user/eve","uid_alt":"AIDAEVE0000000001"}},"cloud":{"region":"us-east-1"}}`,
		`{"class_uid":2003,"class_name":"Compliance Finding","time":1772420400000,"compliance":{"status":"PASSED"},"metadata":{"product":{"name":"Security Hub"}},"finding_info":{"uid":"c-1","title":"Versioning is on"}}`,
		`{"class_uid":2003,"class_name":"Compliance Finding","time":1772420400000,"compliance":{"status":"FAILED"},"severity_id":3,"metadata":{"product":{"name":"Security Hub"}},"finding_info":{"uid":"c-2","title":"Versioning is off"}}`,
		`{"class_uid":1007,"class_name":"Process Activity","time":1772420400000}`,
		`{"class_uid":4001,"class_name":"Network Activity","time":1772420400000}`,
	}
	for i, order := range [][]int{{0, 1, 2, 3, 4, 5}, {1, 0, 3, 2, 5, 4}, {4, 3, 2, 1, 0, 5}} {
		var text strings.Builder
		for _, n := range order {
			text.WriteString(lines[n] + "\n")
		}
		path := filepath.Join(dir, string(rune('a'+i))+".jsonl")
		if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := hunter(t, strings.Split(rules, "---")[0]).Files(t.Context(), []string{path}, source.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range r.Findings {
			got = append(got, f.Source+": "+f.Title)
		}
		slices.Sort(got)
		if diff := gocmp.Diff([]string{"guardduty: A trail was stopped", "quell: A user is made", "securityhub: Versioning is off"}, got); diff != "" || r.Events != 3 {
			t.Errorf("%v: %s in %d events", order, diff, r.Events)
		}
		if len(r.Skipped) != 1 || len(r.Skipped[0].Rows) != 2 || !strings.Contains(r.Skipped[0].Rows[0].Why+r.Skipped[0].Rows[1].Why, "Process Activity") {
			t.Errorf("skipped %+v", r.Skipped)
		}
	}
}

// TestLakeFlowsReachRules: a table of Security Lake's is judged by the rules for flow logs, and narrowed by its partitions.
func TestLakeFlowsReachRules(t *testing.T) {
	type end struct {
		IP string `parquet:"ip"`
	}
	type row struct {
		Class  int32  `parquet:"class_uid"`
		Time   int64  `parquet:"time"`
		Source end    `parquet:"src_endpoint"`
		Target end    `parquet:"dst_endpoint"`
		Action string `parquet:"action"`
	}
	dir := t.TempDir()
	for _, region := range []string{"eu-west-1", "us-east-1"} {
		var b bytes.Buffer
		w := parquet.NewGenericWriter[row](&b, parquet.Compression(&parquet.Zstd))
		for i := range 3 {
			if _, err := w.Write([]row{{4001, start.UnixMilli() + int64(i)*1000, end{region}, end{"10.0.0.2"}, "Denied"}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "aws", "VPC_FLOW", "2.0", "region="+region, "accountId=111122223333", "eventDay=20260302", "f.zstd.parquet")
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := kindHunter(t, kindRules).Files(t.Context(), []string{dir}, source.Options{Regions: []string{"eu-west-1"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Findings) != 1 || r.Findings[0].Title != "Three refusals" || r.Events != 3 || r.Files != 1 || len(r.Skipped) != 0 {
		t.Errorf("%+v", r)
	}
}
