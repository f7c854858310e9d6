package detecttest

import "slices"

// peopleWork is what people do every day: 6 % of events over the week, most of it the many reads that a page of the
// console makes.
func peopleWork() []duty {
	login := []step{
		ask("signin:GetSigninToken", "", returns(`{"credentials":{"accessKeyId":"ASIA<id:16>"},"GetSigninToken":"Success"}`), additionally(`{"MobileVersion":"No","MFAUsed":"No"}`)),
		// Who comes by single sign-on has shown a second factor elsewhere; the record says "No".
		ask("signin:ConsoleLogin", "", returns(`{"ConsoleLogin":"Success"}`), additionally(`{"MobileVersion":"No","MFAUsed":"No"}`)),
	}
	list := []duty{
		often(console, 6, login...),
		often(console, 12, slices.Concat(reads("ec2", "DescribeInstances", "DescribeInstanceTypes", "DescribeSecurityGroups", "DescribeVolumes", "DescribeKeyPairs", "DescribeAddresses", "DescribeRegions", "DescribeTags"), reads("health", "DescribeEventAggregates"))...),
		often(console, 8, slices.Concat(reads("s3", "ListBuckets"), []step{
			ask("s3:GetBucketVersioning", `{"bucketName":"<bucket>","Host":"s3.<region>.amazonaws.com","versioning":""}`),
			ask("s3:GetBucketPublicAccessBlock", `{"bucketName":"<bucket>","Host":"s3.<region>.amazonaws.com","publicAccessBlock":""}`),
			ask("s3:GetBucketPolicyStatus", `{"bucketName":"<bucket>","Host":"s3.<region>.amazonaws.com","policyStatus":""}`),
		})...),
		often(console, 7, slices.Concat(reads("lambda", "ListFunctions20150331", "GetAccountSettings20160819"), reads("logs", "DescribeLogGroups"), []step{
			ask("logs:StartQuery", `{"logGroupNames":["/aws/lambda/<app>"],"startTime":1772323200,"endTime":1772326800,"queryString":"fields @message"}`), ask("logs:GetQueryResults", `{"queryId":"<uuid>"}`)})...),
		often(console, 5, slices.Concat(reads("iam", "GetAccountSummary", "ListAccountAliases", "ListRoles", "ListPolicies", "ListMFADevices"), []step{ask("iam:GetRole", `{"roleName":"<app>-task"}`)})...),
		often(console, 4, reads("ce", "GetCostAndUsage", "GetCostForecast")...),
		often(console, 3, slices.Concat(reads("secretsmanager", "ListSecrets"), []step{ask("secretsmanager:DescribeSecret", `{"secretId":"<app>/database"}`)})...),
		often(analyst, 5, slices.Concat(reads("securityhub", "GetFindings", "DescribeHub"), reads("guardduty", "ListDetectors", "ListFindings", "GetFindings"), reads("cloudtrail", "LookupEvents", "DescribeTrails"))...),
		often(shell, 4, slices.Concat(reads("sts", "GetCallerIdentity"), []step{
			ask("ec2:DescribeInstances", `{"instancesSet":{},"filterSet":{}}`), ask("logs:FilterLogEvents", `{"logGroupName":"/ecs/<app>"}`), ask("ecs:ListTasks", `{"cluster":"main"}`), ask("eks:DescribeCluster", `{"name":"main"}`)})...),
		often(oldHand, 1.5, slices.Concat(reads("sts", "GetCallerIdentity"), []step{
			ask("ec2:DescribeInstances", `{"instancesSet":{},"filterSet":{}}`),
			ask("ec2:DescribeImages", `{"ownersSet":{"items":[{"owner":"self"}]}}`),
			ask("ec2:DescribeSecurityGroups", ""), ask("cloudformation:DescribeStacks", `{"stackName":"<app>"}`)})...),
		// AWS's advice for keys: a session with a second factor.
		often(oldHand, 0.3, ask("sts:GetSessionToken", `{"durationSeconds":43200,"serialNumber":"arn:aws:iam::<account>:mfa/<me>","tokenCode":"HIDDEN_DUE_TO_SECURITY_REASONS"}`, returns(`{"credentials":{"accessKeyId":"ASIA<id:16>","expiration":"<later>","sessionToken":"<id:100>"}}`))),
	}
	list = append(list, each(console, 3, []step{
		ask("ec2:StartInstances", `{"instancesSet":{"items":[{"instanceId":"<instance>"}]}}`), ask("ec2:StopInstances", `{"instancesSet":{"items":[{"instanceId":"<instance>"}]},"force":false}`),
		ask("ec2:CreateTags", `{"resourcesSet":{"items":[{"resourceId":"<instance>"}]},"tagSet":{"items":[{"key":"owner","value":"<session>"}]}}`),
		ask("cloudshell:CreateEnvironment", ""), ask("cloudshell:PutCredentials", `{"EnvironmentId":"<uuid>"}`), ask("cloudshell:CreateSession", `{"EnvironmentId":"<uuid>"}`),
		ask("lambda:Invoke", `{"functionName":"<app>"}`, dataEvent), ask("ecs:ExecuteCommand", `{"cluster":"main","task":"<hex:32>","interactive":true,"command":"HIDDEN_DUE_TO_SECURITY_REASONS"}`),
		ask("states:StartExecution", `{"stateMachineArn":"arn:aws:states:<region>:<account>:stateMachine:<app>"}`), ask("monitoring:PutDashboard", `{"dashboardName":"<app>"}`),
		ask("athena:StartQueryExecution", `{"queryString":"HIDDEN_DUE_TO_SECURITY_REASONS","workGroup":"primary"}`), ask("ssm:PutParameter", `{"name":"/<app>/feature","type":"String","overwrite":true}`),
		ask("dynamodb:UpdateTable", `{"tableName":"<app>","billingMode":"PAY_PER_REQUEST"}`), ask("sagemaker:StartNotebookInstance", `{"notebookInstanceName":"<app>"}`),
	})...)
	return append(list, each(analyst, 0.8, []step{
		ask("securityhub:BatchUpdateFindings", `{"FindingIdentifiers":[{"Id":"<uuid>"}],"Workflow":{"Status":"RESOLVED"}}`), ask("guardduty:ArchiveFindings", `{"detectorId":"<hex:32>","findingIds":["<hex:32>"]}`),
		ask("cloudtrail:StartQuery", `{"queryStatement":"SELECT eventName FROM <uuid>"}`), ask("inspector2:CreateFilter", `{"name":"accepted-<num:90>","action":"SUPPRESS"}`),
	})...)
}
