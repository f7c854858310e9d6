package hunt

import (
	"slices"
	"strings"

	"github.com/quell-ir/quell/detect"
)

// managementEvents is the data that rules need unless they say otherwise: all that a trail records by default.
const managementEvents = "management events"

// s3DataEvents are recorded only where somebody asked for them, and are never in the event history.
const s3DataEvents = "s3 data events"

// dataKind is a kind of log that rules may need: what data_needed calls it, what nobody sees without it, and how a hunt
// knows that it was there: by records that a sentinel rule matches, or by the log source of a kind of document.
type dataKind struct {
	name, label, unseen string
	sentinel            string           // the detection of a rule over CloudTrail records
	source              detect.Logsource // of a log beside CloudTrail
}

// dataKinds are all that data_needed may say. Sources of the names of calls: Amazon S3 user guide, CloudTrail data events;
// CloudTrail user guide, Logging data events. A record says itself whether it is management, since version 1.06.
func dataKinds() []dataKind {
	other := func(service string) detect.Logsource { return detect.Logsource{Product: "aws", Service: service} }
	return []dataKind{
		{managementEvents, "management events", "who changed what is invisible", `
  call: {eventName|exists: true}
  data: {managementEvent: false}
  category: {eventCategory: [Data, Insight, NetworkActivity]}
  condition: call and not data and not category`, detect.Logsource{}},
		{s3DataEvents, "S3 data events", "object reads are invisible", `
  call:
    eventSource: s3.amazonaws.com
    eventName: [` + s3DataCalls + `]
  condition: call`, detect.Logsource{}},
		{"lambda data events", "Lambda data events", "invocations of functions are invisible", `
  call: {eventSource: lambda.amazonaws.com, eventName: Invoke}
  condition: call`, detect.Logsource{}},
		{"VPC flow logs", "VPC flow logs", "connections are invisible", "", other("vpcflow")},
		{"Route 53 Resolver query logs", "Route 53 Resolver query logs", "names looked up are invisible", "", other("route53resolver")},
		{"WAF logs", "WAF logs", "requests that a web ACL judged are invisible", "", other("waf")},
		{"S3 server access logs", "S3 server access logs", "unsigned object reads are invisible", "", other("s3access")},
		{"load balancer access logs", "load balancer access logs", "requests to load balancers are invisible", "", other("elb")},
		{"EKS audit logs", "EKS audit logs", "acts within clusters are invisible", "", other("eksaudit")},
	}
}

const s3DataCalls = `AbortMultipartUpload, CompleteMultipartUpload, CopyObject, CreateMultipartUpload, DeleteObject, DeleteObjects,
      DeleteObjectTagging, GetObject, GetObjectAcl, GetObjectAttributes, GetObjectLegalHold, GetObjectRetention, GetObjectTagging,
      GetObjectTorrent, HeadBucket, HeadObject, ListMultipartUploads, ListObjects, ListObjectVersions, ListParts, PutObject, PutObjectAcl,
      PutObjectLegalHold, PutObjectRetention, PutObjectTagging, RestoreObject, SelectObjectContent, UploadPart, UploadPartCopy`

// DataNames are the words that a rule's data_needed may be.
func DataNames() []string {
	var out []string
	for _, kind := range dataKinds() {
		out = append(out, kind.name)
	}
	return out
}

// dataOf finds the kind of log that a name means, whatever its capitals.
func dataOf(name string) (dataKind, bool) {
	kinds := dataKinds()
	at := slices.IndexFunc(kinds, func(k dataKind) bool { return strings.EqualFold(k.name, name) })
	if at < 0 {
		return dataKind{}, false
	}
	return kinds[at], true
}

// needed is the log that a rule says it needs; where it does not say, that of its log source, and of a correlation that of
// the rules it is over.
func needed(r *detect.Rule, find func(name string) *detect.Rule) string {
	for range maxDepth {
		if text, ok := r.Custom["data_needed"].(string); ok && text != "" {
			return text
		}
		if r.Correlation == nil || len(r.Correlation.Rules) == 0 || find(r.Correlation.Rules[0]) == nil {
			break
		}
		r = find(r.Correlation.Rules[0])
	}
	return dataFor(r.Logsource)
}

// dataFor is what rules call the log of a log source, "" for one that is none of AWS's; a trail holds management events by default. Rules that people bring
// seldom say what they need, and their log source says most of it.
func dataFor(from detect.Logsource) string {
	if from == kubernetesAudit() {
		from.Service = "eksaudit"
	}
	for _, kind := range dataKinds() {
		if from.Service != "" && from.Service == kind.source.Service {
			return kind.name
		}
	}
	if !from.Reads(detect.CloudTrail()) {
		return "" // a log that only a mapping reads
	}
	return managementEvents
}

// maxDepth is how far correlations over correlations are followed. They may name each other in a circle until compiled.
const maxDepth = 16

// finder looks rules up as correlations name them: by id, else by name.
func finder(rules []*detect.Rule) func(string) *detect.Rule {
	known := map[string]*detect.Rule{}
	for _, r := range rules {
		if known[r.ID] == nil {
			known[r.ID] = r
		}
	}
	for _, r := range rules {
		if r.Name != "" && known[r.Name] == nil {
			known[r.Name] = r
		}
	}
	return func(name string) *detect.Rule { return known[name] }
}
