package detecttest

import "slices"

// ordinaryWork is what fills the month, with each duty's share of a thousand events. The bulk is what the bulk is in real
// trails: roles assumed, data keys unwrapped, resources described by whatever polls them.
func ordinaryWork() []duty {
	return slices.Concat(serviceWork(), workloadWork(), pollingWork(), buildWork(), peopleWork())
}

// serviceWork is AWS's own: a third of all events.
func serviceWork() []duty {
	assume := func(by, role, session string) step {
		return ask("sts:AssumeRole", `{"roleArn":"arn:aws:iam::<account>:role/`+role+`","roleSessionName":"`+session+`"}`, through(by), returns(
			`{"credentials":{"accessKeyId":"ASIA<id:16>","expiration":"<later>","sessionToken":"<id:120>"},"assumedRoleUser":{"assumedRoleId":"AROA<id:17>:`+session+`","arn":"arn:aws:sts::<account>:assumed-role/`+role+`/`+session+`"}}`))
	}
	list := each(service, 190, []step{
		assume("lambda.amazonaws.com", "service-role/<app>-lambda", "<app>"),
		assume("ecs-tasks.amazonaws.com", "<app>-task", "<hex:32>"),
		assume("ec2.amazonaws.com", "<app>-instance", "<instance>"),
		assume("config.amazonaws.com", "aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig", "AWSConfig-Describe"),
		assume("states.amazonaws.com", "<app>-workflow", "<id:28>"),
		assume("events.amazonaws.com", "events-invoke-<app>", "<hex:32>"),
		assume("autoscaling.amazonaws.com", "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling", "AutoScaling"),
	})
	list = append(list, each(service, 60, []step{
		ask("kms:GenerateDataKey", `{"keySpec":"AES_256","encryptionContext":{"aws:cloudtrail:arn":"arn:aws:cloudtrail:eu-west-1:<management>:trail/organization","aws:s3:arn":"arn:aws:s3:::org-trail-<management>/AWSLogs/<account>"},"keyId":"arn:aws:kms:<region>:<account>:key/<key>"}`, through("cloudtrail.amazonaws.com")),
		ask("s3:GetBucketAcl", `{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","acl":""}`, through("config.amazonaws.com")),
		ask("s3:PutObject", `{"bucketName":"org-trail-<management>","Host":"org-trail-<management>.s3.eu-west-1.amazonaws.com","key":"AWSLogs/<account>/CloudTrail/<region>/<day>/<hex:16>.json.gz"}`, through("cloudtrail.amazonaws.com"), dataEvent),
	})...)
	list = append(list, each(serviceLinked, 70, slices.Concat(
		reads("ec2", "DescribeInstances", "DescribeSecurityGroups", "DescribeVolumes", "DescribeSnapshots", "DescribeSubnets"),
		reads("iam", "ListRoles", "ListUsers", "GetAccountAuthorizationDetails", "GetAccountPasswordPolicy", "GetCredentialReport"),
		reads("s3", "ListBuckets"), reads("rds", "DescribeDBInstances"), reads("lambda", "ListFunctions20150331"), reads("cloudtrail", "DescribeTrails", "GetTrailStatus"),
	))...)
	return append(list, each(serviceLinked, 14, []step{
		ask("ec2:RunInstances", `{"instancesSet":{"items":[{"imageId":"ami-0<hex:16>","minCount":1,"maxCount":1}]},"instanceType":"<pick:m6i.large|c6i.xlarge|t3.medium>","userData":"<sensitiveDataRemoved>","launchTemplate":{"launchTemplateId":"lt-0<hex:16>","version":"<num:40>"}}`,
			returns(`{"reservationId":"r-0<hex:16>","instancesSet":{"items":[{"instanceId":"i-0<hex:16>","instanceType":"m6i.large"}]}}`)),
		ask("ec2:TerminateInstances", `{"instancesSet":{"items":[{"instanceId":"<instance>"}]}}`),
		ask("ec2:CreateNetworkInterface", `{"subnetId":"subnet-0<hex:16>","groupSet":{"items":[{"groupId":"<sg>"}]}}`),
		ask("ec2:DeleteNetworkInterface", `{"networkInterfaceId":"eni-0<hex:16>"}`),
		ask("elasticloadbalancing:RegisterTargets", `{"targetGroupArn":"arn:aws:elasticloadbalancing:<region>:<account>:targetgroup/<app>/<hex:16>","targets":[{"id":"<instance>"}]}`),
		ask("ec2:CreateSnapshot", `{"volumeId":"vol-0<hex:16>","description":"AWS Backup"}`, returns(`{"snapshotId":"snap-0<hex:16>"}`)),
		ask("ec2:DeleteSnapshot", `{"snapshotId":"snap-0<hex:16>"}`),
	})...)
}

