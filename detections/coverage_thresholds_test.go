package detections_test

// thresholdTables is how often and how much, and how findings are put together.
func thresholdTables() []part {
	return []part{
		{title: "Thresholds", lead: "As sensitive as the numbers in the first column unless the right one says why not.", rows: []covered{
			see("5 failed logins of a user in 15 min; 10 users from one address in 60 min", "signin-guess-password signin-guess-root-password signin-spray-passwords", "8 users are enough"),
			see("2 failed second factors in 15 min", "signin-guess-second-factor"),
			see("5 failures, then a login, in 30 min", "signin-succeed-after-guessing"),
			other("Two logins faster than 900 km/h, over 500 km", "`quell hunt --geo`"),
			other("First region, service, network, program or call of a principal in 90 days, after 14 of learning", "the baseline, weighed by what the call can do"),
			see("15 refusals in 10 min by a user; more than 10 different refused calls a day by anyone", "iam-try-everything iam-try-everything-slowly", "different calls are counted: a program that broke repeats one all day"),
			see("20 refused calls in 24 h", "iam-try-everything-slowly", "11 different ones; the bare number is noise"),
			see("50 MB, or 1000 different objects, read in 10 min", "s3-read-much s3-read-many-objects s3-read-many-by-person", "megabytes are counted as fifty objects of one; several times the usual day: the baseline"),
			see("50 deletions in 60 min; any after versioning was suspended", "s3-delete-many-objects s3-delete-many-versions s3-delete-after-suspending"),
			see("50 copies with a foreign key in 60 min, or the first", "s3-encrypt-with-foreign-key s3-put-many-with-foreign-key", "the first copy; writes are counted, since some programs bring their own keys"),
			see("2 protections of buckets changed by one hand in 90 min", "s3-weaken-protections"),
			see("20 secrets in 24 h; 5 batches; 5 regions in 10 min", "secretsmanager-hoard-secrets secretsmanager-read-many-secrets secretsmanager-read-many-batches secretsmanager-sweep-secrets secretsmanager-sweep-regions secretsmanager-list-and-read"),
			see("25 decrypted parameters", "ssm-read-many-parameters ssm-hoard-parameters ssm-list-and-read"),
			see("10 start-up scripts in 24 h", "ec2-read-many-user-data ec2-read-user-data", "by a plain key or refused: the first"),
			see("30 Windows passwords in 60 min", "ec2-read-many-passwords ec2-read-password", "10; by a plain key or refused: the first"),
			see("2 machines entered by one user in 60 min", "ssm-start-session-by-key ec2-push-key-by-key ssm-open-many-sessions ec2-push-many-keys", "by a plain key the first; of people 10, since two are a morning's work"),
			see("Any disk, image or database shared outside of the organisation or with all", "ec2-share-snapshot ec2-share-image ec2-publish-disk rds-share-snapshot rds-publish-snapshot ec2-share-many-disks", "with all: high; with an account: medium, for without `--own-accounts` it may be one's own"),
			see("A database restored in public or with a new group", "rds-expose-database rds-restore-by-key", "the console names a group each time, so that only keys are judged by it"),
			see("Stop, new start-up script, start within the hour", "ec2-run-user-data"),
			see("3 refused launches in 10 min; accelerated machines", "ec2-launch-in-vain ec2-launch-gpu"),
			see("User or role created, then administrator, within 60 min", "iam-create-admin-user iam-create-admin-role"),
			see("A key for another user, then used from elsewhere", "iam-create-key-other-user", "its making; its use from a new network: the baseline"),
			see("Federation tokens; over 12 h or with all rights", "sts-federate-over-day sts-federate-everything sts-federate-long", "the default of 12 h is medium; short ones with a policy are how programs lend access"),
			see("A trust of strangers, everybody, a provider or Roles Anywhere", "iam-trust-foreign-account iam-create-role-foreign-trust iam-trust-provider"),
			see("Roles juggled more than 3 times an hour", "sts-renew-often sts-juggle-roles", "between two roles one turn is enough"),
			see("A machine's credentials elsewhere", "signin-console-by-machine iam-recon-by-instance iam-change-by-instance", "by address: GuardDuty, and the baseline's networks"),
			see("Logging tampered with", "cloudtrail-stop-trail cloudtrail-weaken-trail cloudtrail-denied-tampering", "see above"),
			see("Log or backup bucket that expires in 3 days", "s3-expire-logs s3-expire-quickly"),
			see("Keys deleted, disabled, opened to strangers, material deleted", "kms-destroy-key kms-open-key-policy"),
			see("Leaving the organisation, also in vain", "organizations-leave-organization"),
			see("Mail asked about in 2 regions in 30 min", "ses-explore-regions"),
			see("Models: first principal, 10 refusals in 10 min, credentials, bearer tokens", "bedrock-probe-model bedrock-try-models iam-create-model-credential bedrock-refuse-bearer-token", "three different models instead of ten refusals: a broken program repeats one"),
			see("A group open to all on a port that is not for the web", "ec2-open-admin-port"),
			see("A leaver", "iam-act-after-leaving"),
			other("Idle for 90 days, then active", "the baseline: a principal or key back after months"),
			see("Break-glass used", "sts-use-break-glass", "needs `--break-glass`"),
			other("Denial of service", "`quell hunt --metrics`"),
			other("Heartbeat not seen in 15 min", "`quell hunt --follow --heartbeat 15m`: a call of one's own that does not arrive in time"),
		}},
		{title: "How findings are put together", rows: []covered{
			other("By principal id and not by name, key, session, machine, bucket; the chain of roles carried along", "`incident/`: entities are keyed by the ids that do not change"),
			other("Stages of an intrusion by one hand within 24 h: reconnaissance 1, persistence 3, privilege escalation 3, evasion 4, exfiltration or impact 5", "`incident/rate_severity.go`: two stages or more make an incident high from 4 points and critical from 7, at its opening and with each finding that joins"),
			other("The same rule, entity and account are one finding or one incident; a new stage is told", "findings have ids made of what they are about; a stage that is new raises the incident"),
			other("Late and disordered records", "correlations go by the time in the event; the order of files changes nothing"),
			other("A refused call is no impact", "rules for acts say `errorCode: null`; refusals feed the rules for searching"),
			other("IAM's region says nothing", "the baseline leaves global services out of regions"),
			other("A service's name instead of an address", "the baseline and travel leave it out"),
			other("A log that is off", "each rule says `data_needed`; a hunt names the rules that were blind"),
		}},
	}
}

