package unwrap

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// maxInflated is the most one compressed row may give. A subscription's batch is at most 6 MiB.
const maxInflated = 32 << 20

// maxOpened bounds text in text: Lambda's event, its gzip, the batch, its message, a record in it make five.
const maxOpened = 8

// whole are the columns that hold the record as it was written, best first: Lake's, Elastic's, Insights', Splunk's, and
// the word that CloudWatch Logs and shippers use.
var whole = []string{"eventJson", "event.original", "_source.event.original", "@message", "_raw", "message"}

// open takes the record out of a row.
func (r *Reader) open(raw []byte, depth int) {
	raw = bytes.TrimSpace(raw)
	if depth > maxOpened {
		r.report.bad("rows in rows, more than are opened")
		return
	}
	// What is white space to Unicode may be none to JSON: a vertical tab is a row of nothing.
	if len(raw) == 0 {
		r.report.bad("an empty row")
		return
	}
	switch raw[0] {
	case '[':
		r.openList(raw, depth)
		return
	case '{':
	default:
		r.report.bad("no object: " + string(raw[:min(len(raw), 60)]))
		return
	}
	if r.plain {
		r.openPlain(raw, depth)
		return
	}
	if isBare(raw) {
		r.emit(raw)
		return
	}
	var o map[string]json.RawMessage
	// Shippers and searches cut long messages: a part of a record is named, not guessed at.
	if err := json.Unmarshal(raw, &o); err != nil {
		r.report.bad("broken or cut JSON: " + string(raw[:min(len(raw), 60)]))
		return
	}
	has := func(key string) bool { return len(o[key]) > 0 && string(o[key]) != "null" }
	begins := func(key string, c byte) bool { return has(key) && o[key][0] == c }
	switch {
	// Records and events that the engine knows as they are, whatever else is beside.
	case has("eventName") && has("eventTime"), has("eventVersion") && has("eventID"), has("detail-type") && has("detail"):
		r.emit(raw)
	case has("class_uid"):
		r.openOCSF(raw)
	// Splunk repeats the rows of a preview in the result.
	case string(o["preview"]) == "true":
		r.report.Quiet++
	case begins("awslogs", '{'), begins("kinesis", '{'):
		r.openData(cmp.Or(string(o["awslogs"]), string(o["kinesis"])), depth)
	case begins("CloudTrailEvent", '"'):
		r.openText(o["CloudTrailEvent"], depth)
	case begins("result", '{'):
		r.open(o["result"], depth+1)
	case begins("_source", '{'):
		r.open(o["_source"], depth+1)
	case begins("Data", '['):
		r.openCells(o["Data"], depth)
	default:
		r.openMember(raw, o, depth)
	}
}

// isBare says that a row is a record of a log beside CloudTrail and nothing around it: a name that only such records have, and
// none that could be a wrapping's. To overlook one costs time only.
func isBare(raw []byte) bool {
	marked := func(key string) bool { return bytes.Contains(raw, []byte(key)) }
	return slices.ContainsFunc([]string{`"webaclId"`, `"query_name"`, `"auditID"`}, marked) && !slices.ContainsFunc(wrapperMarks, marked)
}

// wrapperMarks are all names that open and openMember ask for, as they stand in a text.
var wrapperMarks = func() []string {
	var out []string
	for _, key := range slices.Concat(whole, containers, []string{"eventName", "eventVersion", "detail-type", "class_uid", "preview", "awslogs", "kinesis",
		"CloudTrailEvent", "result", "_source", "Data", "event"}) {
		out = append(out, `"`+key+`"`)
	}
	return append(out, `\u`) // which may spell any of them
}()

// openMember looks for the member that holds the record.
func (r *Reader) openMember(raw []byte, o map[string]json.RawMessage, depth int) {
	var event struct {
		Original string `json:"original"`
	}
	// A failure means that this event is something else; the other members still have their chance.
	if len(o["event"]) > 0 && json.Unmarshal(o["event"], &event) == nil && event.Original != "" {
		r.message(event.Original, depth+1)
		return
	}
	for _, key := range whole {
		switch member := o[key]; {
		case len(member) == 0:
		case member[0] == '"':
			r.openText(member, depth)
			return
		case member[0] == '{': // Insights parses messages that are JSON
			r.open(member, depth+1)
			return
		}
	}
	for _, key := range containers {
		if list := o[key]; len(list) > 0 && list[0] == '[' {
			r.each(list, depth+1)
			return
		}
	}
	// A row of columns in JSON: the names tell, in whatever case.
	names := slices.Sorted(maps.Keys(o))
	if isRecordColumns(names) {
		values := make([]string, len(names))
		for i, name := range names {
			values[i] = cell(o[name])
		}
		r.columns(names, values, depth)
		return
	}
	r.emit(raw) // not ours to judge: the readers of package source name what they do not know
}

func (r *Reader) each(list []byte, depth int) {
	var rows []json.RawMessage
	if err := json.Unmarshal(list, &rows); err != nil {
		r.report.bad("a list that cannot be decoded: " + err.Error())
		return
	}
	for _, row := range rows {
		r.open(row, depth)
	}
}

