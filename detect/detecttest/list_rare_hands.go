package detecttest

import "slices"

// rareHandWork is what people and old programs do by hand that a rule on single calls or a few of them could mistake.
func rareHandWork() []duty {
	login := func(result, mfa string, more ...option) step {
		return ask("signin:ConsoleLogin", "", append(more, returns(`{"ConsoleLogin":"`+result+`"}`), additionally(`{"MobileVersion":"No","MFAUsed":"`+mfa+`"}`))...)
	}
	mistyped := login("Failure", "No", refused("Failed authentication"))
	code := func(result string) step { return ask("signin:CheckMfa", "", returns(`{"CheckMfa":"`+result+`"}`)) }
	signIn := func(name, result string) step {
		return ask("signin:"+name, "", additionally(`{"AuthWorkflowID":"<uuid>","CredentialType":"PASSWORD"}`), detailed(`{"`+name+`":"`+result+`"}`))
	}
	ingress := func(protocol, port string) step {
		return ask("ec2:AuthorizeSecurityGroupIngress", `{"groupId":"<sg>","ipPermissions":{"items":[{"ipProtocol":"`+protocol+`","fromPort":`+port+`,"toPort":`+port+`,"groups":{},"ipRanges":{"items":[{"cidrIp":"0.0.0.0/0"}]},"ipv6Ranges":{},"prefixListIds":{}}]}}`)
	}
	irsa := `{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Federated\":\"arn:aws:iam::<account>:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/<id:32>\"},\"Action\":\"sts:AssumeRoleWithWebIdentity\"}]}`
	return []duty{
		// Sign-in: a forgotten password, a code that ran out, and the page that stands before every role.
		seldom(oldLogin, 2, mistyped, mistyped, mistyped, mistyped, mistyped, login("Success", "Yes")),
		seldom(oldLogin, 12, code("Failure"), code("Success"), login("Success", "Yes")),
		seldom(oldLogin, 2, code("Failure"), code("Failure"), code("Success"), login("Success", "Yes")),
		seldom(directory, 900, signIn("CredentialChallenge", "Success"), signIn("CredentialVerification", "Success"), signIn("UserAuthentication", "Success")),
		seldom(directory, 60, signIn("CredentialVerification", "Failure"), signIn("CredentialVerification", "Failure"), signIn("CredentialVerification", "Success")),
		seldom(directory, 1.5, slices.Concat(times(6, signIn("CredentialVerification", "Failure")), []step{signIn("CredentialVerification", "Success")})...),
		// Networks: a test on another port, a VPN, a ping.
		seldom(console, 3, ingress("tcp", "8080")), seldom(console, 1.5, ingress("tcp", "3000")), seldom(console, 0.7, ingress("udp", "1194")), seldom(console, 3, ingress("icmp", "-1")),
		seldom(admin, 0.5, ask("ec2:CreateVpcPeeringConnection", `{"vpcId":"vpc-0<hex:16>","peerVpcId":"vpc-0<hex:16>","peerOwnerId":"<other>"}`)),
		seldom(oldHand, 0.5, ask("ec2:CreateRoute", `{"routeTableId":"rtb-0<hex:16>","destinationCidrBlock":"0.0.0.0/0","gatewayId":"igw-0<hex:16>"}`)),
		// Roles: one renews its session with itself, one is opened to pods by hand.
		seldom(workload, 60, ask("sts:AssumeRole", `{"roleArn":"arn:aws:iam::<account>:role/<me>","roleSessionName":"renewed"}`)),
		seldom(observer, 200, ask("sts:AssumeRole", `{"roleArn":"arn:aws:iam::<other>:role/cost-reader","roleSessionName":"collector"}`), ask("sts:AssumeRole", `{"roleArn":"arn:aws:iam::<other>:role/cost-reader","roleSessionName":"collector"}`)),
		seldom(admin, 1, ask("iam:UpdateAssumeRolePolicy", `{"roleName":"<app>-pod","policyDocument":"`+irsa+`"}`)),
		seldom(admin, 0.3, ask("organizations:RegisterDelegatedAdministrator", `{"accountId":"<other>","servicePrincipal":"guardduty.amazonaws.com"}`)),
		seldom(oldHand, 1, ask("ec2:RunInstances", `{"instancesSet":{"items":[{"imageId":"ami-0<hex:16>","minCount":1,"maxCount":1}]},"instanceType":"t3.medium","iamInstanceProfile":{"name":"<app>-instance"}}`)),
		seldom(program, 20, ask("ecs:RunTask", `{"cluster":"main","taskDefinition":"<app>-nightly","count":1}`)),
		seldom(program, 30, ask("ses:GetSendQuota", ""), ask("ses:ListIdentities", "")),
		// Refusals: a new colleague finds out what a role may do; a model was not switched on.
		seldom(shell, 4, slices.Concat(refusedReads("ec2", "DescribeVpcEndpoints", "DescribeFlowLogs", "DescribeKeyPairs"), refusedReads("rds", "DescribeDBInstances", "DescribeDBClusters", "DescribeDBSnapshots"))...),
		seldom(shell, 0.5, slices.Concat(refusedReads("iam", "ListUsers", "ListRoles", "ListPolicies", "GetAccountSummary"), refusedReads("kms", "ListKeys", "ListAliases"), refusedReads("rds", "DescribeDBInstances", "DescribeDBClusters"),
			refusedReads("logs", "DescribeLogGroups", "DescribeMetricFilters"), refusedReads("lambda", "ListFunctions20150331", "ListLayers20181031"))...),
		seldom(workload, 2, times(60, ask("bedrock:InvokeModel", `{"modelId":"anthropic.claude-3-haiku-20240307-v1:0"}`, refused("AccessDeniedException")))...),
		seldom(console, 0.5, ask("ses:PutAccountDetails", `{"productionAccessEnabled":true,"mailType":"TRANSACTIONAL"}`)),
		seldom(analyst, 1, ask("monitoring:DeleteAlarms", `{"alarmNames":["security-hub-digest"]}`)),
	}
}

