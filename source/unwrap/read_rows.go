package unwrap

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// containers are keys whose lists are streamed and not held: they may be as long as the file. The objects are a way to
// such a list.
var containers = []string{"logEvents", "events", "results", "hits", "Records", "QueryResultRows", "Rows", "items", "rows"}
var ways = []string{"hits", "ResultSet"}

// maxNested bounds lists in lists. Elastic's answer, the deepest, has four.
const maxNested = 16

// Reader gives an export's records, a line each. It fails only as the text it reads does.
type Reader struct {
	shape    Shape
	keepText func(line string) bool
	split    splitter
	csv      csvReader
	names    []string
	header   []string // of an Athena result in JSON, whose first row has the names
	frames   []*frame
	out      bytes.Buffer
	report   Report
	kind     byte   // what the lines are: 'j' JSON, 't' text
	log      string // that OCSF events are turned back into
	finding  func(raw []byte) error
	plain    bool
	err      error
}

// frame is a list or object that is being walked through.
type frame struct {
	list   bool
	opened bool   // a list in it was streamed: the rest of it is no row
	row    []byte // an object's members so far
	long   bool
}

// NewReader unwraps a text of the given shape. Records that are no JSON, such as flow logs, are kept where keepText
// says so (nil: never).
func NewReader(in io.Reader, shape Shape, keepText func(line string) bool) *Reader {
	r := &Reader{shape: shape, keepText: keepText}
	buffered, ok := in.(*bufio.Reader)
	if !ok {
		buffered = bufio.NewReaderSize(in, 64<<10)
	}
	r.split, r.csv = splitter{in: buffered}, csvReader{in: buffered}
	return r
}

// TakeFindings sets who is given findings among the rows, one JSON object each, valid until it returns; its error names the
// row. Without it they are named as no log. To be called before Read.
func (r *Reader) TakeFindings(take func(raw []byte) error) { r.finding = take }

// TakePlain has rows handed out as they are, out of nothing but what CloudWatch Logs puts around them: for logs that somebody
// else knows how to read. To be called before Read.
func (r *Reader) TakePlain() { r.plain = true }

// Report tells what became of the rows read so far.
func (r *Reader) Report() Report { return r.report }

// Read implements io.Reader. One row may give many lines, of at most what a row inflates to.
func (r *Reader) Read(p []byte) (int, error) {
	for r.out.Len() == 0 && r.err == nil {
		r.out.Reset()
		r.err = r.step()
	}
	if r.out.Len() > 0 {
		return r.out.Read(p)
	}
	return 0, r.err
}

func (r *Reader) step() error {
	switch r.shape {
	case CSV:
		return r.stepCSV()
	case Base64:
		return r.stepLine()
	}
	err := r.stepJSON()
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		r.report.Rows++
		r.report.bad("the text ends in the middle of it")
		return io.EOF
	// From a break on nobody knows which list this is; the next line may be a value again.
	case errors.Is(err, errBroken):
		r.report.Rows++
		r.report.bad(fmt.Sprintf("broken JSON at byte %d of the text; went on at the next line", r.split.at))
		nested := len(r.frames) > 0
		r.frames = nil
		// A line that broke off shows by what begins the next.
		if nested && r.split.fresh {
			return nil
		}
		return r.split.skipLine()
	}
	return err
}

// stepJSON takes one token of structure, or one row.
func (r *Reader) stepJSON() error {
	c, err := r.split.token()
	if err != nil {
		if errors.Is(err, io.EOF) && len(r.frames) > 0 {
			return io.ErrUnexpectedEOF
		}
		return err
	}
	if len(r.frames) > maxNested {
		return errBroken
	}
	if c == ',' {
		_, _ = r.split.next() // it was just seen; to be strict about commas would only lose rows
		return nil
	}
	var top *frame
	if len(r.frames) > 0 {
		top = r.frames[len(r.frames)-1]
	}
	switch {
	case top != nil && !top.list:
		return r.stepMember(top, c)
	case top != nil && c == ']':
		_, _ = r.split.next()
		r.frames = r.frames[:len(r.frames)-1]
		return nil
	// Objects are walked into and not taken whole: only their keys tell whether they are a row or hold a list of rows.
	case c == '{', c == '[' && !r.inRows():
		_, _ = r.split.next()
		r.frames = append(r.frames, &frame{list: c == '['})
		return nil
	case c == '}' || c == ']' || c == ':':
		return errBroken
	}
	// A list in a list is a row of columns, anything else no row at all.
	raw, err := r.split.value(nil)
	if err != nil && !errors.Is(err, errLong) {
		return err
	}
	r.row(raw, err)
	return nil
}

