package source

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// node is a JSON object whose keys were folded to lower case at every level: the same finding comes with PascalCase from
// an API and camelCase from an event. Getters answer the zero value for what is absent or of another type.
type node map[string]any

func readNode(raw []byte) (node, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	// A number that no float can hold is no reason to lose the finding.
	dec.UseNumber()
	var v map[string]any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("decode finding: %w", err)
	}
	folded, _ := fold(v).(map[string]any)
	return folded, nil
}

func fold(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, inner := range v {
			out[strings.ToLower(key)] = inner
		}
		// Of two keys that differ in case only the same one must win every time.
		if len(out) < len(v) {
			clear(out)
			for _, key := range slices.Sorted(maps.Keys(v)) {
				if lower := strings.ToLower(key); out[lower] == nil {
					out[lower] = v[key]
				}
			}
		}
		for key, inner := range out {
			out[key] = fold(inner)
		}
		return out
	case []any:
		for i := range v {
			v[i] = fold(v[i])
		}
	}
	return v
}

// at walks down a path of keys divided by dots.
func (n node) at(path string) any {
	// Services put no dots into key names; hostile keys with dots are simply not found.
	var v any = map[string]any(n)
	for key := range strings.SplitSeq(path, ".") {
		object, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = object[key]
	}
	return v
}

// obj is the object at path; nil, on which every getter works, where there is none.
func (n node) obj(path string) node {
	object, _ := n.at(path).(map[string]any)
	return object
}

// has says whether all keys are there and not null.
func (n node) has(keys ...string) bool {
	for _, key := range keys {
		if n[key] == nil {
			return false
		}
	}
	return true
}

// str is the first path that holds a string or number other than empty.
func (n node) str(paths ...string) string {
	for _, path := range paths {
		switch v := n.at(path).(type) {
		case string:
			if v != "" {
				return v
			}
		case json.Number:
			return v.String()
		}
	}
	return ""
}

// strings is a list's strings, or the one string that stands in its place.
func (n node) strings(path string) []string {
	switch v := n.at(path).(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, element := range v {
			if s, ok := element.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// list is a list's objects, or the one object that stands in its place.
func (n node) list(path string) []node {
	switch v := n.at(path).(type) {
	case map[string]any:
		return []node{v}
	case []any:
		var out []node
		for _, element := range v {
			if object, ok := element.(map[string]any); ok {
				out = append(out, object)
			}
		}
		return out
	}
	return nil
}

// number is 0 for what is no number: every scale read here has its lowest band there.
func (n node) number(path string) float64 {
	f, err := strconv.ParseFloat(n.str(path), 64)
	if err != nil {
		return 0
	}
	return f
}

// timeForms are the forms services write times in: RFC 3339, CloudWatch's offset without a colon, Health's e-mail form.
var timeForms = [...]string{time.RFC3339, "2006-01-02T15:04:05.999999999Z0700", time.RFC1123, time.RFC1123Z}

// time is the first path that holds a time, as text or as seconds, milliseconds or smaller parts since 1970.
func (n node) time(paths ...string) time.Time {
	for _, path := range paths {
		text := n.str(path)
		for _, form := range timeForms {
			if at, err := time.Parse(form, text); err == nil {
				return at.UTC()
			}
		}
		seconds, err := strconv.ParseFloat(text, 64)
		if err != nil || !(seconds > 0 && seconds < 1e19) { // written so that NaN is out too
			continue
		}
		for seconds > 1e11 {
			seconds /= 1000 // the year 5138 in seconds: these are milliseconds, or what tables keep, micro- and nanoseconds
		}
		return time.UnixMilli(int64(seconds * 1000)).UTC()
	}
	return time.Time{}
}
