package detecttest

// rareStorageWork is buckets, snapshots, secrets and databases that are opened or emptied for a reason.
func rareStorageWork() []duty {
	bucketPolicy := func(principal, condition string) string {
		return `{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","policy":"","bucketPolicy":{"Version":"2012-10-17","Statement":[{"Sid":"Read","Effect":"Allow","Principal":` + principal + `,"Action":"s3:GetObject","Resource":"arn:aws:s3:::<bucket>/*"` + condition + `}]}}`
	}
	opened := `{"bucketName":"<bucket>","publicAccessBlock":"","PublicAccessBlockConfiguration":{"BlockPublicAcls":true,"BlockPublicPolicy":false,"IgnorePublicAcls":true,"RestrictPublicBuckets":false}}`
	site := bucketPolicy(`"*"`, "")
	snapshot := func(account string) string {
		return `{"snapshotId":"snap-0<hex:16>","attributeType":"CREATE_VOLUME_PERMISSION","createVolumePermission":{"add":{"items":[{"userId":"` + account + `"}]}}}`
	}
	image := `{"imageId":"ami-0<hex:16>","attributeType":"launchPermission","launchPermission":{"add":{"items":[{"userId":"<other>"}]}}}`
	return []duty{
		seldom(terraform, 4, ask("s3:PutBucketPublicAccessBlock", opened), ask("s3:PutBucketPolicy", site)),
		seldom(admin, 1, ask("s3:PutBucketPublicAccessBlock", opened), ask("s3:PutBucketPolicy", site)),
		seldom(console, 40, ask("s3:CreateBucket", `{"bucketName":"test-<hex:6>","Host":"s3.<region>.amazonaws.com"}`), ask("s3:PutBucketEncryption", `{"bucketName":"test-<hex:6>","encryption":"","ServerSideEncryptionConfiguration":{"Rule":{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"},"BucketKeyEnabled":true}}}`)),
		seldom(terraform, 25, ask("s3:PutBucketPolicy", bucketPolicy(`{"Service":"cloudfront.amazonaws.com"}`, `,"Condition":{"StringEquals":{"AWS:SourceArn":"arn:aws:cloudfront::<account>:distribution/E<id:13>"}}`))),
		seldom(terraform, 15, ask("s3:PutBucketPolicy", bucketPolicy(`"*"`, `,"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3d4e5"}}`))),
		seldom(console, 6, ask("s3:PutBucketPolicy", bucketPolicy(`{"AWS":"arn:aws:iam::<account>:role/<app>-task"}`, ""))),
		seldom(admin, 2, ask("s3:PutBucketPolicy", bucketPolicy(`{"AWS":"arn:aws:iam::<other>:root"}`, ""))),
		seldom(console, 3, ask("s3:PutBucketVersioning", `{"bucketName":"test-<hex:6>","versioning":"","VersioningConfiguration":{"Status":"Suspended"}}`)),
		seldom(console, 4, ask("s3:PutBucketLifecycle", `{"bucketName":"tmp-<hex:6>","lifecycle":"","LifecycleConfiguration":{"Rule":{"ID":"tmp","Status":"Enabled","Expiration":{"Days":1},"Filter":{"Prefix":"tmp/"}}}}`)),
		seldom(terraform, 3, ask("s3:PutBucketReplication", `{"bucketName":"<bucket>","replication":"","ReplicationConfiguration":{"Role":"arn:aws:iam::<account>:role/replication","Rule":{"Status":"Enabled","Destination":{"Bucket":"arn:aws:s3:::replica-<hex:6>","Account":"<other>"}}}}`)),
		seldom(serviceLinked, 200, ask("ec2:ModifySnapshotAttribute", snapshot("<other>"))),
		seldom(delivery, 60, ask("ec2:ModifyImageAttribute", image), ask("ec2:ModifySnapshotAttribute", snapshot("<other>"))),
		seldom(console, 2, ask("ec2:ModifySnapshotAttribute", snapshot("<other>"))),
		seldom(shell, 2, ask("rds:ModifyDBSnapshotAttribute", `{"dBSnapshotIdentifier":"<app>-copy","attributeName":"restore","valuesToAdd":["<other>"]}`)),
		seldom(serviceLinked, 40, ask("rds:ModifyDBSnapshotAttribute", `{"dBSnapshotIdentifier":"awsbackup:job-<uuid>","attributeName":"restore","valuesToAdd":["<other>"]}`)),
		seldom(console, 40, ask("secretsmanager:GetSecretValue", `{"secretId":"<app>/database"}`)), seldom(shell, 40, ask("ssm:GetParameter", `{"name":"/<app>/token","withDecryption":true}`)),
		seldom(workload, 300, ask("secretsmanager:BatchGetSecretValue", `{"secretIdList":["<app>/database","<app>/mail"]}`)),
		seldom(terraform, 4, ask("secretsmanager:PutResourcePolicy", `{"secretId":"<app>/database","resourcePolicy":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::<other>:root\"},\"Action\":\"secretsmanager:GetSecretValue\",\"Resource\":\"*\"}]}"}`)),
		seldom(console, 10, ask("rds:CreateDBSnapshot", `{"dBInstanceIdentifier":"<app>","dBSnapshotIdentifier":"<app>-before-change"}`)), seldom(console, 4, ask("rds:DeleteDBSnapshot", `{"dBSnapshotIdentifier":"<app>-old"}`)),
		seldom(console, 3, ask("rds:RestoreDBInstanceFromDBSnapshot", `{"dBInstanceIdentifier":"<app>-copy","dBSnapshotIdentifier":"<app>-before-change","publiclyAccessible":false}`)),
		seldom(shell, 20, ask("s3:DeleteObjects", `{"bucketName":"<bucket>","delete":""}`, dataEvent)), seldom(workload, 60, ask("s3:CopyObject", `{"bucketName":"<bucket>","key":"archive/<hex:16>","x-amz-copy-source":"<bucket>/in/<hex:16>"}`, dataEvent)),
	}
}

