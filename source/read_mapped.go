package source

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/source/unwrap"
)

// Mapping says how the lines of some log become events. It survives JSON and YAML.
type Mapping struct {
	// Source is what Event.Source says of these events: "nginx".
	Source string `json:"source"`
	// Logsource is what rules for this log say of it, as Sigma does: {"product":"nginx","service":"access"}.
	Logsource MappedSource `json:"logsource"`
	// Pattern is a regular expression (RE2) with named groups for a log of text. Empty, each entry is a JSON object.
	Pattern string `json:"pattern,omitempty"`
	// Fields maps fields of an event to a group's name, or to a path of keys divided by dots: {"time":"ts","source_ip":
	// "client.ip"}. A value led by "=" stands for itself: {"name":"=login"}. "time" and "name" must be there. Known are id,
	// time, name, account, region, source_ip, user_agent, error_code, read_only, actor_type, actor, actor_id, actor_arn,
	// access_key. Keys of JSON are matched in any case.
	Fields map[string]string `json:"fields"`
	// Time is how the time is written: a Go layout, "unix" for seconds or "unixms" for milliseconds. Empty: RFC 3339.
	Time string `json:"time,omitempty"`
	// Entities names further fields whose values are entities of a kind.
	Entities []MappedEntity `json:"entities,omitempty"`
	// Succeeded lists values of error_code that mean success: "200", "ok".
	Succeeded []string `json:"succeeded,omitempty"`
}

// MappedSource names a log as the logsource of Sigma rules does; one of the three is enough.
type MappedSource struct {
	Product  string `json:"product,omitempty"`
	Category string `json:"category,omitempty"`
	Service  string `json:"service,omitempty"`
}

// MappedEntity is a field that names an entity. Part is "target" where it is left out.
type MappedEntity struct {
	Kind  quell.EntityKind `json:"kind"`
	Field string           `json:"field"`
	Part  quell.Part       `json:"part,omitempty"`
}

var mappable = strings.Fields("id time name account region source_ip user_agent error_code read_only actor_type actor actor_id actor_arn access_key")

// ReadMapped reads any log by a mapping, also out of what CloudWatch Logs hands its lines over in. An entry that the pattern does not match, or whose time or name is not there, is
// bad and in the report. The error is a quell.Error with CodeUsage for a mapping that cannot work, or one of those of
// EachFlow.
func ReadMapped(ctx context.Context, m Mapping, r io.Reader, origin string, emit func(quell.Event) error) (LogReport, error) {
	pattern, err := m.check()
	if err != nil {
		return LogReport{}, &quell.Error{Code: quell.CodeUsage, What: "the mapping for " + m.Source + " cannot be used", Err: err, Next: "correct it and read the log again"}
	}
	if pattern == nil {
		rows := unwrap.NewReader(r, unwrap.JSON, nil)
		rows.TakePlain()
		return readRows(ctx, rows, origin, func(line []byte) (quell.Event, error) {
			n, err := readNode(line)
			if err != nil {
				return quell.Event{}, err
			}
			return m.event(func(path string) string { return scalarText(n.at(strings.ToLower(path))) }, line, bytes.Clone(bytes.TrimSpace(line)))
		}, emit)
	}
	names := pattern.SubexpNames()
	return readText(ctx, plainLines(r), origin, func(line []byte) (quell.Event, error) {
		groups := pattern.FindSubmatch(line)
		if groups == nil {
			return quell.Event{}, fmt.Errorf("the pattern does not match %q", quell.Cut(string(line[:min(len(line), 160)]), 60))
		}
		fields := map[string]string{}
		for i, name := range names {
			if name != "" && len(groups[i]) > 0 {
				fields[name] = string(groups[i])
			}
		}
		raw, err := encodeRaw(fields)
		if err != nil {
			return quell.Event{}, err
		}
		return m.event(func(name string) string { return fields[name] }, line, raw)
	}, emit)
}

// plainLines takes lines of text out of what CloudWatch Logs hands them over in.
func plainLines(r io.Reader) io.Reader {
	in := bufio.NewReaderSize(r, peekBytes)
	head, _ := in.Peek(peekBytes) // a failure comes again when it is read
	keys := unwrap.Keys(head)
	if !slices.ContainsFunc([]string{"logEvents", "events", "awslogs"}, func(key string) bool { return slices.Contains(keys, key) }) {
		return in
	}
	rows := unwrap.NewReader(in, unwrap.JSON, nil)
	rows.TakePlain()
	return rows
}

