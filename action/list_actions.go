package action

import (
	"fmt"

	"github.com/quell-ir/quell/call"
)

// Catalogue finds actions by name.
type Catalogue struct {
	list []*Action
	by   map[string]*Action
	// Calls holds every operation that the actions use.
	Calls call.Catalogue
}

// NewCatalogue makes a catalogue. Two actions of one name, or two definitions of one operation, are an error.
func NewCatalogue(actions ...*Action) (*Catalogue, error) {
	c := &Catalogue{by: map[string]*Action{}, Calls: call.Catalogue{}}
	for _, a := range actions {
		if c.by[a.Name] != nil {
			return nil, fmt.Errorf("action %s is defined twice", a.Name)
		}
		c.by[a.Name] = a
		c.list = append(c.list, a)
		if err := c.Calls.Add(a.Writes...); err != nil {
			return nil, fmt.Errorf("action %s: %w", a.Name, err)
		}
	}
	return c, nil
}

// All lists the actions in the order they were given.
func (c *Catalogue) All() []*Action { return c.list }

// Find returns the action of that name.
func (c *Catalogue) Find(name string) (*Action, bool) {
	a, ok := c.by[name]
	return a, ok
}
