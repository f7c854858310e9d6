package hunt

import (
	"slices"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect/pulse"
	"github.com/quell-ir/quell/incident"
	"github.com/quell-ir/quell/plan"
)

// Filter says which findings of a result are wanted. Zero fields take everything. What does not say its account or region is
// of none that could be left out.
type Filter struct {
	Since, Until      time.Time
	Accounts, Regions []string
	Minimum           quell.Severity
}

func (f Filter) takes(x quell.Finding) bool {
	// Where nothing comes any more, nothing comes of what is wanted either.
	if x.Rule == pulse.Rule {
		return true
	}
	return x.Severity >= f.Minimum &&
		(f.Since.IsZero() || !x.Time.Before(f.Since)) && (f.Until.IsZero() || !x.Time.After(f.Until)) &&
		(len(f.Accounts) == 0 || x.Account == "" || slices.Contains(f.Accounts, x.Account)) &&
		(len(f.Regions) == 0 || x.Region == "" || slices.Contains(f.Regions, x.Region))
}

// Kept are the findings wanted.
func (r Result) Kept(f Filter) []quell.Finding {
	kept := r.Findings[:0:0]
	for _, x := range r.Findings {
		if f.takes(x) {
			kept = append(kept, x)
		}
	}
	return kept
}

// Narrow keeps the findings wanted and groups them anew.
func (r Result) Narrow(f Filter, h *Hunter) Result {
	kept := r.Kept(f)
	if len(kept) == len(r.Findings) {
		return r
	}
	r.Findings = orEmpty(kept)
	r.Incidents = group(r.Findings, h)
	return r
}

// group makes incidents of findings, each with the playbook that answers it.
func group(findings []quell.Finding, h *Hunter) []quell.Incident {
	out := []quell.Incident{}
	var conditions plan.Compiled // there may be thousands of incidents
	for _, cluster := range incident.Group(findings, nil, incident.Options{}) {
		in := incident.Open(cluster, h.Clock.Now())
		if book, ok := plan.Choose(in, quell.Scope{}, h.Books, &conditions); ok {
			in.Playbook = book.ID
		}
		out = append(out, in)
	}
	return out
}
