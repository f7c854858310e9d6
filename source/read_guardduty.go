package source

import (
	"cmp"
	"strings"

	"github.com/quell-ir/quell"
)

// guardDuty reads a finding in the shape of GetFindings, whatever the case of its keys.
func (s *subjectReader) guardDuty(n node, env envelope) error {
	f := quell.Finding{
		ID: n.str("id"), Rule: n.str("type"), Title: cmp.Or(n.str("title"), n.str("type")), Why: n.str("description"), Source: "guardduty",
		Severity: guardDutySeverity(n.number("severity")), Account: n.str("accountid"), Region: n.str("region"),
		Time:       n.time("service.eventlastseen", "updatedat", "service.eventfirstseen", "createdat"),
		Techniques: guardDutyTechniques(n.str("type")),
	}
	resource, service := n.obj("resource"), n.obj("service")
	// GuardDuty calls the owner of a misused credential the target. To a response it is who acted: that is what has to be
	// kept out.
	if key := resource.obj("accesskeydetails"); key != nil {
		f.Entities = append(f.Entities, credential(key.str("usertype"), key.str("principalid"), key.str("username"), key.str("accesskeyid"), f.Account)...)
	}
	if id := resource.str("instancedetails.instanceid"); id != "" {
		part := quell.PartTarget
		if strings.EqualFold(service.str("resourcerole"), "ACTOR") {
			part = quell.PartActor // it attacks others, or runs what an intruder put there
		}
		f.Entities = append(f.Entities, quell.Entity{Kind: quell.KindInstance, ID: id, Region: f.Region, Part: part})
	}
	for _, bucket := range resource.list("s3bucketdetails") {
		f.Entities = append(f.Entities, resourceEntity("AwsS3Bucket", cmp.Or(bucket.str("name"), bucket.str("arn")), "", ""))
	}
	// Kinds of their own are not needed: no action asks more of these than their ARN.
	for _, path := range []string{"lambdadetails.functionarn", "eksclusterdetails.arn", "ecsclusterdetails.arn", "rdsdbinstancedetails.dbinstancearn"} {
		f.Entities = append(f.Entities, resourceEntity("", resource.str(path), "", f.Region))
	}
	// There is one action in a finding, and each type of action has the remote end at a place of its own.
	remoteAddresses(map[string]any(service.obj("action")), func(ip string) { f.Entities = append(f.Entities, addressEntity(ip)) })
	for kind := range service.obj("action.awsapicallaction.affectedresources") {
		// The keys are resource types and hold colons and no dots, so they are one step of a path.
		id := service.str("action.awsapicallaction.affectedresources." + kind)
		f.Entities = append(f.Entities, resourceEntity(kind, id, "", f.Region))
	}
	guardDutySequence(service.obj("detection.sequence"), &f)
	s.keep(f, env, "GuardDuty finding", "GuardDuty findings")
	return nil
}

// guardDutySequence reads an attack sequence finding, whose actors and resources stand in lists of their own.
func guardDutySequence(sequence node, f *quell.Finding) {
	for _, actor := range sequence.list("actors") {
		user := actor.obj("user")
		f.Entities = append(f.Entities, credential(user.str("type"), user.str("uid"), user.str("name"), user.str("credentialuid"),
			cmp.Or(user.str("account.uid"), f.Account))...)
	}
	for _, resource := range sequence.list("resources") {
		// The sequence repeats the actor's key as a resource; as one credential both mentions merge.
		if key := resource.obj("data.accesskey"); key != nil {
			f.Entities = append(f.Entities, credential(key.str("usertype"), key.str("principalid"), key.str("username"), resource.str("uid"), f.Account)...)
			continue
		}
		f.Entities = append(f.Entities, resourceEntity(resource.str("resourcetype"), resource.str("uid"), resource.str("name"), resource.str("region")))
	}
	for _, endpoint := range sequence.list("endpoints") {
		f.Entities = append(f.Entities, addressEntity(endpoint.str("ip")))
	}
	// Sequences name their techniques themselves, in a text such as "Exfiltration/T1567: ...".
	for _, signal := range sequence.list("signals") {
		for _, indicator := range signal.list("signalindicators") {
			if indicator.str("key") == "ATTACK_TECHNIQUE" {
				f.Techniques = append(f.Techniques, techniqueID.FindAllString(strings.Join(indicator.strings("values"), " "), -1)...)
			}
		}
	}
}

// remoteAddresses finds the remote end in whatever kind of action a finding tells of.
func remoteAddresses(v any, do func(string)) {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			if key == "remoteipdetails" {
				object, _ := inner.(map[string]any)
				do(node(object).str("ipaddressv4", "ipaddressv6"))
				continue
			}
			remoteAddresses(inner, do)
		}
	case []any:
		for _, element := range v {
			remoteAddresses(element, do)
		}
	}
}

// guardDutySeverity follows the bands of GuardDuty's user guide: low to 3.9, medium to 6.9, high to 8.9, critical above.
func guardDutySeverity(n float64) quell.Severity {
	switch {
	case n >= 9:
		return quell.Critical
	case n >= 7:
		return quell.High
	case n >= 4:
		return quell.Medium
	}
	return quell.Low
}