// Check finds what is wrong with a mapping.
func (m Mapping) Check() error {
	_, err := m.check()
	return err
}

// check finds what is wrong with a mapping before the first line is read.
func (m Mapping) check() (*regexp.Regexp, error) {
	for _, needed := range []string{"time", "name"} {
		if m.Fields[needed] == "" {
			return nil, fmt.Errorf("fields has no %q", needed)
		}
	}
	if m.Source == "" {
		return nil, fmt.Errorf("source is empty")
	}
	for field := range m.Fields {
		if !slices.Contains(mappable, field) {
			return nil, fmt.Errorf("fields has %q; known are %s", field, strings.Join(mappable, ", "))
		}
	}
	if m.Pattern == "" {
		return nil, nil
	}
	pattern, err := regexp.Compile(m.Pattern)
	if err != nil {
		return nil, fmt.Errorf("pattern: %w", err)
	}
	from := make([]string, 0, len(m.Fields)+len(m.Entities))
	for _, group := range m.Fields {
		from = append(from, group)
	}
	for _, e := range m.Entities {
		from = append(from, e.Field)
	}
	slices.Sort(from)
	for _, group := range from {
		if !strings.HasPrefix(group, "=") && pattern.SubexpIndex(group) < 0 {
			return nil, fmt.Errorf("the pattern has no group %q", group)
		}
	}
	return pattern, nil
}

func (m Mapping) event(at func(string) string, line []byte, raw json.RawMessage) (quell.Event, error) {
	get := func(field string) string {
		from := m.Fields[field]
		if literal, ok := strings.CutPrefix(from, "="); ok || from == "" {
			return literal
		}
		return at(from)
	}
	when, err := m.time(get("time"))
	if err != nil {
		return quell.Event{}, err
	}
	event := quell.Event{
		ID: get("id"), Time: when, Source: m.Source, Name: get("name"), Account: get("account"), Region: get("region"), SourceIP: get("source_ip"),
		UserAgent: get("user_agent"), ErrorCode: get("error_code"), ReadOnly: strings.EqualFold(get("read_only"), "true"), Raw: raw,
		Actor: quell.Actor{Type: get("actor_type"), Principal: get("actor_id"), ARN: get("actor_arn"), Name: get("actor"), AccessKey: get("access_key"), Account: get("account")},
	}
	if event.Name == "" {
		return quell.Event{}, fmt.Errorf("no name at %q", m.Fields["name"])
	}
	if event.ID == "" {
		event.ID = "m-" + quell.ShortHash(16, m.Source, string(line))
	}
	if slices.Contains(m.Succeeded, event.ErrorCode) {
		event.ErrorCode = ""
	}
	var entities []quell.Entity
	// Only ids of AWS make an actor that others know too; a bare name could be anybody's.
	if event.Actor.ARN != "" || event.Actor.Principal != "" || event.Actor.AccessKey != "" {
		entities = event.Actor.Entities()
	}
	for _, e := range m.Entities {
		part := e.Part
		if part == "" {
			part = quell.PartTarget
		}
		entities = append(entities, quell.Entity{Kind: e.Kind, ID: at(e.Field), Part: part})
	}
	event.Resources = existing(append(entities, addressEntity(event.SourceIP)))
	return event, nil
}

// time reads the time as the mapping says; years that no log has are not taken for times.
func (m Mapping) time(text string) (time.Time, error) {
	switch m.Time {
	case "":
		return readTime(text, time.RFC3339)
	case "unix", "unixms":
		number, err := strconv.ParseFloat(text, 64)
		if m.Time == "unix" {
			number *= 1000
		}
		if err != nil || !(number > 0 && number < 1e14) { // written so that NaN is out too
			return time.Time{}, badTime(text)
		}
		return time.UnixMilli(int64(number)).UTC(), nil
	}
	return readTime(text, m.Time)
}

// scalarText is a value as text; lists and objects have none.
func scalarText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}
