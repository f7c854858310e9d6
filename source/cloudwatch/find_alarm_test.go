package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"
	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/internal/moto"
)

// stored is an alarm as CloudWatch keeps it: a metric with its period, or a rule.
type stored struct {
	rule, metric string
	period       int
	state        string
	changed      time.Time
}

// alarms answers DescribeAlarms for what is stored, two alarms a page.
func alarms(t *testing.T, all map[string]stored) (Reader, *int) {
	t.Helper()
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if err := r.ParseForm(); err != nil || r.Form.Get("Action") != "DescribeAlarms" || r.Form.Get("AlarmTypes.member.2") != "CompositeAlarm" {
			t.Errorf("asked %v, %v", r.Form, err)
		}
		var names []string
		for i := 1; r.Form.Get(fmt.Sprintf("AlarmNames.member.%d", i)) != ""; i++ {
			names = append(names, r.Form.Get(fmt.Sprintf("AlarmNames.member.%d", i)))
		}
		page := 0
		if token := r.Form.Get("NextToken"); token != "" {
			fmt.Sscan(token, &page)
		}
		next := ""
		if len(names) > page+2 {
			next = fmt.Sprintf("<NextToken>%d</NextToken>", page+2)
		}
		var metrics, composites strings.Builder
		for _, name := range names[page:min(page+2, len(names))] {
			a, ok := all[name]
			if !ok {
				continue
			}
			head := fmt.Sprintf("<AlarmName>%s</AlarmName><StateValue>%s</StateValue><StateUpdatedTimestamp>%s</StateUpdatedTimestamp>", name, a.state, a.changed.Format(time.RFC3339))
			if a.rule != "" {
				fmt.Fprintf(&composites, "<member>%s<AlarmRule>%s</AlarmRule></member>", head, a.rule)
				continue
			}
			fmt.Fprintf(&metrics, "<member>%s<Namespace>N</Namespace><MetricName>%s</MetricName><Period>%d</Period><EvaluationPeriods>3</EvaluationPeriods></member>", head, a.metric, a.period)
		}
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprintf(w, "<DescribeAlarmsResponse><DescribeAlarmsResult><MetricAlarms>%s<member><AlarmName>stranger</AlarmName><Namespace>N</Namespace><MetricName>X</MetricName></member></MetricAlarms><CompositeAlarms>%s</CompositeAlarms>%s</DescribeAlarmsResult></DescribeAlarmsResponse>",
			metrics.String(), composites.String(), next)
	}))
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return Reader{Clock: &fakeClock{now: start}, Config: aws.Config{Region: "eu-west-1", BaseEndpoint: &server.URL, HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", "")}}, &asked
}

func TestBehind(t *testing.T) {
	old, quiet := start.Add(-24*time.Hour), "OK"
	all := map[string]stored{
		"plain":   {metric: "M", period: 60, state: "ALARM"},
		"long":    {metric: "L", period: 3600, state: "ALARM"},
		"asleep":  {metric: "S", period: 60, state: quiet, changed: old},
		"before":  {metric: "B", period: 60, state: quiet, changed: start},
		"both":    {rule: `ALARM(plain) OR ALARM("long") AND NOT OK(asleep)`, state: "ALARM"},
		"some":    {rule: "ALARM(asleep) OR ALARM(before)", state: quiet, changed: old},
		"nested":  {rule: "ALARM(both) OR ALARM(some) OR ALARM(arn:aws:cloudwatch:eu-west-1:111122223333:alarm:before)", state: "ALARM"},
		"circle":  {rule: "ALARM(circle) OR ALARM(round)", state: "ALARM"},
		"round":   {rule: "ALARM(circle) OR ALARM(plain)", state: "ALARM"},
		"orphans": {rule: "ALARM(gone) OR ALARM(plain)", state: "ALARM"},
	}
	for i := range maxLevels + 1 {
		all[fmt.Sprint("deep", i)] = stored{rule: fmt.Sprintf("ALARM(deep%d)", i+1), state: "ALARM"}
	}
	short, wide := start.Add(-4*time.Minute-delay), start.Add(-4*time.Hour-delay)
	for _, test := range []struct {
		name     string
		children []string
		want     []string
		from     time.Time
		missing  []string
	}{
		{"plain", nil, []string{"M"}, short, nil},
		{"asleep", nil, []string{"S"}, short, nil}, // it was told to ring, whatever it does now
		{"both", nil, []string{"L", "M"}, wide, nil},
		{"nested", nil, []string{"B", "L", "M"}, wide, nil},
		{"nested", []string{"arn:aws:cloudwatch:eu-west-1:111122223333:alarm:plain", "not an alarm"}, []string{"M"}, short, []string{"there is no alarm not an alarm here"}},
		{"circle", nil, []string{"M"}, short, nil},
		{"orphans", nil, []string{"M"}, short, []string{"there is no alarm gone here"}},
		{"nowhere", nil, nil, start.Add(-time.Minute), []string{"there is no alarm nowhere here"}},
		{"deep0", nil, nil, start.Add(-time.Minute), []string{"1 alarms more than 8 levels down"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, asked := alarms(t, all)
			got, missing, err := r.Behind(t.Context(), Alarm{Name: test.name, At: start, From: start.Add(-time.Minute), Children: test.children})
			var metrics []string
			for _, m := range got.Metrics {
				metrics = append(metrics, m.Name)
			}
			slices.Sort(metrics)
			if diff := cmp.Diff(test.want, metrics) + cmp.Diff(test.missing, missing); err != nil || diff != "" || !got.From.Equal(test.from) {
				t.Errorf("%s from %v, %v", diff, got.From, err)
			}
			if *asked > 2*maxLevels {
				t.Errorf("%d requests", *asked)
			}
		})
	}
}

func TestBehindRefused(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`)
	}))
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	r := Reader{Clock: &fakeClock{now: start}, Config: aws.Config{Region: "eu-west-1", BaseEndpoint: &server.URL, HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", "")}}
	if _, _, err := r.Behind(t.Context(), Alarm{Name: "a", At: start}); quell.CodeOf(err) != quell.CodeFailed || !strings.Contains(err.Error(), "cloudwatch:DescribeAlarms") {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := r.Behind(ctx, Alarm{Name: "a", At: start}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestRuleAlarms(t *testing.T) {
	for rule, want := range map[string][]string{
		`ALARM(a) AND ALARM( b ) OR NOT OK(c)`:            {"a", "b"},
		`ALARM("a b (c)") OR ALARM("say \"hi\" \\ x")`:    {"a b (c)", `say "hi" \ x`},
		`(ALARM(a) OR ALARM(a)) AND INSUFFICIENT_DATA(x)`: {"a"},
		`ALARM(arn:aws:cloudwatch:eu-west-1:1:alarm:x:y)`: {"arn:aws:cloudwatch:eu-west-1:1:alarm:x:y"},
		`TRUE`:                        nil,
		`ALARM( OR FALARM(x) ALARM("`: nil,
		strings.Repeat("(", 1000) + `ALARM("` + "\x00" + `") )))`: {"\x00"},
	} {
		if got := ruleAlarms(rule); !slices.Equal(got, want) {
			t.Errorf("%.80s: %q", rule, got)
		}
	}
	for text, want := range map[string]string{"a": "a", "arn:aws:cloudwatch:eu-west-1:1:alarm:x:y": "x:y", "arn:aws:sns:eu-west-1:1:t": "", "arn:aws:cloudwatch:eu-west-1:1:dashboard:d": ""} {
		if got := alarmName(text); got != want {
			t.Errorf("%s is %q", text, got)
		}
	}
}

func TestReadCompositeAlarms(t *testing.T) {
	const child = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:child"
	want := []Alarm{{Name: "all", Account: "111122223333", Region: "eu-west-1", Children: []string{child}, At: start, From: start.Add(-2*time.Minute - delay)}}
	for name, text := range map[string]string{
		"event": `{"detail-type":"CloudWatch Alarm State Change","account":"111122223333","region":"eu-west-1","detail":{"alarmName":"all","configuration":{"alarmRule":"ALARM(child)"},
			"state":{"value":"ALARM","timestamp":"2026-03-04T05:00:00.000+0000","reasonData":"{\"triggeringAlarms\":[{\"arn\":\"` + child + `\",\"state\":{\"value\":\"ALARM\"}}]}"}}}`,
		"message": `{"AlarmName":"all","AWSAccountId":"111122223333","NewStateValue":"ALARM","AlarmRule":"ALARM(child)","StateChangeTime":"2026-03-04T05:00:00.000+0000",
			"AlarmArn":"arn:aws:cloudwatch:eu-west-1:111122223333:alarm:all","TriggeringChildren":[{"Arn":"` + child + `","State":{"Value":"ALARM"}}]}`,
	} {
		if diff := cmp.Diff(want, ReadAlarms([]byte(text))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestBehindOverTheWire asks the emulator, which keeps metric alarms but makes no composite ones: the message names the child.
func TestBehindOverTheWire(t *testing.T) {
	server := moto.Start(t)
	server.Reset(t)
	cfg := server.Config("us-east-1")
	client := sdk.NewFromConfig(cfg, func(o *sdk.Options) { o.Protocol = awsquery.New(schemas.GraniteServiceVersion20100801) })
	_, err := client.PutMetricAlarm(t.Context(), &sdk.PutMetricAlarmInput{AlarmName: aws.String("child"), Namespace: aws.String("Security"), MetricName: aws.String("RootSignIn"),
		Period: aws.Int32(300), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1), Statistic: types.StatisticSum, ComparisonOperator: types.ComparisonOperatorGreaterThanOrEqualToThreshold})
	if err != nil {
		t.Fatal(err)
	}
	now := quell.WallClock{}.Now()
	r := Reader{Config: cfg, Clock: quell.WallClock{}}
	for _, a := range []Alarm{{Name: "child"}, {Name: "all", Children: []string{"arn:aws:cloudwatch:us-east-1:123456789012:alarm:child"}}} {
		a.At, a.From = now, now.Add(-time.Hour)
		got, missing, err := r.Behind(t.Context(), a)
		if diff := cmp.Diff([]Metric{{"Security", "RootSignIn"}}, got.Metrics); diff != "" || len(missing) > 0 || err != nil {
			t.Errorf("%s: %s %v, %v", a.Name, diff, missing, err)
		}
	}
	if _, missing, err := r.Behind(t.Context(), Alarm{Name: "gone", At: now}); err != nil || len(missing) != 1 {
		t.Errorf("%q, %v", missing, err)
	}
}
