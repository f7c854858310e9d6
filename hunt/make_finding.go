package hunt

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
)

// Found makes the finding of a rule on one record. Its id is the same for the same rule and event.
func Found(rule *detect.Rule, e quell.Event) quell.Finding {
	return quell.Finding{
		ID: "f-" + quell.ShortHash(16, rule.ID, e.ID), Rule: rule.ID, Title: rule.Title, Severity: rule.Level,
		Techniques: orEmpty(rule.Techniques), Time: e.Time, Account: e.Account, Region: e.Region,
		Entities: orEmpty(quell.MergeEntities(e.Resources, nil)), Events: []string{e.ID}, Source: "quell",
		Why: firstSentence(rule.Description), Seen: []quell.Event{slim(e)},
	}
}

// FoundTogether makes the finding of a correlation over several events.
func FoundTogether(hit detect.Hit) quell.Finding {
	f := quell.Finding{
		ID: "f-" + quell.ShortHash(16, hit.Rule.ID, hit.ID), Rule: hit.Rule.ID, Title: hit.Rule.Title, Severity: hit.Rule.Level,
		Techniques: orEmpty(hit.Rule.Techniques), Time: hit.First, Events: orEmpty(hit.Events), Source: "quell",
		Why: firstSentence(hit.Rule.Description), Entities: []quell.Entity{},
	}
	if hit.Parts > len(hit.Events) {
		f.Why += fmt.Sprintf(" %d events or more take part; the first %d are named.", hit.Parts, len(hit.Events))
	}
	for _, head := range hit.Seen {
		e, err := eventAt(head)
		if err != nil {
			continue // the rules could read it, a finding cannot; its id is among Events
		}
		f.Entities = quell.MergeEntities(f.Entities, e.Resources)
		f.Seen = append(f.Seen, slim(e))
		if f.Account == "" {
			f.Account, f.Region = e.Account, e.Region
		}
	}
	return f
}

// Named is the finding of a person who names whom to respond to.
func Named(text string, entities []quell.Entity, now time.Time) quell.Finding {
	f := quell.Finding{
		ID: "f-" + quell.ShortHash(16, "named", keys(entities)), Rule: "operator", Title: "Named by the operator: " + quell.Cut(text, 80),
		Severity: quell.High, Techniques: []string{}, Time: now, Entities: entities, Events: []string{}, Source: "operator",
	}
	for _, e := range entities {
		if f.Account == "" {
			f.Account = e.Account
		}
		if f.Region == "" {
			f.Region = e.Region
		}
	}
	return f
}

func keys(entities []quell.Entity) string {
	words := make([]string, 0, len(entities))
	for _, e := range entities {
		words = append(words, e.Key())
	}
	return strings.Join(words, " ")
}

// slim is an event's head without what a finding says itself.
func slim(e quell.Event) quell.Event {
	e.Raw = nil
	return e
}

// firstSentence is what fits into a line of a rule's description.
func firstSentence(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if i := strings.Index(text, ". "); i >= 0 {
		text = text[:i+1]
	}
	return quell.Cut(text, 300)
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// asEvent marks a head that is an event of ours; any other is a record of CloudTrail's as it was read.
const asEvent = '='

// headOf is the head by which a correlation keeps an event of a log beside CloudTrail.
func headOf(e quell.Event) ([]byte, error) {
	text, err := json.Marshal(slim(e))
	if err != nil {
		return nil, fmt.Errorf("keep event %s: %w", e.ID, err)
	}
	return append([]byte{asEvent}, text...), nil
}

// eventAt reads the head of an event in a hit.
func eventAt(head detect.Head) (e quell.Event, err error) {
	if len(head.Text) == 0 || head.Text[0] != asEvent {
		return eventOf(head.Text, head.Origin)
	}
	if err := json.Unmarshal(head.Text[1:], &e); err != nil {
		return e, fmt.Errorf("read an event kept: %w", err)
	}
	if head.Origin != "" {
		e.Origin = head.Origin // of two files that hold it, the one chosen
	}
	return e, nil
}

// eventOf reads a matched record. A record without an id gets one from its content, so that findings have names.
func eventOf(raw []byte, origin string) (quell.Event, error) {
	e, err := quell.ReadCloudTrail(raw)
	if err != nil {
		return e, fmt.Errorf("read the matching record in %s: %w", origin, err)
	}
	if e.ID == "" {
		e.ID = "sha256-" + quell.ShortHash(24, string(raw))
	}
	e.Origin = origin
	return e, nil
}
