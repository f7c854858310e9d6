package source

import (
	"cmp"
	"strings"

	"github.com/quell-ir/quell"
)

// securityHub reads a finding in the AWS Security Finding Format. A finding that GuardDuty or Inspector sent there keeps the id
// and type it has at home: the same finding by two ways is one finding.
func (s *subjectReader) securityHub(n node, env envelope) error {
	if strings.EqualFold(n.str("compliance.status"), "PASSED") {
		s.quiet("Security Hub check", "Security Hub checks")
		return nil
	}
	f := quell.Finding{
		ID: n.str("id"), Title: n.str("title"), Why: n.str("description"), Source: "securityhub",
		Rule:     cmp.Or(n.str("compliance.securitycontrolid"), n.str("generatorid")),
		Severity: securityHubSeverity(n), Account: n.str("awsaccountid"), Region: n.str("region"),
		Time:       n.time("lastobservedat", "updatedat", "firstobservedat", "createdat"),
		Techniques: techniqueID.FindAllString(strings.Join(n.strings("types"), " "), -1),
	}
	// ProductName came later than ProductArn; findings of own products may lack it.
	switch product := strings.ToLower(n.str("productname", "productarn")); {
	case strings.Contains(product, "guardduty"):
		f.Source, f.ID = "guardduty", f.ID[strings.LastIndexByte(f.ID, '/')+1:]
		f.Rule = cmp.Or(guardDutyType(n.strings("types")), f.Rule)
		f.Techniques = append(f.Techniques, guardDutyTechniques(f.Rule)...)
		// Inspector uses its finding's ARN in both places.
	case strings.Contains(product, "inspector"):
		f.Source = "inspector"
	}
	for _, r := range n.list("resources") {
		f.Entities = append(f.Entities, securityHubResource(r, f.Account)...)
	}
	f.Entities = append(f.Entities, addressEntity(n.str("network.sourceipv4", "network.sourceipv6")))
	remoteAddresses(map[string]any(n.obj("action")), func(ip string) { f.Entities = append(f.Entities, addressEntity(ip)) })
	s.keep(f, env, "Security Hub finding", "Security Hub findings")
	return nil
}

// securityHubResource prefers the stable ids in the details over the ARN in Id.
func securityHubResource(r node, account string) []quell.Entity {
	e := resourceEntity(r.str("type"), r.str("id"), "", r.str("region"))
	switch details := r.obj("details"); e.Kind {
	// A key alone leads nowhere: its principal is who has to be kept out.
	case quell.KindAccessKey:
		key := details.obj("awsiamaccesskey")
		return credential(key.str("principaltype"), key.str("principalid"), key.str("principalname", "username"), cmp.Or(key.str("accesskeyid"), e.ID), account)
	case quell.KindUser:
		e.ID, e.Name = cmp.Or(details.str("awsiamuser.userid"), e.ID), cmp.Or(details.str("awsiamuser.username"), e.Name)
	case quell.KindRole:
		e.ID, e.Name = cmp.Or(details.str("awsiamrole.roleid"), e.ID), cmp.Or(details.str("awsiamrole.rolename"), e.Name)
	}
	return []quell.Entity{e}
}

// guardDutyType gets UnauthorizedAccess:EC2/SSHBruteForce back from "TTPs/Initial Access/UnauthorizedAccess:EC2-SSHBruteForce".
func guardDutyType(types []string) string {
	for _, kind := range types {
		kind = kind[strings.LastIndexByte(kind, '/')+1:]
		if family, rest, ok := strings.Cut(kind, ":"); ok {
			return family + ":" + strings.Replace(rest, "-", "/", 1)
		}
	}
	return ""
}

// securityHubSeverity takes the label, or the bands of the normalised number where there is none.
func securityHubSeverity(n node) quell.Severity {
	if severity, ok := severityNamed(n.str("severity.label", "findingproviderfields.severity.label")); ok {
		return severity
	}
	switch normal := n.number("severity.normalized"); {
	case normal >= 90:
		return quell.Critical
	case normal >= 70:
		return quell.High
	case normal >= 40:
		return quell.Medium
	}
	return quell.Low
}
