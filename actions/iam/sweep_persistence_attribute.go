package iam

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
)

// includes is what the parameter include may hold. IAM's names have no other characters.
var includes = regexp.MustCompile(`^(user|role)/[\w+=,.@-]{1,64}$|^key/AKIA[A-Z0-9]{12,124}$`)

// words are the kinds as candidates and the parameter include name them.
const (
	wordUser   = "user"
	wordRole   = "role"
	wordKey    = "key"
	wordGroup  = "group"
	wordPolicy = "policy"
	wordLogin  = "login-profile"
	wordIdP    = "identity-provider"
	wordOther  = "resource"
)

// attribution says by what something counts as the intruder's; "" where nothing shows it.
type attribution struct {
	include  []string
	incident quell.Incident
	account  string
}

func attributing(in action.In[sweepParams, sweepState]) attribution {
	return attribution{include: in.With.Include, incident: in.Incident, account: firstOf(in.Target.Account, in.Target.ID)}
}

// made asks about a thing by its kind, id, name and ARN and by when it was made.
func (a attribution) made(word string, kind quell.EntityKind, id, name, arn, made string) string {
	if slices.Contains(a.include, word+"/"+name) || slices.Contains(a.include, word+"/"+id) {
		return "named in the parameter include"
	}
	for _, e := range a.incident.Pick(kind, quell.PartMade) {
		if a.same(e, id, name, arn, made) {
			return "the trail shows the intruder making it"
		}
	}
	return ""
}

// same says whether an entity of the incident is this very thing. An id of IAM's decides alone. Names and ARNs are given
// anew, so that they count only with a date that fits.
func (a attribution) same(e quell.Entity, id, name, arn, made string) bool {
	if e.ID == id {
		return true
	}
	if uniqueID.MatchString(e.ID) {
		return false
	}
	here := e.Account == "" || a.account == "" || e.Account == a.account
	named := arn != "" && (e.ARN == arn || e.ID == arn) || e.ARN == "" && !strings.HasPrefix(e.ID, "arn:") && nameOf(e) == name
	return here && named && sinceIncident(made, a.incident)
}

// uniqueID is an id that IAM gives once. Source: IAM user guide, IAM identifiers, "Unique identifiers".
var uniqueID = regexp.MustCompile(`^(AIDA|AROA|AKIA|AGPA|ANPA)[A-Z0-9]{8,}$`)

// touched says that the intruder did something to a thing that was there before.
func (a attribution) touched(kind quell.EntityKind, id, name, arn string) bool {
	return slices.ContainsFunc(a.incident.Pick(kind, quell.PartTarget), func(e quell.Entity) bool {
		here := e.Account == "" || a.account == "" || e.Account == a.account
		return e.ID == id || here && (arn != "" && (e.ARN == arn || e.ID == arn) || !uniqueID.MatchString(e.ID) && e.ARN == "" && nameOf(e) == name)
	})
}

// spared says why something is not neutralised though it is attributed: it is ours, or cannot be changed.
func spared(in action.In[sweepParams, sweepState], id, name, arn, heldBy string) string {
	for _, p := range in.Settings.Protected {
		if p != "" && slices.Contains([]string{id, name, arn}, p) {
			return fmt.Sprintf("protected by the setting %q: not touched", p)
		}
	}
	for _, r := range in.Settings.Responders {
		_, session := sessionOf(r, arn, name)
		if r == arn || session && strings.Contains(arn, ":role/") {
			return "Quell itself acts with it: not touched; answer with another identity"
		}
	}
	switch {
	case strings.Contains(arn, ":role/aws-service-role/"):
		return "a service-linked role, which nobody can change; contain the service's resource that uses it"
	case strings.Contains(arn, ":role/aws-reserved/"):
		return "a role of Identity Center, which cannot be changed here; remove the assignment there"
	case heldBy != "" && heldBy != in.Incident.ID:
		return fmt.Sprintf("another responder holds it (%s=%s): not touched; settle that incident first, or merge", action.TagKey, quell.Clean(heldBy))
	}
	return ""
}

func refuseSweep(in action.In[sweepParams, sweepState], _ sweepState) string {
	for _, name := range in.With.Include {
		if !includes.MatchString(name) {
			return fmt.Sprintf("parameter include holds %q; give user/NAME, role/NAME or key/AKIA...", quell.Clean(name))
		}
	}
	return ""
}
