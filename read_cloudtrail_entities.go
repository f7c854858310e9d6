package quell

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// nameEntities lists the entities of a record, sorted and merged. Who acted comes first, then what specialised readers
// know with stable ids, then what the request names, then the record's own resources list: a later mention by ARN
// of an entity already known by its id is the same entity.
func nameEntities(f fields, e Event) []Entity {
	n := &namer{f: f, e: e, byARN: map[string]string{}, byName: map[string]string{}, parts: map[string]bool{}}
	n.partition = cmp.Or(partitionOfARN(e.Actor.ARN), partitionOfRegion(e.Region))
	n.actor()
	n.origin()
	n.made()
	n.requested()
	n.listed()
	return MergeEntities(nil, n.out)
}

type namer struct {
	f         fields
	e         Event
	partition string
	out       []Entity
	self      string            // the id of who acted
	byARN     map[string]string // kind and ARN -> id
	byName    map[string]string // nameKey -> id, for what IAM calls by name
	parts     map[string]bool   // kind/id that already play a part other than actor
}

// add keeps an entity. Empty ids fall back to the ARN; one that has neither is nothing anybody could act on.
func (n *namer) add(e Entity) {
	handle := string(e.Kind) + " " + e.ARN
	if e.ID == "" || e.ID == e.ARN {
		e.ID = cmp.Or(n.byARN[handle], e.ARN)
	}
	if e.ID == "" {
		return
	}
	e.Account = cmp.Or(e.Account, accountOfARN(e.ARN))
	if e.ARN != "" && n.byARN[handle] == "" {
		n.byARN[handle] = e.ID
	}
	if key := nameKey(e.Kind, e.Account, e.Name); e.Name != "" && n.byName[key] == "" {
		n.byName[key] = e.ID
	}
	if e.Part != PartActor {
		// The first mention says best which part it plays; the resources list repeats it without knowing.
		if n.parts[e.Key()] {
			return
		}
		n.parts[e.Key()] = true
	}
	n.out = append(n.out, e)
}

// nameKey keeps names apart by account: another account's "admin" is somebody else.
func nameKey(kind EntityKind, account, name string) string {
	return string(kind) + " " + account + " " + name
}

// contentReads are the calls that hand out content, by event name. To list or describe a thing is not to read it: a
// response that rotates every secret an intruder has listed would do the intruder's work.
var contentReads = map[string]bool{
	"GetObject": true, "GetObjectTorrent": true, "SelectObjectContent": true, "GetSecretValue": true,
	"BatchGetSecretValue": true, "GetParameter": true, "GetParameters": true, "GetParametersByPath": true,
	"GetParameterHistory": true, "GetPasswordData": true, "GetItem": true, "BatchGetItem": true, "Query": true, "Scan": true,
	"GetFunction20150331v2": true, "GetFunction": true, "GetSnapshotBlock": true, "GetConsoleOutput": true,
	"GetLogEvents": true, "FilterLogEvents": true, "GetQueryResults": true,
}

// acted is the part of what a request names: content was read only where the call went through.
func (n *namer) acted() Part {
	switch {
	case !n.e.ReadOnly || !n.e.Succeeded():
		return PartTarget
	case contentReads[n.e.Name]:
		return PartRead
	}
	return PartNamed
}

// actor names who acted.
func (n *namer) actor() {
	list := n.e.Actor.entities(n.partition)
	n.self = list[0].ID
	for _, e := range list {
		n.add(e)
	}
}

// Entities names who acted, all in the part of the actor: the principal first, then who its session was issued from (the
// role of a session, the user of a federated one), then the key it signed with, which belongs to the principal. An
// actor of whom nothing is known has none.
func (a Actor) Entities() []Entity {
	list := a.entities(cmp.Or(partitionOfARN(a.ARN), "aws"))
	if list[0].ID == "" {
		return list[1:]
	}
	return list
}

// entities keeps the principal in the first place even where it has no id.
func (a Actor) entities(partition string) []Entity {
	self := principalEntity(a, partition)
	self.ID, self.Part = cmp.Or(self.ID, self.ARN), PartActor
	list := []Entity{self}
	if issuer, ok := issuerEntity(a, self); ok {
		issuer.ID, issuer.Part = cmp.Or(issuer.ID, issuer.ARN), PartActor
		list = append(list, issuer)
	}
	if a.AccessKey != "" {
		list = append(list, Entity{Kind: KindAccessKey, ID: a.AccessKey, Account: a.Account, Part: PartActor, Of: self.ID})
	}
	return list
}

