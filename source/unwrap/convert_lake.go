package unwrap

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The classes of OCSF that Security Lake and CloudWatch Logs write AWS's logs into. Source: the mappings for AWS that the
// OCSF project publishes (ocsf/examples, mappings/markdown/AWS), versions 1.0.0-rc.2 and 1.1.0.
const (
	accountChange   = "3001" // CloudTrail's calls that make and change users
	authentication  = "3002" // sign-ins
	networkActivity = "4001" // VPC flow logs
	httpActivity    = "4002" // WAF
	dnsActivity     = "4003" // Route 53 Resolver
	apiActivity     = "6003" // CloudTrail, and the audit log of EKS
)

// lakeLog is the log that an OCSF event was made of, with what turns it back; nil where there is none.
type lakeLog struct {
	name string
	back func(ocsf) (record any, line string)
}

func logOf(o ocsf) (lakeLog, bool) {
	class, product := o.str("class_uid"), strings.ToLower(o.str("metadata.product.name")+" "+o.str("metadata.product.feature.name"))
	switch {
	case class == apiActivity && (strings.Contains(product, "eks") || strings.Contains(product, "kubernetes")):
		return lakeLog{"EKS audit", func(o ocsf) (any, string) { return auditOfOCSF(o), "" }}, true
	case class == apiActivity, class == accountChange, class == authentication, strings.Contains(product, "cloudtrail"):
		return lakeLog{"CloudTrail", func(o ocsf) (any, string) { return convertOCSF(o), "" }}, true
	case class == networkActivity:
		return lakeLog{"VPC flow", func(o ocsf) (any, string) { return nil, flowOfOCSF(o) }}, true
	case class == dnsActivity:
		return lakeLog{"Resolver query", func(o ocsf) (any, string) { return queryOfOCSF(o), "" }}, true
	case class == httpActivity:
		return lakeLog{"WAF", func(o ocsf) (any, string) { return requestOfOCSF(o), "" }}, true
	}
	return lakeLog{}, false
}

// isFinding says whether a class is one of findings: security, vulnerability, compliance, detection.
func isFinding(class string) bool {
	return class == "2001" || class == "2002" || class == "2003" || class == "2004"
}

// flowHeader are the fields of a custom flow log that an OCSF event tells.
const flowHeader = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status " +
	"vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr region az-id pkt-src-aws-service pkt-dst-aws-service flow-direction"

// flowOfOCSF is the line of a flow log. The interface stands at the end of the flow that is ours.
func flowOfOCSF(o ocsf) string {
	ours := func(field string) string { return cmp.Or(o.str("dst_endpoint."+field), o.str("src_endpoint."+field)) }
	if o.str("src_endpoint.interface_uid") != "" {
		ours = func(field string) string { return cmp.Or(o.str("src_endpoint."+field), o.str("dst_endpoint."+field)) }
	}
	// The packet's address is the endpoint's; the interface's own is what stood in the way, where they differ.
	address := func(end string) string { return cmp.Or(o.first(end+".intermediate_ips"), o.str(end+".ip")) }
	values := []string{
		o.str("metadata.product.version"), o.str("cloud.account.uid"), ours("interface_uid"), address("src_endpoint"), address("dst_endpoint"),
		o.str("src_endpoint.port"), o.str("dst_endpoint.port"), o.str("connection_info.protocol_num"), o.str("traffic.packets"), o.str("traffic.bytes"),
		seconds(o, "start_time", "start_time_dt", "time", "time_dt"), seconds(o, "end_time", "end_time_dt"), flowAction(o), o.str("status_code"),
		ours("vpc_uid"), ours("subnet_uid"), ours("instance_uid"), o.str("connection_info.tcp_flags"), o.str("connection_info.protocol_ver"),
		o.str("src_endpoint.ip"), o.str("dst_endpoint.ip"), o.str("cloud.region"), o.str("cloud.zone"), o.str("src_endpoint.svc_name"),
		o.str("dst_endpoint.svc_name"), flowDirection(o),
	}
	for i, value := range values {
		// A space would move the fields behind it.
		values[i] = cmp.Or(strings.Join(strings.Fields(value), "_"), "-")
	}
	return strings.Join(values, " ")
}

