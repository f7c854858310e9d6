package source

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"strings"

	"github.com/quell-ir/quell"
)

// s3Fields is the order of the S3 user guide, "Amazon S3 server access log format".
var s3Fields = strings.Fields(`bucket_owner bucket time remote_ip requester request_id operation key request_uri http_status error_code
	bytes_sent object_size total_time turnaround_time referer user_agent version_id host_id signature_version cipher_suite
	authentication_type host_header tls_version access_point_arn acl_required source_region`)

// s3Least is how many fields the oldest lines have: up to the user agent, and the version id.
const s3Least = 18

// ReadS3Access reads S3 server access logs and emits an Event per request: Name is the operation (REST.GET.OBJECT), the
// actor the requester, Account empty since lines do not tell the bucket's, Raw a JSON object of the fields under the user guide's names in lower case.
//
// A client chooses its referer and user agent, and S3 may write their quotes as they came: these two and what follows them
// are only as good as the client, what stands before is S3's. Errors are those of EachFlow.
func ReadS3Access(ctx context.Context, r io.Reader, origin string, emit func(quell.Event) error) (LogReport, error) {
	return readText(ctx, r, origin, s3Event, emit)
}

func s3Event(line []byte) (quell.Event, error) {
	words := splitWords(string(line))
	f, err := named(s3Fields, words, s3Least)
	if err != nil {
		return quell.Event{}, err
	}
	at, err := readTime(f["time"], "02/Jan/2006:15:04:05 -0700")
	if err != nil {
		return quell.Event{}, err
	}
	if f["operation"] == "" || f["bucket"] == "" {
		return quell.Event{}, fmt.Errorf("no operation or no bucket")
	}
	raw, err := encodeRaw(f)
	if err != nil {
		return quell.Event{}, err
	}
	event := quell.Event{
		ID: "s3-" + quell.ShortHash(16, words...), Time: at, Source: "s3-access-logs", Name: f["operation"], UserAgent: f["user_agent"],
		ErrorCode: f["error_code"], SourceIP: f["remote_ip"], Actor: s3Requester(f["requester"]), Raw: raw,
	}
	// Some refusals have a status and no code.
	if event.ErrorCode == "" {
		event.ErrorCode = refused(f["http_status"])
	}
	method := strings.Split(f["operation"], ".")
	event.ReadOnly = len(method) > 1 && (method[1] == "GET" || method[1] == "HEAD")
	part := quell.PartTarget
	if event.ReadOnly {
		part = quell.PartRead
	}
	entities := append(event.Actor.Entities(), quell.Entity{Kind: quell.KindBucket, ID: f["bucket"], Part: part}, addressEntity(f["remote_ip"]))
	if key := f["key"]; key != "" {
		// S3 writes keys URL-encoded; one that cannot be decoded stands as it is written.
		if plain, err := url.PathUnescape(key); err == nil {
			key = plain
		}
		entities = append(entities, quell.Entity{Kind: quell.KindResource, ID: "arn:aws:s3:::" + f["bucket"] + "/" + key, Name: key, Part: part, Of: f["bucket"]})
	}
	event.Resources = existing(entities)
	return event, nil
}

// s3Requester is an ARN, the canonical id of another account, or nobody: a request that was not signed.
func s3Requester(requester string) quell.Actor {
	switch {
	case requester == "":
		return quell.Actor{Type: "Anonymous"}
	case strings.HasPrefix(requester, "arn:"):
		return arnActor(requester)
	case strings.HasPrefix(requester, "svc:"):
		return quell.Actor{Type: "AWSService", Name: strings.TrimPrefix(requester, "svc:")}
	}
	return quell.Actor{Type: "AWSAccount", Principal: requester}
}

// existing drops entities without an id, and merges those named twice.
func existing(list []quell.Entity) []quell.Entity {
	kept := list[:0]
	for _, e := range list {
		if e.ID != "" {
			kept = append(kept, e)
		}
	}
	return quell.MergeEntities(nil, kept)
}

// isS3Access knows a line by its bracketed time in third place, and a dotted operation in seventh.
func isS3Access(line string) bool {
	words := splitWords(line)
	if len(words) < s3Least || !strings.Contains(words[6], ".") {
		return false
	}
	_, timeErr := readTime(words[2], "02/Jan/2006:15:04:05 -0700")
	_, ipErr := netip.ParseAddr(words[3])
	return timeErr == nil && (ipErr == nil || words[3] == "-")
}
