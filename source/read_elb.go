package source

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
)

// elbFormats are the formats of the three load balancers' user guides, "Access logs": type words come first where there
// are any. least is how many fields the oldest version had.
type elbFormat struct {
	source string
	types  []string
	names  []string
	least  int
}

var elbFormats = []elbFormat{
	{"alb-access-logs", []string{"http", "https", "h2", "grpcs", "ws", "wss"}, strings.Fields(`type time elb client target request_processing_time
		target_processing_time response_processing_time elb_status_code target_status_code received_bytes sent_bytes request user_agent
		ssl_cipher ssl_protocol target_group_arn trace_id domain_name chosen_cert_arn matched_rule_priority request_creation_time
		actions_executed redirect_url error_reason target_list target_status_code_list classification classification_reason conn_trace_id`), 17},
	{"nlb-access-logs", []string{"tls"}, strings.Fields(`type version time elb listener client target connection_time tls_handshake_time
		received_bytes sent_bytes incoming_tls_alert chosen_cert_arn chosen_cert_serial tls_cipher tls_protocol_version tls_named_group
		domain_name alpn_fe_protocol alpn_be_protocol alpn_client_preference_list tls_connection_creation_time`), 17},
	{"clb-access-logs", nil, strings.Fields(`time elb client target request_processing_time target_processing_time response_processing_time
		elb_status_code target_status_code received_bytes sent_bytes request user_agent ssl_cipher ssl_protocol`), 11},
}

// ReadELB reads access logs of Application, Network and Classic Load Balancers, line by line, and emits an Event per request
// or connection: Source tells the balancer's kind, Name the HTTP method, or CONNECT where there is no request. Account
// and region are those of a line's target group or certificate; other lines do not tell them. Errors are those of
// EachFlow.
func ReadELB(ctx context.Context, r io.Reader, origin string, emit func(quell.Event) error) (LogReport, error) {
	return readText(ctx, r, origin, elbEvent, emit)
}

func elbEvent(line []byte) (quell.Event, error) {
	words := splitWords(string(line))
	format, ok := elbFormatOf(words)
	if !ok {
		return quell.Event{}, errors.New("neither of an Application, a Network nor a Classic Load Balancer")
	}
	f, err := named(format.names, words, format.least)
	if err != nil {
		return quell.Event{}, err
	}
	at, err := readTime(f["time"], time.RFC3339, "2006-01-02T15:04:05")
	if err != nil {
		return quell.Event{}, err
	}
	raw, err := encodeRaw(f)
	if err != nil {
		return quell.Event{}, err
	}
	event := quell.Event{
		ID: "lb-" + quell.ShortHash(16, words...), Time: at, Source: format.source, Name: "CONNECT", UserAgent: f["user_agent"],
		SourceIP: address(f["client"]), ErrorCode: refused(f["elb_status_code"]), Actor: quell.Actor{Type: "Anonymous"}, Raw: raw,
	}
	// A listener for TCP writes "- - - " for a request.
	if method, _, _ := strings.Cut(f["request"], " "); method != "" && method != "-" {
		event.Name = method
		event.ReadOnly = slices.Contains([]string{"GET", "HEAD", "OPTIONS"}, method)
	}
	if event.ErrorCode == "" {
		event.ErrorCode = f["incoming_tls_alert"]
	}
	for _, arn := range []string{f["target_group_arn"], f["chosen_cert_arn"]} {
		if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 && event.Account == "" {
			event.Region, event.Account = parts[3], parts[4]
		}
	}
	balancer := quell.Entity{Kind: quell.KindResource, ID: f["elb"], Name: f["elb"], Account: event.Account, Region: event.Region, Part: quell.PartTarget}
	if event.Account != "" && strings.Contains(f["elb"], "/") {
		balancer.ARN = "arn:aws:elasticloadbalancing:" + event.Region + ":" + event.Account + ":loadbalancer/" + f["elb"]
		balancer.ID = balancer.ARN
	}
	target := addressEntity(address(f["target"]))
	target.Part = quell.PartTarget
	event.Resources = existing([]quell.Entity{balancer, addressEntity(event.SourceIP), target})
	return event, nil
}

// elbFormatOf tells the format by the type word, or by a time in its place.
func elbFormatOf(words []string) (elbFormat, bool) {
	if len(words) == 0 {
		return elbFormat{}, false
	}
	for _, format := range elbFormats {
		if slices.Contains(format.types, words[0]) {
			return format, true
		}
	}
	classic := elbFormats[len(elbFormats)-1]
	_, err := readTime(words[0], time.RFC3339, "2006-01-02T15:04:05")
	return classic, err == nil
}

// isELB knows a line by its type word, time and number of fields; a Classic one, which has no word, by its addresses too.
func isELB(line string) bool {
	words := splitWords(line)
	format, ok := elbFormatOf(words)
	if !ok || len(words) < format.least {
		return false
	}
	f, err := named(format.names, words, format.least)
	if err != nil {
		return false
	}
	_, err = readTime(f["time"], time.RFC3339, "2006-01-02T15:04:05")
	return err == nil && addressEntity(address(f["client"])).ID != ""
}
