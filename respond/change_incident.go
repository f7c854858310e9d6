package respond

import (
	"context"
	"errors"
	"fmt"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/incident"
)

// Change records a person's change to an incident: standing, severity, assignment, merge. A change that says what is so
// already records nothing.
func (d *Desk) Change(ctx context.Context, id string, change quell.Change) (err error) {
	s, err := d.open(ctx, id)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	change.From = was(s.view.Incident, change.What)
	err = incident.Next(s.view.Incident.Standing, change)
	if errors.Is(err, incident.ErrSame) {
		return nil
	}
	if err != nil {
		return err
	}
	if change.What == incident.ChangeMerge {
		if change.To == id {
			return &quell.Error{Code: quell.CodeUsage, What: "an incident cannot be merged into itself", Next: "name the other one"}
		}
		if err := d.takeOver(ctx, id, change.To, s); err != nil {
			return err
		}
	}
	return s.record(ctx, quell.RecordChanged, change)
}

// was is what a change would replace, for the rules of changes and for the record.
func was(in quell.Incident, what string) string {
	switch what {
	case incident.ChangeStanding:
		return string(in.Standing)
	case incident.ChangeSeverity:
		return in.Severity.String()
	case incident.ChangePhase:
		return string(in.Phase)
	}
	return ""
}

// takeOver gives the findings of one incident to another, before the one says that it was merged.
func (d *Desk) takeOver(ctx context.Context, from, into string, s *session) (err error) {
	heir, err := d.open(ctx, into)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, heir.close(ctx)) }()
	if heir.view.Incident.Standing == quell.Ended {
		return &quell.Error{Code: quell.CodeRefused, What: "incident " + into + " is closed", Next: "merge into an open one"}
	}
	if err := heir.addFindings(ctx, s.view.FindingList()); err != nil {
		return err
	}
	return heir.record(ctx, quell.RecordNote, quell.Note{Text: fmt.Sprintf("took over the findings of incident %s", from)})
}

// Note records a person's remark.
func (d *Desk) Note(ctx context.Context, id, text string) (err error) {
	s, err := d.open(ctx, id)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	return s.record(ctx, quell.RecordNote, quell.Note{Text: text})
}

// Close ends an incident: its ledger's size and root are written into the closing record.
func (d *Desk) Close(ctx context.Context, id, reason string) (err error) {
	s, err := d.open(ctx, id)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	change := quell.Change{What: incident.ChangeStanding, To: string(quell.Ended), Reason: reason}
	err = incident.Next(s.view.Incident.Standing, change)
	if errors.Is(err, incident.ErrSame) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.record(ctx, quell.RecordChanged, change); err != nil {
		return err
	}
	size, root, err := d.Log.Root(ctx, id)
	if err != nil {
		return fmt.Errorf("read the ledger's root: %w", err)
	}
	return s.record(ctx, quell.RecordClosed, quell.Closing{Reason: reason, Size: size, Root: root})
}
