package respond

import (
	"context"

	"github.com/quell-ir/quell/incident"
	"github.com/quell-ir/quell/review"
)

// Review makes the report of an incident from its ledger.
func (d *Desk) Review(ctx context.Context, id string) (review.Report, error) {
	records, err := d.Log.Records(ctx, id, 0)
	if err != nil {
		return review.Report{}, err
	}
	if len(records) == 0 {
		return review.Report{}, unknown(id)
	}
	view, err := incident.Read(records)
	if err != nil {
		return review.Report{}, err
	}
	c := review.Case{Incident: view.Incident, Records: records, Odd: view.Odd, Now: d.Clock.Now()}
	for _, line := range incident.Timeline(view) {
		c.Timeline = append(c.Timeline, review.Moment(line))
	}
	scope, _ := view.Scope()
	for _, edge := range incident.BuildGraph(view.Incident.Subject, view.FindingList(), scope.Entities).Edges {
		c.Edges = append(c.Edges, review.Edge(edge))
	}
	return review.From(c)
}
