package main

import (
	"bytes"
	"fmt"
	"slices"

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
	w.text([]byte("\n  \"findings\": "))
	writeList(w, "  ", slices.Values(findings))
	w.text(between)
	w.text([]byte("\n  \"incidents\": "))
	writeList(w, "  ", slices.Values(incidents))
	w.text(after)
	return w.end()
}
