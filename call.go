package quell

import "encoding/json"

// CallKind says what undo does with a call.
type CallKind string

// The kinds of calls.
const (
	// Reversible carries the call that takes it back.
	Reversible CallKind = "reversible"
	// Passing is a stop on the way: a later call's inverse takes it back.
	Passing CallKind = "passing"
	// Kept adds evidence or removes only the intruder's access; undo leaves it, unless the incident was dismissed as a
	// false alarm and the call carries an inverse.
	Kept CallKind = "kept"
	// Irreversible cannot be taken back; it needs approval by digest.
	Irreversible CallKind = "irreversible"
)

// Call is one API call as data: what is previewed, approved, signed, sent, recorded and undone. The digest covers it
// whole, with fill-ins (${now}, ${token}, ${secret}) unfilled.
type Call struct {
	// Op is service:Operation as the SDK names both: iam:UpdateAccessKey.
	Op      string          `json:"op"`
	Kind    CallKind        `json:"kind"`
	Account string          `json:"account"`
	Region  string          `json:"region"`
	Input   json.RawMessage `json:"input"`
	// Edit makes the call a read-merge-write of a whole document; Input then names the document only.
	Edit *Edit    `json:"edit,omitempty"`
	Undo *Inverse `json:"undo,omitempty"`
	// Touches are JSON pointers into the action's state that this call changes. Drift is judged on them, call by call.
	Touches []string `json:"touches,omitempty"`
	// Keep names the outputs worth recording, as JSON pointers into the response.
	Keep []string `json:"keep,omitempty"`
	// Else are the alternatives, tried in order while the error code is one of ElseOn.
	Else   []Call   `json:"else,omitempty"`
	ElseOn []string `json:"else_on,omitempty"`
	// Denies marks a call whose effect keeps live sessions out. Undo does not lift it before they must have ended.
	Denies *Deny `json:"denies,omitempty"`
}

// Inverse is the call that takes another back.
type Inverse struct {
	Op    string          `json:"op"`
	Input json.RawMessage `json:"input"`
	Edit  *Edit           `json:"edit,omitempty"`
	// Then are further inverses that must follow, in order (detach, then delete).
	Then []Inverse `json:"then,omitempty"`
}

// Edit changes elements of a document that the API only replaces whole: statements of a policy by Sid, addresses of a
// set. Ours is what we add and remove; everything else in the document belongs to others and must survive.
type Edit struct {
	// Add holds the elements that must be there, Remove the names (Sids) of those that must not.
	Add    []json.RawMessage `json:"add,omitempty"`
	Remove []string          `json:"remove,omitempty"`
}

// Deny says until when sessions that a deny keeps out may live.
type Deny struct {
	// Seconds after the deny took hold: 36 h for federation and session tokens, a role's maximum session for roles.
	Seconds int64 `json:"seconds"`
	// Who is kept out, for people.
	Who string `json:"who"`
}