// guardDutyTypes maps how a finding's type begins to ATT&CK for cloud; the longest beginning wins, so the table may say
// what most of a family means and correct single members.
var guardDutyTypes = []struct{ begins, techniques string }{
	{"UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration", "T1552.005 T1078.004"},
	{"UnauthorizedAccess:IAMUser/ResourceCredentialExfiltration", "T1552.005 T1078.004"},
	{"UnauthorizedAccess:IAMUser/", "T1078.004"},
	{"UnauthorizedAccess:S3/", "T1078.004 T1530"},
	{"UnauthorizedAccess:EC2/MetadataDNSRebind", "T1552.005"},
	{"UnauthorizedAccess:EC2/SSHBruteForce", "T1110"},
	{"UnauthorizedAccess:EC2/RDPBruteForce", "T1110"},
	{"UnauthorizedAccess:EC2/Tor", "T1090.003"},
	{"InitialAccess:IAMUser/", "T1078.004"},
	{"CredentialAccess:IAMUser/", "T1552"},
	{"Discovery:IAMUser/", "T1580"},
	{"Recon:IAMUser/", "T1580"},
	{"Discovery:S3/", "T1619"},
	{"Recon:EC2/Port", "T1046"},
	{"Persistence:IAMUser/", "T1098"},
	{"PrivilegeEscalation:IAMUser/", "T1098.003"},
	{"DefenseEvasion:IAMUser/", "T1562"},
	{"Stealth:IAMUser/CloudTrailLoggingDisabled", "T1562.008"},
	{"Stealth:IAMUser/PasswordPolicyChange", "T1556"},
	{"Stealth:S3/", "T1562.008"},
	{"Exfiltration:S3/", "T1530"},
	{"Exfiltration:IAMUser/", "T1537"},
	{"Policy:S3/", "T1530"},
	{"Policy:S3/AccountBlockPublicAccessDisabled", "T1562"},
	{"Policy:S3/BucketBlockPublicAccessDisabled", "T1562"},
	{"Object:S3/", "T1204.002"},
	{"Impact:S3/", "T1485"},
	{"Impact:IAMUser/", "T1485"},
	{"PenTest:", "T1078.004"},
	{"Policy:IAMUser/RootCredentialUsage", "T1078.004"},
	{"CryptoCurrency:", "T1496"},
	{"UnauthorizedAccess:EC2/", "T1071"},
	{"UnauthorizedAccess:Runtime/Tor", "T1090.003"},
	{"UnauthorizedAccess:Runtime/MetadataDNSRebind", "T1552.005"},
	{"UnauthorizedAccess:Lambda/", "T1090.003"},
	{"Execution:EC2/", "T1204.002"},
	{"Execution:ECS/", "T1204.003"},
	{"Execution:Container/", "T1204.003"},
	{"Execution:Kubernetes/", "T1609"},
	{"Execution:Runtime/", "T1204.002"},
	{"Execution:Runtime/ReverseShell", "T1059.004"},
	{"DefenseEvasion:EC2/", "T1071.004"},
	{"DefenseEvasion:Runtime/", "T1055"},
	{"DefenseEvasion:Kubernetes/", "T1562"},
	{"PrivilegeEscalation:Runtime/", "T1611"},
	{"PrivilegeEscalation:Kubernetes/", "T1611"},
	{"Persistence:Kubernetes/", "T1098.006"},
	{"Persistence:Runtime/", "T1053"},
	{"CredentialAccess:Kubernetes/", "T1552.007"},
	{"CredentialAccess:RDS/", "T1110"},
	{"Discovery:Kubernetes/", "T1613"},
	{"Discovery:RDS/", "T1526"},
	{"Discovery:Runtime/", "T1082"},
	{"Policy:Kubernetes/", "T1133"},
	{"Impact:Kubernetes/", "T1485"},
	{"Impact:EC2/", "T1071"},
	{"Impact:EC2/BitcoinDomainRequest", "T1496.001"},
	{"Impact:EC2/PortSweep", "T1046"},
	{"Impact:EC2/WinRMBruteForce", "T1110"},
	{"Impact:Runtime/", "T1071"},
	{"Impact:Runtime/CryptoMinerExecuted", "T1496.001"},
	{"Backdoor:", "T1071"},
	{"Backdoor:EC2/C&CActivity", "T1071"},
	{"Backdoor:EC2/DenialOfService", "T1498"},
	{"Trojan:EC2/DNSDataExfiltration", "T1048"},
	{"Trojan:", "T1071"},
	{"AttackSequence:IAM/", "T1078.004"},
	{"AttackSequence:S3/", "T1078.004 T1530"},
	{"AttackSequence:EC2/", "T1078.004 T1059"},
	{"AttackSequence:EKS/", "T1078.004 T1610"},
	{"AttackSequence:ECS/", "T1078.004 T1610"},
}

func guardDutyTechniques(kind string) []string {
	// Seventy rows are few: a search over all of them is clearer than an order that must be kept right.
	var best struct{ begins, techniques string }
	for _, row := range guardDutyTypes {
		if strings.HasPrefix(kind, row.begins) && len(row.begins) > len(best.begins) {
			best = row
		}
	}
	return strings.Fields(best.techniques)
}
