package incident

import (
	"strings"

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

// rate is the highest severity of the findings, raised where together they show an intrusion on its way: at least two
// stages, one of their findings medium or above (inventory tools read and create all day). Four points make it
// high, seven critical, and three stages at least one level more than the worst finding.
func rate(findings []quell.Finding) quell.Severity {
	highest := quell.Low
	reached := map[stage]bool{}
	for _, f := range findings {
		highest = max(highest, f.Severity)
		for _, t := range f.Techniques {
			if s, ok := stageOf(t); ok {
				reached[s] = true
			}
		}
	}
	if len(reached) < 2 || highest < quell.Medium {
		return highest
	}
	points := 0
	for s := range reached {
		points += s.points
	}
	out := highest
	switch {
	case points >= 7:
		out = quell.Critical
	case points >= 4:
		out = max(out, quell.High)
	}
	if len(reached) >= 3 {
		out = max(out, highest+1)
	}
	return min(out, quell.Critical)
}
