package review

import (
	"cmp"
	"slices"
	"strings"

	"github.com/quell-ir/quell"
)

// analysis is the technical part: techniques, indicators, and how the entities hang together.
func (f *facts) analysis() Section {
	s := Section{ID: "analysis", Title: "Technical analysis"}
	s.Tables = []Table{f.techniques(), f.indicators(), f.relations()}
	if scope, ok := f.scope(); ok {
		s.say([]int64{scope.seq}, "The subject made %d events on record, the last at %s.", scope.what.Events, stamp(scope.what.LastSeen))
	}
	return s
}

// techniques maps what happened to ATT&CK as findings do; the report adds no technique of its own.
func (f *facts) techniques() Table {
	t := Table{Caption: "ATT&CK techniques that findings name", Columns: []string{"Technique", "Findings", "Shown by"},
		Empty: "No finding names a technique."}
	type use struct {
		titles  []string
		records []int64
	}
	uses := map[string]*use{}
	var order []string
	for _, e := range f.findings {
		for _, id := range e.what.Techniques {
			if uses[id] == nil {
				uses[id] = &use{}
				order = append(order, id)
			}
			if !slices.Contains(uses[id].titles, e.what.Title) {
				uses[id].titles = append(uses[id].titles, e.what.Title)
			}
			uses[id].records = append(uses[id].records, e.seq)
		}
	}
	slices.Sort(order)
	for _, id := range order {
		t.row(uses[id].records, id, strings.Join(uses[id].titles, "; "), "finding")
	}
	return t
}

// indicators lists addresses, keys, principals that acted or were made, and user agents: what to search for elsewhere.
func (f *facts) indicators() Table {
	t := Table{Caption: "Indicators, for searching elsewhere", Columns: []string{"Kind", "Indicator", "Part"},
		Empty: "No indicator is on record."}
	type ioc struct{ kind, value, part string }
	behind := map[ioc][]int64{}
	note := func(i ioc, seq int64) {
		if i.value != "" {
			behind[i] = append(behind[i], seq)
		}
	}
	for _, e := range f.findings {
		for _, x := range e.what.Entities {
			acts := x.Part == quell.PartActor || x.Part == quell.PartMade || x.Kind == quell.KindIP && x.Part != quell.PartTarget
			if acts && x.Kind != quell.KindService && x.Kind != quell.KindAccount {
				note(ioc{string(x.Kind), x.ID, string(x.Part)}, e.seq)
			}
		}
		for _, x := range e.what.Seen {
			note(ioc{"user agent", x.UserAgent, "used"}, e.seq)
			note(ioc{"ip", x.SourceIP, "used"}, e.seq)
		}
	}
	order := make([]ioc, 0, len(behind))
	for i := range behind {
		order = append(order, i)
	}
	slices.SortFunc(order, func(a, b ioc) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.value, b.value), cmp.Compare(a.part, b.part))
	})
	for _, i := range order {
		t.row(merge(behind[i]), i.kind, i.value, i.part)
	}
	return t
}

// relations is the entity graph as rows: a page without scripts cannot lay it out, and rows can cite their records.
func (f *facts) relations() Table {
	t := Table{Caption: "Entity graph: who did what to what", Columns: []string{"From", "Relation", "To"},
		Empty: "No relation is on record."}
	record := map[string]int64{}
	for _, e := range f.findings {
		record[e.what.ID] = e.seq
	}
	for _, e := range f.Edges {
		records := seqs(f.scopes) // an edge without a finding was found by scoping
		if seq, ok := record[e.Finding]; ok {
			records = []int64{seq}
		}
		t.row(records, e.From, e.Verb, e.To)
	}
	return t
}

// rootCause leaves the judging to people and gives them the questions, with what the ledger can say to each.
func (f *facts) rootCause() Section {
	s := Section{ID: "root-cause", Title: "Root cause"}
	s.say(nil, "Why did it happen? Ask five times; the last answer is a control or a process, not a person. For people to fill in.")
	s.say(nil, "Why did it take so long? The measures that missed their target are marked under \"Metrics\".")
	s.say(nil, "What went well, and where were we lucky? For people to fill in.")
	for _, n := range f.notes {
		s.say([]int64{n.seq}, "Note by %s: %s", n.by, n.what.Text)
	}
	return s
}
