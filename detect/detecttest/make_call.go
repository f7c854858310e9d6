package detecttest

// call is one API call that the generator knows: how it asks and, where it changes something, what comes back.
type call struct {
	service, name     string
	request, response func(*generator)
}

func (g *generator) text(format string, args ...any) func(*generator) {
	return func(g *generator) { g.add(format, args...) }
}

// call draws the next call. Reads are nine of ten, as in real trails.
func (g *generator) call() call {
	null := g.text("null")
	bucket := func(g *generator) {
		g.add(`{"bucketName":"%s-%s","Host":"s3.us-east-1.amazonaws.com","key":"%s/%s.parquet"}`, g.pick("logs", "data", "site"), g.hex(6), g.hex(4), g.hex(32))
	}
	instances := func(g *generator) {
		g.add(`{"instancesSet":{"items":[{"instanceId":"i-0%s"},{"instanceId":"i-0%s"}]},"filterSet":{"items":[{"name":"instance-state-name","valueSet":{"items":[{"value":"running"},{"value":"pending"}]}}]}}`, g.hex(16), g.hex(16))
	}
	role := func(g *generator) {
		g.add(`{"roleArn":"arn:aws:iam::111122223333:role/%s","roleSessionName":"%s","durationSeconds":3600}`, g.pick("app-prod", "ci-deploy", "reader"), g.hex(12))
	}
	session := func(g *generator) {
		g.add(`{"credentials":{"accessKeyId":"ASIA%s","sessionToken":"%s","expiration":"Mar 1, 2025, 1:00:00 AM"},"assumedRoleUser":{"assumedRoleId":"AROA%s:x","arn":"arn:aws:sts::111122223333:assumed-role/app/%s"}}`,
			g.id(16), g.hex(300), g.id(17), g.hex(12))
	}
	switch n := g.rnd.IntN(100); {
	case n < 22:
		return call{"ec2", g.pick("DescribeInstances", "DescribeInstanceStatus", "DescribeTags", "DescribeVolumes", "DescribeNetworkInterfaces"), instances, nil}
	case n < 40:
		return call{"s3", g.pick("GetObject", "HeadObject", "ListObjects", "GetBucketLocation", "GetBucketAcl"), bucket, nil}
	case n < 55:
		return call{"sts", g.pick("AssumeRole", "AssumeRole", "AssumeRoleWithWebIdentity"), role, session}
	case n < 65:
		return call{"kms", g.pick("Decrypt", "GenerateDataKey"), func(g *generator) {
			g.add(`{"keyId":"arn:aws:kms:us-east-1:111122223333:key/%s","encryptionAlgorithm":"SYMMETRIC_DEFAULT","encryptionContext":{"aws:s3:arn":"arn:aws:s3:::data-%s"}}`, g.uuid(), g.hex(8))
		}, nil}
	case n < 75:
		return call{"logs", g.pick("CreateLogStream", "DescribeLogGroups", "PutRetentionPolicy"), func(g *generator) {
			g.add(`{"logGroupName":"/aws/lambda/%s","logStreamName":"2025/03/01/[$LATEST]%s"}`, g.hex(8), g.hex(32))
		}, nil}
	case n < 82:
		return call{"dynamodb", g.pick("DescribeTable", "ListTables"), func(g *generator) { g.add(`{"tableName":"orders-%s"}`, g.hex(5)) }, nil}
	case n < 90:
		return call{"iam", g.pick("GetRole", "ListRoles", "GetUser", "ListAttachedRolePolicies", "GetPolicyVersion"), func(g *generator) { g.add(`{"roleName":"%s","maxItems":100}`, g.hex(9)) }, nil}
	case n < 94:
		return call{"ec2", g.pick("RunInstances", "CreateTags", "AuthorizeSecurityGroupIngress"), func(g *generator) {
			g.add(`{"instancesSet":{"items":[{"imageId":"ami-0%s","minCount":1,"maxCount":1}]},"userData":"<sensitiveDataRemoved>","instanceType":"m6i.large","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":443,"toPort":443,"ipRanges":{"items":[{"cidrIp":"10.0.0.0/8"}]}}]}}`, g.hex(16))
		}, g.text(`{"requestId":"5a1","reservationId":"r-1","instancesSet":{"items":[{"instanceId":"i-1","instanceState":{"code":0,"name":"pending"},"privateDnsName":"ip-10-0-0-1.ec2.internal","monitoring":{"state":"disabled"},"vpcId":"vpc-1"}]}}`)}
	case n < 96:
		return call{"iam", g.pick("CreateUser", "PutRolePolicy", "AttachRolePolicy", "CreateAccessKey"), func(g *generator) {
			g.add(`{"userName":"%s","policyName":"p","policyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\",\"s3:PutObject\"],\"Resource\":\"arn:aws:s3:::data-%s/*\"}]}"}`, g.pick("svc-a", "svc-b", "alice"), g.hex(6))
		}, g.text(`{"accessKey":{"userName":"svc-a","status":"Active","createDate":"Mar 1, 2025, 12:00:00 AM"}}`)}
	case n < 97:
		return call{"signin", "ConsoleLogin", null, func(g *generator) { g.add(`{"ConsoleLogin":"%s"}`, g.pick("Success", "Success", "Failure")) }}
	}
	return call{g.pick("cloudwatch", "autoscaling", "elasticloadbalancing", "rds", "ssm"), g.pick("DescribeAlarms", "DescribeDBInstances", "DescribeTargetHealth", "DescribeAutoScalingGroups"), null, nil}
}
