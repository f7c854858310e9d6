package source

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestSkip(t *testing.T) {
	o := Options{
		Since: time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC), Until: time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC),
		Accounts: []string{"111122223333"}, Regions: []string{"eu-west-1"},
	}
	const last = "/\U0010FFFF"
	for key, want := range map[string]string{
		"plain.json": "", "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/04/a.json.gz": "",
		"p/AWSLogs/o-1/999900001111/CloudTrail/eu-west-1/2026/03/04/a":                                    "p/AWSLogs/o-1/999900001111" + last,
		"AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/04/a":                                          "AWSLogs/111122223333/CloudTrail/us-east-1" + last,
		"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/03/a":                                          "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/04",
		"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/07/a":                                          "AWSLogs/111122223333/CloudTrail/eu-west-1" + last,
		"aws/CLOUD_TRAIL_MGMT/2.0/region=eu-west-1/accountId=111122223333/eventDay=20260304/a.gz.parquet": "",
		"aws/S3_DATA/2.0/region=us-east-1/accountId=111122223333/eventDay=20260304/a.gz.parquet":          "aws/S3_DATA/2.0/region=us-east-1" + last,
		"aws/ROUTE53/2.0/region=eu-west-1/accountid=999900001111/eventday=20260304/a.gz.parquet":          "aws/ROUTE53/2.0/region=eu-west-1/accountid=999900001111" + last,
		"aws/VPC_FLOW/2.0/region=eu-west-1/accountId=111122223333/eventDay=20260303/a.gz.parquet":         "aws/VPC_FLOW/2.0/region=eu-west-1/accountId=111122223333/eventDay=20260304",
		"aws/WAF/2.0/region=eu-west-1/accountId=111122223333/eventDay=20260307/a.gz.parquet":              "aws/WAF/2.0/region=eu-west-1/accountId=111122223333/eventDay=\U0010FFFF",
		"aws/WAF/2.0/region=eu-west-1/accountId=111122223333/eventDay=tomorrow/a.gz.parquet":              "",
		"notes/region=us-east-1/a.json":                                                                   "", "a/region=eu-west-1/eventDay=20260301/b": "a/region=eu-west-1/eventDay=20260304",
		"AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/03/04/": "AWSLogs/111122223333/CloudTrail-Digest" + last,
	} {
		skip, after := o.Skip(key)
		if after != want || skip != (want != "") {
			t.Errorf("%s: %t, %q", key, skip, after)
		}
	}
}

// TestSkipJumpsOverNothing: no key between one that is skipped and the key to go on from is wanted.
func TestSkipJumpsOverNothing(t *testing.T) {
	key := rapid.Custom(func(t *rapid.T) string {
		account, region := rapid.SampledFrom([]string{"111122223333", "999900001111"}).Draw(t, "account"), rapid.SampledFrom([]string{"eu-west-1", "eu-west-10", "us-east-1"}).Draw(t, "region")
		day, file := rapid.IntRange(1, 31).Draw(t, "day"), rapid.IntRange(0, 9).Draw(t, "file")
		if rapid.Bool().Draw(t, "lake") {
			return fmt.Sprintf("aws/WAF/2.0/region=%s/accountId=%s/eventDay=202603%02d/f%d", region, account, day, file)
		}
		return fmt.Sprintf("AWSLogs/%s/%s/%s/2026/03/%02d/f%d", account, rapid.SampledFrom([]string{"CloudTrail", "CloudTrail-Digest", "vpcflowlogs"}).Draw(t, "service"), region, day, file)
	})
	rapid.Check(t, func(t *rapid.T) {
		o := Options{Accounts: []string{"111122223333"}, Regions: []string{"eu-west-1"},
			Since: time.Date(2026, 3, rapid.IntRange(1, 31).Draw(t, "since"), 3, 0, 0, 0, time.UTC)}
		o.Until = o.Since.AddDate(0, 0, rapid.IntRange(0, 9).Draw(t, "days"))
		a, b := key.Draw(t, "a"), key.Draw(t, "b")
		skipA, after := o.Skip(a)
		skipB, _ := o.Skip(b)
		if skipA && after < a {
			t.Fatalf("%s goes back to %s", a, after)
		}
		if skipA && b > a && b <= after && !skipB {
			t.Fatalf("%s jumps over %s to %s", a, b, after)
		}
	})
}
