package hunt

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
)

// onceADay is the key under which a rule says that its matches of a day are one finding: a list of fields, of which the first
// that a record has tells what belongs together. Who left and whose pipeline goes on makes thousands of events, and one
// finding says all that a person needs to know.
const onceADay = "once_a_day_by"

// Bounds of folding: how many findings of this kind there may be, and how many events each of them shows.
const (
	maxFolds  = 20_000
	maxFolded = 5
)

// folds gather matches by rule, key and day. The outcome does not depend on the order of events, nor on how often each comes.
type folds struct {
	list map[string]*fold // by id of the finding
	full int64
}

// fold is one finding in the making. Events are the first of its day by time and id; more says that there were others.
type fold struct {
	rule   *detect.Rule
	id     string
	events []quell.Event
	more   bool
}

// foldBy gives the fields by which a rule wants its matches folded, nil for all other rules.
func foldBy(r *detect.Rule) []string {
	// A list that is none is no folding: the rule then tells of each match, which nobody can overlook.
	list, _ := r.Custom[onceADay].([]any)
	var out []string
	for _, field := range list {
		if text, ok := field.(string); ok {
			out = append(out, text)
		}
	}
	return out
}

// add puts an event to those of its day, and returns the fold if it is a new one.
func (f *folds) add(r *detect.Rule, by []string, e quell.Event) *fold {
	// A record with none of the fields belongs to nothing but itself: better a finding too many than one that hides another.
	key := cmp.Or(firstOf(e.Raw, by), e.ID)
	id := "f-" + quell.ShortHash(16, r.ID, key, e.Time.UTC().Format(time.DateOnly))
	at := f.list[id]
	fresh := at == nil
	if fresh {
		// Whoever can choose the key could ask for any number of findings.
		if len(f.list) >= maxFolds {
			f.full++
			return nil
		}
		if f.list == nil {
			f.list = map[string]*fold{}
		}
		at = &fold{rule: r, id: id}
		f.list[id] = at
	}
	// Without its record: of a thousand events five heads are kept.
	at.take(slim(e))
	if fresh {
		return at
	}
	return nil
}

// take keeps the first events. One that is there already changes nothing.
func (f *fold) take(e quell.Event) {
	i, found := slices.BinarySearchFunc(f.events, e, func(a, b quell.Event) int {
		return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.ID, b.ID))
	})
	if found {
		return
	}
	if f.events = slices.Insert(f.events, i, e); len(f.events) > maxFolded {
		f.events, f.more = f.events[:maxFolded], true
	}
}

// finding is what the fold tells so far. Its id never changes, so that a stream tells it once.
func (f *fold) finding() quell.Finding {
	// The first event dates it. One that comes late and is earlier moves the date, but not the id.
	out := Found(f.rule, f.events[0])
	out.ID, out.Rule = f.id, cmp.Or(textOf(f.rule, instanceOf), f.rule.ID)
	out.Events, out.Seen = []string{}, nil
	for _, e := range f.events {
		out.Events, out.Seen = append(out.Events, e.ID), append(out.Seen, e)
		out.Entities = quell.MergeEntities(out.Entities, e.Resources)
	}
	if about := textOf(f.rule, about); about != "" {
		out.Why = quell.Cut(about+". "+out.Why, 400)
	}
	if f.more {
		out.Why += fmt.Sprintf(" The first %d events of that day are shown, there are more.", maxFolded)
	}
	return out
}

// findings are those of all folds, in no order.
func (f *folds) findings() []quell.Finding {
	out := make([]quell.Finding, 0, len(f.list))
	for _, at := range f.list {
		out = append(out, at.finding())
	}
	return out
}

// forget drops the folds of days that ended before a time.
func (f *folds) forget(before time.Time) {
	for id, at := range f.list {
		// The first event's day has an end, after which nothing but late records can join it.
		if at.events[0].Time.Add(24 * time.Hour).Before(before) {
			delete(f.list, id)
		}
	}
}

// unheard says what found no room.
func (f *folds) unheard() []string {
	if f.full == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d matches found no room among %d findings of rules that tell once a day", f.full, maxFolds)}
}

func textOf(r *detect.Rule, key string) string {
	text, _ := r.Custom[key].(string)
	return text
}

// firstOf is the first text that a record has at one of the dotted paths. Records here are few: those that a rule matched.
func firstOf(raw []byte, paths []string) string {
	var record map[string]any
	if json.Unmarshal(raw, &record) != nil {
		return ""
	}
	for _, path := range paths {
		var at any = record
		for _, key := range strings.Split(path, ".") {
			object, _ := at.(map[string]any)
			at = object[key]
		}
		if text, ok := at.(string); ok && text != "" {
			return text
		}
	}
	return ""
}
