package detecttest

import "slices"

// pollingWork is monitoring and scanning by roles: a fifth. Scanners list everything, as intruders do; they do it by a role,
// in every account, on every day.
func pollingWork() []duty {
	list := each(observer, 150, slices.Concat(
		reads("ec2", "DescribeInstances", "DescribeInstanceStatus", "DescribeTags", "DescribeRegions", "DescribeAvailabilityZones", "DescribeVolumes", "DescribeNetworkInterfaces"),
		reads("autoscaling", "DescribeAutoScalingGroups", "DescribeAutoScalingInstances", "DescribeTags"),
		reads("elasticloadbalancing", "DescribeLoadBalancers", "DescribeTargetHealth", "DescribeListeners", "DescribeTags"),
		reads("monitoring", "DescribeAlarms", "ListMetrics"),
		reads("rds", "DescribeDBInstances", "DescribeDBClusters"), reads("ses", "GetSendQuota", "GetSendStatistics"),
		reads("lambda", "ListFunctions20150331"), reads("health", "DescribeEvents"), reads("ce", "GetCostAndUsage"),
	))
	list = append(list, each(observer, 12, []step{
		ask("ec2:CreateTags", `{"resourcesSet":{"items":[{"resourceId":"<instance>"}]},"tagSet":{"items":[{"key":"team","value":"<app>"}]}}`),
		ask("autoscaling:SetDesiredCapacity", `{"autoScalingGroupName":"<app>","desiredCapacity":3,"honorCooldown":false}`),
	})...)
	return append(list, each(scanner, 58, slices.Concat(
		reads("iam", "GetAccountAuthorizationDetails", "GetAccountSummary", "GenerateCredentialReport", "GetCredentialReport", "ListUsers", "ListRoles", "ListPolicies", "ListAccessKeys", "ListMFADevices", "ListVirtualMFADevices", "ListSAMLProviders"),
		reads("s3", "ListBuckets"), reads("secretsmanager", "ListSecrets"), reads("ssm", "DescribeParameters", "DescribeInstanceInformation"),
		reads("ec2", "DescribeSnapshots", "DescribeImages", "DescribeSecurityGroups", "DescribeFlowLogs", "DescribeRegions"),
		reads("cloudtrail", "DescribeTrails", "GetEventSelectors", "GetTrailStatus"), reads("guardduty", "ListDetectors"), reads("config", "DescribeConfigurationRecorders"),
		reads("organizations", "ListAccounts", "DescribeOrganization"), reads("bedrock", "ListFoundationModels", "GetModelInvocationLoggingConfiguration"), reads("sts", "GetCallerIdentity"),
		[]step{
			ask("s3:GetBucketPolicy", `{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","policy":""}`),
			ask("s3:GetBucketPublicAccessBlock", `{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","publicAccessBlock":""}`),
			ask("ec2:DescribeInstanceAttribute", `{"instanceId":"<instance>","attribute":"userData"}`),
			ask("ec2:DescribeSnapshotAttribute", `{"snapshotId":"snap-0<hex:16>","attributeType":"CREATE_VOLUME_PERMISSION"}`),
			ask("iam:GetPolicyVersion", `{"policyArn":"arn:aws:iam::<account>:policy/<app>","versionId":"v1"}`),
			ask("lambda:GetFunction20150331v2", `{"functionName":"<app>"}`),
		},
	))...)
}

