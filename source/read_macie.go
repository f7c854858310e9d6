package source

import (
	"strings"

	"github.com/quell-ir/quell"
)

// macie reads a finding of Macie, by EventBridge or GetFindings: sensitive data found in an object, or a bucket's policy made
// worse. The object and its bucket are targets; who changed a policy is its actor.
func (s *subjectReader) macie(n node, env envelope) error {
	if n["archived"] == true {
		s.quiet("Macie finding", "Macie findings")
		return nil
	}
	severity, _ := severityNamed(n.str("severity.description"))
	f := quell.Finding{
		ID: n.str("id"), Rule: n.str("type"), Title: n.str("title"), Why: n.str("description"), Source: "macie", Severity: severity,
		Account: n.str("accountid"), Region: n.str("region"), Time: n.time("updatedat", "createdat"), Techniques: []string{"T1530"},
	}
	bucket, object := n.obj("resourcesaffected.s3bucket"), n.obj("resourcesaffected.s3object")
	if name := bucket.str("name", "arn"); name != "" {
		f.Entities = append(f.Entities, resourceEntity("AwsS3Bucket", name, "", ""))
	}
	if path := object.str("path"); path != "" {
		f.Entities = append(f.Entities, resourceEntity("AwsS3Object", "arn:aws:s3:::"+path, object.str("key"), ""))
	}
	switch kind := f.Rule; {
	case strings.HasPrefix(kind, "Policy:IAMUser/S3BlockPublicAccessDisabled"), strings.HasPrefix(kind, "Policy:IAMUser/S3BucketEncryptionDisabled"):
		f.Techniques = []string{"T1562"}
	case strings.HasPrefix(kind, "Policy:IAMUser/S3BucketReplicatedExternally"), strings.HasPrefix(kind, "Policy:IAMUser/S3BucketShared"):
		f.Techniques = []string{"T1537"}
	case strings.HasPrefix(kind, "SensitiveData:S3Object/Credentials"):
		f.Techniques = []string{"T1552.001"}
	}
	actor := n.obj("policydetails.actor")
	// One member of userIdentity is set, named after the type.
	for _, kind := range []struct{ member, name string }{{"assumedrole", "AssumedRole"}, {"iamuser", "IAMUser"}, {"root", "Root"}, {"federateduser", "FederatedUser"}} {
		if who := actor.obj("useridentity." + kind.member); who != nil {
			f.Entities = append(f.Entities, credential(kind.name, who.str("principalid"), who.str("username"), who.str("accesskeyid"), who.str("accountid"))...)
		}
	}
	f.Entities = append(f.Entities, addressEntity(actor.str("ipaddressdetails.ipaddressv4")))
	s.keep(f, env, "Macie finding", "Macie findings")
	return nil
}
