package source

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/quell-ir/quell"
)

// ReadResolver reads Route 53 Resolver query logs, JSON in lines or lists or exported from CloudWatch Logs, and emits an
// Event per query: Name is Query, ErrorCode the response code other than NOERROR, or what the DNS firewall did. The name
// asked for and the addresses answered are targets; the instance that asked acts. The fields are those of the Route 53
// developer guide, "Values that appear in VPC Resolver query logs". Errors are those of EachFlow.
func ReadResolver(ctx context.Context, r io.Reader, origin string, emit func(quell.Event) error) (LogReport, error) {
	return readEntries(ctx, r, origin, resolverEvent, emit)
}

func resolverEvent(line []byte) (quell.Event, error) {
	n, err := readNode(line)
	if err != nil {
		return quell.Event{}, err
	}
	domain := strings.ToLower(strings.TrimSuffix(n.str("query_name"), "."))
	if domain == "" || n.str("query_type") == "" {
		return quell.Event{}, errors.New("no Resolver query: query_name or query_type is missing")
	}
	at, err := readTime(n.str("query_timestamp"), time.RFC3339)
	if err != nil {
		return quell.Event{}, err
	}
	event := quell.Event{
		// A cached answer takes no time: the port is what tells two queries in one second apart.
		ID:   "dns-" + quell.ShortHash(16, n.str("query_timestamp"), n.str("vpc_id"), n.str("srcaddr"), n.str("srcport"), domain, n.str("query_type")),
		Time: at, Source: "route53-resolver", Name: "Query", Account: n.str("account_id"), Region: n.str("region"), SourceIP: n.str("srcaddr"),
		ReadOnly: true, Raw: bytes.TrimSpace(bytes.Clone(line)),
	}
	if code := n.str("rcode"); code != "NOERROR" {
		event.ErrorCode = code
	}
	// The firewall answers with whatever it was told to; its own word says more than that answer's code.
	if action := n.str("firewall_rule_action"); action == "BLOCK" {
		event.ErrorCode = action
	}
	entities := []quell.Entity{
		{Kind: quell.KindResource, ID: domain, Name: domain, Part: quell.PartTarget}, addressEntity(event.SourceIP),
		{Kind: quell.KindResource, ID: n.str("vpc_id"), Account: event.Account, Region: event.Region, Part: quell.PartUsed},
	}
	if id := n.str("srcids.instance"); id != "" {
		event.Actor = quell.Actor{Type: "Instance", Principal: id, Name: id, Account: event.Account}
		entities = append(entities, quell.Entity{Kind: quell.KindInstance, ID: id, Account: event.Account, Region: event.Region, Part: quell.PartActor})
	}
	for _, answer := range n.list("answers") {
		to := addressEntity(answer.str("rdata"))
		to.Part = quell.PartTarget
		entities = append(entities, to)
	}
	event.Resources = existing(entities)
	return event, nil
}
