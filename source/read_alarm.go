package source

import (
	"cmp"
	"strings"

	"github.com/quell-ir/quell"
)

// alarm reads the EventBridge form of an alarm's change of state.
func (s *subjectReader) alarm(n node, env envelope) error {
	f := quell.Finding{
		Rule: n.str("alarmname"), Why: n.str("state.reason"), Time: n.time("state.timestamp"),
	}
	// Only the envelope has the alarm's ARN.
	arn := ""
	if arns := env.strings("resources"); len(arns) > 0 {
		arn = arns[0]
	}
	for _, metric := range n.list("configuration.metrics") {
		dimensions := metric.obj("metricstat.metric.dimensions")
		for name := range dimensions {
			f.Entities = append(f.Entities, dimensionEntity(name, dimensions.str(name)))
		}
	}
	return s.rung(f, arn, n.str("configuration.description"), n.str("state.value"), env)
}

// alarmMessage reads the form that alarms have in an SNS message; there Region is a name for people, so the ARN tells it.
func (s *subjectReader) alarmMessage(n node, env envelope) error {
	f := quell.Finding{
		Rule: n.str("alarmname"), Why: n.str("newstatereason"), Time: n.time("statechangetime"), Account: n.str("awsaccountid"),
	}
	for _, dimension := range n.list("trigger.dimensions") {
		f.Entities = append(f.Entities, dimensionEntity(strings.ToLower(dimension.str("name")), dimension.str("value")))
	}
	return s.rung(f, n.str("alarmarn"), n.str("alarmdescription"), n.str("newstatevalue"), env)
}

// rung files an alarm that rings. Which harm it means is known to whoever named it, so it is medium, and each time it
// rings is a finding of its own.
func (s *subjectReader) rung(f quell.Finding, arn, about, state string, env envelope) error {
	// OK and INSUFFICIENT_DATA come by the same way, and silence them would hide that they were read.
	if !strings.EqualFold(state, "ALARM") {
		s.quiet("CloudWatch alarm", "CloudWatch alarms")
		return nil
	}
	f.Source, f.Severity = "cloudwatch", quell.Medium
	f.Title = "Alarm " + f.Rule
	if about != "" {
		f.Title += ": " + about
	}
	// The alarm is no victim, but who looks into it wants to find it.
	alarm := quell.EntityOfARN(arn)
	alarm.Part = quell.PartUsed
	f.Account, f.Region = cmp.Or(f.Account, alarm.Account), cmp.Or(f.Region, alarm.Region)
	f.Entities = append(f.Entities, alarm)
	s.keep(f, env, "CloudWatch alarm", "CloudWatch alarms")
	return nil
}

// dimensionEntity names what an alarm's metric is about, where a dimension is the name of one of our kinds.
func dimensionEntity(name, value string) quell.Entity {
	switch name {
	case "instanceid":
		return resourceEntity("AWS::EC2::Instance", value, "", "")
	case "bucketname":
		return resourceEntity("AWS::S3::Bucket", value, "", "")
	}
	return quell.Entity{}
}
