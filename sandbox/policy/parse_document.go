package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Document is one policy, read. ID and Type say where it came from, for people and for the simulator.
type Document struct {
	ID   string
	Type string
	// Statements in the order written; order has no meaning to a decision.
	Statements []Statement
}

// Statement is one Allow or Deny.
type Statement struct {
	Sid   string
	Allow bool

	actions      []string // lower case: actions know no case
	notActions   []string
	resources    []string
	notResources []string
	principals   []principal
	notPrincipal []principal
	conditions   []condition
}

type principal struct{ kind, value string }

// Kind says which elements a document must have.
type Kind int

// The kinds of documents.
const (
	Identity Kind = iota // Resource, no Principal
	Resource             // Resource and Principal
	Trust                // Principal, no Resource
)

// ErrMalformed is in the chain of every error of Parse.
var ErrMalformed = errors.New("malformed policy document")

// list is a string or a list of them; conditions may hold numbers and truth values, which AWS reads as strings.
type list []string

func (l *list) UnmarshalJSON(data []byte) error {
	var many []json.RawMessage
	if bytes.HasPrefix(data, []byte("[")) {
		if err := json.Unmarshal(data, &many); err != nil {
			return fmt.Errorf("read list: %w", err)
		}
	} else {
		many = []json.RawMessage{data}
	}
	for _, one := range many {
		var text string
		switch {
		case len(one) > 0 && one[0] == '"':
			if err := json.Unmarshal(one, &text); err != nil {
				return fmt.Errorf("read text: %w", err)
			}
		case len(one) > 0 && (one[0] == '{' || one[0] == '[' || one[0] == 'n'):
			return fmt.Errorf("value %.40q is neither text nor a number", one)
		default:
			text = string(one)
		}
		*l = append(*l, text)
	}
	return nil
}

type rawStatement struct {
	Sid                     string
	Effect                  string
	Action, NotAction       list
	Resource, NotResource   list
	Principal, NotPrincipal json.RawMessage
	Condition               map[string]map[string]list
}

// Parse reads a document of the given kind. Its errors wrap ErrMalformed and name the statement by its place.
func Parse(text string, kind Kind) (*Document, error) {
	var raw struct {
		Version   string
		ID        string `json:"Id"`
		Statement json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if raw.Version != "" && raw.Version != "2012-10-17" && raw.Version != "2008-10-17" {
		return nil, fmt.Errorf("%w: version %q", ErrMalformed, raw.Version)
	}
	var statements []rawStatement
	if bytes.HasPrefix(raw.Statement, []byte("{")) {
		statements = make([]rawStatement, 1)
		if err := json.Unmarshal(raw.Statement, &statements[0]); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
	} else if len(raw.Statement) > 0 {
		if err := json.Unmarshal(raw.Statement, &statements); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
	}
	if len(statements) == 0 {
		return nil, fmt.Errorf("%w: no statement", ErrMalformed)
	}
	doc := &Document{Statements: make([]Statement, 0, len(statements))}
	for i, one := range statements {
		s, err := readStatement(one, kind)
		if err != nil {
			return nil, fmt.Errorf("%w: statement %d: %w", ErrMalformed, i+1, err)
		}
		doc.Statements = append(doc.Statements, s)
	}
	return doc, nil
}

func readStatement(raw rawStatement, kind Kind) (Statement, error) {
	s := Statement{
		Sid: raw.Sid, Allow: raw.Effect == "Allow",
		actions: lower(raw.Action), notActions: lower(raw.NotAction),
		resources: raw.Resource, notResources: raw.NotResource,
	}
	if raw.Effect != "Allow" && raw.Effect != "Deny" {
		return s, fmt.Errorf("effect %q", raw.Effect)
	}
	if (len(s.actions) == 0) == (len(s.notActions) == 0) {
		return s, errors.New("needs Action or NotAction")
	}
	for _, action := range append(append([]string{}, s.actions...), s.notActions...) {
		// AWS refuses an action without its service's prefix: such a statement would guard nothing.
		if action != "*" && !strings.Contains(action, ":") {
			return s, fmt.Errorf("action %q names no service", action)
		}
	}
	var err error
	if s.principals, err = readPrincipals(raw.Principal); err != nil {
		return s, err
	}
	if s.notPrincipal, err = readPrincipals(raw.NotPrincipal); err != nil {
		return s, err
	}
	named := len(s.principals)+len(s.notPrincipal) > 0
	if named == (kind == Identity) {
		return s, fmt.Errorf("principal present: %t", named)
	}
	located := len(s.resources)+len(s.notResources) > 0
	if located == (kind == Trust) || (len(s.resources) > 0 && len(s.notResources) > 0) {
		return s, fmt.Errorf("resource present: %t", located)
	}
	s.conditions, err = readConditions(raw.Condition)
	return s, err
}

func readPrincipals(data json.RawMessage) ([]principal, error) {
	if len(data) == 0 {
		return nil, nil
	}
	if data[0] == '"' {
		var star string
		if err := json.Unmarshal(data, &star); err != nil || star != "*" {
			return nil, fmt.Errorf("principal %.60s", data)
		}
		return []principal{{"AWS", "*"}}, nil
	}
	var kinds map[string]list
	if err := json.Unmarshal(data, &kinds); err != nil {
		return nil, fmt.Errorf("principal: %w", err)
	}
	var out []principal
	for kind, values := range kinds {
		switch kind {
		case "AWS", "Service", "Federated", "CanonicalUser":
		default:
			return nil, fmt.Errorf("principal type %q", kind)
		}
		for _, value := range values {
			out = append(out, principal{kind, value})
		}
	}
	if len(out) == 0 {
		return nil, errors.New("empty principal")
	}
	return out, nil
}

func lower(in []string) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = strings.ToLower(s)
	}
	return out
}

// Principals returns the AWS principals the document names in Principal and NotPrincipal: ARNs, ids, accounts or "*".
func (d *Document) Principals() []string {
	var out []string
	for _, s := range d.Statements {
		for _, group := range [][]principal{s.principals, s.notPrincipal} {
			for _, p := range group {
				if p.kind == "AWS" {
					out = append(out, p.value)
				}
			}
		}
	}
	return out
}
