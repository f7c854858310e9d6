package people

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxLeavers bounds the list: each leaver is a rule of its own.
const maxLeavers = 10_000

// ReadLeavers reads a list of leavers by the ending of its name: .csv with the columns who, since and note, with or without
// a line that names them; .yaml, .yml or .json with a list of who, since and note, alone or under the key leavers.
func ReadLeavers(name string, data []byte) ([]Leaver, error) {
	// By the name and not by the text: "alice,2026-03-01" is a line of CSV and a value of YAML.
	read := readLeaversYAML
	switch strings.ToLower(path.Ext(strings.ReplaceAll(name, `\`, "/"))) {
	case ".csv":
		read = readLeaversCSV
	case ".yaml", ".yml", ".json":
	default:
		return nil, wrong(name, "cannot tell the format of the list of leavers by its name", "call it .csv, .yaml or .json")
	}
	// A spreadsheet's export begins with a byte order mark, which would become part of the first name.
	rows, err := read(name, bytes.TrimPrefix(data, []byte("\ufeff")))
	if err != nil {
		return nil, err
	}
	// Names are compared without regard to case everywhere, so here too.
	var out []Leaver
	seen := map[string]bool{}
	for _, row := range rows {
		l, err := row.leaver(name)
		if err != nil {
			return nil, err
		}
		// Of two dates nobody could say which holds.
		key := strings.ToLower(l.Who)
		if seen[key] {
			return nil, wrong(fmt.Sprintf("%s:%d", name, row.line), fmt.Sprintf("%q is there twice", l.Who), "keep the line that holds")
		}
		seen[key] = true
		out = append(out, l)
	}
	if len(out) > maxLeavers {
		return nil, wrong(name, fmt.Sprintf("%d leavers are more than a list may have", len(out)), fmt.Sprintf("keep the last %d", maxLeavers))
	}
	return out, nil
}

// leaverRow is a leaver as written.
type leaverRow struct {
	who, since, note string
	line             int
}

func (r leaverRow) leaver(name string) (Leaver, error) {
	where := fmt.Sprintf("%s:%d", name, r.line)
	l := Leaver{Who: strings.TrimSpace(r.who), Note: strings.TrimSpace(r.note)}
	switch {
	case l.Who == "":
		return l, wrong(where, "no who", "write who left: a user name, e-mail address, Identity Center user id or ARN")
	case strings.ContainsFunc(l.Who, unicode.IsControl):
		return l, wrong(where, fmt.Sprintf("%q is no name", l.Who), "write who left: a user name, e-mail address, Identity Center user id or ARN")
	}
	// A date is the first day without a right to act, and begins in UTC, in which logs are written.
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, strings.TrimSpace(r.since)); err == nil && at.Year() > 0 {
			l.Since = at.UTC()
			return l, nil
		}
	}
	return l, wrong(where, fmt.Sprintf("cannot read since when %q is gone: %q", l.Who, r.since), "write 2026-03-02 or 2026-03-02T17:00:00+01:00")
}

// readLeaversCSV reads a table. A first line with a cell "who" names the columns, for exports have them in any order and have
// more of them.
func readLeaversCSV(name string, data []byte) ([]leaverRow, error) {
	in := csv.NewReader(bytes.NewReader(data))
	// Lines may be of any length: the note is often left out, with its comma.
	in.FieldsPerRecord, in.TrimLeadingSpace, in.Comment = -1, true, '#'
	columns := map[string]int{"who": 0, "since": 1, "note": 2}
	var rows []leaverRow
	for first := true; ; first = false {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			return nil, wrong(fmt.Sprintf("%s:%d", name, bad.Line), bad.Err.Error(), "write who,since,note")
		} else if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		// A quoted cell may span lines, so the reader's own count is the one to tell.
		line, _ := in.FieldPos(0)
		if first && slices.ContainsFunc(cells, func(c string) bool { return strings.EqualFold(strings.TrimSpace(c), "who") }) {
			if columns, err = namedColumns(cells); err != nil {
				return nil, wrong(fmt.Sprintf("%s:%d", name, line), err.Error(), "name the columns who, since and note")
			}
			continue
		}
		cell := func(column string) string {
			if at, ok := columns[column]; ok && at < len(cells) {
				return cells[at]
			}
			return ""
		}
		rows = append(rows, leaverRow{cell("who"), cell("since"), cell("note"), line})
	}
}

// namedColumns reads the line that names the columns; those that it does not know are the user's own.
func namedColumns(cells []string) (map[string]int, error) {
	out := map[string]int{}
	for i, c := range cells {
		out[strings.ToLower(strings.TrimSpace(c))] = i
	}
	if _, ok := out["since"]; !ok {
		return nil, errors.New("no column is called since")
	}
	return out, nil
}

// readLeaversYAML walks the parsed text itself, for only there is the line of each leaver, which a person needs to find a
// mistake among hundreds.
func readLeaversYAML(name string, data []byte) ([]leaverRow, error) {
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, wrong(name, "cannot read the list of leavers: "+strings.TrimSpace(yaml.FormatError(err, false, false)), "write a list of who, since and note")
	}
	var rows []leaverRow
	for _, doc := range file.Docs {
		body := doc.Body
		for _, pair := range pairsOf(body) {
			if pair.Key.GetToken().Value == "leavers" {
				body = pair.Value
			}
		}
		list, ok := body.(*ast.SequenceNode)
		if !ok {
			if body == nil || body.Type() == ast.NullType {
				continue // an empty list
			}
			return nil, wrong(at(name, body), "this is no list of leavers", "write a list of who, since and note")
		}
		for _, entry := range list.Values {
			// Without a key there is only the entry's own line to tell; each key that is read is nearer.
			row := leaverRow{line: entry.GetToken().Position.Line}
			pairs := pairsOf(entry)
			if pairs == nil {
				return nil, wrong(at(name, entry), "this is no leaver", "write who, since and note")
			}
			for _, pair := range pairs {
				target := map[string]*string{"who": &row.who, "since": &row.since, "note": &row.note}[pair.Key.GetToken().Value]
				value, scalar := pair.Value.(ast.ScalarNode)
				// A key that is misspelt must not be passed over: "util" for "since" would keep somebody for ever.
				if target == nil || !scalar {
					return nil, wrong(at(name, pair), fmt.Sprintf("cannot use the key %q", pair.Key.GetToken().Value), "write who, since and note")
				}
				*target = fmt.Sprint(value.GetValue())
				// What YAML reads as a number keeps its zeros in the text.
				if pair.Value.Type() != ast.StringType && pair.Value.Type() != ast.LiteralType {
					*target = pair.Value.GetToken().Value
				}
				row.line = pair.Key.GetToken().Position.Line
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// pairsOf are the entries of a map, nil for anything else. A map of one entry is a node of its own.
func pairsOf(n ast.Node) []*ast.MappingValueNode {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	return nil
}

func at(name string, n ast.Node) string {
	return fmt.Sprintf("%s:%d", name, n.GetToken().Position.Line)
}
