package source

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/quell-ir/quell"
)

// ReadWAF reads AWS WAF logs, JSON in lines or lists or exported from CloudWatch Logs, and emits an Event per request: Name is
// the action (ALLOW, BLOCK, COUNT, CAPTCHA, CHALLENGE), ErrorCode BLOCK where the request was blocked. The fields are those
// of the WAF developer guide, "Log fields for protection pack (web ACL) traffic". Errors are those of EachFlow.
func ReadWAF(ctx context.Context, r io.Reader, origin string, emit func(quell.Event) error) (LogReport, error) {
	return readEntries(ctx, r, origin, wafEvent, emit)
}

func wafEvent(line []byte) (quell.Event, error) {
	n, err := readNode(line)
	if err != nil {
		return quell.Event{}, err
	}
	acl, action := n.str("webaclid"), n.str("action")
	if acl == "" || action == "" || n.obj("httprequest") == nil {
		return quell.Event{}, errors.New("no WAF log: webaclId, action or httpRequest is missing")
	}
	at := n.time("timestamp")
	if at.IsZero() {
		return quell.Event{}, badTime(n.str("timestamp"))
	}
	event := quell.Event{
		// One request is judged by one web ACL, but may pass those of a distribution and of the balancer behind it.
		ID:   "waf-" + quell.ShortHash(16, acl, n.str("httprequest.requestid"), n.str("timestamp"), n.str("httprequest.clientip"), n.str("httprequest.uri")),
		Time: at, Source: "waf-logs", Name: action, SourceIP: n.str("httprequest.clientip"), Actor: quell.Actor{Type: "Anonymous"},
		ReadOnly: slices.Contains([]string{"GET", "HEAD", "OPTIONS"}, n.str("httprequest.httpmethod")), Raw: bytes.TrimSpace(bytes.Clone(line)),
	}
	if action == "BLOCK" {
		event.ErrorCode = action
	}
	for _, header := range n.list("httprequest.headers") {
		if strings.EqualFold(header.str("name"), "user-agent") {
			event.UserAgent = header.str("value")
			break // the first is what most servers read
		}
	}
	web := quell.EntityOfARN(acl)
	web.Part = quell.PartUsed
	event.Account, event.Region = web.Account, web.Region
	behind := quell.Entity{Kind: quell.KindResource, ID: n.str("httpsourceid"), Name: n.str("httpsourcename"), Account: event.Account, Part: quell.PartTarget}
	event.Resources = existing([]quell.Entity{web, behind, addressEntity(event.SourceIP)})
	return event, nil
}