// alarmTables is section 4 of the CIS benchmark. Its patterns are by the names of calls, which is no detection; what makes the
// use of such a call bad is.
func alarmTables() []part {
	return []part{
		{title: "CIS alarms", lead: "Alarms made of these patterns are taken as findings too: Quell follows one to its log and judges the records by these rules.", rows: []covered{
			see("4.1 unauthorised calls", "iam-try-everything iam-try-everything-slowly iam-denied-escalation cloudtrail-denied-tampering"),
			see("4.2 console without a second factor", "signin-login-without-mfa", "IAM users and success only: single sign-on always says No"),
			see("4.3 root", "signin-use-root signin-use-root-key"),
			see("4.4 policies changed", "iam-attach-admin-user iam-attach-admin-role iam-attach-admin-group iam-put-admin-user-policy iam-put-admin-role-policy iam-create-admin-policy iam-remove-quarantine"),
			see("4.5 trails changed", "cloudtrail-stop-trail cloudtrail-weaken-trail cloudtrail-narrow-selectors", "creating and starting one is no harm"),
			see("4.6 failed logins", "signin-guess-password signin-spray-passwords"),
			see("4.7 keys disabled or deleted", "kms-destroy-key"),
			see("4.8 bucket policies", "s3-open-bucket-policy s3-open-bucket-acl s3-share-bucket-foreign s3-expire-quickly s3-replicate-by-key s3-replicate-foreign s3-weaken-protections", "CORS opens nothing that is closed"),
			see("4.9 Config", "config-stop-recorder config-narrow-recorder"),
			see("4.10 security groups", "ec2-open-admin-port"),
			see("4.11 access lists", "ec2-open-network-by-key", "by a plain key: people and pipelines change them daily"),
			see("4.12 gateways", "ec2-open-network-by-key", "by a plain key: people and pipelines change them daily"),
			see("4.13 routes", "ec2-open-network-by-key", "by a plain key: people and pipelines change them daily"),
			see("4.14 networks", "ec2-peer-foreign", "networks made and deleted by people are daily work"),
			see("4.15 organisation", "organizations-leave-organization organizations-loosen-organization organizations-remove-guardrail"),
		}},
		{title: "Traps of those alarms", rows: []covered{
			other("An alarm that stays on hides the second event", "Quell reads the log over the whole window, not the state"),
			see("4.5 misses selectors, insights and event data stores", "cloudtrail-narrow-selectors cloudtrail-drop-insights cloudtrail-weaken-store cloudtrail-stop-trail"),
			see("4.2 fires on single sign-on", "signin-login-without-mfa", "it does not here"),
			see("4.1 as a number is noise", "iam-try-everything-slowly", "different calls by one principal"),
			see("4.9 misses DeleteConfigurationRecorder", "config-stop-recorder"),
			see("4.8 misses public access blocks, versioning and ownership", "s3-unblock-public-access s3-unblock-public-access-account s3-suspend-versioning s3-weaken-protections"),
			other("Filters lag by minutes", "queues fed by EventBridge are read as they fill"),
			other("Global events surface in one region", "a hunt reads all regions"),
		}},
	}
}
