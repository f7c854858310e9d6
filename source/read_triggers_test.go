package source

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/quell-ir/quell"
)

// Every verdict of an AWS service that a playbook begins with is accepted, keeps its type, has a severity that fits and, where
// it shows a technique, names it. GuardDuty grades its findings itself; the number is that of its documentation.
func TestGuardDutyTriggersAreAccepted(t *testing.T) {
	const low, medium, high, critical = quell.Low, quell.Medium, quell.High, quell.Critical
	for _, tc := range []struct {
		kind       string
		grade      float64
		want       quell.Severity
		techniques string
	}{
		// leaked credentials
		{"CredentialAccess:IAMUser/AnomalousBehavior", 5, medium, "T1552"},
		{"Persistence:IAMUser/AnomalousBehavior", 5, medium, "T1098"},
		{"InitialAccess:IAMUser/AnomalousBehavior", 5, medium, "T1078.004"},
		{"Discovery:IAMUser/AnomalousBehavior", 2, low, "T1580"},
		{"Impact:IAMUser/AnomalousBehavior", 8, high, "T1485"},
		{"Exfiltration:IAMUser/AnomalousBehavior", 8, high, "T1537"},
		{"UnauthorizedAccess:IAMUser/MaliciousIPCaller", 5, medium, "T1078.004"},
		{"UnauthorizedAccess:IAMUser/MaliciousIPCaller.Custom", 5, medium, "T1078.004"},
		{"UnauthorizedAccess:IAMUser/TorIPCaller", 5, medium, "T1078.004"},
		{"UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS", 8, high, "T1078.004 T1552.005"},
		{"UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.InsideAWS", 8, high, "T1078.004 T1552.005"},
		{"UnauthorizedAccess:IAMUser/ResourceCredentialExfiltration.OutsideAWS", 8, high, "T1078.004 T1552.005"},
		{"AttackSequence:IAM/CompromisedCredentials", 9, critical, "T1078.004"},
		// machines
		{"Execution:EC2/MaliciousFile", 8, high, "T1204.002"},
		{"Backdoor:EC2/C&CActivity.B", 8, high, "T1071"},
		{"Backdoor:EC2/C&CActivity.B!DNS", 8, high, "T1071"},
		{"Backdoor:EC2/DenialOfService.Dns", 8, high, "T1498"},
		{"Trojan:EC2/DNSDataExfiltration", 8, high, "T1048"},
		{"Trojan:EC2/BlackholeTraffic", 5, medium, "T1071"},
		{"Execution:Runtime/ReverseShell", 8, high, "T1059.004"},
		{"DefenseEvasion:Runtime/ProcessInjection.Proc", 8, high, "T1055"},
		{"UnauthorizedAccess:EC2/TorClient", 8, high, "T1090.003"},
		{"UnauthorizedAccess:EC2/MetadataDNSRebind", 8, high, "T1552.005"},
		{"UnauthorizedAccess:EC2/SSHBruteForce", 8, high, "T1110"},
		{"AttackSequence:EC2/CompromisedInstanceGroup", 9, critical, "T1059 T1078.004"},
		// buckets
		{"Policy:S3/BucketAnonymousAccessGranted", 8, high, "T1530"},
		{"Policy:S3/BucketPublicAccessGranted", 8, high, "T1530"},
		{"Policy:S3/BucketBlockPublicAccessDisabled", 2, low, "T1562"},
		{"Policy:S3/AccountBlockPublicAccessDisabled", 2, low, "T1562"},
		{"Exfiltration:S3/AnomalousBehavior", 8, high, "T1530"},
		{"Exfiltration:S3/MaliciousIPCaller", 8, high, "T1530"},
		{"Discovery:S3/AnomalousBehavior", 2, low, "T1619"},
		{"Discovery:S3/TorIPCaller", 5, medium, "T1619"},
		{"UnauthorizedAccess:S3/TorIPCaller", 8, high, "T1078.004 T1530"},
		{"AttackSequence:S3/CompromisedData", 9, critical, "T1078.004 T1530"},
		{"Impact:S3/AnomalousBehavior.Delete", 8, high, "T1485"},
		{"Impact:S3/AnomalousBehavior.Write", 5, medium, "T1485"},
		// mining
		{"CryptoCurrency:EC2/BitcoinTool.B", 8, high, "T1496"},
		{"CryptoCurrency:EC2/BitcoinTool.B!DNS", 8, high, "T1496"},
		{"CryptoCurrency:Runtime/BitcoinTool.B", 8, high, "T1496"},
		{"CryptoCurrency:Lambda/BitcoinTool.B", 8, high, "T1496"},
		{"Impact:Runtime/CryptoMinerExecuted", 8, high, "T1496.001"},
		{"Impact:EC2/BitcoinDomainRequest.Reputation", 8, high, "T1496.001"},
		// rights and logs
		{"PrivilegeEscalation:IAMUser/AnomalousBehavior", 5, medium, "T1098.003"},
		{"Stealth:IAMUser/CloudTrailLoggingDisabled", 2, low, "T1562.008"},
		{"DefenseEvasion:IAMUser/BedrockLoggingDisabled", 2, low, "T1562"},
		{"Policy:IAMUser/RootCredentialUsage", 2, low, "T1078.004"},
		{"UnauthorizedAccess:IAMUser/ConsoleLoginSuccess.B", 5, medium, "T1078.004"},
		// databases, clusters
		{"CredentialAccess:RDS/AnomalousBehavior.SuccessfulLogin", 8, high, "T1110"},
		{"CredentialAccess:RDS/MaliciousIPCaller.SuccessfulBruteForce", 8, high, "T1110"},
		{"Execution:Kubernetes/ExecInKubeSystemPod", 5, medium, "T1609"},
		{"CredentialAccess:Kubernetes/SuccessfulAnonymousAccess", 8, high, "T1552.007"},
		{"PrivilegeEscalation:Kubernetes/PrivilegedContainer", 5, medium, "T1611"},
		{"Persistence:Kubernetes/ContainerWithSensitiveMount", 5, medium, "T1098.006"},
		{"Discovery:Kubernetes/MaliciousIPCaller", 5, medium, "T1613"},
		{"Policy:Kubernetes/AnonymousAccessGranted", 8, high, "T1133"},
		{"PrivilegeEscalation:Runtime/ContainerMountsHostDirectory", 5, medium, "T1611"},
		{"AttackSequence:EKS/CompromisedCluster", 9, critical, "T1078.004 T1610"},
		{"AttackSequence:ECS/CompromisedCluster", 9, critical, "T1078.004 T1610"},
		{"Execution:ECS/MaliciousFile", 8, high, "T1204.003"},
	} {
		text := fmt.Sprintf(`{"SchemaVersion":"2.0","Id":"f1","Type":%q,"Severity":%v,"Title":"T","AccountId":"111122223333","Region":"eu-west-1","Resource":{"ResourceType":"AccessKey"},"Service":{"EventLastSeen":"2026-03-04T05:20:00Z"}}`, tc.kind, tc.grade)
		s, err := ReadSubject("f.json", []byte(text))
		if err != nil || len(s.Findings) != 1 {
			t.Errorf("%s: %v, %d findings", tc.kind, err, len(s.Findings))
			continue
		}
		f := s.Findings[0]
		if f.Rule != tc.kind || f.Severity != tc.want || strings.Join(f.Techniques, " ") != tc.techniques {
			t.Errorf("%s at %v: rule %s, %v, %v; want %v, %s", tc.kind, tc.grade, f.Rule, f.Severity, f.Techniques, tc.want, tc.techniques)
		}
	}
}

