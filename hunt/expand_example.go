package hunt

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
)

// Bounds on what a rule file may ask for: examples are written by people, and read by whoever was given the file.
const (
	maxRepeat  = 20_000
	maxStretch = 100_000
)

// expandExample writes out one entry of a rule's examples, as it would stand in a log. It is one of
//
//	a record, as a map, or a log's line, as a string;
//	{repeat: 50, vary: requestParameters.key, record: {...}}: a record that often, with another value there each time;
//	{repeat: 50, from: 100, line: "... %d ..."}: a line that often, with a rising number in place of each %d.
//
// With own, records get ids of their own: in a stretch of them each is another event, unless it is varied by its id.
func expandExample(entry any, number int, own bool) ([][]byte, error) {
	if line, ok := entry.(string); ok {
		return [][]byte{[]byte(line)}, nil
	}
	record, ok := entry.(map[string]any)
	if !ok {
		return nil, errors.New("is neither a record nor a line")
	}
	repeat, varied := 1, ""
	inner, nested := record["record"].(map[string]any)
	line, text := record["line"].(string)
	if nested || text {
		if n, given := record["repeat"]; given {
			count, ok := n.(float64)
			if !ok || count != float64(int(count)) || count < 1 || count > maxRepeat {
				return nil, fmt.Errorf("repeat takes a number up to %d", maxRepeat)
			}
			repeat = int(count)
		}
	}
	switch {
	case text:
		from, _ := record["from"].(float64)
		out := make([][]byte, repeat)
		for i := range out {
			out[i] = []byte(strings.ReplaceAll(line, "%d", fmt.Sprint(int(from)+i)))
		}
		return out, nil
	case nested:
		// Alike to the letter, the records would be one event delivered often, and count once.
		varied, _ = record["vary"].(string)
		if repeat > 1 && varied == "" {
			return nil, errors.New("repeats a record without vary, the field that changes")
		}
		record = inner
	}
	out := make([][]byte, repeat)
	for i := range out {
		one := record
		if own {
			one = withField(one, "eventID", fmt.Sprintf("%d-%d", number, i))
		}
		if varied != "" && repeat > 1 {
			one = withField(one, varied, fmt.Sprintf("value-%d", i))
		}
		raw, err := json.Marshal(one)
		if err != nil {
			return nil, fmt.Errorf("write the record: %w", err)
		}
		out[i] = raw
	}
	return out, nil
}

// withField puts a value at a dotted path of a copy of a record; the original stays as it was. A list becomes one of the value.
func withField(record map[string]any, path, value string) map[string]any {
	out := maps.Clone(record)
	if out == nil {
		out = map[string]any{}
	}
	head, rest, nested := strings.Cut(path, ".")
	if nested {
		inner, _ := out[head].(map[string]any)
		out[head] = withField(inner, rest, value)
		return out
	}
	if _, list := out[head].([]any); list {
		out[head] = []any{value}
		return out
	}
	out[head] = value
	return out
}
