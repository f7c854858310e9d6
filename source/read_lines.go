package source

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source/unwrap"
)

// maxLogLine is above the longest line a load balancer writes: a request line and headers of 16 KiB each, escaped.
const maxLogLine = 256 << 10

// LogReport is what became of a log's lines, or of the entries where it is JSON. Quiet counts entries
// of an export that say by themselves that they tell of nothing: health checks of a delivery, a repeated preview.
type LogReport struct {
	Lines, Events, Quiet int
	BadTotal             int
	Bad                  []BadLine // the first hundred
}

func (r *LogReport) bad(line int, why string) {
	r.BadTotal++
	if len(r.Bad) < maxBadLines {
		r.Bad = append(r.Bad, BadLine{Line: line, Why: quell.Cut(why, 300)})
	}
}

// parser makes an event of one line or entry. The line is valid until it returns.
type parser func(line []byte) (quell.Event, error)

// take files what a parser made of a line. The error is emit's.
func (r *LogReport) take(line []byte, origin string, parse parser, emit func(quell.Event) error) error {
	event, err := parse(line)
	if err != nil {
		r.bad(r.Lines, err.Error())
		return nil
	}
	r.Events++
	event.Origin = origin
	return emit(event)
}

// readText reads a log of lines.
func readText(ctx context.Context, r io.Reader, origin string, parse parser, emit func(quell.Event) error) (LogReport, error) {
	var report LogReport
	// The buffer is the bound on a line, as in EachFlow.
	in := bufio.NewReaderSize(r, maxLogLine)
	for {
		if err := ctx.Err(); err != nil {
			return report, err
		}
		line, long, err := readLine(in)
		if err != nil && !errors.Is(err, io.EOF) {
			return report, fmt.Errorf("read %s after line %d: %w", origin, report.Lines, err)
		}
		ended := err != nil
		if len(line) > 0 || long || !ended {
			report.Lines++
		}
		switch {
		case long:
			report.bad(report.Lines, fmt.Sprintf("longer than %d bytes", maxLogLine))
		case line != "":
			if err := report.take([]byte(line), origin, parse, emit); err != nil {
				return report, err
			}
		}
		if ended {
			return report, nil
		}
	}
}

// readEntries reads a log of JSON objects: lines, a list, or what CloudWatch Logs and searches export them in.
func readEntries(ctx context.Context, r io.Reader, origin string, parse parser, emit func(quell.Event) error) (LogReport, error) {
	in := bufio.NewReaderSize(r, peekBytes)
	// A failure to peek comes again when it is read.
	head, _ := in.Peek(peekBytes)
	shape := unwrap.Sniff(head, unwrap.Keys(head))
	if shape == "" {
		shape = unwrap.JSON
	}
	return readRows(ctx, unwrap.NewReader(in, shape, nil), origin, parse, emit)
}

// readRows reads the entries of an export.
func readRows(ctx context.Context, rows *unwrap.Reader, origin string, parse parser, emit func(quell.Event) error) (LogReport, error) {
	lines := bufio.NewReaderSize(rows, peekBytes)
	var report LogReport
	err := func() error {
		for {
			if err := ctx.Err(); err != nil {
				return err
			}
			// A row's size is bounded where it is cut out, so its line is here.
			line, err := lines.ReadBytes('\n')
			if len(line) > 0 {
				report.Lines = rows.Report().Rows
				if err := report.take(line, origin, parse, emit); err != nil {
					return err
				}
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("read %s after entry %d: %w", origin, report.Lines, err)
			}
		}
	}()
	unread := rows.Report()
	report.Lines, report.Quiet = unread.Rows, unread.Quiet
	for _, row := range unread.Bad {
		report.bad(row.Number, row.Why)
	}
	slices.SortStableFunc(report.Bad, func(a, b BadLine) int { return cmp.Compare(a.Line, b.Line) })
	report.BadTotal += unread.BadTotal - len(unread.Bad)
	return report, err
}