// principalEntity decides by the shape of the ids before the type: a record of type Unknown, or one about another
// account's principal (AWSAccount), still says AIDA or AROA.
func principalEntity(a Actor, partition string) Entity {
	e := Entity{ID: a.Principal, Name: a.Name, ARN: a.ARN, Account: a.Account}
	role, session, isSession := strings.Cut(a.Principal, ":")
	switch {
	case a.Type == "Root":
		e.Kind, e.ID = KindRoot, cmp.Or(a.Account, a.Principal)
	case a.Type == "AWSService":
		e.Kind, e.ID = KindService, a.Name
	case a.Type == "FederatedUser" || strings.Contains(a.ARN, ":federated-user/"):
		e.Kind, e.Of = KindFederated, a.IssuerID
	case a.Type == "IAMUser" || strings.HasPrefix(a.Principal, "AIDA"):
		e.Kind = KindUser
		if !strings.HasPrefix(e.ID, "AIDA") {
			e.ID = cmp.Or(a.ARN, e.ID) // an id that is not a user's would join with somebody else
		}
	case a.Type == "AssumedRole" || strings.Contains(a.ARN, ":assumed-role/") || isSession && strings.HasPrefix(role, "AROA"):
		e.Kind, e.Of = KindSession, cmp.Or(a.IssuerID, role, a.IssuerARN)
		e.Name = cmp.Or(session, lastOfARN(a.ARN), e.Name)
	case a.Type == "Role" || strings.HasPrefix(a.Principal, "AROA"):
		e.Kind = KindRole
	case a.Type == "IdentityCenterUser":
		// Not an IAM user: nothing of IAM's can be done to it, so it must not be taken for one.
		e.Kind = KindResource
		if a.Principal != "" {
			e.ID = "arn:" + partition + ":identitystore:::user/" + a.Principal
			e.ARN = e.ID
		}
	case a.Type == "SAMLUser" || a.Type == "WebIdentityUser":
		e.Kind, e.ID = KindResource, cmp.Or(a.Principal, a.Name)
		// Of another account's principal often no more is told than the account.
	case a.Type == "AWSAccount":
		e.Kind, e.ID = KindAccount, cmp.Or(a.Account, a.Principal)
	default:
		e.Kind = KindResource
	}
	return e
}

// issuerEntity is the role of a session, or the user or root a federated or session token was got by.
func issuerEntity(a Actor, self Entity) (Entity, bool) {
	e := Entity{ID: a.IssuerID, ARN: a.IssuerARN, Account: cmp.Or(accountOfARN(a.IssuerARN), a.Account)}
	// The issuer's ARN has the path that the session's own lacks.
	e.Name = lastOfARN(a.IssuerARN)
	switch {
	case self.Kind == KindSession:
		e.Kind, e.ID, e.Name = KindRole, self.Of, cmp.Or(e.Name, roleOfSessionARN(a.ARN), a.Name)
	case a.IssuerType == "IAMUser":
		e.Kind = KindUser
	case a.IssuerType == "Role":
		e.Kind = KindRole
	case a.IssuerType == "Root":
		e.Kind, e.ID = KindRoot, cmp.Or(accountOfARN(a.IssuerARN), a.IssuerID)
	default:
		return Entity{}, false
	}
	return e, e.ID != "" || e.ARN != ""
}

// origin names the address the call came from and the service it came through. A service's name in the address field
// is no address: two acts through CloudFormation have nothing in common.
func (n *namer) origin() {
	ip := n.e.SourceIP
	if _, err := netip.ParseAddr(ip); err == nil || len(ip) <= 45 && strings.Count(ip, ".") == 3 && strings.Trim(ip, ".0123456789") == "" {
		n.add(Entity{Kind: KindIP, ID: ip, Part: PartUsed})
	}
	if service := n.e.Actor.InvokedBy; service != "" && n.e.Actor.Type != "AWSService" {
		n.add(Entity{Kind: KindService, ID: service, Part: PartUsed})
	}
}

// requested names what the request is about, by the table of what each service calls its things.
func (n *namer) requested() {
	service, _, _ := strings.Cut(n.e.Source, ".")
	// Forty rows are walked for each record that somebody looks at, not for each that is judged.
	for _, row := range requestNames {
		if row.service != service && row.service != "" {
			continue
		}
		n.f.obj("requestParameters").each(row.path, func(value string) {
			if e, ok := n.entity(row, value); ok {
				e.Part = n.acted()
				n.add(e)
			}
		})
	}
}

