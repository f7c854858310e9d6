package main

import (
	"net/netip"

	"github.com/quell-ir/quell"
)

// ocsfEvidences are the events judged: who called what from where, and what came of it.
func ocsfEvidences(f quell.Finding) []object {
	var out []object
	for _, e := range f.Seen {
		evidence := object{}.with("actor", ocsfActor(e)).with("src_endpoint", ocsfEndpoint(e.SourceIP))
		if e.Name != "" {
			api := object{}.with("operation", e.Name).with("service", object{}.with("name", e.Source)).
				with("response", object{}.with("error", e.ErrorCode))
			evidence.with("api", api)
		}
		// Evidence may hold free data: it is where somebody finds the record itself again.
		data := object{}.with("eventID", e.ID).with("eventTime", e.Time).with("userAgent", e.UserAgent).with("origin", e.Origin)
		out = append(out, evidence.with("data", data))
	}
	return out
}

// ocsfActor is empty for an event without one, such as a flow of packets.
func ocsfActor(e quell.Event) object {
	a := e.Actor
	user := object{}.with("name", a.Name).with("uid", a.Principal).with("uid_alt", a.ARN).with("credential_uid", a.AccessKey).
		with("account", ocsfAccount(a.Account))
	if len(user) > 0 {
		user.with("type", a.Type) // CloudTrail's, as AWS's own mapping of CloudTrail to OCSF has it
		user["type_id"] = ocsfUserType(a.Type)
	}
	session := object{}.with("issuer", a.IssuerARN)
	if a.MFA { // CloudTrail leaves it out where it does not know, so false would be a claim
		session.with("is_mfa", true)
	}
	return object{}.with("user", user).with("session", session).with("invoked_by", a.InvokedBy)
}

// ocsfUserType is user.type_id: 1 a user, 2 an administrator, 3 a system, 99 none of these.
func ocsfUserType(kind string) int {
	switch kind {
	case "":
		return 0
	case "IAMUser", "IdentityCenterUser":
		return 1
	case "Root":
		return 2
	case "AWSService":
		return 3
	}
	return 99
}

// ocsfEndpoint tells addresses from the names of services that CloudTrail writes in their place.
func ocsfEndpoint(source string) object {
	if _, err := netip.ParseAddr(source); err == nil {
		return object{"ip": source}
	}
	return object{}.with("svc_name", source)
}

// ocsfObservables are what an analyst pivots on, with where in the record it stands. The numbers are those of the schema's
// observable types: 2 an address, 10 a resource, 19 a credential.
func ocsfObservables(f quell.Finding) []object {
	var out []object
	seen := map[string]bool{}
	add := func(number int, kind, name, value string) {
		// An address that made a thousand calls is one thing to pivot on.
		if value == "" || seen[name+value] {
			return
		}
		seen[name+value] = true
		out = append(out, object{"type_id": number}.with("type", kind).with("name", name).with("value", value))
	}
	for _, e := range f.Seen {
		if _, err := netip.ParseAddr(e.SourceIP); err == nil {
			add(2, "IP Address", "evidences[].src_endpoint.ip", e.SourceIP)
		}
		add(19, "User Credential ID", "evidences[].actor.user.credential_uid", e.Actor.AccessKey)
	}
	for _, e := range f.Entities {
		if e.Kind != quell.KindIP && e.Kind != quell.KindService {
			add(10, "Resource UID", "resources[].uid", e.ID)
		}
	}
	return out
}
