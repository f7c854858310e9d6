package source

import (
	"fmt"

	"github.com/quell-ir/quell"
)

// maxHeld is how many findings wait for somebody who takes them. Looking ahead meets at most a few hundred.
const maxHeld = 1000

// rowFindings are the findings among the rows of an export, such as Security Lake's tables of them.
type rowFindings struct {
	held []quell.Finding
	lost int
	take func(quell.Finding)
}

// read reads one row. The error says why it is no finding.
func (f *rowFindings) read(raw []byte) error {
	s := &subjectReader{name: "a row"}
	if err := s.value(raw, envelope{}, 0); err != nil {
		return err
	}
	for _, found := range s.subject.Findings {
		switch {
		case f.take != nil:
			f.take(found)
		case len(f.held) < maxHeld:
			f.held = append(f.held, found)
		default:
			f.lost++
		}
	}
	return nil
}

// give hands over what was met so far and whatever comes.
func (f *rowFindings) give(take func(quell.Finding)) {
	f.take = take
	for _, found := range f.held {
		take(found)
	}
	f.held = nil
}

// untaken says in a sentence what nobody has taken.
func (f *rowFindings) untaken() string {
	if f == nil || len(f.held)+f.lost == 0 {
		return ""
	}
	return fmt.Sprintf("%d findings, which were not asked for", len(f.held)+f.lost)
}

// TakeFindings gives the findings that lie among the document's records, as AWS's services judged them, while the Reader is
// read. To be called before reading; without it they are named as skipped.
func (d Document) TakeFindings(take func(quell.Finding)) {
	if d.findings != nil {
		d.findings.give(take)
	}
}
