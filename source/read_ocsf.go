package source

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/quell-ir/quell"
)

// ocsf reads a finding class of the Open Cybersecurity Schema Framework: 2004 Detection Finding, and the classes of 2001 to
// 2003 (security, vulnerability, compliance), which carry the same finding_info and resources.
func (s *subjectReader) ocsf(n node, env envelope) error {
	class := n.str("class_uid")
	if !slices.Contains([]string{"2001", "2002", "2003", "2004"}, class) {
		return s.unknown(fmt.Sprintf("an OCSF event of class %s (%s), which is no finding", quell.Cut(class, 12), quell.Cut(n.str("class_name"), 40)))
	}
	// A control that holds is written down like one that does not.
	if class == "2003" && (n.str("compliance.status_id") == "1" || strings.HasPrefix(strings.ToUpper(n.str("compliance.status")), "PASS")) {
		s.quiet("OCSF compliance finding", "OCSF compliance findings")
		return nil
	}
	// Every finding class keeps what a person reads in finding_info, times in milliseconds.
	info := n.obj("finding_info")
	f := quell.Finding{
		ID: info.str("uid"), Title: info.str("title"), Why: info.str("desc"), Source: ocsfSource(n),
		Rule:    cmp.Or(strings.Join(info.strings("types"), ","), info.str("analytic.uid"), info.str("analytic.name"), info.str("title")),
		Account: n.str("cloud.account.uid"), Region: n.str("cloud.region"), Severity: ocsfSeverity(n.number("severity_id")),
		Time: info.time("last_seen_time", "last_seen_time_dt", "modified_time", "modified_time_dt", "first_seen_time", "first_seen_time_dt", "created_time", "created_time_dt"),
	}
	// The event's own time is when it was logged, so it comes after every time of the finding itself.
	if f.Time.IsZero() {
		f.Time = n.time("time", "time_dt")
	}
	// The same finding by Security Hub and from GuardDuty is one finding, known by the last part of its ARN.
	if f.Source == "guardduty" {
		f.ID = f.ID[strings.LastIndexByte(f.ID, '/')+1:]
		f.Techniques = guardDutyTechniques(f.Rule)
	}
	for _, attack := range slices.Concat(info.list("attacks"), n.list("attacks")) {
		f.Techniques = append(f.Techniques, techniqueID.FindString(cmp.Or(attack.str("sub_technique.uid"), attack.str("technique.uid"))))
	}
	f.Techniques = slices.DeleteFunc(f.Techniques, func(id string) bool { return id == "" })
	for _, r := range n.list("resources") {
		f.Entities = append(f.Entities, resourceEntity(r.str("type"), r.str("uid"), r.str("name"), r.str("region")))
	}
	// Producers put the actor into the evidence or, in earlier versions of the schema, beside it.
	for _, evidence := range slices.Concat(n.list("evidences"), []node{n}) {
		if user := evidence.obj("actor.user"); user != nil {
			f.Entities = append(f.Entities, credential(user.str("type"), user.str("uid"), user.str("name"), user.str("credential_uid"),
				cmp.Or(user.str("account.uid"), f.Account))...)
		}
		f.Entities = append(f.Entities, addressEntity(evidence.str("src_endpoint.ip")))
	}
	s.keep(f, env, "OCSF finding", "OCSF findings")
	return nil
}

// ocsfSource names the service that judged: OCSF is only how it wrote that down.
func ocsfSource(n node) string {
	switch product := strings.ToLower(n.str("metadata.product.name")); {
	case strings.Contains(product, "guardduty"):
		return "guardduty"
	case strings.Contains(product, "inspector"):
		return "inspector"
	case strings.Contains(product, "security hub"):
		return "securityhub"
	}
	return "ocsf"
}

// ocsfSeverity maps severity_id: 1 informational to 5 critical, 6 fatal.
func ocsfSeverity(id float64) quell.Severity {
	switch {
	case id >= 5 && id <= 6:
		return quell.Critical
	case id == 4:
		return quell.High
	case id == 3:
		return quell.Medium
	}
	return quell.Low
}
