package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
)

// listWriter gathers pieces of JSON and remembers the first failure. A text of a whole list takes many times the memory that
// the list does.
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

// end writes the last line break.
func (w *listWriter) end() error {
	w.text([]byte("\n"))
	w.flush()
	return w.err
}

// writeList writes a list that stands at an indentation, as an encoder with two spaces of it does.
func writeList[T any](w *listWriter, indent string, list iter.Seq[T]) {
	within := []byte("\n" + indent + "  ")
	empty := true
	w.text([]byte("["))
	for item := range list {
		if !empty {
			w.text([]byte(","))
		}
		empty = false
		text, err := indented(item)
		if err != nil && w.err == nil {
			w.err = err
		}
		w.text(within)
		w.text(bytes.ReplaceAll(text, []byte("\n"), within))
	}
	if !empty {
		w.text([]byte("\n" + indent))
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
