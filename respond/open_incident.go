package respond

import (
	"cmp"
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
	for try := 0; ; try++ {
		out, err := d.openAll(ctx, findings)
		if !errors.Is(err, errRaced) || try == openTries {
			return out, err
		}
	}
}

// errRaced says that another process opened the incident between our reading the ledger and our writing to it. Findings
// arrive twice within milliseconds, by two terminals or two ways of delivery; read again, they are the other's incident.
var errRaced = errors.New("another process opened the same incident at the same moment; try again")

const openTries = 5

func (d *Desk) openAll(ctx context.Context, findings []quell.Finding) ([]Opened, error) {
	known, err := d.Incidents(ctx)
	if err != nil {
		return nil, err
	}
	taken := map[string]bool{}
	for _, in := range known {
		taken[in.ID] = true
	}
	var out []Opened
	for _, cluster := range incident.Group(findings, known, incident.Options{}) {
		opened, err := d.openCluster(ctx, cluster, taken)
		if err != nil {
			return out, err
		}
		taken[opened.ID] = true
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

func (d *Desk) openCluster(ctx context.Context, c incident.Cluster, taken map[string]bool) (Opened, error) {
	opened := Opened{ID: c.Known, Also: c.Also, Refers: c.Refers}
	if c.Over {
		// The same finding on a closed incident is not news; what is new about it opens another.
		return opened, nil
	}
	if c.Known == "" {
		return d.openNew(ctx, c, opened, taken)
	}
	s, err := d.open(ctx, c.Known)
	if err != nil {
		return opened, err
	}
	err = s.addFindings(ctx, c.Findings)
	return opened, errors.Join(err, s.close(ctx))
}

func (d *Desk) openNew(ctx context.Context, c incident.Cluster, opened Opened, taken map[string]bool) (Opened, error) {
	in := incident.Open(c, d.Clock.Now())
	id, err := d.freeID(ctx, in, taken)
	if err != nil {
		return opened, err
	}
	in.ID, opened.ID, opened.New = id, id, true
	lease, err := d.acquire(ctx, id)
	if err != nil {
		return opened, err
	}
	s := &session{desk: d, lease: lease}
	// Whoever had the lease before us may have opened it and gone.
	if size, err := d.Log.Size(ctx, id); err != nil || size > 0 {
		return opened, errors.Join(cmp.Or(err, errRaced), s.close(ctx))
	}
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

// freeID returns the incident's own id, or where an incident known to be over has it already the next of its family. An id
// that nobody knew of a moment ago is another process's incident for the same findings.
func (d *Desk) freeID(ctx context.Context, in quell.Incident, taken map[string]bool) (string, error) {
	id := in.ID
	for n := 2; ; n++ {
		size, err := d.Log.Size(ctx, id)
		if err != nil {
			return "", fmt.Errorf("look for incident %s: %w", id, err)
		}
		if size == 0 {
			return id, nil
		}
		if !taken[id] {
			return "", errRaced
		}
		id = fmt.Sprintf("%s-%d", in.ID, n)
	}
}

func (s *session) addFindings(ctx context.Context, findings []quell.Finding) error {
	before := s.view.FindingList()
	for _, f := range findings {
		if slices.Contains(s.view.Incident.Findings, f.ID) {
			continue
		}
		if err := s.record(ctx, quell.RecordFinding, f); err != nil {
			return err
		}
	}
	// Findings that mean little one by one may together be an intrusion on its way.
	if change, ok := incident.Escalate(before, s.view.FindingList(), s.view.Incident.Severity); ok {
		return s.record(ctx, quell.RecordChanged, change)
	}
	return nil
}
