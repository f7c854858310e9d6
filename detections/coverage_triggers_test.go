package detections_test

const (
	asFinding = "a finding of the service: hunted and responded to as it is (its types and grades are held by a test in `source/`)"
	notALog   = "no log tells it: a person starts with `quell respond` and the key, ARN or instance"
)

// triggerTables is what begins a playbook, playbook by playbook.
func triggerTables() []part {
	return []part{
		{title: "Leaked credentials", rows: []covered{
			other("GuardDuty: anomalous behaviour of a principal, malicious or Tor address, instance or resource credentials used elsewhere, attack sequence", asFinding),
			other("AWS Health: credentials exposed or compromised", asFinding),
			see("Quarantine policy attached by AWS", "iam-attach-quarantine"),
			see("Quarantine or deny taken off again", "iam-remove-quarantine"),
			other("A scanner's webhook", notALog),
			other("A key from a network or region it was never used from", "the baseline (`quell baseline`): a key or principal from a new network, in a new region, or back after months"),
			see("The key is tried: who am I, by a scanner or an odd client", "sts-identify-with-scanner sts-identify-with-odd-client sts-attack-platform"),
			see("What may it do: everything is tried, much is refused", "iam-try-everything iam-try-everything-slowly iam-explore-account iam-read-authorization-details iam-denied-escalation iam-denied-damage"),
			see("The key is turned into something that survives it", "sts-federate-long sts-federate-over-day sts-federate-everything sts-session-token-long signin-login-federated-token iam-create-key-other-user iam-reactivate-key"),
		}},
		{title: "Compromised machines", rows: []covered{
			other("GuardDuty: malicious file, command and control, trojan, reverse shell, runtime, Tor client, metadata rebind, brute force going out", asFinding),
			other("AWS passes on a complaint about abuse", "a Health event of type AWS_ABUSE_..., taken as a finding"),
			other("An EDR's webhook", notALog),
			see("Credentials of a machine used for what no machine does", "iam-change-by-instance iam-recon-by-instance signin-console-by-machine", "GuardDuty knows the addresses that Quell does not"),
			see("Shells, scripts and keys brought onto a machine", "ssm-start-session-by-key ssm-open-many-sessions ssm-run-command-by-key ec2-push-key-by-key ec2-push-many-keys ec2-push-key-serial ec2-change-user-data ec2-run-user-data"),
			see("Disks, packets and consoles of machines reached beside the network", "ec2-export-instance ec2-mirror-traffic ec2-enable-serial-console ec2-disable-encryption"),
			see("A machine that talks to a pool or scans its neighbours", "vpcflow-reach-pool vpcflow-scan-inside resolver-tunnel-data"),
		}},
		{title: "Insiders and leavers", rows: []covered{
			see("Anything done by somebody who has left", "iam-act-after-leaving", "needs `--leavers`"),
			see("Bulk reads of objects and secrets by a person, at whatever hour", "s3-read-many-by-person s3-read-much secretsmanager-hoard-secrets secretsmanager-read-many-batches ssm-hoard-parameters", "the time of day proves nothing in a company of several zones; the baseline knows each principal's volumes"),
			see("Source code and images taken along", "codecommit-pull-many ecr-pull-many"),
			see("First use of a policy call by somebody who is no administrator", "iam-attach-admin-user iam-attach-admin-role iam-create-admin-user", "the baseline tells the first use of IAM by anybody"),
			other("A login from a new country", "`--geo`: travel faster than a plane; with `--baseline` a country or carrier never used before"),
			other("Config: access-keys-rotated, iam-user-unused-credentials-check", "a finding of the service, low: a habit and no incident"),
		}},
		{title: "Security groups opened", rows: []covered{
			see("A port that is not for the web opened to the world (/0 and pairs of /1, both versions of IP)", "ec2-open-admin-port", "a group is created closed: CreateSecurityGroup alone opens nothing"),
			see("Other ways into a network", "ec2-open-network-by-key ec2-peer-foreign eks-open-cluster"),
			other("Config: restricted-ssh, restricted-common-ports, vpc-sg-open-only-to-authorized-ports", asFinding),
		}},
		{title: "Exposed buckets and exfiltration", rows: []covered{
			other("GuardDuty: public access granted, block disabled, exfiltration, discovery, Tor; Macie; Access Analyzer; Config", asFinding),
			see("Opened to everybody", "s3-open-bucket-policy s3-open-bucket-acl s3-unblock-public-access s3-unblock-public-access-account"),
			see("Opened to another account", "s3-share-bucket-foreign s3-replicate-by-key s3-replicate-foreign"),
			see("Secrets, documents and functions opened to others", "secretsmanager-share-secret ssm-share-document lambda-share-function"),
			see("Many objects or bytes read", "s3-read-many-objects s3-read-many-by-person s3-read-much s3-look-and-read s3access-copy-anonymously"),
		}},
		{title: "Ransomware and destruction", rows: []covered{
			other("GuardDuty: anomalous deletion and writing", asFinding),
			see("Versioning suspended", "s3-suspend-versioning s3-delete-after-suspending"),
			see("Objects deleted in bulk", "s3-delete-many-objects s3-delete-many-versions s3-empty-bucket"),
			see("Objects encrypted with a key AWS does not keep", "s3-encrypt-with-foreign-key s3-put-many-with-foreign-key"),
			see("Objects that expire in a day", "s3-expire-quickly s3-expire-logs"),
			see("Keys destroyed or imported", "kms-destroy-key kms-import-material"),
			see("Backups and copies deleted", "backup-delete-recovery-points ec2-delete-many-copies ec2-deregister-image rds-delete-unsaved elasticfilesystem-delete-by-key"),
			see("A ransom note", "s3-put-ransom-note"),
			see("Any of it tried in vain", "iam-denied-damage"),
			see("A domain unlocked or given away", "route53domains-transfer-domain"),
		}},
		{title: "Mining", rows: []covered{
			other("GuardDuty: mining on EC2, Lambda and at run time, domains of pools", asFinding),
			see("Accelerated or large machines launched", "ec2-launch-gpu ec2-launch-large-by-key"),
			see("Launches refused in a burst, quota exceeded", "ec2-launch-in-vain servicequotas-raise-quota-by-key"),
			see("Machines in a region never used, or in several at once", "ec2-launch-in-many-regions account-enable-region", "the baseline knows each principal's regions"),
			see("A burst of clusters, services or functions", "ecs-create-burst ecs-run-miner"),
			other("Cost anomaly or budget alarm", "it names neither a principal nor a machine: a person looks, then `quell hunt --aws`"),
		}},
		{title: "Rights and persistence in IAM", rows: []covered{
			see("A user or role created and made administrator within the hour", "iam-create-admin-user iam-create-admin-role iam-create-user-by-key iam-attach-admin-user iam-attach-admin-role iam-attach-admin-group"),
			see("A policy version set as default", "iam-create-admin-policy iam-set-default-policy-version"),
			see("A trust opened to another account, a provider or a certificate", "iam-trust-foreign-account iam-create-role-foreign-trust iam-trust-edited-by-key iam-trust-provider"),
			see("A new identity provider or trust anchor", "iam-add-identity-provider rolesanywhere-create-trust-anchor sso-change-provider sso-grant-by-key"),
			see("A role passed to a machine, a function or a job", "ec2-launch-with-role-by-key ec2-swap-instance-profile lambda-create-with-role-by-key glue-create-with-role-by-key", "IAM records no PassRole: the call that takes the role is judged"),
			see("A password for another user", "iam-create-login-other-user iam-update-login-other-user"),
			see("A user put into an administrators' group, a policy that allows everything", "iam-add-user-admin-group iam-put-admin-user-policy iam-put-admin-role-policy"),
			see("What held somebody back is taken off", "iam-remove-boundary iam-deactivate-mfa organizations-remove-guardrail"),
			see("Code with a role replaced", "lambda-replace-code-by-key lambda-add-layer-by-key lambda-open-function lambda-open-url sagemaker-change-notebook-script sagemaker-open-notebook-by-key"),
			other("GuardDuty: persistence, privilege escalation; Access Analyzer: external role", asFinding),
		}},
		{title: "Logging and detection tampered with", rows: []covered{
			see("Trails: stopped, deleted, narrowed, sent elsewhere", "cloudtrail-stop-trail cloudtrail-weaken-trail cloudtrail-narrow-selectors cloudtrail-drop-insights"),
			see("Event data stores: deleted, made short-lived", "cloudtrail-stop-trail cloudtrail-weaken-store"),
			see("Log buckets set to expire", "s3-expire-logs"),
			see("Flow logs and resolver logs", "ec2-delete-flow-logs route53resolver-delete-query-log logs-delete-log-group"),
			see("GuardDuty: deleted, parts disabled, findings hidden, addresses trusted", "guardduty-disable-detector guardduty-hide-findings"),
			see("Config", "config-stop-recorder config-narrow-recorder"),
			see("Security Hub and the rest", "securityhub-disable-hub accessanalyzer-disable-watcher"),
			see("Rules, targets and alarms", "events-disable-alarm-rule cloudwatch-silence-alarm"),
			see("Model invocation logs", "bedrock-stop-invocation-log"),
			see("Leaving the organisation", "organizations-leave-organization organizations-loosen-organization"),
			see("Any of it tried in vain", "cloudtrail-denied-tampering"),
			other("GuardDuty: logging disabled", asFinding),
			other("Silence of the pipeline itself", "`quell hunt --follow --heartbeat 15m`: a call of one's own that does not arrive in time"),
		}},
		{title: "Databases", rows: []covered{
			see("A database made public or restored in public", "rds-expose-database rds-restore-by-key"),
			see("A snapshot given to everybody or to another account", "rds-publish-snapshot rds-share-snapshot"),
			see("The master password changed", "rds-change-master-password"),
			other("GuardDuty: logins to RDS; Config: rds-instance-public-access-check, rds-snapshots-public-prohibited", asFinding),
		}},
		{title: "Denial of service", rows: []covered{
			other("CloudWatch: DDoSDetected, requests, errors, blocked requests, health checks", "`quell hunt --metrics`, and alarms as findings"),
			see("Requests blocked or answered that attack", "waf-block-burst elb-answer-injection wafv2-remove-shield"),
			other("GuardDuty: denial of service from us", asFinding),
		}},
		{title: "Containers", rows: []covered{
			other("GuardDuty: Kubernetes, ECS, run time, attack sequences", asFinding),
			see("Kubernetes audit: a shell in kube-system, anonymous access, cluster-admin bound, a privileged pod", "eks-exec-system-pod eks-use-anonymously eks-bind-cluster-admin eks-run-privileged-pod"),
			see("A cluster's doors from AWS's side", "eks-grant-cluster-admin eks-open-cluster"),
			see("A task that asks for its own credentials", "ecs-steal-task-credentials"),
		}},
		{title: "Roles across accounts", rows: []covered{
			see("A role taken by an account that is not ours", "sts-enter-from-stranger", "needs `--own-accounts`"),
			see("Two roles that take each other in turn, and a role that takes itself", "sts-juggle-roles sts-renew-often"),
			see("Three hops or more", "sts-chain-deep", "hops of pipelines, and the first hop of machines and people, are left out: they are most of all records"),
			other("A web identity of a new issuer", "the creation of the issuer is seen (`iam-add-identity-provider`); its use is ordinary in millions of records"),
			other("Access Analyzer: external access", asFinding),
		}},
		{title: "Console logins", rows: []covered{
			see("Without a second factor", "signin-login-without-mfa"),
			see("After failures", "signin-succeed-after-guessing signin-guess-password signin-spray-passwords signin-guess-second-factor"),
			see("At Identity Center", "signin-guess-directory-password"),
			see("By root", "signin-use-root signin-use-root-key signin-guess-root-password"),
			see("With a token or a machine's credentials", "signin-login-federated-token signin-token-from-script signin-console-by-machine"),
			other("Impossible travel, a new country", "`quell hunt --geo`; a new network: the baseline"),
			other("GuardDuty: successful console logins from a strange place, root used", asFinding),
		}},
		{title: "Root taken over", rows: []covered{
			see("Password, e-mail or second factor of root changed; recovery asked for", "signin-recover-root-password signin-use-root"),
			see("Contacts changed", "account-change-contact"),
			see("A key made or used by root", "iam-create-root-key signin-use-root-key"),
		}},
		{title: "Models and mail abused", rows: []covered{
			see("Models tried, opened or called in vain", "bedrock-probe-model bedrock-try-models bedrock-open-model-access bedrock-remove-guardrail", "the first use of a service or region by a principal: the baseline"),
			see("Tokens for models", "iam-create-model-credential bedrock-refuse-bearer-token", "use alone cannot be told from misuse by its records"),
			see("Mail: quota asked for in several regions, identities verified, production asked for", "ses-explore-mail ses-explore-regions ses-open-mail ses-ask-production sns-explore-messages"),
			other("Bounces and complaints rise", "a CloudWatch alarm on SES's reputation metrics, taken as a finding"),
			other("GuardDuty: invocation logging disabled; a complaint about abuse", asFinding),
		}},
	}
}