func flowAction(o ocsf) string {
	switch action := cmp.Or(o.str("action"), o.str("disposition"), o.str("activity_name")); {
	case o.str("action_id") == "1", strings.EqualFold(action, "Allowed"), strings.EqualFold(action, "Traffic"):
		return "ACCEPT"
	case o.str("action_id") == "2", strings.EqualFold(action, "Denied"), strings.EqualFold(action, "Blocked"), strings.EqualFold(action, "Refuse"):
		return "REJECT"
	}
	return ""
}

func flowDirection(o ocsf) string {
	switch strings.ToLower(o.str("connection_info.direction")) {
	case "inbound":
		return "ingress"
	case "outbound":
		return "egress"
	}
	return ""
}

// seconds is the first path with a time, in seconds since 1970 as flow logs have it.
func seconds(o ocsf, paths ...string) string {
	if at, ok := o.instant(paths...); ok {
		return strconv.FormatInt(at.Unix(), 10)
	}
	return ""
}

// queryOfOCSF is a Resolver query log's record.
func queryOfOCSF(o ocsf) map[string]any {
	out := map[string]any{}
	set := setter(out)
	set("version", o.str("metadata.product.version"))
	set("account_id", o.str("cloud.account.uid"))
	set("region", o.str("cloud.region"))
	set("vpc_id", o.str("src_endpoint.vpc_uid"))
	set("query_timestamp", o.time("time", "time_dt"))
	set("query_name", o.str("query.hostname"))
	set("query_type", o.str("query.type"))
	set("query_class", o.str("query.class"))
	set("rcode", rcode(o))
	set("srcaddr", o.str("src_endpoint.ip"))
	set("srcport", o.str("src_endpoint.port"))
	set("transport", o.str("connection_info.protocol_name"))
	set("srcids.instance", o.str("src_endpoint.instance_uid"))
	set("srcids.resolver_endpoint", o.str("dst_endpoint.instance_uid"))
	set("srcids.resolver_network_interface", o.str("dst_endpoint.interface_uid"))
	set("firewall_rule_group_id", o.str("firewall_rule.uid"))
	if out["firewall_rule_group_id"] != nil {
		set("firewall_rule_action", firewallWord(o))
	}
	var answers []any
	for _, answer := range o.list("answers") {
		one := map[string]any{}
		put := setter(one)
		put("Rdata", answer.str("rdata"))
		put("Type", answer.str("type"))
		put("Class", answer.str("class"))
		answers = append(answers, one)
	}
	set("answers", anyList(answers))
	setUnmapped(o, out)
	return out
}

// rcode is DNS's own word for what OCSF spells differently (RFC 1035 and 2136).
func rcode(o ocsf) string {
	words := map[string]string{"0": "NOERROR", "1": "FORMERR", "2": "SERVFAIL", "3": "NXDOMAIN", "4": "NOTIMP", "5": "REFUSED"}
	return cmp.Or(words[o.str("rcode_id")], strings.ToUpper(o.str("rcode")))
}

// firewallWord is what a firewall did, in the words that WAF and the DNS firewall share.
func firewallWord(o ocsf) string {
	switch word := strings.ToUpper(o.str("disposition")); word {
	case "BLOCKED":
		return "BLOCK"
	case "ALERT", "COUNT", "CAPTCHA", "CHALLENGE":
		return word
	}
	switch {
	case o.str("action_id") == "2" || strings.EqualFold(o.str("action"), "Denied"):
		return "BLOCK"
	case o.str("action_id") == "1" || strings.EqualFold(o.str("action"), "Allowed"):
		return "ALLOW"
	}
	return strings.ToUpper(o.str("action"))
}

