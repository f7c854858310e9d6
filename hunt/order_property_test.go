package hunt

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quell-ir/quell/detect/baseline"
	"github.com/quell-ir/quell/source"
)

// orderRules have a correlation of every type, one over another, and rules on another log.
const orderRules = rules + `---
title: A user is deleted
id: o1
name: deleted
logsource: {product: aws, service: cloudtrail}
level: low
detection: {selection: {eventName: DeleteUser}, condition: selection}
---
title: Made and deleted
id: o2
name: both
level: medium
correlation: {type: temporal, rules: [made, deleted], group-by: [userIdentity.arn], timespan: 10m, generate: true}
---
title: Deleted, then made
id: o3
level: high
correlation: {type: temporal_ordered, rules: [deleted, made], group-by: [userIdentity.arn], timespan: 20m, generate: true}
---
title: By two users from one place
id: o4
level: medium
correlation: {type: value_count, rules: [made, deleted], group-by: [sourceIPAddress], timespan: 30m, condition: {field: userIdentity.arn, gte: 2}}
---
title: Two of both
id: o5
level: high
correlation: {type: event_count, rules: [both], timespan: 2h, condition: {gte: 2}, generate: true}
---
title: Refused
id: o6
name: refuse
logsource: {product: aws, service: vpcflow}
level: low
detection: {s: {action: REJECT}, condition: s}
---
title: Three refusals
id: o7
level: high
correlation: {type: event_count, rules: [refuse], group-by: [srcaddr], timespan: 5m, condition: {gte: 3}, generate: true}
`

// orderHunter judges by orderRules and against what the records themselves teach.
func orderHunter(t testing.TB) *Hunter {
	t.Helper()
	found, problems := Load(false, fsOf(orderRules))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	every, err := WithEveryRecord(found)
	must(t, err)
	program, err := Compile(every)
	must(t, err)
	kinds, err := CompileKinds(found, nil)
	must(t, err)
	clock := &calm{start.Add(100 * 24 * time.Hour)}
	return &Hunter{Program: program, Kinds: kinds, Clock: clock, Habits: Compare(clock, &baseline.Book{})}
}

// heap is a number of lines, each of which lies in one document or in two.
type heap struct{ trail, flows [][]string }

func drawHeap(t *rapid.T) heap {
	const documents = 4
	h := heap{make([][]string, documents), make([][]string, documents)}
	put := func(into [][]string, line string) {
		for range rapid.IntRange(1, 2).Draw(t, "copies") {
			i := rapid.IntRange(0, documents-1).Draw(t, "document")
			into[i] = append(into[i], line)
		}
	}
	for day := range 25 {
		put(h.trail, worked(day))
	}
	for i := range rapid.IntRange(0, 25).Draw(t, "records") {
		user := rapid.SampledFrom([]string{"eve", "bot"}).Draw(t, "user")
		name := rapid.SampledFrom([]string{"CreateUser", "DeleteUser", "ListUsers"}).Draw(t, "name")
		at := start.Add(24*24*time.Hour + time.Duration(rapid.IntRange(0, 300).Draw(t, "minute"))*time.Minute)
		put(h.trail, record(fmt.Sprint("r", i), name, user, at, ""))
	}
	for range rapid.IntRange(0, 12).Draw(t, "flows") {
		from := rapid.IntRange(0, 6).Draw(t, "at") * 60
		put(h.flows, fmt.Sprintf("2 111122223333 eni-0a 10.0.0.%d 10.0.0.9 1 %d 6 1 40 %d %d REJECT OK", rapid.IntRange(1, 2).Draw(t, "source"),
			rapid.IntRange(1, 99).Draw(t, "port"), 1772420400+from, 1772420460+from))
	}
	return h
}

// judgeHeap hands the documents over in some order, the lines of each in another, and gives what scripts are promised.
func judgeHeap(t *testing.T, h heap, seed uint64) string {
	type document struct {
		kind  source.Kind
		name  string
		lines []string
	}
	var all []document
	for i, lines := range h.trail {
		all = append(all, document{source.KindJSON, fmt.Sprintf("trail %d", i), lines})
	}
	for i, lines := range h.flows {
		all = append(all, document{source.KindFlowLog, fmt.Sprintf("flows %d", i), lines})
	}
	rnd := rand.New(rand.NewPCG(seed, 0))
	if seed > 0 {
		rnd.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
	hunter := orderHunter(t)
	for _, d := range all {
		lines := append([]string{}, d.lines...)
		if seed > 0 {
			rnd.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		}
		in := source.Document{Kind: d.kind, Origin: d.name, Worker: rnd.IntN(3), Reader: strings.NewReader(strings.Join(lines, "\n") + "\n")}
		if err := hunter.Document(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	r := hunter.Result()
	text, err := json.Marshal(map[string]any{"findings": r.Findings, "incidents": r.Incidents, "skipped": r.Skipped, "events": r.Events})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	origins = regexp.MustCompile(`,"origin":"[^"]*"`)
	counted = regexp.MustCompile(`"events":\d+,"findings"`)
)

// TestOrderIsNoMatter: the same files, whatever comes first and though records lie in two of them, give byte for byte the same
// result; and so do the same records in other files, but for where they were read and how often.
func TestOrderIsNoMatter(t *testing.T) {
	rich := 0
	rapid.Check(t, func(rt *rapid.T) {
		h := drawHeap(rt)
		want := judgeHeap(t, h, 0)
		if got := judgeHeap(t, h, rapid.Uint64Min(1).Draw(rt, "order")); got != want {
			rt.Fatalf("in another order:\n%s\n%s", want, got)
		}
		// All lines in one document, none twice.
		single := heap{make([][]string, 1), make([][]string, 1)}
		for i, lists := range [][][]string{h.trail, h.flows} {
			seen := map[string]bool{}
			for _, lines := range lists {
				for _, line := range lines {
					if !seen[line] {
						seen[line] = true
						if i == 0 {
							single.trail[0] = append(single.trail[0], line)
						} else {
							single.flows[0] = append(single.flows[0], line)
						}
					}
				}
			}
		}
		got := judgeHeap(t, single, rapid.Uint64Min(1).Draw(rt, "order in one"))
		blank := func(text string) string { return counted.ReplaceAllString(origins.ReplaceAllString(text, ""), "") }
		if blank(got) != blank(want) {
			rt.Fatalf("in one file:\n%s\n%s", want, got)
		}
		for _, rule := range []string{"o2", "o3", "o4", "o5", "o7", baseline.Rule} {
			if strings.Contains(want, `"rule":"`+rule+`"`) {
				rich++
			}
		}
	})
	if rich < 50 {
		t.Errorf("only %d findings of correlations and the baseline were compared", rich)
	}
}
