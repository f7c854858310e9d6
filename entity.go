package quell

import (
	"cmp"
	"slices"
)

// EntityKind says what an Entity refers to. Kinds carry AWS's own nouns.
type EntityKind string

// The kinds of entities Quell knows. Values appear in JSON and in playbook conditions.
const (
	KindAccount   EntityKind = "account"
	KindRoot      EntityKind = "root"
	KindUser      EntityKind = "user"
	KindRole      EntityKind = "role"
	KindSession   EntityKind = "session"        // an assumed-role session, AROA...:name
	KindFederated EntityKind = "federated-user" // a GetFederationToken session, account:name
	KindAccessKey EntityKind = "access-key"
	KindGroup     EntityKind = "group"
	KindPolicy    EntityKind = "policy"
	KindBucket    EntityKind = "bucket"
	KindSecret    EntityKind = "secret"
	KindInstance  EntityKind = "instance"
	KindIP        EntityKind = "ip"
	KindService   EntityKind = "service" // an AWS service acting by itself, such as cloudformation.amazonaws.com
	KindResource  EntityKind = "resource"
)

// Part says how an entity takes part in an event, finding or incident.
type Part string

// The parts an entity can play.
const (
	PartActor  Part = "actor"  // it did something
	PartTarget Part = "target" // something was done to it
	PartMade   Part = "made"   // it came into being by the act
	PartUsed   Part = "used"   // it was a means: an assumed role, a source address
	PartRead   Part = "read"   // its content was read
	PartNamed  Part = "named"  // a call listed or described it, and neither read nor changed it
	// PartSuspect: it came into being by the subject's hand, at a time when that may still have been its owner's.
	PartSuspect Part = "suspect"
)

// Entity is a typed reference to something in an account, keyed by the id that does not change when things are renamed
// and recreated: AROA.../AIDA... for principals, AKIA.../ASIA... for keys, i-... for instances, an ARN, a bucket name.
// Where a source gives no stable id, ID holds the ARN.
type Entity struct {
	Kind    EntityKind `json:"kind"`
	ID      string     `json:"id"`
	Name    string     `json:"name,omitempty"`
	ARN     string     `json:"arn,omitempty"`
	Account string     `json:"account,omitempty"`
	Region  string     `json:"region,omitempty"`
	Part    Part       `json:"part,omitempty"`
	// Of is the id of the entity this one belongs to: the user of a key, the role of a session.
	Of string `json:"of,omitempty"`
}

// Key identifies the entity regardless of the part it plays.
func (e Entity) Key() string { return string(e.Kind) + "/" + e.ID }

// MergeEntities returns the union of both lists, sorted by kind, id and part. Of two mentions of the same entity in the
// same part, fields missing in one are filled from the other.
func MergeEntities(a, b []Entity) []Entity {
	type key struct {
		kind EntityKind
		id   string
		part Part
	}
	seen := make(map[key]int, len(a)+len(b))
	out := make([]Entity, 0, len(a)+len(b))
	for _, list := range [][]Entity{a, b} {
		for _, e := range list {
			k := key{e.Kind, e.ID, e.Part}
			i, ok := seen[k]
			if !ok {
				seen[k] = len(out)
				out = append(out, e)
				continue
			}
			have := &out[i]
			have.Name = cmp.Or(have.Name, e.Name)
			have.ARN = cmp.Or(have.ARN, e.ARN)
			have.Account = cmp.Or(have.Account, e.Account)
			have.Region = cmp.Or(have.Region, e.Region)
			have.Of = cmp.Or(have.Of, e.Of)
		}
	}
	slices.SortFunc(out, func(x, y Entity) int {
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.ID, y.ID), cmp.Compare(x.Part, y.Part))
	})
	return out
}
