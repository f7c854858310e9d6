package incident

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/quell-ir/quell"
)

// stage is a step of an intrusion. Its points are what reaching it says about how far the intruder is.
type stage struct {
	name   string
	points int
}

// Several ATT&CK tactics share techniques; each technique is counted for the one stage it says most about, or T1078
// alone (four tactics) would make every login critical.
var (
	recon     = stage{"reconnaissance", 1}
	persist   = stage{"persistence", 3}
	privilege = stage{"privilege escalation", 3}
	evasion   = stage{"defence evasion", 4}
	impact    = stage{"exfiltration or impact", 5}
)

// What the stages that one hand reached within a day must come to. Points below the first are two weak signs.
const (
	pointsHigh     = 4
	pointsCritical = 7
	chainSpan      = 24 * time.Hour
)

// stageOf maps a technique (T1098.001) to its stage, after MITRE ATT&CK's IaaS matrix. Techniques that show no stage by
// themselves, such as use of a valid account, give false.
func stageOf(technique string) (stage, bool) {
	base, _, _ := strings.Cut(strings.ToUpper(technique), ".")
	switch base {
	case "T1580", "T1526", "T1538", "T1619", "T1087", "T1069", "T1046", "T1082", "T1201", "T1518", "T1049", "T1654",
		"T1595", "T1592", "T1614", "T1673":
		return recon, true
	case "T1136", "T1098", "T1525", "T1505", "T1546", "T1556", "T1053", "T1671":
		return persist, true
	case "T1548", "T1484", "T1611", "T1068", "T1134", "T1648":
		return privilege, true
	case "T1562", "T1070", "T1535", "T1578", "T1550", "T1666", "T1211", "T1685":
		return evasion, true
	case "T1537", "T1567", "T1041", "T1048", "T1020", "T1485", "T1486", "T1490", "T1491", "T1496", "T1498", "T1499",
		"T1529", "T1531", "T1530", "T1561", "T1565", "T1657":
		return impact, true
	}
	return stage{}, false
}

// furthest is the stage of a finding that says most. A finding counts for one stage only: the techniques of a rule say what
// its act may be good for, not what else was done, and its level was chosen with all of them in mind.
func furthest(f quell.Finding) (stage, bool) {
	var out stage
	for _, t := range f.Techniques {
		if s, ok := stageOf(t); ok && s.points > out.points {
			out = s
		}
	}
	return out, out.points > 0
}

// rate is the highest severity of the findings, raised where one hand reached several stages of an intrusion within a day:
// see chain. Findings of the same incident that are a week apart, or by others, do not add up.
func rate(findings []quell.Finding) quell.Severity {
	out := quell.Low
	for _, f := range findings {
		out = max(out, f.Severity)
	}
	for _, list := range byHand(findings) {
		out = max(out, chain(list))
	}
	return out
}

// Escalate gives the change of severity that findings added to an incident call for, beyond the severity of each: where
// with them one hand reached more stages than before, and the incident stands lower than that. What was known before
// raises nothing again, so that a person's lower severity holds until something new is learnt.
func Escalate(before, after []quell.Finding, now quell.Severity) (quell.Change, bool) {
	to := rate(after)
	if to <= now || to <= rate(before) {
		return quell.Change{}, false
	}
	return quell.Change{What: ChangeSeverity, From: now.String(), To: to.String(),
		Reason: "within a day one hand reached several stages of an intrusion"}, true
}

// chain slides a day over one hand's findings, sorted by time, and gives the worst that any day comes to: at least two
// stages, one of their findings medium or above (inventory tools read and create all day), are high from four points on
// and critical from seven, and three stages are a level more than the worst finding among them. Low where nothing adds up.
func chain(findings []quell.Finding) quell.Severity {
	out := quell.Low
	stages := map[stage]int{}
	var levels [quell.Critical + 1]int
	count := func(f quell.Finding, n int) {
		if s, ok := furthest(f); ok {
			levels[min(max(f.Severity, quell.Low), quell.Critical)] += n
			if stages[s] += n; stages[s] == 0 {
				delete(stages, s)
			}
		}
	}
	from := 0
	for _, f := range findings {
		count(f, 1)
		for f.Time.Sub(findings[from].Time) > chainSpan {
			count(findings[from], -1)
			from++
		}
		out = max(out, weigh(stages, levels))
	}
	return out
}

// weigh says what the stages of a day come to, by the number of findings of each and of each severity.
func weigh(stages map[stage]int, levels [quell.Critical + 1]int) quell.Severity {
	worst, points := quell.Low, 0
	for s, n := range levels {
		if n > 0 {
			worst = quell.Severity(s)
		}
	}
	for s := range stages {
		points += s.points
	}
	if len(stages) < 2 || worst < quell.Medium {
		return quell.Low
	}
	out := quell.Low
	switch {
	case points >= pointsCritical:
		out = quell.Critical
	case points >= pointsHigh:
		out = quell.High
	}
	if len(stages) >= 3 {
		out = max(out, worst+1)
	}
	return min(out, quell.Critical)
}

// byHand sorts findings by who acted: a principal, its keys and sessions, and the principals that it made, for an intruder
// goes on as the user created an hour before. What names nobody (a bucket found open) is nobody's: it adds up with its like.
func byHand(findings []quell.Finding) [][]quell.Finding {
	list := slices.Clone(findings)
	slices.SortStableFunc(list, byTime)
	sets, first := newSets(len(list)), map[string]int{}
	for i, f := range list {
		for _, name := range handsOf(f) {
			if at, ok := first[name]; ok {
				sets.join(at, i)
			} else {
				first[name] = i
			}
		}
	}
	hands := map[int][]quell.Finding{}
	for i, f := range list {
		hands[sets.find(i)] = append(hands[sets.find(i)], f)
	}
	return slices.Collect(maps.Values(hands))
}

// handsOf are the ids of who acted in a finding and of the principals they made. Two sessions of one role are two people
// until shown otherwise, so the role behind a session is left out.
func handsOf(f quell.Finding) []string {
	var out []string
	sessions := sessionRoles(f.Entities)
	for _, e := range f.Entities {
		_, behind := sessions[e.ID]
		if !isPrincipal(e.Kind) || e.Part != quell.PartActor && e.Part != quell.PartMade || e.ID == "" || behind {
			continue
		}
		out = append(out, e.ID)
		if _, role := sessions[e.Of]; e.Of != "" && !role {
			out = append(out, e.Of)
		}
	}
	if len(out) == 0 {
		out = append(out, "") // nobody
	}
	return out
}
