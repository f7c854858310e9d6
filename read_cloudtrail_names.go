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
	{service: "iam", path: p("userName"), kind: KindUser, arn: "arn:$p:iam::$a:user/$n"},
	{service: "iam", path: p("roleName"), kind: KindRole, arn: "arn:$p:iam::$a:role/$n"},
	{service: "iam", path: p("groupName"), kind: KindGroup, arn: "arn:$p:iam::$a:group/$n"},
	{service: "iam", path: p("policyArn"), kind: KindPolicy, arn: "$n"},
	{service: "iam", path: p("accessKeyId"), kind: KindAccessKey, bare: true},
	{service: "iam", path: p("instanceProfileName"), kind: KindResource, arn: "arn:$p:iam::$a:instance-profile/$n"},
	{service: "iam", path: p("sAMLProviderArn"), kind: KindResource, arn: "$n"},
	{service: "iam", path: p("openIDConnectProviderArn"), kind: KindResource, arn: "$n"},
	{service: "iam", path: p("serialNumber"), kind: KindResource, arn: "$n", prefix: "arn:"},
	{service: "s3", path: p("bucketName"), kind: KindBucket, arn: "arn:$p:s3:::$n", bare: true},
	{service: "secretsmanager", path: p("secretId"), kind: KindSecret, arn: "arn:$p:secretsmanager:$r:$a:secret:$n"},
	{service: "secretsmanager", path: p("secretIdList"), kind: KindSecret, arn: "arn:$p:secretsmanager:$r:$a:secret:$n"},
	{service: "ec2", path: p("instancesSet items instanceId"), kind: KindInstance, arn: ec2("instance"), prefix: "i-", bare: true},
	{service: "", path: p("instanceId"), kind: KindInstance, arn: ec2("instance"), prefix: "i-", bare: true},
	{service: "", path: p("instanceIds"), kind: KindInstance, arn: ec2("instance"), prefix: "i-", bare: true},
	{service: "ssm", path: p("target"), kind: KindInstance, arn: ec2("instance"), prefix: "i-", bare: true},
	{service: "ec2", path: p("groupId"), kind: KindResource, arn: ec2("security-group"), prefix: "sg-", bare: true},
	{service: "ec2", path: p("groupSet items groupId"), kind: KindResource, arn: ec2("security-group"), prefix: "sg-", bare: true},
	{service: "ec2", path: p("snapshotId"), kind: KindResource, arn: ec2("snapshot"), prefix: "snap-", bare: true},
	{service: "ec2", path: p("snapshotSet items snapshotId"), kind: KindResource, arn: ec2("snapshot"), prefix: "snap-", bare: true},
	{service: "ec2", path: p("volumeId"), kind: KindResource, arn: ec2("volume"), prefix: "vol-", bare: true},
	{service: "ec2", path: p("imageId"), kind: KindResource, arn: ec2("image"), prefix: "ami-", bare: true},
	{service: "ec2", path: p("vpcId"), kind: KindResource, arn: ec2("vpc"), prefix: "vpc-", bare: true},
	{service: "ec2", path: p("DeleteFlowLogsRequest FlowLogId content"), kind: KindResource, arn: ec2("vpc-flow-log"), prefix: "fl-", bare: true},
	{service: "rds", path: p("dBSnapshotIdentifier"), kind: KindResource, arn: "arn:$p:rds:$r:$a:snapshot:$n"},
	{service: "rds", path: p("dBInstanceIdentifier"), kind: KindResource, arn: "arn:$p:rds:$r:$a:db:$n"},
	{service: "kms", path: p("keyId"), kind: KindResource, arn: "arn:$p:kms:$r:$a:key/$n"},
	{service: "lambda", path: p("functionName"), kind: KindResource, arn: "arn:$p:lambda:$r:$a:function:$n"},
	{service: "cloudtrail", path: p("name"), kind: KindResource, arn: "arn:$p:cloudtrail:$r:$a:trail/$n"},
	{service: "cloudtrail", path: p("trailName"), kind: KindResource, arn: "arn:$p:cloudtrail:$r:$a:trail/$n"},
	{service: "guardduty", path: p("detectorId"), kind: KindResource, arn: "arn:$p:guardduty:$r:$a:detector/$n"},
	{service: "", path: p("resourceArn"), kind: KindResource, arn: "$n", prefix: "arn:"},
	{service: "", path: p("resourceARN"), kind: KindResource, arn: "$n", prefix: "arn:"},
}

func p(path string) []string { return strings.Fields(path) }

func ec2(kind string) string { return "arn:$p:ec2:$r:$a:" + kind + "/$n" }

// entity makes the entity a row's field names. The actor's own name stands for the actor's stable id.
func (n *namer) entity(row requestName, value string) (Entity, bool) {
	if !strings.HasPrefix(value, row.prefix) {
		return Entity{}, false
	}
	if strings.HasPrefix(value, "arn:") && (!row.bare || row.kind == KindBucket) {
		return n.fromARN(row, value), true
	}
	e := Entity{Kind: row.kind, Account: n.e.Account, ARN: n.fill(row.arn, value)}
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
	case KindUser:
		e.ID, e.Name = n.ownerNamed(value), value
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

func (n *namer) fill(pattern, value string) string {
	return strings.NewReplacer("$p", n.partition, "$r", n.e.Region, "$a", n.e.Account, "$n", value).Replace(pattern)
}

// ownerNamed is the stable id of a user known by name where the record gives it (the actor acting on itself, which is
// also what an absent name means), else its ARN.
func (n *namer) ownerNamed(name string) string {
	a := n.e.Actor
	if a.Type == "IAMUser" && (name == "" || name == a.Name) && (a.Account == "" || a.Account == n.e.Account) {
		return principalEntity(a, n.partition).ID
	}
	if name == "" {
		return cmp.Or(a.Principal, a.ARN)
	}
	arn := n.fill("arn:$p:iam::$a:user/$n", name)
	return cmp.Or(n.byARN[string(KindUser)+" "+arn], arn)
}