// rareComputeWork is instances, functions and models used by hand.
func rareComputeWork() []duty {
	ingress := func(port, cidr string) string {
		return `{"groupId":"<sg>","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":` + port + `,"toPort":` + port + `,"groups":{},"ipRanges":{"items":[{"cidrIp":"` + cidr + `","description":"<session>"}]},"ipv6Ranges":{},"prefixListIds":{}}]}}`
	}
	run := func(kind string) string {
		return `{"instancesSet":{"items":[{"imageId":"ami-0<hex:16>","minCount":1,"maxCount":1,"keyName":"<app>"}]},"instanceType":"` + kind + `"}`
	}
	return []duty{
		seldom(console, 80, ask("ec2:AuthorizeSecurityGroupIngress", ingress("<pick:22|3389|5432>", "<office>"))), seldom(console, 30, ask("ec2:AuthorizeSecurityGroupIngress", ingress("443", "0.0.0.0/0"))),
		// A mistake that is worth a finding each time.
		seldom(console, 2, ask("ec2:AuthorizeSecurityGroupIngress", ingress("22", "0.0.0.0/0"))), seldom(terraform, 2, ask("ec2:AuthorizeSecurityGroupIngress", ingress("22", "0.0.0.0/0"))),
		seldom(console, 60, ask("ec2:RunInstances", run("<pick:t3.micro|t3.medium|m6i.large>"))), seldom(console, 8, ask("ec2:RunInstances", run("<pick:g5.xlarge|g4dn.xlarge>"))),
		seldom(console, 6, ask("ec2:RunInstances", run("p4d.24xlarge"), refused("Client.VcpuLimitExceeded"))), seldom(serviceLinked, 20, ask("ec2:RunInstances", run("g5.2xlarge"))), seldom(terraform, 6, ask("ec2:RunInstances", run("g5.12xlarge"))),
		seldom(console, 40, ask("ec2:CreateKeyPair", `{"keyName":"<app>-<num:900>","keyType":"ed25519"}`)), seldom(console, 6, ask("ec2:GetPasswordData", `{"instanceId":"<instance>"}`)),
		seldom(console, 60, ask("ec2-instance-connect:SendSSHPublicKey", `{"instanceId":"<instance>","instanceOSUser":"ec2-user","sSHPublicKey":"ssh-ed25519 AAAA"}`)),
		seldom(shell, 150, ask("ssm:StartSession", `{"target":"<instance>"}`, returns(`{"sessionId":"<session>-0<hex:16>"}`)), ask("ssm:TerminateSession", `{"sessionId":"<session>-0<hex:16>"}`)), seldom(shell, 15, ask("ssm:SendCommand", `{"documentName":"AWS-RunShellScript","instanceIds":["<instance>"]}`)),
		seldom(serviceLinked, 300, ask("ssm:SendCommand", `{"documentName":"AWS-RunPatchBaseline","instanceIds":["<instance>"]}`)),
		seldom(console, 15, ask("ec2:DescribeInstanceAttribute", `{"instanceId":"<instance>","attribute":"userData"}`)), seldom(console, 3, ask("ec2:StopInstances", `{"instancesSet":{"items":[{"instanceId":"<instance>"}]}}`), ask("ec2:ModifyInstanceAttribute", `{"instanceId":"<instance>","instanceType":{"value":"m6i.xlarge"}}`), ask("ec2:StartInstances", `{"instancesSet":{"items":[{"instanceId":"<instance>"}]}}`)),
		seldom(console, 5, ask("ec2:AssociateIamInstanceProfile", `{"AssociateIamInstanceProfileRequest":{"InstanceId":"<instance>","IamInstanceProfile":{"Name":"<app>-instance"}}}`)),
		seldom(console, 60, ask("lambda:UpdateFunctionCode20150331v2", `{"functionName":"<app>","publish":false,"dryRun":false}`)), seldom(console, 10, ask("lambda:AddPermission20150331v2", `{"functionName":"<app>","statementId":"<uuid>","action":"lambda:InvokeFunction","principal":"s3.amazonaws.com","sourceAccount":"<account>"}`)),
		seldom(terraform, 6, ask("lambda:AddPermission20150331v2", `{"functionName":"<app>","statementId":"shared","action":"lambda:InvokeFunction","principal":"<other>"}`)), seldom(console, 8, ask("lambda:UpdateFunctionConfiguration20150331v2", `{"functionName":"<app>","layers":["arn:aws:lambda:<region>:017000801446:layer:AWSLambdaPowertoolsPythonV2:71"]}`)),
		seldom(console, 60, ask("bedrock:InvokeModel", `{"modelId":"anthropic.claude-3-5-sonnet-20240620-v1:0"}`)), seldom(admin, 3, ask("bedrock:CreateFoundationModelAgreement", `{"modelId":"anthropic.claude-3-5-sonnet-20240620-v1:0"}`), ask("bedrock:PutUseCaseForModelAccess", "")),
		seldom(console, 10, ask("ec2:DeregisterImage", `{"imageId":"ami-0<hex:16>"}`), ask("ec2:DeleteSnapshot", `{"snapshotId":"snap-0<hex:16>"}`)), seldom(delivery, 60, ask("ec2:DeregisterImage", `{"imageId":"ami-0<hex:16>"}`)),
		seldom(terraform, 3, ask("sagemaker:UpdateNotebookInstanceLifecycleConfig", `{"notebookInstanceLifecycleConfigName":"team","onStart":[{"content":"HIDDEN"}]}`)),
	}
}

