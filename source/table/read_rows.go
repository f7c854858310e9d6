package table

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
)

// batch is how many rows are decoded at once.
const batch = 64

// Magic is what a table begins with.
const Magic = "PAR1"

// Reader gives a table's rows as lines.
type Reader struct {
	rows *parquet.GenericReader[any]
	flow []string // the columns of a flow log, in the table's order
	out  bytes.Buffer
	idle int // reads that gave nothing
	err  error
}

// NewReader opens a table. The error says what is wrong with it.
func NewReader(data []byte) (r *Reader, err error) {
	defer func() { err = caught(recover(), err) }()
	if err := check(data); err != nil {
		return nil, fmt.Errorf("broken Parquet table: %w", err)
	}
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("broken Parquet table: %w", err)
	}
	r = &Reader{rows: parquet.NewGenericReader[any](file, file.Schema())}
	var names []string
	for _, field := range file.Schema().Fields() {
		names = append(names, field.Name())
	}
	// Flow logs in Parquet have the names of the text with underscores; their header line says which there are.
	if line := " " + strings.Join(names, " ") + " "; strings.Contains(line, " srcaddr ") && strings.Contains(line, " dstaddr ") {
		r.flow = names
		fmt.Fprintln(&r.out, strings.ReplaceAll(strings.Join(names, " "), "_", "-"))
	}
	return r, nil
}

// Read implements io.Reader.
func (r *Reader) Read(p []byte) (int, error) {
	for r.out.Len() == 0 && r.err == nil {
		r.out.Reset()
		r.err = r.fill()
	}
	if r.out.Len() > 0 {
		return r.out.Read(p)
	}
	return 0, r.err
}

// fill decodes the next rows. A decoder of a binary format meets hostile sizes and offsets: its panic is a broken table.
func (r *Reader) fill() (err error) {
	defer func() { err = caught(recover(), err) }()
	rows := make([]any, batch)
	n, err := r.rows.Read(rows)
	if n == 0 && err == nil {
		// A decoder that gives nothing and no reason would be asked for ever.
		if r.idle++; r.idle > 100 {
			err = io.ErrNoProgress
		}
	}
	for _, row := range rows[:n] {
		if writeErr := r.write(row); writeErr != nil {
			return writeErr
		}
	}
	if err != nil && err != io.EOF {
		return fmt.Errorf("broken Parquet table: %w", err)
	}
	return err
}

func (r *Reader) write(row any) error {
	object, _ := plain(row).(map[string]any)
	if r.flow == nil {
		line, err := json.Marshal(object)
		if err != nil {
			return fmt.Errorf("encode a table's row: %w", err)
		}
		r.out.Write(line)
		r.out.WriteByte('\n')
		return nil
	}
	values := make([]string, len(r.flow))
	for i, name := range r.flow {
		// A dash is the text's word for nothing; a space would move the fields behind it.
		values[i] = strings.Join(strings.Fields(fmt.Sprint(object[name])), "_")
		if object[name] == nil || values[i] == "" {
			values[i] = "-"
		}
	}
	fmt.Fprintln(&r.out, strings.Join(values, " "))
	return nil
}

// plain makes text of bytes, which is how tables hold it at places where the schema does not say text.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			v[key] = plain(inner)
		}
		return v
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
		return v
	case []byte:
		if utf8.Valid(v) {
			return string(v)
		}
	case [][]byte:
		list := make([]any, len(v))
		for i := range v {
			list[i] = plain(v[i])
		}
		return list
	case deprecated.Int96:
		return instant(v)
	}
	return v
}

// unixDay is the Julian day on which 1970 began.
const unixDay = 2440588

// instant reads the time that older writers kept in twelve bytes: nanoseconds of a day, and the Julian day.
func instant(v deprecated.Int96) any {
	nanos := int64(v[0]) | int64(v[1])<<32
	if nanos < 0 || nanos > int64(24*time.Hour) {
		return nil // no time of any day
	}
	return time.Unix((int64(v[2])-unixDay)*86400, nanos).UTC().Format(time.RFC3339Nano)
}

func caught(panicked any, err error) error {
	if panicked != nil {
		return fmt.Errorf("broken Parquet table: %v", panicked)
	}
	return err
}
