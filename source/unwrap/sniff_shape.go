package unwrap

import (
	"bufio"
	"bytes"
	"slices"
	"strings"
)

// Shape is how an export is built.
type Shape string

// The shapes of exports. The zero value is a text that needs no unwrapping, or none that is known.
const (
	JSON   Shape = "json"   // values in lists, lines or one behind the other
	CSV    Shape = "csv"    // a header row and rows
	Base64 Shape = "base64" // lines of base64 of gzip of JSON
)

// wrapping are top-level keys that only exports have.
var wrapping = []string{"logEvents", "messageType", "events", "results", "result", "hits", "_source", "_raw", "@message", "awslogs",
	"QueryResultRows", "ResultSet", "class_uid", "category_uid", "type_uid", "event", "event.original", "message", "items", "fields"}

// native are top-level keys of texts that the detection engine and the readers of package source know as they are.
var native = []string{"Records", "Events", "eventVersion", "eventName", "detail-type", "webaclId", "query_name", "auditID"}

// Sniff tells from the first bytes of a text how it is wrapped; keys are the text's Keys. To call a text wrapped that is
// not costs time only.
func Sniff(head []byte, keys []string) Shape {
	text := bytes.TrimLeft(head, " \t\r\n")
	switch {
	case len(text) == 0:
		return ""
	case text[0] == '{' || text[0] == '[':
		has := func(list []string) bool {
			return slices.ContainsFunc(keys, func(key string) bool { return slices.Contains(list, key) })
		}
		// Lambda's event for a stream has the list of a trail's file with other things in it. Each of these says so early,
		// in whatever order it has its keys.
		start := text[:min(len(text), 1024)]
		if slices.Contains(keys, "Records") && (bytes.Contains(start, []byte("aws:kinesis")) || bytes.Contains(start, []byte("kinesisSchemaVersion"))) {
			return JSON
		}
		// A row of get-query-results is a list, so that a list of rows has no keys at all.
		if has(wrapping) && !has(native) || bytes.HasPrefix(text, []byte("[[")) {
			return JSON
		}
		return ""
	// The first bytes of gzip with its usual method, in base64.
	case bytes.HasPrefix(text, []byte("H4sI")):
		return Base64
	}
	if _, _, ok := header(text); ok {
		return CSV
	}
	return ""
}

// header reads a CSV header row and says whether its columns are those of a log.
func header(text []byte) (names []string, comma byte, ok bool) {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	for _, comma := range []byte{',', '\t', ';', '|'} {
		c := &csvReader{in: bufio.NewReader(bytes.NewReader(line)), comma: comma}
		names, err := c.row()
		if err == nil && isHeader(names) {
			return names, comma, true
		}
	}
	return nil, 0, false
}

func isHeader(names []string) bool {
	has := func(name string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(strings.TrimSpace(n), name) })
	}
	// CloudWatch Logs' own export has "message" beside a time; alone the word is too common.
	return slices.ContainsFunc(whole[:len(whole)-1], has) || has("message") && (has("timestamp") || has("@timestamp")) ||
		has("eventname") && (has("eventtime") || has("eventsource") || has("eventid"))
}
