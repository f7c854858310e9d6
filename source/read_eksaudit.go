package source

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
)

// ReadEKSAudit reads Kubernetes audit events of EKS, JSON in lines or lists or exported from CloudWatch Logs, and emits an
// Event per stage: Name is the verb and the resource ("create pods/exec"), the actor user.username with the AWS identity
// that EKS's authenticator noted, where there is one. The cluster's
// account and region are not in its log. The fields are those of Kubernetes' audit.k8s.io/v1. Errors are those
// of EachFlow.
func ReadEKSAudit(ctx context.Context, r io.Reader, origin string, emit func(quell.Event) error) (LogReport, error) {
	return readEntries(ctx, r, origin, eksEvent, emit)
}

func eksEvent(line []byte) (quell.Event, error) {
	n, err := readNode(line)
	if err != nil {
		return quell.Event{}, err
	}
	verb := n.str("verb")
	if verb == "" || n.str("auditid") == "" {
		return quell.Event{}, errors.New("no audit event: verb or auditID is missing")
	}
	at, err := readTime(n.str("requestreceivedtimestamp", "stagetimestamp"), time.RFC3339)
	if err != nil {
		return quell.Event{}, err
	}
	event := quell.Event{
		ID: n.str("auditid"), Time: at, Source: "eks-audit", Name: verb + " " + eksResource(n), UserAgent: n.str("useragent"), Actor: eksActor(n),
		ErrorCode: refused(n.str("responsestatus.code")), ReadOnly: slices.Contains([]string{"get", "list", "watch", "head"}, verb),
		Raw: bytes.TrimSpace(bytes.Clone(line)),
	}
	// A watch has a stage when it starts and one when it ends, under one id.
	if stage := n.str("stage"); stage != "" && stage != "ResponseComplete" {
		event.ID += "/" + stage
	}
	if event.ErrorCode != "" {
		event.ErrorCode = cmp.Or(n.str("responsestatus.reason"), event.ErrorCode)
	}
	// Proxies append themselves: the first address is the client's.
	if addresses := n.strings("sourceips"); len(addresses) > 0 {
		event.SourceIP = addresses[0]
	}
	event.Resources = existing(eksEntities(n, event))
	return event, nil
}

// eksResource names what was asked for, as RBAC rules do; requests for no resource have a path.
func eksResource(n node) string {
	resource := n.str("objectref.resource")
	if resource == "" {
		path, _, _ := strings.Cut(n.str("requesturi"), "?")
		return cmp.Or(path, "-")
	}
	if sub := n.str("objectref.subresource"); sub != "" {
		resource += "/" + sub
	}
	return resource
}

// eksActor is the Kubernetes user. The name stays Kubernetes' own; the ids are AWS's where EKS mapped a principal, so that
// what a role did in the cluster joins what it did in the account.
func eksActor(n node) quell.Actor {
	name := n.str("user.username")
	extra := func(key string) string {
		if list := n.strings("user.extra." + key); len(list) > 0 {
			return list[0]
		}
		return ""
	}
	a := quell.Actor{Type: "KubernetesUser", Principal: name, Name: name}
	if strings.HasPrefix(name, "system:serviceaccount:") {
		a.Type = "KubernetesServiceAccount"
	}
	if arn := extra("arn"); strings.HasPrefix(arn, "arn:") {
		a = arnActor(arn)
		a.Name, a.AccessKey = name, extra("accesskeyid")
		a.Principal = extra("principalid")
		// The authenticator splits what CloudTrail writes as one: the role's id and the session's name.
		if session := extra("sessionname"); session != "" && strings.HasPrefix(a.Principal, "AROA") && !strings.Contains(a.Principal, ":") {
			a.IssuerID = a.Principal
			a.Principal += ":" + session
		}
		if a.Type == "AssumedRole" {
			a.IssuerARN = cmp.Or(extra("canonicalarn"), a.IssuerARN)
		}
	}
	return a
}

func eksEntities(n node, event quell.Event) []quell.Entity {
	var out []quell.Entity
	if event.Actor.ARN != "" {
		out = event.Actor.Entities()
	}
	kubernetes := func(part quell.Part, words ...string) {
		words = slices.DeleteFunc(words, func(w string) bool { return w == "" })
		id := "k8s:" + strings.Join(words, "/")
		out = append(out, quell.Entity{Kind: quell.KindResource, ID: id, Name: words[len(words)-1], Part: part})
	}
	if name := n.str("user.username"); name != "" {
		kubernetes(quell.PartActor, "user", name)
	}
	// Whoever may impersonate acts with the power of another: both belong to the incident.
	if name := n.str("impersonateduser.username"); name != "" {
		kubernetes(quell.PartUsed, "user", name)
	}
	if resource := n.str("objectref.resource"); resource != "" {
		part := quell.PartTarget
		if event.ReadOnly {
			part = quell.PartRead
		}
		kubernetes(part, n.str("objectref.namespace"), resource, n.str("objectref.name"))
	}
	return append(out, addressEntity(event.SourceIP))
}
