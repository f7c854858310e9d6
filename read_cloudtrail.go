package quell

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// ReadCloudTrail parses one CloudTrail record into an Event: its head, and in Resources every entity the record names
// with the part it plays. The shapes are those of AWS's "CloudTrail record contents" and "userIdentity element" pages.
//
// Any field but two may be missing or of the wrong type without failing the record: whoever acts chooses much of its
// text, and a record that could be made unreadable would be a place to hide. The two are eventTime (RFC 3339) and
// eventName; the error names the one at fault. Raw is a copy, so the caller may reuse its buffer.
func ReadCloudTrail(raw []byte) (Event, error) {
	f, err := decodeFields(raw)
	if err != nil {
		return Event{}, fmt.Errorf("read CloudTrail record: %w", err)
	}
	at, err := f.time("eventTime")
	if err != nil {
		return Event{}, fmt.Errorf("read CloudTrail record %s: %w", Cut(f.str("eventID"), 64), err)
	}
	// Insights records keep the name of the call they are about one level down.
	name := cmp.Or(f.str("eventName"), f.str("insightDetails", "eventName"))
	if name == "" {
		return Event{}, fmt.Errorf("read CloudTrail record %s: eventName: missing", Cut(f.str("eventID"), 64))
	}
	e := Event{
		ID:        f.str("eventID"),
		Time:      at,
		Source:    cmp.Or(f.str("eventSource"), f.str("insightDetails", "eventSource")),
		Name:      name,
		Account:   cmp.Or(f.str("recipientAccountId"), f.str("userIdentity", "accountId")),
		Region:    f.str("awsRegion"),
		SourceIP:  f.str("sourceIPAddress"),
		UserAgent: f.str("userAgent"),
		ErrorCode: errorCode(f),
		ReadOnly:  readOnly(f, name),
		Raw:       bytes.Clone(raw),
	}
	if e.ID == "" {
		// Findings point at events by id; one made from the content is the same whenever the record is read again.
		e.ID = "x-" + ShortHash(16, string(raw))
	}
	e.Actor = readActor(f, e)
	e.Resources = nameEntities(f, e)
	return e, nil
}

// readActor reads userIdentity. A record without one has an actor of type Unknown in the account it was delivered to.
func readActor(f fields, e Event) Actor {
	id := f.obj("userIdentity")
	// Every getter works on what is not there, so a missing level needs no test.
	session := id.obj("sessionContext")
	issuer := session.obj("sessionIssuer")
	a := Actor{
		Type:           cmp.Or(id.str("type"), "Unknown"),
		Principal:      id.str("principalId"),
		ARN:            id.str("arn"),
		Account:        cmp.Or(id.str("accountId"), accountOfARN(id.str("arn"))),
		AccessKey:      id.str("accessKeyId"),
		IssuerType:     issuer.str("type"),
		IssuerID:       issuer.str("principalId"),
		IssuerARN:      issuer.str("arn"),
		SourceIdentity: session.str("sourceIdentity"),
		InvokedBy:      id.str("invokedBy"),
		MFA: strings.EqualFold(session.str("attributes", "mfaAuthenticated"), "true") ||
			strings.EqualFold(f.str("additionalEventData", "MFAUsed"), "yes"),
	}
	switch a.Type {
	case "AssumedRole":
		// For people the role is who acts; the session's name is chosen by whoever assumed it.
		a.Name = cmp.Or(issuer.str("userName"), roleOfSessionARN(a.ARN))
	case "FederatedUser":
		_, name, _ := strings.Cut(a.Principal, ":")
		a.Name = cmp.Or(name, lastOfARN(a.ARN))
	case "Root":
		a.Name = "root"
		a.Account = cmp.Or(a.Account, a.Principal)
	case "AWSService":
		a.Name = cmp.Or(a.InvokedBy, e.SourceIP)
	case "IdentityCenterUser":
		a.Principal = cmp.Or(id.str("onBehalfOf", "userId"), a.Principal)
		a.Name = cmp.Or(id.str("userName"), f.str("additionalEventData", "UserName"))
	default:
		a.Name = cmp.Or(id.str("userName"), roleOfSessionARN(a.ARN), lastOfARN(a.ARN))
	}
	if a.Type == "Unknown" {
		a.Account = cmp.Or(a.Account, e.Account)
	}
	return a
}

// errorCode is why the call failed. Console sign-in tells a failure by its message or its response element only.
func errorCode(f fields) string {
	code := cmp.Or(f.str("errorCode"), f.str("errorMessage"))
	if code == "" && strings.EqualFold(f.str("responseElements", "ConsoleLogin"), "Failure") {
		return "Failure"
	}
	return code
}

// readOnly is the record's own word; records before eventVersion 1.01 have none, there the call's verb decides.
func readOnly(f fields, name string) bool {
	if said := f.str("readOnly"); said != "" {
		return strings.EqualFold(said, "true")
	}
	// These verbs are AWS's convention for reads; a wrong guess costs a part, never an event.
	for _, verb := range []string{"Get", "List", "Describe", "Head", "Lookup", "BatchGet"} {
		if strings.HasPrefix(name, verb) {
			return true
		}
	}
	return false
}

// fields is a JSON object read without trust in its shape: every getter answers the zero value for what is not there
// or not of the type asked for. Keys match exactly, as they do in the services that read such records.
type fields map[string]any

func decodeFields(raw []byte) (fields, error) {
	// Into a map and not a struct: a field of the wrong type would fail a struct, and struct fields match keys in any case,
	// which lets a second "EVENTNAME" overrule the first.
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber() // a number no float can hold is no reason to lose the record
	var f fields
	if err := dec.Decode(&f); err != nil {
		return nil, fmt.Errorf("decode JSON object: %w", err)
	}
	if f == nil {
		return nil, errors.New("decode JSON object: found null")
	}
	// Text behind the record would be part of Raw and of no judgement.
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("decode JSON object: more text after it, at byte %d", dec.InputOffset())
	}
	return f, nil
}

// at walks down object keys.
func (f fields) at(path ...string) any {
	var v any = map[string]any(f)
	for _, key := range path {
		object, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = object[key]
	}
	return v
}

// obj is the object at path, nil where there is none; every getter works on nil.
func (f fields) obj(path ...string) fields {
	object, _ := f.at(path...).(map[string]any)
	return object
}

func (f fields) str(path ...string) string { return scalar(f.at(path...)) }

// each calls do with every scalar at the end of path; arrays met on the way are walked through.
func (f fields) each(path []string, do func(string)) { eachScalar(map[string]any(f), path, do) }

func eachScalar(v any, path []string, do func(string)) {
	switch v := v.(type) {
	case []any:
		for _, element := range v {
			// Arrays in arrays are not in any shape we know, and would let a record make us recurse at will.
			if _, nested := element.([]any); !nested {
				eachScalar(element, path, do)
			}
		}
	case map[string]any:
		if len(path) > 0 {
			eachScalar(v[path[0]], path[1:], do)
		}
	default:
		if s := scalar(v); s != "" && len(path) == 0 {
			do(s)
		}
	}
}

// scalar writes numbers and booleans as JSON has them: some services put ids and flags as either.
func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	}
	return ""
}

// time keeps to RFC 3339, which is all that CloudTrail writes: a guessed time would put an act at a wrong place.
func (f fields) time(key string) (time.Time, error) {
	text := f.str(key)
	if text == "" {
		return time.Time{}, fmt.Errorf("%s: missing", key)
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %q is not an RFC 3339 time", key, Cut(text, 40))
	}
	return at.UTC(), nil
}
