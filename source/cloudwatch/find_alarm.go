package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"
)

// maxAlarms and maxLevels bound the alarms looked up behind one: rules of composite alarms name up to a hundred others, which may
// be composite themselves, in circles too.
const (
	maxAlarms = 300
	maxLevels = 8
)

// Behind looks up an alarm whose message names no metric: its own metrics, and of a composite alarm those of the alarms that
// its message or its rule names, level by level, as far as they ring or have changed since the window began. The window
// grows by what the alarms found evaluate. missing says what was not there or not followed.
//
// The error is the context's, or a quell.Error where CloudWatch refuses; the alarm then has what was found before.
func (r Reader) Behind(ctx context.Context, a Alarm) (found Alarm, missing []string, err error) {
	// The client lives as long as this function, like those of the log groups.
	client := cloudwatch.NewFromConfig(r.Config, func(o *cloudwatch.Options) {
		// The service knows two protocols; this one is known by everything that stands in for it, too.
		o.Protocol = awsquery.New(schemas.GraniteServiceVersion20100801)
		o.Retryer = aws.NopRetryer{}
	})
	f := &follower{a: a, seen: map[string]bool{a.Name: true}}
	names := []string{a.Name}
	if len(a.Children) > 0 {
		f.add(a.Children)
		names, f.next = f.next, nil
	}
	pace := r.pace()
	for level := 0; len(names) > 0; level++ {
		if level == maxLevels {
			f.miss("%d alarms more than %d levels down", len(names), maxLevels)
			break
		}
		for part := range slices.Chunk(names, 100) {
			in := &cloudwatch.DescribeAlarmsInput{AlarmNames: part, AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm}}
			for {
				var out *cloudwatch.DescribeAlarmsOutput
				err := pace.Send(ctx, func() (err error) {
					out, err = client.DescribeAlarms(ctx, in)
					return err
				})
				if err != nil {
					return f.a, f.missing, refused(ctx, "look up the alarm "+a.Name, "cloudwatch:DescribeAlarms", err)
				}
				f.read(out, part, level == 0)
				next := aws.ToString(out.NextToken)
				if next == "" {
					break
				}
				if next == aws.ToString(in.NextToken) {
					return f.a, f.missing, errors.New("look up alarms: the same page is offered again and again")
				}
				in.NextToken = &next
			}
			for _, name := range part {
				if !slices.Contains(f.there, name) {
					f.miss("there is no alarm %s here", name)
				}
			}
		}
		names, f.next = f.next, nil
	}
	return f.a, f.missing, nil
}

// follower walks from alarm to alarm.
type follower struct {
	a       Alarm
	seen    map[string]bool
	there   []string // names that were there
	next    []string
	missing []string
}

func (f *follower) miss(format string, args ...any) {
	f.missing = append(f.missing, fmt.Sprintf(format, args...))
}

// read takes the answer's alarms of the names asked for: what an endpoint gives beside them would lead to somebody else's lines.
func (f *follower) read(out *cloudwatch.DescribeAlarmsOutput, asked []string, first bool) {
	for _, m := range out.MetricAlarms {
		name := aws.ToString(m.AlarmName)
		if !slices.Contains(asked, name) {
			continue
		}
		f.there = append(f.there, name)
		if first && name == f.a.Name || f.rings(m.StateValue, m.StateTransitionedTimestamp, m.StateUpdatedTimestamp) {
			f.metrics(m)
		}
	}
	for _, c := range out.CompositeAlarms {
		name := aws.ToString(c.AlarmName)
		if !slices.Contains(asked, name) {
			continue
		}
		f.there = append(f.there, name)
		if first && name == f.a.Name || f.rings(c.StateValue, c.StateTransitionedTimestamp, c.StateUpdatedTimestamp) {
			f.add(ruleAlarms(aws.ToString(c.AlarmRule)))
		}
	}
}

// rings says whether an alarm may have been among those that made another ring: it rings now, or has changed since. One that
// has been quiet all the time has no part in it, and its log lines name people who have none either.
func (f *follower) rings(state types.StateValue, changed ...*time.Time) bool {
	if state == types.StateValueAlarm {
		return true
	}
	for _, at := range changed {
		if at != nil {
			return !at.Before(f.a.From)
		}
	}
	return true // unknown
}

func (f *follower) metrics(m types.MetricAlarm) {
	period := float64(aws.ToInt32(m.Period))
	add := func(namespace, name *string) {
		metric := Metric{aws.ToString(namespace), aws.ToString(name)}
		if !slices.Contains(f.a.Metrics, metric) {
			f.a.add(metric.Namespace, metric.Name)
		}
	}
	add(m.Namespace, m.MetricName)
	for _, q := range m.Metrics {
		if q.MetricStat != nil && q.MetricStat.Metric != nil {
			add(q.MetricStat.Metric.Namespace, q.MetricStat.Metric.MetricName)
			period = max(period, float64(aws.ToInt32(q.MetricStat.Period)))
		}
	}
	// The child rang before the composite did, by as much as it evaluates.
	wider := Alarm{At: f.a.At}
	wider.window(time.Time{}, period, float64(aws.ToInt32(m.EvaluationPeriods)))
	if wider.From.Before(f.a.From) {
		f.a.From = wider.From
	}
}

// add queues alarms by name or ARN, each once.
func (f *follower) add(names []string) {
	for _, name := range names {
		name = alarmName(name)
		if name == "" || f.seen[name] {
			continue
		}
		if len(f.seen) > maxAlarms {
			f.miss("more than %d alarms behind one", maxAlarms)
			return
		}
		f.seen[name] = true
		f.next = append(f.next, name)
	}
}

// alarmName is the name in an alarm's ARN; a name may hold colons of its own.
func alarmName(text string) string {
	if !strings.HasPrefix(text, "arn:") {
		return text
	}
	parts := strings.SplitN(text, ":", 7)
	if len(parts) < 7 || parts[5] != "alarm" {
		return ""
	}
	return parts[6]
}

// ruleCall is a function of an alarm rule with what it names. Names with spaces or brackets stand between quotes. Source:
// CloudWatch API reference, PutCompositeAlarm, AlarmRule.
var ruleCall = regexp.MustCompile(`\bALARM\s*\(\s*(?:"((?:[^"\\]|\\.)*)"|([^"()\s]+))\s*\)`)

// ruleAlarms are the alarms that must ring by a composite alarm's rule. Those that must not (OK) rang nothing.
func ruleAlarms(rule string) []string {
	var out []string
	for _, m := range ruleCall.FindAllStringSubmatch(rule, -1) {
		name := m[2]
		if m[1] != "" {
			name = unescape.Replace(m[1])
		}
		if name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

var unescape = strings.NewReplacer(`\"`, `"`, `\\`, `\`)
