package baseline

import "testing"

func TestNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"203.0.113.9": "203.0.0.0/16", "10.1.2.3": "private", "100.64.0.1": "private", "127.0.0.1": "private", "2001:db8:1::1": "2001:db8::/32",
		"::ffff:203.0.113.9": "203.0.0.0/16", "fe80::1%eth0": "private", "fd00::1": "private",
		"": "", "AWS Internal": "", "config.amazonaws.com": "", "203.0.113.9/8": "", "1.2.3.4.5": "",
	} {
		if got := network(address); got != want {
			t.Errorf("network(%q) = %q, want %q", address, got, want)
		}
	}
}

func TestFamily(t *testing.T) {
	for agent, want := range map[string]string{
		"aws-cli/2.17.32 md/awscrt lang/python#3.11.9":             "aws-cli",
		"Boto3/1.34 md/Botocore":                                   "python",
		"APN/1.0 HashiCorp/1.0 Terraform/1.9.2 aws-sdk-go-v2/1.30": "terraform",
		"[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12]":        "console",
		"Mozilla/5.0 (Windows NT 10.0)":                            "console",
		"cloudformation.amazonaws.com":                             "",
		"console.amazonaws.com":                                    "console",
		"S3Browser/9.5.5 https://s3browser.com":                    "s3browser",
		"":                                                         "",
		"evil\x1b[31m/1":                                           "evil␛[31m",
	} {
		if got := family(agent); got != want {
			t.Errorf("family(%q) = %q, want %q", agent, got, want)
		}
	}
}

func TestDuty(t *testing.T) {
	for name, want := range map[string]string{
		"AWSReservedSSO_Developer_60944fb92b0be16f":             "AWSReservedSSO_Developer",
		"cdk-hnb659fds-cfn-exec-role-384758832088-eu-central-1": "cdk-hnb*fds-cfn-exec-role-*-*",
		"svc-orders-api-24":           "svc-orders-api-*",
		"orders-ApiRole-1AB2CD3EF4GH": "orders-ApiRole-*",
		"DatadogIntegrationRole":      "DatadogIntegrationRole",
		"datadog-integrations":        "datadog-integrations",
		"":                            "",
	} {
		if got := duty(name); got != want {
			t.Errorf("duty(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestWeigh(t *testing.T) {
	for _, tt := range []struct {
		service, name string
		readOnly      bool
		want          weight
	}{
		{"s3", "GetObject", true, reads}, {"s3", "PutObject", false, changes}, {"iam", "CreateUser", false, empowers}, {"iam", "ListUsers", true, reads},
		{"sts", "AssumeRole", true, empowers}, {"sts", "GetCallerIdentity", true, reads}, {"secretsmanager", "GetSecretValue", true, empowers},
		{"secretsmanager", "ListSecrets", true, reads}, {"signin", "ConsoleLogin", false, reads}, {"kms", "Decrypt", true, reads},
	} {
		if got := weigh(tt.service, tt.name, tt.readOnly); got != tt.want {
			t.Errorf("weigh(%s:%s) = %d, want %d", tt.service, tt.name, got, tt.want)
		}
	}
}
