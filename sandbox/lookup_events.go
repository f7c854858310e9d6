package sandbox

import (
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

// historyDepth is how far back event history goes.
const historyDepth = 90 * 24 * time.Hour

func registerHistory(r registry) {
	reads(r, "CloudTrail.LookupEvents", (*call).lookupEvents)
}

func (c *call) lookupEvents(in *cloudtrail.LookupEventsInput) (*cloudtrail.LookupEventsOutput, error) {
	if len(in.LookupAttributes) > 1 {
		return nil, &cttypes.InvalidLookupAttributesException{Message: aws.String("You can specify only one lookup attribute.")}
	}
	from, to := c.now.Add(-historyDepth), c.now
	if in.StartTime != nil && in.StartTime.After(from) {
		from = *in.StartTime
	}
	if in.EndTime != nil {
		to = *in.EndTime
	}
	if in.StartTime != nil && in.EndTime != nil && in.StartTime.After(*in.EndTime) {
		return nil, &cttypes.InvalidTimeRangeException{Message: aws.String("The start time must be before the end time.")}
	}
	size := int(aws.ToInt32(in.MaxResults))
	if size == 0 {
		size = 50
	}
	if size < 0 || size > 50 {
		return nil, &cttypes.InvalidMaxResultsException{Message: aws.String("MaxResults must be between 1 and 50.")}
	}
	last, err := readToken(in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &cloudtrail.LookupEventsOutput{Events: []cttypes.Event{}}
	skipping := last != ""
	for _, k := range c.w.trail.newest(c.now, c.region) {
		if skipping {
			// The token names the last event shown, so that events arriving between two pages shift nothing.
			skipping = k.record.EventID != last
			continue
		}
		if second := k.made.Truncate(time.Second); second.Before(from.Truncate(time.Second)) || second.After(to) {
			continue
		}
		if len(in.LookupAttributes) == 1 && !k.matches(in.LookupAttributes[0]) {
			continue
		}
		if len(out.Events) == size {
			out.NextToken = aws.String("after." + aws.ToString(out.Events[size-1].EventId))
			break
		}
		out.Events = append(out.Events, k.show())
	}
	return out, nil
}

func readToken(token *string) (string, error) {
	t := aws.ToString(token)
	if t == "" {
		return "", nil
	}
	var id string
	if n, err := fmt.Sscanf(t, "after.%s", &id); n != 1 || err != nil {
		return "", &cttypes.InvalidNextTokenException{Message: aws.String("Invalid NextToken.")}
	}
	return id, nil
}

func (k *kept) matches(a cttypes.LookupAttribute) bool {
	want := aws.ToString(a.AttributeValue)
	switch a.AttributeKey {
	case cttypes.LookupAttributeKeyAccessKeyId:
		return k.key == want
	case cttypes.LookupAttributeKeyUsername:
		return k.user == want
	case cttypes.LookupAttributeKeyEventName:
		return k.record.EventName == want
	case cttypes.LookupAttributeKeyEventSource:
		return k.record.EventSource == want
	case cttypes.LookupAttributeKeyEventId:
		return k.record.EventID == want
	case cttypes.LookupAttributeKeyReadOnly:
		return strconv.FormatBool(k.record.ReadOnly) == want
	case cttypes.LookupAttributeKeyResourceType:
		return k.target.kind == want
	case cttypes.LookupAttributeKeyResourceName:
		return want != "" && (k.target.name == want || k.target.arn == want)
	}
	return false
}

func (k *kept) show() cttypes.Event {
	r := k.record
	e := cttypes.Event{
		EventId: aws.String(r.EventID), EventName: aws.String(r.EventName), EventSource: aws.String(r.EventSource),
		EventTime: aws.Time(k.made.Truncate(time.Second)), ReadOnly: aws.String(strconv.FormatBool(r.ReadOnly)),
		AccessKeyId: emptyNil(k.key), Username: emptyNil(k.user), CloudTrailEvent: aws.String(string(k.json())),
	}
	if k.target.kind != "" && k.target.name != "" {
		e.Resources = []cttypes.Resource{{ResourceType: aws.String(k.target.kind), ResourceName: aws.String(k.target.name)}}
	}
	return e
}
