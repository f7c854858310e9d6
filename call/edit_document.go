package call

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/quell-ir/quell"
)

// Document says how an operation that replaces a whole document is turned into an edit of some of its elements: what
// reads the document, where it stands in input and output, and how elements are named.
type Document struct {
	// Read answers with the document; its input has the same fields that name the document in the put.
	Read *Definition
	// Delete removes the document once no element is left; nil where an empty document may stay.
	Delete *Definition
	// Field holds the document, as JSON text, in the read's output and in the put's input.
	Field, OutField string
	// List is the document's list of elements, Name the field that tells them apart.
	List, Name string
	// Absent are error codes of the read that mean: there is no document yet.
	Absent []string
	// Empty is the document to start from where there is none.
	Empty string
}

// Edits makes an operation editable.
func Edits(doc Document) Trait {
	return func(d *Definition) {
		if doc.OutField == "" {
			doc.OutField = doc.Field
		}
		d.edit = &doc
		d.Actions = append(slices.Clone(d.Actions), doc.Read.Actions...)
		if doc.Delete != nil {
			d.Actions = append(d.Actions, doc.Delete.Actions...)
		}
	}
}

// Editing makes an edit of the operation's document, undone by the opposite edit. in names the document only.
func (o Op[In, Out]) Editing(in *In, add []json.RawMessage, remove []json.RawMessage) quell.Call {
	c := o.With(in)
	c.Edit = &quell.Edit{Add: add, Remove: o.edit.names(remove)}
	inverse := c
	inverse.Edit = &quell.Edit{Add: remove, Remove: o.edit.names(add)}
	return c.UndoneBy(inverse)
}

func (d *Document) names(elements []json.RawMessage) []string {
	var out []string
	for _, e := range elements {
		out = append(out, d.nameOf(e))
	}
	return out
}

func (d *Document) nameOf(element json.RawMessage) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(element, &fields) != nil {
		return ""
	}
	var name string
	if json.Unmarshal(fields[d.Name], &name) != nil {
		return ""
	}
	return name
}

// EditReply shows a document around an edit.
type EditReply struct {
	RequestID     string
	Before, After json.RawMessage // the whole document, null where there was none
	// Lost names elements of others that vanished between our read and our write's read-back: somebody wrote meanwhile.
	Lost []string
}

// ErrNotApplied says that the document read back lacks our change, though the write was accepted.
var ErrNotApplied = errors.New("the document read back does not hold the change")

// sendEdit reads the document, merges the elements, writes it, and reads back that ours and theirs are there. There is
// no lock on S3 policies, so a writer in between shows as a lost neighbour, which is reported rather than hidden.
func (d *Definition) sendEdit(ctx context.Context, cfg aws.Config, input []byte, edit quell.Edit) (EditReply, error) {
	doc := d.edit
	before, err := doc.steady(ctx, cfg, input)
	if err != nil {
		return EditReply{}, fmt.Errorf("read before %s: %w", d.Op, err)
	}
	merged, left, err := doc.merge(before, edit)
	if err != nil {
		return EditReply{}, err
	}
	reply := EditReply{Before: before}
	var sent Reply
	if left == 0 && doc.Delete != nil {
		sent, err = doc.Delete.send(ctx, cfg, input)
	} else {
		var whole []byte
		if whole, err = setField(input, doc.Field, string(merged)); err != nil {
			return reply, err
		}
		sent, err = d.send(ctx, cfg, whole)
	}
	reply.RequestID = sent.RequestID
	if err != nil {
		return reply, err
	}
	after, err := doc.get(ctx, cfg, input)
	if err != nil {
		return reply, fmt.Errorf("read back after %s: %w: %w", d.Op, errUnread, err)
	}
	reply.After = after
	ours, lost := doc.compare(before, after, edit)
	reply.Lost = lost
	if !ours {
		return reply, fmt.Errorf("%s: %w", d.Op, ErrNotApplied)
	}
	return reply, nil
}

// steady reads the document until two readings in a row agree, so that another writer's burst is waited out and only
// the instant between the last reading and the write is left to chance.
func (d *Document) steady(ctx context.Context, cfg aws.Config, input []byte) (json.RawMessage, error) {
	last, err := d.get(ctx, cfg, input)
	if err != nil {
		return nil, err
	}
	for range steadyTries {
		now, err := d.get(ctx, cfg, input)
		if err != nil {
			return nil, err
		}
		if canonical(now) == canonical(last) {
			return now, nil
		}
		last = now
	}
	return last, nil
}

// steadyTries bounds how often a document that keeps changing is read.
const steadyTries = 3

