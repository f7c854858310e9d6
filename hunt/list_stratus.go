package hunt

import "strings"

// stratusTechnique is a technique of Stratus Red Team for AWS with the rules that are meant to see it, by name.
type stratusTechnique struct {
	id    string // as Stratus writes it: aws.tactic.name
	rules []string
}

// stratus lists all 44 AWS techniques of Stratus Red Team at 7c9a7a5a (docs/attack-techniques/AWS). A test runs the
// published logs of 35 of them against the rules named here.
func stratus() []stratusTechnique {
	var out []stratusTechnique
	for _, line := range strings.Split(strings.TrimSpace(stratusTable), "\n") {
		words := strings.Fields(line)
		out = append(out, stratusTechnique{words[0], words[1:]})
	}
	return out
}

const stratusTable = `
aws.credential-access.ec2-get-password-data ec2-read-password
aws.credential-access.ec2-steal-instance-credentials iam-recon-by-instance iam-change-by-instance ssm-run-command-by-key
aws.credential-access.secretsmanager-batch-retrieve-secrets secretsmanager-sweep-secrets
aws.credential-access.secretsmanager-retrieve-secrets secretsmanager-read-many-secrets secretsmanager-list-and-read
aws.credential-access.ssm-retrieve-securestring-parameters ssm-read-many-parameters ssm-list-and-read
aws.defense-evasion.cloudtrail-delete cloudtrail-stop-trail
aws.defense-evasion.cloudtrail-event-selectors cloudtrail-narrow-selectors
aws.defense-evasion.cloudtrail-lifecycle-rule s3-expire-logs s3-expire-quickly
aws.defense-evasion.cloudtrail-stop cloudtrail-stop-trail
aws.defense-evasion.dns-delete-logs route53resolver-delete-query-log
aws.defense-evasion.organizations-leave organizations-leave-organization
aws.defense-evasion.vpc-remove-flow-logs ec2-delete-flow-logs
aws.discovery.ec2-download-user-data ec2-read-user-data
aws.discovery.ec2-enumerate-from-instance iam-recon-by-instance
aws.discovery.ses-enumerate ses-explore-mail
aws.execution.ec2-launch-unusual-instances ec2-launch-gpu
aws.execution.ec2-user-data ec2-run-user-data ec2-change-user-data
aws.execution.sagemaker-update-lifecycle-config sagemaker-change-notebook-script
aws.execution.ssm-send-command ssm-run-command-by-key
aws.execution.ssm-start-session ssm-start-session-by-key
aws.exfiltration.ec2-security-group-open-port-22-ingress ec2-open-admin-port
aws.exfiltration.ec2-share-ami ec2-share-image ec2-publish-disk
aws.exfiltration.ec2-share-ebs-snapshot ec2-share-snapshot ec2-publish-disk
aws.exfiltration.rds-share-snapshot rds-share-snapshot rds-publish-snapshot
aws.exfiltration.s3-backdoor-bucket-policy s3-share-bucket-foreign s3-open-bucket-policy
aws.impact.bedrock-invoke-model bedrock-open-model-access bedrock-probe-model
aws.impact.ec2-deregister-ami ec2-deregister-image
aws.impact.s3-ransomware-batch-deletion s3-delete-many-versions s3-empty-bucket s3-put-ransom-note
aws.impact.s3-ransomware-client-side-encryption s3-encrypt-with-foreign-key s3-put-ransom-note
aws.impact.s3-ransomware-individual-deletion s3-delete-many-versions s3-put-ransom-note
aws.initial-access.console-login-without-mfa signin-login-without-mfa
aws.lateral-movement.ec2-instance-connect ec2-push-key-by-key
aws.lateral-movement.ec2-serial-console-send-ssh-public-key ec2-push-key-serial ec2-enable-serial-console
aws.persistence.iam-backdoor-role iam-trust-foreign-account iam-trust-edited-by-key
aws.persistence.iam-backdoor-user iam-create-key-other-user
aws.persistence.iam-create-admin-user iam-attach-admin-user iam-create-user-by-key
aws.persistence.iam-create-backdoor-role iam-create-role-foreign-trust iam-attach-admin-role
aws.persistence.iam-create-user-login-profile iam-create-login-other-user
aws.persistence.lambda-backdoor-function lambda-open-function lambda-share-function
aws.persistence.lambda-layer-extension lambda-add-layer-by-key
aws.persistence.lambda-overwrite-code lambda-replace-code-by-key
aws.persistence.rolesanywhere-create-trust-anchor rolesanywhere-create-trust-anchor
aws.persistence.sts-federation-token sts-federate-everything sts-federate-long
aws.privilege-escalation.iam-update-user-login-profile iam-update-login-other-user
`
