package source

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxFlowLine is far above the longest line that all documented fields together make.
const maxFlowLine = 32 << 10

// maxBadLines is how many bad lines are described; the rest is counted.
const maxBadLines = 100

// defaultFlowFields is the version 2 format, in the order of the VPC user guide, "Flow log records".
const defaultFlowFields = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"

// BadLine is a line of a flow log that could not be read. Line counts from 1.
type BadLine struct {
	Line int    `json:"line"`
	Why  string `json:"why"`
}

// FlowReport is what became of a flow log's lines. NoData and SkipData are AWS's words for intervals without traffic
// and intervals that AWS failed to capture: the latter are a gap in what can be seen.
type FlowReport struct {
	Lines, Events, NoData, SkipData int
	BadTotal                        int
	Bad                             []BadLine // the first hundred
}

// EachFlow reads VPC flow log text, in the version 2 default format or with the header line of a custom one. A line that
// begins with a timestamp, as CloudWatch Logs exports it, is read without it. Few of the lines are wanted as events: a Flow
// makes its event when it is asked to, and is valid until emit returns.
//
// Bad lines are in the report. The error is the reader's, the context's, or what emit returned.
func EachFlow(ctx context.Context, r io.Reader, origin string, emit func(*Flow) error) (FlowReport, error) {
	var report FlowReport
	flow := &Flow{origin: origin, flowFormat: newFlowFormat(strings.Fields(defaultFlowFields))}
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
		flow.words = splitFields(flow.words[:0], line)
		switch flow.values = dropTimestamp(flow.words); {
		case long:
			report.bad(fmt.Sprintf("longer than %d bytes", maxFlowLine))
		case len(flow.values) == 0:
			// Files that were joined carry a header in the middle; the format changes there.
		case isFlowHeader(flow.values):
			flow.flowFormat = newFlowFormat(flow.values)
		default:
			switch err := flow.check(); {
			case errors.Is(err, errNoData):
				report.NoData++
			case errors.Is(err, errSkipData):
				report.SkipData++
			case err != nil:
				report.bad(err.Error())
			default:
				report.Events++
				if err := emit(flow); err != nil {
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

// isFlowLog says whether a file's first line is a flow or the header of flows.
func isFlowLog(line string) bool {
	values := dropTimestamp(strings.Fields(line))
	if len(values) == 0 {
		return false
	}
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
	// Every name begins with a letter, and most lines with a number.
	if values[0][0] < 'a' || values[0][0] > 'z' {
		return false
	}
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
	// A parser's failure is dear, and this is asked of every line.
	if len(values) > 1 && len(values[0]) >= len("2006-01-02T15:04:05Z") && values[0][4] == '-' {
		if _, err := time.Parse(time.RFC3339, values[0]); err == nil {
			return values[1:]
		}
	}
	return values
}
