package source

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/quell-ir/quell/source/unwrap"
)

// text is a file's text as it is handed out: the file's own, or what was unwrapped of it.
type text struct {
	*bufio.Reader
	kind Kind
	why  string // why it is no log
	rows *unwrap.Reader
}

// unwrap looks at a body and puts a reader of records over it where it is an export of them.
func (r *reader) unwrap(b *body, path string) (text, error) {
	if err := twice(b, r.opts.MaxExpanded, r.opts.MaxRatio); err != nil {
		return text{}, err
	}
	kind, shape, why := sniff(b, path)
	if why != "" || shape == "" {
		return text{Reader: b.Reader, kind: kind, why: why}, nil
	}
	rows := unwrap.NewReader(b.Reader, shape, func(line string) bool { return textKind(line) != "" })
	out := text{Reader: bufio.NewReaderSize(rows, peekBytes), rows: rows}
	// The first record tells which log this was exported from.
	head, err := out.Peek(peekBytes)
	if len(head) == 0 {
		out.why = "an export without a record in it"
		if err != nil && err != io.EOF {
			out.why = plainError(err)
		}
		if unread := out.unread(); unread != "" {
			out.why += "; " + unread
		}
		return out, nil
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	out.kind = kindOf(head, string(line))
	return out, nil
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
