package call

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/quell-ir/quell"
)

// Catalogue finds definitions by operation. It is made from what the actions declare; nothing registers itself.
type Catalogue map[string]*Definition

// Add puts definitions in. Two different definitions of one operation are a programming error.
func (c Catalogue) Add(definitions ...*Definition) error {
	for _, d := range definitions {
		if have, ok := c[d.Op]; ok && have != d {
			return fmt.Errorf("operation %s is defined twice", d.Op)
		}
		c[d.Op] = d
		if d.edit != nil {
			related := []*Definition{d.edit.Read}
			if d.edit.Delete != nil {
				related = append(related, d.edit.Delete)
			}
			if err := c.Add(related...); err != nil {
				return err
			}
		}
	}
	return nil
}

// Sent is the outcome of sending a call once.
type Sent struct {
	RequestID string
	Outputs   json.RawMessage
	Before    json.RawMessage
	After     json.RawMessage
	Lost      []string
	// AlreadyDone says that the service refused because the effect is there.
	AlreadyDone bool
}

// Send sends one call whose input is filled. keep names the outputs to return.
func (c Catalogue) Send(ctx context.Context, cfg aws.Config, call quell.Call) (Sent, error) {
	d, ok := c[call.Op]
	if !ok {
		return Sent{}, fmt.Errorf("no definition of %s in this build: %w", call.Op, errNeverLeft)
	}
	if call.Edit != nil {
		if d.edit == nil {
			return Sent{}, fmt.Errorf("%s cannot be edited: %w", call.Op, errNeverLeft)
		}
		reply, err := d.sendEdit(ctx, cfg, call.Input, *call.Edit)
		return Sent{RequestID: reply.RequestID, Before: reply.Before, After: reply.After, Lost: reply.Lost}, err
	}
	reply, err := d.send(ctx, cfg, call.Input)
	if err != nil {
		if slices.Contains(d.DoneOn, Code(err)) {
			return Sent{RequestID: reply.RequestID, AlreadyDone: true}, nil
		}
		return Sent{RequestID: reply.RequestID}, err
	}
	outputs, err := pick(reply.Output, call.Keep)
	return Sent{RequestID: reply.RequestID, Outputs: outputs}, err
}

// pick takes the values at JSON pointers out of a document, keyed by pointer.
func pick(doc json.RawMessage, pointers []string) (json.RawMessage, error) {
	if len(pointers) == 0 || len(doc) == 0 {
		return nil, nil
	}
	var tree any
	if err := json.Unmarshal(doc, &tree); err != nil {
		return nil, fmt.Errorf("decode output: %w", err)
	}
	out := make(map[string]any, len(pointers))
	for _, p := range pointers {
		if v, ok := quell.At(tree, p); ok {
			out[p] = v
		}
	}
	return json.Marshal(out)
}

// The fill-ins an input may hold. They are filled when a call is sent, and the digest covers them unfilled.
const (
	FillNow    = "${now}"    // the instant of sending, RFC 3339 in UTC, as IAM conditions take it
	FillToken  = "${token}"  // a value that is the same for the same call of the same step
	FillSecret = "${secret}" // a new secret, recorded as a reference only
)

// FillInverse prepares a call that takes another back. What it puts back is what was there, byte for byte: a policy may
// hold the text ${now}, and one of an intruder's will. Only a field that is a fill-in as a whole, such as a new password,
// is filled.
func FillInverse(call quell.Call, token string, secret func() (string, error)) (send, record quell.Call, err error) {
	send, record = call, call
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(call.Input, &fields); err != nil {
		return send, record, fmt.Errorf("decode input of %s: %w", call.Op, err)
	}
	whole := func(fill string) []string {
		var names []string
		for name, value := range fields {
			var text string
			if json.Unmarshal(value, &text) == nil && text == fill {
				names = append(names, name)
			}
		}
		return names
	}
	set := func(names []string, value string) (json.RawMessage, error) {
		filled := maps.Clone(fields)
		for _, name := range names {
			text, err := json.Marshal(value)
			if err != nil {
				return nil, err
			}
			filled[name] = text
		}
		fields = filled
		return json.Marshal(filled)
	}
	tokens, secrets := whole(FillToken), whole(FillSecret)
	if len(tokens) > 0 {
		if record.Input, err = set(tokens, token); err != nil {
			return send, record, err
		}
		send.Input = record.Input
	}
	if len(secrets) > 0 {
		value, err := secret()
		if err != nil {
			return send, record, fmt.Errorf("make secret for %s: %w", call.Op, err)
		}
		if send.Input, err = set(secrets, value); err != nil {
			return send, record, err
		}
	}
	return send, record, nil
}

// Fill replaces the fill-ins. The secret function is asked only where the input holds one; the recorded form keeps
// ${secret}.
func Fill(call quell.Call, now time.Time, token string, secret func() (string, error)) (send, record quell.Call, err error) {
	stamp := now.UTC().Format("2006-01-02T15:04:05Z")
	fill := func(in []byte) []byte {
		out := bytes.ReplaceAll(in, []byte(FillNow), []byte(stamp))
		return bytes.ReplaceAll(out, []byte(FillToken), []byte(token))
	}
	send, record = call, call
	record.Input = fill(call.Input)
	if call.Edit != nil {
		edit := quell.Edit{Remove: call.Edit.Remove}
		for _, e := range call.Edit.Add {
			edit.Add = append(edit.Add, fill(e))
		}
		send.Edit, record.Edit = &edit, &edit
	}
	send.Input = record.Input
	if bytes.Contains(record.Input, []byte(FillSecret)) {
		value, err := secret()
		if err != nil {
			return send, record, fmt.Errorf("make secret for %s: %w", call.Op, err)
		}
		quoted, err := json.Marshal(value)
		if err != nil {
			return send, record, err
		}
		// Only the outer quotes go: a secret may itself end in one.
		send.Input = bytes.ReplaceAll(record.Input, []byte(FillSecret), quoted[1:len(quoted)-1])
	}
	return send, record, nil
}

// Permissions returns the IAM actions that calls and their alternatives and inverses need, sorted.
func (c Catalogue) Permissions(calls []quell.Call) []string {
	set := map[string]bool{}
	add := func(op string) {
		if d, ok := c[op]; ok {
			for _, a := range d.Actions {
				set[a] = true
			}
		} else if strings.Contains(op, ":") {
			set[op] = true
		}
	}
	for _, call := range calls {
		for n := 0; n <= len(call.Else); n++ {
			way, _ := call.Way(n)
			add(way.Op)
			if way.Undo != nil {
				add(way.Undo.Op)
				for _, then := range way.Undo.Then {
					add(then.Op)
				}
			}
		}
	}
	out := make([]string, 0, len(set))
	for a := range set {
		out = append(out, a)
	}
	slices.Sort(out)
	return out
}
