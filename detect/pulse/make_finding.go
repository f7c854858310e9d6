package pulse

import (
	"fmt"
	"strings"
	"time"

	"github.com/quell-ir/quell"
)

// Rule is the rule that findings of a heartbeat name.
const Rule = "quell-heartbeat"

// Pipeline is what fell silent.
type Pipeline struct {
	// Place is what is followed, for people; Account and Region are those of the own calls, empty where none are made.
	Place, Account, Region string
	Span                   time.Duration
	Canary                 bool
}

// Finding is that of a silence. The same silence has the same id.
func (p Pipeline) Finding(n News) quell.Finding {
	what := "no record of a call of Quell's own"
	if !p.Canary {
		what = "no record at all"
	}
	since := "the last came at " + n.Since.UTC().Format(time.RFC3339)
	if n.Never {
		since = "nor has one since the hunt began"
		if p.Canary {
			since += ": a trail that records only writes, or an EventBridge rule without read-only events, never carries one"
		}
	}
	f := quell.Finding{
		ID: "f-" + quell.ShortHash(16, Rule, p.Place, p.Account, p.Region, n.Since.UTC().Format(time.RFC3339)), Rule: Rule,
		Title: "The log pipeline is silent", Severity: quell.High,
		Techniques: []string{"T1562.008"}, // impair defenses: disable or modify cloud logs
		Time:       n.Since, Account: p.Account, Region: p.Region, Entities: []quell.Entity{}, Events: []string{}, Source: "quell",
		Why: quell.Cut(fmt.Sprintf("From %s %s has come for %s; %s.", p.Place, what, Short(p.Span), since), 500),
	}
	if p.Account != "" {
		f.Entities = append(f.Entities, quell.Entity{Kind: quell.KindAccount, ID: p.Account, Account: p.Account, Part: quell.PartTarget})
	}
	return f
}

// Short writes a duration without the zeros that Go's own form ends with: 15m, not 15m0s.
func Short(d time.Duration) string {
	if d >= time.Minute {
		d = d.Round(time.Second)
	}
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
