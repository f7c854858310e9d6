package hunt

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/detect"
	"github.com/quell-ir/quell/source"
)

// sight are rules on several logs, one of which only feeds another.
const sight = `title: Made
id: s1
name: made
logsource: {product: aws, service: cloudtrail}
level: high
data_needed: management events
detection: {s: {eventName: CreateUser}, condition: s}
---
title: Read
id: s2
name: read
logsource: {product: aws, service: cloudtrail}
level: low
data_needed: S3 Data Events
detection: {s: {eventName: GetObject}, condition: s}
---
title: Read often
id: s3
name: read-often
level: high
correlation: {type: event_count, rules: [read], timespan: 5m, condition: {gte: 3}}
---
title: Put
id: s4
name: put
logsource: {product: aws, service: cloudtrail}
level: high
data_needed: s3 data events
detection: {s: {eventName: PutObject}, condition: s}
---
title: Refused
id: s5
logsource: {product: aws, service: vpcflow}
level: high
detection: {s: {action: REJECT}, condition: s}
---
title: Odd
id: s6
name: odd
logsource: {product: aws, service: cloudtrail}
level: high
data_needed: tea leaves
detection: {s: {eventName: Odd}, condition: s}
`

const (
	noManagement = "no management events: who changed what is invisible (1 rule blind)"
	noObjects    = "no S3 data events: object reads are invisible (2 rules blind)"
	noFlows      = "no VPC flow logs: connections are invisible (1 rule blind)"
)

func sawRecord(name, more string) string {
	return fmt.Sprintf(`{"eventVersion":"1.11","eventID":"e","eventTime":"2026-03-02T03:00:00Z","eventSource":"s3.amazonaws.com","eventName":%q%s}`, name, more)
}

func TestBlindness(t *testing.T) {
	const flow = "2 111122223333 eni-0a 10.0.0.1 10.0.0.2 1 1 6 1 40 1772420400 1772420460 ACCEPT OK\n"
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"nothing read":   {"", nil},
		"management":     {made("m1"), []string{noObjects, noFlows}},
		"objects":        {sawRecord("GetObject", `,"managementEvent":false,"eventCategory":"Data"`), []string{noManagement, noFlows}},
		"object removed": {sawRecord("DeleteObjects", `,"managementEvent":false`), []string{noManagement, noFlows}},
		"both":           {made("m1") + "\n" + sawRecord("PutObject", `,"managementEvent":false`), []string{noFlows}},
		"insight":        {sawRecord("PutRolePolicy", `,"eventCategory":"Insight"`), []string{noObjects, noManagement, noFlows}},
		"old record":     {sawRecord("PutBucketPolicy", ""), []string{noObjects, noFlows}},
		"no records":     {`{"odd":1}` + "\n", []string{noObjects, noManagement, noFlows}},
		"flows":          {flow, []string{noObjects, noManagement}},
		"wrapped":        {`{"Records":[` + made("m1") + `,` + sawRecord("HeadObject", `,"managementEvent":false`) + `]}`, []string{noFlows}},
	} {
		t.Run(name, func(t *testing.T) {
			h := kindHunter(t, sight)
			r, err := h.Files(t.Context(), []string{"-"}, source.Options{Stdin: strings.NewReader(test.text)})
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(test.want, r.Blind); diff != "" {
				t.Error(diff)
			}
			if len(r.BlindRules) != len(test.want) {
				t.Errorf("rules %v", r.BlindRules)
			}
			if names, ok := r.BlindRules[s3DataEvents]; ok && !slices.Equal(names, []string{"put", "read-often"}) {
				t.Errorf("without object reads %v are blind, the one that only feeds another among them or not all", names)
			}
			for _, f := range r.Findings {
				if strings.HasPrefix(f.Rule, sentinelPrefix) {
					t.Errorf("a sentinel reports: %+v", f)
				}
			}
		})
	}
}

// TestSentinelsSpeakOnce: however many records follow, what they cost is one match a worker.
func TestSentinelsSpeakOnce(t *testing.T) {
	h := hunter(t, sight)
	var text strings.Builder
	for range 1000 {
		text.WriteString(sawRecord("ListBuckets", "") + sawRecord("HeadObject", `,"managementEvent":false`))
	}
	stats, err := h.Program.NewWorker().Scan(strings.NewReader(text.String()), "", func(m detect.Match) error { return h.take(m, "a test") })
	if err != nil || stats.Events != 2000 || stats.Matches != 2 {
		t.Errorf("%d matches in %d events, %v", stats.Matches, stats.Events, err)
	}
}

// TestBlindnessDoesNotDependOnOrder: whatever way records fall into documents, the same is said.
func TestBlindnessDoesNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		list := rapid.SliceOfN(rapid.SampledFrom([]string{
			made("m1"), sawRecord("GetObject", `,"managementEvent":false`), sawRecord("Invoke", `,"eventCategory":"Data"`), `{"odd":1}`,
		}), 1, 20).Draw(r, "records")
		want := hunter(t, sight)
		if err := want.Records([]json.RawMessage{json.RawMessage(strings.Join(list, "\n"))}, "all"); err != nil {
			r.Fatal(err)
		}
		got := hunter(t, sight)
		mixed := rapid.Permutation(list).Draw(r, "mixed")
		for i, text := range mixed {
			if err := got.scan(i%3, strings.NewReader(text), "some"); err != nil {
				r.Fatal(err)
			}
		}
		if diff := gocmp.Diff(want.Result().BlindRules, got.Result().BlindRules); diff != "" {
			r.Error(diff)
		}
	})
}

func TestUnseenKeepsWhatIsNotOfLogs(t *testing.T) {
	r := Result{Blind: []string{"eu-west-3: refused", noObjects, noManagement, noFlows, "correlations: too many"},
		BlindRules: map[string][]string{s3DataEvents: {"a", "b"}, managementEvents: {"c"}, "VPC flow logs": {"d"}}}
	lines, more := r.Unseen(2)
	if want := []string{"eu-west-3: refused", noObjects, noManagement, "correlations: too many"}; !slices.Equal(lines, want) || more != 1 {
		t.Errorf("%q and %d more", lines, more)
	}
	if lines, more := r.Unseen(3); len(lines) != 5 || more != 0 {
		t.Errorf("%q and %d more", lines, more)
	}
}

// TestOwnRulesNeedKnownLogs: every log that a rule of ours needs is noticed in some way, and named once.
func TestOwnRulesNeedKnownLogs(t *testing.T) {
	rules := ownRules(t)
	find := finder(rules)
	for _, r := range rules {
		if data := needed(r, find); !slices.Contains(DataNames(), data) {
			t.Errorf("%s: nobody can say whether %q was read", r.Path, data)
		}
	}
	kinds := kindSources()
	for _, kind := range dataKinds() {
		known := kind.sentinel != ""
		for _, at := range kinds {
			known = known || slices.Contains(at.sources, kind.source)
		}
		if !known {
			t.Errorf("nothing notices %s", kind.name)
		}
	}
	names := DataNames()
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(strings.ToLower(a), strings.ToLower(b)) })
	if len(slices.CompactFunc(names, strings.EqualFold)) != len(dataKinds()) {
		t.Error("two kinds of log have one name")
	}
	h := &Hunter{Clock: quell.WallClock{}}
	if r := h.Result(); r.BlindRules != nil || len(r.Blind) > 0 {
		t.Errorf("without rules nothing is blind: %+v", r)
	}
}
