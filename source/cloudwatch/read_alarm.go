package cloudwatch

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strings"
	"time"
)

// Alarm is an alarm that rang, as far as its message tells which metrics it watches and over which time it judged them.
type Alarm struct {
	Name, Account, Region string
	Metrics               []Metric
	// Children are the alarms that made a composite one ring, as far as its message names them.
	Children []string
	// At is when it rang; From is where its evaluation window begins, with room for a datapoint's delay.
	From, At time.Time
}

// Metric names a metric.
type Metric struct{ Namespace, Name string }

// maxWraps bounds envelopes in envelopes; maxWindow a window that a hostile message makes up.
const (
	maxWraps  = 24
	maxWindow = 7 * 24 * time.Hour
)

// ReadAlarms finds the alarms that rang in a subject's text: EventBridge events and SNS messages, however they are wrapped.
// Anything else is passed over: package source says what it is.
func ReadAlarms(data []byte) []Alarm {
	var out []Alarm
	dec := json.NewDecoder(bytes.NewReader(data))
	for {
		var value any
		if dec.Decode(&value) != nil {
			return out // the end, or what source.ReadSubject has refused before
		}
		walk(value, 0, &out)
	}
}

// walk looks for alarms in lists, envelopes and texts that hold JSON.
func walk(value any, depth int, out *[]Alarm) {
	if depth > maxWraps {
		return
	}
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			walk(element, depth+1, out)
		}
	case string:
		var inner any
		if strings.HasPrefix(strings.TrimSpace(v), "{") && json.Unmarshal([]byte(v), &inner) == nil {
			walk(inner, depth+1, out)
		}
	case map[string]any:
		o := object(v)
		switch {
		case o.text("detail-type") == "CloudWatch Alarm State Change":
			o.event(out)
		case o.text("AlarmName") != "" && (o["Trigger"] != nil || o["AlarmRule"] != nil || o["NewStateValue"] != nil):
			o.message(out)
		default:
			for _, key := range []string{"Records", "Messages", "Sns", "Message", "Body", "body"} {
				walk(v[key], depth+1, out)
			}
		}
	}
}

type object map[string]any

func (o object) text(key string) string {
	s, _ := o[key].(string)
	return s
}

func (o object) obj(keys ...string) object {
	for _, key := range keys {
		inner, _ := o[key].(map[string]any)
		o = inner
	}
	return o
}

func (o object) number(key string) float64 {
	n, _ := o[key].(float64)
	return n
}

func (o object) list(key string) []object {
	list, _ := o[key].([]any)
	var out []object
	for _, element := range list {
		inner, _ := element.(map[string]any)
		out = append(out, inner)
	}
	return out
}

// event reads EventBridge's form. The reason's data tell where the window began.
func (o object) event(out *[]Alarm) {
	detail := o.obj("detail")
	if !strings.EqualFold(detail.obj("state").text("value"), "ALARM") {
		return
	}
	a := Alarm{Name: detail.text("alarmName"), Account: o.text("account"), Region: o.text("region"), At: when(detail.obj("state").text("timestamp"))}
	period := 0.0
	for _, metric := range detail.obj("configuration").list("metrics") {
		stat := metric.obj("metricStat")
		period = max(period, stat.number("period"))
		a.add(stat.obj("metric").text("namespace"), stat.obj("metric").text("name"))
	}
	var reason map[string]any
	_ = json.Unmarshal([]byte(detail.obj("state").text("reasonData")), &reason) // without it the period alone tells
	data := object(reason)
	for _, child := range data.list("triggeringAlarms") {
		a.child(child.text("arn"))
	}
	began := when(data.text("startDate"))
	for _, point := range data.list("evaluatedDatapoints") {
		if at := when(point.text("timestamp")); !at.IsZero() && (began.IsZero() || at.Before(began)) {
			began = at
		}
	}
	a.window(began, cmp.Or(period, data.number("period")), 1)
	a.keep(out)
}

// message reads the form that alarms have in an SNS message. Its Region is a name for people, so the ARN tells it.
func (o object) message(out *[]Alarm) {
	if !strings.EqualFold(o.text("NewStateValue"), "ALARM") {
		return
	}
	a := Alarm{Name: o.text("AlarmName"), Account: o.text("AWSAccountId"), At: when(o.text("StateChangeTime"))}
	if parts := strings.SplitN(o.text("AlarmArn"), ":", 6); len(parts) == 6 {
		a.Region = parts[3]
	}
	for _, child := range o.list("TriggeringChildren") {
		a.child(child.text("Arn"))
	}
	trigger := o.obj("Trigger")
	period := trigger.number("Period")
	a.add(trigger.text("Namespace"), trigger.text("MetricName"))
	for _, metric := range trigger.list("Metrics") {
		stat := metric.obj("MetricStat")
		period = max(period, stat.number("Period"))
		a.add(stat.obj("Metric").text("Namespace"), stat.obj("Metric").text("MetricName"))
	}
	a.window(time.Time{}, period, trigger.number("EvaluationPeriods"))
	a.keep(out)
}

func (a *Alarm) add(namespace, name string) {
	if namespace != "" && name != "" {
		a.Metrics = append(a.Metrics, Metric{namespace, name})
	}
}

// maxChildren is above what a rule can name.
const maxChildren = 100

func (a *Alarm) child(arn string) {
	if arn != "" && len(a.Children) < maxChildren {
		a.Children = append(a.Children, arn)
	}
}

// delay is how long before an alarm its lines may have been written: CloudTrail delivers to a log group within minutes.
const delay = 15 * time.Minute

// window sets where to begin reading: the evaluated periods and one more, and the delay.
func (a *Alarm) window(began time.Time, period, periods float64) {
	if began.IsZero() || began.After(a.At) {
		span := min(max(period, 60)*max(periods, 1), maxWindow.Seconds())
		began = a.At.Add(-time.Duration(span) * time.Second)
	}
	a.From = began.Add(-time.Duration(min(max(period, 60), 86400))*time.Second - delay)
	if a.At.Sub(a.From) > maxWindow {
		a.From = a.At.Add(-maxWindow)
	}
}

func (a *Alarm) keep(out *[]Alarm) {
	if a.Name != "" && !a.At.IsZero() {
		*out = append(*out, *a)
	}
}

// when reads the times of alarms, which have a zone without a colon.
func when(text string) time.Time {
	for _, layout := range []string{"2006-01-02T15:04:05.999-0700", time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}
