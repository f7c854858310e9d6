package hunt

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/quell-ir/quell"
)

// Noise is what the rules make of work in which nobody means harm.
type Noise struct {
	Events int64 `json:"events"`
	// Findings are those of medium severity and above; Incidents are all that a hunt would list, low ones too.
	Findings  int `json:"findings"`
	Incidents int `json:"incidents"`
	// PerMillion is Findings per million events; PerDay is Incidents per day and hundred accounts.
	PerMillion float64    `json:"findings_per_million"`
	PerDay     float64    `json:"incidents_per_day"`
	Rules      []RuleHits `json:"rules"`
}

// RuleHits is a rule with its findings, most first. An example tells what it took for bad.
type RuleHits struct {
	Rule     string         `json:"rule"`
	Title    string         `json:"title"`
	Severity quell.Severity `json:"severity"`
	Hits     int            `json:"hits"`
	Example  string         `json:"example"`
}

// The goals: what a team of a few people can look at and still believe.
const (
	NoiseGoalFindings  = 20 // medium or higher, per million events
	NoiseGoalIncidents = 3  // per day and hundred accounts
)

// noiseBatch is how many records are judged at once.
const noiseBatch = 1000

// MeasureNoise judges a stretch of ordinary work, which each hands over record by record, and counts. The hunter should be
// fresh. Days and accounts say how much work it was; a record that cannot be read is an error, for then the count is worth nothing.
func MeasureNoise(h *Hunter, days, accounts int, each func(emit func(record []byte) error) error) (Noise, error) {
	batch, held := []byte{'['}, 0
	judge := func() error {
		if held == 0 {
			return nil
		}
		batch[len(batch)-1] = ']'
		err := h.Records([]json.RawMessage{batch}, "ordinary work")
		batch, held = batch[:1], 0
		return err
	}
	err := each(func(record []byte) error {
		batch, held = append(append(batch, record...), ','), held+1
		if held < noiseBatch {
			return nil
		}
		return judge()
	})
	if err == nil {
		err = judge()
	}
	if err != nil {
		return Noise{}, fmt.Errorf("measure noise: %w", err)
	}
	r := h.Result()
	if len(r.Skipped) > 0 {
		return Noise{}, fmt.Errorf("measure noise: %d records could not be read, the first %s", len(r.Skipped), quell.Clean(r.Skipped[0].Why))
	}
	return countNoise(r, days, accounts), nil
}

func countNoise(r Result, days, accounts int) Noise {
	n := Noise{Events: r.Events, Incidents: len(r.Incidents), Rules: []RuleHits{}}
	at := map[string]int{}
	for _, f := range r.Findings {
		if f.Severity >= quell.Medium {
			n.Findings++
		}
		i, ok := at[f.Rule]
		if !ok {
			i = len(n.Rules)
			at[f.Rule] = i
			n.Rules = append(n.Rules, RuleHits{Rule: f.Rule, Title: f.Title, Severity: f.Severity, Example: tellEvent(f)})
		}
		n.Rules[i].Hits++
	}
	slices.SortFunc(n.Rules, func(a, b RuleHits) int { return cmp.Or(cmp.Compare(b.Hits, a.Hits), cmp.Compare(a.Rule, b.Rule)) })
	n.PerMillion = float64(n.Findings) * 1e6 / float64(max(n.Events, 1))
	n.PerDay = float64(n.Incidents) / float64(max(days, 1)) * 100 / float64(max(accounts, 1))
	return n
}

func tellEvent(f quell.Finding) string {
	if len(f.Seen) == 0 {
		return ""
	}
	e := f.Seen[0]
	return quell.Clean(e.Name + " by " + e.Actor.ARN)
}
