package source

import (
	"cmp"
	"strings"

	"github.com/quell-ir/quell"
)

// configRules grade what Config does not, by words of the managed rules' names: data that everybody can have is high, habits
// that are no incident by themselves (an old key, a user nobody needs) are low. Any other breach is medium.
var configRules = []struct {
	word       string
	severity   quell.Severity
	techniques []string
}{
	{"s3-bucket-public-", quell.High, []string{"T1530"}},
	{"rds-snapshots-public", quell.High, []string{"T1537"}},
	{"ebs-snapshot-public", quell.High, []string{"T1537"}},
	{"rds-instance-public-access", quell.Medium, []string{"T1530"}},
	{"restricted-ssh", quell.Medium, []string{"T1133"}},
	{"restricted-common-ports", quell.Medium, []string{"T1133"}},
	{"vpc-sg-open-only-to-authorized-ports", quell.Medium, []string{"T1133"}},
	{"access-keys-rotated", quell.Low, nil},
	{"iam-user-unused-credentials", quell.Low, nil},
}

// config reads a Config compliance change. Config knows no severity; who deploys a rule names it, mostly around the name that
// AWS gave it: securityhub-restricted-ssh-1a2b3c, AWSControlTower_AWS-GR_RESTRICTED_SSH.
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
	name := strings.ReplaceAll(strings.ToLower(rule), "_", "-")
	for _, known := range configRules {
		if strings.Contains(name, known.word) {
			f.Severity, f.Techniques = known.severity, known.techniques
			break
		}
	}
	s.keep(f, env, "Config compliance change", "Config compliance changes")
	return nil
}
