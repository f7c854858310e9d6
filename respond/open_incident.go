package respond

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/incident"
)

// Opened says which incident findings went to.
type Opened struct {
	ID string
	// New says that the incident did not exist before.
	New bool
	// Also are other open incidents that share entities with it; Refers closed ones.
	Also, Refers []string
}

// Open records findings: each cluster of them opens an incident or joins an open one. The same findings again change
// nothing. Nothing else is done before this is durable.
func (d *Desk) Open(ctx context.Context, findings []quell.Finding) ([]Opened, error) {
	if len(findings) == 0 {
		return nil, errors.New("open incident: no findings")
	}
	known, err := d.Incidents(ctx)
	if err != nil {
		return nil, err
	}
	var out []Opened
	for _, cluster := range incident.Group(findings, known, incident.Options{}) {
		opened, err := d.openCluster(ctx, cluster)
		if err != nil {
			return out, err
		}
		out = append(out, opened)
	}
	return out, nil
}

// Incidents reads every incident of the ledger, oldest first.
func (d *Desk) Incidents(ctx context.Context) ([]quell.Incident, error) {
	ids, err := d.Log.Incidents(ctx)
	if err != nil {
		return nil, fmt.Errorf("list incidents: %w", err)
	}
	out := make([]quell.Incident, 0, len(ids))
	for _, id := range ids {
		records, err := d.Log.Records(ctx, id, 0)
		if err != nil {
			return nil, fmt.Errorf("read incident %s: %w", id, err)
		}
		if len(records) == 0 {
			continue
		}
		view, err := incident.Read(records)
		if err != nil {
			return nil, fmt.Errorf("read incident %s: %w", id, err)
		}
		out = append(out, view.Incident)
	}
	slices.SortStableFunc(out, func(a, b quell.Incident) int { return a.Opened.Compare(b.Opened) })
	return out, nil
}

func (d *Desk) openCluster(ctx context.Context, c incident.Cluster) (Opened, error) {
	opened := Opened{ID: c.Known, Also: c.Also, Refers: c.Refers}
	if c.Over {
		// The same finding on a closed incident is not news; what is new about it opens another.
		return opened, nil
	}
	if c.Known == "" {
		return d.openNew(ctx, c, opened)
	}
	s, err := d.open(ctx, c.Known)
	if err != nil {
		return opened, err
	}
	err = s.addFindings(ctx, c.Findings)
	return opened, errors.Join(err, s.close(ctx))
}

func (d *Desk) openNew(ctx context.Context, c incident.Cluster, opened Opened) (Opened, error) {
	in := incident.Open(c, d.Clock.Now())
	id, err := d.freeID(ctx, in)
	if err != nil {
		return opened, err
	}
	in.ID, opened.ID, opened.New = id, id, true
	lease, err := d.acquire(ctx, id)
	if err != nil {
		return opened, err
	}
	s := &session{desk: d, lease: lease}
	if err := s.read(nil); err != nil {
		return opened, errors.Join(err, s.close(ctx))
	}
	records := []quell.Record{}
	add := func(kind quell.RecordKind, payload any) error {
		r, err := quell.NewRecord(id, kind, d.By, "", payload)
		records = append(records, r)
		return err
	}
	err = add(quell.RecordOpened, in)
	for _, f := range c.Findings {
		err = errors.Join(err, add(quell.RecordFinding, f))
	}
	for _, other := range c.Refers {
		err = errors.Join(err, add(quell.RecordNote, quell.Note{Text: "shares entities with the closed incident " + other}))
	}
	if err == nil {
		err = s.driver.Append(ctx, records...)
	}
	return opened, errors.Join(err, s.close(ctx))
}

// freeID returns the incident's own id, or where a closed incident has it already the next of its family.
func (d *Desk) freeID(ctx context.Context, in quell.Incident) (string, error) {
	id := in.ID
	for n := 2; ; n++ {
		size, err := d.Log.Size(ctx, id)
		if err != nil {
			return "", fmt.Errorf("look for incident %s: %w", id, err)
		}
		if size == 0 {
			return id, nil
		}
		id = fmt.Sprintf("%s-%d", in.ID, n)
	}
}

func (s *session) addFindings(ctx context.Context, findings []quell.Finding) error {
	for _, f := range findings {
		if slices.Contains(s.view.Incident.Findings, f.ID) {
			continue
		}
		if err := s.record(ctx, quell.RecordFinding, f); err != nil {
			return err
		}
	}
	return nil
}