func TestConfigTriggersAreGraded(t *testing.T) {
	for rule, want := range map[string]quell.Severity{
		"restricted-ssh": quell.Medium, "securityhub-restricted-ssh-1a2b3c": quell.Medium, "AWSControlTower_AWS-GR_RESTRICTED_SSH": quell.Medium,
		"restricted-common-ports": quell.Medium, "vpc-sg-open-only-to-authorized-ports": quell.Medium, "something-of-our-own": quell.Medium,
		"s3-bucket-public-read-prohibited": quell.High, "s3-bucket-public-write-prohibited": quell.High,
		"rds-instance-public-access-check": quell.Medium, "rds-snapshots-public-prohibited": quell.High,
		"access-keys-rotated": quell.Low, "iam-user-unused-credentials-check": quell.Low,
	} {
		text := fmt.Sprintf(`{"detail-type":"Config Rules Compliance Change","source":"aws.config","account":"111122223333","region":"eu-west-1","time":"2026-03-04T05:20:00Z","detail":{"configRuleName":%q,"resourceType":"AWS::S3::Bucket","resourceId":"payroll","newEvaluationResult":{"complianceType":"NON_COMPLIANT"}}}`, rule)
		s, err := ReadSubject("f.json", []byte(text))
		if err != nil || len(s.Findings) != 1 || s.Findings[0].Severity != want || s.Findings[0].Rule != rule {
			t.Errorf("%s: %v, %+v; want %v", rule, err, s.Findings, want)
		}
	}
}

