package incident

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/quell-ir/quell"
)

// titleWidth keeps titles on one line of a terminal.
const titleWidth = 80

// titleOf says in one line what happened to whom. "Leaked" is said only where a finding says the key is public.
func titleOf(findings []quell.Finding, subject quell.Entity) string {
	if key, ok := exposedKey(findings); ok {
		title := "Leaked access key " + key
		if subject.Kind != quell.KindAccessKey && subject.ID != "" {
			title += " of " + Name(subject)
		}
		return quell.Cut(title, titleWidth)
	}
	worst := findings[0]
	for _, f := range findings[1:] {
		if f.Severity > worst.Severity {
			worst = f
		}
	}
	tail := ""
	if subject.ID != "" {
		tail = ": " + Name(subject)
	}
	if more := len(findings) - 1; more > 0 {
		tail += fmt.Sprintf(" (+%d more)", more)
	}
	tail = quell.Cut(tail, titleWidth/2)
	// The verdict gives way to the subject: a title that ends before the name tells nobody whose phone to ring.
	head := quell.Cut(cmp.Or(strings.TrimSpace(worst.Title), worst.Rule, "Suspicious activity"), titleWidth-len([]rune(tail)))
	return head + tail
}

func exposedKey(findings []quell.Finding) (string, bool) {
	for _, f := range findings {
		if !f.Exposed {
			continue
		}
		for _, e := range f.Entities {
			if e.Kind == quell.KindAccessKey && e.Part != quell.PartMade {
				return e.ID, true
			}
		}
	}
	return "", false
}

// Name is what people call an entity: "user alice", "role session Admin/bob", "bucket invoices". It is cleaned.
func Name(e quell.Entity) string {
	noun := map[quell.EntityKind]string{
		quell.KindSession: "role session", quell.KindAccessKey: "access key", quell.KindFederated: "federated user",
		quell.KindRoot: "root user of account",
	}[e.Kind]
	name := cmp.Or(e.Name, e.ID)
	if e.Kind == quell.KindAccessKey || e.Kind == quell.KindRoot {
		name = e.ID
	}
	return quell.Clean(cmp.Or(noun, string(e.Kind)) + " " + name)
}
