package source

import (
	"cmp"
	"net/netip"
	"regexp"
	"strings"

	"github.com/quell-ir/quell"
)

var (
	techniqueID = regexp.MustCompile(`\bT[0-9]{4}(?:\.[0-9]{3})?\b`)
	accessKeyID = regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z0-9]{12,124}\b`)
)

// resourceEntity names a resource by the type its service gives it. The same type is AWS::S3::Bucket to Config, AwsS3Bucket to
// Security Hub and AWS_S3_BUCKET to Inspector. Every finding is about its resources, so all are targets.
func resourceEntity(kind, id, name, region string) quell.Entity {
	e := quell.Entity{Kind: quell.KindResource, ID: id, Name: name, Region: region}
	// The ARN says more surely than the type what a thing is, so it goes first and the type only corrects the id.
	if strings.HasPrefix(id, "arn:") {
		e = quell.EntityOfARN(id)
		e.Name, e.Region = cmp.Or(e.Name, name), cmp.Or(e.Region, region)
	}
	// Security Hub puts the type before ids that are no ARN: AWS::IAM::AccessKey:AKIA...
	bare := id[strings.LastIndexAny(id, ":")+1:]
	switch resourceType(kind) {
	case "s3bucket":
		e.Kind, e.ID = quell.KindBucket, bare
	case "iamuser":
		e.Kind = quell.KindUser
	case "iamrole":
		e.Kind = quell.KindRole
	case "iamgroup":
		e.Kind = quell.KindGroup
	case "iampolicy":
		e.Kind = quell.KindPolicy
	case "iamaccesskey":
		e.Kind, e.ID = quell.KindAccessKey, bare
	case "ec2instance":
		e.Kind, e.ID = quell.KindInstance, bare[strings.LastIndexByte(bare, '/')+1:]
	case "secretsmanagersecret":
		e.Kind = quell.KindSecret
	case "account":
		e.Kind, e.ID, e.Account = quell.KindAccount, bare, bare
	}
	e.Part = quell.PartTarget
	return e
}

// resourceType folds the spellings of a type to one.
func resourceType(kind string) string {
	kind = strings.NewReplacer(":", "", "_", "", "-", "", " ", "").Replace(strings.ToLower(kind))
	return strings.TrimPrefix(kind, "aws")
}

// addressEntity is a remote address; anything that is none has no id and is dropped by keep.
func addressEntity(ip string) quell.Entity {
	if _, err := netip.ParseAddr(ip); err != nil {
		return quell.Entity{}
	}
	return quell.Entity{Kind: quell.KindIP, ID: ip, Part: quell.PartUsed}
}

// credential names the principal behind a credential in a finding. Services say Role of a session; only the principal id
// tells, and quell.Actor reads it. An IAM user without its id is known by the ARN that its name makes.
func credential(kind, principal, name, key, account string) []quell.Entity {
	a := quell.Actor{Type: kind, Principal: principal, Name: name, AccessKey: key, Account: account}
	if kind == "IAMUser" && !strings.HasPrefix(principal, "AIDA") && name != "" && account != "" {
		a.ARN = "arn:aws:iam::" + account + ":user/" + name
	}
	// The root package knows how a credential's owner and its session hang together; findings must not know better.
	list := a.Entities()
	// A session that EC2 got for an instance is named after it.
	if _, session, ok := strings.Cut(principal, ":"); ok && strings.HasPrefix(session, "i-") {
		list = append(list, quell.Entity{Kind: quell.KindInstance, ID: session, Part: quell.PartUsed})
	}
	return list
}

// severityNamed reads the labels that Security Hub and Inspector share.
func severityNamed(label string) (quell.Severity, bool) {
	switch strings.ToUpper(label) {
	case "CRITICAL", "FATAL":
		return quell.Critical, true
	case "HIGH":
		return quell.High, true
	case "MEDIUM":
		return quell.Medium, true
		// Informational findings are kept: a response was asked for, so somebody thinks there is something.
	case "LOW", "INFORMATIONAL", "UNTRIAGED":
		return quell.Low, true
	}
	return quell.Low, false
}