// openList opens a row of columns: [{"field":"@message","value":"..."}] of Insights, [{"eventName":"..."}] of Lake.
func (r *Reader) openList(raw []byte, depth int) {
	var columns []map[string]json.RawMessage
	if err := json.Unmarshal(raw, &columns); err != nil {
		r.report.bad("a list that is no row: " + err.Error())
		return
	}
	var names, values []string
	for _, column := range columns {
		if len(column["field"]) > 0 && len(column) <= 2 {
			names, values = append(names, cell(column["field"])), append(values, cell(column["value"]))
			continue
		}
		if len(column) != 1 { // whole things in a list, not columns
			r.each(raw, depth+1)
			return
		}
		for name, value := range column {
			names, values = append(names, name), append(values, cell(value))
		}
	}
	r.columns(names, values, depth)
}

// openCells opens a row of Athena's GetQueryResults, the first of which has the names.
func (r *Reader) openCells(raw []byte, depth int) {
	var cells []struct{ VarCharValue string }
	if err := json.Unmarshal(raw, &cells); err != nil {
		r.report.bad("an Athena row that cannot be decoded: " + err.Error())
		return
	}
	values := make([]string, len(cells))
	for i, c := range cells {
		values[i] = c.VarCharValue
	}
	switch {
	// Only the first page of results has the names in its first row; without them the cells mean nothing.
	case isHeader(values):
		r.header = values
		r.report.Quiet++
	case len(values) != len(r.header):
		r.report.bad(fmt.Sprintf("%d cells where the header has %d", len(values), len(r.header)))
	default:
		r.columns(r.header, values, depth)
	}
}

// cell is a column's value as text.
func cell(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

// openText opens a JSON string.
func (r *Reader) openText(raw json.RawMessage, depth int) {
	r.message(cell(raw), depth+1)
}

// message opens a text that a log event carries.
func (r *Reader) message(text string, depth int) {
	text = strings.TrimSpace(text)
	switch {
	case depth > maxOpened:
		r.report.bad("texts in texts, more than are opened")
	case text == "":
		r.report.bad("an empty message")
	case strings.HasPrefix(text, "CWL CONTROL MESSAGE"):
		r.report.Quiet++
	case strings.HasPrefix(text, "H4sI"):
		r.inflate(text, depth)
	case text[0] == '{' || text[0] == '[':
		r.open([]byte(text), depth+1)
	default:
		r.emitText(text)
	}
}

// openData opens the payload of a subscription as Lambda gets it.
func (r *Reader) openData(raw string, depth int) {
	var o struct {
		Data string `json:"data"`
	}
	if err := json.Unmarshal([]byte(raw), &o); err != nil || o.Data == "" {
		r.report.bad("a payload without data")
		return
	}
	r.inflate(o.Data, depth+1)
}

// inflate opens base64 of JSON, of values one behind the other, or of gzip of them.
func (r *Reader) inflate(text string, depth int) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		r.report.bad("broken base64: " + err.Error())
		return
	}
	// Kinesis holds what was put into it: a batch of a subscription is compressed, a record that a program sent is not.
	if bytes.HasPrefix(data, []byte("\x1f\x8b")) {
		if data, err = gunzip(data); err != nil {
			r.report.bad("broken gzip in it: " + err.Error())
			return
		}
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	for {
		var value json.RawMessage
		err := dec.Decode(&value)
		if err == io.EOF {
			return
		}
		if err != nil {
			r.report.bad("a payload of broken JSON: " + err.Error())
			return
		}
		r.open(value, depth+1)
	}
}

func gunzip(data []byte) ([]byte, error) {
	in, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("open gzip: %w", err)
	}
	out, err := io.ReadAll(io.LimitReader(in, maxInflated+1))
	if err != nil {
		return nil, fmt.Errorf("read gzip: %w", err)
	}
	if len(out) > maxInflated {
		return nil, fmt.Errorf("it expands beyond %d bytes", maxInflated)
	}
	return out, nil
}

// emit writes a JSON record as one line.
func (r *Reader) emit(raw []byte) {
	// A document has one kind, which its first record decided; its reader could make nothing of the other.
	if r.kind == 't' {
		r.report.bad("JSON among text: " + string(raw[:min(len(raw), 60)]))
		return
	}
	before := r.out.Len()
	if err := json.Compact(&r.out, raw); err != nil {
		r.out.Truncate(before)
		r.report.bad("a record of broken JSON: " + err.Error())
		return
	}
	r.out.WriteByte('\n')
	r.kind = 'j'
	r.report.Records++
}

// emitText writes a record that is a line of text, if such lines are wanted. What a group's other streams wrote is not.
func (r *Reader) emitText(text string) {
	text = strings.NewReplacer("\r", " ", "\n", " ").Replace(text)
	if r.kind == 'j' || r.keepText == nil || !r.keepText(text) {
		r.report.bad("no record: " + text[:min(len(text), 60)])
		return
	}
	r.out.WriteString(text)
	r.out.WriteByte('\n')
	r.kind = 't'
	r.report.Records++
}

// padding makes a finding take room in the lines, so that whoever looks ahead in them holds few findings.
var padding = strings.Repeat(" ", 255) + "\n"

// emitFinding hands a finding over, and leaves a blank line in its place.
func (r *Reader) emitFinding(raw []byte) {
	if r.finding == nil {
		r.report.bad("an OCSF finding, and no log")
		return
	}
	if err := r.finding(raw); err != nil {
		r.report.bad(err.Error())
		return
	}
	r.report.Findings++
	r.out.WriteString(padding)
}

// writeText writes a line of a log that is no JSON.
func (r *Reader) writeText(line string) {
	r.out.WriteString(line)
	r.out.WriteByte('\n')
	r.kind = 't'
}