// buildWork is infrastructure as code and delivery: 8 %, nine tenths of it reading the present state.
func buildWork() []duty {
	policy := `{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\",\"s3:PutObject\"],\"Resource\":\"arn:aws:s3:::<bucket>/*\"}]}`
	trust := `{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"<pick:lambda|ecs-tasks|ec2>.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}`
	list := each(terraform, 44, slices.Concat(
		reads("ec2", "DescribeVpcs", "DescribeSubnets", "DescribeSecurityGroups", "DescribeRouteTables", "DescribeInstanceTypes"), reads("sts", "GetCallerIdentity"), reads("route53", "ListHostedZones"),
		[]step{
			ask("iam:GetRole", `{"roleName":"<app>-task"}`), ask("iam:ListAttachedRolePolicies", `{"roleName":"<app>-task"}`), ask("iam:GetPolicyVersion", `{"policyArn":"arn:aws:iam::<account>:policy/<app>","versionId":"v3"}`),
			ask("s3:GetBucketPolicy", `{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","policy":""}`),
			ask("ec2:DescribeInstanceAttribute", `{"instanceId":"<instance>","attribute":"userData"}`),
			ask("kms:DescribeKey", `{"keyId":"<key>"}`), ask("lambda:GetFunction20150331v2", `{"functionName":"<app>"}`), ask("secretsmanager:DescribeSecret", `{"secretId":"<app>/database"}`),
		},
	))
	list = append(list, often(terraform, 4,
		ask("iam:CreateRole", `{"roleName":"<app>-task","assumeRolePolicyDocument":"`+trust+`","maxSessionDuration":3600}`, returns(`{"role":{"arn":"arn:aws:iam::<account>:role/<app>-task","roleId":"AROA<id:17>","roleName":"<app>-task"}}`)),
		ask("iam:PutRolePolicy", `{"roleName":"<app>-task","policyName":"data","policyDocument":"`+policy+`"}`),
		ask("iam:AttachRolePolicy", `{"roleName":"<app>-task","policyArn":"arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"}`),
	), often(terraform, 3,
		ask("s3:CreateBucket", `{"bucketName":"<app>-<hex:6>","Host":"s3.<region>.amazonaws.com","CreateBucketConfiguration":{"LocationConstraint":"<region>"}}`),
		ask("s3:PutBucketPublicAccessBlock", `{"bucketName":"<app>-<hex:6>","publicAccessBlock":"","PublicAccessBlockConfiguration":{"BlockPublicAcls":true,"BlockPublicPolicy":true,"IgnorePublicAcls":true,"RestrictPublicBuckets":true}}`),
		ask("s3:PutBucketLifecycle", `{"bucketName":"<app>-<hex:6>","lifecycle":"","LifecycleConfiguration":{"Rule":{"ID":"old","Status":"Enabled","Expiration":{"Days":<pick:30|90|365>},"Filter":{"Prefix":""}}}}`),
	))
	list = append(list, each(terraform, 4, []step{
		ask("iam:CreatePolicyVersion", `{"policyArn":"arn:aws:iam::<account>:policy/<app>","policyDocument":"`+policy+`","setAsDefault":true}`),
		ask("iam:UpdateAssumeRolePolicy", `{"roleName":"<app>-task","policyDocument":"`+trust+`"}`),
		ask("ec2:AuthorizeSecurityGroupIngress", `{"groupId":"<sg>","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":<pick:443|5432|8080>,"toPort":<pick:443|5432|8080>,"groups":{},"ipRanges":{"items":[{"cidrIp":"10.<num:64>.0.0/16"}]},"ipv6Ranges":{},"prefixListIds":{}}]}}`),
		ask("lambda:UpdateFunctionConfiguration20150331v2", `{"functionName":"<app>","layers":["arn:aws:lambda:<region>:464622532012:layer:Datadog-Extension:65"],"environment":{}}`),
		ask("rds:ModifyDBInstance", `{"dBInstanceIdentifier":"<app>","backupRetentionPeriod":14,"applyImmediately":true}`),
		ask("kms:PutKeyPolicy", `{"keyId":"<key>","policyName":"default","policy":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::<account>:root\"},\"Action\":\"kms:*\",\"Resource\":\"*\"}]}"}`),
	})...)
	list = append(list, each(stack, 12, []step{
		ask("lambda:UpdateFunctionCode20150331v2", `{"functionName":"<app>","s3Bucket":"cdk-hnb659fds-assets-<account>-<region>","s3Key":"<hex:40>.zip","publish":false}`),
		ask("lambda:AddPermission20150331v2", `{"functionName":"<app>","statementId":"api","action":"lambda:InvokeFunction","principal":"<pick:apigateway|s3|events>.amazonaws.com","sourceAccount":"<account>"}`),
		ask("iam:PassRole", ""), ask("iam:CreateRole", `{"roleName":"<app>-ServiceRole-<id:12>","assumeRolePolicyDocument":"`+trust+`"}`),
		ask("iam:DeleteRolePolicy", `{"roleName":"<app>-ServiceRole-<id:12>","policyName":"DefaultPolicy<id:8>"}`), ask("logs:DeleteLogGroup", `{"logGroupName":"/aws/lambda/<app>-pr-<num:900>"}`),
		ask("events:PutRule", `{"name":"<app>-nightly","scheduleExpression":"cron(0 3 * * ? *)","state":"ENABLED"}`), ask("ec2:DescribeSubnets", ""),
	})...)
	return append(list, each(delivery, 14, []step{
		ask("ecr:InitiateLayerUpload", `{"registryId":"<account>","repositoryName":"<app>"}`), ask("ecr:PutImage", `{"registryId":"<account>","repositoryName":"<app>","imageTag":"<hex:8>"}`),
		ask("ecs:UpdateService", `{"cluster":"main","service":"<app>","forceNewDeployment":true}`), ask("ecs:RegisterTaskDefinition", `{"family":"<app>"}`),
		ask("lambda:UpdateFunctionCode20150331v2", `{"functionName":"<app>","publish":true,"s3Bucket":"<bucket>","s3Key":"<app>/<hex:8>.zip"}`),
		ask("cloudformation:ExecuteChangeSet", `{"stackName":"<app>","changeSetName":"cdk-<hex:8>"}`), ask("cloudformation:DescribeStackEvents", `{"stackName":"<app>"}`),
		ask("sts:GetCallerIdentity", ""), ask("cloudfront:CreateInvalidation", `{"distributionId":"E<id:13>","invalidationBatch":{"callerReference":"<hex:8>"}}`), ask("ssm:GetParameters", `{"names":["/<app>/version"]}`),
	})...)
}
