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

// UndoneBy makes the call reversible by another of the same account and region.
func (c Call) UndoneBy(inverse Call) Call {
	c.Kind = Reversible
	c.Undo = &Inverse{Op: inverse.Op, Input: inverse.Input, Edit: inverse.Edit}
	return c
}

// ThenUndoneBy adds a further inverse that follows the first.
func (c Call) ThenUndoneBy(inverse Call) Call {
	undo := *c.Undo
	undo.Then = append(append([]Inverse(nil), undo.Then...), Inverse{Op: inverse.Op, Input: inverse.Input, Edit: inverse.Edit})
	c.Undo = &undo
	return c
}

// AsKept makes undo leave the call in place, save after a false alarm.
func (c Call) AsKept() Call {
	c.Kind = Kept
	return c
}

// AsIrreversible marks a call that cannot be taken back.
func (c Call) AsIrreversible() Call {
	c.Kind = Irreversible
	c.Undo = nil
	return c
}

// AsPassing marks a call that a later call's inverse takes back.
func (c Call) AsPassing() Call {
	c.Kind = Passing
	return c
}

// Touching names the parts of the action's state that the call changes, as JSON pointers.
func (c Call) Touching(pointers ...string) Call {
	c.Touches = append(append([]string(nil), c.Touches...), pointers...)
	return c
}

// Keeping names outputs to record, as JSON pointers into the response.
func (c Call) Keeping(pointers ...string) Call {
	c.Keep = append(append([]string(nil), c.Keep...), pointers...)
	return c
}

// Or adds an alternative that is taken when the call, or the alternative before, fails with one of the codes.
func (c Call) Or(alternative Call, codes ...string) Call {
	c.Else = append(append([]Call(nil), c.Else...), alternative)
	c.ElseOn = append(append([]string(nil), c.ElseOn...), codes...)
	return c
}

// KeepingOut marks the call as a deny over sessions that may live for some seconds more.
func (c Call) KeepingOut(who string, seconds int64) Call {
	c.Denies = &Deny{Seconds: seconds, Who: who}
	return c
}

// Way returns the call itself for 0 and its alternatives after.
func (c Call) Way(n int) (Call, bool) {
	if n == 0 {
		c.Else, c.ElseOn = nil, nil
		return c, true
	}
	if n < 0 || n > len(c.Else) {
		return Call{}, false
	}
	return c.Else[n-1], true
}
