package unwrap

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// spelled are the names of a record's fields as CloudTrail writes them ("CloudTrail record contents" and "userIdentity
// element" in its user guide). Athena and Hive know lower case only.
var spelled = func() map[string]string {
	m := map[string]string{}
	for _, name := range strings.Fields(`eventVersion userIdentity eventTime eventSource eventName awsRegion sourceIPAddress userAgent
		errorCode errorMessage requestParameters responseElements additionalEventData requestID eventID eventType apiVersion readOnly
		resources recipientAccountId serviceEventDetails sharedEventID vpcEndpointId vpcEndpointAccountId eventCategory managementEvent
		addendum sessionCredentialFromConsole edgeDeviceDetails tlsDetails insightDetails
		type principalId arn accountId invokedBy accessKeyId userName sessionContext attributes mfaAuthenticated creationDate
		sessionIssuer ec2RoleDelivery webIdFederationData federatedProvider sourceIdentity onBehalfOf userId identityStoreArn
		credentialId identityProvider inScopeOf credentialsIssuedTo issuerType assumedRoot
		tlsVersion cipherSuite clientProvidedHostHeader`) {
		m[strings.ToLower(name)] = name
	}
	return m
}()

// documents are fields whose columns hold JSON: Athena's table declares them as text.
var documents = []string{"requestParameters", "responseElements", "additionalEventData", "serviceEventDetails", "addendum", "insightDetails", "edgeDeviceDetails"}

// structs are fields that Athena prints in its own notation.
var structs = []string{"userIdentity", "resources", "tlsDetails"}

// spell gives a name its known spelling.
func spell(name string) string {
	if known := spelled[strings.ToLower(name)]; known != "" {
		return known
	}
	return name
}

// isRecordColumns says whether columns are the fields of a record.
func isRecordColumns(names []string) bool {
	return isHeader(names) && !slices.ContainsFunc(names, func(n string) bool { return slices.Contains(whole, n) })
}

// columns opens a row of named columns: the whole record if one of them holds it, or one rebuilt.
func (r *Reader) columns(names, values []string, depth int) {
	for _, best := range whole {
		for i, name := range names {
			if strings.EqualFold(strings.TrimSpace(name), best) && strings.TrimSpace(values[i]) != "" {
				r.message(values[i], depth+1)
				return
			}
		}
	}
	record, odd, err := rebuild(names, values)
	if err != nil {
		r.report.bad(err.Error())
		return
	}
	// Rebuilt in doubt is still a record: to lose it would be worse, to be silent as well.
	for _, why := range odd {
		r.report.bad(why)
	}
	r.emit(record)
}

// rebuild makes a record of columns: Athena's lower-case ones with structs and JSON in them, and paths with dots as
// Insights and Splunk name them. odd says what may not be as CloudTrail wrote it.
func rebuild(names, values []string) (raw []byte, odd []string, err error) {
	record := map[string]any{}
	order := make([]int, len(names))
	for i := range order {
		order[i] = i
	}
	// Shorter names first: userIdentity before userIdentity.arn, which may then add to it. Otherwise as they stand.
	slices.SortStableFunc(order, func(a, b int) int { return len(names[a]) - len(names[b]) })
	for _, i := range order {
		path := strings.Split(strings.TrimSpace(names[i]), ".")
		text := strings.TrimSpace(values[i])
		// Engines write what is absent in these ways; none of them is a value CloudTrail writes.
		if text == "" || text == "null" || text == "NULL" || text == "-" {
			continue
		}
		path[0] = spell(path[0])
		var value any = text
		switch {
		case len(path) > 1:
			// Below the documents names belong to services, whose case is theirs.
			if !slices.Contains(documents, path[0]) {
				for i := range path {
					path[i] = spell(path[i])
				}
			}
			value = leaf(path[len(path)-1], text)
		case slices.Contains(documents, path[0]):
			value = document(text)
		case slices.Contains(structs, path[0]):
			var why string
			if value, why = readStruct(text); why != "" {
				odd = append(odd, path[0]+": "+why)
			}
		case path[0] == "eventTime":
			value = eventTime(text)
		case path[0] == "readOnly" || path[0] == "managementEvent":
			value = leaf(path[0], strings.ToLower(text))
		}
		put(record, path, value)
	}
	if record["eventName"] == nil || record["eventTime"] == nil {
		return nil, nil, fmt.Errorf("no eventName or no eventTime, so no record; export both columns, or whole records")
	}
	raw, err = json.Marshal(record)
	if err != nil {
		return nil, nil, fmt.Errorf("encode rebuilt record: %w", err)
	}
	return raw, odd, nil
}

// put sets a value at a path, unless something that is no object stands in the way.
func put(object map[string]any, path []string, value any) {
	for _, key := range path[:len(path)-1] {
		inner, ok := object[key].(map[string]any)
		if !ok {
			if object[key] != nil {
				return
			}
			inner = map[string]any{}
			object[key] = inner
		}
		object = inner
	}
	if last := path[len(path)-1]; object[last] == nil {
		object[last] = value
	}
}

// leaf reads the words that JSON has for booleans. CloudTrail writes other values as text in most places, and two booleans of
// a session as well; rules compare by text.
func leaf(name, text string) any {
	switch {
	case name == "mfaAuthenticated" || name == "sessionCredentialFromConsole":
		return text
	case text == "true":
		return true
	case text == "false":
		return false
	}
	return text
}

// document is JSON where the text is, and the text where it was cut.
func document(text string) any {
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	return text
}

// timeTexts are the forms in which engines print times.
var timeTexts = [...]string{time.RFC3339, "2006-01-02 15:04:05.999999999", "2006-01-02 15:04:05.999999999 MST", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04:05.999999999Z0700"}

// eventTime writes a time as CloudTrail does, if it is one.
func eventTime(text string) string {
	for _, form := range timeTexts {
		if at, err := time.Parse(form, text); err == nil {
			return at.UTC().Format(time.RFC3339)
		}
	}
	return text // whoever reads the record says what is wrong with it
}

// respell gives the keys of JSON their known spelling, at every level.
func respell(raw []byte) (any, bool) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil || dec.More() {
		return nil, false
	}
	return respellValue(v), true
}

func respellValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, inner := range v {
			if inner != nil {
				out[spell(key)] = respellValue(inner)
			}
		}
		return out
	case []any:
		for i := range v {
			v[i] = respellValue(v[i])
		}
	}
	return v
}
