package source

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/quell-ir/quell"
)

// object opens an envelope or reads what is in it. Envelopes are told by their keys as the services write them;
// findings, later, by their shape whatever the case of the keys.
func (s *subjectReader) object(raw json.RawMessage, env envelope, depth int) error {
	var o map[string]json.RawMessage
	if err := json.Unmarshal(raw, &o); err != nil {
		return s.unknown("an object that cannot be decoded: " + err.Error())
	}
	switch {
	// A record that lacks its name or time still goes to the rules engine, which says what is wrong with it; to call it
	// unknown here would blame the whole file.
	case has(o, "eventName", "eventTime"), has(o, "eventVersion", "eventID"):
		s.record(raw)
		return nil
	case has(o, "CloudTrailEvent"):
		return s.text(o["CloudTrailEvent"], "an event of lookup-events", depth)
	case has(o, "detail-type", "detail"):
		return s.event(raw, o, depth)
	case has(o, "Type", "Message"):
		return s.text(o["Message"], "an SNS message", depth)
		// Lambda gets {"Records":[{"EventSource":"aws:sns","Sns":{...}}]}, SQS gives Body or body by who asks.
	case has(o, "Sns"):
		return s.value(o["Sns"], env, depth+1)
	case has(o, "Message", "MessageId"): // what Lambda gets from SNS has no Type in some runtimes
		return s.text(o["Message"], "an SNS message", depth)
	case has(o, "Body"):
		return s.text(o["Body"], "an SQS message", depth)
	case has(o, "body", "messageId"):
		return s.text(o["body"], "an SQS message", depth)
	}
	// Access Analyzer answers for one finding with an object.
	if one := o["finding"]; len(one) > 0 && one[0] == '{' {
		return s.value(one, env, depth+1)
	}
	// Lists that APIs put their answers in. Only after the envelopes: an SNS message may hold such a list as text.
	for _, list := range []string{"Records", "Events", "Messages", "Findings", "findings"} {
		if inner := o[list]; len(inner) > 0 && inner[0] == '[' {
			before := len(s.kinds)
			if err := s.each(inner, env, depth+1); err != nil {
				return err
			}
			// An answer with nothing in it is an answer: the caller can say that there was nothing, instead of failing.
			if len(s.kinds) == before && string(inner) == "[]" {
				s.kinds = append(s.kinds, kindCount{"entry in " + list, "entries in " + list, 0})
			}
			return nil
		}
	}
	return s.finding(raw, env)
}

// has says whether all keys are there with a value: services write null for what they leave out.
func has(o map[string]json.RawMessage, keys ...string) bool {
	for _, key := range keys {
		if v := o[key]; len(v) == 0 || string(v) == "null" {
			return false
		}
	}
	return true
}

// event reads an EventBridge event by its detail-type.
func (s *subjectReader) event(raw json.RawMessage, o map[string]json.RawMessage, depth int) error {
	// Both forms are needed: folded keys to read by, and the raw detail, because a record must reach the rules untouched.
	outer, err := readNode(raw)
	if err != nil {
		return s.unknown("an event that cannot be decoded: " + err.Error())
	}
	env, kind := envelope{node: outer}, outer.str("detail-type")
	detail := outer.obj("detail")
	switch {
	case strings.HasSuffix(kind, "via CloudTrail"):
		return s.value(o["detail"], env, depth+1)
	case kind == "Config Rules Compliance Change":
		return s.config(detail, env)
	case kind == "CloudWatch Alarm State Change":
		return s.alarm(detail, env)
	case kind == "AWS Health Event":
		return s.health(detail, env)
		// The detail is a finding, or a list of them, of the same shape as the API's: from here on only the shape counts,
		// so that a detail-type which AWS renames ("Findings Imported V2") costs one line.
	case strings.HasPrefix(kind, "Security Hub Findings"), strings.HasPrefix(kind, "Findings Imported"),
		kind == "GuardDuty Finding", kind == "Inspector2 Finding", kind == "Macie Finding", kind == "Access Analyzer Finding",
		strings.HasPrefix(kind, "Unused Access Finding"):
		return s.value(o["detail"], env, depth+1)
	}
	return s.unknown(fmt.Sprintf("an EventBridge event of detail-type %q", quell.Cut(kind, 60)))
}

// finding reads one finding by its shape.
func (s *subjectReader) finding(raw json.RawMessage, env envelope) error {
	n, err := readNode(raw)
	if err != nil {
		return s.unknown("an object that cannot be decoded: " + err.Error())
	}
	switch {
	case n.has("class_uid"):
		return s.ocsf(n, env)
	case n.has("schemaversion", "productarn", "resources"):
		return s.securityHub(n, env)
	case n.has("resourcesaffected", "severity"):
		return s.macie(n, env)
	case n.has("id", "resource", "resourcetype", "status"):
		return s.accessAnalyzer(n, env)
	case n.has("findingarn", "resources"):
		return s.inspector(n, env)
	case n.has("type", "resource", "service") && strings.Contains(n.str("type"), ":"):
		return s.guardDuty(n, env)
	case n.has("alarmname", "newstatevalue"):
		return s.alarmMessage(n, env)
	case n.has("eventtypecode"):
		return s.health(n, env)
	}
	// Keys say more than a type would about what somebody gave by mistake, and a dozen fit on a line.
	keys := slices.Sorted(maps.Keys(n))
	where := "an object"
	if env.outside != "" {
		where = env.outside + " with an object"
	}
	return s.unknown(where + " with the keys " + quell.Cut(strings.Join(keys[:min(len(keys), 12)], ", "), 120))
}

// keep finishes a finding from what its envelope knows and files it.
func (s *subjectReader) keep(f quell.Finding, env envelope, one, many string) {
	if f.Account == "" {
		f.Account = env.str("account")
	}
	if f.Region == "" {
		f.Region = env.str("region")
	}
	if f.Time.IsZero() {
		f.Time = env.time("time")
	}
	// Bucket names and addresses belong to no account that a finding could tell.
	for i := range f.Entities {
		e := &f.Entities[i]
		if e.Account == "" && e.Kind != quell.KindIP && e.Kind != quell.KindBucket {
			e.Account = f.Account
		}
	}
	entities := f.Entities[:0]
	for _, e := range f.Entities {
		if e.ID != "" {
			entities = append(entities, e)
		}
	}
	f.Entities = quell.MergeEntities(nil, entities)
	// Lists, never null: scripts read these fields of --json.
	f.Techniques = slices.Compact(slices.Sorted(slices.Values(f.Techniques)))
	if f.Techniques == nil {
		f.Techniques = []string{}
	}
	if f.Events == nil {
		f.Events = []string{}
	}
	// Titles may hold names that an intruder chose. They are cleaned once here, and again by whoever shows them.
	f.Title, f.Why = quell.Cut(f.Title, 300), quell.Cut(f.Why, 2000)
	if f.ID == "" {
		// A finding without its own id is the same finding whenever it says the same of the same things.
		parts := []string{f.Source, f.Rule, f.Account, f.Region, f.Title, f.Time.String()}
		for _, e := range f.Entities {
			parts = append(parts, e.Key())
		}
		f.ID = f.Source + "-" + quell.ShortHash(16, parts...)
	}
	s.count(one, many)
	s.subject.Findings = append(s.subject.Findings, f)
}

// quiet counts a message that says that nothing is wrong.
func (s *subjectReader) quiet(one, many string) {
	s.count(one+" that needs no answer", many+" that need no answer")
}