// requestOfOCSF is a WAF log's record. The mapping takes four headers out of the list; they go back into it.
func requestOfOCSF(o ocsf) map[string]any {
	out := map[string]any{}
	set := setter(out)
	set("timestamp", o.number("time", "time_dt"))
	set("formatVersion", o.str("metadata.product.version"))
	set("webaclId", o.str("metadata.product.feature.uid"))
	set("terminatingRuleId", o.str("firewall_rule.uid"))
	set("terminatingRuleType", o.str("firewall_rule.type"))
	set("action", firewallWord(o))
	set("httpSourceName", o.str("src_endpoint.svc_name"))
	set("httpSourceId", o.str("src_endpoint.uid"))
	set("responseCodeSent", o.str("http_status"), o.str("status_code"))
	set("httpRequest.clientIp", o.str("src_endpoint.ip"))
	set("httpRequest.country", o.str("src_endpoint.location.country"))
	set("httpRequest.uri", o.str("http_request.url.path"))
	set("httpRequest.args", o.str("http_request.args"))
	set("httpRequest.httpVersion", o.str("http_request.version"))
	set("httpRequest.httpMethod", o.str("http_request.http_method"))
	set("httpRequest.requestId", o.str("http_request.uid"))
	var headers []any
	known := map[string]bool{}
	add := func(name, value string) {
		if name != "" && value != "" && !known[strings.ToLower(name)] {
			headers = append(headers, map[string]any{"name": name, "value": value})
		}
	}
	for _, h := range o.list("http_request.http_headers") {
		add(h.str("name"), h.str("value")) // a client may send a header twice, so that these do not exclude each other
	}
	for _, h := range o.list("http_request.http_headers") {
		known[strings.ToLower(h.str("name"))] = true
	}
	add("User-Agent", o.str("http_request.user_agent"))
	add("Host", o.str("http_request.url.hostname"))
	add("Referer", o.str("http_request.referrer"))
	add("X-Forwarded-For", strings.Join(o.words("http_request.x_forwarded_for"), ", "))
	set("httpRequest.headers", anyList(headers))
	if condition := o.str("firewall_rule.condition"); condition != "" {
		match := map[string]any{"conditionType": condition}
		put := setter(match)
		put("location", o.str("firewall_rule.match_location"))
		put("matchedData", anyList(texts(o.words("firewall_rule.match_details"))))
		set("terminatingRuleMatchDetails", []any{match})
	}
	var labels []any
	for _, label := range o.words("metadata.labels") {
		labels = append(labels, map[string]any{"name": label})
	}
	set("labels", anyList(labels))
	setUnmapped(o, out)
	return out
}

