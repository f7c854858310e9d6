package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/hunt"
)

// printHuntJSON writes a result as one JSON value. Findings and incidents are written one by one: a text of all of them
// takes many times the memory that they do, and there may be tens of thousands.
func (m *Main) printHuntJSON(r hunt.Result) error {
	findings, incidents := r.Findings, r.Incidents
	r.Findings, r.Incidents = []quell.Finding{}, []quell.Incident{}
	frame, err := indented(r)
	if err != nil {
		return err
	}
	// A line break within a text is escaped, so that these stand where the lists belong and nowhere else.
	before, rest, ok := bytes.Cut(frame, []byte("\n  \"findings\": []"))
	between, after, also := bytes.Cut(rest, []byte("\n  \"incidents\": []"))
	if !ok || !also {
		return fmt.Errorf("write JSON: a result without findings and incidents")
	}
	w := &listWriter{m: m}
	w.text(before)
	writeList(w, "findings", findings)
	w.text(between)
	writeList(w, "incidents", incidents)
	w.text(after)
	w.text([]byte("\n"))
	w.flush()
	return w.err
}

// listWriter gathers pieces of JSON and remembers the first failure.
type listWriter struct {
	m   *Main
	buf []byte
	err error
}

// enough is how much is gathered before it is written.
const enough = 256 << 10

func (w *listWriter) text(piece []byte) {
	if w.buf = append(w.buf, piece...); len(w.buf) >= enough {
		w.flush()
	}
}

func (w *listWriter) flush() {
	if w.err == nil {
		w.err = w.m.writeJSON(w.buf)
	}
	w.buf = w.buf[:0]
}

// writeList writes a field that holds a list, as an encoder with two spaces of indentation does.
func writeList[T any](w *listWriter, name string, list []T) {
	w.text([]byte("\n  \"" + name + "\": ["))
	for i, item := range list {
		if i > 0 {
			w.text([]byte(","))
		}
		text, err := indented(item)
		if err != nil && w.err == nil {
			w.err = err
		}
		w.text([]byte("\n    "))
		w.text(bytes.ReplaceAll(text, []byte("\n"), []byte("\n    ")))
	}
	if len(list) > 0 {
		w.text([]byte("\n  "))
	}
	w.text([]byte("]"))
}

// indented is a value's JSON without the line break behind it.
func indented(v any) ([]byte, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	return bytes.TrimRight(text.Bytes(), "\n"), nil
}
