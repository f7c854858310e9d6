package unwrap

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// openOCSF turns an event of the Open Cybersecurity Schema Framework back into the record it was made of, or hands a finding
// over.
func (r *Reader) openOCSF(raw []byte) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var o ocsf
	if err := dec.Decode(&o); err != nil {
		r.report.bad("an OCSF event that cannot be decoded: " + err.Error())
		return
	}
	class := o.str("class_uid")
	if isFinding(class) {
		r.emitFinding(raw)
		return
	}
	from, known := logOf(o)
	switch {
	case !known:
		r.report.bad(fmt.Sprintf("an OCSF event of class %s (%s), which is no log that is read and no finding", class, o.str("class_name")))
		return
	// One document goes to the rules for one log.
	case r.log != "" && r.log != from.name:
		r.report.bad(fmt.Sprintf("a %s record among %s records: they are judged apart, so split them", from.name, r.log))
		return
	}
	value, line := from.back(o)
	if line != "" {
		if r.kind == 'j' {
			r.report.bad("a " + from.name + " record among JSON of another log: they are judged apart, so split them")
			return
		}
		if r.log == "" {
			r.writeText(flowHeader)
		}
		r.log = from.name
		r.writeText(line)
		r.report.Records++
		return
	}
	record, err := json.Marshal(value)
	if err != nil {
		r.report.bad("encode record: " + err.Error())
		return
	}
	r.log = from.name
	r.emit(record)
}

// convertOCSF reverses the mapping of amazon-security-lake's "CloudTrail" source, in its versions 1.0.0-rc.2 and 1.1.0. What had
// no place there lies in unmapped, under the names CloudTrail has.
func convertOCSF(o ocsf) map[string]any {
	record := map[string]any{}
	set := setter(record)
	set("eventTime", o.time("time_dt", "time"))
	set("eventID", o.str("metadata.uid"), o.str("metadata.original_event_uid"))
	set("eventVersion", o.str("metadata.product.version"))
	set("eventType", o.str("metadata.event_code"))
	set("eventName", o.str("api.operation"))
	set("eventSource", o.str("api.service.name"))
	set("requestID", o.str("api.request.uid"))
	set("requestParameters", o.document("api.request.data"))
	set("responseElements", o.document("api.response.data"))
	set("apiVersion", o.str("api.version"))
	set("awsRegion", o.str("cloud.region"))
	set("recipientAccountId", o.str("cloud.account.uid"), o.str("cloud.account_uid"))
	set("sourceIPAddress", o.str("src_endpoint.ip"), o.str("src_endpoint.domain"), o.str("src_endpoint.svc_name"))
	set("userAgent", o.str("http_request.user_agent"))
	set("errorCode", o.str("api.response.error"))
	set("errorMessage", o.str("api.response.message"), o.str("api.response.error_message"))
	// A failure without a code must not read as a success.
	if strings.EqualFold(o.str("status"), "Failure") || o.str("status_id") == "2" {
		set("errorCode", o.str("status_code"), o.str("status_detail"), "Failure")
	}
	setActor(o, set)
	for _, resource := range o.list("resources") {
		list, _ := record["resources"].([]any)
		one := map[string]any{"ARN": resource.str("uid")}
		// An account that is not told is most often the caller's own, but that would be a guess.
		if account := cmp.Or(resource.str("owner.account.uid"), resource.str("account_uid")); account != "" {
			one["accountId"] = account
		}
		if kind := resource.str("type"); kind != "" {
			one["type"] = kind
		}
		record["resources"] = append(list, one)
	}
	setUnmapped(o, record)
	return record
}

// setActor fills userIdentity. The versions of the mapping disagree where the ARN and the principal's id stand, so their
// shape decides.
func setActor(o ocsf, set func(string, ...any)) {
	set("userIdentity.type", o.str("actor.user.type"))
	for _, key := range []string{"uid", "uuid", "uid_alt"} {
		switch id := o.str("actor.user." + key); {
		case strings.HasPrefix(id, "arn:"):
			set("userIdentity.arn", id)
		case id != "":
			set("userIdentity.principalId", id)
		}
	}
	set("userIdentity.accountId", o.str("actor.user.account.uid"), o.str("actor.user.account_uid"))
	set("userIdentity.accessKeyId", o.str("actor.user.credential_uid"))
	set("userIdentity.userName", o.str("actor.user.name"))
	set("userIdentity.invokedBy", o.str("actor.invoked_by"))
	set("userIdentity.sessionContext.sessionIssuer.arn", o.str("actor.session.issuer"))
	set("userIdentity.sessionContext.attributes.creationDate", o.time("actor.session.created_time_dt", "actor.session.created_time"))
	set("userIdentity.sessionContext.attributes.mfaAuthenticated", o.str("actor.session.is_mfa"), o.str("actor.session.mfa"))
	set("userIdentity.sessionContext.webIdFederationData.federatedProvider", o.str("actor.idp.name"))
}

// setUnmapped puts back what had no place in the schema: an object, or the pairs that a Parquet map prints as. What is set
// already stays.
func setUnmapped(o ocsf, record map[string]any) {
	pairs := map[string]string{}
	switch unmapped := o["unmapped"].(type) {
	case map[string]any:
		flatten("", unmapped, pairs)
	case []any:
		for _, pair := range unmapped {
			if two, ok := pair.([]any); ok && len(two) == 2 {
				pairs[word(two[0])] = word(two[1])
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(pairs)) {
		// Kubernetes' mapping marks lists; rules walk through lists and objects alike.
		path := strings.Split(strings.ReplaceAll(name, "[]", ""), ".")
		if pairs[name] == "" || pairs[name] == "null" || len(path) > maxNested {
			continue
		}
		if slices.Contains(documents, path[0]) && len(path) == 1 {
			put(record, path, document(pairs[name]))
			continue
		}
		put(record, path, leaf(path[len(path)-1], pairs[name]))
	}
}

func flatten(prefix string, object map[string]any, into map[string]string) {
	for key, value := range object {
		if inner, ok := value.(map[string]any); ok {
			flatten(prefix+key+".", inner, into)
			continue
		}
		into[prefix+key] = word(value)
	}
}

// ocsf is a decoded event whose getters answer the zero value for what is absent or of another type.
type ocsf map[string]any

func (o ocsf) at(path string) any {
	var v any = map[string]any(o)
	for key := range strings.SplitSeq(path, ".") {
		object, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = object[key]
	}
	return v
}

func (o ocsf) str(path string) string { return word(o.at(path)) }

func word(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return fmt.Sprint(v)
	case []any, map[string]any:
		text, err := json.Marshal(v)
		if err == nil {
			return string(text)
		}
	}
	return ""
}

// time is the first path with a time, in milliseconds or as text.
func (o ocsf) time(paths ...string) any {
	if at, ok := o.instant(paths...); ok {
		return at.Format(time.RFC3339)
	}
	for _, path := range paths {
		if text, ok := o.at(path).(string); ok && text != "" {
			return text // whoever reads the record says what is wrong with it
		}
	}
	return nil
}

// document is a member that holds JSON as text or as such.
func (o ocsf) document(path string) any {
	switch v := o.at(path).(type) {
	case string:
		if v != "" && v != "null" {
			return document(v)
		}
	case map[string]any:
		return v
	}
	return nil
}

func (o ocsf) list(path string) []ocsf {
	list, _ := o.at(path).([]any)
	var out []ocsf
	for _, element := range list {
		if object, ok := element.(map[string]any); ok {
			out = append(out, object)
		}
	}
	return out
}
