package source

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/quell-ir/quell/source/table"
	"github.com/quell-ir/quell/source/unwrap"
)

// maxTable is the most a Parquet table may hold: its directory stands at its end, so it is held whole. Security Lake's and
// the flow logs' tables have some megabytes.
const maxTable = 256 << 20

// text is a file's text as it is handed out: the file's own, or what was unwrapped of it.
type text struct {
	*bufio.Reader
	kind Kind
	why  string // why it is no log
	rows *unwrap.Reader
	// findings among the rows, nil where there is no unwrapping.
	findings *rowFindings
}

// unwrap looks at a body and puts a reader of records over it where it is an export of them.
func (r *reader) unwrap(b *body, path string) (text, error) {
	if err := twice(b, r.opts.MaxExpanded, r.opts.MaxRatio); err != nil {
		return text{}, err
	}
	if r.opts.Mapping != nil {
		return r.mapped(b), nil
	}
	if magic, err := b.Peek(len(table.Magic)); err == nil && string(magic) == table.Magic {
		return r.openTable(b)
	}
	kind, shape, why := sniff(b, path)
	if why != "" || shape == "" {
		return text{Reader: b.Reader, kind: kind, why: why}, nil
	}
	return records(unwrap.NewReader(b.Reader, shape, isText)), nil
}

// mapped takes a text as it is.
func (r *reader) mapped(b *body) text {
	out := text{Reader: b.Reader, kind: KindMapped}
	if _, err := b.Peek(1); err == io.EOF {
		out.why = "empty"
	}
	return out
}

// openTable puts a reader of rows over a Parquet table.
func (r *reader) openTable(b *body) (text, error) {
	data, err := io.ReadAll(io.LimitReader(b.Reader, maxTable+1))
	if err != nil {
		return text{}, err
	}
	if len(data) > maxTable {
		return text{}, fmt.Errorf("a Parquet table of more than %d bytes: split it", maxTable)
	}
	rows, err := table.NewReader(data)
	if err != nil {
		return text{}, err
	}
	// A column of one value takes no room, however many rows there are: the cap is for what comes out.
	in := bufio.NewReaderSize(&capped{in: rows, body: b, most: r.opts.MaxExpanded}, peekBytes)
	head, _ := in.Peek(peekBytes) // a failure comes again when it is read
	line, _, _ := strings.Cut(string(head), "\n")
	if isText(line) {
		return text{Reader: in, kind: textKind(line)}, nil
	}
	return records(unwrap.NewReader(in, unwrap.JSON, isText)), nil
}

// isText says whether a line is of a log that is no JSON.
func isText(line string) bool { return textKind(line) != "" }

// records looks at what was unwrapped: the first record tells which log this was exported from.
func records(rows *unwrap.Reader) text {
	out := text{Reader: bufio.NewReaderSize(rows, peekBytes), rows: rows, findings: &rowFindings{}}
	rows.TakeFindings(out.findings.read)
	// What begins with findings needs no more looking at, and may hold a million of them.
	if first, _ := out.Peek(1); len(first) > 0 && first[0] == ' ' {
		out.kind = KindJSON
		return out
	}
	head, err := out.Peek(peekBytes)
	if len(head) == 0 {
		out.why = "an export without a record in it"
		if err != nil && err != io.EOF {
			out.why = plainError(err)
		}
		if unread := out.unread(); unread != "" {
			out.why += "; " + unread
		}
		return out
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	out.kind = kindOf(head, unwrap.Keys(head), string(line))
	return out
}

// twice opens gzip in gzip: Firehose compresses what a subscription has compressed before.
func twice(b *body, most, ratio int64) error {
	head, err := b.Peek(3)
	if err != nil || !bytes.Equal(head, []byte("\x1f\x8b\x08")) {
		return nil // too short or no gzip: sniffing says what it is
	}
	inner, err := gzip.NewReader(b.Reader)
	if err != nil {
		return brokenAt("gzip in gzip", err)
	}
	// Both layers count into out: the caps hold for them together, and a bomb in a bomb is no better off.
	b.Reader = bufio.NewReaderSize(&capped{in: inner, what: "gzip in gzip", body: b, most: most, ratio: ratio}, 4*peekBytes)
	return nil
}

// unread says in a sentence how many rows gave no record, and why the first of them.
func (t text) unread() string {
	if t.rows == nil || t.rows.Report().BadTotal == 0 {
		return ""
	}
	report := t.rows.Report()
	first := report.Bad[0]
	return fmt.Sprintf("%d of %d rows gave no whole record, first row %d: %s", report.BadTotal, report.Rows, first.Number, first.Why)
}

func (t text) bad() []BadLine {
	if t.rows == nil {
		return nil
	}
	var out []BadLine
	for _, row := range t.rows.Report().Bad {
		out = append(out, BadLine{Line: row.Number, Why: row.Why})
	}
	return out
}
