package unwrap

import (
	"encoding/json"
	"slices"
	"strings"
)

// plainContainers are the lists of a subscription's batch and of "aws logs filter-log-events".
var plainContainers = []string{"logEvents", "events"}

// plainColumns are all keys that a log event has in one of those.
var plainColumns = []string{"id", "eventId", "timestamp", "message", "logStreamName", "ingestionTime", "extractedFields"}

// openPlain takes the message out of a log event of CloudWatch Logs, and a payload out of Lambda's event. Any other row is
// itself: an application's own records have messages too.
func (r *Reader) openPlain(raw []byte, depth int) {
	var o map[string]json.RawMessage
	if err := json.Unmarshal(raw, &o); err != nil {
		r.report.bad("broken or cut JSON: " + string(raw[:min(len(raw), 60)]))
		return
	}
	if data := o["awslogs"]; len(data) > 0 && data[0] == '{' {
		r.openData(string(data), depth)
		return
	}
	if list := o["logEvents"]; len(list) > 0 && list[0] == '[' {
		r.each(list, depth+1)
		return
	}
	if message := o["message"]; len(message) > 0 && message[0] == '"' && isLogEvent(o) {
		r.plainLine(cell(message))
		return
	}
	r.plainLine(string(raw))
}

// isLogEvent says whether the keys are those that CloudWatch Logs gives to each line, with nothing of the line's own.
func isLogEvent(o map[string]json.RawMessage) bool {
	for key := range o {
		if !slices.Contains(plainColumns, key) {
			return false
		}
	}
	// A time and a message alone may be all that an application writes.
	return len(o) == 1 || len(o["id"]) > 0 || len(o["eventId"]) > 0 || len(o["logStreamName"]) > 0
}

// plainLine writes a row as one line.
func (r *Reader) plainLine(text string) {
	text = strings.TrimSpace(strings.NewReplacer("\r", " ", "\n", " ").Replace(text))
	switch {
	case text == "":
		r.report.bad("an empty message")
	case strings.HasPrefix(text, "CWL CONTROL MESSAGE"):
		r.report.Quiet++
	default:
		r.writeText(text)
		r.report.Records++
	}
}
