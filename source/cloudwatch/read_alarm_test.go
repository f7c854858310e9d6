package cloudwatch

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "subject", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestReadAlarms(t *testing.T) {
	rang := time.Date(2026, 3, 4, 5, 19, 58, 0, time.UTC)
	event := Alarm{Name: "root-sign-in", Account: "111122223333", Region: "eu-west-1", Metrics: []Metric{{"Security", "RootSignIn"}},
		From: rang.Add(-2*time.Minute - delay), At: rang}
	wrapped, err := json.Marshal(map[string]any{"Messages": []any{map[string]any{"Body": string(sample(t, "alarm_event.json"))}}})
	if err != nil {
		t.Fatal(err)
	}
	const reasoned = `{"detail-type":"CloudWatch Alarm State Change","detail":{"alarmName":"a","state":{"value":"ALARM","timestamp":"2026-03-04T05:19:58.000+0000",
		"reasonData":"{\"period\":300,\"startDate\":\"2026-03-04T04:50:00.000+0000\",\"evaluatedDatapoints\":[{\"timestamp\":\"2026-03-04T04:45:00.000+0000\"}]}"},
		"configuration":{"metrics":[{"metricStat":{"metric":{"namespace":"N","name":"M"}}}]}}}`
	const endless = `{"AlarmName":"a","NewStateValue":"ALARM","StateChangeTime":"2026-03-04T05:19:58Z","Trigger":{"MetricName":"M","Namespace":"N","Period":1e300,"EvaluationPeriods":1e300}}`
	for name, c := range map[string]struct {
		data []byte
		want []Alarm
	}{
		"event":    {sample(t, "alarm_event.json"), []Alarm{event}},
		"in queue": {wrapped, []Alarm{event}},
		"sns": {sample(t, "alarm_sns.json"), []Alarm{{Name: "cpu", Account: "111122223333", Region: "eu-west-1", Metrics: []Metric{{"AWS/EC2", "CPUUtilization"}},
			From: rang.Add(-2*time.Minute - delay), At: rang}}},
		"reason": {[]byte(reasoned), []Alarm{{Name: "a", Metrics: []Metric{{"N", "M"}}, At: rang,
			From: time.Date(2026, 3, 4, 4, 45, 0, 0, time.UTC).Add(-5*time.Minute - delay)}}},
		"endless": {[]byte(endless), []Alarm{{Name: "a", Metrics: []Metric{{"N", "M"}}, At: rang, From: rang.Add(-maxWindow)}}},
		"quiet":   {[]byte(`{"AlarmName":"a","NewStateValue":"OK","StateChangeTime":"2026-03-04T05:19:58Z","Trigger":{}}`), nil},
		"finding": {sample(t, "guardduty_event.json"), nil},
		"prose":   {[]byte("ALARM"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, ReadAlarms(c.data)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzReadAlarms(f *testing.F) {
	f.Add(sample(f, "alarm_event.json"))
	f.Add(sample(f, "alarm_sns.json"))
	f.Add([]byte(`{"Message":"{\"Message\":\"{}\"}"} [[[[{"Records":[1]}]]]]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, a := range ReadAlarms(data) {
			if a.Name == "" || a.At.IsZero() || a.From.After(a.At) || a.At.Sub(a.From) > maxWindow {
				t.Errorf("%+v", a)
			}
		}
	})
}
