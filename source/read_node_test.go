package source

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/quell-ir/quell"
	"pgregory.net/rapid"
)

func TestNodeTime(t *testing.T) {
	want := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, text := range []string{`"2026-03-04T05:06:07Z"`, `"2026-03-04T06:06:07.000+0100"`, `"2026-03-04T05:06:07.000+0000"`, `"Wed, 04 Mar 2026 05:06:07 GMT"`,
		`1772600767`, `1772600767.0`, `1772600767000`, `"1772600767"`} {
		n, err := readNode([]byte(`{"Bad":"soon","At":` + text + `}`))
		if err != nil || !n.time("none", "bad", "at").Equal(want) {
			t.Errorf("%s is %v, %v", text, n.time("at"), err)
		}
	}
	for _, text := range []string{`null`, `-5`, `1e300`, `"NaN"`, `{}`} {
		if n, err := readNode([]byte(`{"At":` + text + `}`)); err != nil || !n.time("at").IsZero() {
			t.Errorf("%s is %v, %v", text, n.time("at"), err)
		}
	}
}

func TestNodeGetters(t *testing.T) {
	n, err := readNode([]byte(`{"A":{"B":[{"C":1},2,{"C":"x"}],"S":["p",3,"q"],"One":"o"},"a":7,"N":2.5}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(n.list("a.b")) != 2 || n.list("a.b")[1].str("c") != "x" || n.str("a.none", "n") != "2.5" || n.number("n") != 2.5 {
		t.Errorf("read %v", n)
	}
	if diff := cmp.Diff([]string{"p", "q"}, n.strings("a.s")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"o"}, n.strings("a.one")); diff != "" {
		t.Error(diff)
	}
	if len(n.list("a")) != 1 || n.obj("n") != nil || n.obj("n").str("x") != "" || n.has("a", "z") {
		t.Errorf("read %v", n)
	}
}

func TestResourceEntity(t *testing.T) {
	for _, test := range []struct{ kind, id, want string }{
		{"AWS::S3::Bucket", "payroll", "bucket/payroll"}, {"AwsS3Bucket", "arn:aws:s3:::payroll", "bucket/payroll"}, {"AWS_S3_BUCKET", "payroll", "bucket/payroll"},
		{"AwsEc2Instance", "arn:aws:ec2:eu-west-1:111122223333:instance/i-1", "instance/i-1"}, {"AWS_EC2_INSTANCE", "i-1", "instance/i-1"},
		{"AwsIamAccessKey", "AWS::IAM::AccessKey:AKIA1", "access-key/AKIA1"}, {"AWS::IAM::User", "AIDA1", "user/AIDA1"}, {"AWS::IAM::Role", "AROA1", "role/AROA1"},
		{"AWS::IAM::Group", "AGPA1", "group/AGPA1"}, {"AwsIamPolicy", "arn:aws:iam::111122223333:policy/p", "policy/arn:aws:iam::111122223333:policy/p"},
		{"AWS::SecretsManager::Secret", "db", "secret/db"}, {"AwsAccount", "AWS::::Account:111122223333", "account/111122223333"},
		{"Other", "arn:aws:iam::111122223333:user/u", "user/arn:aws:iam::111122223333:user/u"}, {"Other", "thing", "resource/thing"}, {"", "", "resource/"},
	} {
		if e := resourceEntity(test.kind, test.id, "", ""); e.Key() != test.want || e.Part != quell.PartTarget {
			t.Errorf("%s %s is %s as %s, want %s", test.kind, test.id, e.Key(), e.Part, test.want)
		}
	}
}

func TestParseKey(t *testing.T) {
	day := time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)
	for name, want := range map[string]key{
		"AWSLogs/1/CloudTrail/eu-west-1/2026/03/04/f.json.gz":         {account: "1", service: "CloudTrail", region: "eu-west-1", day: day},
		"/a/b/AWSLogs/o-x/1/CloudTrail/eu-west-1/2026/03/04/f":        {account: "1", service: "CloudTrail", region: "eu-west-1", day: day},
		"pre/AWSLogs/1/vpcflowlogs/us-east-1/2026/03/04/f.log.gz":     {account: "1", service: "vpcflowlogs", region: "us-east-1", day: day},
		"AWSLogs/1/CloudTrail/eu-west-1/2026/13/04/f":                 {},
		"AWSLogs/1/CloudTrail/eu-west-1":                              {},
		"logs/1/CloudTrail/eu-west-1/2026/03/04/f":                    {},
		"AWSLogs/1/Config/eu-west-1/2026/3/4/ConfigHistory/f.json.gz": {},
	} {
		got, ok := parseKey(name)
		// Where the words end is tested by what is skipped behind them.
		if got = (key{account: got.account, service: got.service, region: got.region, day: got.day}); got != want || ok != (want != key{}) {
			t.Errorf("%s is %+v, %v", name, got, ok)
		}
	}
}

// TestReadSubjectAnyEnvelope: however records are wrapped, they come out, all of them and untouched.
func TestReadSubjectAnyEnvelope(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var text string
		var want []string
		for i := range rapid.IntRange(1, 3).Draw(t, "files") {
			raw := fmt.Sprintf(`{"eventVersion":"1.11","eventID":"e%d","eventName":"ListUsers","eventTime":"2026-03-04T05:00:00Z","x":"%s"}`, i, rapid.StringMatching(`[a-z ]{0,9}`).Draw(t, "x"))
			want = append(want, raw)
			for range rapid.IntRange(0, 2).Draw(t, "wraps") {
				quoted, err := json.Marshal(raw)
				if err != nil {
					t.Fatal(err)
				}
				raw = rapid.SampledFrom([]string{
					`{"Records":[` + raw + `]}`, `[` + raw + `]`, `{"detail-type":"AWS API Call via CloudTrail","detail":` + raw + `}`, `{"Type":"Notification","Message":` + string(quoted) + `}`,
					`{"Messages":[{"Body":` + string(quoted) + `}]}`, `{"Events":[{"CloudTrailEvent":` + string(quoted) + `}]}`, `{"Records":[{"EventSource":"aws:sns","Sns":{"Type":"Notification","Message":` + string(quoted) + `}}]}`,
				}).Draw(t, "wrap")
			}
			text += raw + rapid.SampledFrom([]string{"", "\n", " \r\n"}).Draw(t, "space")
		}
		s, err := ReadSubject("f", []byte(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		var got []string
		for _, r := range s.Records {
			got = append(got, string(r))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s: %s", text, diff)
		}
	})
}
