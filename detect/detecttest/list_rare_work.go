package detecttest

import "slices"

// rareWork is what happens some times a month in a hundred accounts. It is chosen for looking like an attack: whatever a
// rule could mistake belongs here, with the number of times it is thought to happen.
func rareWork() []duty {
	return slices.Concat(rareIdentityWork(), rareBuildWork(), rareStorageWork(), rareComputeWork(), rareGuardWork(), rareHandWork(), rareBulkWork())
}

// rareIdentityWork is logins, keys, users and roles.
func rareIdentityWork() []duty {
	narrow := `{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"ses:SendRawEmail\",\"Resource\":\"*\"}]}`
	trustOrg := `{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::<account>:root\"},\"Action\":\"sts:AssumeRole\",\"Condition\":{\"StringEquals\":{\"aws:PrincipalOrgID\":\"o-a1b2c3d4e5\"}}}]}`
	login := func(result, mfa string, more ...option) step {
		return ask("signin:ConsoleLogin", "", append(more, returns(`{"ConsoleLogin":"`+result+`"}`), additionally(`{"LoginTo":"https://console.aws.amazon.com/console/home","MobileVersion":"No","MFAUsed":"`+mfa+`"}`))...)
	}
	mistyped := login("Failure", "No", refused("Failed authentication"))
	newKey := func(name string) step {
		return ask("iam:CreateAccessKey", `{"userName":"`+name+`"}`, returns(`{"accessKey":{"userName":"`+name+`","status":"Active","accessKeyId":"AKIA<id:16>","createDate":"<now>"}}`))
	}
	return []duty{
		seldom(oldLogin, 60, ask("signin:CheckMfa", "", returns(`{"CheckMfa":"Success"}`)), login("Success", "Yes")),
		seldom(oldLogin, 25, mistyped, mistyped, login("Success", "Yes")),
		seldom(oldLogin, 1, login("Success", "No")),
		seldom(rootUser, 1, login("Success", "Yes"), ask("billingconsole:GetBillingPreferences", ""), ask("account:GetAlternateContact", `{"alternateContactType":"BILLING"}`), ask("account:PutAlternateContact", `{"alternateContactType":"BILLING","name":"HIDDEN_DUE_TO_SECURITY_REASONS"}`)),
		seldom(breakGlass, 1.5, login("Success", "No"), ask("ec2:DescribeInstances", ""), ask("rds:DescribeDBInstances", ""), ask("rds:RebootDBInstance", `{"dBInstanceIdentifier":"<app>"}`)),
		seldom(oldHand, 40, newKey("<me>"), ask("iam:UpdateAccessKey", `{"userName":"<me>","accessKeyId":"AKIA<id:16>","status":"Inactive"}`), ask("iam:DeleteAccessKey", `{"userName":"<me>","accessKeyId":"AKIA<id:16>"}`)),
		seldom(oldHand, 15, ask("iam:CreateAccessKey", "", returns(`{"accessKey":{"userName":"<me>","status":"Active","accessKeyId":"AKIA<id:16>","createDate":"<now>"}}`))),
		seldom(oldLogin, 12, ask("iam:ChangePassword", "")),
		seldom(oldLogin, 4, ask("iam:CreateVirtualMFADevice", `{"virtualMFADeviceName":"<me>"}`), ask("iam:DeactivateMFADevice", `{"userName":"<me>","serialNumber":"arn:aws:iam::<account>:mfa/<me>"}`), ask("iam:EnableMFADevice", `{"userName":"<me>","serialNumber":"arn:aws:iam::<account>:mfa/<me>"}`)),
		seldom(program, 20, newKey("<me>"), ask("iam:UpdateAccessKey", `{"userName":"<me>","accessKeyId":"AKIA<id:16>","status":"Inactive"}`)),
		seldom(oldHand, 30, ask("iam:ListUsers", ""), ask("iam:ListAccessKeys", `{"userName":"<me>"}`)),
		seldom(oldHand, 90, ask("s3:ListBuckets", "")),
		seldom(program, 200, ask("s3:ListBuckets", "")),
		seldom(oldHand, 6, ask("secretsmanager:ListSecrets", "")), seldom(oldHand, 5, ask("ssm:DescribeParameters", "")),
		seldom(oldHand, 2, ask("ssm:StartSession", `{"target":"<instance>"}`)),
		seldom(program, 60, ask("sts:GetFederationToken", `{"name":"partner","durationSeconds":3600,"policy":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:PutObject\",\"Resource\":\"arn:aws:s3:::<bucket>/partner/*\"}]}"}`)),
		// Somebody looking for something, and something that broke.
		seldom(oldHand, 2, slices.Concat(reads("iam", "ListUsers", "ListRoles", "ListPolicies", "GetAccountSummary", "ListGroups"), reads("s3", "ListBuckets"), reads("ec2", "DescribeVpcs", "DescribeInstances", "DescribeVolumes"), reads("rds", "DescribeDBInstances"))...),
		seldom(oldHand, 2, ask("secretsmanager:ListSecrets", ""), ask("secretsmanager:GetSecretValue", `{"secretId":"<app>/database"}`)),
		seldom(oldHand, 4, slices.Concat(times(4, ask("ec2:RunInstances", `{"instanceType":"t3.large"}`, refused("Client.UnauthorizedOperation"))), times(3, ask("iam:PassRole", "", refused("AccessDenied"))))...),
		seldom(program, 6, times(40, ask("sqs:ListQueues", "", refused("AccessDenied")))...),
		seldom(workload, 8, times(60, ask("dynamodb:DescribeTable", `{"tableName":"<app>"}`, refused("AccessDeniedException")))...),
		seldom(program, 60, slices.Concat([]step{ask("s3:ListBuckets", ""), ask("s3:ListObjects", `{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","list-type":"2","prefix":"out/"}`, dataEvent)},
			times(40, ask("s3:GetObject", `{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","key":"out/<day>/<hex:16>.csv"}`, dataEvent)))...),
		seldom(program, 4, times(12, ask("secretsmanager:GetSecretValue", `{"secretId":"<app>/database"}`))...),
		// Administrators in the browser.
		seldom(admin, 4, ask("iam:CreateUser", `{"userName":"svc-smtp-<num:90>"}`), ask("iam:PutUserPolicy", `{"userName":"svc-smtp-<num:90>","policyName":"send","policyDocument":"`+narrow+`"}`), newKey("svc-smtp-<num:90>")),
		seldom(admin, 2, ask("iam:UpdateLoginProfile", `{"userName":"ben","passwordResetRequired":true}`)),
		seldom(admin, 1, ask("iam:DeactivateMFADevice", `{"userName":"ben","serialNumber":"arn:aws:iam::<account>:mfa/ben"}`)),
		seldom(admin, 6, ask("iam:AttachUserPolicy", `{"userName":"svc-smtp-<num:90>","policyArn":"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}`)),
		seldom(admin, 8, ask("iam:AddUserToGroup", `{"userName":"ben","groupName":"developers"}`)),
		seldom(admin, 1, ask("iam:AttachRolePolicy", `{"roleName":"gha-deployer","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}`)),
		seldom(admin, 6, ask("iam:UpdateAssumeRolePolicy", `{"roleName":"<app>-task","policyDocument":"`+trustOrg+`"}`)),
		seldom(admin, 10, ask("iam:DeleteUser", `{"userName":"ben"}`), ask("iam:DeleteLoginProfile", `{"userName":"ben"}`)),
		seldom(admin, 40, ask("sso:CreateAccountAssignment", `{"targetId":"<other>","targetType":"AWS_ACCOUNT","principalType":"GROUP"}`)),
		seldom(admin, 15, ask("iam:CreateServiceLinkedRole", `{"aWSServiceName":"autoscaling.amazonaws.com"}`)),
		seldom(shell, 40, ask("signin:GetSigninToken", "", returns(`{"GetSigninToken":"Success"}`))),
		seldom(shell, 60, ask("sts:AssumeRole", `{"roleArn":"arn:aws:iam::<other>:role/OrganizationAccountAccessRole","roleSessionName":"debug"}`, refused("AccessDenied"))),
		seldom(console, 30, ask("iam:CreateRole", `{"roleName":"<app>-test","assumeRolePolicyDocument":"`+trustOrg+`"}`, refused("AccessDenied"))),
		seldom(console, 12, ask("iam:CreateAccessKey", `{"userName":"svc-<app>"}`, refused("AccessDenied"))),
	}
}