// workloadWork is the organisation's programs, by their roles and by the keys that are left: a third.
func workloadWork() []duty {
	list := each(workload, 150, []step{
		ask("kms:Decrypt", `{"encryptionAlgorithm":"SYMMETRIC_DEFAULT","encryptionContext":{"aws:s3:arn":"arn:aws:s3:::<bucket>"}}`, through("s3.amazonaws.com")),
		ask("kms:Decrypt", `{"encryptionAlgorithm":"SYMMETRIC_DEFAULT","encryptionContext":{"SecretARN":"arn:aws:secretsmanager:<region>:<account>:secret:<app>/database-<id:6>"}}`, through("secretsmanager.amazonaws.com")),
		ask("kms:GenerateDataKey", `{"keyId":"arn:aws:kms:<region>:<account>:key/<key>","keySpec":"AES_256","encryptionContext":{"aws:sqs:arn":"arn:aws:sqs:<region>:<account>:<app>"}}`, through("sqs.amazonaws.com")),
	})
	list = append(list, each(workload, 120, []step{
		// A secret keeps its suffix for life: one that changed would look like many secrets read.
		ask("secretsmanager:GetSecretValue", `{"secretId":"arn:aws:secretsmanager:<region>:<account>:secret:<app>/database-q7Zk2M"}`),
		ask("ssm:GetParameter", `{"name":"/<app>/config","withDecryption":true}`),
		ask("ssm:GetParametersByPath", `{"path":"/<app>/","recursive":true,"withDecryption":true}`),
		ask("logs:CreateLogStream", `{"logGroupName":"/aws/lambda/<app>","logStreamName":"<day>/[$LATEST]<hex:32>"}`),
		ask("sts:AssumeRole", `{"roleArn":"arn:aws:iam::<other>:role/<app>-reader","roleSessionName":"<app>"}`, returns(`{"credentials":{"accessKeyId":"ASIA<id:16>","expiration":"<later>","sessionToken":"<id:120>"},"assumedRoleUser":{"assumedRoleId":"AROA<id:17>:<app>","arn":"arn:aws:sts::<other>:assumed-role/<app>-reader/<app>"}}`)),
		ask("sts:GetCallerIdentity", ""),
		ask("ecr:GetAuthorizationToken", ""),
		ask("ecr:BatchGetImage", `{"registryId":"<account>","repositoryName":"<app>","imageIds":[{"imageTag":"<hex:8>"}]}`),
		ask("dynamodb:DescribeTable", `{"tableName":"<app>"}`),
		ask("ecs:DescribeTasks", `{"cluster":"main","tasks":["<hex:32>"]}`),
		ask("ssm:UpdateInstanceInformation", `{"instanceId":"<instance>","agentVersion":"3.3.484.0"}`),
		ask("ses:GetSendQuota", ""),
	})...)
	list = append(list, each(workload, 40, []step{
		ask("s3:GetObject", `{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","key":"<app>/<day>/<hex:32>.parquet"}`, dataEvent),
		ask("s3:PutObject", `{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","key":"<app>/<day>/<hex:32>.parquet","x-amz-server-side-encryption":"aws:kms"}`, dataEvent),
		ask("s3:DeleteObjects", `{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","delete":""}`, dataEvent),
		ask("s3:DeleteObject", `{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","key":"_temporary/<hex:16>"}`, dataEvent),
		ask("bedrock:InvokeModel", `{"modelId":"anthropic.claude-3-haiku-20240307-v1:0"}`),
	})...)
	return append(list, each(program, 26, []step{
		ask("sts:GetCallerIdentity", ""),
		ask("s3:PutObject", `{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","key":"in/<hex:16>.csv"}`, dataEvent),
		ask("s3:ListObjects", `{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","list-type":"2","prefix":"in/"}`, dataEvent),
		ask("s3:GetBucketLocation", `{"bucketName":"<bucket>","Host":"s3.amazonaws.com","location":""}`),
		ask("ec2:DescribeInstances", `{"instancesSet":{},"filterSet":{}}`),
		ask("cloudwatch:ListMetrics", ""),
		ask("ssm:GetParameter", `{"name":"/<app>/config","withDecryption":true}`),
		ask("secretsmanager:GetSecretValue", `{"secretId":"<app>/database"}`),
		ask("ecr:GetAuthorizationToken", ""),
		ask("ses:SendRawEmail", `{"source":"noreply@example.com","destinations":["HIDDEN_DUE_TO_SECURITY_REASONS"]}`, dataEvent),
	})...)
}
