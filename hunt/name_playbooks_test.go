package hunt

import (
	"slices"
	"testing"

	"github.com/quell-ir/quell/plan"
	"github.com/quell-ir/quell/playbooks"
)

// TestPlaybooksAreNamedInOnePlace: what ships has the name that rules ask for it by, and no rule asks for anything else.
func TestPlaybooksAreNamedInOnePlace(t *testing.T) {
	names := PlaybookNames()
	if len(names) != 16 {
		t.Errorf("%d names, of 16 kinds of incident", len(names))
	}
	written, problems := plan.ReadPlaybooks(playbooks.Files)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, book := range written {
		if !slices.Contains(names, book.ID) {
			t.Errorf("the playbook %q is not in name_playbooks.go", book.ID)
		}
	}
	for _, r := range ownRules(t) {
		if book, given := r.Custom["playbook"].(string); given && !slices.Contains(names, book) {
			t.Errorf("%s: the playbook %q is none of %q", r.Path, book, names)
		}
	}
	c := Cover(ownRules(t), written)
	for _, book := range c.Playbooks {
		ships := false
		for _, w := range written {
			ships = ships || w.ID == book.ID
		}
		if book.Written != ships || book.Name == "" {
			t.Errorf("%+v, ships %v", book, ships)
		}
	}
	if len(c.Playbooks) != 16 {
		t.Errorf("%d playbooks in the coverage", len(c.Playbooks))
	}
}