// rareGuardWork is the security team's own, and what touches what it relies on.
func rareGuardWork() []duty {
	return []duty{
		seldom(analyst, 4, ask("guardduty:CreateFilter", `{"detectorId":"<hex:32>","name":"scanner-<num:90>","action":"ARCHIVE","findingCriteria":{"criterion":{"type":{"equals":["Recon:EC2/Portscan"]}}}}`)), seldom(analyst, 2, ask("guardduty:CreateIPSet", `{"detectorId":"<hex:32>","name":"offices","format":"TXT","activate":true}`)),
		seldom(analyst, 3, ask("securityhub:BatchUpdateStandardsControlAssociations", `{"StandardsControlAssociationUpdates":[{"AssociationStatus":"DISABLED"}]}`)), seldom(analyst, 5, ask("access-analyzer:CreateArchiveRule", `{"analyzerName":"org","ruleName":"known-vendors"}`)),
		seldom(analyst, 20, ask("iam:GetAccountAuthorizationDetails", ""), ask("iam:GenerateCredentialReport", ""), ask("iam:GetCredentialReport", "")), seldom(analyst, 6, ask("ec2:CreateSnapshot", `{"volumeId":"vol-0<hex:16>","description":"case <num:900>"}`)),
		seldom(console, 15, ask("logs:DeleteLogGroup", `{"logGroupName":"/aws/lambda/test-<hex:6>"}`)), seldom(console, 10, ask("logs:PutRetentionPolicy", `{"logGroupName":"/ecs/<app>","retentionInDays":7}`)),
		seldom(console, 15, ask("events:DisableRule", `{"name":"<app>-nightly"}`)), seldom(console, 8, ask("monitoring:DisableAlarmActions", `{"alarmNames":["<app>-latency"]}`)), seldom(console, 6, ask("monitoring:DeleteAlarms", `{"alarmNames":["<app>-old"]}`)),
		seldom(console, 4, ask("cloudtrail:UpdateTrail", `{"name":"test"}`, refused("AccessDenied"))), seldom(admin, 2, ask("account:EnableRegion", `{"regionName":"eu-south-2"}`, refused("AccessDenied"))),
		seldom(admin, 6, ask("kms:DisableKey", `{"keyId":"<key>"}`)), seldom(admin, 3, ask("kms:ScheduleKeyDeletion", `{"keyId":"<key>","pendingWindowInDays":30}`)), seldom(admin, 3, ask("wafv2:UpdateWebACL", `{"name":"<app>","scope":"REGIONAL"}`)),
		seldom(admin, 2, ask("organizations:CreateAccount", `{"accountName":"sandbox-<num:90>","email":"HIDDEN_DUE_TO_SECURITY_REASONS"}`)), seldom(admin, 1, ask("organizations:MoveAccount", `{"accountId":"<other>","sourceParentId":"ou-ab12-<hex:8>","destinationParentId":"ou-ab12-<hex:8>"}`)),
	}
}
