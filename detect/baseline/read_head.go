package baseline

import (
	"cmp"
	"strings"
	"time"
	"unique"

	"github.com/quell-ir/quell"
)

// head is as much of an event as a finding needs. There may be some hundred thousand of them, so who acted is shared.
type head struct {
	at                                    int64 // Unix seconds
	id                                    string
	name, source, region, account, origin string
	ip, agent                             string
	actor                                 unique.Handle[quell.Actor]
	readOnly                              bool
}

func newHead(e *quell.Event) *head {
	return &head{
		at: e.Time.Unix(), id: e.ID, name: shared(e.Name), source: shared(e.Source), region: shared(e.Region),
		account: shared(e.Account), origin: shared(e.Origin), ip: shared(e.SourceIP), agent: shared(e.UserAgent),
		actor: unique.Make(e.Actor), readOnly: e.ReadOnly,
	}
}

func shared(s string) string { return unique.Make(s).Value() }

// mention is what orders events by: time, of one second the id, and of one that lies in two files where it was read. Which
// event is the first, and where, must not depend on the file that was read first.
type mention struct {
	at         int64
	id, origin string
}

func (m mention) before(o *head) bool {
	if o == nil {
		return true
	}
	return cmp.Or(cmp.Compare(m.at, o.at), cmp.Compare(m.id, o.id), cmp.Compare(m.origin, o.origin)) < 0
}

func (h *head) before(o *head) bool { return mention{h.at, h.id, h.origin}.before(o) }

// event is the head as an event, with who acted and from where as its entities.
func (h *head) event() quell.Event {
	e := quell.Event{
		ID: h.id, Time: time.Unix(h.at, 0).UTC(), Source: h.source, Name: h.name, Account: h.account, Region: h.region,
		Actor: h.actor.Value(), SourceIP: h.ip, UserAgent: h.agent, ReadOnly: h.readOnly, Origin: h.origin,
	}
	e.Resources = e.Actor.Entities()
	if network(h.ip) != "" {
		e.Resources = append(e.Resources, quell.Entity{Kind: quell.KindIP, ID: h.ip, Part: quell.PartUsed})
	}
	return e
}

// credential tells the acts of one intruder from those of others who hold the same role: the access key, or the session.
func (h *head) credential() string {
	a := h.actor.Value()
	if a.AccessKey != "" {
		return a.AccessKey
	}
	return a.Principal
}

// principalOf says whose habits an event belongs to: the user, or for a session the role, by its stable id. It is false
// for those who have none: AWS services, service-linked roles, other accounts of which no more is told.
func principalOf(e *quell.Event) (quell.Entity, bool) {
	list := e.Actor.Entities()
	if e.Actor.Type == "AWSService" || len(list) == 0 || strings.Contains(e.Actor.IssuerARN, ":role/aws-service-role/") {
		return quell.Entity{}, false
	}
	who := list[0]
	if who.Kind == quell.KindSession || who.Kind == quell.KindFederated {
		if len(list) < 2 || list[1].Kind == quell.KindAccessKey {
			return quell.Entity{}, false // a session of nobody known
		}
		who = list[1]
	}
	switch who.Kind {
	case quell.KindService, quell.KindAccount, quell.KindAccessKey:
		return quell.Entity{}, false
	}
	who.ID, who.Name = quell.Cut(who.ID, maxName), quell.Cut(who.Name, maxName)
	return who, who.ID != ""
}