// auditOfOCSF is an audit event of Kubernetes.
func auditOfOCSF(o ocsf) map[string]any {
	out := map[string]any{"kind": "Event"}
	set := setter(out)
	set("apiVersion", o.str("metadata.product.version"))
	set("level", o.str("metadata.log_level"))
	set("auditID", o.str("api.request.uid"), o.str("metadata.uid"))
	set("stage", o.str("message"))
	set("requestURI", o.str("http_request.url.path"))
	set("verb", o.str("api.operation"))
	set("user.username", o.str("actor.user.name"))
	set("user.uid", o.str("actor.user.uid"))
	var groups []any
	for _, g := range o.list("actor.user.groups") {
		groups = append(groups, g.str("name"))
	}
	set("user.groups", anyList(groups))
	one := func(path, value string) {
		if value != "" {
			set(path, []any{value})
		}
	}
	one("user.extra.accessKeyId", o.str("actor.session.credential_uid"))
	one("user.extra.canonicalArn", o.str("actor.session.issuer"))
	one("user.extra.sessionName", o.str("actor.session.uid"))
	// The mapping puts the caller's ARN where other sources have an account's number.
	if arn := o.str("cloud.account.uid"); strings.HasPrefix(arn, "arn:") {
		one("user.extra.arn", arn)
	}
	// The authenticator's id is its name, the account and the principal's id.
	if parts := strings.Split(o.str("actor.user.uid"), ":"); len(parts) == 3 && strings.HasPrefix(parts[0], "heptio") || len(parts) == 3 && strings.HasPrefix(parts[0], "aws-iam") {
		one("user.extra.principalId", parts[2])
	}
	set("sourceIPs", anyList(texts(append(o.words("src_endpoint.ip"), o.words("src_endpoint.intermediate_ips")...))))
	set("userAgent", o.str("http_request.user_agent"))
	if list := o.list("resources"); len(list) > 0 {
		resource := list[0]
		kind, sub := resource.str("type"), ""
		if at := strings.IndexAny(kind, "/;,"); at >= 0 {
			kind, sub = kind[:at], strings.TrimSpace(kind[at+1:])
		}
		set("objectRef.resource", kind)
		set("objectRef.subresource", sub)
		set("objectRef.namespace", resource.str("namespace"))
		set("objectRef.name", resource.str("name"))
		set("objectRef.uid", resource.str("uid"))
		set("objectRef.apiGroup", o.str("api.group.name"))
		set("objectRef.apiVersion", o.str("api.version"))
	}
	if code, err := strconv.Atoi(o.str("api.response.code")); err == nil {
		set("responseStatus.code", code)
	}
	set("responseStatus.message", o.str("api.response.message"))
	set("responseStatus.reason", o.str("api.response.error"))
	set("responseStatus.status", o.str("api.response.error_message"))
	set("requestReceivedTimestamp", o.precise("start_time_dt", "start_time", "time_dt", "time"))
	set("stageTimestamp", o.precise("time_dt", "time"))
	setUnmapped(o, out)
	return out
}

// setter puts the first value that there is at a path.
func setter(record map[string]any) func(path string, values ...any) {
	return func(path string, values ...any) {
		for _, value := range values {
			if value != nil && value != "" {
				put(record, strings.Split(path, "."), value)
				return
			}
		}
	}
}

// anyList is nil for an empty list, which then is absent.
func anyList(list []any) any {
	if len(list) == 0 {
		return nil
	}
	return list
}

func texts(list []string) []any {
	out := make([]any, len(list))
	for i, text := range list {
		out[i] = text
	}
	return out
}

// words are the texts of a list, or the one text.
func (o ocsf) words(path string) []string {
	var out []string
	switch v := o.at(path).(type) {
	case []any:
		for _, element := range v {
			if text := word(element); text != "" {
				out = append(out, text)
			}
		}
	default:
		if text := word(v); text != "" {
			out = append(out, text)
		}
	}
	return out
}

func (o ocsf) first(path string) string {
	if list := o.words(path); len(list) > 0 {
		return list[0]
	}
	return ""
}

// instant is the first path with a time: milliseconds since 1970 or text.
func (o ocsf) instant(paths ...string) (time.Time, bool) {
	for _, path := range paths {
		switch v := o.at(path).(type) {
		case json.Number:
			n, err := v.Int64()
			switch {
			case err != nil || n <= 0:
			case n < 1e14:
				return time.UnixMilli(n).UTC(), true
			case n < 1e17: // tables keep their own times in microseconds or nanoseconds, without a word of it in the row
				return time.UnixMicro(n).UTC(), true
			default:
				return time.Unix(0, n).UTC(), true
			}
		case string:
			for _, form := range timeTexts {
				if at, err := time.Parse(form, v); err == nil {
					return at.UTC(), true
				}
			}
		}
	}
	return time.Time{}, false
}

// precise is instant as text with its fractions, which tell the stages of a request apart.
func (o ocsf) precise(paths ...string) any {
	if at, ok := o.instant(paths...); ok {
		return at.Format(time.RFC3339Nano)
	}
	return nil
}

// number is instant in milliseconds.
func (o ocsf) number(paths ...string) any {
	if at, ok := o.instant(paths...); ok {
		return json.Number(fmt.Sprint(at.UnixMilli()))
	}
	return nil
}