func TestHealthTriggersAreAccepted(t *testing.T) {
	event := func(code, entity string) string {
		return fmt.Sprintf(`{"detail-type":"AWS Health Event","source":"aws.health","account":"111122223333","region":"eu-west-1","time":"2026-03-04T05:20:00Z","detail":{"eventArn":"arn:aws:health:eu-west-1::event/X/%s/1","eventTypeCode":%q,"eventRegion":"eu-west-1","affectedAccount":"111122223333","eventDescription":[{"latestDescription":"See AKIAEXAMPLEALICE0001."}],"affectedEntities":[{"entityValue":%q}]}}`, code, code, entity)
	}
	for _, tc := range []struct {
		code, entity string
		severity     quell.Severity
		exposed      bool
		kind         quell.EntityKind
		techniques   []string
	}{
		{"AWS_RISK_CREDENTIALS_EXPOSED", "AKIAEXAMPLEALICE0001", quell.Critical, true, quell.KindAccessKey, []string{"T1078.004", "T1552.001"}},
		{"AWS_RISK_CREDENTIALS_COMPROMISED", "AKIAEXAMPLEALICE0001", quell.Critical, true, quell.KindAccessKey, []string{"T1078.004", "T1552.001"}},
		{"AWS_ABUSE_DOS_REPORT", "i-0a1b2c3d4e5f60718", quell.High, false, quell.KindInstance, []string{"T1498"}},
		{"AWS_ABUSE_PORT_SCANNING_REPORT", "i-0a1b2c3d4e5f60718", quell.High, false, quell.KindInstance, []string{"T1046"}},
		{"AWS_ABUSE_SPAM_REPORT", "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1b2c3d4e5f60718", quell.High, false, quell.KindInstance, []string{}},
	} {
		s, err := ReadSubject("f.json", []byte(event(tc.code, tc.entity)))
		if err != nil || len(s.Findings) != 1 {
			t.Errorf("%s: %v, %d findings", tc.code, err, len(s.Findings))
			continue
		}
		f := s.Findings[0]
		acts := slices.ContainsFunc(f.Entities, func(e quell.Entity) bool { return e.Kind == tc.kind && e.Part == quell.PartActor })
		if f.Rule != tc.code || f.Severity != tc.severity || f.Exposed != tc.exposed || !acts || !slices.Equal(f.Techniques, tc.techniques) {
			t.Errorf("%s: %+v", tc.code, f)
		}
	}
	if _, err := ReadSubject("f.json", []byte(event("AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED", "i-0a1b2c3d4e5f60718"))); err == nil {
		t.Error("a machine that AWS retires was taken for an incident")
	}
}

// Macie grades its findings by words, Access Analyzer not at all: open to everybody is high, to another account medium.
func TestMacieAndAccessAnalyzerTriggersAreAccepted(t *testing.T) {
	macie := func(kind, grade string) string {
		return fmt.Sprintf(`{"id":"m1","type":%q,"title":"T","accountId":"111122223333","region":"eu-west-1","severity":{"description":%q},"category":"POLICY","resourcesAffected":{"s3Bucket":{"name":"payroll"}},"updatedAt":"2026-03-04T05:20:00Z"}`, kind, grade)
	}
	analyzer := func(public bool, status string) string {
		return fmt.Sprintf(`{"id":"a1","resource":"arn:aws:iam::111122223333:role/partner","resourceType":"AWS::IAM::Role","status":%q,"isPublic":%v,"principal":{"AWS":"444455556666"},"action":["sts:AssumeRole"],"resourceOwnerAccount":"111122223333","updatedAt":"2026-03-04T05:20:00Z"}`, status, public)
	}
	for _, tc := range []struct {
		text, rule string
		want       quell.Severity
		technique  string
	}{
		{macie("Policy:IAMUser/S3BucketPublic", "High"), "Policy:IAMUser/S3BucketPublic", quell.High, "T1530"},
		{macie("Policy:IAMUser/S3BlockPublicAccessDisabled", "High"), "Policy:IAMUser/S3BlockPublicAccessDisabled", quell.High, "T1562"},
		{macie("Policy:IAMUser/S3BucketSharedExternally", "High"), "Policy:IAMUser/S3BucketSharedExternally", quell.High, "T1537"},
		{macie("Policy:IAMUser/S3BucketReplicatedExternally", "High"), "Policy:IAMUser/S3BucketReplicatedExternally", quell.High, "T1537"},
		{macie("SensitiveData:S3Object/Credentials", "High"), "SensitiveData:S3Object/Credentials", quell.High, "T1552.001"},
		{macie("SensitiveData:S3Object/Personal", "Medium"), "SensitiveData:S3Object/Personal", quell.Medium, "T1530"},
		{analyzer(true, "ACTIVE"), "ExternalAccess", quell.High, "T1530"},
		{analyzer(false, "ACTIVE"), "ExternalAccess", quell.Medium, "T1199"},
	} {
		s, err := ReadSubject("f.json", []byte(tc.text))
		if err != nil || len(s.Findings) != 1 || s.Findings[0].Rule != tc.rule || s.Findings[0].Severity != tc.want || !slices.Equal(s.Findings[0].Techniques, []string{tc.technique}) {
			t.Errorf("%s: %v, %+v; want %v %s", tc.rule, err, s.Findings, tc.want, tc.technique)
		}
	}
	if s, err := ReadSubject("f.json", []byte(analyzer(true, "ARCHIVED"))); err != nil || len(s.Findings) != 0 {
		t.Errorf("archived: %v, %+v", err, s.Findings)
	}
}