// rareBuildWork is what infrastructure as code does with much power.
func rareBuildWork() []duty {
	vendor := `{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::464622532012:root\"},\"Action\":\"sts:AssumeRole\",\"Condition\":{\"StringEquals\":{\"sts:ExternalId\":\"<hex:32>\"}}}]}`
	oidc := `{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Federated\":\"arn:aws:iam::<account>:oidc-provider/token.actions.githubusercontent.com\"},\"Action\":\"sts:AssumeRoleWithWebIdentity\",\"Condition\":{\"StringLike\":{\"token.actions.githubusercontent.com:sub\":\"repo:example/<app>:*\"}}}]}`
	return []duty{
		seldom(terraform, 8, ask("iam:CreateRole", `{"roleName":"gha-deployer","assumeRolePolicyDocument":"`+oidc+`"}`), ask("iam:AttachRolePolicy", `{"roleName":"gha-deployer","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}`)),
		seldom(stack, 4, ask("iam:AttachRolePolicy", `{"roleName":"cdk-hnb659fds-cfn-exec-role-<account>-<region>","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}`)),
		seldom(terraform, 4, ask("iam:CreateUser", `{"userName":"svc-smtp"}`), ask("iam:CreateAccessKey", `{"userName":"svc-smtp"}`, returns(`{"accessKey":{"userName":"svc-smtp","status":"Active","accessKeyId":"AKIA<id:16>"}}`))),
		seldom(terraform, 5, ask("iam:CreateRole", `{"roleName":"DatadogIntegrationRole","assumeRolePolicyDocument":"`+vendor+`"}`)),
		seldom(stack, 3, ask("iam:CreateRole", `{"roleName":"WizAccess-Role","assumeRolePolicyDocument":"`+vendor+`"}`)),
		seldom(admin, 1, ask("iam:CreateRole", `{"roleName":"VendorTrial","assumeRolePolicyDocument":"`+vendor+`"}`)),
		seldom(terraform, 3, ask("iam:CreateOpenIDConnectProvider", `{"url":"https://token.actions.githubusercontent.com","clientIDList":["sts.amazonaws.com"]}`)),
		seldom(terraform, 2, ask("iam:DeleteRolePermissionsBoundary", `{"roleName":"<app>-task"}`)), seldom(terraform, 20, ask("iam:DetachRolePolicy", `{"roleName":"<app>-task","policyArn":"arn:aws:iam::<account>:policy/<app>"}`)),
		seldom(terraform, 1, ask("rolesanywhere:CreateTrustAnchor", `{"name":"datacentre","enabled":true,"source":{"sourceType":"AWS_ACM_PCA"}}`)),
		seldom(controlTower, 3, ask("cloudtrail:CreateTrail", `{"name":"aws-controltower-BaselineCloudTrail","isMultiRegionTrail":true}`), ask("config:PutConfigurationRecorder", `{"configurationRecorder":{"name":"aws-controltower-BaselineConfigRecorder"}}`),
			ask("iam:AttachRolePolicy", `{"roleName":"AWSControlTowerExecution","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}`), ask("ec2:DeleteVpc", `{"vpcId":"vpc-0<hex:16>"}`)),
		seldom(terraform, 4, ask("organizations:AttachPolicy", `{"policyId":"p-<hex:8>","targetId":"ou-ab12-<hex:8>"}`), ask("organizations:DetachPolicy", `{"policyId":"p-<hex:8>","targetId":"ou-ab12-<hex:8>"}`)),
		seldom(terraform, 8, ask("ec2:DeleteFlowLogs", `{"DeleteFlowLogsRequest":{"FlowLogId":{"tag":1,"content":"fl-0<hex:16>"}}}`), ask("ec2:DeleteVpc", `{"vpcId":"vpc-0<hex:16>"}`)),
		seldom(terraform, 10, ask("kms:ScheduleKeyDeletion", `{"keyId":"<key>","pendingWindowInDays":30}`)), seldom(terraform, 2, ask("cloudtrail:PutEventSelectors", `{"trailName":"organization","eventSelectors":[{"readWriteType":"All","includeManagementEvents":true,"dataResources":[{"type":"AWS::S3::Object","values":["arn:aws:s3:::<bucket>/"]}]}]}`)),
		seldom(terraform, 3, ask("guardduty:UpdateDetector", `{"detectorId":"<hex:32>","enable":true,"features":[{"name":"RUNTIME_MONITORING","status":"ENABLED"}]}`)),
		seldom(nuke, 4, ask("iam:ListUsers", ""), ask("iam:ListRoles", ""), ask("s3:ListBuckets", ""), ask("ec2:TerminateInstances", `{"instancesSet":{"items":[{"instanceId":"<instance>"}]}}`), ask("s3:DeleteBucket", `{"bucketName":"<bucket>"}`), ask("logs:DeleteLogGroup", `{"logGroupName":"/aws/lambda/<app>"}`),
			ask("iam:DeleteRole", `{"roleName":"<app>-test"}`), ask("iam:DeleteAccessKey", `{"userName":"trial","accessKeyId":"AKIA<id:16>"}`), ask("iam:DeleteUser", `{"userName":"trial"}`), ask("rds:DeleteDBInstance", `{"dBInstanceIdentifier":"trial","skipFinalSnapshot":true}`)),
		seldom(delivery, 40, ask("ssm:SendCommand", `{"documentName":"AWS-RunShellScript","instanceIds":["<instance>"],"parameters":"HIDDEN_DUE_TO_SECURITY_REASONS"}`)),
		seldom(delivery, 6, ask("events:DisableRule", `{"name":"<app>-nightly"}`), ask("events:EnableRule", `{"name":"<app>-nightly"}`)),
	}
}