// get returns the document, nil where there is none.
func (d *Document) get(ctx context.Context, cfg aws.Config, input []byte) (json.RawMessage, error) {
	reply, err := d.Read.send(ctx, cfg, input)
	if err != nil {
		if slices.Contains(d.Absent, Code(err)) {
			return nil, nil
		}
		return nil, err
	}
	var out map[string]json.RawMessage
	if err := json.Unmarshal(reply.Output, &out); err != nil {
		return nil, fmt.Errorf("decode %s: %w", d.Read.Op, err)
	}
	var text string
	if err := json.Unmarshal(out[d.OutField], &text); err != nil {
		return nil, fmt.Errorf("decode %s of %s: %w", d.OutField, d.Read.Op, err)
	}
	return PolicyText(text)
}

// PolicyText turns a policy as AWS hands it out (IAM's are URL-encoded) into JSON; "" becomes nil.
func PolicyText(text string) (json.RawMessage, error) {
	if text == "" {
		return nil, nil
	}
	if text[0] == '%' {
		plain, err := url.QueryUnescape(text)
		if err != nil {
			return nil, fmt.Errorf("unescape policy: %w", err)
		}
		text = plain
	}
	if !json.Valid([]byte(text)) {
		return nil, errors.New("policy document is not JSON")
	}
	return json.RawMessage(text), nil
}

// elements splits a document; a single element outside a list, as IAM allows, counts as a list of one.
func (d *Document) elements(doc json.RawMessage) (map[string]json.RawMessage, []json.RawMessage, error) {
	if doc == nil {
		doc = json.RawMessage(d.Empty)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(doc, &fields); err != nil {
		return nil, nil, fmt.Errorf("decode document: %w", err)
	}
	raw := bytes.TrimSpace(fields[d.List])
	if len(raw) == 0 {
		return fields, nil, nil
	}
	if raw[0] == '{' {
		return fields, []json.RawMessage{raw}, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, nil, fmt.Errorf("decode %s: %w", d.List, err)
	}
	return fields, list, nil
}

// merge applies an edit and says how many elements are left.
func (d *Document) merge(doc json.RawMessage, edit quell.Edit) (json.RawMessage, int, error) {
	fields, list, err := d.elements(doc)
	if err != nil {
		return nil, 0, err
	}
	gone := append(slices.Clone(edit.Remove), d.names(edit.Add)...)
	kept := make([]json.RawMessage, 0, len(list)+len(edit.Add))
	for _, e := range list {
		if name := d.nameOf(e); name == "" || !slices.Contains(gone, name) {
			kept = append(kept, e)
		}
	}
	kept = append(kept, edit.Add...)
	if fields[d.List], err = json.Marshal(kept); err != nil {
		return nil, 0, err
	}
	merged, err := json.Marshal(fields)
	return merged, len(kept), err
}

// compare says whether ours is in after as the edit wants it, and which of the others' elements are gone.
func (d *Document) compare(before, after json.RawMessage, edit quell.Edit) (ours bool, lost []string) {
	_, old, err := d.elements(before)
	if err != nil {
		return false, nil
	}
	_, now, err := d.elements(after)
	if err != nil {
		return false, nil
	}
	present := make(map[string]bool, len(now))
	named := make(map[string]bool, len(now))
	for _, e := range now {
		present[canonical(e)] = true
		named[d.nameOf(e)] = true
	}
	ours = true
	for _, e := range edit.Add {
		ours = ours && present[canonical(e)]
	}
	for _, name := range edit.Remove {
		ours = ours && !named[name]
	}
	touched := append(slices.Clone(edit.Remove), d.names(edit.Add)...)
	for i, e := range old {
		name := d.nameOf(e)
		if name != "" && slices.Contains(touched, name) || present[canonical(e)] {
			continue
		}
		if name == "" {
			name = fmt.Sprintf("%s[%d]", d.List, i)
		}
		lost = append(lost, name)
	}
	return ours, lost
}

// canonical spells a document in one way. AWS stores policies with lists of one element as that element, so both
// spellings count as the same.
func canonical(raw json.RawMessage) string {
	var tree any
	if len(raw) == 0 || json.Unmarshal(raw, &tree) != nil {
		return string(raw)
	}
	text, err := quell.Canonical(single(tree))
	if err != nil {
		return string(raw)
	}
	return string(text)
}

// single replaces lists of one scalar by the scalar.
func single(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, item := range v {
			v[k] = single(item)
		}
	case []any:
		if len(v) == 1 {
			switch v[0].(type) {
			case map[string]any, []any:
			default:
				return v[0]
			}
		}
		for i, item := range v {
			v[i] = single(item)
		}
	}
	return v
}

func setField(input []byte, field, value string) ([]byte, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(input, &fields); err != nil {
		return nil, fmt.Errorf("decode input: %w", err)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	fields[field] = text
	return json.Marshal(fields)
}
