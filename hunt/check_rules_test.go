package hunt

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quell-ir/quell/detect"
)

func TestCheck(t *testing.T) {
	over := func(id string, rules ...string) string {
		return fmt.Sprintf("---\ntitle: Over\nid: %s\nlevel: high\ncorrelation: {type: temporal, rules: [%s], timespan: 5m}\n", id, strings.Join(rules, ", "))
	}
	waf := strings.NewReplacer("t2", "w1", "name: refused", "name: blocked", "vpcflow", "waf").Replace(testedFlow)
	foreign := strings.NewReplacer("t2", "f1", "name: refused", "name: process", "product: aws, service: vpcflow", "product: windows, category: process_creation").Replace(testedFlow)
	for name, test := range map[string]struct {
		text             string
		accepted         int
		rejected, unread []string
	}{
		"one log each": {testedTrail + "---\n" + testedFlow + over("c1", "made", "t1") + over("c2", "refused", "t2") + over("c3", "c2", "refused"), 5, nil, nil},
		"two logs": {testedTrail + "---\n" + testedFlow + over("c1", "made", "refused"), 2, []string{
			`rules.yml:21: a correlation is over one log, and its rules are for several ("made" reads aws/cloudtrail/*, "refused" reads aws/vpcflow/*): ` +
				"write one correlation per log; findings of both that share an entity make one incident"}, nil},
		"two logs by way of others": {testedTrail + "---\n" + testedFlow + over("c1", "made", "t1") + over("c2", "c1", "refused"), 3, []string{"rules.yml:26: a correlation is over one log"}, nil},
		"two logs beside the trail": {waf + "---\n" + testedFlow + over("c1", "blocked", "refused"), 2, []string{`rules.yml:21: a correlation is over one log, and its rules are for several ("blocked" reads aws/waf/*, `}, nil},
		"nobody reads it":           {foreign + over("c1", "process", "f1") + "---\n" + testedTrail, 3, nil, []string{"rules.yml:1: never fires: it is for windows/*/process_creation, which Quell reads only by a --mapping", "rules.yml:11: never fires: "}},
		"missing":                   {testedFlow + over("c1", "refused", "nobody"), 1, []string{`rules.yml:11: correlation: there is no rule with id or name "nobody"`}, nil},
		"a circle":                  {over("c1", "c2", "c1") + over("c2", "c1", "c2"), 0, []string{"rules.yml:2: correlation: ", "rules.yml:7: correlation: "}, nil},
		"one id twice":              {testedFlow + "---\n" + strings.Replace(testedFlow, "vpcflow", "waf", 1), 1, []string{`rules.yml:11: the id "t2" is already taken by rules.yml:1`}, nil},
		"another's placeholder":     {strings.Replace(testedFlow, "action: REJECT", "action|expand: '%nobody%'", 1), 0, []string{"rules.yml:"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			found := parse(t, "rules.yml", test.text)
			checked := Check(found, nil)
			var rejected, unread []string
			for i, p := range checked.Rejected {
				if text := p.Error(); i < len(test.rejected) && strings.HasPrefix(text, test.rejected[i]) {
					rejected = append(rejected, test.rejected[i])
				} else {
					rejected = append(rejected, text)
				}
			}
			for i, p := range checked.Unread {
				if text := p.Error(); i < len(test.unread) && strings.HasPrefix(text, test.unread[i]) {
					unread = append(unread, test.unread[i])
				} else {
					unread = append(unread, text)
				}
			}
			if diff := cmp.Diff(test.rejected, rejected) + cmp.Diff(test.unread, unread); diff != "" || checked.Accepted != test.accepted {
				t.Errorf("%d accepted, want %d; %s", checked.Accepted, test.accepted, diff)
			}
			// A hunt takes exactly what was accepted.
			_, trail := Compile(found)
			_, kinds := CompileKinds(found, nil)
			if ok := trail == nil && kinds == nil; ok != (len(test.rejected) == 0) {
				t.Errorf("a hunt says %v, %v", trail, kinds)
			}
		})
	}
}

// TestCheckTakesTheFirstOfTwoBeside: our own rules stand beside those that are checked, and may be the same.
func TestCheckTakesTheFirstOfTwoBeside(t *testing.T) {
	own := ownRules(t)
	if checked := Check(own, own); checked.Accepted != len(own) || len(checked.Rejected)+len(checked.Unread) != 0 {
		t.Errorf("of %d own rules: %+v", len(own), checked)
	}
	checked := Check(parse(t, "mine.yml", overTrail), append(parse(t, "beside.yml", testedTrail), parse(t, "broken.yml", strings.ReplaceAll(overTrail, "made", "nobody"))...))
	if checked.Accepted != 1 || len(checked.Rejected) != 0 {
		t.Errorf("of a rule beside broken ones: %+v", checked)
	}
}

// TestManyCorrelationsOverEachOther are looked at once each, however many ways lead to them.
func TestManyCorrelationsOverEachOther(t *testing.T) {
	text := testedTrail
	for i := range 60 {
		below := []string{"made", "t1"}
		if i > 0 {
			below = []string{fmt.Sprintf("c%d", i-1), fmt.Sprintf("c%d", i-1), fmt.Sprintf("c%d", i-1)}
		}
		text += fmt.Sprintf("---\ntitle: Over\nid: c%d\nlevel: high\ncorrelation: {type: temporal, rules: [%s], timespan: 5m}\n", i, strings.Join(below, ", "))
	}
	found := parse(t, "rules.yml", text)
	if checked := Check(found, nil); checked.Accepted != 61 {
		t.Errorf("%+v", checked)
	}
	if name := LogNames(found)[found[60]]; name != detect.CloudTrail().String() {
		t.Errorf("the last reads %q", name)
	}
}

func TestRuleTextIsTheFile(t *testing.T) {
	seen := map[bool]bool{}
	for _, r := range ownRules(t) {
		text, err := RuleText(r)
		if err != nil || !strings.Contains(string(text), r.ID) {
			t.Fatalf("%s: %v", r.Path, err)
		}
		seen[strings.HasPrefix(r.Path, otherFolder)] = true
	}
	if len(seen) != 2 {
		t.Error("rules for other logs are not among Quell's own")
	}
	if _, err := RuleText(&detect.Rule{Path: "../embed.go"}); err == nil {
		t.Error("a file outside is read")
	}
}