// listed reads the record's resources[]: {ARN, accountId, type}.
func (n *namer) listed() {
	list, _ := n.f.at("resources").([]any)
	for _, item := range list {
		object, _ := item.(map[string]any)
		r := fields(object)
		arn := cmp.Or(r.str("ARN"), r.str("arn"))
		// A session is named with its stable id elsewhere in the record; by ARN it would be a second one.
		if arn == "" || r.str("type") == "AWS::STS::AssumedRole" {
			continue
		}
		e := EntityOfARN(arn)
		e.Account = cmp.Or(e.Account, r.str("accountId"))
		e.Part = n.acted()
		n.add(e)
	}
}

// EntityOfARN makes an entity of an ARN: its kind from the service and the resource type in it, its id the ARN, or the
// name or id in it where that alone is unique (buckets, instances). Anything else is a resource.
func EntityOfARN(arn string) Entity {
	e := Entity{Kind: KindResource, ID: arn, ARN: arn, Account: accountOfARN(arn), Name: lastOfARN(arn)}
	// Six parts: resource names may hold colons themselves.
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return e
	}
	service, rest := parts[2], parts[5]
	e.Region = parts[3]
	kind, _, _ := strings.Cut(rest, "/")
	switch {
	case service == "s3" && !strings.Contains(rest, "/"):
		e.Kind, e.ID, e.Name = KindBucket, rest, ""
	case service == "iam" && rest == "root":
		e.Kind, e.ID, e.Name = KindRoot, e.Account, "root"
	case service == "iam" && kind == "user":
		e.Kind = KindUser
	case service == "iam" && kind == "role":
		e.Kind = KindRole
	case service == "iam" && kind == "group":
		e.Kind = KindGroup
	case service == "iam" && kind == "policy":
		e.Kind = KindPolicy
	case service == "sts" && kind == "assumed-role":
		e.Kind = KindSession
	case service == "sts" && kind == "federated-user":
		e.Kind, e.ID = KindFederated, e.Account+":"+e.Name
	case service == "ec2" && kind == "instance":
		e.Kind, e.ID, e.Name = KindInstance, e.Name, ""
	case service == "secretsmanager" && strings.HasPrefix(rest, "secret:"):
		e.Kind, e.Name = KindSecret, secretName(rest)
	}
	return e
}

// secretName takes the six random characters off that Secrets Manager puts behind a secret's name in its ARN.
func secretName(rest string) string {
	name := strings.TrimPrefix(rest, "secret:")
	if i := len(name) - 7; i > 0 && name[i] == '-' {
		return name[:i]
	}
	return name
}

// arnPart is "" for anything that is no ARN, so that parts of garbage are never taken for an account.
func arnPart(arn string, i int) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return ""
	}
	return parts[i]
}

func partitionOfARN(arn string) string { return arnPart(arn, 1) }

// accountOfARN is the twelve digits; "aws", the owner of managed policies, is no account.
func accountOfARN(arn string) string {
	account := arnPart(arn, 4)
	if strings.Trim(account, "0123456789") != "" {
		return ""
	}
	return account
}

// lastOfARN is the name at the end: behind the last slash, or the last colon where there is none.
func lastOfARN(arn string) string {
	rest := arnPart(arn, 5)
	return rest[strings.LastIndexAny(rest, "/:")+1:]
}

// roleOfSessionARN reads the role's name out of arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION.
func roleOfSessionARN(arn string) string {
	parts := strings.Split(arnPart(arn, 5), "/")
	if len(parts) < 3 || parts[0] != "assumed-role" {
		return ""
	}
	return parts[len(parts)-2]
}

// partitionOfRegion follows the region names of AWS's partitions; an unknown one is the commercial partition's.
func partitionOfRegion(region string) string {
	prefixes := []struct{ prefix, partition string }{
		{"cn-", "aws-cn"}, {"us-gov-", "aws-us-gov"}, {"us-iso-", "aws-iso"}, {"us-isob-", "aws-iso-b"}, {"eusc-", "aws-eusc"},
	}
	i := slices.IndexFunc(prefixes, func(p struct{ prefix, partition string }) bool { return strings.HasPrefix(region, p.prefix) })
	if i < 0 {
		return "aws"
	}
	return prefixes[i].partition
}
