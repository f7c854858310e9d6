package source

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quell-ir/quell"
)

// maxFlowLine is far above the longest line that all documented fields together make.
const maxFlowLine = 32 << 10

// maxBadLines is how many bad lines are described; the rest is counted.
const maxBadLines = 100

// defaultFlowFields is the version 2 format, in the order of the VPC user guide, "Flow log records".
const defaultFlowFields = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"

// BadLine is a line of a flow log that could not be read. Line counts from 1.
type BadLine struct {
	Line int
	Why  string
}

// FlowReport is what became of a flow log's lines. NoData and SkipData are AWS's words for intervals without traffic
// and intervals that AWS failed to capture: the latter are a gap in what can be seen.
type FlowReport struct {
	Lines, Events, NoData, SkipData int
	BadTotal                        int
	Bad                             []BadLine // the first hundred
}

// ReadFlowLog reads VPC flow log text, in the version 2 default format or with the header line of a custom one, and emits
// an Event per flow: Time is the start of the interval, Name ACCEPT or REJECT, Raw a JSON object of the fields by their
// names. A line that begins with a timestamp, as CloudWatch Logs exports it, is read without it.
//
// Bad lines are in the report. The error is the reader's, the context's, or what emit returned.
func ReadFlowLog(ctx context.Context, r io.Reader, origin string, emit func(quell.Event) error) (FlowReport, error) {
	var report FlowReport
	names := strings.Fields(defaultFlowFields)
	// The buffer is the bound on a line: what does not fit is counted as bad and passed over without being kept.
	in := bufio.NewReaderSize(r, maxFlowLine)
	for {
		if err := ctx.Err(); err != nil {
			return report, err
		}
		line, long, err := readLine(in)
		if err != nil && !errors.Is(err, io.EOF) {
			return report, fmt.Errorf("read flow log %s after line %d: %w", origin, report.Lines, err)
		}
		ended := err != nil
		if len(line) > 0 || long || !ended {
			report.Lines++
		}
		switch values := dropTimestamp(strings.Fields(line)); {
		case long:
			report.bad(fmt.Sprintf("longer than %d bytes", maxFlowLine))
		case len(values) == 0:
			// Files that were joined carry a header in the middle; the format changes there.
		case isFlowHeader(values):
			names = values
		default:
			event, err := flowEvent(names, values, origin)
			switch {
			case errors.Is(err, errNoData):
				report.NoData++
			case errors.Is(err, errSkipData):
				report.SkipData++
			case err != nil:
				report.bad(err.Error())
			default:
				report.Events++
				if err := emit(event); err != nil {
					return report, err
				}
			}
		}
		if ended {
			return report, nil
		}
	}
}

func (r *FlowReport) bad(why string) {
	r.BadTotal++
	if len(r.Bad) < maxBadLines {
		r.Bad = append(r.Bad, BadLine{Line: r.Lines, Why: why})
	}
}

// readLine reads one line without its end. Of a line that does not fit the buffer nothing is kept.
func readLine(in *bufio.Reader) (line string, long bool, err error) {
	part, more, err := in.ReadLine()
	for line = string(part); more && err == nil; long = true {
		_, more, err = in.ReadLine()
		line = ""
	}
	return line, long, err
}

var (
	errNoData   = errors.New("no data in the interval")
	errSkipData = errors.New("data skipped in the interval")
)

func flowEvent(names, values []string, origin string) (quell.Event, error) {
	if len(values) != len(names) {
		return quell.Event{}, fmt.Errorf("%d fields where the format has %d", len(values), len(names))
	}
	flow := make(map[string]string, len(names))
	for i, name := range names {
		if values[i] != "-" { // a dash is AWS's word for a field that does not apply
			flow[name] = values[i]
		}
	}
	switch flow["log-status"] {
	case "NODATA":
		return quell.Event{}, errNoData
	case "SKIPDATA":
		return quell.Event{}, errSkipData
	}
	start, err := strconv.ParseInt(flow["start"], 10, 64)
	if err != nil || start < 0 || start > 1<<36 {
		return quell.Event{}, fmt.Errorf("start: %q is not a time in seconds", quell.Cut(flow["start"], 24))
	}
	if action := flow["action"]; action != "" && action != "ACCEPT" && action != "REJECT" {
		return quell.Event{}, fmt.Errorf("action: %q is neither ACCEPT nor REJECT", quell.Cut(action, 24))
	}
	// Rules for flow logs read fields by name, like those for records.
	raw, err := json.Marshal(flow)
	if err != nil {
		return quell.Event{}, fmt.Errorf("encode flow: %w", err)
	}
	// AWS gives flows no id. One made of the fields is the same whenever and from wherever the line is read.
	event := quell.Event{
		ID: "fl-" + quell.ShortHash(16, values...), Time: time.Unix(start, 0).UTC(), Source: "vpc-flow-logs", Name: flow["action"],
		Account: flow["account-id"], Region: flow["region"], SourceIP: flow["srcaddr"], Origin: origin, Raw: raw,
	}
	// A custom format may leave the action out.
	if event.Name == "" {
		event.Name = "FLOW"
	}
	event.Resources = flowEntities(flow)
	return event, nil
}

// flowEntities names both ends and the interface between them. Which end is ours only the subnet could tell.
func flowEntities(flow map[string]string) []quell.Entity {
	var out []quell.Entity
	add := func(kind quell.EntityKind, part quell.Part, field string) {
		if id := flow[field]; id != "" {
			e := quell.Entity{Kind: kind, ID: id, Part: part}
			if kind != quell.KindIP {
				e.Account, e.Region = flow["account-id"], flow["region"]
			}
			out = append(out, e)
		}
	}
	add(quell.KindIP, quell.PartUsed, "srcaddr")
	add(quell.KindIP, quell.PartTarget, "dstaddr")
	add(quell.KindResource, quell.PartUsed, "interface-id")
	add(quell.KindInstance, quell.PartUsed, "instance-id")
	return quell.MergeEntities(nil, out)
}

// isFlowLog says whether a file's first line is a flow or the header of flows.
func isFlowLog(line string) bool {
	values := dropTimestamp(strings.Fields(line))
	if isFlowHeader(values) {
		return true
	}
	if len(values) != len(strings.Fields(defaultFlowFields)) {
		return false
	}
	// Version, action and status together: fourteen words in a row are common, these three in their places are not.
	version, err := strconv.Atoi(values[0])
	return err == nil && version >= 2 && version <= 20 && slices.Contains([]string{"ACCEPT", "REJECT", "-"}, values[12]) &&
		slices.Contains([]string{"OK", "NODATA", "SKIPDATA"}, values[13])
}

// isFlowHeader knows a custom format by field names no data line can hold.
func isFlowHeader(values []string) bool {
	known := 0
	for _, value := range values {
		if strings.Trim(value, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
		if slices.Contains([]string{"srcaddr", "dstaddr", "pkt-srcaddr", "interface-id", "account-id", "log-status", "action", "start"}, value) {
			known++
		}
	}
	return known >= 2
}

// dropTimestamp takes off what CloudWatch Logs writes before a line when it is exported.
func dropTimestamp(values []string) []string {
	if len(values) > 1 {
		if _, err := time.Parse(time.RFC3339, values[0]); err == nil {
			return values[1:]
		}
	}
	return values
}
