package respond

import (
	"context"
	"slices"
)

// judgePermissions says of each step which permissions the acting identity is known to lack, before anything is sent.
// What cannot be judged is unknown, and shows when the call is made.
func (d *Desk) judgePermissions(ctx context.Context, out *Outcome) {
	if d.Simulate == nil || d.Self == "" {
		return
	}
	var needed []string
	for _, p := range out.Plan.Steps {
		needed = append(needed, d.Actions.Calls.Permissions(p.Calls)...)
	}
	if len(needed) == 0 {
		return
	}
	slices.Sort(needed)
	judged, _ := d.Simulate(ctx, d.Self, slices.Compact(needed))
	for i, p := range out.Plan.Steps {
		for _, permission := range d.Actions.Calls.Permissions(p.Calls) {
			if allowed, known := judged[permission]; known && !allowed {
				out.Plan.Steps[i].Missing = append(out.Plan.Steps[i].Missing, permission)
			}
		}
	}
}
