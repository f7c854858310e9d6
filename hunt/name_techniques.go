package hunt

import "strings"

// attack is an ATT&CK technique as Quell shows it: its name, and the tactics it serves by the names Sigma tags use.
type attack struct {
	name    string
	tactics []string
}

// tacticOrder is the order of ATT&CK's matrix for enterprises.
func tacticOrder() []string {
	return []string{"reconnaissance", "resource-development", "initial-access", "execution", "persistence", "privilege-escalation",
		"defense-evasion", "credential-access", "discovery", "lateral-movement", "collection", "command-and-control", "exfiltration", "impact"}
}

// techniques are those that rules for AWS speak of. Names and tactics are those of ATT&CK for Enterprise, version 16
// (attack.mitre.org). A technique that is not here is shown by its id, under the tactics its rules are tagged with.
func techniques() map[string]attack {
	out := map[string]attack{}
	for _, line := range strings.Split(strings.TrimSpace(techniqueTable), "\n") {
		id, rest, _ := strings.Cut(line, " | ")
		name, tactics, _ := strings.Cut(rest, " | ")
		out[id] = attack{name, strings.Fields(tactics)}
	}
	return out
}

const techniqueTable = `
T1005 | Data from Local System | collection
T1021 | Remote Services | lateral-movement
T1021.004 | SSH | lateral-movement
T1021.007 | Cloud Services | lateral-movement
T1021.008 | Direct Cloud VM Connections | lateral-movement
T1040 | Network Sniffing | credential-access discovery
T1059 | Command and Scripting Interpreter | execution
T1059.009 | Cloud API | execution
T1069.003 | Cloud Groups | discovery
T1070 | Indicator Removal | defense-evasion
T1078 | Valid Accounts | initial-access persistence privilege-escalation defense-evasion
T1078.004 | Cloud Accounts | initial-access persistence privilege-escalation defense-evasion
T1087.004 | Cloud Account | discovery
T1098 | Account Manipulation | persistence privilege-escalation
T1098.001 | Additional Cloud Credentials | persistence privilege-escalation
T1098.003 | Additional Cloud Roles | persistence privilege-escalation
T1098.004 | SSH Authorized Keys | persistence privilege-escalation
T1098.006 | Additional Container Cluster Roles | persistence privilege-escalation
T1110 | Brute Force | credential-access
T1110.001 | Password Guessing | credential-access
T1110.003 | Password Spraying | credential-access
T1133 | External Remote Services | initial-access persistence
T1136.003 | Create Cloud Account | persistence
T1190 | Exploit Public-Facing Application | initial-access
T1199 | Trusted Relationship | initial-access
T1484 | Domain or Tenant Policy Modification | defense-evasion privilege-escalation
T1484.002 | Trust Modification | defense-evasion privilege-escalation
T1485 | Data Destruction | impact
T1485.001 | Lifecycle-Triggered Deletion | impact
T1486 | Data Encrypted for Impact | impact
T1490 | Inhibit System Recovery | impact
T1496 | Resource Hijacking | impact
T1496.001 | Compute Hijacking | impact
T1496.003 | SMS Pumping | impact
T1496.004 | Cloud Service Hijacking | impact
T1498 | Network Denial of Service | impact
T1525 | Implant Internal Image | persistence
T1526 | Cloud Service Discovery | discovery
T1528 | Steal Application Access Token | credential-access
T1530 | Data from Cloud Storage | collection
T1531 | Account Access Removal | impact
T1535 | Unused/Unsupported Cloud Regions | defense-evasion
T1537 | Transfer Data to Cloud Account | exfiltration
T1538 | Cloud Service Dashboard | discovery
T1546 | Event Triggered Execution | persistence privilege-escalation
T1548.005 | Temporary Elevated Cloud Access | privilege-escalation defense-evasion
T1550.001 | Application Access Token | defense-evasion lateral-movement
T1552 | Unsecured Credentials | credential-access
T1552.001 | Credentials In Files | credential-access
T1552.005 | Cloud Instance Metadata API | credential-access
T1555 | Credentials from Password Stores | credential-access
T1555.006 | Cloud Secrets Management Stores | credential-access
T1556 | Modify Authentication Process | credential-access defense-evasion persistence
T1556.006 | Multi-Factor Authentication | credential-access defense-evasion persistence
T1562 | Impair Defenses | defense-evasion
T1562.001 | Disable or Modify Tools | defense-evasion
T1562.007 | Disable or Modify Cloud Firewall | defense-evasion
T1562.008 | Disable or Modify Cloud Logs | defense-evasion
T1567 | Exfiltration Over Web Service | exfiltration
T1578 | Modify Cloud Compute Infrastructure | defense-evasion
T1578.001 | Create Snapshot | defense-evasion
T1578.002 | Create Cloud Instance | defense-evasion
T1578.003 | Delete Cloud Instance | defense-evasion
T1578.005 | Modify Cloud Compute Configurations | defense-evasion
T1580 | Cloud Infrastructure Discovery | discovery
T1585.002 | Email Accounts | resource-development
T1610 | Deploy Container | execution defense-evasion
T1613 | Container and Resource Discovery | discovery
T1619 | Cloud Storage Object Discovery | discovery
T1621 | Multi-Factor Authentication Request Generation | credential-access
T1648 | Serverless Execution | execution
T1651 | Cloud Administration Command | execution
T1657 | Financial Theft | impact
T1666 | Modify Cloud Resource Hierarchy | defense-evasion
`
