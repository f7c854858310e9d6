package source

import (
	"cmp"
	"strings"

	"github.com/quell-ir/quell"
)

// inspector reads an Inspector finding: the vulnerability is the rule, what has it the target. A closed or suppressed finding
// needs no answer.
func (s *subjectReader) inspector(n node, env envelope) error {
	if status := strings.ToUpper(n.str("status")); status == "CLOSED" || status == "SUPPRESSED" {
		s.quiet("Inspector finding", "Inspector findings")
		return nil
	}
	severity, _ := severityNamed(n.str("severity"))
	f := quell.Finding{
		ID: n.str("findingarn"), Title: n.str("title"), Why: n.str("description"), Source: "inspector", Severity: severity,
		Rule:    cmp.Or(n.str("packagevulnerabilitydetails.vulnerabilityid"), n.str("type")),
		Account: n.str("awsaccountid"), Time: n.time("lastobservedat", "updatedat", "firstobservedat"),
	}
	for _, r := range n.list("resources") {
		f.Region = cmp.Or(f.Region, r.str("region"))
		f.Entities = append(f.Entities, resourceEntity(r.str("type"), r.str("id"), "", r.str("region")))
	}
	s.keep(f, env, "Inspector finding", "Inspector findings")
	return nil
}