// rareBulkWork is much of one thing in a short time, for a reason: a move, a tidying-up, a data set fetched.
func rareBulkWork() []duty {
	object := func(operation string, size string) step {
		return ask("s3:"+operation, `{"bucketName":"<bucket>","Host":"<bucket>.s3.<region>.amazonaws.com","key":"sets/<day>/<hex:16>"}`, dataEvent, additionally(`{"bytesTransferredIn":0,"bytesTransferredOut":`+size+`}`))
	}
	return []duty{
		burst(shell, 10, times(150, object("GetObject", "40000"))...), burst(shell, 0.3, times(1100, object("GetObject", "40000"))...),
		burst(shell, 4, times(20, object("GetObject", "6000000"))...), burst(shell, 1.5, times(60, object("GetObject", "6000000"))...),
		burst(program, 60, times(30, object("DeleteObject", "0"))...), burst(program, 1, times(80, object("DeleteObject", "0"))...),
		seldom(console, 6, times(5, ask("s3:DeleteObjects", `{"bucketName":"test-<app>","delete":""}`, dataEvent))...), seldom(console, 0.5, times(70, ask("s3:DeleteObjects", `{"bucketName":"test-<app>","delete":""}`, dataEvent))...),
		seldom(console, 10, times(6, ask("ec2:DeleteSnapshot", `{"snapshotId":"snap-0<hex:16>"}`))...), seldom(console, 1, times(22, ask("ec2:DeleteSnapshot", `{"snapshotId":"snap-0<hex:16>"}`))...),
		burst(shell, 6, times(5, ask("secretsmanager:GetSecretValue", `{"secretId":"<app>/<hex:6>"}`))...), burst(shell, 0.5, times(25, ask("secretsmanager:GetSecretValue", `{"secretId":"<app>/<hex:6>"}`))...),
		burst(shell, 6, times(5, ask("ssm:StartSession", `{"target":"i-0<hex:16>"}`))...), burst(shell, 0.5, times(12, ask("ssm:StartSession", `{"target":"i-0<hex:16>"}`))...),
		burst(shell, 3, times(4, ask("ec2:DescribeInstanceAttribute", `{"instanceId":"i-0<hex:16>","attribute":"userData"}`))...),
		seldom(console, 1, times(3, ask("ec2:GetPasswordData", `{"instanceId":"i-0<hex:16>"}`))...),
		burst(shell, 40, times(3, ask("ecr:BatchGetImage", `{"repositoryName":"<app>-<num:5>","imageIds":[{"imageTag":"latest"}]}`))...), burst(shell, 0.4, times(30, ask("ecr:BatchGetImage", `{"repositoryName":"<app>-<hex:3>","imageIds":[{"imageTag":"latest"}]}`))...),
		burst(shell, 30, times(3, ask("codecommit:GitPull", "", additionally(`{"protocol":"HTTP","repositoryName":"<app>-<num:5>","dataTransferred":true}`)))...),
	}
}

// refusedReads are reads that somebody may not do.
func refusedReads(service string, names ...string) []step {
	list := reads(service, names...)
	for i := range list {
		list[i].errorCode = refusal(service)
	}
	return list
}
