package source

import (
	"cmp"
	"strings"

	"github.com/quell-ir/quell"
)

// config reads a Config compliance change. Config knows no severity: a rule's breach is medium, and a rule's name says the rest.
func (s *subjectReader) config(n node, env envelope) error {
	if !strings.EqualFold(n.str("newevaluationresult.compliancetype"), "NON_COMPLIANT") {
		s.quiet("Config evaluation", "Config evaluations")
		return nil
	}
	// The names stand in the detail and again in the qualifier; older messages have only the latter.
	qualifier := n.obj("newevaluationresult.evaluationresultidentifier.evaluationresultqualifier")
	rule := cmp.Or(n.str("configrulename"), qualifier.str("configrulename"))
	kind, id := cmp.Or(n.str("resourcetype"), qualifier.str("resourcetype")), cmp.Or(n.str("resourceid"), qualifier.str("resourceid"))
	f := quell.Finding{
		Rule: rule, Title: id + " breaks " + rule, Why: cmp.Or(n.str("newevaluationresult.annotation"), kind+" "+id+" is not compliant with "+rule),
		Source: "config", Severity: quell.Medium, Account: n.str("awsaccountid"), Region: n.str("awsregion"),
		Time:     n.time("newevaluationresult.resultrecordedtime", "notificationcreationtime"),
		Entities: []quell.Entity{resourceEntity(kind, id, "", n.str("awsregion"))},
	}
	s.keep(f, env, "Config compliance change", "Config compliance changes")
	return nil
}