// inRows says whether a list that begins here is a row: lists of rows stand in a container, or in a list.
func (r *Reader) inRows() bool {
	return len(r.frames) > 0 && r.frames[len(r.frames)-1].list
}

// stepMember takes one member of an object: a list of rows to walk into, or a part of the row that the object is.
func (r *Reader) stepMember(f *frame, c byte) error {
	if c == '}' {
		_, _ = r.split.next()
		r.frames = r.frames[:len(r.frames)-1]
		// What stands around a list tells of the search, not of what was found.
		if f.opened {
			return nil
		}
		var err error
		if f.long {
			err = errLong
		}
		r.row(append(append([]byte{'{'}, f.row...), '}'), err)
		return nil
	}
	if c != '"' {
		return errBroken
	}
	key, err := r.split.value(nil)
	if err != nil {
		return noLong(err)
	}
	if c, err = r.split.token(); err != nil {
		return unexpected(err)
	}
	if c != ':' {
		return errBroken
	}
	_, _ = r.split.next()
	if c, err = r.split.token(); err != nil {
		return unexpected(err)
	}
	name := string(key[1 : len(key)-1])
	if c == '[' && slices.Contains(r.containers(), name) || c == '{' && !r.plain && slices.Contains(ways, name) {
		_, _ = r.split.next()
		f.opened = true
		r.frames = append(r.frames, &frame{list: c == '['})
		return nil
	}
	value, err := r.split.value(nil)
	if err != nil && !errors.Is(err, errLong) {
		return err
	}
	// A long member makes its row useless, but must not cost the rows behind it.
	if f.long = f.long || err != nil || len(f.row)+len(key)+len(value) > maxRow; f.long {
		f.row = nil
		return nil
	}
	if len(f.row) > 0 {
		f.row = append(f.row, ',')
	}
	f.row = append(append(append(f.row, key...), ':'), value...)
	return nil
}

// containers are the keys whose lists are rows.
func (r *Reader) containers() []string {
	if r.plain {
		return plainContainers
	}
	return containers
}

// noLong is for keys, of which there is no long one to go on behind.
func noLong(err error) error {
	if errors.Is(err, errLong) {
		return errBroken
	}
	return err
}

// row opens one row; read is why it was not read whole.
func (r *Reader) row(raw []byte, read error) {
	r.report.Rows++
	switch {
	case read != nil:
		r.report.bad(read.Error())
	default:
		r.open(raw, 0)
	}
}

func (r *Reader) stepCSV() error {
	if r.names == nil {
		return r.stepHeader()
	}
	row, err := r.csv.row()
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		r.report.Rows++
		r.report.bad("the text ends inside a quoted field")
		return io.EOF
	case errors.Is(err, errLong):
		r.report.Rows++
		r.report.bad(err.Error())
		return nil
	case err != nil:
		return err
	case blank(row):
		return nil
	// Exports that were joined have a header in the middle, perhaps another one.
	case isHeader(row):
		r.names = row
		return nil
	}
	r.report.Rows++
	if len(row) != len(r.names) {
		r.report.bad(fmt.Sprintf("%d fields where the header has %d", len(row), len(r.names)))
		return nil
	}
	r.columns(r.names, row, 0)
	return nil
}

// stepHeader finds the delimiter, and which column is which.
func (r *Reader) stepHeader() error {
	head, err := r.csv.in.Peek(r.csv.in.Size())
	if err != nil && !errors.Is(err, io.EOF) && len(head) == 0 {
		return err
	}
	_, comma, ok := header(bytes.TrimLeft(head, " \t\r\n"))
	if !ok {
		r.report.bad("no column of a log in the header " + string(head[:min(len(head), 60)]))
		return io.EOF
	}
	r.csv.comma = comma
	for {
		row, err := r.csv.row()
		if err != nil {
			return err
		}
		if !blank(row) {
			r.names = row
			return nil
		}
	}
}

// stepLine reads a line of base64.
func (r *Reader) stepLine() error {
	line, err := r.csv.in.ReadSlice('\n')
	text := string(line)
	for long := 0; errors.Is(err, bufio.ErrBufferFull); long++ {
		line, err = r.csv.in.ReadSlice('\n')
		if len(text) <= maxRow {
			text += string(line)
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if text = strings.TrimSpace(text); text != "" {
		r.report.Rows++
		if len(text) > maxRow {
			r.report.bad(errLong.Error())
		} else {
			r.message(text, 0)
		}
	}
	return err
}
