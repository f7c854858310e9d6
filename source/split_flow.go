package source

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quell-ir/quell"
)

// Flow is one line of a flow log that was split and checked, and no more: of a million flows a rule looks closer at a few.
type Flow struct {
	*flowFormat
	words, values []string
	start         time.Time
	origin        string
	id            [sha256.Size]byte
	scratch       []byte
}

// flowFormat says which word of a line is which field.
type flowFormat struct {
	names  []string
	sorted []int          // places by name, the order in which they are written
	place  map[string]int // of each name
	status, action, begin,
	account, region, source int // -1 where the format has no such field
}

// newFlowFormat keeps of a name that stands twice the last place.
func newFlowFormat(names []string) *flowFormat {
	f := &flowFormat{names: slices.Clone(names), place: map[string]int{}}
	for i, name := range f.names {
		f.place[strings.Clone(name)] = i
	}
	for _, i := range f.place {
		f.sorted = append(f.sorted, i)
	}
	slices.SortFunc(f.sorted, func(a, b int) int { return cmp.Compare(f.names[a], f.names[b]) })
	at := func(name string) int {
		if i, ok := f.place[name]; ok {
			return i
		}
		return -1
	}
	f.status, f.action, f.begin = at("log-status"), at("action"), at("start")
	f.account, f.region, f.source = at("account-id"), at("region"), at("srcaddr")
	return f
}

// at is the word at a place; a dash is AWS's word for a field that does not apply.
func (f *Flow) at(place int) string {
	if place < 0 || f.values[place] == "-" {
		return ""
	}
	return f.values[place]
}

func (f *Flow) field(name string) string {
	if i, ok := f.place[name]; ok {
		return f.at(i)
	}
	return ""
}

// check says why a line is no flow.
func (f *Flow) check() error {
	if len(f.values) != len(f.names) {
		return fmt.Errorf("%d fields where the format has %d", len(f.values), len(f.names))
	}
	switch f.at(f.status) {
	case "NODATA":
		return errNoData
	case "SKIPDATA":
		return errSkipData
	}
	start, err := strconv.ParseInt(f.at(f.begin), 10, 64)
	if err != nil || start < 0 || start > 1<<36 {
		return fmt.Errorf("start: %q is not a time in seconds", quell.Cut(f.at(f.begin), 24))
	}
	if action := f.at(f.action); action != "" && action != "ACCEPT" && action != "REJECT" {
		return fmt.Errorf("action: %q is neither ACCEPT nor REJECT", quell.Cut(action, 24))
	}
	f.start = time.Unix(start, 0).UTC()
	return nil
}

// name is what happened; a custom format may leave the action out.
func (f *Flow) name() string { return cmp.Or(f.at(f.action), "FLOW") }

// appendID writes the flow's id. AWS gives flows none; one made of the fields is the same whenever and from wherever the line
// is read. It is quell.ShortHash of the values, without its allocations.
func (f *Flow) appendID(dst []byte) []byte {
	f.scratch = f.scratch[:0]
	for _, value := range f.values {
		f.scratch = append(append(f.scratch, value...), 0)
	}
	f.id = sha256.Sum256(f.scratch)
	return hex.AppendEncode(append(dst, "fl-"...), f.id[:8])
}

// AppendRecord writes the flow as rules see it: its fields by their names, and before them the head that every event has by
// CloudTrail's names. No field can pass for one of those, since theirs have capitals and flow logs' have none.
func (f *Flow) AppendRecord(dst []byte) []byte {
	dst = f.appendID(append(dst, `{"eventID":"`...))
	dst = f.start.AppendFormat(append(dst, `","eventTime":"`...), time.RFC3339)
	dst = append(dst, `","eventSource":"vpc-flow-logs","eventName":"`...)
	dst = append(append(dst, f.name()...), '"')
	for _, head := range [...]struct {
		name  string
		place int
	}{{`,"awsRegion":`, f.region}, {`,"recipientAccountId":`, f.account}, {`,"sourceIPAddress":`, f.source}} {
		if value := f.at(head.place); value != "" {
			dst = AppendText(append(dst, head.name...), value)
		}
	}
	return append(f.appendFields(dst, true), '}')
}

// appendFields writes the members, with a comma before the first where something stands before it.
func (f *Flow) appendFields(dst []byte, comma bool) []byte {
	for _, i := range f.sorted {
		if f.values[i] == "-" {
			continue
		}
		if comma {
			dst = append(dst, ',')
		}
		comma = true
		dst = AppendText(dst, f.names[i])
		dst = AppendText(append(dst, ':'), f.values[i])
	}
	return dst
}

// Event is the flow with its entities: Time is the start of the interval, Name ACCEPT or REJECT, Raw a JSON object of the
// fields by their names. It keeps nothing of the line's buffers.
func (f *Flow) Event() quell.Event {
	event := quell.Event{
		ID: string(f.appendID(nil)), Time: f.start, Source: "vpc-flow-logs", Name: f.name(), Account: f.at(f.account), Region: f.at(f.region),
		SourceIP: f.at(f.source), Origin: f.origin,
		// Rules for flow logs read fields by name, like those for records.
		Raw: append(f.appendFields([]byte{'{'}, false), '}'),
	}
	event.Resources = f.entities()
	return event
}

// entities names both ends and the interface between them. Which end is ours only the subnet could tell.
func (f *Flow) entities() []quell.Entity {
	out := make([]quell.Entity, 0, 4)
	add := func(kind quell.EntityKind, part quell.Part, field string) {
		if id := f.field(field); id != "" {
			e := quell.Entity{Kind: kind, ID: id, Part: part}
			if kind != quell.KindIP {
				e.Account, e.Region = f.at(f.account), f.at(f.region)
			}
			out = append(out, e)
		}
	}
	add(quell.KindIP, quell.PartUsed, "srcaddr")
	add(quell.KindIP, quell.PartTarget, "dstaddr")
	add(quell.KindResource, quell.PartUsed, "interface-id")
	add(quell.KindInstance, quell.PartUsed, "instance-id")
	return quell.MergeEntities(nil, out)
}

// AppendText writes a JSON string. What is not plain goes the long way.
func AppendText(dst []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(text) // a string cannot fail
			return append(dst, quoted...)
		}
	}
	return append(append(append(dst, '"'), text...), '"')
}

// splitFields is strings.Fields into a slice that is used again.
func splitFields(dst []string, line string) []string {
	begin := -1
	for i := range len(line) {
		switch c := line[i]; {
		case c >= 0x80: // white space of other scripts: rare enough for the library
			return append(dst[:0], strings.Fields(line)...)
		case c == ' ' || c >= '\t' && c <= '\r':
			if begin >= 0 {
				dst = append(dst, line[begin:i])
			}
			begin = -1
		case begin < 0:
			begin = i
		}
	}
	if begin >= 0 {
		dst = append(dst, line[begin:])
	}
	return dst
}
