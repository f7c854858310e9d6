package quell

import (
	"cmp"
	"strings"
)

// requestName says what one field of a request names. Arn is how the entity's ARN is made from a bare name or id, with
// $p partition, $r region, $a account, $n the value; a value that is an ARN already stands for itself.
type requestName struct {
	service string // first label of eventSource; empty for any
	path    []string
	kind    EntityKind
	arn     string
	// prefix is what an id of this kind begins with, where the field also carries other things.
	prefix string
	// bare says that the id alone is stable and unique, so that it, not the ARN, is the entity's id.
	bare bool
}

// requestNames follows the request shapes of each service's API as CloudTrail writes them. A table beside the code
// that reads it is no state: nothing ever writes to it.
var requestNames = []requestName{
	{service: "iam", path: keys("userName"), kind: KindUser, arn: "arn:$p:iam::$a:user/$n"},
	{service: "iam", path: keys("roleName"), kind: KindRole, arn: "arn:$p:iam::$a:role/$n"},
	{service: "iam", path: keys("groupName"), kind: KindGroup, arn: "arn:$p:iam::$a:group/$n"},
	{service: "iam", path: keys("policyArn"), kind: KindPolicy, arn: "$n"},
	{service: "iam", path: keys("accessKeyId"), kind: KindAccessKey, bare: true},
	{service: "iam", path: keys("instanceProfileName"), kind: KindResource, arn: "arn:$p:iam::$a:instance-profile/$n"},
	{service: "iam", path: keys("sAMLProviderArn"), kind: KindResource, arn: "$n"},
	{service: "iam", path: keys("openIDConnectProviderArn"), kind: KindResource, arn: "$n"},
	{service: "iam", path: keys("serialNumber"), kind: KindResource, arn: "$n", prefix: "arn:"},
	{service: "s3", path: keys("bucketName"), kind: KindBucket, arn: "arn:$p:s3:::$n", bare: true},
	{service: "secretsmanager", path: keys("secretId"), kind: KindSecret, arn: "arn:$p:secretsmanager:$r:$a:secret:$n"},
	{service: "secretsmanager", path: keys("secretIdList"), kind: KindSecret, arn: "arn:$p:secretsmanager:$r:$a:secret:$n"},
	{service: "ec2", path: keys("instancesSet items instanceId"), kind: KindInstance, arn: ec2ARN("instance"), prefix: "i-", bare: true},
	{service: "", path: keys("instanceId"), kind: KindInstance, arn: ec2ARN("instance"), prefix: "i-", bare: true},
	{service: "", path: keys("instanceIds"), kind: KindInstance, arn: ec2ARN("instance"), prefix: "i-", bare: true},
	{service: "ssm", path: keys("target"), kind: KindInstance, arn: ec2ARN("instance"), prefix: "i-", bare: true},
	{service: "ec2", path: keys("groupId"), kind: KindResource, arn: ec2ARN("security-group"), prefix: "sg-", bare: true},
	{service: "ec2", path: keys("groupSet items groupId"), kind: KindResource, arn: ec2ARN("security-group"), prefix: "sg-", bare: true},
	{service: "ec2", path: keys("snapshotId"), kind: KindResource, arn: ec2ARN("snapshot"), prefix: "snap-", bare: true},
	{service: "ec2", path: keys("snapshotSet items snapshotId"), kind: KindResource, arn: ec2ARN("snapshot"), prefix: "snap-", bare: true},
	{service: "ec2", path: keys("volumeId"), kind: KindResource, arn: ec2ARN("volume"), prefix: "vol-", bare: true},
	{service: "ec2", path: keys("imageId"), kind: KindResource, arn: ec2ARN("image"), prefix: "ami-", bare: true},
	{service: "ec2", path: keys("vpcId"), kind: KindResource, arn: ec2ARN("vpc"), prefix: "vpc-", bare: true},
	{service: "ec2", path: keys("DeleteFlowLogsRequest FlowLogId content"), kind: KindResource, arn: ec2ARN("vpc-flow-log"), prefix: "fl-", bare: true},
	{service: "rds", path: keys("dBSnapshotIdentifier"), kind: KindResource, arn: "arn:$p:rds:$r:$a:snapshot:$n"},
	{service: "rds", path: keys("dBInstanceIdentifier"), kind: KindResource, arn: "arn:$p:rds:$r:$a:db:$n"},
	{service: "kms", path: keys("keyId"), kind: KindResource, arn: "arn:$p:kms:$r:$a:key/$n"},
	{service: "lambda", path: keys("functionName"), kind: KindResource, arn: "arn:$p:lambda:$r:$a:function:$n"},
	{service: "cloudtrail", path: keys("name"), kind: KindResource, arn: "arn:$p:cloudtrail:$r:$a:trail/$n"},
	{service: "cloudtrail", path: keys("trailName"), kind: KindResource, arn: "arn:$p:cloudtrail:$r:$a:trail/$n"},
	{service: "guardduty", path: keys("detectorId"), kind: KindResource, arn: "arn:$p:guardduty:$r:$a:detector/$n"},
	{service: "", path: keys("resourceArn"), kind: KindResource, arn: "$n", prefix: "arn:"},
	{service: "", path: keys("resourceARN"), kind: KindResource, arn: "$n", prefix: "arn:"},
}

// keys writes a path as words, which a table of forty rows is easier to read with.
func keys(path string) []string { return strings.Fields(path) }

// ec2ARN is the pattern of EC2's resources.
func ec2ARN(kind string) string { return "arn:$p:ec2:$r:$a:" + kind + "/$n" }

// entity makes the entity a row's field names. A name that the record elsewhere gives an id for stands for that id.
func (n *namer) entity(row requestName, value string) (Entity, bool) {
	if !strings.HasPrefix(value, row.prefix) {
		return Entity{}, false
	}
	// Most APIs take a name or an ARN in the same field.
	if strings.HasPrefix(value, "arn:") && (!row.bare || row.kind == KindBucket) {
		return n.fromARN(row, value), true
	}
	e := Entity{Kind: row.kind, Account: n.e.Account, ARN: n.fill(row.arn, value)}
	// IAM and S3 names are global: a region would make two of one.
	if strings.Contains(row.arn, "$r") {
		e.Region = n.e.Region
	}
	switch {
	case row.service == "kms" && strings.HasPrefix(value, "alias/"):
		e.ARN = n.fill("arn:$p:kms:$r:$a:$n", value)
	case row.bare:
		e.ID = value
	}
	switch row.kind {
	case KindBucket:
		e.Account = "" // a bucket's name says nothing about whose it is
	case KindAccessKey:
		e.ARN, e.Of = "", n.ownerNamed(n.f.str("requestParameters", "userName"))
	case KindUser, KindRole, KindGroup:
		e.Name = value
		if id := n.byName[nameKey(row.kind, n.e.Account, value)]; id != "" {
			e.ID, e.ARN = id, "" // the ARN made above has no path, the true one may have
		}
	default:
		if !row.bare {
			e.Name = value
		}
	}
	return e, true
}

// fromARN keeps the row's kind where the ARN's own shape says nothing better, and drops a function's version.
func (n *namer) fromARN(row requestName, arn string) Entity {
	if row.service == "lambda" {
		if parts := strings.Split(arn, ":"); len(parts) > 7 {
			arn = strings.Join(parts[:7], ":")
		}
	}
	e := EntityOfARN(arn)
	if e.Kind == KindResource {
		e.Kind = row.kind
	}
	return e
}

// fill makes an ARN of a pattern.
func (n *namer) fill(pattern, value string) string {
	return strings.NewReplacer("$p", n.partition, "$r", n.e.Region, "$a", n.e.Account, "$n", value).Replace(pattern)
}

// ownerNamed is the stable id of a user known by name where the record gives it, else its ARN. An absent name means
// whoever asked.
func (n *namer) ownerNamed(name string) string {
	if name == "" {
		return n.self
	}
	return cmp.Or(n.byName[nameKey(KindUser, n.e.Account, name)], n.fill("arn:$p:iam::$a:user/$n", name))
}
